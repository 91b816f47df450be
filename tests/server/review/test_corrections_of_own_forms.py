"""R12: visits of a commune's own forms corrected on the page: with dates, rounds, long notes, patterns, formulas."""

import io
import json
import re
from collections.abc import Mapping
from html import unescape
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from lxml import html
from werkzeug.datastructures import FileStorage
from werkzeug.test import TestResponse

from server.db import db
from server.models import Commune, Submission, SubmissionReview
from tests import sample
from tests.forms.engine.test_correction import leaves
from tests.people import Browser, browser, make_person
from tests.phone import InProcess, Phone

CODE = "11629"
DATA = Path(__file__).parents[2] / "data" / "corrections"
CASES = json.loads((DATA / "corrections.json").read_text(encoding="utf-8"))


class Office:
    """A commune with a collector's phone, and its officer at a browser."""

    def __init__(self, app: Flask) -> None:
        commune = sample.make_commune(CODE)
        collector = sample.make_collector(commune, [sample.make_village(commune)])
        make_person("can.bo", "officer", db.session.get_one(Commune, commune.id))
        self.phone = Phone(InProcess(app), f"http://localhost/key/{collector.token}")
        self.officer: Browser = browser(app)
        self.officer.sign_in("can.bo")

    def sent(self, markdown: str, xml: bytes) -> Submission:
        sample.publish(markdown)
        [answer] = self.phone.send(xml)
        assert answer.status == 201, answer.message
        return sample.arrived()[-1]

    def path(self, submission: Submission) -> str:
        return f"/quan-tri/xa/{CODE}/phieu/{submission.id}"

    def correct(
        self,
        submission: Submission,
        answers: Mapping[str, str | list[str]],
        files: Mapping[str, tuple[str, bytes]] = MappingProxyType({}),
    ) -> TestResponse:
        """Open the page, change these fields of it and send it as a browser does; `files` are (name, content)."""
        path = f"{self.path(submission)}/sua/tung-cau"
        page = html.fromstring(self.officer.get(path).text)
        shown = page.xpath("//form//*[starts-with(@name, 'cau:')]")
        given: dict[str, object] = {}
        for name in dict.fromkeys(field.get("name") for field in shown):
            own = [text for field in shown if field.get("name") == name for text in as_shown(field)]
            given[name] = [text.replace("\n", "\r\n") for text in own]
        for address, text in answers.items():
            assert f"cau:{address}" in given, given
            given[f"cau:{address}"] = [text] if isinstance(text, str) else text
        for address, (name, content) in files.items():
            assert page.xpath(f"//input[@type='file' and @name='tep:{address}']")
            given[f"tep:{address}"] = FileStorage(io.BytesIO(content), name)
        token = page.xpath("//input[@name='csrf_token']/@value")[0]
        return self.officer.post(path, data={**given, "ly_do": "Đã gọi lại hộ", "csrf_token": token})

    def correct_in_form(
        self,
        submission: Submission,
        answers: Mapping[str, str],
        rounds: Mapping[str, list[int | None]] = MappingProxyType({}),
        files: Mapping[str, tuple[str, bytes]] = MappingProxyType({}),
    ) -> TestResponse:
        """Send what the form in the browser sends of what was touched."""
        path = f"{self.path(submission)}/sua"
        told = {
            "answers": dict(answers),
            "rounds": [{"repeat": repeat, "origins": origins} for repeat, origins in rounds.items()],
        }
        brought = {
            f"tep:{address}": FileStorage(io.BytesIO(body), name) for address, (name, body) in files.items()
        }
        csrf = self.officer.get(f"{path}/phieu").json["csrf"]
        data = {"ban_sua": json.dumps(told), "ly_do": "Đã gọi lại hộ", **brought}
        return self.officer.post(path, data=data, headers={"X-CSRFToken": csrf})


def as_shown(field: Any) -> list[str]:
    """What a browser sends of one field that nobody touches."""
    if field.tag == "textarea":
        return [field.text_content().removeprefix("\n")]
    if field.tag == "select":
        options = field.xpath("./option")
        chosen = [each for each in options if each.get("selected") is not None] or options[:1]
        return [each.get("value") for each in chosen]
    unticked = field.get("type") in {"radio", "checkbox"} and field.get("checked") is None
    return [] if unticked else [field.get("value") or ""]


@pytest.fixture
def office(app: Flask) -> Office:
    return Office(app)


def case(office: Office, number: str) -> Submission:
    xml = (DATA / f"{number}-sent.xml").read_bytes()
    return office.sent((DATA / f"{number}.md").read_text(encoding="utf-8"), xml)


