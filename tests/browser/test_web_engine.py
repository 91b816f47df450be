"""The engine of the web form and our own, which counts as JavaRosa does (tests/forms/engine/test_javarosa.py), agree.

The same answers are given to both, question by question; what is sent is compared leaf by leaf.
"""

import re
import uuid
from functools import cache
from typing import Any

import pytest
import sqlalchemy as sa
from pyxform.xls2xform import convert
from selenium.webdriver.remote.webdriver import WebDriver

from forms import library
from forms.engine import engine as our_engine
from forms.engine.fill_visit import Filling
from server import clock
from server.db import db
from server.intake import catch_up
from server.models import Finding
from server.openrosa import forms_for_phones as published_to_phones
from server.phones import phone_access
from server.webform import page as webform
from tests.browser.engines import Finger
from tests.browser.web_collector import Server
from tests.forms.engine.test_javarosa import (
    FILE_FORM,
    FILES,
    FORMS,
    MEDIA,
    SEEDS,
    UNOPENED,
    chosen,
    fill,
    leaves,
    opened,
    same,
)
from tests.sample import arrived

pytestmark = pytest.mark.browser

MACHINES_CLOCK = clock.now

REPLAY = """
async ([engine, form, media, done]) => {
  const { parts } = await import(engine.replace("engine.js", "parts.js"));
  await parts();  // the page fetches the engine itself: WebKit bears no second import meanwhile
  const { load } = await import(engine.replace("engine.js", "session.js"));
  const file = async (name) => new Response(media[name], { headers: { "Content-Type": kinds[name.split(".").pop()] } });
  const kinds = { csv: "text/csv", xml: "text/xml", geojson: "application/geo+json" };
  const loaded = await load({ xml: form, file });
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
    if (node.selectType === "select1") node.selectValue(text);
    else if (node.nodeType === "select") node.selectValues(text.split(" "));
    else if (node.nodeType === "rank") node.setValues(text.split(" "));
    else if (node.nodeType === "trigger") node.setValue(text === "OK");
    else node.setValue(text);
  }
  const payload = await root.prepareInstancePayload({ payloadType: "monolithic" });
  return payload.data[0].get("xml_submission_file").text();
}
"""


POST = """
async ([xml, code]) => {
  const body = new FormData();
  body.append("xml_submission_file", new Blob([xml], { type: "text/xml" }), "x.xml");
  const headers = { Authorization: `Bearer ${code}` };
  return (await fetch("/phieu/submission", { method: "POST", body, headers })).status;
}
"""


@pytest.fixture
def tab(browsing: WebDriver, engine: str, site: str) -> Finger:
    """A page of the form in one of the two engines, with nobody's code in it; it stays open for the next test."""
    found = Finger(browsing, engine)
    if not found.driver.current_url.startswith(site):
        found.open(f"{site}/phieu/")
    return found


@cache
def filled(name: str, seed: int, later: int = 0) -> tuple[Filling, list[tuple[str, ...]]]:
    """A visit with answers by that seed: made once for both engines."""
    return fill(opened(name)[1], seed, later)


def told(path: str, text: str, several: frozenset[str]) -> str:
    """A leaf as both may write it: `true` for 1 of an entity's act; the ticks of several choices in any order."""
    if path.endswith(("/@create", "/@update")):
        return {"true": "1", "false": "0"}.get(text, text)
    return " ".join(sorted(text.split())) if re.sub(r"\[\d+\]", "", path) in several else text


SENT = [*(name for name in FORMS if name.startswith("library ")), "engine sums_and_truths"]


@pytest.mark.parametrize("name", sorted(SENT))
@pytest.mark.parametrize("seed", range(SEEDS))
def test_a_form_sends_from_the_web_what_it_sends_from_a_phone(
    tab: Finger, site: str, name: str, seed: int
) -> None:
    document, here = opened(name)
    filling, done = filled(name, seed)
    again, _ = filled(name, seed, later=90)
    address = f"{site}/phieu/files/{webform.version()}/engine.js"
    asked: list[Any] = [address, document.decode(), MEDIA, done]
    there = leaves(tab.run(REPLAY, asked).encode())
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


