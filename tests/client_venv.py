"""A Python of its own with somebody's clients in it, whose pins are none of ours; made once, kept between runs."""

import fcntl
import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest


def python_with(*packages: str) -> Path:
    """The interpreter of a virtual environment that has these packages.

    It lies in TUNGNHA_TEST_CACHE, else in the user's cache folder. Skips where no package index is reached; in CI
    (`CI=true`) that fails.
    """
    kept = Path(os.environ.get("TUNGNHA_TEST_CACHE") or Path.home() / ".cache" / "tung-nha")
    named = hashlib.sha256("\n".join((*packages, sys.version)).encode()).hexdigest()[:16]
    folder = kept / f"{packages[0].partition('=')[0]}-{named}"
    kept.mkdir(parents=True, exist_ok=True)
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # several workers' tests may want the same one at once
        is_whole = folder / "whole"
        if not is_whole.exists():
            _make(folder, packages)
            is_whole.touch()
    return folder / "bin" / "python"


def _make(folder: Path, packages: tuple[str, ...]) -> None:
    """An environment from nothing, whatever an earlier try has left there."""
    commands = (
        [sys.executable, "-m", "venv", "--clear", str(folder)],
        [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *packages],
    )  # fmt: skip
    for command in commands:
        made = subprocess.run(command, capture_output=True, text=True, check=False, timeout=500)
        if made.returncode:
            why = f"{', '.join(packages)} could not be installed: {made.stderr.strip()[-500:]}"
            (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(why)
