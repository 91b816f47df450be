"""The plan's pages: reported values entered, corrected and shown; tasks; one figure; one thôn."""

import datetime as dt
import html
import re
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from flask import Flask

from server import clock
from server.db import db
from server.models import Audit, ReportedValue, Task, Village
from tests.conftest import Template, filled_once
from tests.dashboards.pages.test_leaders_pages import words
from tests.leaders import fill, sign_up
from tests.people import Browser, browser, make_person

pytestmark = pytest.mark.usefixtures("noon")

VALUE = {
    "start": "2026-01-01",
    "end": "2026-10-31",
    "numerator": "85",
    "denominator": "100",
    "source": "Báo cáo số 45/BC-VP",
    "link": "https://vanban.example/45",
}


@pytest.fixture(scope="module")
def prepared(
    template_database: Template, tmp_path_factory: pytest.TempPathFactory, noon: None
) -> Iterator[Template]:
    """An Lão with thirteen thôn, its plan and its tasks."""
    with filled_once(template_database, tmp_path_factory.mktemp("filled"), _fill) as found:
        yield found


def _fill(_app: Flask) -> None:
    commune = fill("11629", villages=13)
    sign_up(commune, "officer", "can.bo")
    sign_up(commune)
    db.session.commit()


@pytest.fixture
def officer(app: Flask) -> Browser:
    """The officer of An Lão, signed in."""
    visitor = browser(app)
    assert visitor.sign_in("can.bo").status_code == 302
    return visitor


def send(visitor: Browser, path: str, **fields: str):
    page = path if "/nhiem-vu" not in path else "/xa/11629/nhiem-vu"
    token = visitor.csrf_token(
        page.removesuffix("/rut").rpartition("/")[0] if path.endswith("/rut") else page
    )
    return visitor.post(path, data={"csrf_token": token, **fields})


AT = "/quan-tri/xa/11629/so-lieu/AL-T16"


def test_a_reported_value_is_entered_and_told_on_every_page_alike(officer: Browser) -> None:
    """A reported value is shown with its source, and judged: 85 of 100 against 84 or more."""
    answer = send(officer, AT, **VALUE)
    assert (answer.status_code, answer.location) == (302, AT)
    for path in ("/xa/11629/chi-tieu", "/xa/11629", "/xa/11629/chi-tieu/AL-T16", AT):
        seen = words(officer.get(path).text)
        assert "Báo cáo số 45/BC-VP" in seen, path
        assert ("85/100" if path == AT else "85,0 %") in seen, path
    told = officer.get("/api/v1/communes/11629/targets").get_json()["targets"]
    row = next(each for each in told if each["id"] == "AL-T16")
    assert (row["current"], row["met"], row["state"], row["source"]) == (85.0, True, "met", "office")
    assert row["values"][0]["numerator"] == 85


def test_a_correction_needs_a_reason_and_leaves_the_old_value_in_the_history(officer: Browser) -> None:
    send(officer, AT, **VALUE)
    refused = send(officer, AT, **VALUE | {"numerator": "80"})
    assert refused.status_code == 422
    assert "Hãy ghi lý do sửa" in refused.text
    corrected = send(officer, AT, **VALUE | {"numerator": "80", "why": "Văn phòng đếm lại"})
    assert corrected.status_code == 302
    seen = words(officer.get("/xa/11629/chi-tieu/AL-T16").text)
    assert "80,0 %" in seen
    assert "85/100" in seen
    assert "Văn phòng đếm lại" in seen
    acts = db.session.scalars(sa.select(Audit.act).where(Audit.act.startswith("reported."))).all()
    assert sorted(acts) == ["reported.correct", "reported.enter"]


def test_a_value_taken_back_no_longer_counts(officer: Browser) -> None:
    send(officer, AT, **VALUE)
    row = db.session.scalars(sa.select(ReportedValue)).one()
    assert send(officer, f"{AT}/{row.id}/rut").status_code == 422
    assert send(officer, f"{AT}/{row.id}/rut", why="nhầm đơn vị").status_code == 302
    told = officer.get("/api/v1/communes/11629/targets").get_json()["targets"]
    row = next(each for each in told if each["id"] == "AL-T16")
    assert (row["current"], row["state"], row["values"]) == (None, "unknown", [])
    assert "nhầm đơn vị" in officer.get(AT).text


