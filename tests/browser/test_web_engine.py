"""The engine of the web form and our own, which counts as JavaRosa does (tests/forms/engine/test_javarosa.py), agree.

The same answers are given to both, question by question; what is sent is compared leaf by leaf.
"""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from server.webform import page as webform
from tests.browser.conftest import PHONE
from tests.forms.engine.test_javarosa import FORMS, MEDIA, SEEDS, fill, leaves, opened, same

pytestmark = pytest.mark.browser

REPLAY = """
async ([engine, form, media, done]) => {
  const { loadForm } = await import(engine);
  const named = (url) => decodeURIComponent(String(url).split("/").pop());
  const loaded = await loadForm(form, {
    fetchFormAttachment: async (url) => new Response(media[named(url)], { headers: { "Content-Type": "text/csv" } }),
    missingResourceBehavior: "BLANK",
  });
  if (loaded.status === "failure") throw loaded.error;
  const root = loaded.createInstance({ preloadProperties: { deviceID: "x", username: "x" } }).root;
  const at = (address) => address.replace(/\\[1\\]/g, "");
  const every = function* (node) {
    for (const child of node.currentState.children ?? []) {
      yield child;
      yield* every(child);
    }
  };
  const find = (address, kind) => [...every(root)].find((node) =>
    at(node.currentState.reference) === at(address) && node.nodeType.startsWith(kind));
  for (const [verb, address, text] of done) {
    if (verb === "add") {
      find(address, "repeat-range").addInstances();
      continue;
    }
    const node = find(address, "");
    if (node.nodeType === "select") node.selectValues(text.split(" "));
    else if (node.nodeType === "rank") node.setValues(text.split(" "));
    else if (node.nodeType === "trigger") node.setValue(text === "OK");
    else node.setValue(text);
  }
  const payload = await root.prepareInstancePayload({ payloadType: "monolithic" });
  return payload.data[0].get("xml_submission_file").text();
}
"""


@pytest.fixture(scope="module")
def tab(browser: Browser, site: str) -> Iterator[Page]:
    context = browser.new_context(viewport=PHONE, locale="vi-VN", timezone_id="Asia/Ho_Chi_Minh")
    page = context.new_page()
    page.goto(f"{site}/phieu/")
    page.wait_for_selector("html[data-ready]")
    yield page
    context.close()


def told(path: str, text: str, several: frozenset[str]) -> str:
    """A leaf as both may write it: `true` for 1 of an entity's act; the ticks of several choices in any order."""
    if path.endswith(("/@create", "/@update")):
        return {"true": "1", "false": "0"}.get(text, text)
    return " ".join(sorted(text.split())) if re.sub(r"\[\d+\]", "", path) in several else text


@pytest.mark.parametrize("name", sorted(name for name in FORMS if name.startswith("library ")))
@pytest.mark.parametrize("seed", range(SEEDS))
def test_a_library_form_sends_from_the_web_what_it_sends_from_a_phone(
    tab: Page, name: str, seed: int
) -> None:
    document, here = opened(name)
    filling, done = fill(here, seed)
    again, _ = fill(here, seed, later=90)
    engine = f"/phieu/files/{webform.version()}/engine.js"
    asked: list[Any] = [engine, document.decode(), MEDIA, done]
    there = leaves(tab.evaluate(REPLAY, asked).encode())
    ours, other = leaves(filling.submission()), leaves(again.submission())
    root = f"{here.form.root}/"
    preloaded = {path.removeprefix(root) for path, node in here.form.nodes.items() if node.bind.preload}
    several = frozenset(
        path.removeprefix(root) for path, each in here.form.controls.items() if each.kind == "select"
    )
    moved = {path for path in ours if ours[path] != other.get(path)} | {"meta/instanceID"}
    compared = [path for path in ours if path not in moved and re.sub(r"\[\d+\]", "", path) not in preloaded]
    unlike = {
        path: (ours[path], there.get(path))
        for path in compared
        if not same(told(path, ours[path], several), told(path, there.get(path, ""), several))
    }
    assert len(compared) > 5
    assert unlike == {}, done
    assert set(there) - set(ours) == set()
