"""What officers do to households: where their history counts, what phones see, and undo (R4)."""

import contextlib
import csv
import dataclasses
import datetime as dt
import io
import uuid
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from server.counting import tally
from server.db import db
from server.errors import Problem
from server.households import household_acts as households
from server.households import households_on_days, merge_households, phone_lists
from server.households.act_rows import Officer
from server.households.household_problems import HouseholdProblem
from server.models import Audit, Entity, EntityAct, Indicator, Submission, Village
from server.phones.phone_access import PhoneCaller
from server.review import decisions, submission_states
from server.review.decisions import Reviewer
from tests import sample
from tests.server.intake.test_receive_submission import NOON, Place, Visit, differences, place, send, visits

__all__ = ["place"]  # a fixture is found by its name

DAY = dt.date(2026, 11, 20)


def officer(place: Place) -> Officer:
    return Officer("person:1", "Nguyễn Thị Hạnh", place.both.commune_id)


@contextlib.contextmanager
def writing() -> Iterator[sa.Connection]:
    db.session.close()
    with db.engine.connect().execution_options(writes=True) as connection:
        yield connection
        connection.commit()
    db.session.close()


def key(number: int) -> uuid.UUID:
    return uuid.UUID(int=number, version=4)


def household(number: int = 1) -> Entity:
    db.session.close()
    return db.session.get_one(Entity, key(number))


def on(day: dt.date, indicator: str = "vneid_nguoi_dan") -> dict[str, tuple[int, int, int]]:
    """The sums of an indicator by thôn at the end of a day."""
    rows = tally.tally_rows().subquery()
    query = (
        sa.select(
            Village.code, sa.func.sum(rows.c.done), sa.func.sum(rows.c.of), sa.func.sum(rows.c.subjects)
        )
        .join(Village, Village.id == rows.c.village_id)
        .join(Indicator, Indicator.id == rows.c.indicator_id)
        .where(Indicator.code == indicator, rows.c.day <= day)
        .group_by(Village.code)
    )
    db.session.close()
    found = {code: (int(done), int(of), int(n)) for code, done, of, n in db.session.execute(query)}
    return {code: sums for code, sums in found.items() if any(sums)}


def days_ago(days: int) -> dt.date:
    return DAY - dt.timedelta(days=days)


def visit_ago(days: int, **fields: object) -> Visit:
    return Visit(end=NOON - dt.timedelta(days=days), **fields)  # type: ignore[arg-type]


def second(place: Place) -> int:
    return place.both.villages["11629002"]


def test_a_corrected_thon_takes_the_whole_history_along(place: Place) -> None:
    """Sửa thôn: an error, so it was never otherwise."""
    send(visit_ago(5, create=True), place.both)
    with writing() as connection:
        act = households.fix_village(connection, key(1), second(place), officer(place))
    assert on(days_ago(5)) == {"11629002": (2, 3, 1)}
    assert differences() == []
    with writing() as connection:
        households.undo(connection, act, officer(place))
    assert on(days_ago(5)) == {"11629001": (2, 3, 1)}
    assert differences() == []


def test_a_household_that_moves_counts_where_it_lives_on_each_day(place: Place) -> None:
    """Chuyển đến: dated; the series ends in the one thôn and begins in the other."""
    send(visit_ago(10, create=True), place.both)
    with writing() as connection:
        act = households.move(connection, key(1), second(place), days_ago(4), officer(place))
    assert on(days_ago(5)) == {"11629001": (2, 3, 1)}
    assert on(days_ago(4)) == {"11629002": (2, 3, 1)}
    assert differences() == []
    # what is sent late about a day before the move counts where the household lived then, until it moved
    send(visit_ago(6, stated=((1, 1), (3, 3), None, None)), place.both)
    assert on(days_ago(6)) == {"11629001": (3, 3, 1)}
    assert on(DAY) == {"11629002": (3, 3, 1)}
    assert differences() == []
    with writing() as connection:
        households.undo(connection, act, officer(place))
    assert on(DAY) == {"11629001": (3, 3, 1)}
    assert differences() == []


def test_visits_since_a_move_that_is_told_late_count_in_the_new_thon(place: Place) -> None:
    send(visit_ago(10, create=True), place.both)
    send(visit_ago(2, stated=((1, 1), (3, 3), None, None)), place.both)
    with writing() as connection:
        households.move(connection, key(1), second(place), days_ago(4), officer(place))
    assert on(days_ago(3)) == {"11629002": (2, 3, 1)}
    assert on(DAY) == {"11629002": (3, 3, 1)}
    assert differences() == []


