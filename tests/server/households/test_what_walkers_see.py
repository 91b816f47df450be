"""What the phone tells who walks (walker-02, walker-03): who was met and when; a move is a proposal at first."""

import datetime as dt
import re
import uuid

import pytest
import sqlalchemy as sa

from server import clock
from server.db import db
from server.models import Submission
from server.review import decisions
from server.review.decisions import Reviewer
from tests.server.households.test_house_cases import World, world
from tests.server.intake.test_receive_submission import differences

__all__ = ["world"]  # a fixture is found by its name


def visit(household: str, label: str, result: str, day: str) -> bytes:
    """A visit to a household that the phone has in its list."""
    return (
        '<data xmlns:entities="http://www.opendatakit.org/xforms/entities" id="ho_gia_dinh" version="2026112501">'
        f"<start>{day}T08:00:00.000+07:00</start><end>{day}T08:20:00.000+07:00</end><thon>11629002</thon>"
        f"<tim_ho>co_san</tim_ho><ho>{household}</ho><ho_id>{household}</ho_id><ket_qua>{result}</ket_qua>"
        f'<meta><entity dataset="ho_dan" update="1" baseVersion="1" id="{household}"/>'
        f"<instanceID>uuid:{uuid.uuid4()}</instanceID></meta></data>"
    ).encode()


def shown(world: World) -> list[str]:
    return [row["hien_ten"] for row in world.choices().values()]


def test_the_list_on_the_phone_says_who_was_met_and_when(world: World) -> None:
    """Case walker-03; those who are still to be met come first, lane by lane."""
    world.load("house-04-list.xlsx")
    rows = world.choices()
    assert shown(world) == list(rows) == [f"Phạm Thị Hoa, Ngõ 5, số {number}" for number in (2, 18, 20)]
    first, second, _ = rows.values()
    world.send(visit(first["name"], first["label"], "gap", "2026-11-24"))
    world.send(visit(second["name"], second["label"], "vang", "2026-11-25"))
    assert shown(world) == [
        "Phạm Thị Hoa, Ngõ 5, số 20",
        "Phạm Thị Hoa, Ngõ 5, số 18 (vắng nhà 25/11, 08:20 T4)",
        "✓ Phạm Thị Hoa, Ngõ 5, số 2 (đã gặp 24/11)",
    ]
    assert "ngo 5 so 2" in world.choices()["Phạm Thị Hoa, Ngõ 5, số 2"]["tim"]


def test_after_new_year_a_visit_of_the_year_before_says_its_year(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """“24/11” read in January is no visit of this year."""
    world.load("house-04-list.xlsx")
    first, second, _ = world.choices().values()
    world.send(visit(first["name"], first["label"], "gap", "2026-11-24"))
    world.send(visit(second["name"], second["label"], "vang", "2026-11-25"))
    monkeypatch.setattr(clock, "now", lambda: dt.datetime(2026, 12, 31, 17, 30, tzinfo=dt.UTC))
    assert shown(world) == [
        "Phạm Thị Hoa, Ngõ 5, số 20",
        "Phạm Thị Hoa, Ngõ 5, số 18 (vắng nhà 25/11/2026, 08:20 T4)",
        "✓ Phạm Thị Hoa, Ngõ 5, số 2 (đã gặp 24/11/2026)",
    ]


def test_the_form_shows_what_the_list_says(world: World) -> None:
    [form] = [each for each in world.phone.forms() if each.form_id == "ho_gia_dinh"]
    xform = world.phone.download(form).decode()
    assert re.search(r"<itemset nodeset=\"instance\('ho_dan'\).*?<label ref=\"hien_ten\"/>", xform, re.S)


def test_a_name_typed_with_tabs_and_line_ends_is_one_line_on_every_list(world: World) -> None:
    """As keyboards and pasted texts leave it; letters in parts are composed."""
    typed = "  L\u01b0\u01a1ng\tThi\u0323   N\u1ee5,&#10;Ngõ 14 "
    sent = (
        '<data xmlns:entities="http://www.opendatakit.org/xforms/entities" id="ho_gia_dinh" version="2026112501">'
        "<thon>11629002</thon><tim_ho>moi</tim_ho><ket_qua>gap</ket_qua><dang_ky><thon_moi>11629002</thon_moi></dang_ky>"
        f'<meta><entity dataset="ho_dan" create="1" id="{uuid.uuid4()}"><label>{typed}</label></entity>'
        f"<instanceID>uuid:{uuid.uuid4()}</instanceID></meta></data>"
    )
    world.send(sent.encode())
    [label] = world.choices()
    assert label == "Lương Thị Nụ, Ngõ 14"


def test_moved_by_one_tap_is_a_proposal_until_an_officer_agrees(world: World) -> None:
    """Case walker-02."""
    world.load("house-04-list.xlsx")
    first, *_ = world.choices().values()
    world.send(visit(first["name"], first["label"], "gap", "2026-11-20"))
    world.send(visit(first["name"], first["label"], "da_chuyen", "2026-11-24"))
    row = world.choices()[first["label"]]
    assert (row["tinh_trang"], row["ket_qua"], row["lan_tham"]) == ("da_gap", "da_chuyen", "2")
    assert row["hien_ten"] == "Phạm Thị Hoa, Ngõ 5, số 2 (báo đã chuyển 24/11)"
    said = db.session.scalars(sa.select(Submission).where(Submission.result == "da_chuyen")).one()
    assert [flag["code"] for flag in said.flags or ()] == ["says_moved"]
    reviewer, key = Reviewer("person:1", "Hạnh", world.commune.id), said.id
    db.session.rollback()
    for state, before, expected in (
        ("approved", "received", "da_chuyen"),
        ("rejected", "approved", "da_gap"),
        ("received", "rejected", "da_gap"),
    ):
        with db.engine.begin() as connection:
            decisions.decide(connection, key, state, expected=before, reviewer=reviewer)
        assert world.choices()[first["label"]]["tinh_trang"] == expected
    assert differences() == []
