"""The folder of the data: whatever it is called, closed to others, and nothing left beside it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from app import create_app
from server import migrate
from server.db import db
from server.models import Commune
from server.settings import Settings

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("name", ["a?b", "a%41b", "a#b & ơ", "100%"])
def test_a_folder_of_any_name_holds_its_own_database(tmp_path: Path, name: str) -> None:
    """What begins a query in an address, or an escape, is a letter like others in the name of a folder."""
    settings = Settings(instance=tmp_path / name)
    app = create_app(settings)
    with app.app_context():
        migrate.upgrade()
        db.session.add(Commune(code="11629", name="An Lão"))
        db.session.commit()
        db.dispose()
    assert settings.database_file.stat().st_size > 100_000
    assert [each.name for each in tmp_path.iterdir()] == [name]


def test_a_database_that_was_open_to_others_is_closed(tmp_path: Path) -> None:
    """As an older program left it, or somebody who copied it by hand."""
    settings = Settings(instance=tmp_path)
    files = [settings.database_file, *(tmp_path / f"tungnha.sqlite3-{part}" for part in ("wal", "shm"))]
    for file in files:
        file.touch()
        file.chmod(0o644)
    other = tmp_path / "ghi-chu.txt"
    other.touch()
    other.chmod(0o644)
    create_app(settings)
    assert [file.stat().st_mode & 0o777 for file in files] == [0o600] * 3
    assert other.stat().st_mode & 0o777 == 0o644


def test_figures_of_a_server_that_was_killed_are_taken_away(tmp_path: Path) -> None:
    memory = Path("/dev/shm")
    place = memory if os.access(memory, os.W_OK) else tmp_path
    ended = subprocess.Popen(["true"])
    ended.wait()
    left, running, others = (
        place / f"tungnha-figures-{name}" for name in (f"{ended.pid}-x", f"{os.getpid()}-x", "not_told")
    )
    for folder in (left, running, others):
        folder.mkdir()
        (folder / "counter_1.db").touch()
    try:
        environ = {name: value for name, value in os.environ.items() if name != "PROMETHEUS_MULTIPROC_DIR"}
        subprocess.run(
            [sys.executable, "-c", "from server import gunicorn_conf as it; it.on_exit(None)"],
            cwd=ROOT, check=True, env=environ | {"TUNGNHA_INSTANCE": str(tmp_path), "TMPDIR": str(tmp_path)},
        )  # fmt: skip
        assert [folder.exists() for folder in (left, running, others)] == [False, True, True]
    finally:
        for folder in (left, running, others):
            for file in folder.glob("*"):
                file.unlink()
            if folder.exists():
                folder.rmdir()
