"""Every page that the menu offers to each role: no sideways scroll, no serious fault by axe-core, keys reach it."""

from pathlib import Path
from urllib.parse import urlsplit

import pytest
import sqlalchemy as sa
from flask import Flask
from playwright.sync_api import Page, sync_playwright

from server.db import db
from server.models import Commune, Village
from tests.browser.conftest import DESK, PHONE, QUIET, Visit, watch
from tests.leaders import PASSWORD
from tests.people import make_person

pytestmark = [pytest.mark.browser, pytest.mark.one_database]

AXE = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"
ROLES = ("officer", "team_leader", "reviewer", "leader", "city", "admin")
"""A page is looked at with the first of these that is offered it."""
DEEPER = {
    "officer": ("/xa/11629/chi-tieu/AL-T20", "/xa/11629/thon/11629001", "/quan-tri/xa/11629/so-lieu/AL-T27"),
    "city": ("/thanh-pho?chi_tieu=vneid_nguoi_dan",),
}
SERIOUS = """axe.run(document, {resultTypes: ["violations"]}).then(found => found.violations
  .filter(each => ["serious", "critical"].includes(each.impact))
  .map(each => each.id + ": " + each.nodes.slice(0, 2).map(node => node.html.slice(0, 150)).join(" | ")))"""


@pytest.fixture
def everyone(app: Flask, site: str) -> str:
    """The site, with a person of each role; the leader is there already."""
    commune = db.session.scalars(sa.select(Commune)).one()
    thon = db.session.scalars(sa.select(Village).order_by(Village.code)).first()
    assert thon is not None
    for role in set(ROLES) - {"leader"}:
        home = None if role in ("city", "admin") else commune
        make_person(role.replace("_", "."), role, home, (thon,) if role == "team_leader" else ())
    return site


def offered(page: Page) -> list[str]:
    """The addresses of the menu, in its order."""
    found: list[str] = page.eval_on_selector_all(
        "nav.menu a", "links => links.map(link => link.getAttribute('href'))"
    )
    return found


def faults(visit: Visit, path: str) -> list[str]:
    """What is wrong with a page, on a phone and at a desk."""
    page = visit.page
    page.set_viewport_size(PHONE)
    answer = page.goto(f"{visit.site}{path}")
    found = [] if answer and answer.status == 200 else [f"{path}: {answer and answer.status}"]
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found += [f"{path}: {fault}" for fault in page.evaluate(SERIOUS)]
    for size in (PHONE, DESK):
        page.set_viewport_size(size)
        if visit.width() > size["width"]:
            found.append(f"{path}: {visit.width()} px wide in {size['width']}")
    page.keyboard.press("Tab")
    if page.evaluate("document.activeElement.className") != "skip":
        found.append(f"{path}: the first key does not lead to the content")
    return found


def test_every_page_of_the_menu_of_each_role(everyone: str, chromium: str) -> None:
    seen: set[str] = set()
    wrong: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(QUIET))
        for role in ROLES:
            page = browser.new_context(viewport=PHONE, locale="vi-VN").new_page()
            visit = Visit(page, everyone)
            watch(visit)
            visit.open("/dang-nhap")
            page.fill("#username", "lanh.dao" if role == "leader" else role.replace("_", "."))
            page.fill("#password", PASSWORD)
            page.click("main button[type=submit]")
            page.wait_for_load_state()
            for path in (*offered(page), *DEEPER.get(role, ())):
                if path not in seen:
                    wrong += faults(visit, path)
                    seen.add(path)
            wrong += [f"{role}: {said}" for said in (*visit.strayed, *visit.errors)]
            page.context.close()
        browser.close()
    assert wrong == [], "\n".join(wrong)
    assert {urlsplit(path).path for path in seen} >= {"/thanh-pho", "/xa/11629", "/xa/11629/nhiem-vu"}
