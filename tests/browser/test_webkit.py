"""The form in a browser of Safari's family (WebKitGTK): iPhones have no other engine."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait
from selenium.webdriver.webkitgtk.service import Service

from server.db import db
from tests.browser.web_collector import Server, answer, photographed, stored
from tests.sample import arrived_files, publish

pytestmark = [
    pytest.mark.browser,
    # Selenium's own driver for WebKitGTK still sets what Selenium has given another place
    pytest.mark.filterwarnings("ignore:setting remote_server_addr:DeprecationWarning"),
]

DRIVER = "WebKitWebDriver"
BROWSERS = sorted(Path("/usr/lib").glob("*/webkit2gtk-4.*/MiniBrowser"))


@pytest.fixture
def display(tmp_path: Path) -> Iterator[str]:
    """A screen of its own; without it or the browser the test is skipped, except where CI promises them."""
    if not (shutil.which(DRIVER) and shutil.which("Xvfb") and BROWSERS):
        said = "no WebKitGTK (webkit2gtk-driver, xvfb) on this machine: Safari's family was not tried"
        if os.environ.get("CI") == "true":
            pytest.fail(said)
        pytest.skip(said)
    told, tells = os.pipe()
    screen = subprocess.Popen(
        ["Xvfb", "-displayfd", str(tells), "-screen", "0", "420x900x24", "-nolisten", "tcp"],
        pass_fds=(tells,),
        stderr=subprocess.DEVNULL,
    )
    os.close(tells)
    with os.fdopen(told) as number:
        yield f":{number.readline().strip()}"
    screen.terminate()
    screen.wait()


@pytest.fixture
def safari(display: str) -> Iterator[webdriver.WebKitGTK]:
    options = webdriver.WebKitGTKOptions()
    options.binary_location = str(BROWSERS[-1])
    options.add_argument("--automation")
    environment = {
        **os.environ,
        "DISPLAY": display,
        "LC_ALL": "C.UTF-8",
        # neither a graphics card nor user namespaces are to be had in a container
        "WEBKIT_DISABLE_COMPOSITING_MODE": "1",
        "WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS": "1",
    }
    driver = webdriver.WebKitGTK(options=options, service=Service(shutil.which(DRIVER), env=environment))
    yield driver
    driver.quit()


SHORT = """
| survey |
| | type | name | label | parameters |
| | text | ten | Họ và tên | |
| | image | anh | Ảnh ngôi nhà | max-pixels=640 |
| settings |
| | form_id | version | form_title |
| | tham_nhanh | 1 | Thăm nhanh |
"""


DRAFTED = """
const [name, done] = arguments;
const store = document.querySelector("script[type=module]").src.replace("app.js", "store.js");
import(store).then((kept) => kept.all("drafts")).then((all) => done(all.some((each) => each.xml.includes(name))));
"""
"""Whether what was typed is on the disk: a camera takes longer to open."""


class Touched:
    """A collector's finger on the page."""

    def __init__(self, safari: webdriver.WebKitGTK) -> None:
        self.safari = safari

    def found(self, selector: str) -> WebElement:
        return WebDriverWait(self.safari, 30).until(lambda each: each.find_element(By.CSS_SELECTOR, selector))

    def press(self, words: str, within: str = "") -> None:
        """Touch the button with these words, in what has the words `within`, once it is there."""
        path = f"//li[contains(., '{within}')]" if within else ""
        path += f"//button[normalize-space()='{words}']"
        WebDriverWait(self.safari, 30).until(lambda each: each.find_element(By.XPATH, path)).click()

    def type_in(self, words: str) -> None:
        self.found(".question input").send_keys(words)
        self.press("Tiếp")

    def reads(self, words: str) -> None:
        WebDriverWait(self.safari, 60).until(lambda each: words in each.page_source)


def test_ten_households_are_walked_without_a_network_and_counted_once_each(
    safari: webdriver.WebKitGTK, server: Server, tmp_path: Path
) -> None:
    """The page is closed in the middle of the day, and lost once while a photo is taken."""
    photo = tmp_path / "IMG.jpg"
    photo.write_bytes(photographed())
    with server.app.app_context():
        publish(SHORT)
        db.session.close()
    safari.set_window_size(390, 844)
    hand = Touched(safari)
    safari.get(server.page)
    hand.reads("Thăm nhanh")
    hand.reads("Cập nhật lúc")
    safari.execute_async_script("navigator.serviceWorker.ready.then(() => arguments[0](true))")
    server.end()
    for number in range(10):
        hand.press("Điền phiếu mới", "Thăm nhanh")
        hand.type_in(f"Chủ hộ {number}")
        if number == 3:  # the camera took the memory: the page is gone before the photo came back
            hand.found(".question input[type=file]")
            WebDriverWait(safari, 30).until(
                lambda each, name=f"Chủ hộ {number}": each.execute_async_script(DRAFTED, name)
            )
            safari.refresh()
            hand.press("Điền tiếp", "Thăm nhanh")
        if number in (3, 5):
            hand.found(".question input[type=file]").send_keys(str(photo))
            hand.found(".taken img")
        hand.press("Xem lại")
        hand.press("Hoàn thành và gửi")
        hand.reads(f"{number + 1} phiếu chờ gửi")
        if number == 6:
            safari.get("about:blank")
            safari.get(server.page)
            hand.reads("7 phiếu chờ gửi")
    server.begin()
    hand.press("Gửi ngay")
    hand.reads("Không có phiếu chờ gửi")
    sent = stored(server)
    assert sorted(answer(each, "ten") or "" for each in sent) == [f"Chủ hộ {number}" for number in range(10)]
    assert len({each.instance_id for each in sent}) == 10
    assert [each.missing_files for each in sent] == [None] * 10
    with server.app.app_context():
        assert len(arrived_files()) == 2
        db.session.close()


def test_a_form_is_opened_filled_in_and_sent(safari: webdriver.WebKitGTK, server: Server) -> None:
    hand = Touched(safari)
    safari.get(server.page)
    WebDriverWait(safari, 60).until(lambda each: "Mọi loại câu" in each.page_source)
    safari.find_element(By.XPATH, "//li[contains(., 'Mọi loại câu')]//button").click()
    for words in ("Nguyễn Văn Ấm", "4", "152,5"):
        hand.type_in(words)
    hand.found(".choice input[value=khong]").click()
    hand.press("Tiếp")
    hand.type_in("Bé Na")
    for _ in range(2):  # no other child, no photo
        hand.press("Tiếp")
    hand.press("Xem lại")
    hand.press("Hoàn thành và gửi")
    WebDriverWait(safari, 30).until(lambda each: "Đã gửi 1 phiếu." in each.page_source)
    [sent] = stored(server)
    told = {name: answer(sent, name) for name in ("ten", "nguoi", "dien", "vneid", "ten_tre")}
    assert told == {
        "ten": "Nguyễn Văn Ấm",
        "nguoi": "4",
        "dien": "152.5",
        "vneid": "khong",
        "ten_tre": "Bé Na",
    }
    controlled = safari.execute_async_script("navigator.serviceWorker.ready.then(() => arguments[0](true))")
    assert controlled is True
