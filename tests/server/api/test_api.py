"""The API for programs: communes, thôn, targets and coverage, within the caller's scope."""

import datetime as dt

import pytest
from flask import Flask
from sqlalchemy import event

from forms import plans
from server import clock
from server.accounts import program_keys
from server.db import db
from server.models import Commune, Village, VillageFigure
from server.plans import load_plans
from tests.people import Browser, bearing, browser, make_commune, make_person, make_token

MOMENT = dt.datetime(2026, 11, 18, 5, tzinfo=dt.UTC)  # a Wednesday, noon in Việt Nam


@pytest.fixture
def an_lao(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Commune:
    monkeypatch.setattr(clock, "now", lambda: MOMENT)
    return make_commune(thon=3)


@pytest.fixture
def program(app: Flask, an_lao: Commune) -> Browser:
    visitor = browser(app)
    visitor.environ_base["HTTP_AUTHORIZATION"] = bearing(make_token(an_lao))["Authorization"]
    return visitor


def test_a_commune_is_told_by_its_code(program: Browser) -> None:
    answer = program.get("/api/v1/communes/11629")
    assert answer.get_json() == {
        "code": "11629",
        "name": "An Lão",
        "kind": "xã",
        "valid_from": "2025-07-01",
        "valid_to": None,
        "has_outline": False,
        "illustrative": False,
    }
    assert answer.headers["Server-Timing"].startswith("total;dur=")


def test_communes_that_are_no_more_are_not_listed(app: Flask, an_lao: Commune) -> None:
    old = make_commune("10930", "Mao Điền")
    old.valid_to = dt.date(2026, 6, 30)
    make_person("city", "city")
    db.session.commit()
    visitor = browser(app)
    visitor.sign_in("city")
    listed = visitor.get("/api/v1/communes").get_json()["communes"]
    assert [commune["code"] for commune in listed] == ["11629"]


def test_thon_are_told_with_their_newest_figure_and_where_they_went(
    program: Browser, an_lao: Commune
) -> None:
    first, second, third = an_lao.villages
    third.valid_to, third.merged_into_id = dt.date(2026, 8, 31), second.id
    for day, households in ((dt.date(2026, 1, 1), 90), (dt.date(2026, 6, 1), 100)):
        db.session.add(VillageFigure(village_id=first.id, day=day, source="UBND xã", households=households))
    db.session.commit()
    told = program.get("/api/v1/communes/11629/villages").get_json()
    assert told["commune"] == {"code": "11629", "name": "An Lão"}
    assert [village["code"] for village in told["villages"]] == ["11629.01", "11629.02", "11629.03"]
    assert told["villages"][0]["figure"] == {
        "day": "2026-06-01",
        "source": "UBND xã",
        "households": 100,
        "people": None,
        "adults": None,
    }
    assert told["villages"][1]["figure"] is None
    assert told["villages"][2]["merged_into"] == "11629.02"


@pytest.mark.parametrize("asked", ["", "?as_of=2026-11-18", "?as_of=2027-01-01"])
@pytest.mark.parametrize("path", ["coverage", "targets"])
def test_a_key_that_was_not_made_for_the_running_day_reads_until_yesterday(
    app: Flask, an_lao: Commune, path: str, asked: str
) -> None:
    """R24, sums-1: what comes before and after one visit tells nothing of it."""
    days = {}
    for reads in (program_keys.UNLESS_SAID, program_keys.READS):
        made = program_keys.add("chương trình", commune=an_lao, reads=reads)
        db.session.commit()
        answer = browser(app).get(f"/api/v1/communes/11629/{path}{asked}", headers=bearing(made.token))
        days[len(reads)] = answer.get_json()["as_of"]
    assert days == {3: "2026-11-17", 4: "2026-11-18"}


def test_every_figure_of_the_plan_is_listed_and_unknown_ones_say_so(
    program: Browser, an_lao: Commune
) -> None:
    """The An Lão page shows all 28 figures."""
    load_plans.load(plans.read("an_lao_2026"))
    db.session.commit()
    told = program.get("/api/v1/communes/11629/targets").get_json()
    assert len(told["targets"]) == 28
    for target in told["targets"]:
        assert {
            "id",
            "section",
            "label",
            "wording",
            "comparator",
            "value",
            "unit",
            "period",
            "deadline",
            "how",
        } <= set(target)
        assert target["wording"]
        assert (target["state"], target["words"], target["current"]) == ("unknown", "chưa có số liệu", None)
        assert target["office"] or target["how"] == "survey"


def test_coverage_has_the_fixed_shape(program: Browser) -> None:
    """R16."""
    told = program.get("/api/v1/communes/11629/coverage").get_json()
    assert list(told) == [
        "commune",
        "as_of",
        "received_until",
        "households",
        "households_source",
        "visited",
        "indicators",
        "villages",
    ]
    assert (told["commune"]["code"], told["as_of"]) == ("11629", "2026-11-18")
    assert [village["code"] for village in told["villages"]] == ["11629.01", "11629.02", "11629.03"]


def test_programs_see_past_days_as_ends_of_weeks(program: Browser) -> None:
    """R25: past days only as week ends, for everyone without the right to single records."""
    told = program.get("/api/v1/communes/11629/coverage?as_of=2026-11-11").get_json()
    assert told["as_of"] == "2026-11-08"


def test_an_officer_sees_any_day_of_his_commune(app: Flask, an_lao: Commune) -> None:
    make_person("officer_11629", "officer", an_lao)
    visitor = browser(app)
    visitor.sign_in("officer_11629")
    assert visitor.get("/api/v1/communes/11629/coverage?as_of=2026-11-11").get_json()["as_of"] == "2026-11-11"


def test_no_day_lies_in_the_future_or_before_all_that_was_counted(program: Browser) -> None:
    for odd, told in (
        ("0001-01-01", "1899-12-31"),
        ("1999-01-01", "1998-12-31"),
        ("1999-06-01", "1999-05-31"),
        ("2000-01-01", "1999-12-31"),
        ("9999-12-31", "2026-11-18"),
    ):
        assert program.get(f"/api/v1/communes/11629/coverage?as_of={odd}").get_json()["as_of"] == told
    assert program.get("/api/v1/communes/11629/coverage?as_of=2030-01-01").get_json()["as_of"] == "2026-11-18"


def test_unknown_parameters_are_ignored(program: Browser) -> None:
    assert program.get("/api/v1/communes/11629/coverage?la=1&as_of=2026-11-18").status_code == 200


@pytest.mark.parametrize("what", ["", "/villages", "/targets", "/coverage"])
def test_another_commune_is_refused(app: Flask, program: Browser, what: str) -> None:
    make_commune("10930", "Mao Điền")
    assert program.get(f"/api/v1/communes/10930{what}").status_code == 403
    assert program.get(f"/api/v1/communes/00000{what}").status_code == 404


def test_the_number_of_thon_does_not_change_the_number_of_statements(app: Flask, program: Browser) -> None:
    def statements(path: str) -> int:
        seen: list[object] = []

        def note(*args: object) -> None:
            seen.append(args)

        event.listen(db.engine, "before_cursor_execute", note)
        program.get(path)
        event.remove(db.engine, "before_cursor_execute", note)
        return len(seen)

    paths = [f"/api/v1/communes/11629/{what}" for what in ("villages", "targets", "coverage")]
    before = [statements(path) for path in paths]
    commune = db.session.query(Commune).one()
    for n in range(10, 40):
        db.session.add(Village(code=f"11629.{n}", name=f"thôn {n}", commune_id=commune.id))
    db.session.commit()
    assert [statements(path) for path in paths] == before
    assert max(before) <= 16


def test_the_description_lists_every_operation_for_people_too(app: Flask) -> None:
    described = browser(app).get("/api/openapi.json").get_json()
    page = browser(app).get("/api/docs").text
    assert set(described["paths"]) >= {
        "/api/v1/communes",
        "/api/v1/communes/{code}",
        "/api/v1/communes/{code}/villages",
        "/api/v1/communes/{code}/targets",
        "/api/v1/communes/{code}/coverage",
    }
    for path in described["paths"]:
        assert path in page
    assert "as_of" in page
    assert "//" not in page.replace("</", "").replace("/>", "")  # nothing is loaded from elsewhere