def test_a_choice_from_a_file_is_on_the_web_what_it_is_on_a_phone(tab: Finger, site: str) -> None:
    """The same files are given to JavaRosa by tests/forms/engine/test_javarosa.py."""
    address, unlike = f"{site}/phieu/files/{webform.version()}/engine.js", {}
    for name in FILES.keys() - UNOPENED:
        file, text = FILES[name]
        document = convert(FILE_FORM.format(file=file), file_type=".md").xform.encode()
        there = leaves(
            tab.run(REPLAY, [address, document.decode(), {file: text}, [["set", "/data/c", "a"]]]).encode()
        )
        ours = chosen(document, file, text)
        unlike |= {
            f"{name}: {path}": (ours[path], there.get(path)) for path in ours if ours[path] != there.get(path)
        }
    assert unlike == {}


def test_each_pair_that_is_posted_gives_equal_findings(
    finger: Finger, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same answers to every form of the library, by a phone and by the web, belong and count alike."""
    monkeypatch.setattr(clock, "now", MACHINES_CLOCK)  # the site of the other tests here stands still at noon
    finger.open(server.page)
    address = f"{server.address}/phieu/files/{webform.version()}/engine.js"
    told = {}
    for form_id, version, xform, media in published(server):
        here = our_engine.open_form(xform, {name: text.encode() for name, text in media.items()})
        for seed in (3, 4, 14):
            filling, done = fill(here, seed)
            by_web = finger.run(REPLAY, [address, xform.decode(), media, done])
            sent = {"phone": with_ids(filling.submission()), "web": by_web.encode()}
            told[form_id, version, seed] = {way: posted(finger, server, xml) for way, xml in sent.items()}
    wrong = {key: pair for key, pair in told.items() if pair["phone"] != pair["web"]}
    assert wrong == {}
    assert len(told) == 3 * len(library.LIBRARY)
    assert sum(len(pair["web"]["findings"]) for pair in told.values()) > 10


def with_ids(xml: bytes) -> bytes:
    """What `fill` writes for ids, 0-1, 0-2 …, as ids that no other visit has."""
    fresh: dict[bytes, bytes] = {}
    return re.sub(
        rb"(?<=[>\":'])0-\d+(?=[<\"'])",
        lambda found: fresh.setdefault(found[0], str(uuid.uuid4()).encode()),
        xml,
    )


def published(server: Server) -> list[tuple[str, str, bytes, dict[str, str]]]:
    """Every form of the library: id, version, XForm, and its files as the collector gets them."""
    with server.app.app_context():
        caller = phone_access.by_token(server.code)
        connection = db.session.connection()
        found = []
        for each in published_to_phones.listed(connection, caller):
            if each.form_id not in library.LIBRARY:
                continue
            version = published_to_phones.version(caller, each.form_id, each.version)
            files = {
                name: published_to_phones.file(connection, caller, version, name).body.decode()
                for name in version.definition.media
            }
            xform = published_to_phones.xform(connection, caller, each.form_id, each.version).body
            found.append((each.form_id, each.version, xform, files))
        db.session.close()
        return found


def posted(finger: Finger, server: Server, xml: bytes) -> dict[str, Any]:
    """What came of a submission: where it belongs, its result, what stands against it, and what it states."""
    status = finger.run(POST, [xml.decode(), server.code])
    assert status == 201
    with server.app.app_context():
        catch_up.caught_up()
        row = arrived()[-1]
        findings = sa.select(Finding.indicator_id, Finding.done, Finding.of, Finding.village_id)
        stated = db.session.execute(
            findings.where(Finding.submission_id == row.id).order_by(Finding.indicator_id)
        )
        told = {
            "findings": [tuple(each) for each in stated],
            "place": (row.village_id, row.latitude, row.longitude),
            "result": row.result,
            # the second of two visits to one household is one of the same day, whichever way it came
            "against": [each for each in row.flags or () if each["code"] != "same_day"],
            "aside": (row.quarantine, row.missing_files),
        }
        db.session.close()
        return told
