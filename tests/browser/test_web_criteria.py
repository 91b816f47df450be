"""What the form in a browser must do in Chromium's engine and in that of iPhones (WebKitGTK) alike; docs/webform.md."""

import io
import re
from pathlib import Path

import pytest
from lxml import etree
from PIL import Image
from selenium.common.exceptions import TimeoutException

from server.db import db
from server.models import Collector, Commune
from server.phones import collectors
from tests.browser.engines import LATER, Finger
from tests.browser.test_poster import LEFT
from tests.browser.web_collector import ALL_KINDS, Server, answer, photographed, stored
from tests.posters import from_library, make_poster
from tests.sample import arrived_files, make_collector, publish

pytestmark = pytest.mark.browser

SHORT = """
| survey |
| | type | name | label | parameters |
| | text | ten | Họ và tên | |
| | decimal | dien | Diện tích | |
| | image | anh | Ảnh ngôi nhà | max-pixels=640 |
| settings |
| | form_id | version | form_title |
| | tham_nhanh | {version} | Thăm nhanh |
"""
UNLIKELY = """
| survey |
| | type | name | label | appearance | calculation |
| | text | ho | Hộ | | |
{line}
| settings |
| | form_id | version | form_title | public_key |
| | {form_id} | 1 | Phiếu {form_id} | {key} |
"""
KEY = "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A"
NOT_FOR_THE_WEB = {
    "tim": ("| | text | ten | Tên | search('ho_dan') | |", "bảng của search()"),
    "kin": ("| | text | ten | Tên | | |", "phiếu mã hóa"),
    "truoc": ("| | text | ten | Tên | | ${last-saved#ten} |", "last-saved"),
    "ban": ("| | calculate | ban | | | version() |", "hàm version()"),
}


@pytest.fixture
def finger(finger: Finger, server: Server) -> Finger:
    """A collector whose commune has a short form too."""
    with server.app.app_context():
        publish(SHORT, version="1")
        db.session.close()
    return finger


def begun(finger: Finger, server: Server) -> None:
    finger.open(server.page)
    finger.reads("Thăm nhanh")
    finger.reads("Cập nhật lúc")
    finger.wait(lambda _: finger.run("async () => Boolean(navigator.serviceWorker.controller)"))


def fill(finger: Finger, name: str, photo: Path | None = None) -> None:
    """A short form, up to the review."""
    finger.press("Điền phiếu mới", "Thăm nhanh")
    finger.answers(name)
    finger.answers("152,5")
    if photo:
        finger.attach(photo)
    finger.onwards()


def send(finger: Finger) -> None:
    finger.press("Hoàn thành và gửi")


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """A large photo that says where it was taken."""
    path = tmp_path / "IMG.jpg"
    path.write_bytes(photographed())
    return path


def test_the_first_load_is_small_and_asks_nobody_else(finger: Finger, server: Server) -> None:
    """As it travels, packed, with all that is kept for use without a network."""
    begun(finger, server)
    finger.press("Điền phiếu mới", "Thăm nhanh")
    finger.found(".question")
    files = {path: size for path, size in server.sent.items() if re.match("/phieu/(files/.*)?$", path)}
    assert len(files) > 20
    assert 200 < sum(files.values()) / 1024 <= 320
    asked = finger.run("""async () => ["navigation", "resource"].flatMap((kind) =>
      performance.getEntriesByType(kind).map((each) => each.name))""")
    assert [url for url in asked if not url.startswith(f"{server.address}/phieu/")] == []


def test_the_policy_lets_no_script_in_and_nothing_out(finger: Finger, server: Server) -> None:
    begun(finger, server)
    policy, asks, inline, outside = finger.run("""async () => {
      const { headers } = await fetch(location.pathname);
      const script = document.createElement("script");
      script.textContent = "document.documentElement.dataset.inline = '1'";
      document.head.append(script);
      const stopped = new Promise((done) => addEventListener("securitypolicyviolation", (each) =>
        each.effectiveDirective === "img-src" && done("stopped")));
      const picture = new Image();
      picture.src = "https://example.org/a.png";
      const told = ["Content-Security-Policy", "Permissions-Policy"].map((name) => headers.get(name));
      return [...told, document.documentElement.dataset.inline ?? null, await stopped];
    }""")
    assert "unsafe-inline" not in policy
    assert "'unsafe-eval'" not in policy
    assert "geolocation=(self)" in asks
    assert (inline, outside) == (None, "stopped")


