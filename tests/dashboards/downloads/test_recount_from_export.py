"""Coverage computed anew by somebody who has nothing but the file of submissions: the page's own numbers."""

import csv
import datetime as dt
import io
import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence

import pytest
import sqlalchemy as sa
from flask import Flask
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook

from server import clock
from server.counting import folding
from server.coverage import coverage_table
from server.db import db
from server.models import (
    Commune,
    Entity,
    EntityVersion,
    Finding,
    Submission,
    SubmissionReview,
    Tally,
    TallyDay,
    TallyMonth,
    Village,
)
from tests.leaders import sign_up
from tests.people import Browser, browser
from tests.server.intake.test_receive_submission import (
    INDICATORS,
    NOON,
    Place,
    Visit,
    differences,
    place,
    send,
)
from tests.server.review.test_decisions import decide

__all__ = ["place"]  # a fixture is found by its name

EVENTS = ("kich_hoat_vneid",)
VALID_DAYS = {"phu_song_5g_diem": 10}
"""What the sheet of codes says of these indicators."""
THON = ("11629001", "11629002")
TODAY = clock.day_of(NOON)

pairs = st.one_of(st.none(), st.integers(0, 4).flatmap(lambda of: st.tuples(st.integers(0, of), st.just(of))))
drawn_visits = st.lists(
    st.tuples(
        st.integers(1, 4),  # the household
        st.integers(0, 25),  # days ago
        st.tuples(st.just((1, 1)), pairs, pairs, pairs),
        st.sampled_from(["stands", "edited", "rejected"]),
    ),
    min_size=1,
    max_size=9,
)
Drawn = Sequence[tuple[int, int, tuple[tuple[int, int] | None, ...], str]]


@pytest.fixture
def officer(app: Flask, place: Place) -> Browser:
    sign_up(db.session.scalars(sa.select(Commune)).one(), "officer", "can.bo")
    db.session.commit()
    visitor = browser(app)
    visitor.sign_in("can.bo")
    return visitor


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(visits=drawn_visits)
@example(
    visits=[
        (1, 10, ((1, 1), None, None, (0, 1)), "stands"),
        (1, 10, ((1, 1), None, None, (0, 1)), "stands"),
    ]
)
@example(
    visits=[
        (1, 3, ((1, 1), (2, 3), (1, 1), (1, 2)), "edited"),
        (1, 9, ((1, 1), None, None, (2, 2)), "stands"),
    ]
)
def test_the_file_of_submissions_is_enough_to_compute_coverage(
    officer: Browser, place: Place, visits: Drawn
) -> None:
    _forget()
    seen: set[int] = set()
    for household, days_ago, stated, fate in visits:
        _pay(place, household, days_ago, stated, fate, is_first=household not in seen)
        seen.add(household)
    _agree(officer)


def test_a_merged_thon_is_named_as_the_one_it_counts_in(officer: Browser, place: Place) -> None:
    _pay(place, 1, 3, ((1, 1), (2, 3), None, None), "stands", is_first=True)
    _pay(place, 2, 3, ((1, 1), (1, 2), None, None), "stands", is_first=True)
    first, second = db.session.scalars(sa.select(Village).order_by(Village.code)).all()
    first.valid_to, first.merged_into_id = TODAY - dt.timedelta(days=1), second.id
    db.session.commit()
    assert {row["_thon_ma"] for row in _rows(officer)} == {THON[1]}
    _agree(officer)


def test_what_a_form_states_is_a_number_in_our_own_workbook(officer: Browser, place: Place) -> None:
    """X9: Excel adds up the column, which texts of digits are passed over by."""
    _pay(place, 1, 3, ((1, 1), (2, 3), None, None), "stands", is_first=True)
    told = {}
    for kind in ("xlsx", "kobo-xlsx"):
        content = officer.get(f"/xa/11629/tai-ve/phieu?bieu_mau=tham_thu&dang={kind}&nhan=0&ca_nhan=1").data
        header, row = load_workbook(io.BytesIO(content)).worksheets[0].iter_rows(values_only=True)
        pairs = zip(header, row, strict=True)
        told[kind] = [value for name, value in pairs if str(name).endswith(f"{INDICATORS[1]}_done")]
    assert told == {"xlsx": [2], "kobo-xlsx": ["2"]}


