"""The tasks of a commune's plan: listed with what is overdue first, and moved on with a note."""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import selectinload

from geo.vietnamese_order import sort_key
from server import audit, clock
from server.accounts.callers import Caller
from server.db import db
from server.models import Commune, Plan, Task, TaskUpdate

STATES = {"not_begun": "chưa bắt đầu", "doing": "đang làm", "done": "đã xong", "stopped": "dừng"}
KINDS = {"appendix": "Phụ lục nhiệm vụ", "task": "Nhiệm vụ", "responsibility": "Trách nhiệm của đơn vị"}
OPEN = ("not_begun", "doing")
SOON = dt.timedelta(days=30)
PAGE = 20
"""Tasks on one page."""
LONGEST = 2000
"""Characters of a note."""
_BETWEEN = "; "


@dataclass(frozen=True)
class TaskFilter:
    """What a listing is narrowed to; "" is all. `state` may also be `open` or `late`."""

    kind: str = ""
    state: str = ""
    lead: str = ""
    page: int = 1


@dataclass(frozen=True)
class ListedTask:
    """A task in the listing: whether its day has passed, and the days until then (None without a day)."""

    task: Task
    is_late: bool
    days_left: int | None

    @property
    def is_soon(self) -> bool:
        return self.days_left is not None and 0 <= self.days_left <= SOON.days and self.task.state in OPEN


@dataclass(frozen=True)
class Listing:
    """One page of the tasks asked for, the number of each state among all, and the offices that lead any."""

    tasks: tuple[ListedTask, ...]
    page: int
    pages: int
    counts: dict[str, int]
    late: int
    leads: tuple[str, ...]


def joined_names(names: Iterable[str]) -> str | None:
    """Names of offices in one text; they have commas of their own (“Các trường MN, TH, THCS trên địa bàn xã”)."""
    return _BETWEEN.join(names) or None


def _leads(task: Task) -> tuple[str, ...]:
    return tuple(task.lead.split(_BETWEEN)) if task.lead else ()


def listing(commune: Commune, year: int, wanted: TaskFilter) -> Listing:
    """Overdue first, then by day, then those without a day; what is done or stopped last. Two statements."""
    shown = every(commune, year)
    counts = {state: sum(each.task.state == state for each in shown) for state in STATES}
    leads = sorted({name for each in shown for name in _leads(each.task)}, key=sort_key)
    kept = [each for each in shown if _fits(each, wanted)]
    pages = max(1, -(-len(kept) // PAGE))
    page = min(max(1, wanted.page), pages)
    on_page = tuple(kept[(page - 1) * PAGE : page * PAGE])
    return Listing(on_page, page, pages, counts, sum(each.is_late for each in shown), tuple(leads))


def every(commune: Commune, year: int) -> list[ListedTask]:
    """All tasks of a year's plan, in the order of `listing`."""
    today = clock.today()
    rows = db.session.scalars(
        sa.select(Task)
        .join(Plan, Plan.id == Task.plan_id)
        .where(Plan.commune_id == commune.id, Plan.year == year)
        .options(selectinload(Task.updates))
        .order_by(Task.position)
    )
    return sorted((_shown(task, today) for task in rows), key=_order)


def _shown(task: Task, today: dt.date) -> ListedTask:
    left = None if task.due is None else (task.due - today).days
    return ListedTask(task, task.state in OPEN and left is not None and left < 0, left)


def _fits(each: ListedTask, wanted: TaskFilter) -> bool:
    task = each.task
    if wanted.kind and task.kind != wanted.kind:
        return False
    if wanted.lead and wanted.lead not in _leads(task):
        return False
    if wanted.state == "late":
        return each.is_late
    return task.state in OPEN if wanted.state == "open" else wanted.state in ("", task.state)


def _order(each: ListedTask) -> tuple[bool, bool, dt.date, int]:
    task = each.task
    return task.state not in OPEN, task.due is None, task.due or dt.date.max, task.position


def one(commune: Commune, code: str) -> Task | None:
    """A task of the commune's plans."""
    found = sa.select(Task).join(Plan, Plan.id == Task.plan_id).where(Plan.commune_id == commune.id)
    return db.session.scalars(found.where(Task.code == code)).first()


def move_on(task: Task, state: str, note: str, link: str, by: Caller) -> TaskUpdate:
    """Note how far a task is; the note stays in its history. The caller commits."""
    now = clock.now()
    row = TaskUpdate(
        task_id=task.id,
        state=state,
        note=note.strip()[:LONGEST],
        link=link.strip()[:500] or None,
        entered_by=by.actor,
        entered_name=by.name,
        at=now,
    )
    task.state, task.changed_at = state, now
    db.session.add(row)
    audit.add(by.actor, "task.update", f"task:{task.id}", {"task": task.code, "state": state})
    db.session.flush()
    return row


def problems(state: str, note: str, link: str) -> Sequence[str]:
    """What is wrong with a note, in sentences; empty where it can be stored."""
    found = []
    if state not in STATES:
        found.append("Hãy chọn tình trạng của nhiệm vụ.")
    if not note.strip():
        found.append("Hãy ghi kết quả hoặc việc đã làm.")
    if link.strip() and not link.strip().startswith(("http://", "https://")):
        found.append("Liên kết cần bắt đầu bằng http:// hoặc https://.")
    return found
