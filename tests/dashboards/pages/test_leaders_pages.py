"""Leaders' pages as a browser receives them."""

import dataclasses
import re
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from flask import Flask

from dashboards.reports import report_content, report_periods, report_sentences
from server.counting import tally
from server.db import db
from server.models import Commune, Indicator, TallyDay
from tests.asked import statements
from tests.conftest import Template, filled_once
from tests.leaders import TODAY, fill, sign_up
from tests.people import Browser, browser, make_commune, make_person

pytestmark = pytest.mark.usefixtures("noon")

PAGES = ("/xa/11629", "/xa/11629/chi-tieu", "/xa/11629/ban-do", "/xa/11629/ban-do/khung")


@pytest.fixture(scope="module")
def prepared(
    template_database: Template, tmp_path_factory: pytest.TempPathFactory, noon: None
) -> Iterator[Template]:
    """An Lão with thirteen thôn, and its leader."""
    with filled_once(template_database, tmp_path_factory.mktemp("filled"), _fill) as found:
        yield found


def _fill(_app: Flask) -> None:
    commune = fill("11629", villages=13)
    sign_up(commune)
    db.session.commit()


@pytest.fixture
def leader(app: Flask) -> Browser:
    """The leader of An Lão, signed in."""
    visitor = browser(app)
    assert visitor.sign_in("lanh.dao").status_code == 302
    return visitor


