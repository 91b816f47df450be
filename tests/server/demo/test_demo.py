"""The demonstration in small: what it makes, what its phones send, and what it leaves alone."""

import dataclasses
import socket
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.serving import make_server

from forms.library import LIBRARY
from server import audit, clock, migrate
from server.accounts import persons
from server.counting import tally
from server.db import db
from server.demo import NotPossible, communes_and_forms, demo_json, demo_mark, fill
from server.demo.people import Everyone, Walker, qr_text
from server.demo.progress import StepProgress
from server.demo.scale import COMMUNES, Scale, share
from server.demo.schedule import Errand, ErrandKind, Slip, schedule
from server.demo.village_differences import characters
from server.models import (
    Collector,
    Commune,
    Entity,
    EntityList,
    FormVersion,
    Person,
    Plan,
    Submission,
    Village,
    VillageFigure,
)
from server.operations.logs import redacted
from server.settings import Settings
from tests import sample
from tests.conftest import Template, application, on_a_copy
from tests.people import make_commune
from tests.phone import InProcess, Phone

TODAY = clock.today()
SMALL = Scale(visits=60, households=100, today=TODAY)


@pytest.fixture(scope="module")
def everyone(template_database: Template, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Everyone]:
    """A demonstration before the first visit, for tests that only look at it."""
    folder: Path = tmp_path_factory.mktemp("demo")
    with on_a_copy(template_database, folder) as settings, application(settings):
        yield fill.tables(SMALL, StepProgress())


@pytest.fixture
def url(app: Flask) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def count(of: type, *where: sa.ColumnElement[bool]) -> int:
    return db.session.scalar(sa.select(sa.func.count()).select_from(of).where(*where)) or 0


def test_it_has_both_communes_with_plans_thon_figures_forms_and_lists(everyone: Everyone) -> None:
    assert count(Commune, Commune.illustrative) == 114
    assert count(Village, Village.illustrative) == 38 + 23
    assert count(VillageFigure) == 38 + 23
    assert {(plan.commune.code, len(plan.targets)) for plan in db.session.scalars(sa.select(Plan))} == {
        ("11629", 28),
        ("10930", 8),
    }
    assert count(FormVersion, FormVersion.published_at <= SMALL.published_at) == len(LIBRARY)
    culture_houses = Entity.label.startswith("Nhà văn hóa thôn")
    assert count(Entity, culture_houses) == 38 + 23


def test_about_one_household_in_six_is_listed_by_its_address_alone(everyone: Everyone) -> None:
    listed = db.session.scalars(
        sa.select(Entity.label).join(EntityList).where(EntityList.name == "ho_dan")
    ).all()
    unnamed = [label for label in listed if label.startswith("Ngõ ")]
    assert 0.05 < len(unnamed) / len(listed) < 0.3


def test_there_is_an_account_for_every_role_and_a_collector_for_one_to_three_thon(everyone: Everyone) -> None:
    keys = {account.key for account in everyone.accounts}
    local = {f"{role}_{code}" for role in ("officer", "leader", "team_leader") for code in COMMUNES}
    assert keys == {"admin", "city"} | local
    walked = Counter(code for walker in everyone.walkers for code in walker.villages)
    assert set(walked.values()) == {1}
    assert len(walked) == 38 + 23
    assert {len(walker.villages) for walker in everyone.walkers} == {1, 2, 3}
    assert len(everyone.api_token) == 40


def test_what_the_phones_send_is_stored_once_and_counted(url: str) -> None:
    """Some visits are sent twice (C40), some phones have a wrong clock; the tally equals the recount (R3)."""
    everyone = fill.tables(SMALL, StepProgress())
    fill.visits(SMALL, everyone, url, StepProgress())
    assert count(Submission) == SMALL.visits
    assert count(Submission, Submission.quarantine == "version_unknown") == 1
    assert count(Submission, Submission.quarantine.is_not(None)) == 1
    flags = Counter(
        flag["code"] for found in db.session.scalars(sa.select(Submission.flags)) for flag in found or ()
    )
    assert flags == {"clock_ahead": 1, "clock_behind": 1, "point_elsewhere": 1, "too_short": 1}
    assert {"gap", "vang"} <= set(db.session.scalars(sa.select(Submission.result)))
    assert_dated_in_the_eight_weeks()
    with db.engine.connect() as connection:
        assert tally.recount(connection) == []


