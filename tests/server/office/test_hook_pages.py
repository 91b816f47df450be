"""An officer names who is sent their commune's submissions, sees what became of it, and lets it go on."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from server import clock
from server.db import db
from server.hooks import hook_register
from server.models import Audit, Commune, Hook
from server.settings import Settings
from tests import sample
from tests.conftest import Template, on_a_copy
from tests.people import Browser, browser, make_commune, make_person

BASE = "/quan-tri/xa/11629/gui-di"


@pytest.fixture
def settings(prepared: Template, tmp_path: Path) -> Iterator[Settings]:
    with on_a_copy(prepared, tmp_path, hook_hosts="nhan.example.vn") as found:
        yield found


@pytest.fixture
def officer(app: Flask) -> Browser:
    commune = make_commune()
    make_commune("10930", "Mao Điền")
    sample.publish_plain(commune=commune)
    make_person("can_bo", "officer", commune)
    visitor = browser(app)
    visitor.sign_in("can_bo")
    return visitor


def post(visitor: Browser, path: str = BASE, **fields: str) -> int:
    given = {"bieu_mau": "don_gian", "ten": "Trục liên thông", "dia_chi": "https://nhan.example.vn/p?khoa=bi-mat",
             "dang": "xml", **fields}  # fmt: skip
    return visitor.post(path, data={**given, "csrf_token": visitor.csrf_token("/tai-khoan")}).status_code


def hook() -> Hook:
    db.session.rollback()
    return db.session.scalars(sa.select(Hook)).unique().one()


def test_an_address_of_the_list_is_taken_and_the_key_that_signs_is_told_once(officer: Browser) -> None:
    assert post(officer, ky="1") == 302
    path = f"{BASE}/{hook().uid}"
    found = re.search(r'class="secret">([0-9a-f]{64})<', officer.get(path).text)
    assert found is not None
    assert found.group(1) == hook_register.secrets_of(hook()).signing
    assert found.group(1) not in officer.get(path).text
    assert re.fullmatch(r"h[A-Za-z0-9]{21}", hook().uid)


def test_the_audit_says_where_to_and_nothing_that_opens_it(officer: Browser) -> None:
    post(officer, mat_khau="mat-khau-nhan", ten_dang_nhap="xa", header="X-Khoa: khoa-nhan")
    [row] = db.session.scalars(sa.select(Audit).where(Audit.act == "hook.add"))
    assert row.detail is not None
    assert row.detail["where"] == "https://nhan.example.vn:443"
    assert not any(word in str(row.detail) for word in ("bi-mat", "mat-khau-nhan", "khoa-nhan"))


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"dia_chi": "https://xau.example.vn/"}, "TUNGNHA_HOOK_HOSTS"),
        ({"dia_chi": "http://nhan.example.vn/"}, "TUNGNHA_HOOK_HOSTS"),
        ({"ten": "  "}, "đặt tên"),
        ({"dang": "yaml"}, "chọn"),
        ({"header": "Host: khac"}, "Host"),
        ({"header": "X-TungNha-Signature: t=1"}, "X-TungNha-Signature"),
        ({"header": "khong co dau"}, "Tên: giá trị"),
        ({"bieu_mau": "khong_co"}, "khong_co"),
    ],
)
def test_what_cannot_be_taken_is_told_in_a_sentence(
    officer: Browser, fields: dict[str, str], told: str
) -> None:
    given = {
        "bieu_mau": "don_gian",
        "ten": "A",
        "dia_chi": "https://nhan.example.vn/",
        "dang": "xml",
        **fields,
    }
    answer = officer.post(BASE, data={**given, "csrf_token": officer.csrf_token("/tai-khoan")})
    assert answer.status_code == 422
    assert told in answer.text
    db.session.rollback()
    assert db.session.scalars(sa.select(Hook)).unique().all() == []


def test_a_change_keeps_what_is_secret_where_nothing_new_is_given(officer: Browser) -> None:
    post(officer, mat_khau="m", ten_dang_nhap="xa", header="X-Khoa: k", ky="1")
    signing, path = hook_register.secrets_of(hook()).signing, f"{BASE}/{hook().uid}"
    assert post(officer, path, ten="Tên mới", bat="1", ca_nhan="1", cau="so") == 302
    now = hook()
    assert (now.name, now.active, now.personal, now.questions) == ("Tên mới", True, True, ["so"])
    kept = hook_register.secrets_of(now)
    assert (kept.signing, kept.username, kept.password, dict(kept.headers)) == (
        signing,
        "xa",
        "m",
        {"X-Khoa": "k"},
    )
    text = officer.get(path).text
    assert "giữ như cũ: X-Khoa" in text
    assert "(riêng tư)" not in text, "no question of this form is"


def test_a_paused_one_says_why_and_goes_on_at_a_click(officer: Browser) -> None:
    post(officer)
    made = hook()
    made.paused_at, made.paused_why, made.failures = clock.now(), "Máy nhận báo 503 suốt hai ngày.", 9
    uid = made.uid
    db.session.commit()
    path = f"{BASE}/{uid}"
    text = officer.get(path).text
    assert "Máy nhận báo 503 suốt hai ngày." in text
    assert "Gửi tiếp" in text
    assert post(officer, f"{path}/gui-tiep") == 302
    now = hook()
    assert (now.paused_at, now.paused_why, now.failures) == (None, None, 0)


def test_one_is_removed_with_all_that_waits(officer: Browser) -> None:
    post(officer)
    assert post(officer, f"{BASE}/{hook().uid}/xoa") == 302
    db.session.rollback()
    assert db.session.scalars(sa.select(Hook)).unique().all() == []


def test_another_communes_hook_is_not_there(app: Flask, officer: Browser) -> None:
    post(officer)
    uid = hook().uid
    make_person(
        "khac", "officer", db.session.scalars(sa.select(Commune).where(Commune.code == "10930")).one()
    )
    other = browser(app)
    other.sign_in("khac")
    assert other.get(f"/quan-tri/xa/10930/gui-di/{uid}").status_code == 404
    assert other.get(f"{BASE}/{uid}").status_code == 403


def test_an_address_that_was_removed_comes_back_from_the_bin_and_rests(officer: Browser) -> None:
    """R26; with its secrets, and without sending anything until somebody says so."""
    post(officer, ky="1")
    before = hook()
    uid, secrets = before.uid, before.secrets
    officer.post(f"{BASE}/{uid}/xoa", data={"csrf_token": officer.csrf_token("/tai-khoan")})
    page = officer.get("/quan-tri/thung-rac").text
    assert "Trục liên thông" in page
    number = re.search(r'name="muc" value="(\d+)"', page)[1]
    back = {"csrf_token": officer.csrf_token("/tai-khoan"), "muc": number}
    assert officer.post("/quan-tri/thung-rac", data=back).status_code == 302
    assert (hook().uid, hook().secrets) == (uid, secrets)
    assert hook().paused_at is not None
