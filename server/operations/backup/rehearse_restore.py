"""Rehearses a restore: into a scratch place that is thrown away, so that a backup is known to bring everything back."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from server.operations.backup.archive import Unusable

_ROOT = Path(__file__).parents[3]
_OURS = (
    "TUNGNHA_DATABASE_URL",
    "TUNGNHA_BLOBS",
    "TUNGNHA_SECRET_KEY",
    "TUNGNHA_S3",
    "TUNGNHA_INSTANCE",
    "FLASK_",
)
"""Settings that lead to the real place, or begin names of such."""


def rehearse(path: Path, key: Path | None) -> dict[str, Any]:
    """What a restore into an empty SQLite told; Unusable, with its sentence, where it failed.

    In a process of its own, which knows no way to the real data. Takes as much room in the folder for temporary
    files as the backup has unpacked.
    """
    with tempfile.TemporaryDirectory(prefix="tungnha-verify-") as scratch:
        command = [sys.executable, "-m", "flask", "--app", "app", "restore", str(path.absolute()), "--json"]
        command += ["--key", str(key.absolute())] if key else []
        environ = {name: value for name, value in os.environ.items() if not name.startswith(_OURS)}
        environ["TUNGNHA_INSTANCE"] = str(Path(scratch) / "instance")
        done = subprocess.run(command, cwd=_ROOT, env=environ, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Unusable(done.stderr.strip() or f"({done.returncode})")
    told: dict[str, Any] = json.loads(done.stdout)
    return told