def assert_dated_in_the_eight_weeks() -> None:
    believed = sa.select(Submission.observed_at).where(
        Submission.flags.is_(None), Submission.quarantine.is_(None)
    )
    days = {moment.date() for moment in db.session.scalars(believed)}
    assert SMALL.first_day <= min(days)
    assert max(days) < TODAY
    assert len(days) > 15


def test_data_that_no_demonstration_made_is_left_alone(app: Flask) -> None:
    make_commune()
    with pytest.raises(NotPossible, match="TUNGNHA_INSTANCE"):
        fill.clear(app.config["SETTINGS"])
    assert count(Commune) == 1


def test_an_interrupted_run_is_begun_again_from_nothing(app: Flask) -> None:
    settings: Settings = app.config["SETTINGS"]
    fill.clear(settings)
    fill.tables(SMALL, StepProgress())
    db.session.close()
    fill.clear(settings)
    assert sa.inspect(db.engine).get_table_names() == ["demonstration"]
    fill.tables(SMALL, StepProgress())
    assert count(Commune) == 114


def _broken_off(settings: Settings, *, is_early: bool) -> None:
    """A demonstration that was stopped before its first row, or before its first visit."""
    fill.clear(settings)
    if is_early:
        migrate.upgrade()
    else:
        fill.tables(SMALL, StepProgress())
    db.session.close()


def _person() -> None:
    persons.add("can.bo.that", "Đặng Thị Thật", ["city"])


def _collector() -> None:
    commune = db.session.scalars(sa.select(Commune).where(Commune.code == "11629")).first() or make_commune()
    sample.make_collector(commune, commune.villages[:1], name="Người thật")


def _command() -> None:
    audit.add(audit.SHELL.name, "household.import", "household_import:1")


@pytest.mark.parametrize("is_early", [True, False])
@pytest.mark.parametrize("real", [_person, _collector, _command])
def test_a_broken_off_demonstration_that_is_used_for_real_is_never_emptied(
    app: Flask, is_early: bool, real: Callable[[], None]
) -> None:
    settings: Settings = app.config["SETTINGS"]
    _broken_off(settings, is_early=is_early)
    real()
    db.session.commit()
    before = [count(table) for table in (Commune, Entity, Person, Collector)]
    db.session.close()
    with pytest.raises(NotPossible, match="không xóa gì"):
        fill.clear(settings)
    assert [count(table) for table in (Commune, Entity, Person, Collector)] == before


def test_a_file_beside_the_database_gives_no_leave_to_empty_it(app: Flask) -> None:
    """What older programs left where a demonstration was broken off."""
    settings: Settings = app.config["SETTINGS"]
    (settings.instance / "demo.begun").touch()
    make_commune()
    db.session.commit()
    db.session.close()
    with pytest.raises(NotPossible, match="TUNGNHA_DATABASE_URL"):
        fill.clear(settings)
    assert count(Commune) == 1


def test_a_table_of_another_program_forbids_as_well(app: Flask) -> None:
    with db.engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE khach_hang (ten TEXT)")
    with pytest.raises(NotPossible, match="khach_hang"):
        fill.clear(app.config["SETTINGS"])


def test_photos_that_lie_elsewhere_are_not_taken_away(app: Flask, tmp_path: Path) -> None:
    elsewhere = tmp_path / "kho"
    elsewhere.mkdir()
    (elsewhere / "anh").write_bytes(b"x")
    settings = dataclasses.replace(app.config["SETTINGS"], blobs=str(elsewhere))
    fill.clear(settings)
    fill.clear(settings)
    assert (elsewhere / "anh").exists()


def test_a_finished_demonstration_is_not_made_anew(app: Flask) -> None:
    fill.clear(app.config["SETTINGS"])
    fill.tables(SMALL, StepProgress())
    demo_mark.finish()
    with pytest.raises(NotPossible, match="đã xong"):
        fill.clear(app.config["SETTINGS"])


def test_somebody_elses_database_is_not_served_as_a_demonstration(app: Flask) -> None:
    """Whatever demo.json lies in the folder: a demonstration asks nobody for a code."""
    settings: Settings = app.config["SETTINGS"]
    nobody = {
        "url": "http://127.0.0.1:8000",
        "communes": [],
        "accounts": {},
        "collectors": [],
        "api_token": "",
    }
    demo_json.write(settings.instance, nobody)
    commune = make_commune()
    collector = sample.make_collector(commune)
    sample.publish_plain()
    phone = Phone(InProcess(app), f"http://localhost/key/{collector.token}")
    assert phone.post(sample.filled()).status == 201
    db.session.close()
    app.config["SETTINGS"] = dataclasses.replace(settings, database_url=settings.database)
    told = app.test_cli_runner().invoke(args=["demo", "--no-serve", "--port", "18431"])
    assert (told.exit_code, "TUNGNHA_DATABASE_URL" in told.output) == (1, True)


