"""R12, R3: whichever leaf of whichever visit is edited, at a desk or on a phone, all else stays and sums follow."""

import re
import uuid
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from forms.engine import engine
from forms.engine.correction import Correction
from forms.engine.engine import Fillable
from forms.engine.sent_xml import SentNode, read_sent
from server.db import db
from server.models import Attachment, Entity, FormFile, Submission
from tests import sample, survey
from tests.forms.engine.test_correction import leaves
from tests.server.review.test_corrections_of_own_forms import Office

FORM = """
| survey |
| | type | name | label | calculation | relevant | save_to |
| | end | end | | | | |
| | text | chu_ho | Chủ hộ | | | ten_chu |
| | date | sinh | Ngày sinh | | | |
| | calculate | tuoi | | int((today() - ${sinh}) div 365.25) | | |
| | begin group | lon | Người lớn | | ${tuoi} >= 18 | |
| | select_one ck | chu_ky | Có chữ ký số? | | | |
| | end group | | | | | |
| | begin repeat | nguoi | Người | | | |
| | text | ten | Tên | | | |
| | select_one ck | vneid | Có VNeID? | | | |
| | end repeat | | | | | |
| | calculate | so_nguoi | | count(${nguoi}[vneid != '']) | | |
| | calculate | so_co | | count(${nguoi}[vneid = 'co']) | | |
| | select_one_from_file ben.csv | ben | Bến gần | | | |
| | calculate | gia | | instance('ben')/root/item[name = ${ben}]/gia | | |
| | select_multiple dv | dung | Dùng gì? | | | |
| | rank dv | xep | Xếp | | | |
| | image | anh | Ảnh | | | |
| | text | ghi_chu | Ghi chú | | | |
| | begin group | chi_tieu | Chỉ tiêu | | | |
| | calculate | tham_ho_done | | 1 | | |
| | calculate | tham_ho_of | | 1 | | |
| | calculate | vneid_nguoi_dan_done | | ${so_co} | ${so_nguoi} > 0 | |
| | calculate | vneid_nguoi_dan_of | | ${so_nguoi} | ${so_nguoi} > 0 | |
| | calculate | chu_ky_so_ca_nhan_18_done | | if(${chu_ky} = 'co', 1, 0) | ${chu_ky} != '' | |
| | calculate | chu_ky_so_ca_nhan_18_of | | 1 | ${chu_ky} != '' | |
| | note | ket_luan | Đã ghi | | | |
| | end group | | | | | |
| choices |
| | list_name | name | label |
| | ck | co | Có |
| | ck | khong | Không |
| | dv | dien | Điện |
| | dv | nuoc | Nước |
| | dv | mang | Mạng |
| entities |
| | list_name | label |
| | ho_dan | ${chu_ho} |
| chi_tieu |
| | indicator | label::Tiếng Việt | label::English | unit | kind |
| | tham_ho | Hộ đã thăm | Households met | household | state |
| | vneid_nguoi_dan | Có VNeID | VNeID | person | state |
| | chu_ky_so_ca_nhan_18 | Chữ ký số | Signature | adult | state |
| settings |
| | form_title | form_id | version |
| | Bất kỳ | bat_ky | 1 |
"""
BEN = b"name,label,gia\nb1,M\xe1\xbb\x99t,1\nb2,Hai,2\n"
BEN_LATER = b"name,label,gia\nb1,M\xe1\xbb\x99t,9\nb2,Hai,8\n"
NOW = datetime.now(engine.HANOI).replace(microsecond=0)
WORDS = st.text("aăâbdđeêộịế <&\"'1234567890,.", min_size=1, max_size=30).map(str.strip).filter(bool)
LINES = st.lists(WORDS, min_size=1, max_size=4).map("\n".join)
DAYS = st.dates(datetime(1940, 1, 1).date(), datetime(2026, 1, 1).date()).map(str)  # noqa: DTZ001
YES_NO = st.sampled_from(["co", "khong"])
TICKS = st.permutations(["dien", "nuoc", "mang"]).flatmap(
    lambda codes: st.integers(0, 3).map(lambda many: " ".join(codes[:many]))
)
RANKS = st.permutations(["dien", "nuoc", "mang"]).map(" ".join)
ANSWERS = {
    "chu_ho": WORDS, "ten": WORDS, "ghi_chu": LINES, "sinh": DAYS, "vneid": YES_NO, "chu_ky": YES_NO,
    "ben": st.sampled_from(["b1", "b2"]), "dung": TICKS, "xep": RANKS,
}  # fmt: skip
FOLLOWS = {
    "chu_ho": {"label"},
    "sinh": {"tuoi", "chu_ky", "lon", "chu_ky_so_ca_nhan_18_done", "chu_ky_so_ca_nhan_18_of"},
    "vneid": {"so_co", "so_nguoi", "vneid_nguoi_dan_done", "vneid_nguoi_dan_of"},
    "chu_ky": {"chu_ky_so_ca_nhan_18_done", "chu_ky_so_ca_nhan_18_of"},
    "ben": {"gia"},
}
"""What each answer may change beside itself."""


@pytest.fixture
def office(app: Flask) -> Office:
    return Office(app)


@pytest.fixture
def form(office: Office) -> Fillable:
    """Published with its list; what it cost on the phone is another thing than it costs now."""
    version = sample.publish(FORM)
    row = FormFile(
        form_version_id=version.id, name="ben.csv", content=BEN_LATER, media_type="text/csv", md5=""
    )
    db.session.add(row)
    db.session.commit()
    return engine.open_form(version.xform, {"ben.csv": BEN})