def test_as_of_a_day_before_its_end_a_value_is_not_known(officer: Browser) -> None:
    send(officer, AT, **VALUE)
    before = officer.get("/api/v1/communes/11629/targets?as_of=2026-10-25").get_json()["targets"]
    assert next(each for each in before if each["id"] == "AL-T16")["state"] == "unknown"


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"numerator": "101"}, "Tử số không được lớn hơn mẫu số"),
        ({"numerator": "-1"}, "số nguyên"),
        ({"denominator": "0", "numerator": "0"}, "Mẫu số phải lớn hơn 0"),
        ({"numerator": "", "denominator": "", "value": "100,5"}, "không quá 100"),
        ({"value": "80"}, "Chỉ nhập một cách"),
        ({"numerator": "", "denominator": ""}, "tử số và mẫu số"),
        ({"end": "2026-12-01"}, "chưa kết thúc"),
        ({"start": "2025-12-01"}, "năm của kế hoạch"),
        ({"start": "2026-11-01"}, "từ ngày đầu kỳ"),
        ({"end": "31/10/2026"}, "Hãy chọn ngày"),
        ({"source": " "}, "văn bản hoặc hệ thống nào"),
        ({"link": "javascript:alert(1)"}, "http://"),
    ],
)
def test_what_cannot_be_is_refused_beside_its_field(officer: Browser, wrong: dict, sentence: str) -> None:
    answer = send(officer, AT, **VALUE | wrong)
    assert answer.status_code == 422
    assert sentence in words(answer.text)
    assert db.session.scalars(sa.select(ReportedValue)).all() == []


def test_months_are_entered_one_by_one_and_listed(officer: Browser) -> None:
    """AL-T27, an article a month: ten months are gone on 22 November."""
    months = "/quan-tri/xa/11629/so-lieu/AL-T27"
    for month in range(1, 11):
        count = "2" if month != 4 else "0"
        answer = send(officer, months, start=f"2026-{month:02}-01", value=count, source="Cổng thông tin")
        assert answer.status_code == 302
    assert send(officer, months, start="2026-11-01", value="1", source="x").status_code == 422
    told = officer.get("/api/v1/communes/11629/targets").get_json()["targets"]
    row = next(each for each in told if each["id"] == "AL-T27")
    assert (row["met"], row["state"], row["words"]) == (False, "behind", "đạt 9/10 tháng")
    assert [each["met"] for each in row["periods"]] == [n != 4 for n in range(1, 11)] + [None]
    seen = words(officer.get("/xa/11629/chi-tieu/AL-T27").text)
    assert "9/10 tháng" in seen
    assert "Tháng 4 0 – không đạt" in seen


def test_the_pace_of_a_figure_names_its_days(officer: Browser) -> None:
    """To the API as on the page: this week and the three before it."""
    told = officer.get("/api/v1/communes/11629/targets").get_json()["targets"]
    pace = next(each for each in told if each["id"] == "AL-T01")["pace"]
    assert (pace["since"], pace["recent_a_week"] > 0) == ("2026-10-26", True)
    assert "Từ 26/10 đến 22/11 gặp thêm" in words(officer.get("/xa/11629/chi-tieu/AL-T01").text)


def test_only_the_office_enters_values(app: Flask, officer: Browser) -> None:
    leader = browser(app)
    leader.sign_in("lanh.dao")
    assert leader.get(AT).status_code == 403
    assert leader.get("/quan-tri/xa/11629/so-lieu").status_code == 403
    fill("10930", villages=1)
    db.session.commit()
    assert officer.get("/quan-tri/xa/10930/so-lieu").status_code == 403
    assert officer.get("/quan-tri/xa/11629/so-lieu/MD-T01").status_code == 404


def test_the_list_names_every_figure_and_its_office(officer: Browser) -> None:
    seen = officer.get("/quan-tri/xa/11629/so-lieu").text
    assert len(re.findall(r"<small>AL-T\d\d</small>", seen)) == 28
    assert "Trung tâm Phục vụ hành chính công xã" in seen


