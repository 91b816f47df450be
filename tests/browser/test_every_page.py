"""Every page that the menu offers to each role: no sideways scroll on screens and paper, no fault by axe-core,
and all that can be clicked is reached and shown by the keyboard alone."""

from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, ViewportSize

from tests.browser.conftest import DESK, PHONE, ROLES, Visit, opened, sign_in

pytestmark = pytest.mark.browser

AXE = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"
DEEPER = {
    "officer": ("/xa/11629/chi-tieu/AL-T20", "/xa/11629/thon/11629001", "/quan-tri/xa/11629/so-lieu/AL-T27"),
    "leader": (
        "/xa/11629/ban-do?chi_tieu=phu_song_5g&thon=11629002&loc=k-met",
        "/xa/11629/ban-do/in?chi_tieu=phu_song_5g",
        "/xa/11629/ban-do/cac-chi-tieu",
        "/xa/11629/ban-do/hai-ngay?chi_tieu=phu_song_5g",
    ),
    "city": ("/thanh-pho?chi_tieu=vneid_nguoi_dan",),
}
SERIOUS = """axe.run(document, {resultTypes: ["violations"], selectors: false}).then(found => found.violations
  .filter(each => each.impact !== "minor")
  .map(each => each.id + ": " + each.nodes.slice(0, 2).map(node => node.html.slice(0, 150)).join(" | ")))"""

LOST_IN_MENU = """() => {
  const lists = [...document.querySelectorAll("nav.menu ul")];
  const hidden = [...document.querySelectorAll("nav.menu [aria-current]")].filter(each => {
    const box = each.getBoundingClientRect();
    return box.left < 0 || box.right > innerWidth;
  });
  const scrolls = innerWidth > 1000 && lists.some(list => list.scrollWidth > list.clientWidth);
  return [...hidden.map(each => "the menu hides " + each.textContent), ...(scrolls ? ["the menu scrolls"] : [])];
}"""
"""A menu shows where one is, scrolled sideways on a phone; at a desk it shows all that it has."""

FINGER = 44
HARD_TO_TOUCH = """least => [...document.querySelectorAll("a[href], button, input, select, summary")].filter(each => {
  if (!(each instanceof HTMLElement) || !each.checkVisibility({visibilityProperty: true})) return false;
  const touched = (each.matches("[type=checkbox], [type=radio]") && each.closest("label")) || each;
  const inText = each.tagName === "A" && getComputedStyle(each).display === "inline";
  return !inText && Math.round(touched.getBoundingClientRect().height) < least;
}).map(each => "hard to touch: " + each.outerHTML.slice(0, 80))"""
"""What a finger touches, lower than that many pixels; links within a text are as high as its lines."""

LONGEST_LINE = 100
LONG_LINES = """longest => [...document.querySelectorAll("main p")].filter(each => {
  const text = document.createRange();
  text.selectNodeContents(each);
  const wide = Math.max(0, ...[...text.getClientRects()].map(line => line.width));
  return wide / (parseFloat(getComputedStyle(each).fontSize) * .5) > longest;
}).map(each => "a line too long to read: " + each.textContent.trim().slice(0, 60))"""
"""Paragraphs with lines of more letters than an eye follows back; a letter is about half as wide as high."""

PAPER = ViewportSize(width=680, height=960)
"""What is left of an A4 sheet between its margins, in CSS pixels."""
STOPS = 40
"""How many presses of Tab a page is followed for; long tables go on alike."""
REACHABLE = """() => {
  const kinds = "a[href], button, input, select, textarea, summary, iframe, [tabindex='0']";
  const open = each => !each.closest("details:not([open])") || each.matches("details > summary:first-of-type");
  const found = [...document.querySelectorAll(kinds)]
    .filter(each => !each.disabled && each.tabIndex >= 0 && open(each))
    .filter(each => each.checkVisibility({visibilityProperty: true}) && (each.type !== "radio" || each.checked));
  found.forEach((each, place) => each.dataset.stop = place);
  return found.map(each => each.outerHTML.slice(0, 120));
}"""
# within a frame, and between the parts of a day, the browser shows by itself where one is
STANDS = """() => {
  const each = document.activeElement, style = getComputedStyle(each), box = each.getBoundingClientRect();
  const shown = each.tagName === "IFRAME" || each.type === "date" || style.boxShadow !== "none"
    || (style.outlineStyle !== "none" && style.outlineWidth !== "0px");
  const inside = box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth;
  return [each.dataset.stop ?? null, shown, inside];
}"""


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
    found += [f"{path}: {fault}" for fault in page.evaluate(HARD_TO_TOUCH, FINGER)]
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found += [f"{path}: {fault}" for fault in page.evaluate(SERIOUS)]
    for size in (PHONE, DESK):
        page.set_viewport_size(size)
        if visit.width() > size["width"]:
            found.append(f"{path}: {visit.width()} px wide in {size['width']}")
        found += [f"{path}: {fault} at {size['width']} px" for fault in page.evaluate(LOST_IN_MENU)]
    found += [f"{path}: {fault}" for fault in page.evaluate(LONG_LINES, LONGEST_LINE)]
    return [*found, *unprinted(visit, path), *unreached(visit, path)]


def unprinted(visit: Visit, path: str) -> list[str]:
    """What would be cut off on paper, or has no business there."""
    page = visit.page
    page.set_viewport_size(PAPER)
    page.emulate_media(media="print")
    found = [f"{path}: {visit.width()} px wide on paper"] if visit.width() > PAPER["width"] else []
    if page.locator("nav.menu").is_visible():
        found.append(f"{path}: the menu is printed")
    page.emulate_media(media="screen")
    page.set_viewport_size(DESK)
    return found


def unreached(visit: Visit, path: str) -> list[str]:
    """What the Tab key passes by, stops at without showing it, or stops at where nobody sees it."""
    page = visit.page
    expected: list[str] = page.evaluate(REACHABLE)
    found, met = [], set()
    for number in range(min(len(expected), STOPS)):
        page.keyboard.press("Tab")
        stop, shown, inside = page.evaluate(STANDS)
        if number == 0 and page.evaluate("document.activeElement.className") != "skip":
            found.append(f"{path}: the first key does not lead to the content")
        if stop is None:  # inside the map's frame, which has keys of its own
            continue
        met.add(int(stop))
        if not (shown and inside):
            found.append(f"{path}: the focus is not to be seen on {expected[int(stop)]}")
    missed = sorted(set(range(max(met, default=0))) - met)
    return found + [f"{path}: no key reaches {expected[place]}" for place in missed]


def test_every_page_of_the_menu_of_each_role(site: str, browser: Browser) -> None:
    """A page is looked at with the first role that is offered it."""
    seen: set[str] = set()
    wrong: list[str] = []
    for role in ROLES:
        with opened(browser, site, PHONE) as visit:
            sign_in(visit, role)
            visit.page.wait_for_load_state()
            ahead = [*offered(visit.page), *DEEPER.get(role, ())]
            while ahead:
                path = ahead.pop(0)
                if path not in seen:
                    seen.add(path)
                    wrong += faults(visit, path)
                    ahead += offered(visit.page)  # those beside it stand in the menu of its family alone
    assert wrong == [], "\n".join(wrong)
    assert {urlsplit(path).path for path in seen} >= {
        "/thanh-pho",
        "/xa/11629",
        "/xa/11629/nhiem-vu",
        "/quan-tri/xa/11629/ngay-cong",
    }
