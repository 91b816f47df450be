"""A process that is done with a large file does not hold on to its memory."""

import ctypes
import os
from pathlib import Path

import pytest

from server.serving import freed_memory

PAGE = os.sysconf("SC_PAGE_SIZE")


def _megabytes_held() -> float:
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE / 2**20


@pytest.mark.skipif(
    not hasattr(ctypes.CDLL(None), "malloc_trim"), reason="this C library gives back by itself, or never"
)
def test_what_lies_between_what_is_still_used_goes_back_to_the_machine() -> None:
    pieces = [bytes(3_000) for _ in range(30_000)]
    kept = pieces[-1]  # at the end: by itself the library would give nothing back
    full = _megabytes_held()
    del pieces
    freed_memory.give_back()
    assert _megabytes_held() < full - 60
    assert len(kept) == 3_000
