"""The page of the map as a browser without scripts receives it: card, filter, and the link that carries both."""

import re
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from flask import Flask

from server import clock
from server.db import db
from server.models import Collector, Commune
from server.phones import collectors
from tests.conftest import Template, filled_once
from tests.dashboards.pages.test_commune_pages import words
from tests.leaders import NOON, fill, sign_up
from tests.people import Browser, browser

MAP = "/xa/11629/ban-do?chi_tieu=phu_song_5g"
CARD = "/xa/11629/ban-do/thon/{}?chi_tieu=phu_song_5g"


@pytest.fixture(autouse=True, scope="module")
def noon() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clock, "now", lambda: NOON)
        yield


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
