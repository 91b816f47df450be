"""Failures that are no bugs: a full disk, a database that is away, for which the client may ask again; and values that
no row can hold, which are the asker's.
"""

import errno
import sqlite3

import sqlalchemy as sa

from server.db import CONTENDED
from server.errors import CommonProblem, ProblemKind
from server.files.blobs.folder import UnreadableFile

_NO_SPACE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_DISK = (*_NO_SPACE, errno.EIO, errno.EROFS)
_SQLITE_FULL = (sqlite3.SQLITE_FULL,)
_SQLITE_AWAY = (
    sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY
)  # fmt: skip
_POSTGRESQL_FULL = ("53100",)
_POSTGRESQL_AWAY = ("08", "53", "57P", "58", "25006", *CONTENDED)
"""Connections, resources, a server that stops or starts, its disk; a stand-by; what others were in the way of."""
_IMPOSSIBLE = ("22003", "22008", "22021", "22P05")
"""A number, a day or a letter beyond what PostgreSQL holds."""


def kind_of(error: BaseException) -> ProblemKind | None:
    """How to tell of a failure that passes, or that is the asker's; None where it is a bug."""
    return CommonProblem.VALUE_IMPOSSIBLE if _is_impossible(error) else _passing(error)


def _passing(error: BaseException) -> ProblemKind | None:
    if isinstance(error, OSError):
        return _of_disk(error)
    if isinstance(error, sa.exc.TimeoutError):  # every connection of the pool is taken
        return CommonProblem.UNAVAILABLE
    if not isinstance(error, sa.exc.DBAPIError):
        return None
    if isinstance(error.orig, sqlite3.Error):
        return _of_sqlite(getattr(error.orig, "sqlite_errorcode", 0))
    state = getattr(error.orig, "sqlstate", None)
    if state in _POSTGRESQL_FULL:
        return CommonProblem.DISK_FULL
    never_met = isinstance(error, sa.exc.OperationalError) and state is None
    away = never_met or error.connection_invalidated or (state or "-").startswith(_POSTGRESQL_AWAY)
    return CommonProblem.UNAVAILABLE if away else None


def _is_impossible(error: BaseException) -> bool:
    """Whether a value was asked for that the database cannot even be told: a number of 30 digits, a letter NUL."""
    if isinstance(error, OverflowError):
        return "SQLite INTEGER" in str(error)
    if isinstance(error, UnicodeEncodeError):
        return error.reason == "surrogates not allowed"
    if not isinstance(error, sa.exc.DataError):
        return False
    state = getattr(error.orig, "sqlstate", None)
    return state in _IMPOSSIBLE or (state is None and "NUL" in str(error.orig))


def _of_disk(error: OSError) -> ProblemKind | None:
    if error.errno in _NO_SPACE:
        return CommonProblem.DISK_FULL
    # a file on a spoilt place: until it is sent again, or the disk is mended
    is_spoilt = error.errno in _DISK or isinstance(error, UnreadableFile)
    return CommonProblem.UNAVAILABLE if is_spoilt else None


def _of_sqlite(code: int) -> ProblemKind | None:
    plain = code & 0xFF  # extended codes tell more in their higher bits
    if plain in _SQLITE_FULL:
        return CommonProblem.DISK_FULL
    return CommonProblem.UNAVAILABLE if plain in _SQLITE_AWAY else None