def test_a_household_that_is_gone_counts_until_then_and_stays_on_phones_as_moved_away(place: Place) -> None:
    """E17: no hard delete; a draft may still name it."""
    send(visit_ago(10, create=True), place.both)
    with writing() as connection:
        act = households.end(connection, key(1), days_ago(3), officer(place))
    assert on(days_ago(4)) == {"11629001": (2, 3, 1)}
    assert on(DAY) == {}
    assert "da_chuyen" in row_on_phone(place, 1)
    assert differences() == []
    with writing() as connection:
        households.undo(connection, act, officer(place))
    assert on(DAY) == {"11629001": (2, 3, 1)}
    assert "da_gap" in row_on_phone(place, 1)


def row_on_phone(place: Place, number: int) -> str:
    caller = PhoneCaller(1, place.both.commune_id, "A", "a", place.both.villages)
    with db.engine.connect() as connection:
        text = (phone_lists.content(connection, "ho_dan.csv", caller) or b"").decode()
    return next(line for line in text.splitlines() if line.startswith(str(key(number))))


def test_a_split_household_is_visited_again_and_its_people_count_no_more_until_then(place: Place) -> None:
    """Tách hộ: nobody knows who of its members left."""
    send(visit_ago(10, create=True), place.both)
    with writing() as connection:
        new = households.split(connection, key(1), days_ago(4), "Hộ con", officer(place))
    assert on(days_ago(5)) == {"11629001": (2, 3, 1)}
    assert on(DAY) == {}
    assert on(DAY, "tham_ho") == {"11629001": (1, 1, 1)}
    assert household().data["tinh_trang"] == "tham_lai"
    assert db.session.get_one(Entity, new).split_from_id == key(1)
    send(visit_ago(1, stated=((1, 1), (1, 2), None, None)), place.both)
    assert on(DAY) == {"11629001": (1, 2, 1)}
    assert household().data["tinh_trang"] == "da_gap"
    assert differences() == []


def test_an_undone_split_is_as_if_it_had_not_been(place: Place) -> None:
    send(visit_ago(10, create=True), place.both)
    with writing() as connection:
        households.split(connection, key(1), days_ago(4), "Hộ con", officer(place))
    act = db.session.scalars(sa.select(EntityAct.id)).one()
    with writing() as connection:
        households.undo(connection, act, officer(place))
    assert on(DAY) == {"11629001": (2, 3, 1)}
    assert household().data["tinh_trang"] == "da_gap"
    assert differences() == []


def listed(place: Place, day: dt.date) -> dict[str, int]:
    """How many households each thôn has by its list, on a day; asked for alone and among other days alike."""
    codes = {village_id: code for code, village_id in place.both.villages.items()}
    db.session.close()
    found = households_on_days.households(list(codes), day)
    homes = {each: {code: code for code in codes} for each in (days_ago(300), day, DAY)}
    assert households_on_days.on_days(homes)[day] == found
    assert households_on_days.of_city(list(codes), day) == found
    db.session.close()
    return {codes[village_id]: number.households for village_id, number in found.items()}


def test_the_list_of_a_past_day_has_a_household_where_it_is_counted(place: Place) -> None:
    """R4, R6, R8: whoever writes the act down weeks later, as many were there to be asked as were counted of."""
    send(visit_ago(10, create=True), place.both)
    send(visit_ago(9, household=2, create=True), place.both)
    with writing() as connection:
        households.move(connection, key(1), second(place), days_ago(5), officer(place))
        end = households.end(connection, key(2), days_ago(3), officer(place))
    assert [listed(place, days_ago(at)) for at in (6, 5, 4, 3, 0)] == [
        {"11629001": 2},
        {"11629001": 1, "11629002": 1},
        {"11629001": 1, "11629002": 1},
        {"11629002": 1},
        {"11629002": 1},
    ]
    for at in (6, 5, 4, 3, 0):
        assert {code: met for code, (met, _, _) in on(days_ago(at), "tham_ho").items()} == listed(
            place, days_ago(at)
        )
    with writing() as connection:
        households.undo(connection, end, officer(place))
    assert listed(place, DAY) == {"11629001": 1, "11629002": 1}


def test_what_was_never_a_household_of_its_own_is_on_no_days_list(place: Place) -> None:
    """R6, R8: what was merged, or registered by a visit that nobody accepted."""
    for number in (1, 2, 3):
        found = send(visit_ago(10 - number, household=number, create=True), place.both)
    with writing() as connection:
        act = merge_households.merge(connection, key(1), key(2), officer(place))
        reviewer = Reviewer("person:1", "Nguyễn Thị Hạnh", place.both.commune_id)
        decisions.decide(
            connection,
            found.submission_id,
            submission_states.REJECTED,
            expected="received",
            reviewer=reviewer,
            comment="x",
        )
    assert [listed(place, days_ago(at)) for at in (7, 0)] == [{"11629001": 1}, {"11629001": 1}]
    with writing() as connection:
        households.undo(connection, act, officer(place))
    assert listed(place, days_ago(7)) == {"11629001": 2}


