"""Failures that are the machine's and pass: a full disk, a database that is away. The client may ask again."""

import errno
import sqlite3

import sqlalchemy as sa

from server.db import CONTENDED
from server.errors import CommonProblem, ProblemKind

_NO_SPACE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_DISK = (*_NO_SPACE, errno.EIO, errno.EROFS)
_SQLITE_FULL = (sqlite3.SQLITE_FULL,)
_SQLITE_AWAY = (
    sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY
)  # fmt: skip
_POSTGRESQL_FULL = ("53100",)
_POSTGRESQL_AWAY = ("08", "53", "57P", "58", "25006", *CONTENDED)
"""Connections, resources, a server that stops or starts, its disk; a stand-by; what others were in the way of."""


def kind_of(error: BaseException) -> ProblemKind | None:
    """How to tell of a failure that passes; None where it is a bug."""
    if isinstance(error, OSError):
        return _of_disk(error.errno)
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


def _of_disk(number: int | None) -> ProblemKind | None:
    if number in _NO_SPACE:
        return CommonProblem.DISK_FULL
    return CommonProblem.UNAVAILABLE if number in _DISK else None


def _of_sqlite(code: int) -> ProblemKind | None:
    plain = code & 0xFF  # extended codes tell more in their higher bits
    if plain in _SQLITE_FULL:
        return CommonProblem.DISK_FULL
    return CommonProblem.UNAVAILABLE if plain in _SQLITE_AWAY else None
