"""Remarks that a form's own check sends by itself, where the commune wishes that: words behind a household's name."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from forms.visit_checks import ASK_AGAIN
from server import audit
from server.db import db
from server.errors import Problem
from server.households import door_remarks
from server.households.act_rows import Officer
from server.models import CheckSetting, Collector, Commune
from server.review import submission_states

NAME = "Kiểm tra của biểu mẫu"
"""Who asks, as pages name them."""


@dataclass(frozen=True)
class RuleRemark:
    """What is to be asked at a household's door, about a visit of a collector of this commune."""

    row: Any
    commune_id: int
    text: str


def asks_by_itself(commune: Commune) -> bool:
    """Whether the commune's checks ask teams without a click."""
    return bool(db.session.scalar(sa.select(CheckSetting.asks).where(CheckSetting.commune_id == commune.id)))


def set_asking(commune: Commune, asks: bool) -> None:
    """From now on; what was looked at before stays as it is. The caller commits."""
    found = db.session.get(CheckSetting, commune.id)
    if found is None:
        db.session.add(CheckSetting(commune_id=commune.id, asks=asks))
    else:
        found.asks = asks
    audit.note("doubt.setting", f"commune:{commune.code}", {"asks": asks})


def wanted(
    connection: sa.Connection, noted: Iterable[tuple[Any, Sequence[Mapping[str, Any]]]]
) -> list[RuleRemark]:
    """What is to be asked about visits, each with its flags; nothing about what somebody decided on."""
    asking = [
        (row, text)
        for row, flags in noted
        if row.entity_id is not None
        and row.replaced_by_id is None
        and row.review == submission_states.RECEIVED
        and (text := question(flags))
    ]
    if not asking:
        return []
    query = (
        sa.select(Collector.id, Collector.commune_id)
        .join(CheckSetting, CheckSetting.commune_id == Collector.commune_id)
        .where(CheckSetting.asks, Collector.id.in_({row.collector_id for row, _ in asking}))
    )
    communes = {row.id: row.commune_id for row in connection.execute(query)}
    return [
        RuleRemark(row, communes[row.collector_id], text)
        for row, text in asking
        if row.collector_id in communes
    ]


def send(connection: sa.Connection, asked: RuleRemark) -> None:
    """Say it to the phones; the caller holds the writer's lock. A household that left the list is asked nothing."""
    officer = Officer(audit.SYSTEM, NAME, asked.commune_id)
    try:
        with connection.begin_nested():
            door_remarks.add(connection, asked.row.entity_id, asked.text, officer, about=asked.row.id)
    except Problem:
        return


def question(flags: Iterable[Mapping[str, Any]]) -> str:
    """The words of all checks that want to ask again, the heaviest first, as far as they fit; "" for none."""
    told = ""
    for flag in flags:
        if flag.get("act") == ASK_AGAIN:
            longer = f"{told}; {flag['detail']}" if told else str(flag["detail"])
            told = longer if len(longer) <= door_remarks.LONGEST else told
    return told
