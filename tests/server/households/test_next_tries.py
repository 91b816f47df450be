"""When a household is to be tried next: appointments, hours of tries, closing after so many, opening again."""

import datetime as dt
import re
import uuid

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from forms.engine import engine
from server import clock
from server.counting import writer_lock
from server.db import db
from server.errors import Problem
from server.households import household_acts, household_states, next_try
from server.households.act_rows import Officer
from server.households.next_try import Appointment
from server.models import Audit, Entity, EntityAct, Village
from tests import leaders
from tests.people import Browser, browser, make_person
from tests.server.households.test_house_cases import NOON, World, world
from tests.server.households.test_what_walkers_see import shown, visit
from tests.server.intake.test_receive_submission import differences

__all__ = ["world"]  # a fixture is found by its name
TODAY = clock.day_of(NOON)
HOME = "Phạm Thị Hoa, Ngõ 5, số 20"
TEAM = "/xa/11629/to/11629002"


@pytest.fixture
def walked(world: World) -> World:
    """Three households, nobody visited yet; today is Sunday, 29 November."""
    world.load("house-04-list.xlsx")
    return world


def key(label: str = HOME) -> uuid.UUID:
    db.session.rollback()
    found = db.session.scalars(sa.select(Entity.id).where(Entity.label == label)).one()
    db.session.close()
    return found


def send(world: World, result: str, *days: str) -> None:
    for day in days:
        world.send(visit(str(key()), HOME, result, day))


def leader(world: World) -> Browser:
    make_person("to_truong", "team_leader", world.commune, tuple(db.session.scalars(sa.select(Village))))
    found = browser(world.app)
    found.sign_in("to_truong")
    return found


def press(who: Browser, **fields: str) -> int:
    at = f"{TEAM}/ho/{key()}"
    return who.post(at, data={"csrf_token": who.csrf_token(at), **fields}).status_code


def test_a_label_says_when_nobody_was_at_home_and_how_often_so_far(walked: World) -> None:
    send(walked, "vang", "2026-11-25")
    assert f"{HOME} (vắng nhà 25/11, 08:20 T4)" in shown(walked)
    send(walked, "vang", "2026-11-27")
    assert f"{HOME} (vắng nhà 27/11, 08:20 T6, đã đến 2 lần)" in shown(walked)


def test_after_three_tries_a_household_is_closed_and_stays_absent_where_it_is_counted(walked: World) -> None:
    """R33, R5."""
    send(walked, "vang", "2026-11-25", "2026-11-26", "2026-11-27")
    assert shown(walked)[-1] == f"{HOME} (đã thử đủ 3 lần 27/11, 08:20 T6)"
    assert walked.choices()[HOME]["tinh_trang"] == household_states.AWAY
    page = leader(walked).get(TEAM).text
    assert "Cần đến 2 hộ; đã gặp 0/3" in page
    assert "Ngõ 5, số 20" in browser_of(walked).get(f"{TEAM}?loc=thu_du").text
    assert "Ngõ 5, số 20" not in browser_of(walked).get(f"{TEAM}?loc=vang").text
    leaders.sign_up(walked.commune, "officer", "can.bo")
    db.session.commit()
    officer = Browser(walked.app)
    officer.sign_in("can.bo", leaders.PASSWORD)
    paper = "/quan-tri/xa/11629/ho/danh-sach-giay?loc="
    listed = {
        which: "<td>20</td>" in officer.get(f"{paper}{which}").text for which in ("con_phai_den", "tat_ca")
    }
    assert listed == {"con_phai_den": False, "tat_ca": True}
    page = officer.get(f"/quan-tri/xa/11629/ho/{key()}").text
    assert "đã thử đủ 3 lần" in page
    assert f'href="{TEAM}/ho/{key()}"' in page
    assert differences() == []


def browser_of(world: World) -> Browser:
    found = browser(world.app)
    found.sign_in("to_truong")
    return found


def test_a_team_leader_opens_it_again_and_three_more_tries_close_it(walked: World) -> None:
    send(walked, "vang", "2026-11-24", "2026-11-25", "2026-11-26")
    who = leader(walked)
    assert "Đã thử đủ 3 lần" in who.get(f"{TEAM}/ho/{key()}").text
    assert press(who, viec="mo_lai") == 302
    assert f"{HOME} (vắng nhà 26/11, 08:20 T5, đã đến 3 lần)" in shown(walked)
    assert press(who, viec="mo_lai") == 409  # it is open
    send(walked, "vang", "2026-11-27", "2026-11-28")
    assert "thử đủ" not in str(shown(walked))
    send(walked, "vang", "2026-11-29")
    assert "(đã thử đủ 3 lần 29/11" in shown(walked)[-1]
    acted = db.session.scalars(sa.select(Audit.actor).where(Audit.act == "household.reopen")).all()
    assert len(acted) == 1
    assert differences() == []


@pytest.mark.parametrize("result", ["gap", "tu_choi"])
def test_who_was_met_or_refused_is_not_closed(walked: World, result: str) -> None:
    send(walked, "vang", "2026-11-24", "2026-11-25")
    send(walked, result, "2026-11-26")
    assert "thử đủ" not in str(shown(walked))


