"""What the form in a browser costs: bytes on the wire, time until a form is ready, a key until it is drawn, memory.

python -m bench.web_form [--households 500] [--runs 3]

`ho_gia_dinh` with so many households, on SQLite, one server process, the system's Chromium at full speed and with its
CPU slowed down four times by the developer tools' protocol. Ready means: the first question is in the document and a
frame has been painted, from the touch on “Điền phiếu mới”. The key is typed into the search for a household.
"""

import argparse
import gzip
import logging
import shutil
import statistics
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import CDPSession, Page, sync_playwright
from werkzeug.serving import make_server

from app import create_app
from bench import machine
from server import migrate
from server.db import db
from server.phones import collectors
from server.published_forms import library_forms
from server.settings import Settings
from server.webform import page as webform
from tests.sample import make_collector, make_commune, make_entity, make_village

SECRET = "for benchmarks only, and long enough for them"
READY = """async () => {
  const from = performance.now();
  [...document.querySelectorAll('ul.forms li')].find((each) => each.textContent.includes('Phiếu hộ gia đình'))
    .querySelector('button').click();
  while (!document.querySelector('.question')) await new Promise((done) => setTimeout(done, 5));
  await new Promise((done) => requestAnimationFrame(() => setTimeout(done, 0)));
  return performance.now() - from;
}"""
KEY = """async (letter) => {
  const field = document.querySelector('input[type=search]');
  const from = performance.now();
  field.value += letter;
  field.dispatchEvent(new Event('input'));
  await new Promise((done) => requestAnimationFrame(() => setTimeout(done, 0)));
  return performance.now() - from;
}"""


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--households", type=int, default=500)
    arguments.add_argument("--runs", type=int, default=3)
    options = arguments.parse_args()
    chromium = shutil.which("chromium") or sys.exit("needs Chromium")
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    print(machine.describe())
    sizes = {
        path.name: len(gzip.compress(path.read_bytes()))
        for path in webform.FILES.iterdir()
        if path.suffix in (".js", ".css") and path.name not in webform.NOT_FOR_COLLECTORS
    }
    print(
        f"first load, gzip: {sum(sizes.values()) / 1024:.0f} KB, of it engine {sizes['engine.js'] / 1024:.0f} KB"
    )
    with served(options.households) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for slower in (1, 4):
            runs = []
            for _ in range(options.runs):
                context = browser.new_context(viewport={"width": 390, "height": 844}, locale="vi-VN")
                page = context.new_page()
                runs.append(measure(page, context.new_cdp_session(page), address, slower))
                context.close()
            ready, keys, heap = (statistics.median(each) for each in zip(*runs, strict=True))
            print(
                f"{slower}x: ready {ready / 1000:.2f} s, key to frame {keys:.0f} ms, heap {heap / 1e6:.1f} MB"
            )
        browser.close()


def measure(page: Page, tools: CDPSession, address: str, slower: int) -> tuple[float, float, float]:
    """Milliseconds until ready, milliseconds of a key in the median of five, bytes of the heap."""
    page.goto(address)
    page.get_by_text("Cập nhật lúc").wait_for()
    page.wait_for_timeout(1000)  # a collector looks for the form as long
    tools.send("Emulation.setCPUThrottlingRate", {"rate": slower})
    ready: float = page.evaluate(READY)
    page.get_by_role("button", name="Tiếp").click()
    page.get_by_label("Thôn Đông").check()
    page.get_by_role("button", name="Tiếp").click()
    page.get_by_role("radio", name="Có trong danh sách").check()
    page.get_by_role("button", name="Tiếp").click()
    keys = [page.evaluate(KEY, letter) for letter in "do th"]
    tools.send("HeapProfiler.collectGarbage")
    heap: float = page.evaluate("performance.memory.usedJSHeapSize")
    return ready, statistics.median(keys), heap


@contextmanager
def served(households: int) -> Iterator[str]:
    """The address of the page of a collector of one thôn with so many households."""
    with tempfile.TemporaryDirectory(prefix="tungnha-bench-") as folder:
        app = create_app(Settings(instance=Path(folder), secret_key=SECRET))
        with app.app_context():
            migrate.upgrade()
            library_forms.publish_library()
            commune = make_commune()
            village = make_village(commune)
            for number in range(households):
                make_entity(village, f"Đỗ Thị Thảo {number}, Ngõ {number % 20}", data={"thon": village.code})
            code = collectors.token(make_collector(commune, [village]).collector)
            db.session.commit()
            db.session.close()
        server = make_server("127.0.0.1", 0, app, threaded=True)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/phieu/#ma={code}"
        server.shutdown()
        thread.join()
        server.server_close()


if __name__ == "__main__":
    main()
