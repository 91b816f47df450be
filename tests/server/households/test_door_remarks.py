"""An officer's remark goes to the phone with the household and ends when a visit answers it; sending back is that."""

import re
import uuid

import pytest
import sqlalchemy as sa

from server.db import db
from server.models import Entity, Submission
from tests import leaders
from tests.people import Browser
from tests.server.households.test_house_cases import World, world
from tests.server.households.test_what_walkers_see import shown, visit
from tests.server.intake.test_receive_submission import differences

__all__ = ["world"]  # a fixture is found by its name
HOME = "Phạm Thị Hoa, Ngõ 5, số 2"
TOLD = f"{HOME} (đã gặp 24/11) [nhắn: hỏi lại số người]"


@pytest.fixture
def officer(world: World) -> Browser:
    """One household of three was met on 24 November."""
    leaders.sign_up(world.commune, "officer", "can.bo")
    db.session.commit()
    world.load("house-04-list.xlsx")
    send(world, "gap", "2026-11-24")
    browser = Browser(world.app)
    browser.sign_in("can.bo", leaders.PASSWORD)
    return browser


def key() -> str:
    db.session.rollback()
    found = db.session.scalars(sa.select(Entity.id).where(Entity.label == HOME)).one()
    db.session.close()
    return str(found)


def send(world: World, result: str, day: str) -> None:
    world.send(visit(key(), HOME, result, day))


def submission() -> int:
    db.session.rollback()
    found = db.session.scalars(sa.select(Submission.id).order_by(Submission.id)).first() or 0
    db.session.close()
    return found


def remark(officer: Browser, text: str) -> None:
    at = f"/quan-tri/xa/11629/ho/{key()}"
    given = {"csrf_token": officer.csrf_token(at), "viec": "remark", "dong_y": "1", "loi_nhan": text}
    answer = officer.post(at, data=given, follow_redirects=True)
    assert "Đã làm xong: nhắn người đi" in answer.text


def test_a_remark_is_read_on_the_phone_until_somebody_was_met_there(world: World, officer: Browser) -> None:
    assert f"✓ {HOME} (đã gặp 24/11)" in shown(world)
    remark(officer, "  hỏi lại \n số người ")
    assert shown(world)[0] == TOLD  # before those who were not visited yet
    assert world.choices()[HOME]["loi_nhan"] == "hỏi lại số người"
    send(world, "gap", "2026-11-23")  # a visit of before, sent late: it knew nothing of the remark
    assert TOLD in shown(world)
    send(world, "vang", "2026-11-30")
    assert any("[nhắn: hỏi lại số người]" in each for each in shown(world))
    send(world, "gap", "2026-12-01")
    assert not any("nhắn" in each for each in shown(world))
    page = officer.get(f"/quan-tri/xa/11629/ho/{key()}").text
    assert "đã có phiếu trả lời" in page
    assert differences() == []