def words(markup: str) -> str:
    """What a reader sees of a page: no tags, single spaces."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", markup).replace("\u00a0", " "))


def test_who_has_not_signed_in_is_led_to_the_door(app: Flask) -> None:
    for path in ("/", *PAGES, "/thanh-pho"):
        answer = browser(app).get(path)
        assert answer.status_code == 302
        assert "/dang-nhap" in answer.location


def test_a_leader_lands_on_his_commune(leader: Browser) -> None:
    first = leader.get("/", follow_redirects=True)
    assert first.request.path == "/xa/11629"


def test_another_commune_is_refused(leader: Browser) -> None:
    fill("10930", villages=2)
    db.session.commit()
    assert leader.get("/xa/10930").status_code == 403
    assert leader.get("/xa/10930/ban-do/khung").status_code == 403


def test_a_phuong_is_called_one_wherever_a_page_speaks_of_it(leader: Browser) -> None:
    """Its leader reads “cả phường”, never that the xã has no report."""
    db.session.execute(sa.update(Commune).values(kind="phường"))
    db.session.commit()
    pages = (
        *PAGES[:3],
        f"{PAGES[1]}/AL-T01",
        "/xa/11629/thon/11629001",
        "/xa/11629/bao-cao",
        "/xa/11629/tai-ve",
    )
    seen = {page: words(leader.get(page).text) for page in pages}
    for page, text in seen.items():
        assert re.findall(r"(?:Xã chưa|[Cc]ả xã|[Tt]oàn xã|của xã|cán bộ xã)\b", text) == [], page
    assert "Phường chưa phát hành báo cáo nào" in seen["/xa/11629/bao-cao"]
    assert "Ước lượng cả phường" in seen["/xa/11629"]
    commune = db.session.scalars(sa.select(Commune)).one()
    report, _ = report_content.build(
        commune, report_periods.of_month(TODAY), TODAY, report_content.ReportWish()
    )
    assert report.copies[1:3] == ("TT Đảng ủy, HĐND phường", "CT, các PCT UBND phường")
    assert report_sentences.annexes(report)[2].rows[-1][0] == "Toàn phường, tháng 11 năm 2026"


def test_the_page_shows_all_28_figures_of_an_lao(leader: Browser) -> None:
    """Issue: those surveyed with percent and reach, the others with the office that reports them."""
    page = leader.get("/xa/11629").text
    for number in range(1, 29):
        assert f"AL-T{number:02}" in page
    seen = words(page)
    assert "28 chỉ tiêu của kế hoạch" in seen
    assert "chờ Văn phòng HĐND và UBND xã báo cáo" in seen


def test_the_targets_page_has_them_too(leader: Browser) -> None:
    page = leader.get("/xa/11629/chi-tieu").text
    assert len(re.findall(r"<small>AL-T\d\d</small>", page)) == 28


def test_page_and_json_tell_the_same_numbers(leader: Browser) -> None:
    told = leader.get("/api/v1/communes/11629/coverage").get_json()
    seen = words(leader.get("/xa/11629").text)
    assert f"{told['visited']:,}".replace(",", ".") in seen
    for row in told["indicators"]:
        if row["percent"] is not None and row["code"] in ("phu_song_5g", "vneid_nguoi_dan"):
            assert f"{row['percent']:.1f} %".replace(".", ",") in seen


def test_pages_say_as_of_when(leader: Browser) -> None:
    """R8"""
    for path in PAGES[:3]:
        assert "Tính đến 22/11/2026" in leader.get(path).text


def test_another_day_can_be_asked_for_and_is_kept_from_page_to_page(leader: Browser) -> None:
    """R25: past days as the ends of weeks."""
    page = leader.get("/xa/11629?den_ngay=2026-11-10").text
    assert "Tính đến 08/11/2026" in page
    assert "/xa/11629/ban-do?den_ngay=2026-11-10" in page


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/xa/11629?den_ngay=hôm nay", 422),
        ("/xa/11629/ban-do?chi_tieu=khong_co", 404),
        ("/xa/11629/ban-do/khung?chi_tieu=%3Cscript%3E", 404),
        ("/xa/99999", 404),
        ("/xa/11629?xep=%27%3B--&chieu=x", 200),
    ],
)
def test_bad_addresses_get_one_clear_page(leader: Browser, path: str, status: int) -> None:
    answer = leader.get(path)
    assert answer.status_code == status
    assert "<script>" not in answer.text


def test_a_thon_with_three_households_is_hidden(leader: Browser) -> None:
    """R25: the twelfth thôn of the sample has three."""
    for page in ("", "/chi-tieu", "/chi-tieu/AL-T01"):
        seen = words(leader.get(f"/xa/11629{page}").text)
        assert "Nơi mới có dưới 5 hộ trả lời" in seen
        assert "bảng ghi “dưới 5 hộ”, “không nêu”" in seen


@pytest.mark.parametrize(
    ("met", "to_leader", "to_officer"),
    [
        (1, "Chưa có số nào nêu được", "Chưa có câu trả lời nào cho các chỉ tiêu"),
        (0, "Thôn chưa gặp hộ nào", "Thôn chưa gặp hộ nào"),
    ],
)
def test_a_thon_whose_only_visit_answered_nothing_is_not_said_to_have_none(
    app: Flask, leader: Browser, met: int, to_leader: str, to_officer: str
) -> None:
    commune = db.session.scalars(sa.select(Commune)).one()
    db.session.execute(sa.delete(TallyDay))
    tham_ho = db.session.scalars(sa.select(Indicator.id).where(Indicator.code == "tham_ho")).one()
    thon = min(commune.villages, key=lambda each: each.code)
    if met:
        values = {"done": met, "of": met, "subjects": met}
        db.session.add(TallyDay(village_id=thon.id, indicator_id=tham_ho, day=TODAY, **values))
    tally.rebuild_months(db.session.connection())
    make_person("can.bo", "officer", commune)
    page = f"/xa/11629/thon/{thon.code}"
    db.session.commit()
    officer = browser(app)
    officer.sign_in("can.bo")
    assert to_leader in words(leader.get(page).text)
    assert to_officer in words(officer.get(page).text)


def test_every_link_of_a_map_and_a_page_is_ours(leader: Browser) -> None:
    for path in PAGES:
        links = re.findall(r'(?:src|href|action)="([^"]+)"', leader.get(path).text)
        assert [link for link in links if not link.startswith(("/", "#", "?"))] == []


def test_pages_allow_nothing_from_elsewhere_and_no_inline_script(leader: Browser) -> None:
    for path in PAGES[:3]:
        answer = leader.get(path)
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "same-origin"
        assert not re.search(r"<script(?![^>]*src)| style=| on\w+=", answer.text)


def test_the_maps_frame_has_a_new_nonce_every_time(leader: Browser) -> None:
    policies = {leader.get("/xa/11629/ban-do/khung").headers["Content-Security-Policy"] for _ in range(2)}
    assert len(policies) == 2
    assert all("frame-ancestors 'self'" in policy and "unsafe" not in policy for policy in policies)


def test_a_map_is_sent_compressed_to_who_takes_it(leader: Browser) -> None:
    packed = leader.get("/xa/11629/ban-do/khung", headers={"Accept-Encoding": "gzip"})
    plain = leader.get("/xa/11629/ban-do/khung", headers={"Accept-Encoding": "gzip;q=0"})
    assert packed.content_encoding == "gzip"
    assert plain.content_encoding is None
    assert len(packed.data) < len(plain.data) / 2


def test_the_chosen_indicator_is_chosen_in_the_list(leader: Browser) -> None:
    page = leader.get("/xa/11629/ban-do?chi_tieu=vneid_nguoi_dan").text
    assert '<option value="vneid_nguoi_dan" selected>' in page
    assert "/xa/11629/ban-do/khung?chi_tieu=vneid_nguoi_dan" in page


def test_the_city_sees_its_communes(app: Flask, leader: Browser) -> None:
    assert leader.get("/thanh-pho").status_code == 403
    city = browser(app)
    sign_up(db.session.get_one(Commune, 1), "city", "thanh.pho")
    db.session.commit()
    city.sign_in("thanh.pho")
    page = city.get("/", follow_redirects=True)
    assert page.request.path == "/thanh-pho"
    assert 'href="/xa/11629"' in page.text
    assert city.get("/xa/11629").status_code == 200


def test_signing_out_is_a_button_on_every_page(leader: Browser) -> None:
    assert 'action="/dang-xuat"' in leader.get("/xa/11629").text
    token = leader.csrf_token("/xa/11629")
    assert leader.post("/dang-xuat", data={"csrf_token": token}).status_code == 302
    assert leader.get("/xa/11629").status_code == 302


def test_a_commune_without_plan_thon_or_visits_has_its_pages(empty: Flask) -> None:
    make_person("lanh.dao", "leader", make_commune())
    visitor = browser(empty)
    visitor.sign_in("lanh.dao")
    for path in PAGES[:3]:
        assert visitor.get(path).status_code == 200
    assert "chưa nạp kế hoạch" in words(visitor.get("/xa/11629").text)
    assert "chưa có gì để vẽ" in words(visitor.get("/xa/11629/ban-do").text)


def test_before_anything_is_there_no_page_draws_or_links_into_the_void(empty: Flask) -> None:
    """R17: unknown is said with what to do next, never a picture of nothing or a name that is empty."""
    make_person("lanh.dao", "leader", make_commune(thon=2))
    make_person("thanh.pho", "city")
    visitor, city = browser(empty), browser(empty)
    visitor.sign_in("lanh.dao")
    city.sign_in("thanh.pho")
    for path in (
        "ban-do/in",
        "ban-do/khung",
        "ban-do.pdf",
        "ban-do.png",
        "ban-do/cac-tuan",
        "ban-do/hai-ngay",
    ):
        answer = visitor.get(f"/xa/11629/{path}")
        assert answer.status_code == 404
        assert "chưa có gì để vẽ" in answer.text, path
    assert "Không rõ thôn" not in visitor.get("/xa/11629").text
    link = "/thanh-pho/cac-chi-tieu.xlsx"
    assert link in city.get("/thanh-pho").text
    assert city.get(link).status_code == 200


def test_files_are_kept_for_a_year_under_their_hash(app: Flask) -> None:
    hashed = browser(app).get("/static/dashboards/css/page.css?v=0123456789")
    assert hashed.status_code == 200
    assert "max-age=31536000" in hashed.headers["Cache-Control"]
    assert "Set-Cookie" not in hashed.headers


def test_a_file_that_has_not_changed_is_not_sent_again(app: Flask) -> None:
    visitor = browser(app)
    etag = visitor.get("/static/dashboards/css/page.css").headers["ETag"]
    assert visitor.get("/static/dashboards/css/page.css", headers={"If-None-Match": etag}).status_code == 304


@pytest.mark.parametrize("name", ["vendor/.stamp", "../pages.py", "%2e%2e/pages.py", "css", "", "js/none.js"])
def test_nothing_but_our_files_is_sent(app: Flask, name: str) -> None:
    assert browser(app).get(f"/static/dashboards/{name}").status_code == 404


def test_a_demonstration_says_that_it_is_one(app: Flask, leader: Browser) -> None:
    assert "Bản trình diễn" not in leader.get("/xa/11629").text
    app.config["SETTINGS"] = dataclasses.replace(app.config["SETTINGS"], demo=True)
    assert "Bản trình diễn" in leader.get("/xa/11629").text


def test_a_page_asks_the_database_as_often_for_thirteen_thon_as_for_five(app: Flask, leader: Browser) -> None:
    """R18: cost follows the work asked for."""
    small = fill("10930", villages=5)
    sign_up(small, username="lanh.dao.mao.dien")
    db.session.commit()
    other = browser(app)
    other.sign_in("lanh.dao.mao.dien")
    for page in ("", "/chi-tieu", "/ban-do", "/ban-do/khung", "/ban-do/cac-tuan"):
        asked = statements(leader, f"/xa/11629{page}")
        assert asked == statements(other, f"/xa/10930{page}")
        assert asked <= {"": 20, "/ban-do/cac-tuan": 25}.get(page, 17)
