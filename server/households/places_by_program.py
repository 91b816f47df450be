"""Public places and businesses as a program writes them: added, changed, ended, brought back (R4).

Each goes the way that the lists of their page go, so that none is listed twice, and phones see it at their next sync.
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from geo import village_names
from geo.plain_words import one_line
from server import audit, clock
from server.counting import noted_changes, writer_lock
from server.counting.tally_after_changes import recasting
from server.db import begin_writing, db
from server.errors import Problem
from server.households import place_list_import
from server.households.act_rows import Officer, household_of, record
from server.households.household_problems import HouseholdProblem
from server.households.household_states import GONE
from server.households.list_changes import begin_histories
from server.households.phone_lists import BUSINESSES, PLACES
from server.households.place_list_import import LONGEST, NewPlace
from server.models import Commune, Entity, EntityAct, EntityVersion, Finding, Indicator, Submission, Village
from server.places import merged_villages
from server.published_forms.registry import OF_PEOPLE

PROPERTIES: Mapping[str, tuple[str, ...]] = {PLACES: ("loai",), BUSINESSES: ("dia_chi", "nganh")}
"""What a list says of its places beside name and thôn; all else is what visits say."""
_SUBJECT = "place"


@dataclass(frozen=True)
class WrittenPlace:
    """A place as a program writes it; `told` by the properties of its list."""

    id: uuid.UUID
    label: str
    village_code: str
    told: Mapping[str, str]


def add(rows: Sequence[WrittenPlace], commune: Commune, list_name: str, officer: Officer) -> None:
    """Add them all, or none; the caller commits.

    Problem PLACE_IMPOSSIBLE where one is there already (its name, in its thôn), has a key that is known, or names no
    thôn of the commune.
    """
    begin_writing()
    writer_lock.hold(db.session.connection())
    there, keys = place_list_import.listed(commune, list_name), [row.id for row in rows]
    if len(set(keys)) < len(keys) or db.session.scalar(
        sa.select(Entity.id).where(Entity.id.in_(keys)).limit(1)
    ):
        raise _impossible("đã có điểm mang mã (uuid) này.")
    new = [_placed(row, commune, list_name) for row in rows]
    for each in new:
        _check_single(there, each.village, each.label, each.key)
        there[each.village.id, village_names.plain(each.label)] = each.key
    place_list_import.add(new, list_name)
    detail = {"list": list_name, "added": len(new)}
    audit.add(officer.actor, "places.list", f"commune:{commune.id}", detail, address=officer.address)


def change(
    place_id: uuid.UUID,
    version: int | None,
    values: Mapping[str, str],
    commune: Commune,
    list_name: str,
    officer: Officer,
) -> None:
    """Give a place another `label`, `village` (code) or property of its list; the caller commits.

    `version` is the one that the program has seen, None: whichever it is. What was counted of it where it was not
    measured on the spot goes with it to another thôn. Problem HOUSEHOLD_UNKNOWN, OVERTAKEN, PLACE_IMPOSSIBLE.
    """
    begin_writing()
    connection = db.session.connection()
    place = _there(connection, place_id, list_name, officer)
    if version is not None and version != place.version:
        raise Problem(HouseholdProblem.OVERTAKEN, version=place.version)
    village = _village(commune, values["village"]) if "village" in values else None
    label = one_line(values.get("label", ""))[:LONGEST] or place.label
    home = village or db.session.get_one(Village, place.village_id)
    _check_single(place_list_import.listed(commune, list_name), home, label, place_id)
    said = _told(list_name, {name: values[name] for name in PROPERTIES[list_name] if name in values})
    received = said | ({"thon": village.code} if village else {})
    act = record(connection, "list", place_id, None, officer, {}, subject=_SUBJECT)
    begin_histories(connection, [place_id])
    if village is not None and village.id != place.village_id:
        with recasting(connection, [place_id]):
            _move(connection, place_id, place.village_id, village.id)
    named = label if label != place.label else None
    _write(connection, place, {"label": label, "village_id": home.id}, received, act, named)


def end(place_id: uuid.UUID, list_name: str, officer: Officer) -> None:
    """The place is no longer there from today, and what was known of it ends; the caller commits."""
    begin_writing()
    connection = db.session.connection()
    place, today = _there(connection, place_id, list_name, officer), clock.today()
    act = record(connection, "end", place_id, today, officer, {}, subject=_SUBJECT)
    begin_histories(connection, [place_id])
    turn = {
        "act": act, "day": today.isoformat(), "before": place.village_id, "after": None, "persons_only": False
    }  # fmt: skip
    with recasting(connection, [place_id]):
        ended = {"ended_at": clock.now(), "ended_reason": GONE, "turns": [*(place.turns or ()), turn]}
        _write(connection, place, ended, {}, act)


def bring_back(place_id: uuid.UUID, commune: Commune, list_name: str, officer: Officer) -> None:
    """Take back that it ended; the caller commits. Problem PLACE_IMPOSSIBLE where it did not, or is listed anew."""
    begin_writing()
    connection = db.session.connection()
    place = household_of(connection, place_id, officer, list_name)
    if place.ended_reason != GONE:
        raise _impossible("điểm này còn trong danh sách.")
    home = db.session.get_one(Village, place.village_id)
    _check_single(place_list_import.listed(commune, list_name), home, place.label, place_id)
    undone = sa.update(EntityAct).where(
        EntityAct.entity_id == place_id, EntityAct.kind == "end", EntityAct.undone_at.is_(None)
    )
    connection.execute(undone.values(undone_at=clock.now(), undone_by=officer.actor))
    audit.add(officer.actor, "place.undo_end", f"entity:{place_id}", address=officer.address, by=connection)
    with recasting(connection, [place_id]):
        turns = [each for each in place.turns or () if each["after"] is not None] or None
        _write(connection, place, {"ended_at": None, "ended_reason": None, "turns": turns}, {}, None)


def _impossible(why: str) -> Problem:
    return Problem(HouseholdProblem.PLACE_IMPOSSIBLE, why=why)


def _placed(row: WrittenPlace, commune: Commune, list_name: str) -> NewPlace:
    village = _village(commune, row.village_code)
    said = {name: value for name, value in _told(list_name, row.told).items() if value}
    return NewPlace(row.id, one_line(row.label)[:LONGEST], village, {"thon": village.code, **said})


def _told(list_name: str, said: Mapping[str, str]) -> dict[str, str]:
    """The properties as the list has them; one that is set to nothing stays, and is empty."""
    kept = place_list_import.told(
        list_name,
        kind=said.get("loai", ""),
        address=said.get("dia_chi", ""),
        trade=said.get("nganh", ""),
    )
    return {name: kept.get(name, "") for name in said}


def _village(commune: Commune, code: str) -> Village:
    found = merged_villages.by_words(commune).find(code, "") if code else "chưa ghi thôn"
    if isinstance(found, str):
        raise _impossible(found)
    return found


def _there(connection: sa.Connection, place_id: uuid.UUID, list_name: str, officer: Officer) -> Any:
    found = household_of(connection, place_id, officer, list_name)
    if found.ended_at is not None:
        raise _impossible("điểm này không còn trong danh sách.")
    return found


def _check_single(
    there: Mapping[tuple[int, str], uuid.UUID | None], village: Village, label: str, key: uuid.UUID
) -> None:
    if there.get((village.id, village_names.plain(label)), key) != key:
        raise _impossible(f"“{label}” đã có trong danh sách của thôn {village.name}.")


def _move(connection: sa.Connection, place_id: uuid.UUID, before: int, after: int) -> None:
    """What was not measured on the spot is counted where the place is listed, and goes along."""
    these = connection.scalars(
        sa.select(Submission.id).where(
            Submission.entity_id == place_id, Submission.village_id == before, Submission.latitude.is_(None)
        )
    ).all()
    elsewhere = sa.select(Indicator.id).where(Indicator.unit.not_in(OF_PEOPLE))
    connection.execute(
        sa.update(Finding)
        .where(
            Finding.subject == place_id, Finding.village_id == before, Finding.submission_id.in_(these),
            Finding.indicator_id.in_(elsewhere),
        )
        .values(village_id=after)
    )  # fmt: skip
    noted_changes.note(connection, these)
    connection.execute(sa.update(Submission).where(Submission.id.in_(these)).values(village_id=after))
    noted_changes.note(connection, these)


def _write(
    connection: sa.Connection,
    place: Any,
    values: Mapping[str, Any],
    received: Mapping[str, str],
    act: int | None,
    named: str | None = None,
) -> None:
    """The place's next version."""
    at, version, data = clock.now(), place.version + 1, {**place.data, **received}
    written = {**values, "data": data, "version": version, "changed_at": at}
    connection.execute(sa.update(Entity).where(Entity.id == place.id).values(written))
    connection.execute(
        sa.insert(EntityVersion).values(
            entity_id=place.id, version=version, label=values.get("label", place.label), data=data, named=named,
            received=dict(received) or None, created_at=at, act_id=act,
        )
    )  # fmt: skip