def history(submission: Submission) -> str:
    [step] = db.session.scalars(
        sa.select(SubmissionReview).where(SubmissionReview.submission_id == submission.id)
    )
    return step.comment or ""


@pytest.mark.parametrize("each", CASES, ids=lambda each: each["id"])
def test_a_correction_stores_what_it_must(office: Office, each: dict[str, dict[str, str]]) -> None:
    """R12."""
    answer = office.correct(case(office, str(each["id"])), each["correct"])
    assert answer.status_code == 302, answer.text
    new = sample.arrived()[-1]
    fresh = re.sub(r"\[\d+\]", "", new.instance_id).removeprefix("uuid:")
    want = (DATA / f"{each['id']}-want.xml").read_bytes().replace(b"NEW", fresh.encode())
    assert leaves(new.xml) == leaves(want)
    assert "Đã gọi lại hộ" in history(new)


@pytest.mark.parametrize(("number", "label"), [("08", "Tên chủ hộ"), ("14", "Họ tên"), ("16", "Họ tên")])
def test_the_history_names_what_was_corrected_and_no_other(office: Office, number: str, label: str) -> None:
    [each] = [each for each in CASES if each["id"] == number]
    office.correct(case(office, number), each["correct"])
    assert history(sample.arrived()[-1]) == f"Sửa câu: {label}. Đã gọi lại hộ"


def test_the_history_names_what_follows_and_what_goes(office: Office) -> None:
    office.correct(case(office, "09"), {"/data/ngay_sinh": "2015-02-03"})
    told = history(sample.arrived()[-1])
    assert "Sửa câu: Ngày sinh. Tính lại theo đó: tuoi; hen_lai; ngay_hen. Không còn hỏi: Người lớn. " in told
    assert "Được hỏi thêm: Học trường nào?" in told


def test_a_pattern_of_the_form_is_told_at_its_question(office: Office) -> None:
    first = case(office, "17")
    answer = office.correct(first, {"/data/ten": "Hờ 3"})
    assert answer.status_code == 422
    assert "Chỉ gồm chữ" in answer.text
    assert sample.arrived()[-1].id == first.id


def test_rounds_are_corrected_each_by_itself(office: Office) -> None:
    first = case(office, "13")
    text = office.officer.get(f"{office.path(first)}/sua/tung-cau").text
    assert "Trẻ em 2: Tên trẻ" in unescape(text)
    assert office.correct(first, {"/data/tre[2]/tuoi_tre": "4"}).status_code == 302
    new = sample.arrived()[-1]
    told = [
        text for path, text in leaves(new.xml) if path.partition("[")[0] in {"tre"} or path == "tong_tuoi"
    ]
    assert told == ["Na", "7", "Tí", "4", "Bờm", "12", "23"]
    assert history(new).startswith("Sửa câu: Trẻ em 2: Tuổi. Tính lại theo đó: tong_tuoi")


def test_ten_rounds_are_corrected_and_stay_ten(office: Office) -> None:
    """Whatever number of rounds was sent; the tenth is corrected like the first."""
    rounds = "".join(f"<tre><ten_tre>Bé {n}</ten_tre><tuoi_tre>{n}</tuoi_tre></tre>" for n in range(1, 11))
    answers = f"<chu_ho>Giàng</chu_ho>{rounds}<dem>10</dem><tong_tuoi>55</tong_tuoi><ghi_chu/>"
    xml = sample.filled(answers, form_id="tre_em_3", instance_id="uuid:ten")
    first = office.sent((DATA / "13.md").read_text(encoding="utf-8"), xml)
    assert office.correct(first, {"/data/tre[10]/tuoi_tre": "12"}).status_code == 302
    told = dict(leaves(sample.arrived()[-1].xml))
    assert [told[f"tre[{n}]/tuoi_tre"] for n in range(1, 11)] == [*map(str, range(1, 10)), "12"]
    assert (told["dem"], told["tong_tuoi"]) == ("10", "57")


WRONG = """
| survey |
| | type | name | label | calculation |
| | text | ten | Tên | |
| | integer | so | Số | |
| | calculate | x | | {formula} |
| settings |
| | form_title | form_id | version |
| | Lạ | la | 1 |
"""


