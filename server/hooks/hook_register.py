"""Hooks as officers and programs keep them: named, changed, paused and let go on; each act is in the audit."""

import http
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
import sqlalchemy as sa
from flask import current_app

from server import audit, clock, sealed_secrets
from server.db import db
from server.errors import Problem
from server.hooks import allowed_addresses, outbox
from server.hooks.allowed_addresses import EndpointRefused
from server.hooks.hook_problems import HookProblem
from server.models import Commune, Form, Hook, HookDelivery
from server.phones.phone_access import outside_url

FORMATS: Mapping[str, str] = {"json": "JSON", "xml": "XML"}
MOST = 20
"""Hooks of one form in one commune."""
MOST_HEADERS = 10
_HEADER = re.compile(r"[A-Za-z0-9-]{1,60}")
_VALUE = re.compile(r"[\t -~]{0,500}")
_OURS = frozenset(
    {"host", "content-length", "content-type", "transfer-encoding", "connection", "upgrade", "te", "trailer", "expect",
     "user-agent", "keep-alive", "proxy-authorization", "proxy-connection"}
)  # fmt: skip
"""Headers that say how the request is sent, not what for."""


@dataclass(frozen=True)
class HookSecrets:
    """What goes with each request and is never shown again."""

    signing: str = ""
    username: str = ""
    password: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class HookWish:
    """A hook as it is wanted; None of the optional parts leaves them as they are."""

    name: str
    endpoint: str
    export_type: str = "json"
    active: bool = True
    personal: bool = False
    questions: Sequence[str] = ()
    secrets: HookSecrets | None = None


@dataclass(frozen=True)
class DeliveryCounts:
    """How many changes went, wait, and failed."""

    sent: int
    waiting: int
    failed: int


def secrets_of(hook: Hook) -> HookSecrets:
    """What goes with its requests."""
    if hook.secrets is None:
        return HookSecrets()
    return HookSecrets(**orjson.loads(sealed_secrets.unseal(hook.secrets)))


def add(commune: Commune, form: Form, person_id: int, wish: HookWish) -> Hook:
    """A new hook; Problem HOOK_REJECTED where it may not be. The caller has begun to write, and commits."""
    count = sa.select(sa.func.count()).where(Hook.commune_id == commune.id, Hook.form_id == form.id)
    if (db.session.scalar(count) or 0) >= MOST:
        raise Problem(HookProblem.HOOK_REJECTED, why=f"một biểu mẫu có nhiều nhất {MOST} địa chỉ.")
    hook = Hook(
        uid=outbox.uid("h"), commune_id=commune.id, form_id=form.id, person_id=person_id, made_at=clock.now(),
        failures=0,
    )  # fmt: skip
    _take(hook, wish)
    db.session.add(hook)
    db.session.flush()
    audit.note("hook.add", f"hook:{hook.id}", _told(hook, form))
    return hook


def change(hook: Hook, person_id: int, wish: HookWish) -> None:
    """Change a hook, which has the rights of the last to change it. The caller has begun to write, and commits."""
    _take(hook, wish)
    hook.person_id = person_id
    audit.note("hook.change", f"hook:{hook.id}", _told(hook, hook.form))


def go_on(hook: Hook) -> None:
    """Send again what waits, at once. The caller has begun to write, and commits."""
    hook.paused_at = hook.paused_why = hook.resume_at = None
    hook.failures = 0
    due = sa.update(HookDelivery).where(HookDelivery.hook_id == hook.id, HookDelivery.state == "waiting")
    db.session.execute(due.values(due_at=clock.now(), tries=0))
    audit.note("hook.go_on", f"hook:{hook.id}")


def remove(hook: Hook) -> None:
    """Delete a hook with all that waits for it. The caller has begun to write, and commits."""
    audit.note("hook.remove", f"hook:{hook.id}", {"name": hook.name})
    db.session.execute(sa.delete(HookDelivery).where(HookDelivery.hook_id == hook.id))
    db.session.delete(hook)


def retry(hook: Hook, delivery_uid: str | None = None) -> int:
    """Let what failed wait again, all or one; how many. The caller has begun to write, and commits."""
    failed = sa.update(HookDelivery).where(HookDelivery.hook_id == hook.id, HookDelivery.state == "failed")
    if delivery_uid is not None:
        failed = failed.where(HookDelivery.uid == delivery_uid)
    values = {"state": "waiting", "tries": 0, "due_at": clock.now()}
    count = int(db.session.execute(failed.values(**values)).rowcount)  # type: ignore[attr-defined]
    audit.note("hook.retry", f"hook:{hook.id}", {"rows": count})
    return count