def test_two_rows_of_one_household_become_one_and_later_visits_follow(place: Place) -> None:
    """Gộp: every later read and write follows, also of a phone that still knows the old id."""
    send(visit_ago(10, create=True, stated=((1, 1), (0, 3), None, None)), place.both)
    send(visit_ago(8, household=2, create=True, village="11629002", network="4g"), place.both)
    with writing() as connection:
        act = merge_households.merge(connection, key(1), key(2), officer(place))
    assert on(DAY) == {"11629001": (2, 3, 1)}
    assert household(1).data["lan_tham"] == "2"
    assert household(2).merged_into_id == key(1)
    late = send(visit_ago(2, household=2, stated=((1, 1), (3, 3), None, None)), place.both)
    db.session.close()  # SQLite would go on reading what it began to read
    assert db.session.get_one(Submission, late.submission_id).entity_id == key(1)
    assert on(DAY) == {"11629001": (3, 3, 1)}
    assert household(1).data["lan_tham"] == "3"
    assert differences() == []
    with writing() as connection:
        households.undo(connection, act, officer(place))
    assert on(DAY) == {"11629001": (0, 3, 1), "11629002": (3, 3, 1)}
    assert (household(1).data["lan_tham"], household(2).data["lan_tham"]) == ("1", "2")
    assert household(2).ended_at is None
    assert differences() == []


def test_merges_upon_merges_are_undone_one_by_one(place: Place) -> None:
    """Each visit goes back to the household that it had before the merge that is undone, not before any."""
    for number in (1, 2, 3):
        send(visit_ago(12 - number, household=number, create=True), place.both)
    with writing() as connection:
        inner = merge_households.merge(connection, key(2), key(3), officer(place))
    with writing() as connection:
        outer = merge_households.merge(connection, key(1), key(2), officer(place))
    assert household(1).data["lan_tham"] == "3"
    with pytest.raises(Problem) as problem, writing() as connection:
        households.undo(connection, inner, officer(place))
    assert problem.value.kind is HouseholdProblem.ACT_IMPOSSIBLE
    with writing() as connection:
        households.undo(connection, outer, officer(place))
    assert [household(n).data["lan_tham"] for n in (1, 2)] == ["1", "2"]
    assert differences() == []
    with writing() as connection:
        households.undo(connection, inner, officer(place))
    assert [household(n).data["lan_tham"] for n in (1, 2, 3)] == ["1", "1", "1"]
    assert differences() == []


def test_a_household_that_was_merged_is_not_merged_again_nor_moved(place: Place) -> None:
    """Else two rows would point at each other, and no visit would find its household."""
    for number in (1, 2, 3):
        send(visit_ago(10, household=number, create=True), place.both)
    with writing() as connection:
        merge_households.merge(connection, key(1), key(2), officer(place))
    for act in (
        lambda c: merge_households.merge(c, key(2), key(1), officer(place)),
        lambda c: merge_households.merge(c, key(3), key(2), officer(place)),
        lambda c: merge_households.merge(c, key(2), key(3), officer(place)),
        lambda c: households.fix_village(c, key(2), second(place), officer(place)),
    ):
        with pytest.raises(Problem) as problem, writing() as connection:
            act(connection)
        assert problem.value.kind is HouseholdProblem.ACT_IMPOSSIBLE
    assert household(1).ended_at is None


def test_acts_are_undone_from_the_newest_back(place: Place) -> None:
    send(visit_ago(10, create=True), place.both)
    with writing() as connection:
        first = households.fix_village(connection, key(1), second(place), officer(place))
        households.end(connection, key(1), days_ago(1), officer(place))
    with pytest.raises(Problem) as problem, writing() as connection:
        households.undo(connection, first, officer(place))
    assert problem.value.kind is HouseholdProblem.ACT_IMPOSSIBLE
    acts = db.session.scalars(sa.select(Audit.act).where(Audit.act.startswith("household."))).all()
    assert set(acts) == {"household.fix", "household.end"}


