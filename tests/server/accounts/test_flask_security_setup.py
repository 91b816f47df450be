"""Signing in and out: words, landing pages, cookies, and wrong passwords."""

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from server.db import db
from server.models import Person
from tests.people import PASSWORD, Browser, browser, make_commune, make_person


@pytest.fixture
def visitor(app: Flask) -> Browser:
    return browser(app)


def test_a_leader_lands_on_his_commune(app: Flask, visitor: Browser) -> None:
    make_person("leader_11629", "leader", make_commune())
    answer = visitor.sign_in("leader_11629")
    assert (answer.status_code, answer.location) == (302, "/bat-dau")
    assert visitor.get("/bat-dau").location == "/xa/11629"


def test_the_city_lands_on_the_city(app: Flask, visitor: Browser) -> None:
    make_person("city", "city")
    visitor.sign_in("city")
    there_is = any(rule.rule == "/thanh-pho" for rule in app.url_map.iter_rules())
    assert visitor.get("/bat-dau").location == ("/thanh-pho" if there_is else "/")


def test_names_are_taken_without_regard_to_case_and_blanks(app: Flask, visitor: Browser) -> None:
    make_person("leader_11629", "leader", make_commune())
    assert visitor.sign_in("  Leader_11629 ").status_code == 302


def test_the_page_asked_for_comes_after_signing_in(app: Flask, visitor: Browser) -> None:
    make_person("city", "city")
    asked = visitor.get("/bat-dau?a=1")
    assert asked.location == "/dang-nhap?next=/bat-dau?a%3D1"
    assert 'name="next" value="/bat-dau?a=1"' in visitor.get(asked.location).text
    assert visitor.sign_in("city", next="/bat-dau?a=1").location == "/bat-dau?a=1"


@pytest.mark.parametrize(
    "elsewhere",
    ["https://xau.example/", "//xau.example/", "/\\xau.example", "///xau.example", "javascript:alert(1)"],
)
def test_nobody_is_led_to_another_site(app: Flask, visitor: Browser, elsewhere: str) -> None:
    make_person("city", "city")
    assert visitor.sign_in("city", next=elsewhere).location in ("/bat-dau", "/%5Cxau.example", "/xau.example")


def test_a_wrong_name_and_a_wrong_password_are_told_alike_and_say_what_to_do(
    app: Flask, visitor: Browser
) -> None:
    make_person("city", "city")
    texts = [visitor.sign_in(*pair).text for pair in (("city", "sai roi nhe"), ("khong_co", PASSWORD))]
    for text in texts:
        assert "Tên đăng nhập hoặc mật khẩu chưa đúng." in text
        assert "nhờ quản trị viên cấp lại mật khẩu" in text
    assert texts[0].count('role="alert"') == texts[1].count('role="alert"') == 1


def test_an_account_no_longer_in_use_says_so_only_to_who_knows_the_password(
    app: Flask, visitor: Browser
) -> None:
    number = make_person("city", "city")
    db.session.get_one(Person, number).active = False
    db.session.commit()
    assert "đã ngừng dùng" in visitor.sign_in("city").text
    assert "đã ngừng dùng" not in visitor.sign_in("city", "sai roi nhe").text


def test_an_account_taken_out_of_use_is_out_at_the_next_page(app: Flask, visitor: Browser) -> None:
    number = make_person("city", "city")
    visitor.sign_in("city")
    db.session.get_one(Person, number).active = False
    db.session.commit()
    assert visitor.get("/bat-dau").location.startswith("/dang-nhap")


def test_without_the_pages_own_form_nothing_happens(app: Flask, visitor: Browser) -> None:
    make_person("city", "city")
    answer = visitor.post("/dang-nhap", data={"username": "city", "password": PASSWORD})
    assert answer.status_code == 400
    assert "Trang này mở đã lâu" in answer.text
    assert visitor.get("/bat-dau").location.startswith("/dang-nhap")


def test_signing_out_is_a_post_with_the_pages_form(app: Flask, visitor: Browser) -> None:
    make_person("city", "city")
    token = visitor.csrf_token()
    visitor.sign_in("city")
    assert visitor.get("/dang-xuat").status_code == 405
    assert visitor.post("/dang-xuat").status_code == 400
    assert visitor.get("/bat-dau").location in ("/", "/thanh-pho")
    assert visitor.post("/dang-xuat", data={"csrf_token": token}).location == "/dang-nhap"
    assert visitor.get("/bat-dau").location.startswith("/dang-nhap")


def test_the_cookie_is_for_http_alone_and_this_site_alone(app: Flask, visitor: Browser) -> None:
    cookie = visitor.get("/dang-nhap").headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie


def test_the_sign_in_page_is_not_kept_by_proxies(app: Flask, visitor: Browser) -> None:
    assert "no-store" in visitor.get("/dang-nhap").headers["Cache-Control"]


def test_forty_people_behind_one_address_may_sign_in_at_once(app: Flask) -> None:
    make_person("city", "city")
    assert {browser(app).sign_in("city").status_code for _ in range(40)} == {302}


def test_the_other_language_is_a_choice_that_lasts(app: Flask, visitor: Browser) -> None:
    assert "Mật khẩu" in visitor.get("/dang-nhap", headers={"Accept-Language": "en"}).text
    english = visitor.get("/dang-nhap?ngon_ngu=en").text
    assert '<html lang="en"' in english
    assert "Password" in english
    assert "User name or password is not right" in visitor.sign_in("ai_do", "sai roi nhe").text
    assert "Mật khẩu" in visitor.get("/dang-nhap?ngon_ngu=vi").text


def test_there_is_no_way_to_register_or_recover(app: Flask, visitor: Browser) -> None:
    for path in (
        "/register",
        "/reset",
        "/login",
        "/change",
        "/verify",
        "/confirm",
        "/us-signin",
        "/tf-setup",
    ):
        assert visitor.get(path).status_code == 404


def test_passwords_are_kept_as_argon2(app: Flask) -> None:
    stored = db.session.get_one(Person, make_person("city", "city")).password
    assert stored.startswith("$argon2id$")
    assert PASSWORD not in stored


@given(username=st.text(max_size=80), password=st.text(max_size=150), next_page=st.text(max_size=40))
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_text_in_the_form_breaks_it(app: Flask, username: str, password: str, next_page: str) -> None:
    answer = browser(app).sign_in(username, password, next=next_page)
    assert answer.status_code in (200, 429)
