"""The two engines that a phone's browser may have, Chromium's and Safari's (WebKitGTK), and one finger for both.

Both are driven by WebDriver, the only protocol that WebKitGTK speaks: what a form must do in either is written once.
"""

import os
import shutil
import subprocess
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import pytest
from selenium import webdriver
from selenium.common.exceptions import (
    ElementClickInterceptedException,
    ElementNotInteractableException,
    NoSuchElementException,
    StaleElementReferenceException,
)
from selenium.webdriver.chrome.service import Service as ChromiumService
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webdriver import WebDriver
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait
from selenium.webdriver.webkitgtk.service import Service as WebKitService

from tests.browser.web_collector import PATIENCE_SECONDS, Server

Found = TypeVar("Found")
ENGINES = ("chromium", "webkitgtk")
ALONE = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"
HERE = {"TZ": "Asia/Ho_Chi_Minh"}
WEBKIT = sorted(Path("/usr/lib").glob("*/webkit2gtk-4.*/MiniBrowser"))
NEEDED = {
    "chromium": (("chromium", "chromedriver"), "Chromium with its driver (chromium, chromium-driver)"),
    "webkitgtk": (("WebKitWebDriver", "Xvfb"), "WebKitGTK (webkit2gtk-driver, xvfb)"),
}
MOVED = (
    ElementClickInterceptedException,
    ElementNotInteractableException,
    NoSuchElementException,
    StaleElementReferenceException,
)
"""What an element may be while the page is drawn anew."""
MOST_SCREENS = 60
LATER = """
async () => {
  globalThis.isEngineAwaited = false;
  for (const way of ["instantiate", "instantiateStreaming"]) {
    const made = WebAssembly[way].bind(WebAssembly);
    WebAssembly[way] = async (...given) => {
      globalThis.isEngineAwaited = true;
      await new Promise((done) => setTimeout(done, 1000));
      return made(...given);
    };
  }
}
"""
"""A phone so slow that its engine is not ready when the list of forms can be read."""
RUN = """
const [given, done] = arguments;
(%s)(given).then((found) => done([found ?? null]), (error) => done(String(error)));
"""


@contextmanager
def started(engine: str) -> Iterator[WebDriver]:
    """A browser with this engine; without it the test is skipped, except where CI promises it."""
    programs, words = NEEDED[engine]
    if not all(map(shutil.which, programs)) or (engine == "webkitgtk" and not WEBKIT):
        said = f"no {words} on this machine: the form was not tried in it"
        if os.environ.get("CI") == "true":
            pytest.fail(said)
        pytest.skip(said)
    with _chromium() if engine == "chromium" else _webkit() as driver:
        driver.set_script_timeout(PATIENCE_SECONDS)
        driver.set_page_load_timeout(PATIENCE_SECONDS)
        yield driver


@contextmanager
def _chromium() -> Iterator[WebDriver]:
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium") or ""
    for each in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", ALONE):
        options.add_argument(each)
    screen = {"width": 390, "height": 844, "pixelRatio": 1.0, "touch": True, "mobile": True}
    options.add_experimental_option("mobileEmulation", {"deviceMetrics": screen})
    options.add_experimental_option("prefs", {"intl.accept_languages": "vi-VN"})
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(
        options=options, service=ChromiumService(shutil.which("chromedriver"), env=os.environ | HERE)
    )
    yield driver
    driver.quit()


@contextmanager
def _webkit() -> Iterator[WebDriver]:
    with _display() as display, warnings.catch_warnings():
        # Selenium's own driver for WebKitGTK still sets what Selenium has given another place
        warnings.filterwarnings("ignore", "setting remote_server_addr", DeprecationWarning)
        options = webdriver.WebKitGTKOptions()
        options.binary_location = str(WEBKIT[-1])
        options.add_argument("--automation")
        environment = {
            **os.environ,
            **HERE,
            "DISPLAY": display,
            "LC_ALL": "C.UTF-8",
            # neither a graphics card nor user namespaces are to be had in a container
            "WEBKIT_DISABLE_COMPOSITING_MODE": "1",
            "WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS": "1",
        }
        service = WebKitService(shutil.which("WebKitWebDriver"), env=environment)
        driver = webdriver.WebKitGTK(options=options, service=service)
        driver.set_window_size(390, 844)
        yield driver
        driver.quit()


@contextmanager
def _display() -> Iterator[str]:
    """A screen of its own: MiniBrowser knows no other."""
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


