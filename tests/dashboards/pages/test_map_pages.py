"""The page of the map as a browser without scripts receives it: card, filter, and the link that carries both."""

import dataclasses
import io
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from shutil import which

import pytest
import sqlalchemy as sa
from flask import Flask
from PIL import Image

from server.db import db
from server.models import Collector, Commune, Village
from server.phones import collectors
from tests.conftest import Template, filled_once
from tests.dashboards.pages.test_leaders_pages import words
from tests.leaders import fill, sign_up
from tests.people import Browser, browser

pytestmark = pytest.mark.usefixtures("noon")

MAP = "/xa/11629/ban-do?chi_tieu=phu_song_5g"
CARD = "/xa/11629/ban-do/thon/{}?chi_tieu=phu_song_5g"


@pytest.fixture(scope="module")
def prepared(
    template_database: Template, tmp_path_factory: pytest.TempPathFactory, noon: None
) -> Iterator[Template]:
    with filled_once(template_database, tmp_path_factory.mktemp("filled"), _fill) as found:
        yield found


def _fill(_app: Flask) -> None:
    commune = fill("11629", villages=13)
    sign_up(commune)
    thon = sorted(commune.villages, key=lambda each: each.code)
    for name in ("Vũ Văn Út", "Đỗ Thị Yến", "Đặng Văn Ấn"):
        collectors.add(name, commune, [thon[0]])
    db.session.commit()


@pytest.fixture
def leader(app: Flask) -> Browser:
    visitor = browser(app)
    assert visitor.sign_in("lanh.dao").status_code == 302
    return visitor


def told(leader: Browser) -> dict:
    return leader.get("/api/v1/communes/11629/coverage").get_json()


def entries(page: str) -> dict[str, int]:
    """The legend: class → number of thôn."""
    found = re.findall(r'data-class="(k-\w+)" aria-pressed.*?<b>(\d+)', page, re.DOTALL)
    return {name: int(count) for name, count in found}


def test_the_card_of_a_thon_tells_its_number_its_team_and_leads_to_its_page(leader: Browser) -> None:
    rows = told(leader)["villages"]
    row = next(each for each in rows if each["indicators"]["phu_song_5g"]["percent"] is not None)
    seen = words(leader.get(CARD.format(row["code"])).text)
    assert f"{row['indicators']['phu_song_5g']['percent']:.1f} %".replace(".", ",") in seen
    page = leader.get(CARD.format(rows[0]["code"])).text
    assert "Tổ: Đặng Văn Ấn, Đỗ Thị Yến, Vũ Văn Út." in words(page)
    assert f'href="/xa/11629/thon/{rows[0]["code"]}"' in page
    assert "<html" not in page


def test_a_thon_that_nobody_walks_says_so(leader: Browser) -> None:
    row = told(leader)["villages"][1]
    assert "chưa có ai được giao thôn này" in words(leader.get(CARD.format(row["code"])).text)


def test_a_thon_of_another_commune_has_no_card_here(leader: Browser) -> None:
    assert leader.get(CARD.format("10930001")).status_code == 404


def test_a_link_opens_the_map_with_its_card(leader: Browser) -> None:
    row = told(leader)["villages"][0]
    page = leader.get(f"{MAP}&thon={row['code']}").text
    assert f'<h2 id="ten-thon">{row["name"]}' in page
    assert re.search(r'<section class="card"[^>]* hidden', page) is None
    assert re.search(r'<section class="card"[^>]* hidden', leader.get(MAP).text)


def test_a_link_with_a_thon_or_a_state_that_is_gone_still_opens_its_map(leader: Browser) -> None:
    page = leader.get(f"{MAP}&thon=99999999&loc=k-unheard_of")
    assert page.status_code == 200
    assert 'aria-pressed="true"' not in page.text
    assert " away" not in page.text


def test_every_line_of_the_legend_names_as_many_thon_as_it_counts(leader: Browser) -> None:
    """R7: the numbers add up to the thôn of the commune."""
    page = leader.get(MAP).text
    found = entries(page)
    assert sum(found.values()) == 13
    for name, count in found.items():
        part = page.split(f'data-class="{name}" aria-pressed')[1].split("</p>")[0]
        assert part.count("data-thon=") == count