def test_the_record_moves_to_another_address_with_the_same_secrets(
    everyone: Everyone, tmp_path: Path
) -> None:
    first = demo_json.described(everyone, "http://127.0.0.1:8000", qr_text)
    demo_json.write(tmp_path, first)
    assert (tmp_path / "demo.json").stat().st_mode & 0o077 == 0
    assert demo_json.read(tmp_path) == first
    moved = demo_json.moved(first, "http://127.0.0.1:9000", qr_text)
    assert moved["accounts"] == first["accounts"]
    for before, after in zip(first["collectors"], moved["collectors"], strict=True):
        assert after["server_url"] == before["server_url"].replace(":8000/", ":9000/")
        assert after["qr"] != before["qr"]
        assert after["password"] == before["password"]


@pytest.mark.parametrize("content", ["", "{", "[]", '{"url": 1}', "\x00"])
def test_a_record_that_cannot_be_used_counts_as_none(tmp_path, content: str) -> None:
    (tmp_path / "demo.json").write_text(content)
    assert demo_json.read(tmp_path) is None


def test_a_taken_port_is_told_in_one_sentence_before_anything_is_made(app: Flask) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        result = app.test_cli_runner().invoke(args=["demo", "--port", str(port)])
    assert result.exit_code == 1
    assert result.output.count("\n") == 1
    assert f"Cổng {port} không dùng được" in result.output
    assert count(Commune) == 0


# What is planned before anybody knocks


def planned(scale: Scale) -> list[Errand]:
    sketches = {code: communes_and_forms.villages(code, scale) for code in COMMUNES}
    walkers = [Walker("", code, (sketch.code,), "", "", "") for code in COMMUNES for sketch in sketches[code]]
    known = {key: each for code in COMMUNES for key, each in characters(sketches[code], scale).items()}
    households = {sketch.code: sketch.households for code in COMMUNES for sketch in sketches[code]}
    return schedule(walkers, households, known, scale)


@pytest.mark.parametrize("visits", [1, 40, 3000])
def test_exactly_as_many_visits_are_planned_as_wished(visits: int) -> None:
    errands = planned(Scale(visits, 2000, TODAY))
    assert len(errands) == visits
    assert errands == planned(Scale(visits, 2000, TODAY))


def test_the_plan_has_every_form_every_slip_and_uneven_thon() -> None:
    errands = planned(Scale(3000, 2000, TODAY))
    assert {errand.kind for errand in errands} == set(ErrandKind)
    assert {errand.slip for errand in errands} == {None, *Slip}
    doors = Counter(errand.village for errand in errands if errand.kind is ErrandKind.HOUSEHOLD)
    assert max(doors.values()) > 60
    assert min(doors.values()) < 10
    assert {errand.week for errand in errands} == set(range(8))


def test_more_visits_than_households_can_bear_are_refused() -> None:
    with pytest.raises(NotPossible, match="nhiều nhất"):
        planned(Scale(5000, 50, TODAY))


@given(
    st.integers(0, 500),
    st.lists(st.tuples(st.floats(0, 100), st.integers(0, 50)), min_size=1, max_size=20),
)
def test_shares_add_up_and_stay_within_their_limits(total: int, parts: list[tuple[float, int]]) -> None:
    weights, most = [weight for weight, _ in parts], [limit for _, limit in parts]
    given_out = share(total, weights, most)
    assert all(0 <= each <= limit for each, limit in zip(given_out, most, strict=True))
    assert sum(given_out) == min(total, sum(limit for weight, limit in parts if weight > 0))


def test_an_access_log_shows_no_token() -> None:
    """C12."""
    line = f"POST /key/{'aB3' * 21}x/submission?deviceID=collect%3A1 HTTP/1.1"
    assert redacted(line) == "POST /key/…/submission?deviceID=collect%3A1 HTTP/1.1"
    assert redacted("GET /thu/aB3x/formList HTTP/1.1") == "GET /thu/…/formList HTTP/1.1"
    assert redacted("GET /view/media/MQ.aw.My HTTP/1.1") == "GET /view/media/… HTTP/1.1"
    assert redacted("a\nb") == "'a\\nb'"