class Finger:
    """A collector's finger on the page, and what their eyes see there."""

    def __init__(self, driver: WebDriver, engine: str) -> None:
        self.driver, self.engine = driver, engine

    def wait(self, ask: Callable[[WebDriver], Found], seconds: float = PATIENCE_SECONDS) -> Found:
        """What `ask` finds, once it finds anything."""
        waiting = WebDriverWait(self.driver, seconds, poll_frequency=0.03, ignored_exceptions=MOVED)
        return waiting.until(ask)

    def open(self, address: str) -> None:
        """The page at an address, made ready from the beginning, also where one is there already."""
        self.driver.get("about:blank")
        self.driver.get(address)
        self.is_ready()

    def reload(self) -> None:
        self.driver.refresh()
        self.is_ready()

    def is_ready(self) -> None:
        self.found("html[data-ready]")

    def tab(self, address: str) -> str:
        """One more tab, with the page in it; what to call it."""
        self.driver.switch_to.new_window("tab")
        self.open(address)
        return self.driver.current_window_handle

    def at(self, tab: str) -> None:
        self.driver.switch_to.window(tab)

    def found(self, selector: str) -> WebElement:
        return self.wait(lambda each: each.find_element(By.CSS_SELECTOR, selector))

    def count(self, selector: str) -> int:
        """How many there are now."""
        return len(self.driver.find_elements(By.CSS_SELECTOR, selector))

    def touch(self, path: str) -> None:
        """Touch what an XPath leads to, once it is there and nothing lies over it."""

        def touched(driver: WebDriver) -> bool:
            element = driver.find_element(By.XPATH, path)
            driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", element)
            element.click()
            return True

        self.wait(touched)

    def press(self, words: str, within: str = "") -> None:
        """Touch the button with these words, in a line of a list that has the words `within`."""
        line = f"//li[contains(., '{within}')]" if within else ""
        self.touch(f"{line}//button[normalize-space()='{words}']")

    def choose(self, words: str) -> None:
        """Touch the choice that begins with these words."""
        self.touch(f"//label[contains(@class, 'choice')][starts-with(normalize-space(), '{words}')]")

    def write(self, words: str, selector: str = ".question input") -> None:
        """Type into a field, in place of what stands there."""
        field = self.found(selector)
        field.clear()
        field.send_keys(words)

    def onwards(self) -> None:
        self.touch("//nav[@class='steps']//button[normalize-space()='Tiếp' or normalize-space()='Xem lại']")

    def answers(self, words: str) -> None:
        """Type the answer to the question on the screen, and go on."""
        self.write(words)
        self.onwards()

    def to_the_end(self, on_screen: Callable[["Finger"], None] = lambda _: None) -> None:
        """On and on, to where one may send; `on_screen` is asked for an answer at every screen."""
        self.found(".steps")
        for _ in range(MOST_SCREENS):
            if self.driver.find_elements(By.XPATH, "//button[normalize-space()='Hoàn thành và gửi']"):
                return
            on_screen(self)
            self.onwards()
        raise AssertionError(f"one never comes to the end: {self.text()}")

    def attach(self, path: Path) -> None:
        """Take a photo: no camera is here, but the field for files is the one that opens it."""
        self.found(".question input[type=file]").send_keys(str(path))
        self.found(".taken img")

    def text(self) -> str:
        """All that can be read."""
        read: str = self.driver.execute_script("return document.body.innerText")
        return read

    def reads(self, words: str) -> None:
        """Wait until these words can be read."""
        self.wait(lambda _: words in self.text())

    def run(self, script: str, given: object = None) -> Any:
        """What an asynchronous function of one argument answers on the page."""
        told = self.driver.execute_async_script(RUN % script, given)
        assert isinstance(told, list), told
        return told[0]

    def kept(self, store: str) -> list[Any]:
        """What the page keeps in one of its stores."""
        script = """async (store) => {
          const app = document.querySelector("script[type=module]").src;
          return JSON.parse(JSON.stringify(await (await import(app.replace("app.js", "store.js"))).all(store),
            (_, each) => (each instanceof ArrayBuffer ? [...new Uint8Array(each)] : each)));
        }"""
        found: list[Any] = self.run(script, store)
        return found

    def close(self) -> None:
        """Every tab but one, which shows nothing."""
        for tab in self.driver.window_handles[1:]:
            self.at(tab)
            self.driver.close()
        self.at(self.driver.window_handles[0])
        self.driver.get("about:blank")

    @contextmanager
    def offline(self, server: Server) -> Iterator[None]:
        """No network. Chromium has a switch for it; for WebKitGTK, nobody answers at the server's address."""
        if self.engine == "webkitgtk":
            server.end()
            yield
            server.begin()
            self.driver.execute_script("window.dispatchEvent(new Event('online'))")
        else:
            self._switch(is_off=True)
            yield
            self._switch(is_off=False)

    def _switch(self, *, is_off: bool) -> None:
        assert isinstance(self.driver, webdriver.Chrome)
        self.driver.set_network_conditions(offline=is_off, latency=0, throughput=100_000_000)