def test_a_draft_keeps_its_photo_through_reloads_and_is_sent_as_it_was_seen(
    finger: Finger, server: Server, photo: Path
) -> None:
    begun(finger, server)
    fill(finger, "Đỗ Thị Nụ", photo)
    finger.press("Lưu nháp và thoát")
    finger.reads("Đã lưu trong máy")
    for _ in range(2):
        finger.reload()
        finger.press("Điền tiếp", "Thăm nhanh")
        finger.press("Quay lại")
        finger.found(".taken img")
        finger.onwards()  # stored anew, photo and all, as one goes on
    [draft] = finger.kept("drafts")
    send(finger)
    finger.reads("Đã gửi 1 phiếu.")
    [sent] = stored(server)
    with server.app.app_context():
        [kept] = arrived_files().values()
    assert sent.missing_files is None
    assert kept == bytes(draft["files"][0]["bytes"])
    with Image.open(io.BytesIO(kept)) as picture:
        assert picture.size == (480, 640)  # as it was held
        assert not picture.getexif()


def test_two_tabs_send_once_what_was_filled_in_and_opened_again_without_a_network(
    finger: Finger, server: Server
) -> None:
    begun(finger, server)
    first = finger.driver.current_window_handle
    server.end()  # for both tabs at one moment; Chromium's switch goes tab by tab
    fill(finger, "Đỗ Thị Nụ")
    send(finger)
    finger.reads("1 phiếu chờ gửi")
    finger.open(server.page)
    finger.reads("1 phiếu chờ gửi")
    second = finger.tab(server.page)
    finger.reads("1 phiếu chờ gửi")
    server.begin()
    for tab in (first, second):
        finger.at(tab)
        finger.driver.execute_script("window.dispatchEvent(new Event('online'))")
    for tab in (first, second):
        finger.at(tab)
        finger.reads("Không có phiếu chờ gửi")
    assert server.posts == ["/phieu/submission"]
    assert len(stored(server)) == 1


def test_an_answer_that_is_lost_on_its_way_back_leaves_one_submission(finger: Finger, server: Server) -> None:
    begun(finger, server)
    fill(finger, "Đỗ Thị Nụ")
    server.answers_to_lose = 1
    send(finger)
    finger.reads("1 phiếu chờ gửi")
    assert len(stored(server)) == 1
    finger.press("Gửi ngay")
    finger.reads("Không có phiếu chờ gửi")
    assert len(server.posts) == 2
    assert len(stored(server)) == 1


def test_a_draft_goes_out_whole_under_the_version_it_was_begun_with(finger: Finger, server: Server) -> None:
    begun(finger, server)
    fill(finger, "Đỗ Thị Nụ")
    finger.press("Lưu nháp và thoát")
    with server.app.app_context():
        publish("\n".join(line for line in SHORT.splitlines() if "| dien " not in line), version="2")
        db.session.close()
    finger.press("Cập nhật")
    finger.wait(lambda _: finger.kept("settings") and any(
        form["version"] == "2" for each in finger.kept("settings") if each["name"] == "about"
        for form in each["value"]["forms"] if form["id"] == "tham_nhanh"))  # fmt: skip
    finger.reload()
    finger.press("Điền tiếp", "Thăm nhanh")
    finger.to_the_end()
    send(finger)
    finger.reads("Đã gửi 1 phiếu.")
    [sent] = stored(server)
    assert etree.fromstring(sent.xml).get("version") == "1"
    assert (answer(sent, "ten"), answer(sent, "dien")) == ("Đỗ Thị Nụ", "152.5")