def _pay(
    place: Place,
    household: int,
    days_ago: int,
    stated: tuple[tuple[int, int] | None, ...],
    fate: str,
    *,
    is_first: bool,
) -> None:
    """A visit that stands, is replaced by an edit, or is rejected."""
    instance = f"uuid:{uuid.uuid4()}"
    visit = Visit(
        household,
        create=is_first,
        village=THON[household % 2],
        stated=stated,
        end=NOON - dt.timedelta(days=days_ago),
        instance=instance,
    )
    stored = send(visit, place.both)
    if fate == "edited":
        edit = Visit(
            household,
            village=THON[household % 2],
            stated=((1, 1), (1, 4), stated[2], None),
            end=visit.end,
            deprecated=instance,
        )
        send(edit, place.both)
    if fate == "rejected" and not is_first:  # with the first, the household leaves the list
        decide(place, stored.submission_id, "rejected", comment="Hỏi nhầm nhà")


def _forget() -> None:
    db.session.rollback()
    for table in (Finding, Tally, TallyDay, TallyMonth):
        db.session.execute(sa.delete(table))
    db.session.execute(sa.update(Submission).values(replaced_by_id=None))
    for kept in (SubmissionReview, Submission, EntityVersion, Entity):
        db.session.execute(sa.delete(kept))
    db.session.commit()


def _rows(officer: Browser) -> list[dict[str, str]]:
    answer = officer.get("/xa/11629/tai-ve/phieu?bieu_mau=tham_thu&dang=csv&nhan=0&ca_nhan=1")
    assert answer.status_code == 200
    return list(csv.DictReader(io.StringIO(answer.data.decode("utf-8-sig"), newline="")))


def _agree(officer: Browser) -> None:
    """The file's sums against the table's, thôn by thôn."""
    folding.once()
    db.session.rollback()
    found = _computed(_rows(officer))
    table = coverage_table.table(db.session.scalars(sa.select(Commune)).one(), full=True)
    shown = {
        (village.code, code): (cell.done, cell.of)
        for village in table.villages
        for code, cell in village.cells.items()
        if cell.done or cell.of
    }
    assert {key: pair for key, pair in found.items() if pair != (0, 0)} == shown
    assert differences() == []


def _computed(rows: Sequence[Mapping[str, str]]) -> dict[tuple[str, str], tuple[int, int]]:
    """By thôn and indicator: the newest answer of each household while it is valid; what happened, added up.

    Help that is told twice for a household on one day may have been given once: what came second waits for a person.
    """
    newest: dict[tuple[str, str], Mapping[str, str]] = {}
    helped: dict[tuple[str, str, str], list[Mapping[str, str]]] = {}
    sums: dict[tuple[str, str], tuple[int, int]] = defaultdict(lambda: (0, 0))

    def add(row: Mapping[str, str], code: str) -> None:
        done, of = sums[row["_thon_ma"], code]
        sums[row["_thon_ma"], code] = done + int(row[f"{code}_done"]), of + int(row[f"{code}_of"])

    for row in sorted(rows, key=lambda row: (row["_thoi_diem"], row["_nhan_luc"], int(row["_id"]))):
        for code in INDICATORS:
            if not int(row[f"{code}_of"] or 0):  # nobody was asked: nothing is stated
                continue
            if code in EVENTS:
                helped.setdefault((row["_doi_tuong"], row["_thoi_diem"][:10], code), []).append(row)
            else:
                newest[row["_doi_tuong"], code] = row
    for (_, _, code), told in helped.items():
        add(min(told, key=lambda row: int(row["_id"])), code)
    for (_, code), row in newest.items():
        age = TODAY - dt.date.fromisoformat(row["_thoi_diem"][:10])
        if code not in VALID_DAYS or age.days < VALID_DAYS[code]:
            add(row, code)
    return dict(sums)