def codes(visitor: Browser, query: str = "") -> list[str]:
    """The tasks of all pages, in their order."""
    found: list[str] = []
    path: str | None = f"/xa/11629/nhiem-vu{query}"
    while path:
        page = visitor.get(path).text
        found += re.findall(r'<li id="([^"]+)"', page)
        onward = re.search(r'rel="next" href="([^"]+)"', page)
        path = html.unescape(onward.group(1)) if onward else None
    return found


def test_every_task_is_listed_overdue_first(officer: Browser) -> None:
    """8 of the appendix, 29 tasks and the responsibilities; overdue ones sort first."""
    found = codes(officer)
    assert sum(code.startswith("AL-P") for code in found) == 8
    assert sum(code.startswith("AL-N") for code in found) == 29
    assert sum(code.startswith("AL-R") for code in found) == 32
    today = clock.today()
    due = dict(db.session.execute(sa.select(Task.code, Task.due)).all())
    late = [code for code in found if due[code] and due[code] < today]
    assert found[: len(late)] == late
    assert [due[code] for code in late] == sorted(due[code] for code in late)


def test_a_task_is_moved_on_with_a_note_and_no_longer_overdue(app: Flask, officer: Browser) -> None:
    assert codes(officer, "?trang_thai=late")[0] == "AL-N04"
    assert send(officer, "/xa/11629/nhiem-vu/AL-N04", state="done", note="").status_code == 422
    answer = send(officer, "/xa/11629/nhiem-vu/AL-N04", state="done", note="Đã chi trả hỗ trợ quý I")
    assert answer.status_code == 302
    assert answer.location.endswith("#AL-N04")
    assert "AL-N04" not in codes(officer, "?trang_thai=late")
    assert codes(officer)[-1] == "AL-N04"
    leader = browser(app)
    leader.sign_in("lanh.dao")
    done = leader.get("/xa/11629/nhiem-vu?trang_thai=done").text
    assert "Đã chi trả hỗ trợ quý I" in done
    assert "Ghi tiến độ" not in done
    assert send(leader, "/xa/11629/nhiem-vu/AL-N04", state="doing", note="x").status_code in (400, 403)


def test_tasks_are_narrowed_by_kind_state_and_lead(officer: Browser) -> None:
    assert len(codes(officer, "?loai=appendix")) == 8
    assert codes(officer, "?trang_thai=done") == []
    police = codes(officer, "?don_vi=Công an xã")
    assert "AL-P08" in police
    assert "AL-P02" not in police


def test_an_office_with_commas_in_its_name_is_one_choice(officer: Browser) -> None:
    schools = "Các trường MN, TH, THCS trên địa bàn xã"
    offered = re.findall(r"<option[^>]*>([^<]+)</option>", officer.get("/xa/11629/nhiem-vu").text)
    assert schools in offered
    assert not {"TH", "ĐMST"} & set(offered)
    assert codes(officer, f"?don_vi={schools}")
    assert codes(officer, "?don_vi=TH") == []


def test_a_figures_page_tells_how_it_is_counted_by_week_and_by_thon(officer: Browser) -> None:
    page = officer.get("/xa/11629/chi-tieu/AL-T26")
    seen = words(page.text)
    assert "Tính trên tất cả các hộ của xã, kể cả hộ chưa đến thăm" in seen
    assert "Hộ có ít nhất một người đã cài" in seen
    assert len(set(re.findall(r'href="(/xa/11629/thon/\d+)', page.text))) == 13
    assert "Thôn chậm nhất" in seen
    assert page.text.count('<path class="thon"') == 13  # a small map beside the words
    table = page.text[page.text.index('id="theo-thon"') : page.text.index('id="theo-tuan"')]
    for row in table.split("<tr>")[2:]:  # a bar where a number is told as it is
        assert ('class="bar"' in row) == bool(re.search(r'data-label="Kết quả">\d', row))
    value = re.search(r'class="value">([^<]+)<', page.text).group(1).replace("\u00a0", " ")
    assert seen.count(value) >= 2  # the result, and the last week: both over all households
    assert "22/11/2026" in seen
    assert officer.get("/xa/11629/chi-tieu/AL-T99").status_code == 404