@pytest.mark.parametrize(
    ("formula", "told"),
    [
        ("${so} * 2", "máy chủ tính mục “x” ra khác"),
        ("intersects(${so})", "dùng hàm intersects()"),
    ],
)
def test_where_no_correction_is_possible_the_true_reason_is_told(
    office: Office, formula: str, told: str
) -> None:
    """R12: corrected by a new visit, and why."""
    first = office.sent(
        WRONG.replace("{formula}", formula),
        sample.filled("<ten>A</ten><so>3</so><x>7</x>", form_id="la", instance_id="uuid:1"),
    )
    answer = office.officer.get(f"{office.path(first)}/sua/tung-cau")
    assert answer.status_code == 409
    assert told in unescape(answer.text)
    assert "phiếu mới" in answer.text


SLOW = """
| survey |
| | type | name | label | constraint |
| | text | ten | Tên | regex(., '(a+)+b') |
| | text | y | Ý | |
| settings |
| | form_title | form_id | version |
| | Chậm | cham | 1 |
"""


def test_a_pattern_that_does_not_end_costs_nobody_the_server(office: Office) -> None:
    sent = sample.filled("<ten>aab</ten><y>1</y>", form_id="cham", instance_id="uuid:1")
    first = office.sent(SLOW, sent)
    answer = office.correct(first, {"/data/ten": "a" * 4000 + "c"})
    assert answer.status_code == 422
    assert office.correct(first, {"/data/y": "2"}).status_code == 302


@pytest.mark.parametrize("typed", ["31/12/1980", "1980-02-30", "hôm qua"])
def test_a_day_is_a_day_or_told_at_its_question_with_a_link_at_the_top(office: Office, typed: str) -> None:
    """desk-05, desk-07: never stored as it was typed; the sentence stands at the question, a link to it at the top."""
    answer = office.correct(case(office, "09"), {"/data/ngay_sinh": typed})
    stored = sample.arrived()[-1]
    if answer.status_code == 302:
        assert typed == "31/12/1980"
        assert b"<ngay_sinh>1980-12-31</ngay_sinh>" in bytes(stored.xml)
        return
    assert answer.status_code == 422
    assert typed.encode() not in bytes(stored.xml)
    page = html.fromstring(answer.text)
    [link] = page.xpath("//*[@id='loi']//li/a/@href")
    [field] = page.xpath("//*[@name='cau:/data/ngay_sinh']")
    assert link == f"#{field.get('id')}"
    [sentence] = page.xpath(f"//*[@id='{field.get('aria-describedby')}']")
    assert sentence.text_content().strip()


TRIGGERED = """
| survey |
| | type | name | label | calculation | trigger |
| | integer | so | Số | | |
| | text | ghi | Ghi | concat('số ', ${so}) | ${so} |
| | dateTime | luc | Lúc đo | | |
| | text | chi_tiet | Chi tiết | '' | ${so} |
| settings |
| | form_id | version |
| | doi | 1 |
"""


def test_what_another_answer_sets_is_not_set_back_by_the_page(app: Flask) -> None:
    """The page sends all that it shows; what its officer left as it was shown is no correction."""
    office = Office(app)
    moment = "1968-05-06T23:30:00.000+08:00"
    body = f"<so>3</so><ghi>số 3</ghi><luc>{moment}</luc><chi_tiet>ba phòng</chi_tiet>"
    sent = office.sent(TRIGGERED, sample.filled(body, form_id="doi"))
    assert office.correct(sent, {"/data/so": "4"}).status_code == 302
    kept = dict(leaves(sample.arrived()[-1].xml))
    assert [kept[name] for name in ("so", "ghi", "luc", "chi_tiet")] == ["4", "số 4", moment, ""]


COUNTED = """
| survey |
| | type | name | label | calculation | repeat_count |
| | integer | so_nha | Số nhà | | |
| | begin repeat | nha | Nhà | | ${so_nha} |
| | text | ten | Tên nhà | | |
| | integer | so_tre | Số trẻ | | |
| | begin repeat | tre | Trẻ | | ${so_tre} |
| | text | ten_tre | Tên trẻ | | |
| | end repeat | | | | |
| | calculate | dem | | count(${tre}) | |
| | end repeat | | | | |
| settings |
| | form_title | form_id | version |
| | Nhà và trẻ | nha_tre | 1 |
"""


