"""Files that hold one secret each: made once, read only where nobody else on the machine can read them."""

import os
import secrets
import stat
from pathlib import Path

OF_GROUP, OF_OTHERS = 0o070, 0o007


class TooOpen(ValueError):
    """A secret that cannot be used as it lies there; the message names the file and says what to do."""


def read(path: Path) -> str:
    """The secret in a file; TooOpen where it is missing, empty, or others can read it.

    A group may read what another account has put there for us (root's file, a service manager's credential).
    """
    try:
        found = path.stat()
        content = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise TooOpen(f"Không đọc được tệp bí mật {path}: {error}.") from error
    mode = stat.S_IMODE(found.st_mode)
    is_ours = found.st_uid == os.geteuid()
    if mode & OF_OTHERS or mode & stat.S_IWGRP or (is_ours and mode & OF_GROUP):
        raise TooOpen(
            f"Người khác trên máy này mở được tệp bí mật {path} (quyền {mode:o}). Hãy chạy “chmod 600 {path}”; nếu đã "
            "có người khác dùng máy thì coi như đã lộ và thay bí mật ấy."
        )
    if not content:
        raise TooOpen(f"Tệp bí mật {path} trống.")
    return content


def make(path: Path) -> None:
    """Put a new secret there, for the owner alone; where several processes do so at once, one of them wins."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    fresh = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    fresh.touch(mode=0o600)
    with fresh.open("w") as file:
        file.write(secrets.token_urlsafe(48))
        file.flush()
        os.fsync(file.fileno())  # what it has sealed is lost without it
    try:
        path.hardlink_to(fresh)
    except FileExistsError:
        pass
    finally:
        fresh.unlink()


def close_to_others(database: Path) -> None:
    """Have a database of SQLite with the files beside it belong to its account alone, as new ones do.

    One that an older program made, or that was copied by hand, may be open to everybody on the machine.
    """
    for path in (database, *(database.with_name(f"{database.name}-{part}") for part in ("wal", "shm"))):
        try:
            found = path.stat()
            if found.st_uid == os.geteuid() and stat.S_IMODE(found.st_mode) & (OF_GROUP | OF_OTHERS):
                path.chmod(0o600)
        except FileNotFoundError:
            continue
