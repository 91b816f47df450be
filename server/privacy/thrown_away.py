"""What officers threw away, drafts of forms and addresses to send to: 30 days in the bin, put back whole (R26).

Beside what the clock deletes, from which `flask bin bring-back` keeps apart. Trial submissions are not kept.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from server import audit, clock
from server.db import Base, db
from server.errors import Problem
from server.models import BinnedRecord, Commune, DraftFile, FormDraft, Hook
from server.privacy import deleted_bin
from server.privacy.privacy_problems import PrivacyProblem

ABOUT = "thrown_away:"
"""How the bin calls all of these; behind it the kind and the commune's code, nothing for the city's."""
DRAFT, HOOK = "form_draft", "hook"
MOST_LISTED = 200


@dataclass(frozen=True)
class ThrownAway:
    """One thing in the bin, and the last day on which it can be put back."""

    number: int
    kind: str
    name: str
    at: dt.datetime
    until: dt.date


def keep_draft(draft: FormDraft) -> None:
    """Put a draft with its files into the bin, before it is discarded in the same transaction."""
    rows = {DRAFT: [_row(draft)], DraftFile.__tablename__: [_row(each) for each in draft.files]}
    _keep(DRAFT, draft.commune, draft.form_id, rows)


def keep_hook(hook: Hook) -> None:
    """Put an address that submissions were sent to into the bin, before it is removed in the same transaction."""
    _keep(HOOK, hook.commune, hook.uid, {HOOK: [_row(hook)]})


def _keep(
    kind: str, commune: Commune | None, key: str, rows: Mapping[str, Sequence[Mapping[str, Any]]]
) -> None:
    deleted_bin.keep(db.session.connection(), _about(kind, commune), f"{kind}:{key}", rows)


def _about(kind: str, commune: Commune | None) -> str:
    return f"{ABOUT}{kind}:{commune.code if commune else ''}"


def _row(stored: Base) -> dict[str, Any]:
    return {column.key: getattr(stored, column.key) for column in sa.inspect(type(stored)).column_attrs}


def listed(commune: Commune | None, kinds: Sequence[str]) -> list[ThrownAway]:
    """What was thrown away of a commune (None: of the city), the newest first."""
    query = sa.select(BinnedRecord.id, BinnedRecord.about, BinnedRecord.content, BinnedRecord.deleted_at)
    here = BinnedRecord.about.in_([_about(kind, commune) for kind in kinds])
    rows = db.session.execute(query.where(here).order_by(BinnedRecord.id.desc()).limit(MOST_LISTED))
    return [_told(row) for row in rows]


def _told(row: Any) -> ThrownAway:
    kind = row.about.removeprefix(ABOUT).partition(":")[0]
    (first,) = deleted_bin.unpacked(row.content)[kind]
    name = str(first["title"] if kind == DRAFT else first["name"])
    return ThrownAway(row.id, kind, name, row.deleted_at, clock.day_of(row.deleted_at + deleted_bin.KEPT))


def put_back(number: int, commune: Commune | None, kinds: Sequence[str]) -> ThrownAway:
    """Put one thing back as it was, under a number of its own; the caller has begun to write, and commits.

    Problem where it is not there (any more), or where something newer has taken its place.
    """
    query = sa.select(BinnedRecord.id, BinnedRecord.about, BinnedRecord.content, BinnedRecord.deleted_at)
    here = BinnedRecord.about.in_([_about(kind, commune) for kind in kinds])
    row = db.session.execute(query.where(BinnedRecord.id == number, here)).one_or_none()
    if row is None:
        raise Problem(PrivacyProblem.NOT_IN_BIN)
    told, rows = _told(row), deleted_bin.unpacked(row.content)
    if told.kind == DRAFT:
        _insert_draft(rows)
    else:
        _insert_hook(rows)
    db.session.execute(sa.delete(BinnedRecord).where(BinnedRecord.id == number))
    audit.note("bin.put_back", row.about, {"name": told.name})
    return told


def _insert_draft(rows: Mapping[str, Sequence[dict[str, Any]]]) -> None:
    (draft,) = rows[DRAFT]
    mine = (
        FormDraft.commune_id.is_(None)
        if draft["commune_id"] is None
        else FormDraft.commune_id == draft["commune_id"]
    )
    if db.session.scalar(sa.select(FormDraft.id).where(FormDraft.form_id == draft["form_id"], mine)):
        raise Problem(PrivacyProblem.PLACE_TAKEN, why="biểu mẫu này đã có bản nháp mới; hãy bỏ bản ấy trước")
    made = FormDraft(**_without_id(draft))
    made.files = [
        DraftFile(**_without_id(each, "draft_id")) for each in rows.get(DraftFile.__tablename__, ())
    ]
    db.session.add(made)
    db.session.flush()


def _insert_hook(rows: Mapping[str, Sequence[dict[str, Any]]]) -> None:
    """It rests until somebody lets it send again: what was decided in between it was not told."""
    (hook,) = rows[HOOK]
    made = Hook(**_without_id(hook, "held_by", "held_until"))
    made.paused_at, made.paused_why = clock.now(), "vừa được đưa lại từ thùng rác"
    db.session.add(made)
    db.session.flush()


def _without_id(row: Mapping[str, Any], *more: str) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in ("id", *more)}
