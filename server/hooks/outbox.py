"""What waits to be sent on: written with the change that it tells of, in its transaction; who may send it next."""

import datetime as dt
import secrets
import string
from collections.abc import Collection
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from server import clock
from server.models import Collector, Hook, HookDelivery, Poster, Submission, Village

ACCEPTED, EDITED = "accepted", "edited"
"""What a submission that begins to count is told as; else the state into which a person brought it."""
KEPT = dt.timedelta(days=30)
"""How long what went, or failed, stays on the log."""
LETTERS = string.ascii_letters + string.digits

_IS_ANY = sa.select(sa.exists().where(Hook.active))
_village, _collector, _poster = aliased(Village), aliased(Collector), aliased(Poster)
_WANTED = (
    sa.select(Hook.id, Submission.id, Submission.root_id)
    .join(Submission, Submission.form_id == Hook.form_id)
    .outerjoin(_village, _village.id == Submission.village_id)
    .outerjoin(_collector, _collector.id == Submission.collector_id)
    .outerjoin(_poster, _poster.id == Submission.poster_id)
    .where(
        Hook.active,
        Submission.id.in_(sa.bindparam("submissions", expanding=True)),
        Submission.quarantine.is_(None),
        # what lies in no thôn belongs to the commune of its collector or poster
        Hook.commune_id
        == sa.case(
            (Submission.village_id.is_not(None), _village.commune_id),
            else_=sa.func.coalesce(_collector.commune_id, _poster.commune_id),
        ),
    )
    .order_by(Submission.id, Hook.id)
)


def uid(prefix: str, length: int = 22) -> str:
    """A name that nobody guesses, as programs of Kobo's users expect it."""
    return prefix + "".join(secrets.choice(LETTERS) for _ in range(length - len(prefix)))


def add(connection: sa.Connection, submissions: Collection[int], change: str | None = None) -> None:
    """Have a change of these submissions sent on, in the transaction that makes it; one question where no hook is.

    Without a `change` they begin to count now, for the first time or as an edit. What counts nowhere until somebody
    decides is told to nobody. The caller holds the writer's lock, so that keys are in the order of the changes.
    """
    if not submissions or not connection.scalar(_IS_ANY):
        return
    now = clock.now()
    rows = [
        {
            "uid": uid("hl"), "hook_id": hook, "submission_id": submission, "chain_id": root or submission,
            "change": change or (EDITED if root else ACCEPTED), "made_at": now, "state": "waiting", "tries": 0,
            "due_at": now,
        }
        for hook, submission, root in connection.execute(_WANTED, {"submissions": list(submissions)})
    ]  # fmt: skip
    if rows:
        connection.execute(sa.insert(HookDelivery), rows)


def next_of(connection: sa.Connection, hook_id: int) -> Any:
    """The next delivery of a hook that may be sent now: nothing earlier of its chain waits. None: nothing."""
    earlier = aliased(HookDelivery)
    is_first = ~sa.exists().where(
        earlier.hook_id == HookDelivery.hook_id,
        earlier.chain_id == HookDelivery.chain_id,
        earlier.state == "waiting",
        earlier.id < HookDelivery.id,
    )
    query = (
        sa.select(HookDelivery.__table__)
        .where(
            HookDelivery.hook_id == hook_id,
            HookDelivery.state == "waiting",
            HookDelivery.due_at <= clock.now(),
            is_first,
        )
        .order_by(HookDelivery.id)
        .limit(1)
    )
    return connection.execute(query).first()


def due(holder: str) -> sa.Select[int]:
    """Hooks for which something waits that this sender may send now, the longest waiting first."""
    now = clock.now()
    waits = sa.select(HookDelivery.id).where(
        HookDelivery.hook_id == Hook.id, HookDelivery.state == "waiting", HookDelivery.due_at <= now
    )
    return (
        sa.select(Hook.id)
        .where(
            Hook.active,
            Hook.paused_at.is_(None),
            sa.or_(Hook.resume_at.is_(None), Hook.resume_at <= now),
            sa.or_(Hook.held_by.is_(None), Hook.held_by == holder, Hook.held_until < now),
            waits.exists(),
        )
        .order_by(Hook.resume_at, Hook.id)
    )


def is_due(connection: sa.Connection) -> bool:
    """Whether something waits that nobody is at."""
    return connection.execute(due("").limit(1)).first() is not None


def forget_old(connection: sa.Connection) -> int:
    """Forget what went or failed long ago; how many rows. The caller commits."""
    old = sa.delete(HookDelivery).where(
        HookDelivery.state != "waiting", HookDelivery.made_at < clock.now() - KEPT
    )
    return int(connection.execute(old).rowcount)