def test_a_form_opens_that_is_touched_while_the_engine_is_made_ready(finger: Finger, server: Server) -> None:
    begun(finger, server)
    for _ in range(20):
        finger.reload()
        finger.run(LATER)
        try:
            finger.wait(lambda driver: driver.execute_script("return globalThis.isEngineAwaited"), seconds=1)
        except TimeoutException:  # it was ready before it could be made slow: once more
            continue
        break
    finger.press("Điền phiếu mới", "Thăm nhanh")
    assert finger.count("ul.forms") == 0  # nothing is there to be touched a second time
    finger.answers("Đỗ Thị Nụ")
    finger.reads("Diện tích")


def test_numbers_are_read_with_comma_and_point_and_names_found_without_marks(
    finger: Finger, server: Server
) -> None:
    begun(finger, server)
    for typed in ("152,5", "152.5"):
        finger.press("Điền phiếu mới", "Thăm nhanh")
        finger.answers("Ấm")
        finger.answers(typed)
        finger.onwards()
        send(finger)
        finger.reads("Đã gửi 1 phiếu.")
    assert [answer(sent, "dien") for sent in stored(server)] == ["152.5", "152.5"]
    finger.press("Điền phiếu mới", "Phiếu hộ gia đình")
    finger.onwards()
    finger.choose("Thôn Đông")
    finger.onwards()
    finger.choose("Có trong danh sách")
    finger.onwards()
    finger.write("do thi thao so 6", "input[type=search]")
    finger.wait(lambda _: finger.count(".found .choice") == 1)
    finger.touch("//*[contains(@class, 'found')]//label")
    finger.wait(lambda _: "Đỗ Thị Thảo" in finger.found(".chosen").text)


def test_a_form_that_the_web_cannot_do_says_so_and_is_not_begun(finger: Finger, server: Server) -> None:
    with server.app.app_context():
        for form_id, (line, _) in NOT_FOR_THE_WEB.items():
            publish(UNLIKELY, line=line, form_id=form_id, key=KEY if form_id == "kin" else "")
        db.session.close()
    begun(finger, server)
    for form_id, (_, why) in NOT_FOR_THE_WEB.items():
        told = finger.driver.find_element("xpath", f"//li[contains(., 'Phiếu {form_id}')]")
        assert re.search(
            rf"chưa dùng được trên web \(.*{re.escape(why)}.*\)\. Hãy dùng ODK Collect", told.text
        )
        assert told.find_elements("css selector", "button") == []


def test_a_code_that_is_gone_costs_the_lists_and_no_filled_form(finger: Finger, server: Server) -> None:
    begun(finger, server)
    with finger.offline(server):
        fill(finger, "Đỗ Thị Nụ")
        send(finger)
        finger.reads("1 phiếu chờ gửi")
        with server.app.app_context():
            collector = db.session.query(Collector).one()
            collectors.revoke(collector)
            commune, village = db.session.query(Commune).one(), collector.villages[0].village
            fresh = collectors.token(make_collector(commune, [village], "Lương Thị Nụ").collector)
            db.session.commit()
            db.session.close()
        assert finger.kept("files")
    finger.reads("Mã này không còn dùng được.")
    finger.reads("1 phiếu chờ gửi")
    assert finger.kept("files") == []
    finger.open(f"{server.address}/phieu/#ma={fresh}")
    finger.reads("Không có phiếu chờ gửi")
    assert len(stored(server)) == 1


LACKING = """
for (const name of ["indexedDB", "localStorage", "sessionStorage", "caches"]) {
  Object.defineProperty(window, name, {get() { throw new DOMException("not here", "SecurityError"); }});
}
for (const name of ["serviceWorker", "locks", "storage", "geolocation", "setAppBadge", "share"]) {
  Object.defineProperty(navigator, name, {value: undefined});
}
crypto.randomUUID = undefined;
"""


def answer_difficulty(finger: Finger) -> None:
    """What a citizen whose telephone finds no network says, on whichever screen asks it."""
    if finger.count("input[value=song_mang]"):
        finger.choose("Sóng điện thoại, Internet")
    if finger.count("textarea"):
        finger.write("Sóng yếu từ tháng trước", "textarea")


