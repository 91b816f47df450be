"""A Python of its own with somebody's client in it, kept between runs: their pins are none of ours."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest


def python_with(*packages: str) -> Path:
    """The interpreter of a virtual environment that has these packages.

    Skips where no package index is reached; in CI (`CI=true`) that fails.
    """
    name = "-".join(each.replace("==", "-") for each in packages)
    folder = (
        Path(tempfile.gettempdir()) / f"tungnha-clients-{os.getuid()}" / f"{sys.version_info.minor}-{name}"
    )
    python, done = folder / "bin" / "python", folder / "installed"
    if done.exists():
        return python
    made = _made(folder, python, packages)
    if made.returncode:
        why = f"{', '.join(packages)} could not be installed: {made.stderr.strip()[-200:]}"
        if os.environ.get("CI") == "true":
            pytest.fail(why)
        pytest.skip(why)
    done.touch()
    return python


def _made(folder: Path, python: Path, packages: tuple[str, ...]) -> subprocess.CompletedProcess[str]:
    venv = subprocess.run(
        [sys.executable, "-m", "venv", str(folder)], capture_output=True, text=True, check=False
    )
    if venv.returncode:
        return venv
    command = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *packages]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
