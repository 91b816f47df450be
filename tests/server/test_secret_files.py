"""Secrets come from the environment or from files that their owner alone can read, and are made on first start."""

import dataclasses
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from app import create_app
from server.settings import BadSetting, Settings, secret_key, variables

ROOT = Path(__file__).parents[2]
LONG = "a secret that is long enough for anybody's taste"


@pytest.fixture(autouse=True)
def _usual_umask() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


def _file(folder: Path, mode: int, content: str = LONG) -> Path:
    path = folder / "khoa"
    path.write_text(f"{content}\n")
    path.chmod(mode)
    return path


def test_the_key_is_made_on_first_start_for_its_owner_alone_and_kept(tmp_path: Path) -> None:
    settings = Settings(instance=tmp_path / "moi")
    made = secret_key(settings)
    assert len(made) >= 64
    assert secret_key(settings) == made
    assert stat.S_IMODE((settings.instance / "secret_key").stat().st_mode) == 0o600
    assert stat.S_IMODE(settings.instance.stat().st_mode) == 0o700


def test_what_the_server_writes_is_its_accounts_alone(tmp_path: Path) -> None:
    app = create_app(Settings(instance=tmp_path / "moi"))
    assert app.test_cli_runner().invoke(args=["db", "upgrade"]).exit_code == 0
    open_to_others = [path for path in tmp_path.rglob("*") if stat.S_IMODE(path.stat().st_mode) & 0o077]
    assert (tmp_path / "moi" / "tungnha.sqlite3").exists()
    assert open_to_others == []


@pytest.mark.parametrize("mode", [0o644, 0o604, 0o660, 0o640, 0o620])
def test_a_key_that_others_can_open_is_named_with_what_to_do(tmp_path: Path, mode: int) -> None:
    _file(tmp_path, mode).rename(tmp_path / "secret_key")
    with pytest.raises(BadSetting, match=f"chmod 600 {tmp_path / 'secret_key'}") as told:
        secret_key(Settings(instance=tmp_path))
    assert LONG not in str(told.value)


@pytest.mark.parametrize("name", ["SECRET_KEY", "DATABASE_URL", "METRICS_TOKEN"])
def test_a_secret_may_lie_in_a_file_of_its_own(tmp_path: Path, name: str) -> None:
    path = _file(tmp_path, 0o600)
    found = Settings.from_env({f"TUNGNHA_{name}_FILE": str(path)})
    assert getattr(found, name.lower()) == LONG
    assert f"TUNGNHA_{name}_FILE" in variables()


def test_what_is_no_secret_has_no_file() -> None:
    assert "TUNGNHA_HTTPS_FILE" not in variables()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_a_group_may_read_what_another_account_put_there(tmp_path: Path) -> None:
    """Root's file for the group of the server, a credential of the service manager."""
    path = _file(tmp_path, 0o640)
    os.chown(path, 12345, 12345)
    assert Settings.from_env({"TUNGNHA_SECRET_KEY_FILE": str(path)}).secret_key == LONG
    path.chmod(0o660)
    with pytest.raises(BadSetting, match="chmod 600"):
        Settings.from_env({"TUNGNHA_SECRET_KEY_FILE": str(path)})


def test_a_file_that_is_missing_empty_or_beside_a_variable_is_told(tmp_path: Path) -> None:
    for environ, words in (
        ({"TUNGNHA_SECRET_KEY_FILE": str(tmp_path / "khong-co")}, "Không đọc được"),
        ({"TUNGNHA_SECRET_KEY_FILE": str(_file(tmp_path, 0o600, ""))}, "trống"),
        ({"TUNGNHA_SECRET_KEY_FILE": "x", "TUNGNHA_SECRET_KEY": LONG}, "bỏ một trong hai"),
    ):
        with pytest.raises(BadSetting, match=words) as told:
            Settings.from_env(environ)
        assert LONG not in str(told.value)


@pytest.mark.live
@pytest.mark.parametrize(
    "command",
    [
        [sys.executable, "-m", "flask", "--app", "app", "doctor"],
        [sys.executable, "-m", "gunicorn", "--config", "server/gunicorn_conf.py", "--bind", "127.0.0.1:0"],
    ],
    ids=["flask", "gunicorn"],
)
def test_a_start_with_an_open_key_ends_with_one_sentence(tmp_path: Path, command: list[str]) -> None:
    (tmp_path / "secret_key").write_text(LONG)
    (tmp_path / "secret_key").chmod(0o644)
    others = {name: value for name, value in os.environ.items() if not name.startswith("TUNGNHA_")}
    ended = subprocess.run(
        command, cwd=ROOT, env=others | {"TUNGNHA_INSTANCE": str(tmp_path)}, capture_output=True, text=True,
        timeout=60, check=False,
    )  # fmt: skip
    assert ended.returncode != 0
    assert f"chmod 600 {tmp_path / 'secret_key'}" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert LONG not in ended.stdout + ended.stderr


def test_settings_in_a_message_show_no_secret(tmp_path: Path) -> None:
    """A frozen dataclass that somebody logs must not tell what opens everything."""
    settings = dataclasses.replace(
        Settings(instance=tmp_path), secret_key=LONG, database_url=f"x://u:{LONG}@h/d"
    )
    assert LONG not in repr(settings)