def test_every_figure_of_the_plan_has_its_page(officer: Browser) -> None:
    for number in range(1, 29):
        assert officer.get(f"/xa/11629/chi-tieu/AL-T{number:02}").status_code == 200


def test_a_thons_page_tells_what_the_table_tells(app: Flask, officer: Browser) -> None:
    leader = browser(app)
    leader.sign_in("lanh.dao")
    told = leader.get("/api/v1/communes/11629/coverage").get_json()["villages"]
    village = next(each for each in told if each["visited"])
    seen = words(leader.get(f"/xa/11629/thon/{village['code']}").text)
    assert f"{village['visited']:,}".replace(",", ".") in seen
    percent = village["indicators"]["phu_song_5g"]["percent"]
    assert f"{percent:.1f} %".replace(".", ",") in seen
    assert leader.get("/xa/11629/thon/khong-co").status_code == 404


def test_a_small_thon_is_hidden_from_leaders_and_open_to_its_own_team_leader(
    app: Flask, officer: Browser
) -> None:
    """R24: a team leader sees the records, and so the numbers, of his thôn alone."""
    told = officer.get("/api/v1/communes/11629/coverage").get_json()["villages"]
    small = next(each for each in told if each["visited"] == 3)
    stored = db.session.scalars(sa.select(Village).where(Village.code == small["code"])).one()
    other = next(each for each in told if each["code"] != small["code"])["code"]
    make_person("to.truong", "team_leader", stored.commune, (stored,))
    team_leader, leader = browser(app), browser(app)
    team_leader.sign_in("to.truong")
    leader.sign_in("lanh.dao")
    path = f"/xa/11629/thon/{small['code']}"
    assert "Số quá nhỏ nên không nêu" in words(leader.get(path).text)
    assert "3 /" in words(team_leader.get(path).text)
    assert team_leader.get(f"/xa/11629/thon/{other}").status_code == 200


def test_a_merged_thons_page_leads_to_the_one_it_went_into(app: Flask, officer: Browser) -> None:
    first, second = db.session.scalars(sa.select(Village).order_by(Village.code).limit(2)).all()
    first.valid_to, first.merged_into_id = dt.date(2026, 6, 30), second.id
    db.session.commit()
    answer = officer.get(f"/xa/11629/thon/{first.code}")
    assert (answer.status_code, answer.location) == (302, f"/xa/11629/thon/{second.code}")


def test_a_plan_pages_statements_do_not_grow_with_its_tasks(app: Flask, officer: Browser) -> None:
    def asked(path: str) -> int:
        seen: list[object] = []
        sa.event.listen(db.engine, "before_cursor_execute", note := lambda *all_: seen.append(all_))
        officer.get(path)
        sa.event.remove(db.engine, "before_cursor_execute", note)
        return len(seen)

    assert asked("/xa/11629/nhiem-vu") == asked("/xa/11629/nhiem-vu?loai=appendix") <= 8


def test_the_city_of_a_new_installation_has_a_page(empty: Flask) -> None:
    make_person("thanh.pho", "city")
    visitor = browser(empty)
    visitor.sign_in("thanh.pho")
    assert "Chưa có xã nào có số liệu" in visitor.get("/thanh-pho").text
    assert visitor.get("/thanh-pho?chi_tieu=khong_co").status_code == 404


def test_communes_are_compared_by_their_own_target_the_slow_ones_first(empty: Flask) -> None:
    for code in ("11629", "10930"):
        fill(code, villages=13)
    db.session.commit()
    make_person("thanh.pho", "city")
    visitor = browser(empty)
    visitor.sign_in("thanh.pho")
    page = visitor.get("/thanh-pho?chi_tieu=vneid_18_kich_hoat").text
    own = visitor.get("/api/v1/communes/10930/targets").get_json()["targets"]
    told = next(each for each in own if each["indicator"] == "vneid_18_kich_hoat")
    assert f"{told['current']:.1f} %".replace(".", ",") in words(page)
    assert page.index("Xã Mao Điền</a>") < page.index("Xã An Lão</a>")  # which sets no such target
    for name in ("Hoàng Sa", "Trường Sa", "Bạch Long Vĩ", "Cát Hải"):
        assert name in page
