"""The feed of changes: a copy that follows it ends equal, whoever writes; each reader is told what is theirs."""

import datetime as dt
import random
import threading
import uuid
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from app import create_app
from server import clock
from server.counting import noted_changes
from server.db import db
from server.households import household_acts
from server.intake import catch_up
from server.models import Audit, Change, Commune, FormVersion, Submission, Village
from server.privacy import erase, remove_positions
from server.review import decisions
from server.review.decisions import Reviewer
from tests.people import Browser, bearing, browser, make_person, make_token
from tests.server.intake.test_receive_submission import Place, Visit, place, send

__all__ = ["place"]
FEED = "/api/v1/changes"
WRITERS, ACTS = 8, 12
POINT = "20.701 106.501 0 5"


def officer(app: Flask) -> Browser:
    commune = db.session.scalars(sa.select(Commune)).one()
    make_person("can.bo", "officer", commune)
    visitor = browser(app)
    assert visitor.sign_in("can.bo").status_code == 302
    return visitor


def read(visitor: Browser, after: str = "0", **more: object) -> dict[str, Any]:
    answer = visitor.get(FEED, query_string={"after": after, **more})
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.get_json()
    return told


def follow(visitor: Browser, copy: dict[int, Any], after: str, limit: int = 7) -> str:
    """Take in what there is; where to go on."""
    while True:
        told = read(visitor, after, limit=limit, personal=True)
        assert len(told["changes"]) <= limit
        for change in told["changes"]:
            assert int(change["id"]) > int(after)
            if change["kind"] == "submission":
                copy[change["submission_id"]] = change["submission"]
            elif change["kind"] in ("gone", "deleted"):
                copy.pop(change["submission_id"], None)
        after = told["next"]
        if told["is_last"]:
            return after


def stored() -> dict[int, tuple[object, ...]]:
    """What a copy must hold of each submission."""
    db.session.rollback()
    columns = (
        Submission.id, Submission.instance_id, Submission.review, Submission.replaced_by_id, Submission.quarantine,
        Submission.answers, Village.code,
    )  # fmt: skip
    rows = db.session.execute(
        sa.select(*columns).outerjoin(Village, Village.id == Submission.village_id)
    ).all()
    return {
        row.id: (
            row.instance_id, row.review, row.replaced_by_id, row.code,
            row.quarantine is None and row.replaced_by_id is None and row.review != "rejected",
            (row.answers or {}).get("vi_tri"),
        )
        for row in rows
    }  # fmt: skip


def held(copy: dict[int, Any]) -> dict[int, tuple[object, ...]]:
    names = ("instance_id", "review", "replaced_by", "village", "counts")
    return {
        key: (*(each[name] for name in names), each["answers"].get("vi_tri")) for key, each in copy.items()
    }


def decide(place: Place, number: int, state: str) -> None:
    reviewer = Reviewer("person:1", "Nguyễn Thị Hạnh", place.both.commune_id)
    with db.engine.connect().execution_options(writes=True) as connection:
        seen = connection.scalar(sa.select(Submission.review).where(Submission.id == number))
        if seen != state:
            decisions.decide(connection, number, state, expected=str(seen), reviewer=reviewer)
            connection.commit()


def delete(number: int) -> None:
    with db.engine.connect().execution_options(writes=True) as connection:
        erase.erase(connection, erase.of_submissions(connection, [number]), keeps_counts=False)
        connection.commit()


def forget_positions(number: int) -> None:
    with db.engine.connect().execution_options(writes=True) as connection:
        remove_positions.forget_positions(connection, erase.of_submissions(connection, [number]))
        connection.commit()


def write(app: Flask, place: Place, number: int, faults: list[BaseException]) -> None:
    """Visits, edits of them, decisions, positions taken back and deletions, as they come."""
    chance = random.Random(number)
    newest: dict[int, str] = {}
    with app.app_context():
        try:
            for act in range(ACTS):
                what = (
                    chance.choice(("visit", "visit", "edit", "decide", "positions", "delete"))
                    if newest
                    else "visit"
                )
                chosen = chance.choice([*newest]) if newest else 0
                if what == "visit":
                    instance = f"uuid:{uuid.UUID(int=number * 1000 + act, version=4)}"
                    receipt = send(
                        Visit(household=number * 1000 + act, create=True, instance=instance, point=POINT),
                        place.both,
                    )
                    newest[receipt.submission_id] = instance
                elif what == "edit":
                    instance = f"uuid:{uuid.UUID(int=number * 1000 + act, version=4)}"
                    again = Visit(
                        household=number * 1000, instance=instance, deprecated=newest.pop(chosen), point=POINT
                    )
                    newest[send(again, place.both).submission_id] = instance
                elif what == "decide":
                    catch_up.caught_up()
                    decide(place, chosen, chance.choice(("approved", "rejected")))
                elif what == "positions":
                    catch_up.caught_up()
                    forget_positions(chosen)
                else:
                    catch_up.caught_up()
                    delete(chosen)
                    newest.pop(chosen)
        except BaseException as error:
            faults.append(error)


