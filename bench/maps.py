"""What a commune's map costs on the wire and on a slow machine: bytes after compression, time until it is drawn.

python -m bench.maps [--slower 4] [--runs 5]

The demonstration's An Lão (38 thôn) on SQLite, one server process, the system's Chromium with its CPU slowed down by
the developer tools' protocol. Drawn means: every thôn is a path in the frame's document, and a frame has been painted.
"""

import argparse
import shutil
import statistics
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any

from playwright.sync_api import CDPSession, sync_playwright
from werkzeug.serving import make_server

from app import create_app
from bench import machine
from server import clock, migrate
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
            sign_up(fill("11629"))
            db.session.commit()
            db.session.close()
        server = make_server("127.0.0.1", 0, app, threaded=True)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            site = f"http://127.0.0.1:{server.server_port}"
            found = [measure(chromium, site, options.slower) for _ in range(options.runs)]
        finally:
            server.shutdown()
            thread.join()
    machine.show(
        f"commune's map, first visit, CPU {options.slower} times slower",
        {
            "drawn_ms": round(statistics.median(ms for ms, _ in found)),
            "at_most_ms": round(max(ms for ms, _ in found)),
            "wire_bytes": max(size for _, size in found),
        },
    )


def measure(chromium: str, site: str, slower: int) -> tuple[float, int]:
    """Milliseconds from the click until the map is drawn, and bytes received, with nothing in the cache."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": 1366, "height": 768}, locale="vi-VN")
        page.goto(f"{site}/dang-nhap")
        page.fill("#username", "lanh.dao")
        page.fill("#password", PASSWORD)
        page.click("main button[type=submit]")
        page.wait_for_load_state("networkidle")
        session = page.context.new_cdp_session(page)
        received = count(session)
        session.send("Emulation.setCPUThrottlingRate", {"rate": slower})
        page.goto(f"{site}{MAP}", wait_until="commit")
        took = page.evaluate(DRAWN)
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