def test_a_household_of_another_commune_is_nobodys_to_change(place: Place) -> None:
    send(visit_ago(10, create=True), place.both)
    other = sample.make_commune("10930", "Mao Điền")
    db.session.commit()
    stranger = Officer("person:2", "Người khác", other.id)
    for act in (
        lambda c: households.fix_village(c, key(1), second(place), stranger),
        lambda c: households.end(c, key(1), DAY, stranger),
        lambda c: merge_households.merge(c, key(1), key(1), officer(place)),
        lambda c: households.fix_village(c, key(9), second(place), officer(place)),
        lambda c: households.fix_village(c, key(1), place.both.villages["11629001"], officer(place)),
        lambda c: households.end(c, key(1), DAY + dt.timedelta(days=2), officer(place)),
        lambda c: households.split(c, key(1), DAY, "  ", officer(place)),
    ):
        with pytest.raises(Problem) as problem, writing() as connection:
            act(connection)
        assert problem.value.kind in (HouseholdProblem.ACT_IMPOSSIBLE, HouseholdProblem.HOUSEHOLD_UNKNOWN)
    assert db.session.scalar(sa.select(sa.func.count()).select_from(EntityAct)) == 0


ACTS = st.one_of(
    st.tuples(st.just("visit"), visits, st.booleans()),
    st.tuples(st.just("edit"), visits, st.integers(0, 9)),
    st.tuples(st.just("decide"), st.integers(0, 9), st.sampled_from(sorted(submission_states.WORDS))),
    st.tuples(st.sampled_from(["fix", "move", "end", "split"]), st.integers(1, 3), st.integers(0, 12)),
    st.tuples(st.just("merge"), st.integers(1, 3), st.integers(1, 3)),
    st.tuples(st.just("undo"), st.integers(0, 5), st.none()),
)


@given(acts=st.lists(ACTS, min_size=3, max_size=12))
@hypothesis_settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_the_tally_equals_the_recount_after_every_act(place: Place, acts: list[tuple]) -> None:
    """R3: visits, late arrivals, broken clocks, edits, decisions, moves, ends, splits, merges, undo, in any
    order; and no household is green on phones whose visits were all rejected or edited away (R5)."""
    sent: list[int] = []
    for act in acts:
        with contextlib.suppress(Problem):
            _do(place, act, sent)
        assert differences() == []
        assert _green(place) <= _met()


def _green(place: Place) -> set[uuid.UUID]:
    """The households that a phone shows as met at its next sync."""
    caller = PhoneCaller(1, place.both.commune_id, "A", "a", place.both.villages)
    with db.engine.connect() as connection:
        content = phone_lists.content(connection, "ho_dan.csv", caller) or b""
    rows = csv.DictReader(io.StringIO(content.decode()))
    return {uuid.UUID(row["name"]) for row in rows if row["tinh_trang"] == "da_gap"}


def _met() -> set[uuid.UUID]:
    """Those of whose visits, under any id that they had, one stands in which somebody was met."""
    db.session.close()
    became = {each.id: each.merged_into_id for each in db.session.scalars(sa.select(Entity))}
    stands = sa.select(Submission).where(
        Submission.review != "rejected", Submission.quarantine.is_(None), Submission.replaced_by_id.is_(None)
    )
    found = set()
    for each in db.session.scalars(stands):
        entity = each.entity_id
        while entity is not None and each.result == "gap":
            found.add(entity)
            entity = became.get(entity)
    return found


def _do(place: Place, act: tuple, sent: list[int]) -> None:
    kind, first, more = act
    if kind == "visit":
        sent.append(send(first, place.first if more else place.both).submission_id)
    elif kind == "edit" and sent:
        db.session.close()
        edited = db.session.get_one(Submission, sent[more % len(sent)]).instance_id
        db.session.close()
        sent.append(send(dataclasses.replace(first, deprecated=edited), place.both).submission_id)
    else:
        _act(place, act, sent)


def _act(place: Place, act: tuple, sent: list[int]) -> None:
    kind, first, more = act
    with writing() as connection:
        if kind == "decide" and sent:
            number = sent[first % len(sent)]
            now = connection.scalar(sa.select(Submission.review).where(Submission.id == number))
            reviewer = Reviewer("person:1", "Hạnh", place.both.commune_id)
            decisions.decide(connection, number, more, expected=now or "", reviewer=reviewer)
        elif kind == "fix":
            households.fix_village(
                connection, key(first), place.both.villages[f"1162900{more % 2 + 1}"], officer(place)
            )
        elif kind == "move":
            to = place.both.villages[f"1162900{more % 2 + 1}"]
            households.move(connection, key(first), to, days_ago(more), officer(place))
        elif kind == "end":
            households.end(connection, key(first), days_ago(more), officer(place))
        elif kind == "split":
            households.split(connection, key(first), days_ago(more), "Hộ tách", officer(place))
        elif kind == "merge":
            merge_households.merge(connection, key(first), key(more), officer(place))
        elif kind == "undo":
            ids = list(connection.scalars(sa.select(EntityAct.id).order_by(EntityAct.id.desc())))
            if ids:
                households.undo(connection, ids[first % len(ids)], officer(place))