def drawn(form: Fillable, data: st.DataObject) -> bytes:
    """Any visit: with and without rounds, choices, long notes, a photo."""
    filling = form.start(NOW - timedelta(days=data.draw(st.integers(0, 60))), uuid=lambda: str(uuid.uuid4()))
    filling.answer("chu_ho", data.draw(WORDS))
    filling.answer("sinh", data.draw(DAYS))
    if filling.relevant("chu_ky"):
        filling.answer("chu_ky", data.draw(st.just("") | YES_NO))
    for at in range(1, data.draw(st.integers(1, 4)) + 1):
        if at > 1:
            filling.add_round("/data/nguoi")
        filling.answer(f"/data/nguoi[{at}]/ten", data.draw(WORDS))
        filling.answer(f"/data/nguoi[{at}]/vneid", data.draw(st.just("") | YES_NO))
    for name in ("ben", "dung", "xep", "ghi_chu"):
        filling.answer(name, data.draw(st.just("") | ANSWERS[name]))
    filling.answer("anh", data.draw(st.sampled_from(["", "anh.jpg"])))
    return filling.submission()


def by_page(office: Office, sent: Submission, address: str, text: str) -> None:
    codes: str | list[str] = text.split() if address.endswith(("/dung", "/xep")) else text
    answer = office.correct(sent, {address: codes or [""]})
    assert answer.status_code == 302, answer.text


def by_form(office: Office, sent: Submission, address: str, text: str) -> None:
    answer = office.correct_in_form(sent, {address: text})
    assert answer.status_code == 201, answer.text


def by_phone(office: Office, form: Fillable, sent: Submission, address: str, text: str) -> None:
    edit = Correction(form.form, sent.xml, sent.observed_at)
    edit.correct(address, text)
    [answer] = office.phone.send(edit.written())
    assert answer.status in (201, 202), answer.message


def ticked_on(before: str, after: str) -> str:
    """Ticks as the page stores them: those that stay keep their order, new ones follow (R12)."""
    was, now = before.split(), after.split()
    return " ".join([*(code for code in was if code in now), *(code for code in now if code not in was)])


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_one_leaf_of_any_visit_is_edited_and_all_else_stays(
    office: Office, form: Fillable, data: st.DataObject
) -> None:
    """R12, R3."""
    xml = drawn(form, data)
    [answer] = office.phone.send(xml, {"anh.jpg": sample.JPEG} if b"anh.jpg" in xml else {})
    assert answer.status == 201, answer.message
    sent = sample.arrived()[-1]
    others = stored_but(sent.id)
    asked = [
        n for n in Correction(form.form, xml, sent.observed_at).questions() if n.live and n.name in ANSWERS
    ]
    node = data.draw(st.sampled_from(asked))
    is_other = ANSWERS[node.name].filter(lambda each: sorted(each.split()) != sorted(node.text.split()))
    if node.name == "xep":
        is_other = RANKS.filter(lambda each: each != node.text)
    text = data.draw(is_other)
    way = data.draw(st.sampled_from(["page", "form", "phone"]))
    if way == "page":
        by_page(office, sent, node.address, text)
    elif way == "form":
        by_form(office, sent, node.address, text)
    else:
        by_phone(office, form, sent, node.address, text)
    new = sample.arrived()[-1]
    assert new.root_id == sent.id
    was, now = dict(leaves(sent.xml)), dict(leaves(new.xml))
    names = {last(path) for path in was.keys() | now.keys() if was.get(path) != now.get(path)}
    assert names <= {node.name, "instanceID", "deprecatedID"} | FOLLOWS.get(node.name, set())
    is_ticked = node.name == "dung" and way != "phone"
    stored = ticked_on(node.text, text) if is_ticked else text
    assert now[node.address.removeprefix("/data/")] == stored
    was_bytes, now_bytes = written(sent.xml), written(new.xml)
    assert {path: raw for path, raw in now_bytes.items() if last(path) not in names} == {
        path: raw for path, raw in was_bytes.items() if last(path) not in names
    }
    assert (new.missing_files, new.quarantine) == (None, None)
    assert pictures(new.id) == (1 if b"anh.jpg" in xml else 0)
    assert sent.observed_at == new.observed_at
    assert stored_but(sent.id, new.id) == others
    household = survey.entity(new.entity_id) if new.entity_id else None
    assert household is not None
    assert (household.label, household.ended_at) == (now["chu_ho"].strip()[:200], None)
    assert survey.differences() == []


def written(xml: bytes) -> dict[str, bytes]:
    """The bytes of each leaf, its tags among them."""
    found: dict[str, bytes] = {}

    def walk(node: SentNode, path: str) -> None:
        rounds: dict[str, int] = {}
        for child in node.children:
            rounds[child.name] = rounds.get(child.name, 0) + 1
            walk(child, f"{path}/{child.name}[{rounds[child.name]}]")
        if not node.children:
            found[path] = xml[node.start : node.end]

    walk(read_sent(xml), "")
    return found


def last(path: str) -> str:
    return re.sub(r"\[\d+\]", "", path.rpartition("/")[2])


def pictures(submission_id: int) -> int:
    query = sa.select(sa.func.count()).where(Attachment.submission_id == submission_id)
    return db.session.scalar(query) or 0


def stored_but(*submissions: int) -> list[object]:
    """Every other visit and its household."""
    with db.engine.connect() as connection:
        visits = sa.select(Submission.id, Submission.sha256, Submission.replaced_by_id, Submission.review)
        homes = sa.select(Entity.id, Entity.label, Entity.version).join(
            Submission, Submission.entity_id == Entity.id
        )
        wanted = Submission.id.not_in(submissions)
        return [
            connection.execute(visits.where(wanted).order_by(Submission.id)).all(),
            connection.execute(homes.where(wanted).order_by(Submission.id)).all(),
        ]
