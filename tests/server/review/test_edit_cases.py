"""R12: the cases of edits over HTTP: a phone posts, an officer decides and corrects on pages, the phone posts again."""

import re
from html import unescape
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from server.db import db
from server.files import blobs
from server.models import Attachment, Commune, Submission, Village
from tests import sample, survey
from tests.people import Browser, browser, make_person
from tests.phone import InProcess, Phone
from tests.server.office.test_review_pages import decide
from tests.server.review.test_correct_answer import save

SENT = Path(__file__).parents[2] / "data" / "edits"
QUEUE = "/quan-tri/xa/11629/phieu"
STANDS = {"dia_chi": "Ngõ 14, số 3", "thon": "11629002", "tinh_trang": "da_gap"}


class Desk:
    """A commune with its library, a collector's phone in thôn 11629002, and an officer at a browser."""

    def __init__(self, app: Flask) -> None:
        survey.begin(("ho_gia_dinh",))
        commune = db.session.scalars(sa.select(Commune).where(Commune.code == "11629")).one()
        village = db.session.scalars(sa.select(Village).where(Village.code == "11629002")).one()
        token = sample.make_collector(commune, [village], "Máy một").token
        make_person("can.bo", "officer", commune)
        db.session.close()
        self.phone = Phone(InProcess(app), f"http://localhost/key/{token}")
        self.officer: Browser = browser(app)
        self.officer.sign_in("can.bo")

    def post(self, name: str, files: dict[str, bytes] | None = None) -> int:
        """POST a stored visit; the number under which it is kept."""
        answers = self.phone.send((SENT / f"{name}.xml").read_bytes(), files)
        assert all(each.status in (201, 202) for each in answers), answers[-1].message
        return sample.arrived()[-1].id

    def page(self, path: str) -> str:
        return " ".join(unescape(self.officer.get(path).text).split())

    def shown(self) -> set[int]:
        """Those that the queue shows."""
        return {int(each) for each in re.findall(rf'href="{QUEUE}/(\d+)"', self.officer.get(QUEUE).text)}


@pytest.fixture
def desk(app: Flask) -> Desk:
    return Desk(app)


def row(number: int) -> Submission:
    return survey.submission(number)


@pytest.mark.parametrize(
    ("edit", "label", "changed"),
    [
        ("ho-edit-gbps", "Lương Thị Nụ, Ngõ 14, số 3", {}),
        ("ho-edit-name", "Lương Thị Nụ Em, Ngõ 14, số 3A", {"dia_chi": "Ngõ 14, số 3A"}),
    ],
)
def test_edit_01_and_03_keep_the_household_on_the_phones_list(
    desk: Desk, edit: str, label: str, changed: dict[str, str]
) -> None:
    desk.post("ho-register")
    desk.post(edit)
    household = survey.entity()
    assert (household.label, household.ended_at) == (label, None)
    assert {name: household.data[name] for name in STANDS} == STANDS | changed
    assert str(survey.HOUSEHOLD) in desk.phone.sync()["ho_gia_dinh"][1]["ho_dan.csv"].decode()
    assert survey.differences() == []


def test_edit_05_reads_nothing_of_later_visits(desk: Desk) -> None:
    """What a later visit measured is not put into an earlier one that is corrected on the page."""
    desk.post("ho-register")
    first = desk.post("ho-visit1-no5g")
    desk.post("ho-visit2-5g")
    was, sums = survey.stated(first), survey.sums()
    assert not any(code.startswith("phu_song_5g") for code in was)
    answer = save(desk.officer, f"{QUEUE}/{first}/sua/tung-cau", wifi_nha="co")
    assert answer.status_code == 302, answer.text
    new = sample.arrived()[-1]
    assert new.root_id == first
    told = {path.rpartition("/")[2]: text for path, text in flat(new.answers).items()}
    assert (told["wifi_nha"], told.get("g5_viettel_truoc")) == ("co", None)
    now = survey.stated(new.id)
    assert {code: state for code, state in now.items() if was.get(code) != state} == {}
    assert now.keys() == was.keys()
    assert survey.sums() == sums
    assert survey.entity().data["g5_viettel"] == "5g"
    page = desk.page(f"{QUEUE}/{new.id}")
    assert re.search(r"Sửa câu: [^.]*Wi-Fi[^.]*\. Đã gọi lại", page)
    assert "Chỉ tiêu đổi" not in page
    assert survey.differences() == []


def flat(answers: dict[str, object]) -> dict[str, object]:
    """Answers by their whole path."""
    found: dict[str, object] = {}
    for path, value in answers.items():
        found |= (
            {f"{path}/{key}": each for key, each in value.items()}
            if isinstance(value, dict)
            else {path: value}
        )
    return found


