"""Every number and state that leaders see, in every unit, recounted from phones' XML alone (R3, R6, R7).

Page, page of a target, map, wall map, workbook, API, city, report, OData, OGC API and links of communes drawn by
chance. More of them:
`TUNGNHA_TEST_COMMUNES=50 pytest tests/dashboards/test_recount_in_every_unit.py`.
"""

import dataclasses
import datetime as dt
import io
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import docx
import openpyxl
import pytest
import sqlalchemy as sa
from flask import Flask
from lxml import html

from server import clock
from server.accounts import shared_links
from server.audit import SHELL
from server.counting import folding
from server.db import db
from server.intake import receive_submission
from server.intake.submission_sender import Sender
from server.models import Form, FormVersion, Person
from tests import independent_recount, legend_counts, random_commune, recount_at_doors
from tests.conftest import Template, filled_once
from tests.independent_recount import COMMUNE, WORDS, Recount
from tests.leaders import sign_up
from tests.people import Browser, bearing, browser, make_token
from tests.posters import make_poster
from tests.random_commune import CODE, GOALS, NOW, UNITS, RandomCommune

SEEDS = range(int(os.environ.get("TUNGNHA_TEST_COMMUNES", "3")))
LEAST_ASKED = 6
PERCENTS = tuple(code for code, _, unit in GOALS if unit == "percent")
HIDDEN = {"không nêu", "dưới 5 hộ"}
SELF_ANSWERED = "hai_long_tthc_tu_tra_loi"


@pytest.fixture(autouse=True, scope="module")
def noon() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clock, "now", lambda: NOW)
        yield


@pytest.fixture(scope="module")
def prepared(
    template_database: Template, tmp_path_factory: pytest.TempPathFactory, noon: None
) -> Iterator[Template]:
    with filled_once(
        template_database, tmp_path_factory.mktemp("filled"), lambda _app: random_commune.publish()
    ) as found:
        yield found


@dataclass(frozen=True)
class Compared:
    """A commune that phones have walked: what the recount says, and who reads what the program says."""

    recount: Recount
    officer: Browser
    city: Browser
    program: Browser
    links: tuple[str, str]
    """To the thôn and to the communes; these two and the program read what is over by the end of yesterday."""
    leader: Browser
    seed: int

    @property
    def thon(self) -> tuple[str, ...]:
        return tuple(self.recount.ground.thon)

    def percent(self, area: str, code: str) -> str:
        """As pages write it; "–" where nothing is known."""
        shown = self.recount.told(area, code).shown
        return "–" if shown is None else f"{shown:.1f} %".replace(".", ",")


@pytest.fixture(params=SEEDS)
def compared(app: Flask, request: pytest.FixtureRequest) -> Compared:
    app.config["SETTINGS"] = dataclasses.replace(app.config["SETTINGS"], min_asked=LEAST_ASKED)
    commune = RandomCommune(request.param)
    for role, name in (("officer", "can.bo"), ("city", "thanh.pho"), ("leader", "lanh.dao")):
        sign_up(commune.commune, role, name)
    db.session.commit()
    sent = list(commune.sent())
    by_posters = frozenset(n for n, xml in enumerate(sent) if b'id="hai_long"' in xml and n % 2)
    by_themselves = _at_a_poster(commune)
    for number, xml in enumerate(sent):
        receive_submission.accept(xml, [], by_themselves if number in by_posters else commune.sender)
    folding.once()
    db.session.rollback()
    readers = [browser(app) for _ in range(3)]
    for reader, name in zip(readers, ("can.bo", "thanh.pho", "lanh.dao"), strict=True):
        reader.sign_in(name)
    officer, city, leader = readers
    ground = commune.ground(LEAST_ASKED, withheld(leader))
    program = browser(app)
    program.environ_base["HTTP_AUTHORIZATION"] = bearing(make_token(commune.commune))["Authorization"]
    return Compared(
        Recount(ground, sent, by_posters), officer, city, program, _links(commune), leader, request.param
    )


def _links(commune: RandomCommune) -> tuple[str, str]:
    keys = []
    for name, subject in (("lanh.dao", "coverage"), ("thanh.pho", "city")):
        person = db.session.scalars(sa.select(Person).where(Person.username == name)).unique().one()
        place = commune.commune if subject == "coverage" else None
        keys.append(shared_links.add("Thử", subject, person.id, commune=place, by=SHELL).key)
    db.session.commit()
    return f"/lien-ket/{keys[0]}", f"/lien-ket/{keys[1]}"


