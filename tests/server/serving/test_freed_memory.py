"""A process that is done with a large file does not hold on to its memory."""

import ctypes
import os
import subprocess
import sys
from pathlib import Path

import pytest

from server.serving import freed_memory

PAGE = os.sysconf("SC_PAGE_SIZE")


def _megabytes_held() -> float:
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE / 2**20


gives_back = pytest.mark.skipif(
    not hasattr(ctypes.CDLL(None), "malloc_trim"), reason="this C library gives back by itself, or never"
)


@gives_back
def test_what_lies_between_what_is_still_used_goes_back_to_the_machine() -> None:
    pieces = [bytes(3_000) for _ in range(30_000)]
    kept = pieces[-1]  # at the end: by itself the library would give nothing back
    full = _megabytes_held()
    del pieces
    freed_memory.give_back()
    assert _megabytes_held() < full - 60
    assert len(kept) == 3_000


LARGE_THEN_MANY = f"""
import threading
from pathlib import Path
from server.serving import freed_memory

def held():
    return int(Path("/proc/self/statm").read_text().split()[1]) * {PAGE} / 2**20

def work():
    large = b"x" * 30_000_000
    del large
    pieces = [b"x" * 100_000 for _ in range(500)]

freed_memory.keep_little()
before = held()
thread = threading.Thread(target=work)
thread.start()
thread.join()
freed_memory.give_back()
print(held() - before)
"""
"""A process of its own: how much the C library keeps depends on all that was freed in it before."""


@gives_back
def test_what_a_thread_freed_goes_back_although_a_large_block_was_freed_before() -> None:
    run = [sys.executable, "-c", LARGE_THEN_MANY]
    megabytes = float(subprocess.run(run, check=True, capture_output=True, text=True).stdout)
    assert megabytes < 10
