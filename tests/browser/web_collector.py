"""A collector's browser, a server for it, and how forms are filled in there."""

import io
import re
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from lxml import etree
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize, expect
from werkzeug.serving import make_server
from werkzeug.wrappers import Response

from forms import library
from server.db import db
from server.models import Submission
from server.phones import collectors
from server.published_forms import library_forms
from tests.conftest import Template, application, begun_once, on_a_copy
from tests.sample import (
    arrived,
    make_collector,
    make_commune,
    make_entity,
    make_village,
    publish,
)  # fmt: skip

PHONE = ViewportSize(width=390, height=844)
PATIENCE_SECONDS = 60
"""How long anything is waited for: a machine at work takes long for what takes a moment."""
NAMES = ("Đỗ Thị Thảo", "Lương Văn Đức", "Nguyễn Thị Nụ", "Trần Văn Ấm", "Phạm Thị Ủy", "Vũ Đình Ước")

FIRST_SCRIPT = "/truoc-het.js"

ALL_KINDS = """
| survey |
| | type | name | label | required | relevant | constraint | constraint_message | parameters |
| | text | ten | Họ và tên | yes |
| | integer | nguoi | Số người | | | . < 30 | Nhiều quá |
| | decimal | dien | Diện tích, m² |
| | select_one co | vneid | Có VNeID không? |
| | select_multiple viec | viec | Đã giúp gì? | | ${vneid} = 'co' |
| | begin_repeat | tre | Trẻ em |
| | text | ten_tre | Tên trẻ |
| | end_repeat |
| | image | anh | Ảnh ngôi nhà | | | | | max-pixels=640 |
| | note | cam_on | Xin cảm ơn ${ten} |
| choices |
| | list_name | name | label |
| | co | co | Có |
| | co | khong | Không |
| | viec | cai | Cài ứng dụng |
| | viec | day | Hướng dẫn |
| settings |
| | form_id | version | form_title |
| | moi_loai | {version} | Mọi loại câu |
"""


class Server:
    """A running server, its application, and a collector's code."""

    def __init__(self, app: Flask, code: str) -> None:
        self.app, self.code, self.port = app, code, 0
        self.posts: list[str] = []
        self.sent: dict[str, int] = {}
        """How many bytes went out under a path, as they were packed; of several answers the last."""
        self.answers_to_lose = 0
        self.first_script = ""
        """What runs on every page before anything else: takes away what a browser may lack."""
        self.begin()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def page(self) -> str:
        return f"{self.address}/phieu/#ma={self.code}"

    def begin(self) -> None:
        """Answer, under the same address as before."""
        self._running = make_server("127.0.0.1", self.port, self._answer, threaded=True)
        self.port = self._running.server_port
        self._thread = threading.Thread(target=self._running.serve_forever)
        self._thread.start()

    def _answer(self, environ: dict[str, Any], start: Any) -> Iterable[bytes]:
        """What the application answers; a POST's answer may be lost on its way back, after all was stored."""
        if environ["PATH_INFO"] == FIRST_SCRIPT:
            return Response(self.first_script, mimetype="text/javascript")(environ, start)
        response = Response.from_app(self.app, environ)
        if self.first_script and response.mimetype == "text/html":
            head = f'<head><script src="{FIRST_SCRIPT}"></script>'
            response.data = response.data.replace(b"<head>", head.encode(), 1)
        body = response(environ, start)
        self.sent[environ["PATH_INFO"]] = response.content_length or 0
        if environ["REQUEST_METHOD"] != "POST":
            return body
        self.posts.append(environ["PATH_INFO"])
        if self.answers_to_lose:
            self.answers_to_lose -= 1
            environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
        return body

    def end(self) -> None:
        """Answer nobody: what browsers see where there is no network."""
        self._running.shutdown()
        self._thread.join()
        self._running.server_close()


@pytest.fixture(scope="session")
def begun_walk(
    template_database: Template, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Template, str]]:
    """The library's forms, a form of every kind of question, households, and one collector, whose code this is."""
    with begun_once(template_database, tmp_path_factory.mktemp("walk"), _begin) as begun:
        yield begun


def _begin() -> str:
    library_forms.publish_library()
    publish(ALL_KINDS, version="1")
    commune = make_commune()
    village = make_village(commune)
    for number in range(36):
        lane = f"Ngõ {number % 5}"
        label = f"{NAMES[number % 6]}, {lane}, số {number}"
        make_entity(village, label, data={"dia_chi": lane, "thon": village.code})
    code = collectors.token(make_collector(commune, [village]).collector)
    db.session.commit()
    return code