def _at_a_poster(commune: RandomCommune) -> Sender:
    """Who answers a poster at a counter of the commune, by themselves."""
    version = db.session.scalars(
        sa.select(FormVersion).join(Form, Form.id == FormVersion.form_id).where(Form.form_id == "hai_long")
    ).one()
    poster = make_poster(commune.commune, version, None)
    return Sender(None, commune.commune.id, commune.sender.villages, poster_id=poster.id)


def withheld(leader: Browser) -> frozenset[tuple[str, str]]:
    """The thôn and indicators of which a leader is told nothing, since so few were met or asked."""
    told = leader.get(f"/api/v1/communes/{CODE}/coverage").get_json()
    return frozenset(
        (village["code"], code)
        for village in told["villages"]
        for code, cell in village["indicators"].items()
        if cell["suppressed"] == "base"
    )


def seen(node: html.HtmlElement) -> str:
    """What a reader sees of a piece of a page."""
    return re.sub(r"\s+", " ", node.text_content().replace("\u00a0", " ")).strip()


def opened(reader: Browser, path: str) -> html.HtmlElement:
    answer = reader.get(path)
    assert answer.status_code == 200, path
    return html.fromstring(answer.text)


def test_every_place_tells_what_the_recount_tells(compared: Compared) -> None:
    """R7"""
    told_by_api(compared)
    told_by_pages(compared)
    told_by_maps(compared)
    told_by_workbook(compared)
    told_by_city(compared)
    told_by_citys_workbook(compared)
    told_by_report(compared)
    told_apart(compared)
    told_at_doors(compared)
    reader = (compared.officer, compared.leader)[
        compared.seed % 2
    ]  # from the second small numbers are hidden
    assert legend_counts.compare(reader, CODE) >= (len(UNITS) - 1) * len(compared.thon)


def told_at_doors(compared: Compared) -> None:
    """On the day after: today is over for programs and links then."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clock, "now", lambda: NOW + dt.timedelta(days=1))
        recount_at_doors.told_by_odata(compared.program, compared.recount)
        recount_at_doors.told_by_map_programs(compared.program, compared.recount)
        recount_at_doors.told_by_links(compared.program, *compared.links, compared.recount)


def told_apart(compared: Compared) -> None:
    """What people answered by themselves is the recount's too, in rows of its own (R27)."""
    told = compared.officer.get(f"/api/v1/communes/{CODE}/coverage").get_json()
    areas = {COMMUNE: {row["code"]: row for row in told["indicators"]}}
    areas |= {village["code"]: village["indicators"] for village in told["villages"]}
    nothing = {"done": 0, "of": 0, "subjects": 0}
    for area, cells in areas.items():
        found, counted = cells.get(SELF_ANSWERED, nothing), compared.recount.sums[area, SELF_ANSWERED]
        assert (found["done"], found["of"], found["subjects"]) == (
            counted.done,
            counted.of,
            counted.subjects,
        ), area


def told_by_api(compared: Compared) -> None:
    told = compared.officer.get(f"/api/v1/communes/{CODE}/coverage").get_json()
    areas = {COMMUNE: {row["code"]: row for row in told["indicators"]}}
    areas |= {village["code"]: village["indicators"] for village in told["villages"]}
    for area, cells in areas.items():
        for code in UNITS:
            found, expected = cells[code], compared.recount.told(area, code)
            where = (area, code)
            assert (found["done"], found["of"], found["subjects"]) == (
                expected.done,
                expected.of,
                expected.subjects,
            ), where
            assert found["expected"] == expected.expected, where
            assert (found["percent"], found["percent_judged"]) == (
                expected.percent,
                expected.percent_judged,
            ), where
            if expected.state:
                state = (found["target"] or {}).get("state") if area == COMMUNE else found["state"]
                assert state == expected.state, where


