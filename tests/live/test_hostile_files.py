"""While a hostile or merely huge file is read through its page, another commune's visits are stored at once."""

import re
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import lxml.html
import pytest
import requests

from tests import hostile_files, sample
from tests.conftest import Template, application, on_a_copy
from tests.live.served import Served
from tests.people import PASSWORD, make_person
from tests.phone import Phone

pytestmark = pytest.mark.live

FORMS = "/quan-tri/bieu-mau"
OUTLINES = "/quan-tri/xa/11629/ranh-gioi"
TABLE = "/quan-tri/xa/11629/bang/thon"
VISIT_SECONDS = 3
"""A visit takes milliseconds; this is what a machine that runs other tests beside may add."""
PAGE_SECONDS = 60
"""20 by the bounds of reading, and what such a machine may add."""


@dataclass(frozen=True)
class SentFile:
    """A file on its page: what is made, and what the answer says (where there is Java, ODK Validate says more)."""

    path: str
    name: str
    make: Callable[[], bytes]
    says: str


def long_table() -> bytes:
    """As many rows as are taken, of ten cells."""
    return hostile_files.workbook(
        Thôn=[["Tên thôn", "Số hộ"], *([f"Thôn {n}", *["1"] * 9] for n in range(19_000))]
    )


FILES = [
    SentFile(FORMS, "lon.xlsx", hostile_files.honest_form, "Đã tải lên|Máy chủ đang quá bận"),
    SentFile(FORMS, "lap.xlsx", hostile_files.endless_pattern, "Đã tải lên"),
    SentFile(FORMS, "doi.xlsx", hostile_files.doubled_text, "Đã tải lên|OutOfMemoryError"),
    SentFile(OUTLINES, "vong.geojson", hostile_files.tangled_ring, "tự cắt quá nhiều chỗ"),
    SentFile(OUTLINES, "bom.kmz", hostile_files.swollen_kmz, "bung ra quá lớn"),
    SentFile(TABLE, "dai.xlsx", long_table, "Tên thôn"),
]


@dataclass(frozen=True)
class Here:
    """A server, and the code of a phone of another commune than the officer's; its form is there."""

    served: Served
    token: str


@pytest.fixture(scope="module")
def here(template_database: Template, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Here]:
    """One for all files: whoever reads one has ended when its page has answered."""
    with on_a_copy(template_database, tmp_path_factory.mktemp("files")) as settings:
        with application(settings):
            token = _fill()
        with Served(settings) as served:
            yield Here(served, token)


def _fill() -> str:
    officers = sample.make_commune()
    sample.make_village(officers)
    make_person("can_bo", "officer", officers)
    other = sample.make_commune("11630", "Tràng Thủy")
    collector = sample.make_collector(other, [sample.make_village(other, "11630001", "Thôn Tây")])
    sample.publish_plain()
    return collector.token


@pytest.mark.parametrize("sent", FILES, ids=lambda sent: sent.name)
def test_visits_of_others_are_stored_while_a_file_is_read(here: Here, sent: SentFile) -> None:
    content = sent.make()
    with ThreadPoolExecutor(1) as pool:
        officer = signed_in(here.served.url)
        phone = here.served.phone(here.token)
        assert phone.send(sample.filled())[0].status == 201
        page = pool.submit(upload, officer, here.served.url, sent, content)
        longest = visits_meanwhile(phone, page)
        answer, took = page.result()
    assert re.search(sent.says, answer.text), said(answer.text)
    assert answer.status_code in {200, 422}
    assert took < PAGE_SECONDS
    assert longest < VISIT_SECONDS


def said(page: str) -> str:
    """What a page says, for whoever reads why a test failed."""
    return " ".join(lxml.html.fromstring(page).xpath("//main")[0].text_content().split())[:2_000]


def visits_meanwhile(phone: Phone, page: "Future[tuple[requests.Response, float]]") -> float:
    """Seconds that the slowest visit took; one is sent every 50 ms until the page has answered."""
    longest = 0.0
    while True:
        begun = time.monotonic()
        assert [part.status for part in phone.send(sample.filled())] == [201]
        longest = max(longest, time.monotonic() - begun)
        if page.done():
            return longest
        time.sleep(0.05)


def signed_in(url: str) -> requests.Session:
    session = requests.Session()
    session.headers["Referer"] = url
    fields = {"username": "can_bo", "password": PASSWORD, "csrf_token": csrf(session, f"{url}/dang-nhap")}
    assert session.post(f"{url}/dang-nhap", data=fields, timeout=60).status_code == 200
    return session


def csrf(session: requests.Session, page: str) -> str:
    [found] = set(re.findall(r'name="csrf_token" value="([^"]+)"', session.get(page, timeout=60).text))
    return found


def upload(
    officer: requests.Session, url: str, sent: SentFile, content: bytes
) -> tuple[requests.Response, float]:
    """The page that follows, and how many seconds it took."""
    field = "bieu_mau" if sent.path == FORMS else "tep"
    token = csrf(officer, f"{url}{sent.path}")
    begun = time.monotonic()
    answer = officer.post(
        f"{url}{sent.path}", data={"csrf_token": token}, files={field: (sent.name, content)}, timeout=120
    )
    return answer, time.monotonic() - begun
