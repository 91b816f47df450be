"""The one writer of the audit: who did or read what, on which record, when, from where."""

import dataclasses
import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

import sqlalchemy as sa
from flask import has_request_context, request
from sqlalchemy.orm import Session

from server import clock
from server.db import db
from server.errors import CommonProblem, Problem
from server.models import Audit

SYSTEM = "system"
"""The actor of what nobody asked for by name: commands in a shell, and work by the clock."""
UNKNOWN = "unknown"
"""The actor of what was tried without signing in."""


@dataclasses.dataclass(frozen=True)
class Actor:
    """The actor, as the audit writes it: a person with the address they ask from, or the shell."""

    name: str = SYSTEM
    address: str | None = None


SHELL = Actor()

_ACTOR = "tungnha.actor"


def act_as(actor: str) -> None:
    """Say who asks, for the rows that this request writes."""
    request.environ[_ACTOR] = actor


def row(
    actor: str,
    act: str,
    record: str | None = None,
    detail: Mapping[str, Any] | None = None,
    *,
    address: str | None = None,
    at: dt.datetime | None = None,
) -> dict[str, Any]:
    """One row by column; `detail` holds nothing that anybody answered, and `at` is now where it is not given."""
    return {
        "at": at or clock.now(),
        "actor": actor,
        "act": act,
        "record": record,
        "address": address,
        "detail": detail if detail is None else dict(detail),
    }


def add(
    actor: str,
    act: str,
    record: str | None = None,
    detail: Mapping[str, Any] | None = None,
    *,
    address: str | None = None,
    by: sa.Connection | Session | None = None,
) -> None:
    """Add what an actor did to the transaction that changes it; the caller commits.

    `by` is the connection or session of that transaction, the request's own by default. Without an `address` it is
    that of the request, where there is one.
    """
    told = address or (request.remote_addr if has_request_context() else None)
    (by or db.session).execute(sa.insert(Audit), row(actor, act, record, detail, address=told))


def add_by(actor: Actor, act: str, record: str, detail: Mapping[str, Any] | None = None) -> None:
    """Add what an actor did from their own address, to the transaction that changes it; the caller commits."""
    add(actor.name, act, record, detail, address=actor.address)


def note(act: str, record: str | None = None, detail: Mapping[str, Any] | None = None) -> None:
    """Add what the person who asks changes, to the transaction that changes it; the caller commits."""
    add(_asking(), act, record, detail)


def note_reading(act: str, record: str | None = None, detail: Mapping[str, Any] | None = None) -> None:
    """Write down what the person who asks is about to be shown, in a transaction of its own."""
    actor = _asking()
    with db.engine.connect().execution_options(writes=True) as connection:
        add(actor, act, record, detail, by=connection)
        connection.commit()


def redact(records: Iterable[str]) -> int:
    """Take away what acts on these records told besides who, what and when; how many rows. The caller commits.

    For the deletion of a household: the one change that the table's triggers let through.
    """
    update = sa.update(Audit).where(Audit.record.in_(list(records)), Audit.detail.is_not(None))
    return int(db.session.execute(update.values(detail=None)).rowcount)  # type: ignore[attr-defined]


def _asking() -> str:
    """Who asks, as `act_as` was told; AUTHENTICATION_NEEDED where nobody has."""
    actor: str | None = request.environ.get(_ACTOR)
    if actor is None:
        raise Problem(CommonProblem.AUTHENTICATION_NEEDED)
    return actor
