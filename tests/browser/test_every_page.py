"""Every page that the menu offers to each role: no sideways scroll, no serious fault by axe-core, keys reach it."""

from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.conftest import DESK, PHONE, ROLES, Visit, opened, sign_in

pytestmark = pytest.mark.browser

AXE = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"
DEEPER = {
    "officer": ("/xa/11629/chi-tieu/AL-T20", "/xa/11629/thon/11629001", "/quan-tri/xa/11629/so-lieu/AL-T27"),
    "city": ("/thanh-pho?chi_tieu=vneid_nguoi_dan",),
}
SERIOUS = """axe.run(document, {resultTypes: ["violations"], selectors: false}).then(found => found.violations
  .filter(each => ["serious", "critical"].includes(each.impact))
  .map(each => each.id + ": " + each.nodes.slice(0, 2).map(node => node.html.slice(0, 150)).join(" | ")))"""


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


def test_every_page_of_the_menu_of_each_role(site: str, browser: Browser) -> None:
    """A page is looked at with the first role that is offered it."""
    seen: set[str] = set()
    wrong: list[str] = []
    for role in ROLES:
        with opened(browser, site, PHONE) as visit:
            sign_in(visit, role)
            visit.page.wait_for_load_state()
            for path in (*offered(visit.page), *DEEPER.get(role, ())):
                if path not in seen:
                    wrong += faults(visit, path)
                    seen.add(path)
    assert wrong == [], "\n".join(wrong)
    assert {urlsplit(path).path for path in seen} >= {"/thanh-pho", "/xa/11629", "/xa/11629/nhiem-vu"}
