"""A refusal stands at its place (desk-05): at its field and in view, what was typed kept, the way back offered."""

import io

import pytest
from flask import Flask

from server.models import Entity
from tests import sample
from tests.people import Browser, browser, make_person

HOUSE = "/quan-tri/xa/11629/ho"


@pytest.fixture
def household(app: Flask) -> Entity:
    commune = sample.make_commune()
    made = sample.make_entity(sample.make_village(commune), "Lương Thị Nụ, Ngõ 14, số 3")
    make_person("can.bo", "officer", commune)
    return made


@pytest.fixture
def officer(app: Flask, household: Entity) -> Browser:
    found = browser(app)
    found.sign_in("can.bo")
    return found


def test_an_act_that_cannot_be_is_told_at_its_form_with_what_was_typed(
    officer: Browser, household: Entity
) -> None:
    at = f"{HOUSE}/{household.id}"
    given = {
        "csrf_token": officer.csrf_token(at), "viec": "split", "dong_y": "1", "ten": "Lương Văn Hai",
        "dia_chi": "Ngõ 14, số 3A", "ngay": "2999-01-01",
    }  # fmt: skip
    answer = officer.post(at, data=given)
    assert answer.status_code == 409
    split = answer.text[answer.text.index("<summary>Tách hộ") : answer.text.index("<summary>Gộp với")]
    for words in ('id="loi">', "ngày chưa tới", "Lương Văn Hai", "Ngõ 14, số 3A", "2999-01-01"):
        assert words in split
    assert "<details open><summary>Tách hộ" in answer.text
    assert '<a href="#loi">' in answer.text
    assert f'action="{at}#loi"' in answer.text  # the page is shown where the refusal stands


@pytest.mark.parametrize(
    ("viec", "more", "said"),
    [
        ("fix", {}, "hãy chọn thôn"),
        ("move", {"thon": "1"}, "hãy chọn ngày"),
        ("merge", {"ho_khac": "không phải mã"}, "Không có hộ này"),
    ],
)
def test_what_is_missing_is_told_on_the_page(
    officer: Browser, household: Entity, viec: str, more: dict[str, str], said: str
) -> None:
    at = f"{HOUSE}/{household.id}"
    given = {"csrf_token": officer.csrf_token(at), "viec": viec, "dong_y": "1", **more}
    answer = officer.post(at, data=given)
    assert answer.status_code in (400, 404)
    assert said in answer.text
    assert "Lương Thị Nụ" in answer.text


def test_a_refused_table_keeps_its_page_its_source_and_its_day(officer: Browser) -> None:
    at = "/quan-tri/xa/11629/bang/so-ho"
    given = {
        "csrf_token": officer.csrf_token(at), "nguon": "Công an xã", "ngay": "2026-11-01",
        "tep": (io.BytesIO(b"\x00\x01"), "so.xlsx"),
    }  # fmt: skip
    answer = officer.post(at, data=given)
    assert answer.status_code == 422
    for words in ('id="loi"', "Công an xã", "2026-11-01"):
        assert words in answer.text


def test_a_problem_page_leads_back_to_where_one_was(officer: Browser, household: Entity) -> None:
    at = f"{HOUSE}/{household.id}"
    given = {"csrf_token": officer.csrf_token(at), "viec": "bay"}
    answer = officer.post(at, data=given, headers={"Referer": f"http://localhost{at}?x=1"})
    assert answer.status_code == 400
    assert f'<a href="{at}?x=1">Về trang vừa mở</a>' in answer.text
    assert "chữ đã gõ vẫn còn" in answer.text
    for foreign in ("http://elsewhere.example/a", "http://localhost//elsewhere.example", ""):
        told = officer.get(f"{HOUSE}/{household.list_id}x", headers={"Referer": foreign}).text
        assert "Về trang vừa mở" not in told
        assert "elsewhere" not in told