def test_a_state_that_was_clicked_leaves_its_thon_alone_on_the_drawing(leader: Browser) -> None:
    found = entries(leader.get(MAP).text)
    name = max(found, key=lambda each: found[each])
    page = leader.get(f"{MAP}&loc={name}").text
    assert f'name="bo_loc" value="{name}" data-class="{name}" aria-pressed="true"' in page
    paths = re.findall(r'<path class="thon( away)?" data-thon="\d+" data-class="([\w-]+)"', page)
    assert len(paths) == 13
    assert all((away == "") == (each == name) for away, each in paths)
    assert sum(each == name for _, each in paths) == found[name]


def test_the_link_keeps_the_day(leader: Browser) -> None:
    page = leader.get(f"{MAP}&den_ngay=2026-11-15").text
    assert "/ban-do/khung?chi_tieu=phu_song_5g&amp;den_ngay=2026-11-15" in page
    assert "/ban-do/thon/THON?chi_tieu=phu_song_5g&amp;den_ngay=2026-11-15" in page


def test_the_team_of_a_thon_is_who_walks_it_now(app: Flask, leader: Browser) -> None:
    """Whose code was withdrawn, or whose thôn is another now, is not named."""
    commune = db.session.scalars(sa.select(Commune).where(Commune.code == "11629")).one()
    thon = sorted(commune.villages, key=lambda each: each.code)
    found = {each.name: each for each in db.session.scalars(sa.select(Collector))}
    collectors.assign(found["Vũ Văn Út"], [thon[2]])
    collectors.revoke(found["Đặng Văn Ấn"])
    db.session.commit()
    assert "Tổ: Đỗ Thị Yến." in words(leader.get(CARD.format(thon[0].code)).text)
    assert "Tổ: Vũ Văn Út." in words(leader.get(CARD.format(thon[2].code)).text)


@pytest.mark.parametrize(("size", "width"), [("a4", 297), ("a3", 420)])
def test_the_map_is_a_pdf_of_one_sheet_with_every_thon(leader: Browser, size: str, width: int) -> None:
    """On A4 the table of thôn follows on a sheet of its own, on A3 it stands beside the map."""
    answer = leader.get(f"/xa/11629/ban-do.pdf?chi_tieu=phu_song_5g&kho={size}")
    assert answer.mimetype == "application/pdf"
    assert answer.headers["Content-Disposition"].endswith(f"11629-phu_song_5g-2026-11-22-{size}.pdf")
    pages = pages_of(answer.data)
    assert len(pages) == (2 if size == "a4" else 1)
    assert pages[0].width_mm == pytest.approx(width, abs=1)
    for row in told(leader)["villages"]:
        assert row["name"] in pages[-1].text
    assert "Phủ sóng 5G" in pages[0].text
    assert "tính đến 22/11/2026" in pages[0].text.lower()
    assert "Ranh giới minh họa" in pages[0].text
    assert ("Chậm nhất" in pages[0].text) == (size == "a4")  # where the gaps are a page away


def test_another_size_of_paper_is_not_to_be_had(leader: Browser) -> None:
    assert leader.get("/xa/11629/ban-do.pdf?chi_tieu=phu_song_5g&kho=a0").status_code == 404


def test_letters_on_the_sheet_are_large_enough_to_read(leader: Browser) -> None:
    """No label of the A4 map is smaller than 6.5 points."""
    answer = leader.get("/xa/11629/ban-do.pdf?chi_tieu=phu_song_5g&kho=a4")
    assert min(sizes_on(answer.data)) >= 6.5


def test_the_map_is_a_picture_that_says_what_it_is_of(leader: Browser) -> None:
    answer = leader.get("/xa/11629/ban-do.png?chi_tieu=phu_song_5g")
    picture = Image.open(io.BytesIO(answer.data))
    assert (picture.format, picture.width) == ("PNG", 2040)
    assert len(answer.data) < 400_000


def test_a_commune_without_outlines_has_no_picture_and_a_sheet_without_a_map(app: Flask) -> None:
    sign_up(fill("10930", villages=2), username="bare")
    db.session.execute(sa.update(Village).values(outline=None))
    db.session.execute(sa.update(Commune).values(outline=None))
    db.session.commit()
    visitor = browser(app)
    visitor.sign_in("bare")
    assert visitor.get("/xa/10930/ban-do.png?chi_tieu=vneid_18_kich_hoat").status_code == 404
    sheet = visitor.get("/xa/10930/ban-do.pdf?chi_tieu=vneid_18_kich_hoat")
    assert "chưa có ranh giới thôn" in pages_of(sheet.data)[0].text
    assert visitor.get("/xa/10930/ban-do/cac-chi-tieu").status_code == 200