def of_commune(commune_id: int, form_id: int | None = None) -> Sequence[Hook]:
    """The hooks of a commune, or of one of its forms; the oldest first."""
    query = sa.select(Hook).where(Hook.commune_id == commune_id).order_by(Hook.id)
    if form_id is not None:
        query = query.where(Hook.form_id == form_id)
    return db.session.scalars(query).unique().all()


def one(commune_id: int, uid: str) -> Hook:
    """A hook of a commune; Problem HOOK_UNKNOWN."""
    found = db.session.scalars(sa.select(Hook).where(Hook.commune_id == commune_id, Hook.uid == uid)).unique()
    hook = found.one_or_none()
    if hook is None:
        raise Problem(HookProblem.HOOK_UNKNOWN)
    return hook


def counts(hook_ids: Sequence[int]) -> dict[int, DeliveryCounts]:
    """What became of the changes that these hooks were to tell."""
    query = sa.select(HookDelivery.hook_id, HookDelivery.state, sa.func.count())
    rows = db.session.execute(
        query.where(HookDelivery.hook_id.in_(hook_ids)).group_by(HookDelivery.hook_id, HookDelivery.state)
    )
    found: dict[int, dict[str, int]] = {each: {} for each in hook_ids}
    for hook_id, state, count in rows:
        found[hook_id][state] = count
    return {
        hook_id: DeliveryCounts(each.get("sent", 0), each.get("waiting", 0), each.get("failed", 0))
        for hook_id, each in found.items()
    }


def log(hook: Hook, *, start: int = 0, limit: int = 50) -> tuple[int, Sequence[HookDelivery]]:
    """How many lines its log has, and some of them, the newest first."""
    of_hook = HookDelivery.hook_id == hook.id
    total = db.session.scalar(sa.select(sa.func.count()).where(of_hook)) or 0
    query = sa.select(HookDelivery).where(of_hook).order_by(HookDelivery.id.desc())
    return total, db.session.scalars(query.offset(start).limit(limit)).all()


def logged(hook: Hook, uid: str) -> HookDelivery:
    """One line of its log; Problem DELIVERY_UNKNOWN."""
    query = sa.select(HookDelivery).where(HookDelivery.hook_id == hook.id, HookDelivery.uid == uid)
    found = db.session.scalars(query).one_or_none()
    if found is None:
        raise Problem(HookProblem.DELIVERY_UNKNOWN)
    return found


def _take(hook: Hook, wish: HookWish) -> None:
    name = " ".join(wish.name.split())[:120]
    if not name:
        raise Problem(HookProblem.HOOK_REJECTED, why="hãy đặt tên, để sau này biết là hệ thống nào.")
    if wish.export_type not in FORMATS:
        raise Problem(HookProblem.HOOK_REJECTED, why="chọn JSON hoặc XML.")
    try:
        allowed_addresses.read(wish.endpoint, current_app.config["SETTINGS"])
    except EndpointRefused as refused:
        raise Problem(HookProblem.HOOK_REJECTED, why=f"{refused}.") from refused
    hook.name, hook.endpoint, hook.export_type = name, wish.endpoint.strip(), wish.export_type
    hook.active, hook.personal, hook.questions = wish.active, wish.personal, sorted(set(wish.questions))
    hook.changed_at, hook.outside_url = clock.now(), outside_url()
    if wish.secrets is not None:
        _check(wish.secrets)
        hook.secrets = sealed_secrets.seal(orjson.dumps(vars(wish.secrets)).decode())


def _check(secrets: HookSecrets) -> None:
    if len(secrets.headers) > MOST_HEADERS:
        raise Problem(HookProblem.HOOK_REJECTED, why=f"nhiều nhất {MOST_HEADERS} dòng đầu thư (header).")
    for name, value in secrets.headers.items():
        is_ours = name.lower() in _OURS or name.lower().startswith("x-tungnha-")
        if is_ours or not _HEADER.fullmatch(name) or not _VALUE.fullmatch(value):
            raise Problem(
                HookProblem.HOOK_REJECTED,
                why=f"dòng đầu thư “{name[:60]}” không dùng được; hãy đổi tên hoặc bỏ.",
            )
    if ":" in secrets.username:
        raise Problem(HookProblem.HOOK_REJECTED, why="tên đăng nhập không có dấu hai chấm.")


def _told(hook: Hook, form: Form) -> dict[str, Any]:
    """For the audit: where to, without what an address may hold as a secret."""
    where = allowed_addresses.read(hook.endpoint, current_app.config["SETTINGS"]).origin
    return {
        "name": hook.name, "form_id": form.form_id, "where": where, "as": hook.export_type,
        "personal": hook.personal, "active": hook.active,
    }  # fmt: skip


def status_word(status: int | None) -> str:
    """`404 Not Found`; "" where nothing was answered."""
    if status is None:
        return ""
    known = {each.value: each.phrase for each in http.HTTPStatus}
    return f"{status} {known.get(status, '')}".strip()
