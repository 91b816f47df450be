"""A Python of its own with clients of KoboToolbox, whose pins are not ours; made once and kept in a cache folder."""

import fcntl
import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

CLIENTS = (
    "koboextractor==0.2.1", "kobo2pandas==0.9.0", "pykobo==0.1.7", "kobo-api-v2==0.1.0", "kobodata==0.0.9",
    "kobo-mcp==0.1.4", "mcp<2",
)  # fmt: skip


def python() -> Path:
    """The interpreter; the test is skipped where no package index is reached, and fails where CI runs."""
    kept = Path(os.environ.get("TUNGNHA_TEST_CACHE") or Path.home() / ".cache" / "tung-nha")
    name = hashlib.sha256("\n".join((*CLIENTS, sys.version)).encode()).hexdigest()[:16]
    folder = kept / f"kobo-clients-{name}"
    kept.mkdir(parents=True, exist_ok=True)
    with (kept / f"kobo-clients-{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # tests of this file may begin in several workers at once
        return _made(folder)


def _made(folder: Path) -> Path:
    made = folder / "bin" / "python"
    if (folder / "whole").exists():
        return made
    subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True, timeout=120)
    quiet = ("--quiet", "--disable-pip-version-check")
    found = subprocess.run(
        [made, "-m", "pip", "install", *quiet, *CLIENTS],
        check=False,
        capture_output=True,
        text=True,
        timeout=500,
    )
    if found.returncode and os.environ.get("CI") != "true":
        pytest.skip(f"clients of KoboToolbox cannot be installed here: {found.stderr.strip()[-200:]}")
    assert found.returncode == 0, found.stderr[-2000:]
    (folder / "whole").touch()
    return made