def test_a_sheet_of_all_maps_has_one_for_each_surveyed_target(leader: Browser) -> None:
    """Seven of An Lão's, each with its own counts, which add up to the thôn."""
    page = leader.get("/xa/11629/ban-do/cac-chi-tieu").text
    maps = page.split('<svg class="still"')[1:]
    assert len(maps) == 7
    for each in maps:
        counts = re.findall(r"</svg>(\d+)<span class=\"unseen\"> thôn", each)
        assert sum(int(count) for count in counts) == 13


def test_the_weeks_say_of_each_day_what_its_page_says(leader: Browser) -> None:
    """One answer for the sliding map: classes, counts and numbers of each day as that day's page and file have them."""
    answer = leader.get("/xa/11629/ban-do/cac-tuan?chi_tieu=phu_song_5g")
    found = answer.get_json()
    assert [day["day"] for day in found["days"]] == [
        *(f"2026-{day}" for day in ("10-04", "10-11", "10-18", "10-25", "11-01", "11-08", "11-15")),
        "2026-11-22",
    ]
    for place, day in enumerate(found["days"]):
        page = leader.get(f"{MAP}&den_ngay={day['day']}").text
        assert entries(page) == day["counts"]
        assert sum(day["counts"].values()) == 13
        assert words(day["head"]).strip() in words(page)
        drawn = dict(re.findall(r'<path class="thon" data-thon="(\d+)" data-class="([\w-]+)"', page))
        assert drawn == {code: thon["classes"][place] for code, thon in found["thon"].items()}


def test_the_weeks_are_a_few_kilobytes_on_the_wire(leader: Browser) -> None:
    answer = leader.get("/xa/11629/ban-do/cac-tuan?chi_tieu=phu_song_5g", headers={"Accept-Encoding": "gzip"})
    assert answer.content_encoding == "gzip"
    assert len(answer.data) < 10_000


def test_the_weeks_hide_what_each_day_hides(leader: Browser) -> None:
    """R25: no line of a trend passes through a number that is withheld."""
    found = leader.get("/xa/11629/ban-do/cac-tuan?chi_tieu=phu_song_5g").get_json()
    told = {day["day"]: place for place, day in enumerate(found["days"])}
    for day, place in told.items():
        rows = leader.get(f"/api/v1/communes/11629/coverage?as_of={day}").get_json()["villages"]
        for row in rows:
            cell, thon = row["indicators"]["phu_song_5g"], found["thon"][row["code"]]
            figure = thon["figures"][place].replace("\u00a0", " ")
            if cell["suppressed"]:
                assert "%" not in figure or figure[0] in "<>"
            else:
                percent = cell["percent"]
                assert figure == ("–" if percent is None else f"{percent:.1f} %".replace(".", ","))


def test_two_days_stand_side_by_side(leader: Browser) -> None:
    page = leader.get("/xa/11629/ban-do/hai-ngay?chi_tieu=phu_song_5g&tu_ngay=2026-10-25").text
    assert page.count('<svg class="still"') == 2
    seen = words(page)
    up, down, same, untold = re.search(  # type: ignore[union-attr]
        r"▲ (\d+) thôn tăng, ▼ (\d+) thôn giảm , (\d+) thôn như cũ, (\d+) thôn không so được", seen
    ).groups()
    assert sum(map(int, (up, down, same, untold))) == 13
    then = leader.get(f"{MAP}&den_ngay=2026-10-25").text
    in_legend = re.findall(r"url\(#(k-\w+)\)[^\n]*?</svg> [^<]+</th><td class=\"n\">(\d+)</td>", page)
    assert {name: int(count) for name, count in in_legend} == entries(then)


@pytest.mark.parametrize("path", ["in", "hai-ngay", "cac-chi-tieu"])
def test_every_sheet_of_the_map_stands_under_the_map_in_the_menu(leader: Browser, path: str) -> None:
    page = leader.get(f"/xa/11629/ban-do/{path}").text
    assert re.search(r'aria-current="page">([^<]+)<', page).group(1) == "Bản đồ"  # type: ignore[union-attr]