@pytest.fixture
def server(begun_walk: tuple[Template, str], tmp_path: Path) -> Iterator[Server]:
    """A server with all that, on a copy of its own."""
    template, code = begun_walk
    with on_a_copy(template, tmp_path) as settings, application(settings) as app:
        found = Server(app, code)
        yield found
        found.end()


@pytest.fixture
def phone(browser: Browser, server: Server) -> Iterator[BrowserContext]:
    """A browser as large as an iPhone's; nothing may be asked of anybody else, and nothing may go wrong in a script."""
    context = browser.new_context(viewport=PHONE, locale="vi-VN")
    strayed: list[str] = []
    errors: list[str] = []
    context.on(
        "request",
        lambda asked: (
            None if asked.url.startswith((server.address, "data:", "blob:")) else strayed.append(asked.url)
        ),
    )
    context.on("weberror", lambda error: errors.append(str(error.error)))
    context.on(
        "console", lambda said: errors.append(said.text) if "Content Security Policy" in said.text else None
    )
    yield context
    context.close()
    assert strayed == []
    assert errors == []


def opened(phone: BrowserContext, address: str) -> Page:
    """A tab with the page in it, ready."""
    page = phone.new_page()
    page.goto(address)
    page.wait_for_selector("html[data-ready]")
    return page


def prepared(phone: BrowserContext, server: Server, own: int = 1) -> Page:
    """A tab with all that it needs fetched, and whose worker keeps the page; `own` forms beside the library's."""
    page = opened(phone, server.page)
    expect(page.get_by_role("button", name="Điền phiếu mới")).to_have_count(len(library.LIBRARY) + own)
    expect(page.get_by_text("Cập nhật lúc")).to_be_visible()
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    return page


def wait_until(page: Page, holds: Callable[[], bool]) -> None:
    """Until something holds that the page tells only whoever asks."""
    ends = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < ends, f"never so within {PATIENCE_SECONDS} s"
        page.wait_for_timeout(50)


def start(page: Page, title: str) -> None:
    page.locator("ul.forms li", has_text=title).get_by_role("button", name="Điền phiếu mới").click()
    page.wait_for_selector(".question")


def asked(page: Page) -> str:
    """The question on the screen."""
    return page.locator(".question .label").first.inner_text().strip()


def onwards(page: Page) -> None:
    page.locator(".steps").get_by_role("button", name=re.compile("^(Tiếp|Xem lại)$")).click()


def fill_all_kinds(page: Page, picture: bytes | None = None) -> None:
    """Every question of ALL_KINDS answered, up to the review."""
    page.locator("input").fill("Nguyễn Văn Ấm")
    onwards(page)
    page.locator("input").fill("4")
    onwards(page)
    page.locator("input").fill("152,5")
    onwards(page)
    page.get_by_label("Có", exact=True).check()
    onwards(page)
    page.get_by_label("Hướng dẫn").check()
    onwards(page)
    page.locator("input").fill("Bé Na")
    onwards(page)
    onwards(page)  # no other child
    if picture is not None:
        page.locator("input[type=file]").set_input_files(
            {"name": "IMG.jpg", "mimeType": "image/jpeg", "buffer": picture}
        )
        expect(page.locator(".taken img")).to_be_visible()
    onwards(page)
    expect(page.get_by_text("Xin cảm ơn Nguyễn Văn Ấm")).to_be_visible()
    onwards(page)


def finish(page: Page) -> None:
    page.get_by_role("button", name="Hoàn thành và gửi").click()


def stored(server: Server) -> list[Submission]:
    with server.app.app_context():
        found = arrived()
        for each in found:
            assert each.xml
        db.session.expunge_all()
        db.session.close()
        return found


def answer(submission: Submission, name: str) -> str | None:
    """What stands in the XML that was kept."""
    found = etree.fromstring(submission.xml).find(f".//{{*}}{name}")
    return None if found is None else found.text


def photographed() -> bytes:
    """A photo of 2,000 × 1,500 pixels, taken upright, that says where it was taken."""
    picture, out = Image.effect_noise((2000, 1500), 60).convert("RGB"), io.BytesIO()
    exif = Image.Exif()
    exif[0x010F] = "Hãng máy"
    exif[0x0112] = 6  # to be turned by a quarter
    exif.get_ifd(0x8825)[2] = (20.0, 49.0, 30.0)
    picture.save(out, "JPEG", exif=exif)
    return out.getvalue()
