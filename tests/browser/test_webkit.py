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

from tests.browser.web_collector import Server, answer, stored

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


def test_a_form_is_opened_filled_in_and_sent(safari: webdriver.WebKitGTK, server: Server) -> None:
    def found(selector: str) -> WebElement:
        return WebDriverWait(safari, 30).until(lambda each: each.find_element(By.CSS_SELECTOR, selector))

    def press(words: str) -> None:
        """Touch the button with these words once it is there."""
        path = f"//button[normalize-space()='{words}']"
        WebDriverWait(safari, 30).until(lambda each: each.find_element(By.XPATH, path)).click()

    def type_in(words: str) -> None:
        found(".question input").send_keys(words)
        press("Tiếp")

    safari.get(server.page)
    WebDriverWait(safari, 60).until(lambda each: "Mọi loại câu" in each.page_source)
    safari.find_element(By.XPATH, "//li[contains(., 'Mọi loại câu')]//button").click()
    for words in ("Nguyễn Văn Ấm", "4", "152,5"):
        type_in(words)
    found(".choice input[value=khong]").click()
    press("Tiếp")
    type_in("Bé Na")
    for _ in range(2):  # no other child, no photo
        press("Tiếp")
    press("Xem lại")
    press("Hoàn thành và gửi")
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