def test_a_copy_that_follows_the_feed_beside_eight_writers_ends_equal(app: Flask, place: Place) -> None:
    """Four of the writers are another application's, as on a second machine."""
    visitor, faults = officer(app), []
    other = create_app(app.config["SETTINGS"])
    writers = [
        threading.Thread(target=write, args=(each, place, number, faults))
        for number, each in enumerate((app, other) * (WRITERS // 2), 1)
    ]
    copy: dict[int, Any] = {}
    after = "0"
    for each in writers:
        each.start()
    while any(each.is_alive() for each in writers):
        after = follow(visitor, copy, after)
    for each in writers:
        each.join()
    with other.app_context():
        db.dispose()
    assert faults == []
    follow(visitor, copy, after)
    assert held(copy) == stored()
    assert len(copy) > WRITERS
    fresh: dict[int, Any] = {}
    follow(visitor, fresh, "0", limit=1000)
    assert fresh == copy


def test_the_order_of_keys_is_that_in_which_changes_can_be_seen(app: Flask, place: Place) -> None:
    """A writer that is not done yet holds up the others, and nobody reads past what it will have written."""
    first = send(Visit(create=True), place.both).submission_id
    catch_up.caught_up()
    visitor = officer(app)
    after = follow(visitor, {}, "0")
    ready, go_on = threading.Event(), threading.Event()

    def slow() -> None:
        with app.app_context(), db.engine.connect().execution_options(writes=True) as connection:
            reviewer = Reviewer("person:1", "A", place.both.commune_id)
            decisions.decide(connection, first, "rejected", expected="received", reviewer=reviewer)
            ready.set()
            go_on.wait(20)
            connection.commit()

    writer = threading.Thread(target=slow)
    writer.start()
    assert ready.wait(20)
    told = read(visitor, after)
    assert (told["changes"], told["is_last"]) == ([], True)
    go_on.set()
    writer.join()
    copy: dict[int, Any] = {}
    follow(visitor, copy, told["next"])
    assert copy[first]["review"] == "rejected"


def test_a_submission_that_leaves_a_thon_is_gone_for_its_leader_and_there_for_the_other(
    app: Flask, place: Place
) -> None:
    number = send(Visit(create=True), place.both).submission_id
    catch_up.caught_up()
    commune = db.session.scalars(sa.select(Commune)).one()
    copies: dict[str, dict[int, Any]] = {}
    readers: dict[str, Browser] = {}
    for village in sorted(commune.villages, key=lambda each: each.code):
        code = village.code
        make_person(f"to.{code}", "team_leader", commune, (village,))
        readers[code], copies[code] = browser(app), {}
        readers[code].sign_in(f"to.{code}")
    after = {code: follow(readers[code], copies[code], "0") for code in readers}
    assert [sorted(copy) for copy in copies.values()] == [[number], []]
    household, commune_id = uuid.UUID(int=1, version=4), commune.id
    db.session.rollback()
    villages = {village.code: village.id for village in db.session.scalars(sa.select(Village))}
    with db.engine.connect().execution_options(writes=True) as connection:
        by = household_acts.Officer("person:1", "Cán bộ", commune_id)
        household_acts.fix_village(connection, household, villages["11629002"], by)
        connection.commit()
    for code, visitor in readers.items():
        follow(visitor, copies[code], after[code])
    assert [sorted(copy) for copy in copies.values()] == [[], [number]]


def test_who_may_see_no_records_is_told_of_days_alone(
    app: Flask, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    send(Visit(create=True), place.both)
    catch_up.caught_up()
    sunday = dt.date(2026, 11, 22)
    monkeypatch.setattr(
        clock, "now", lambda: dt.datetime(2026, 11, 22, 19, tzinfo=dt.UTC)
    )  # 2 o'clock on Monday
    with db.engine.connect().execution_options(writes=True) as connection:
        assert (noted_changes.note_days(connection), noted_changes.note_days(connection)) == (1, 0)
        connection.commit()
    program = browser(app)
    program.environ_base["HTTP_AUTHORIZATION"] = bearing(make_token())["Authorization"]
    page = read(program)
    [told] = page["changes"]
    send(Visit(create=True), place.both)
    catch_up.caught_up()
    assert read(program) == page, "where it goes on counts no visits either"
    assert read(program, after=page["next"])["changes"] == []
    assert (told["kind"], told["commune"], told["day"]) == ("coverage", "11629", sunday.isoformat())
    assert {"submission", "submission_id"}.isdisjoint(told)
    db.session.rollback()
    assert db.session.scalar(sa.select(sa.func.count()).where(Audit.act == "changes.read")) == 0
    kinds = [change["kind"] for change in read(officer(app))["changes"]]
    assert kinds == ["submission", "coverage", "submission"]
    db.session.rollback()
    assert db.session.scalar(sa.select(sa.func.count()).where(Audit.act == "changes.read")) == 1


@pytest.mark.parametrize("nights", [(1, 2, 3, 4, 5, 6), (6,)])
def test_who_reads_sums_alone_is_told_of_every_week_whenever_the_last_change_was(
    app: Flask, place: Place, monkeypatch: pytest.MonkeyPatch, nights: tuple[int, ...]
) -> None:
    """A week in which something came on its first day alone; and one whose nights the machine was off but the last."""
    send(Visit(create=True), place.both)
    catch_up.caught_up()
    monday = dt.datetime(2026, 11, 16, 19, tzinfo=dt.UTC)  # 2 o'clock on Tuesday: Monday is over
    monkeypatch.setattr(clock, "now", lambda: monday)
    note_days()
    for night in nights:
        at = monday + dt.timedelta(days=night)
        monkeypatch.setattr(clock, "now", lambda at=at: at)
        note_days()
    monkeypatch.setattr(clock, "now", lambda: monday + dt.timedelta(days=9))
    note_days()
    note_days()
    program = browser(app)
    program.environ_base["HTTP_AUTHORIZATION"] = bearing(make_token())["Authorization"]
    assert [change["day"] for change in read(program)["changes"]] == ["2026-11-22"]


def note_days() -> None:
    db.session.rollback()
    with db.engine.connect().execution_options(writes=True) as connection:
        noted_changes.note_days(connection)
        connection.commit()


def test_who_follows_a_feed_that_a_backup_took_the_place_of_is_told_to_begin_anew(
    app: Flask, place: Place
) -> None:
    """What was told after the backup is no more, and its keys would be given again."""
    visitor = officer(app)
    copy: dict[int, Any] = {}
    send(Visit(create=True), place.both)
    catch_up.caught_up()
    before = follow(visitor, copy, "0")
    with db.engine.connect().execution_options(writes=True) as connection:
        begun = noted_changes.begin_anew(connection)
        connection.commit()
    for _ in range(2):
        answer = visitor.get(FEED, query_string={"after": before})
        assert (answer.status_code, answer.get_json()["code"]) == (410, "feed_begun_anew")
    assert str(begun) not in ("0", before)
    assert int(read(visitor, str(begun))["next"]) >= begun
    fresh: dict[int, Any] = {}
    last = follow(visitor, fresh, "0")
    assert held(fresh) == stored()
    assert read(visitor, last)["changes"] == []  # goes on from there, though nothing has changed since


def test_who_comes_with_a_position_of_another_installation_is_told_to_begin_anew(
    app: Flask, place: Place
) -> None:
    """They would miss all that comes until keys here have reached it."""
    visitor = officer(app)
    send(Visit(create=True), place.both)
    catch_up.caught_up()
    last = follow(visitor, {}, "0")
    for after in (str(int(last) + 1), str(2**62)):
        answer = visitor.get(FEED, query_string={"after": after})
        assert (answer.status_code, answer.get_json()["code"]) == (410, "feed_of_another")
    assert read(visitor, last)["changes"] == []


def test_positions_that_are_taken_back_leave_copies(app: Flask, place: Place) -> None:
    number = send(Visit(create=True, point=POINT), place.both).submission_id
    catch_up.caught_up()
    visitor, copy = officer(app), {}
    after = follow(visitor, copy, "0")
    assert copy[number]["answers"]["vi_tri"]
    forget_positions(number)
    follow(visitor, copy, after)
    assert not copy[number]["answers"].get("vi_tri")


def test_personal_answers_are_told_on_request_to_who_may_see_them(app: Flask, place: Place) -> None:
    send(Visit(create=True), place.both)
    send(Visit(), place.both)
    catch_up.caught_up()
    version = db.session.scalars(sa.select(FormVersion)).one()
    fields = [
        each | ({"sensitivity": "personal"} if each["path"] == "ho" else {})
        for each in version.definition["fields"]
    ]
    version.definition = {**version.definition, "fields": fields}
    db.session.commit()
    visitor = officer(app)
    plain, whole = (
        read(visitor, personal=wish)["changes"][1]["submission"]["answers"] for wish in (False, True)
    )
    assert set(whole) - set(plain) == {"ho"}
    assert "ho" not in plain
    assert plain["ket_qua"] == "gap"


def test_what_is_told_again_later_is_forgotten_and_no_copy_misses_it(app: Flask, place: Place) -> None:
    number = send(Visit(create=True), place.both).submission_id
    catch_up.caught_up()
    for state in ("approved", "rejected"):
        decide(place, number, state)
    with db.engine.connect().execution_options(writes=True) as connection:
        assert noted_changes.compact(connection) == 2
        connection.commit()
    copy: dict[int, Any] = {}
    follow(officer(app), copy, "0")
    assert copy[number]["review"] == "rejected"
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Change)) == 1


@pytest.mark.parametrize(
    "asked", [{"after": "-1"}, {"after": "x"}, {"limit": "0"}, {"limit": "1001"}, {"after": "9" * 30}]
)
def test_what_is_not_understood_is_refused(app: Flask, place: Place, asked: dict[str, str]) -> None:
    assert officer(app).get(FEED, query_string=asked).status_code == 422


def test_nobody_reads_it_without_a_key(app: Flask, place: Place) -> None:
    assert browser(app).get(FEED).status_code == 401