@pytest.mark.parametrize("lacking", [LACKING, ""], ids=["inside-an-app", "in-a-browser"])
def test_a_poster_is_answered_wherever_it_opens_and_leaves_nothing_there(
    finger: Finger, server: Server, lacking: str
) -> None:
    """Without service worker, IndexedDB, locks, as in Zalo's browser; no list that it may fetch has a person in it."""
    with server.app.app_context():
        commune = db.session.query(Commune).one()
        village = db.session.query(Collector).one().villages[0].village
        code = make_poster(commune, from_library("phan_anh"), village).code
        db.session.close()
    server.first_script = lacking
    finger.open(f"{server.address}/khao-sat/{code}")
    server.end()
    finger.press("Trả lời")
    finger.reads("Chưa có mạng")
    server.begin()
    finger.press("Thử lại")
    finger.found(".steps")
    finger.to_the_end(answer_difficulty)
    send(finger)
    finger.found("html[data-sent]")
    [sent] = stored(server)
    assert (answer(sent, "loai"), answer(sent, "muon_tra_loi"), sent.device) == ("song_mang", None, None)
    lists = finger.run("""async () => {
      const about = await (await fetch(location.pathname + "/about")).json();
      return Promise.all(about.files.map(async ({ url }) => [url, await (await fetch(url)).text()]));
    }""")
    assert any("ho_dan.csv" in url for url, _ in lists)
    assert [url for url, text in lists if "Thảo" in text] == []
    if not lacking:
        assert finger.run(LEFT) == [0, 0, 0, 0, 0, 0]


def test_a_form_of_every_kind_of_question_is_opened_filled_in_and_sent(
    finger: Finger, server: Server
) -> None:
    begun(finger, server)
    assert "moi_loai" in ALL_KINDS
    finger.press("Điền phiếu mới", "Mọi loại câu")
    finger.press("Lưu nháp và thoát")
    finger.press("Điền tiếp")
    finger.answers("Nguyễn Văn Ấm")
    finger.driver.execute_script("history.back()")  # the phone's own button: a screen back, not out
    finger.reads("Họ và tên")
    finger.onwards()
    finger.answers("4")
    finger.answers("152,5")
    finger.choose("Không")
    finger.onwards()
    finger.answers("Bé Na")
    finger.to_the_end()  # no other child, no photo
    send(finger)
    finger.reads("Đã gửi 1 phiếu.")
    [sent] = stored(server)
    told = {name: answer(sent, name) for name in ("ten", "nguoi", "dien", "vneid", "ten_tre")}
    assert told == {
        "ten": "Nguyễn Văn Ấm", "nguoi": "4", "dien": "152.5", "vneid": "khong", "ten_tre": "Bé Na",
    }  # fmt: skip
    finger.driver.execute_script("history.back()")  # no form is open any more: out of the page, at once
    finger.wait(lambda driver: not driver.current_url.startswith(server.address))


def test_ten_households_of_a_day_without_a_network_are_counted_once_each(
    finger: Finger, server: Server, photo: Path
) -> None:
    """The page is closed in the middle of the day, and lost once while a photo is taken."""
    begun(finger, server)
    with finger.offline(server):
        for number in range(10):
            finger.press("Điền phiếu mới", "Thăm nhanh")
            finger.answers(f"Chủ hộ {number}")
            finger.answers(str(number))
            if number == 3:  # the camera took the memory: the page is gone before the photo came back
                finger.found(".question input[type=file]")
                finger.wait(lambda _: any("Chủ hộ 3" in each["xml"] for each in finger.kept("drafts")))
                finger.reload()
                finger.press("Điền tiếp", "Thăm nhanh")
            if number in (3, 5):
                finger.attach(photo)
            finger.onwards()
            send(finger)
            finger.reads(f"{number + 1} phiếu chờ gửi")
            if number == 6:
                finger.open(server.page)
                finger.reads("7 phiếu chờ gửi")
    finger.reads("Không có phiếu chờ gửi")
    sent = stored(server)
    assert sorted(answer(each, "ten") or "" for each in sent) == [f"Chủ hộ {number}" for number in range(10)]
    assert len({each.instance_id for each in sent}) == 10
    assert [each.missing_files for each in sent] == [None] * 10
    with server.app.app_context():
        assert len(arrived_files()) == 2
        db.session.close()