def test_an_appointment_is_read_on_the_phone_stands_first_on_its_day_and_passes_by_itself(
    walked: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R33."""
    send(walked, "vang", "2026-11-27")
    who = leader(walked)
    before = walked.choices()
    assert press(who, viec="hen", ngay="2026-12-05", buoi="toi") == 302
    told = f"{HOME} (vắng nhà 27/11, 08:20 T6) [hẹn tối T7 05/12]"
    assert shown(walked)[-1] == told
    assert list(walked.choices()) == list(before)
    monkeypatch.setattr(clock, "now", lambda: NOON + dt.timedelta(days=6))
    assert shown(walked)[0] == told
    monkeypatch.setattr(clock, "now", lambda: NOON + dt.timedelta(days=7))
    assert "hẹn" not in str(shown(walked))


def test_the_page_of_today_begins_with_the_appointments_of_today(walked: World) -> None:
    who = leader(walked)
    send(walked, "tu_choi", "2026-11-27")
    assert "Hẹn hôm nay" not in who.get(TEAM).text
    assert press(who, viec="hen", ngay="2026-11-29", buoi="chieu") == 302
    page = who.get(TEAM).text
    assert re.search(r"Hẹn hôm nay.*?Phạm Thị Hoa.*?Hẹn chiều CN 29/11", page, re.S)
    assert "Cần đến 3 hộ" in page
    send(walked, "vang", "2026-11-29")  # somebody went: the appointment is over
    assert "Hẹn hôm nay" not in who.get(TEAM).text


@pytest.mark.parametrize("day", ["2026-11-28", "2027-12-01", "", "mai"])
def test_an_appointment_lies_ahead_and_not_too_far(walked: World, day: str) -> None:
    assert press(leader(walked), viec="hen", ngay=day) in (400, 409)
    assert "hẹn" not in str(shown(walked))


def test_an_appointment_is_taken_away_or_undone_beside_all_other_acts(walked: World) -> None:
    who, officer = leader(walked), Officer("person:1", "Hạnh", walked.commune.id)
    assert press(who, viec="hen", ngay="2026-11-30") == 302
    assert f"{HOME} [hẹn T2 30/11]" in shown(walked)
    assert press(who, viec="bo_hen") == 302
    assert "hẹn" not in str(shown(walked))
    home = key()
    with db.engine.begin() as connection:
        ended = household_acts.end(connection, home, TODAY - dt.timedelta(days=1), officer)
    with db.engine.begin() as connection:
        household_acts.undo(connection, ended, officer)  # what came before is not in its way
        last = connection.scalar(sa.select(sa.func.max(EntityAct.id)).where(EntityAct.kind == "appoint"))
        household_acts.undo(connection, last or 0, officer)
    assert f"{HOME} [hẹn T2 30/11]" in shown(walked)
    assert differences() == []


def test_who_leads_another_thon_plans_nothing_here(walked: World) -> None:
    leaders.sign_up(walked.commune, "reviewer", "soat")
    db.session.commit()
    who = Browser(walked.app)
    who.sign_in("soat", leaders.PASSWORD)
    assert who.get(f"{TEAM}/ho/{key()}").status_code == 403
    stranger = leader(walked)
    assert stranger.get(f"{TEAM}/ho/{uuid.uuid4()}").status_code == 404


def test_a_household_met_meanwhile_takes_no_appointment(walked: World) -> None:
    send(walked, "gap", "2026-11-27")
    with db.engine.begin() as connection:
        writer_lock.hold(connection)
        with pytest.raises(Problem):
            next_try.appoint(connection, key(), Appointment(TODAY), Officer("person:1", "H", 1))


def filled(world: World, **answers: str) -> bytes:
    """A visit at noon of today to the household, as a phone writes it."""
    xform, media = world.phone.sync()["ho_gia_dinh"]
    filling = engine.open_form(xform, media).start(NOON)
    for question, answer in {"thon": "11629002", "tim_ho": "co_san", "ho": str(key()), **answers}.items():
        filling.answer(question, answer)
    assert not filling.problems()
    return filling.submission(NOON)


def test_what_a_household_says_at_the_door_is_its_appointment_until_it_says_another(walked: World) -> None:
    """R33. A visit that says nothing of it leaves the appointment as it was."""
    walked.send(filled(walked, ket_qua="tu_choi", hen_lai="2026-12-05", hen_luc="toi"))
    assert f"{HOME} (từ chối 29/11) [hẹn tối T7 05/12]" in shown(walked)
    walked.send(filled(walked, ket_qua="vang"))
    assert shown(walked)[-1].endswith("[hẹn tối T7 05/12]")
    walked.send(filled(walked, ket_qua="vang", hen_lai="2026-12-06"))
    assert shown(walked)[-1].endswith("[hẹn CN 06/12]")
    walked.send(filled(walked, ket_qua="gap"))
    assert shown(walked)[-1] == f"✓ {HOME} (đã gặp 29/11)"
    assert differences() == []


texts = st.one_of(st.text(max_size=12), st.integers(-5, 20).map(str), st.dates().map(str), st.none())
DATA = st.fixed_dictionaries(
    {
        "tinh_trang": st.sampled_from([*household_states.WORDS, "", "khac"]),
        "lan_tham": texts,
        "mo_lai": texts,
    },
    optional={"hen_ngay": texts, "hen_buoi": texts, "ngay_cuoi": texts},
)


@given(DATA, st.integers(0, 5))
def test_whatever_a_form_saved_a_household_is_planned_for(data: dict[str, str | None], most: int) -> None:
    """R33: closed only where absent and tried so often; an appointment is never past, nor of one that was met."""
    found = next_try.of(data, TODAY, most)
    if found.is_closed:
        assert (data["tinh_trang"], found.appointment) == (household_states.AWAY, None)
        assert found.visits >= most > 0
    if found.appointment is not None:
        assert found.appointment.day >= TODAY
        assert data["tinh_trang"] not in (household_states.MET, household_states.MOVED)
    assert len(next_try.away_words(found, NOON, most, NOON.date())) < 60