def test_a_rejected_answer_is_none_and_a_remark_that_is_taken_back_is_gone(
    world: World, officer: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    remark(officer, "hỏi lại số người")
    send(world, "gap", "2026-12-01")
    db.session.rollback()
    answer = db.session.scalars(sa.select(sa.func.max(Submission.id))).one()
    db.session.close()
    at = f"/quan-tri/xa/11629/phieu/{answer}"
    given = {"csrf_token": officer.csrf_token(at), "dang_la": "received", "ghi_chu": "không ai ở nhà"}
    officer.post(at, data={**given, "trang_thai": "rejected"})
    assert TOLD in shown(world)
    page = officer.get(f"/quan-tri/xa/11629/ho/{key()}").text
    act = re.findall(r'name="lan" value="(\d+)"', page)[0]
    undo = {"csrf_token": given["csrf_token"], "viec": "undo", "lan": act, "dong_y": "1"}
    officer.post(f"/quan-tri/xa/11629/ho/{key()}", data=undo)
    assert shown(world)[-1] == f"✓ {HOME} (đã gặp 24/11)"
    assert differences() == []


def test_a_visit_is_sent_back_with_a_remark_and_answered_by_its_correction(
    world: World, officer: Browser
) -> None:
    """Sending back: the visit waits as “cần xem lại”, and the phone says what to ask again."""
    number = submission()
    at = f"/quan-tri/xa/11629/phieu/{number}"
    given = {
        "csrf_token": officer.csrf_token(at), "dang_la": "received", "ghi_chu": "đã gọi điện",
        "trang_thai": "has_issues", "loi_nhan": "hỏi lại số người",
    }  # fmt: skip
    assert officer.post(at, data=given).status_code == 302
    assert TOLD in shown(world)
    assert f"phiếu số {number}" in officer.get(f"/quan-tri/xa/11629/ho/{key()}").text
    db.session.rollback()
    old = db.session.get_one(Submission, number).instance_id
    edit = visit(key(), HOME, "gap", "2026-11-24").replace(
        b"</meta>", f"<deprecatedID>{old}</deprecatedID></meta>".encode()
    )
    db.session.close()
    world.send(edit)
    assert shown(world)[-1] == f"✓ {HOME} (đã gặp 24/11)"
    assert differences() == []


def test_a_remark_that_is_too_long_is_told_beside_its_field_and_kept(world: World, officer: Browser) -> None:
    number, long = submission(), "hỏi lại " * 20
    at = f"/quan-tri/xa/11629/phieu/{number}"
    given = {
        "csrf_token": officer.csrf_token(at), "dang_la": "received", "ghi_chu": "đã gọi điện",
        "trang_thai": "has_issues", "loi_nhan": long,
    }  # fmt: skip
    answer = officer.post(at, data=given)
    assert answer.status_code == 409
    assert re.search(r'id="loi" role="alert">[^<]*dài quá 120 chữ', answer.text)
    assert "đã gọi điện</textarea>" in answer.text
    assert long.strip() in answer.text
    assert "đã nhận" in officer.get(at).text  # nothing was decided
    at = f"/quan-tri/xa/11629/ho/{key()}"
    answer = officer.post(at, data={**given, "viec": "remark", "dong_y": "1"})
    assert answer.status_code == 409
    assert re.search(r'role="alert" id="loi">[^<]*dài quá 120 chữ', answer.text)
    assert long.strip() in answer.text


def test_a_household_that_a_phone_registers_is_read_there_before_any_network(world: World) -> None:
    """Its choice on the phone is the property that the form saves; the server keeps none of it."""
    [form] = [each for each in world.phone.forms() if each.form_id == "ho_gia_dinh"]
    xform = world.phone.download(form).decode()
    assert re.search(r'nodeset="/data/dang_ky/hien_moi"[^>]*saveto="hien_ten"', xform)
    new = str(uuid.uuid4())
    world.send(
        (
            '<data xmlns:entities="http://www.opendatakit.org/xforms/entities" id="ho_gia_dinh" version="2026112501">'
            "<start>2026-11-24T08:00:00.000+07:00</start><end>2026-11-24T08:20:00.000+07:00</end><thon>11629002</thon>"
            f"<tim_ho>moi</tim_ho><ma_moi>{new}</ma_moi><ho_id>{new}</ho_id><ket_qua>gap</ket_qua><dang_ky>"
            "<dia_chi>Ngõ 9, số 1</dia_chi><chu_ho>Đào Thị Sen</chu_ho><nhan>Đào Thị Sen, Ngõ 9, số 1</nhan>"
            "<hien_moi>✓ Đào Thị Sen, Ngõ 9, số 1 (đã gặp 24/11)</hien_moi><thon_moi>11629002</thon_moi></dang_ky>"
            f'<meta><entity dataset="ho_dan" create="1" id="{new}"><label>Đào Thị Sen, Ngõ 9, số 1</label></entity>'
            f"<instanceID>uuid:{uuid.uuid4()}</instanceID></meta></data>"
        ).encode()
    )
    db.session.rollback()
    assert "hien_ten" not in db.session.get_one(Entity, uuid.UUID(new)).data
    db.session.close()
    assert shown(world) == ["✓ Đào Thị Sen, Ngõ 9, số 1 (đã gặp 24/11)"]
