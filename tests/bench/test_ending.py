"""A bench that a signal ends leaves nothing behind."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BENCH = """
import sys, tempfile, threading
from bench.ending import tidy
with tidy(), tempfile.TemporaryDirectory() as folder:
    print(folder, flush=True)
    threading.Event().wait(60)
"""


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_what_a_bench_began_ends_with_it(how: signal.Signals) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", BENCH], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as bench:
        assert bench.stdout is not None
        folder = Path(bench.stdout.readline().strip())
        assert folder.is_dir()
        bench.send_signal(how)
        bench.send_signal(how)
        assert bench.wait(20) == 128 + how
    assert not folder.exists()