@pytest.mark.parametrize(
    ("typed", "names"), [("1", ["Mị"]), ("2", ["Mị", "Dính"]), ("4", ["Mị", "Dính", "", ""])]
)
def test_rounds_within_a_round_follow_the_number_that_counts_them(
    office: Office, typed: str, names: list[str]
) -> None:
    """R12: the number stands in the same round, and the rounds of the others stay."""
    first, second = (
        f"<nha><ten>{name}</ten><so_tre>{len(children)}</so_tre>"
        + "".join(f"<tre><ten_tre>{child}</ten_tre></tre>" for child in children)
        + f"<dem>{len(children)}</dem></nha>"
        for name, children in (("Sùng", ("Mị", "Dính")), ("Thào", ("Chư",)))
    )
    body = f"<so_nha>2</so_nha>{first}{second}"
    sent = office.sent(COUNTED, sample.filled(body, form_id="nha_tre", instance_id="uuid:1"))
    was = dict(leaves(sent.xml))
    answers = {"/data/nha[1]/so_tre": typed, "/data/nha[2]/ten": "Thào A Chư"}
    assert office.correct(sent, answers).status_code == 302
    now = dict(leaves(sample.arrived()[-1].xml))
    first_round = [text for path, text in now.items() if re.fullmatch(r"nha\[1\]/tre(\[\d\])?/ten_tre", path)]
    assert (first_round, now["nha[1]/dem"]) == (names, typed)
    assert (now["nha[2]/tre/ten_tre"], now["nha[2]/dem"]) == (was["nha[2]/tre/ten_tre"], "1")


SCALES = """
| survey |
| | type | name | label | parameters |
| | range | muc | Hài lòng mức nào? | start=1 end=5 step=1 |
| | range | nong | Nóng bao nhiêu độ? | start=-5 end=40 step=0.5 |
| | decimal | can | Cân nặng | |
| settings |
| | form_title | form_id | version |
| | Thang | thang | 1 |
"""


@pytest.mark.parametrize(
    ("name", "typed", "taken"),
    [("muc", "5", True), ("muc", "6", False), ("muc", "0", False), ("nong", "-4.5", True), ("nong", "20.3", False),
     ("nong", "20,5", False), ("can", "50.25", True), ("can", "1_000", False), ("can", "５", False)],
)  # fmt: skip
def test_a_number_that_the_scale_does_not_have_is_told_at_its_question(
    office: Office, name: str, typed: str, taken: bool
) -> None:
    body = "<muc>3</muc><nong>36.5</nong><can>40</can>"
    first = office.sent(SCALES, sample.filled(body, form_id="thang", instance_id="uuid:1"))
    answer = office.correct(first, {f"/data/{name}": typed})
    assert answer.status_code == (302 if taken else 422)
    now = dict(leaves(sample.arrived()[-1].xml))[name]
    assert now == (typed if taken else dict(leaves(first.xml))[name])


PLACES = """
| survey |
| | type | name | label | choice_filter |
| | select_one tinh | tinh | Tỉnh | |
| | select_one huyen | huyen | Huyện | thuoc = ${tinh} |
| | select_multiple huyen | cac | Đã ở những huyện nào? | thuoc = ${tinh} |
| | rank huyen | xep | Xếp | thuoc = ${tinh} |
| choices |
| | list_name | name | label | thuoc |
| | tinh | hp | Hải Phòng | |
| | tinh | hd | Hải Dương | |
| | huyen | al | An Lão | hp |
| | huyen | kt | Kiến Thụy | hp |
| | huyen | nt | Nam Sách | hd |
| | huyen | tm | Thanh Miện | hd |
| settings |
| | form_title | form_id | version |
| | Nơi ở | noi_o | 1 |
"""


def test_a_choice_that_the_correction_takes_away_is_told_at_its_question(office: Office) -> None:
    """R12: a huyện of another tỉnh is never left beside it without a word."""
    body = "<tinh>hp</tinh><huyen>al</huyen><cac>kt al</cac><xep>kt al</xep>"
    first = office.sent(PLACES, sample.filled(body, form_id="noi_o", instance_id="uuid:1"))
    answer = office.correct(first, {"/data/tinh": "hd"})
    assert answer.status_code == 422
    assert sample.arrived()[-1].id == first.id
    page = html.fromstring(answer.text)
    assert [each.text for each in page.xpath("//*[@id='loi']//li/a")] == [
        "Huyện",
        "Đã ở những huyện nào?",
        "Xếp",
    ]
    offered = [each.get("value") for each in page.xpath("//input[@type='radio' and @name='cau:/data/huyen']")]
    assert {"nt", "tm"} <= set(offered)
    given = {"tinh": "hd", "huyen": "nt", "cac": ["tm", "nt"], "xep": ["tm", "nt"]}
    assert office.correct(first, {f"/data/{name}": text for name, text in given.items()}).status_code == 302
    now = dict(leaves(sample.arrived()[-1].xml))
    assert [now[name] for name in given] == ["hd", "nt", "tm nt", "tm nt"]
    assert office.correct(sample.arrived()[-1], {"/data/huyen": "tm"}).status_code == 302