def told_by_pages(compared: Compared) -> None:
    page = opened(compared.officer, f"/xa/{CODE}")
    head, *rows = page.xpath("//table[contains(@class,'thons')]//tr")
    names = [seen(cell) for cell in head]
    for row in rows:
        cells = dict(zip(names, row, strict=True))
        [thon] = re.findall(rf"{CODE}\d+", html.tostring(row).decode())[:1]
        for code in PERCENTS:
            for name, cell in cells.items():
                if name.startswith((f"{code} ", f"{code}≥", f"{code}>")) and "(tự trả lời)" not in name:
                    assert seen(cell).startswith(compared.percent(thon, code)), (thon, code)
    for goal in compared.recount.ground.goals:
        page = opened(compared.officer, f"/xa/{CODE}/chi-tieu/{goal.id}")
        told = compared.recount.told(COMMUNE, goal.indicator)
        shown = page.xpath("//p[@class='result']/span[@class='value']")
        if goal.unit == "count":
            assert [seen(each) for each in shown] == ([str(told.done)] if told.subjects else [])
        else:
            assert [seen(each) for each in shown] in ([compared.percent(COMMUNE, goal.indicator)], [])
            assert bool(shown) == (told.shown is not None)
        assert state_word(page.xpath("//p[@class='state']/span")[0]) == WORDS[told.state], goal
        for row in page.xpath("//section[@aria-labelledby='theo-thon']//tbody/tr"):
            [thon] = re.findall(rf"{CODE}\d+", html.tostring(row).decode())[:1]
            cells = {cell.get("data-label"): cell for cell in row}
            assert seen(cells["Kết quả"]) == compared.percent(thon, goal.indicator), (thon, goal)
            expected = WORDS[compared.recount.told(thon, goal.indicator).state]
            assert state_word(cells["Trạng thái"].xpath("./span")[0]) == expected, (thon, goal)


def state_word(node: html.HtmlElement) -> str:
    return seen(node).removesuffix(", trong sai số")


def told_by_maps(compared: Compared) -> None:
    for code in PERCENTS:
        for path in (f"/xa/{CODE}/ban-do", f"/xa/{CODE}/ban-do/in"):
            page = opened(compared.officer, f"{path}?chi_tieu={code}")
            told = compared.recount.told(COMMUNE, code)
            assert seen(page.xpath("//span[@class='value']")[0]) == compared.percent(COMMUNE, code), path
            counted = {
                seen(line.xpath(".//span")[0]): int(re.findall(r"\d+", seen(line.xpath(".//b")[0]))[0])
                for line in page.xpath("(//ul[contains(@class,'classes')])[1]/li")
            }
            assert sum(counted.values()) == len(compared.thon), (path, code)
            for state, word in WORDS.items():
                thon = sum(compared.recount.told(each, code).state == state for each in compared.thon)
                assert sum(n for name, n in counted.items() if name.startswith(word)) == thon, (
                    path,
                    code,
                    told,
                )
            for row in page.xpath("//table[contains(@class,'numbers')]/tbody/tr"):
                [area] = re.findall(rf"{CODE}\d+", html.tostring(row).decode())[:1]
                assert seen(row[-1]) == compared.percent(area, code), (path, area, code)


def told_by_workbook(compared: Compared) -> None:
    data = compared.officer.get(f"/xa/{CODE}/tai-ve/muc-bao-phu.xlsx").data
    head, *rows = openpyxl.load_workbook(io.BytesIO(data)).worksheets[0].iter_rows(values_only=True)
    by_area: dict[str, Mapping[object, object]] = {}
    for row in rows:
        if row[1] == "Cả xã" or str(row[0] or "").startswith(CODE):
            by_area[str(row[0] or COMMUNE)] = dict(zip(head, row, strict=True))
    assert set(by_area) == {COMMUNE, *compared.thon}
    for area, cells in by_area.items():
        assert cells["Đã gặp"] == compared.recount.told(area, "tham_ho").subjects
        for name, found in cells.items():
            code = str(name).split()[0]
            if code not in PERCENTS or "(tự trả lời)" in str(name):
                continue
            told = compared.recount.told(area, code)
            if str(name).endswith("so với chỉ tiêu"):
                assert str(found).removesuffix(", trong sai số") == WORDS[told.state], (area, code)
            else:
                assert found == told.shown, (area, code)


def told_by_city(compared: Compared) -> None:
    """Here small numbers are hidden: what is told equals the recount, and a bound is true."""
    for code in PERCENTS:
        page = opened(compared.city, f"/thanh-pho?chi_tieu={code}")
        heads = [seen(cell) for cell in page.xpath("//table[@class='communes']/thead/tr/th")]
        [row] = [each for each in page.xpath("//table[@class='communes']/tbody/tr") if CODE in seen(each)]
        cells = dict(zip(heads, row, strict=True))
        told = compared.recount.told(COMMUNE, code)
        value = next(cells[name] for name in ("Trên số đã hỏi", "Kết quả") if name in cells)
        is_told(seen(value.xpath(".//strong")[0]), told.percent, exactly(compared, COMMUNE, code), code)
        if told.percent_judged is not None and "Trên tất cả" in cells:
            is_told(seen(cells["Trên tất cả"]), told.percent_judged, None, code)
        chip = cells["Trạng thái"].xpath("./span")
        if chip and seen(value.xpath(".//strong")[0]) not in HIDDEN:
            assert state_word(chip[0]) == WORDS[told.state], code