def test_an_edit_that_registers_in_another_thon_waits_and_the_household_stays(desk: Desk) -> None:
    """The thôn of a household is the office's to correct: saying another one is seen, and changes nothing by itself."""
    first = desk.post("ho-register")
    sent = survey.xml(
        "ho-edit-gbps",
        thon="11629004",
        thon_moi="11629004",
        instanceID="uuid:0000abc0-0000-4000-8000-0000000000ee",
    )
    assert [each.status for each in desk.phone.send(sent)] == [201]
    edit = sample.arrived()[-1].id
    assert (row(edit).root_id, row(edit).quarantine) == (first, None)
    assert [flag["code"] for flag in row(edit).flags or ()] == ["names_other_village"]
    assert desk.shown() == {edit}
    assert "sửa thôn ở trang Hộ dân" in desk.page(f"{QUEUE}/{edit}")
    assert str(survey.HOUSEHOLD) in desk.phone.sync()["ho_gia_dinh"][1]["ho_dan.csv"].decode()
    assert survey.differences() == []


def test_edit_21_a_late_photo_is_the_newest_versions(desk: Desk) -> None:
    """Sent without its photo, edited without it, then sent again with it."""
    sample.publish((SENT / "edit-21.md").read_text(encoding="utf-8"))
    photo = (SENT / "a21.png").read_bytes()
    first, edit = desk.post("edit-21-first"), desk.post("edit-21-edit")
    assert row(edit).missing_files == ["a21.png"]
    desk.post("edit-21-first", {"a21.png": photo})
    newest = row(edit)
    assert (newest.missing_files, newest.replaced_by_id, row(first).replaced_by_id) == (None, None, edit)
    kept = db.session.scalars(sa.select(Attachment).where(Attachment.submission_id == edit)).one()
    assert (kept.name, kept.media_type) == ("a21.png", "image/png")
    assert blobs.get(kept.stored_sha256)
    assert "thiếu" not in desk.page(f"{QUEUE}/{edit}")
    assert desk.officer.get(f"/quan-tri/xa/11629/anh/{kept.id}").status_code == 200


def test_edit_22_what_was_not_accepted_waits_with_the_reason(desk: Desk) -> None:
    first = desk.post("ho-register")
    assert decide(desk.officer, first, "rejected", comment="Hỏi nhầm nhà") == 302
    assert survey.sums() == {}
    edit = desk.post("ho-edit-gbps")
    assert (row(edit).quarantine, survey.sums()) == ("edit_of_rejected", {})
    assert desk.shown() == {edit}
    assert "Đã quyết định: không nhận. Hỏi nhầm nhà" in desk.page(QUEUE)
    assert "Hỏi nhầm nhà" in desk.page(f"{QUEUE}/{edit}")
    assert decide(desk.officer, edit, "approved") == 302
    assert survey.sums()["bang_rong_1gbps"] == (1, 1, 1)
    assert survey.entity().label == "Lương Thị Nụ, Ngõ 14, số 3"
    assert survey.differences() == []


@pytest.mark.parametrize(("state", "word"), [("approved", "đã duyệt"), ("has_issues", "cần xem lại")])
def test_edit_23_what_was_decided_waits_and_counts_as_the_edit_says(
    desk: Desk, state: str, word: str
) -> None:
    first = desk.post("ho-register")
    assert decide(desk.officer, first, state, comment="Đã gọi hộ") == 302
    edit = desk.post("ho-edit-gbps")
    assert row(edit).quarantine is None
    assert survey.sums()["bang_rong_1gbps"] == (1, 1, 1)
    assert desk.shown() == {edit}
    page = desk.page(f"{QUEUE}/{edit}")
    assert f"sửa sau khi duyệt; quyết định trước: {word}" in page
    assert "Đã gọi hộ" in page
    assert survey.differences() == []


def test_edit_24_an_edit_of_an_outdated_version_stands_beside_the_newest(desk: Desk) -> None:
    """The phone is told that it arrived, and may delete it; nothing changes until somebody decides."""
    first = desk.post("ho-register")
    assert save(desk.officer, f"{QUEUE}/{first}/sua/tung-cau", wifi_nha="co").status_code == 302
    corrected, sums = sample.arrived()[-1].id, survey.sums()
    late = desk.post("ho-edit-gbps")
    assert (row(late).quarantine, survey.sums()) == ("edit_outdated", sums)
    assert desk.shown() == {late}
    page = desk.page(f"{QUEUE}/{corrected}")
    assert "Bản 3" in page  # beside the officer's version, on its page
    assert "phiếu đã có bản mới hơn" in desk.page(f"{QUEUE}/{late}")
    assert decide(desk.officer, late, "approved") == 302
    assert row(corrected).replaced_by_id == late
    assert survey.sums()["bang_rong_1gbps"] == (1, 1, 1)
    assert survey.differences() == []