def test_without_a_first_day_the_map_is_set_against_four_weeks_before(leader: Browser) -> None:
    assert "25/10/2026" in leader.get("/xa/11629/ban-do/hai-ngay?chi_tieu=phu_song_5g").text


def test_a_first_day_after_the_second_or_none_at_all(leader: Browser) -> None:
    late = "/xa/11629/ban-do/hai-ngay?chi_tieu=phu_song_5g&tu_ngay=2026-11-20&den_ngay=2026-11-01"
    assert leader.get(late).status_code == 200
    assert leader.get("/xa/11629/ban-do/hai-ngay?tu_ngay=hôm+qua").status_code == 422
    assert leader.get("/xa/11629/ban-do/hai-ngay?chi_tieu=khong_co").status_code == 404


def test_the_year_before_had_no_plan_and_can_still_be_compared(leader: Browser) -> None:
    page = leader.get("/xa/11629/ban-do/hai-ngay?chi_tieu=phu_song_5g&tu_ngay=2025-12-31")
    assert page.status_code == 200
    assert "13 thôn không so được" in words(page.text)


def test_a_base_map_without_words_of_its_provider_is_drawn(leader: Browser, app: Flask) -> None:
    """The words are optional, and `flask doctor` asks for them."""
    tiles = "http://127.0.0.1:9/{z}/{x}/{y}.png"
    settings = app.config["SETTINGS"]
    app.config["SETTINGS"] = dataclasses.replace(settings, base_map=tiles, base_map_attribution="")
    answer = leader.get("/xa/11629/ban-do/khung?chi_tieu=phu_song_5g")
    assert answer.status_code == 200
    assert tiles in answer.text
    assert "img-src 'self' data: http://127.0.0.1:9;" in answer.headers["Content-Security-Policy"]


def test_thon_of_one_name_are_told_apart_wherever_the_map_names_them(leader: Browser) -> None:
    """In filter, card, sheet, weeks and above its own page: each with the end of its code."""
    codes = [row["code"] for row in told(leader)["villages"]][:2]
    db.session.execute(sa.update(Village).where(Village.code.in_(codes)).values(name="Quyết Tiến"))
    db.session.commit()
    names = [f"Quyết Tiến ({code[-3:]})" for code in codes]
    page = leader.get(MAP).text
    for code, name in zip(codes, names, strict=True):
        assert re.search(rf'data-thon="{code}">{re.escape(name)}</a>', page)
        assert f'<h2 id="ten-thon">{name}</h2>' in leader.get(CARD.format(code)).text
        assert f"</span> {name}</h1>" in leader.get(f"/xa/11629/thon/{code}").text
    weeks = leader.get("/xa/11629/ban-do/cac-tuan?chi_tieu=phu_song_5g").get_json()["thon"]
    assert [weeks[code]["name"] for code in codes] == names
    sheet = pages_of(leader.get("/xa/11629/ban-do.pdf?chi_tieu=phu_song_5g").data)[1].text
    assert all(name in sheet for name in names)


@dataclass(frozen=True)
class PaperPage:
    """A page of a PDF: its width, and the words on it with single spaces."""

    width_mm: float
    text: str


def pages_of(pdf: bytes) -> list[PaperPage]:
    """By poppler, which the report's tests ask too."""
    sizes = re.findall(r"Page\s+\d+ size:\s+([\d.]+) x", poppler("pdfinfo", pdf, "-l", "9"))
    texts = poppler("pdftotext", pdf, "-layout").split("\f")
    return [
        PaperPage(float(size) / 72 * 25.4, re.sub(r"\s+", " ", text))
        for size, text in zip(sizes, texts, strict=False)
    ]


def sizes_on(pdf: bytes) -> list[float]:
    """How high the boxes of the words on the first page are, in points."""
    found = re.findall(
        r'yMin="([\d.]+)"[^>]*yMax="([\d.]+)">[^<]', poppler("pdftotext", pdf, "-bbox", "-l", "1")
    )
    return [float(low) - float(high) for high, low in found]


def poppler(command: str, pdf: bytes, *options: str) -> str:
    if which(command) is None:
        pytest.skip(f"no {command} on this machine")
    after = ["-"] if command == "pdftotext" else []
    done = subprocess.run([command, *options, "-", *after], input=pdf, capture_output=True, check=True)
    return done.stdout.decode()