def told_by_citys_workbook(compared: Compared) -> None:
    book = openpyxl.load_workbook(io.BytesIO(compared.city.get("/thanh-pho/cac-chi-tieu.xlsx").data))
    head, *rows = book["Số liệu"].iter_rows(values_only=True)
    found = {row[2]: dict(zip(head, row, strict=True)) for row in rows if row[0] == CODE}
    for code in PERCENTS:
        told, cells = compared.recount.told(COMMUNE, code), found.get(code)
        if cells is None:
            assert told.percent is None, code
            continue
        for name, expected in (
            ("Đã đạt", told.done),
            ("Trên tổng đã hỏi", told.of),
            ("Số đã hỏi", told.subjects),
            ("Số phải hỏi", told.expected),
            ("Tỷ lệ trên số đã hỏi (%)", told.percent),
            ("Tỷ lệ trên tất cả (%)", told.percent_judged),
        ):
            assert cells[name] in (expected, None), (code, name)
        if cells["Tỷ lệ trên số đã hỏi (%)"] is not None:
            assert str(cells["Trạng thái"]).removesuffix(", trong sai số") == WORDS[told.state], code


def exactly(compared: Compared, area: str, code: str) -> float | None:
    told = compared.recount.told(area, code)
    return 100 * told.done / told.of if told.of else None


def is_told(text: str, expected: float | None, exact: float | None, where: object) -> None:
    """A number as recounted, a true bound, or that it is hidden; nothing at all only where nothing is known."""
    if text in HIDDEN:
        return
    if text == "–":
        assert expected is None, where
        return
    number = float(text.strip("<> %").replace(",", "."))
    if text[0] in "<>":
        assert exact is not None, where
        assert exact > number if text[0] == ">" else exact < number, where
    else:
        assert number == expected, where


def told_by_report(compared: Compared) -> None:
    """The files of the draft, as everybody reads them: small numbers hidden."""
    token = compared.officer.csrf_token(f"/xa/{CODE}/bao-cao/du-thao?ky=2026-11")
    answer = compared.officer.post(
        f"/xa/{CODE}/bao-cao/du-thao.docx", data={"csrf_token": token, "ky": "2026-11"}
    )
    assert answer.status_code == 200
    tables = docx.Document(io.BytesIO(answer.data)).tables
    by_head = {
        tuple(cell.text for cell in table.rows[0].cells): table for table in tables if len(table.columns) > 3
    }
    plan = next(table for head, table in by_head.items() if head[:2] == ("Mã", "Chỉ tiêu của kế hoạch"))
    goals = {goal.id: goal for goal in compared.recount.ground.goals}
    for row in plan.rows[1:]:
        texts = [cell.text.replace("\u00a0", " ") for cell in row.cells]
        goal = goals[texts[0]]
        told = compared.recount.told(COMMUNE, goal.indicator)
        if goal.unit == "percent":
            is_told(texts[3], told.shown, exactly(compared, COMMUNE, goal.indicator), goal)
        elif texts[3] not in {*HIDDEN, "–"}:
            assert int(texts[3]) == told.done
        if texts[3] not in HIDDEN and texts[3] != "–":
            assert texts[4].removesuffix(", trong sai số") == WORDS[told.state], goal
    head, thons = next((head, table) for head, table in by_head.items() if head[:2] == ("Thôn", "Số hộ"))
    names = {f"Thôn {int(code.removeprefix(CODE))}": code for code in compared.thon}
    for row in thons.rows[1:]:
        texts = [cell.text.replace("\u00a0", " ") for cell in row.cells]
        thon = names.get(texts[0])
        if thon is None:
            continue  # what lies in no thôn
        for name, text in zip(head[3:], texts[3:], strict=True):
            if "(tự trả lời)" in name:
                continue  # a column of its own, held against the recount by `told_apart`
            code = name.split()[0]
            told = compared.recount.told(thon, code)
            first = text.split("\n")[0]
            is_told(first, told.shown, exactly(compared, thon, code), (thon, code))
            if compared.recount.is_small(thon, code):
                assert first in HIDDEN, (thon, code)


def test_the_recount_uses_nothing_of_the_program() -> None:
    source = Path(independent_recount.__file__).read_text(encoding="utf-8")
    named = set(re.findall(r"^(?:from|import) (\w+)", source, re.MULTILINE))
    assert named <= {"collections", "dataclasses", "datetime", "fractions", "math", "xml"}
