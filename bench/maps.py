"""What a commune's map and the city's cost on the wire and on a slow machine: bytes compressed, time until drawn.

python -m bench.maps [--slower 4] [--runs 5]

The demonstration's An Lão (38 thôn) and the 114 communes on SQLite, one server process, the system's Chromium with its
CPU slowed down by the developer tools' protocol. Drawn means: every thôn is a path in the frame's document, each
commune one in the city's page, and a frame has been painted.
"""

import argparse
import shutil
import statistics
import sys
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import CDPSession, sync_playwright
from werkzeug.serving import make_server

from app import create_app
from bench import machine
from geo import illustrative_outlines
from server import clock, migrate
from server.boundaries import stored_outlines
from server.db import db
from server.settings import Settings
from tests.leaders import NOON, PASSWORD, fill, sign_up

SECRET = "for benchmarks only, and long enough for them"
MAP = "/xa/11629/ban-do?chi_tieu=phu_song_5g"
DRAWN = """async () => {
  const frame = () => document.querySelector('iframe');
  const paths = () => frame()?.contentDocument?.querySelectorAll('path.leaflet-interactive') ?? [];
  while (!paths().length) await new Promise((done) => setTimeout(done, 5));
  await new Promise((done) => frame().contentWindow.requestAnimationFrame(() => setTimeout(done, 0)));
  return performance.now();
}"""

CITY_DRAWN = """async () => {
  const paths = () => document.querySelectorAll('.city-map path.area');
  while (paths().length < 114) await new Promise((done) => setTimeout(done, 5));
  await new Promise((done) => requestAnimationFrame(() => setTimeout(done, 0)));
  return performance.now();
}"""


@dataclass(frozen=True)
class Place:
    """A page to open: who may, where it is, and the script that ends when its map is drawn."""

    title: str
    username: str
    path: str
    drawn: str


PLACES = (
    Place("commune's map", "lanh.dao", MAP, DRAWN),
    Place("city's page and map", "thanh.pho", "/thanh-pho?chi_tieu=phu_song_5g", CITY_DRAWN),
)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--slower", type=int, default=4)
    arguments.add_argument("--runs", type=int, default=5)
    options = arguments.parse_args()
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        sys.exit("no Chromium on this machine")
    print(machine.describe())
    clock.now = lambda: NOON
    with tempfile.TemporaryDirectory(prefix="tungnha-bench-") as folder:
        app = create_app(
            Settings(instance=Path(folder), secret_key=SECRET, fold_seconds=0, second_factor="none")
        )
        with app.app_context():
            migrate.upgrade()
            others()
            commune = fill("11629")
            sign_up(commune)
            sign_up(commune, "city", "thanh.pho")
            db.session.commit()
            db.session.close()
        server = make_server("127.0.0.1", 0, app, threaded=True)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            site = f"http://127.0.0.1:{server.server_port}"
            for place in PLACES:
                found = [measure(chromium, site, place, options.slower) for _ in range(options.runs)]
                told(place, found, options.slower)
        finally:
            server.shutdown()
            thread.join()


def others() -> None:
    """The city's other communes, as the demonstration draws them."""
    sketches = [each for each in illustrative_outlines.communes() if each.code != "11629"]
    kinds = {sketch.code: sketch.kind for sketch in sketches}
    stored_outlines.store_outlines(
        stored_outlines.sketched(sketches), "commune", source="bench", illustrative=True, kinds=kinds
    )


def told(place: Place, found: list[tuple[float, int]], slower: int) -> None:
    machine.show(
        f"{place.title}, first visit, CPU {slower} times slower",
        {
            "drawn_ms": round(statistics.median(ms for ms, _ in found)),
            "at_most_ms": round(max(ms for ms, _ in found)),
            "wire_bytes": max(size for _, size in found),
        },
    )


def measure(chromium: str, site: str, place: Place, slower: int) -> tuple[float, int]:
    """Milliseconds from the click until the map is drawn, and bytes received, with nothing in the cache."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": 1366, "height": 768}, locale="vi-VN")
        page.goto(f"{site}/dang-nhap")
        page.fill("#username", place.username)
        page.fill("#password", PASSWORD)
        page.click("main button[type=submit]")
        page.wait_for_load_state("networkidle")
        session = page.context.new_cdp_session(page)
        received = count(session)
        session.send("Emulation.setCPUThrottlingRate", {"rate": slower})
        page.goto(f"{site}{place.path}", wait_until="commit")
        took = page.evaluate(place.drawn)
        page.wait_for_timeout(1000)  # the last fonts
        browser.close()
    return float(took), sum(received)


def count(session: CDPSession) -> list[int]:
    """Bytes on the wire of all that is loaded from now on, headers and compressed bodies, with an empty cache."""
    received: list[int] = []

    def note(event: dict[str, Any]) -> None:
        received.append(int(event["encodedDataLength"]))

    session.send("Network.enable")
    session.send("Network.clearBrowserCache")
    session.on("Network.loadingFinished", note)
    return received


if __name__ == "__main__":
    main()
