"""Sends what waits, hook after hook, in order within a chain of edits; a failure waits in `retries_and_pauses.py`."""

import base64
import datetime as dt
import logging
import time
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from flask import Flask, current_app

from server import audit, clock
from server.accounts.roles import MAY, Right
from server.db import db
from server.hooks import hook_register, outbox, retries_and_pauses, signed_request
from server.hooks.signed_request import MEDIA_TYPES, Posted
from server.models import Hook, Person, Submission

log = logging.getLogger(__name__)

Content = Callable[[Hook, int], bytes]
"""Makes what is sent of a submission, in the format and with the questions of the hook."""
_CONTENT = "tungnha.hook_content"
LEASE = dt.timedelta(seconds=90)
"""A sender that has said nothing for so long is gone."""
TURN_SECONDS, TURN_MOST = 20.0, 100
"""What one hook may take before the next has its turn."""
_NO_RIGHT = (
    "Người lập địa chỉ này không còn quyền xuất phiếu nên đã tạm dừng. Cán bộ đang phụ trách mở mục Sửa, lưu "
    "lại, rồi bấm “Gửi tiếp”."
)
_UNMADE = "Máy chủ không làm được nội dung của phiếu này; quản trị viên xem nhật ký máy chủ."


def register(app: Flask, content: Content) -> None:
    """Say who makes what is sent."""
    app.extensions[_CONTENT] = content


def send_due(holder: str) -> int:
    """Send all that waits and may be sent now, hooks in turn; how many were taken. The hooks stay this sender's."""
    taken = 0
    while True:
        with db.engine.connect() as connection:
            hooks = list(connection.scalars(outbox.due(holder)))
        sent = [_turn(hook_id, holder) for hook_id in hooks]
        if not any(tried for tried, _ in sent):
            return taken
        taken += sum(number for _, number in sent)


def let_go(holder: str) -> None:
    """Leave the hooks of this sender to others; commits."""
    mine = sa.update(Hook).where(Hook.held_by == holder)
    with db.engine.connect().execution_options(writes=True) as connection:
        connection.execute(mine.values(held_by=None, held_until=None))
        connection.commit()


def _turn(hook_id: int, holder: str) -> tuple[int, int]:
    """Send of one hook until its turn is over: how many were tried, how many were taken."""
    until, tried, taken = time.monotonic() + TURN_SECONDS, 0, 0
    while tried < TURN_MOST and time.monotonic() < until:
        db.session.rollback()
        hook = _held(hook_id, holder)
        if hook is None:
            break
        with db.engine.connect() as connection:
            found = outbox.next_of(connection, hook_id)
        if found is None:
            break
        tried += 1
        taken += _one(hook, found)
    if taken:
        _note(hook_id, taken)
    return tried, taken


def _held(hook_id: int, holder: str) -> Hook | None:
    """The hook, where it may be sent and is this sender's for the next while."""
    now = clock.now()
    free = outbox.due(holder).with_only_columns(Hook.id).where(Hook.id == hook_id)
    taking = sa.update(Hook).where(Hook.id.in_(free.order_by(None).scalar_subquery()))
    with db.engine.connect().execution_options(writes=True) as connection:
        found = connection.execute(taking.values(held_by=holder, held_until=now + LEASE)).rowcount
        connection.commit()
    if not found:
        return None
    hook = db.session.get(Hook, hook_id, populate_existing=True)
    if hook is not None and not _may(hook):
        retries_and_pauses.pause(hook_id, _NO_RIGHT)
        return None
    return hook


def _may(hook: Hook) -> bool:
    """Whether the person whose hook it is may still take submissions of this commune out."""
    person: Person = hook.person
    communes = {person.commune_id, *(each.id for each in person.more_communes)}
    roles = {role.name for role in person.roles}
    needed = [Right.MANAGE_HOOKS, *([Right.READ_LABELS] if hook.personal else [])]
    return person.active and hook.commune_id in communes and all(MAY[right] & roles for right in needed)


def _one(hook: Hook, delivery: Any) -> int:
    """Send one; 1 where it was taken."""
    if not _is_shown(delivery.submission_id):
        retries_and_pauses.end(delivery.id, state="withheld")
        return 0
    make: Content = current_app.extensions[_CONTENT]
    try:
        body = make(hook, delivery.submission_id)
    except Exception:
        log.exception("submission %s cannot be sent on", delivery.submission_id)
        posted = Posted(False, None, _UNMADE, is_its_own=True)
    else:
        db.session.rollback()  # nothing is held while another machine takes its time
        posted = _posted(hook, delivery, body)
    retries_and_pauses.keep_outcome(hook, delivery, posted)
    return int(posted.is_taken)


def _is_shown(submission_id: int) -> bool:
    """Whether a submission counts, or is out by a person's word alone: what was set aside since is told to nobody."""
    query = sa.select(Submission.quarantine.is_(None)).where(Submission.id == submission_id)
    return bool(db.session.scalar(query))


def _posted(hook: Hook, delivery: Any, body: bytes) -> Posted:
    secrets = hook_register.secrets_of(hook)
    headers = {
        **secrets.headers,
        "Content-Type": MEDIA_TYPES[hook.export_type],
        "X-TungNha-Delivery": delivery.uid,
        "X-TungNha-Change": delivery.change,
        "X-TungNha-Try": str(delivery.tries + 1),
    }
    if secrets.username:
        pair = f"{secrets.username}:{secrets.password}".encode()
        headers["Authorization"] = f"Basic {base64.b64encode(pair).decode()}"
    return signed_request.post(
        hook.endpoint, body, headers, current_app.config["SETTINGS"], secret=secrets.signing
    )


def _note(hook_id: int, count: int) -> None:
    """What went, in sum, in the audit."""
    with db.engine.connect().execution_options(writes=True) as connection:
        row = connection.execute(sa.select(Hook.person_id, Hook.personal).where(Hook.id == hook_id)).first()
        if row is not None:
            detail = {"rows": count, "personal": row.personal}
            audit.add(f"person:{row.person_id}", "hook.send", f"hook:{hook_id}", detail, by=connection)
            connection.commit()
