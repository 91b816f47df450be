"""A draft on a test phone: its own link, made-up households, and answers that count nowhere."""

import base64
import datetime as dt
import json
import zlib
from io import BytesIO

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from forms import library
from server import clock
from server.db import db
from server.models import DraftSubmission, Finding, FormDraft, Submission, Tally
from server.openrosa import form_draft_on_phone
from server.published_forms import form_drafts
from tests.people import Browser, browser, make_commune, make_person

FORM = """
| survey | | | |
| | type | name | label |
| | select_one_from_file thon.csv | thon | Thôn |
| | select_one_from_file ho_dan.csv | ho | Hộ |
| | text | cau | Câu? |
| | begin group | chi_tieu | Chỉ tiêu |
| | calculate | viec_of | |
| | calculate | viec_done | |
| | note | ket | Xong |
| | end group | | |

| settings | | | |
| | form_title | form_id | version |
| | Phiếu thử | phieu_thu | 7 |
"""
SENT = """<data id="phieu_thu" version="{version}"><thon>11629.01</thon><cau>a</cau>
<chi_tieu><viec_of>1</viec_of><viec_done>1</viec_done></chi_tieu>
<meta><instanceID>uuid:{name}</instanceID></meta></data>"""


def workbook() -> bytes:
    head = FORM.replace("| name | label |", "| name | label | calculation |", 1)
    return (
        head.replace("| viec_of | |", "| viec_of | | if(${cau} = '', '', 1) |")
        .replace("| viec_done | |", "| viec_done | | if(${cau} = '', '', 1) |")
        .encode()
    )


@pytest.fixture
def draft(app: Flask) -> FormDraft:
    made = form_drafts.save(workbook(), "phieu.md", make_commune(thon=2), "person:1")
    db.session.commit()
    return made


@pytest.fixture
def link(draft: FormDraft) -> str:
    return form_drafts.test_url(draft, "")


def test_two_drafts_of_one_title_are_two_projects_on_the_phone_that_tries_them(draft: FormDraft) -> None:
    """The first stays on the phone when it is thrown away and uploaded anew, or when the city tries the same form."""
    other = form_drafts.save(
        workbook().replace(b"phieu_thu", b"phieu_thu_2"), "phieu.md", draft.commune, "person:1"
    )
    db.session.flush()
    names = []
    for each in (draft, other):
        read = json.loads(zlib.decompress(base64.b64decode(form_drafts.qr_text(each, "http://localhost"))))
        names.append(read["project"]["name"])
    assert [name.startswith("Thử: Phiếu thử (") for name in names] == [True, True]
    assert len(set(names)) == 2


def send(client: FlaskClient, link: str, name: str = "a", version: str = "7"):
    xml = SENT.format(name=name, version=version).encode()
    return client.post(f"{link}/submission", data={"xml_submission_file": (io(xml), "a.xml")})


def io(content: bytes) -> BytesIO:

    return BytesIO(content)


def kept() -> list[DraftSubmission]:
    db.session.rollback()
    return list(db.session.scalars(sa.select(DraftSubmission)))


def test_the_link_lists_the_draft_alone(client: FlaskClient, link: str) -> None:
    """C14."""
    text = client.get(f"{link}/formList").text
    assert text.count("<xform>") == 1
    assert f"http://localhost{link}/forms/phieu_thu/7.xml" in text
    assert client.get(f"{link}/forms/phieu_thu/7.xml").status_code == 200
    assert client.get(f"{link}/forms/phieu_thu/8.xml").status_code == 404


def test_its_households_are_made_up(client: FlaskClient, link: str) -> None:
    """A link that is passed on shows nobody's household."""
    assert "ho_dan.csv" in client.get(f"{link}/forms/phieu_thu/7/manifest").text
    rows = client.get(f"{link}/forms/phieu_thu/7/media/ho_dan.csv").text.splitlines()
    assert len(rows) == 1 + 2 * 3
    assert all("Hộ thử" in row for row in rows[1:])
    assert "11629.01" in client.get(f"{link}/forms/phieu_thu/7/media/thon.csv").text
    assert client.get(f"{link}/forms/phieu_thu/7/media/khac.csv").status_code == 404


def test_what_it_sends_is_kept_beside_the_draft_and_counts_nowhere(client: FlaskClient, link: str) -> None:
    assert client.head(f"{link}/submission").status_code == 204
    assert send(client, link).status_code == 201
    assert send(client, link).status_code == 202
    (row,) = kept()
    assert row.statements == [{"indicator": "viec", "done": 1, "of": 1}]
    for table in (Submission, Finding, Tally):
        assert db.session.scalar(sa.select(sa.func.count()).select_from(table)) == 0


def test_another_version_than_the_drafts_is_refused(client: FlaskClient, link: str) -> None:
    assert send(client, link, version="6").status_code == 404
    assert kept() == []


def test_what_is_no_submission_is_refused(client: FlaskClient, link: str) -> None:
    data = {"xml_submission_file": (io(b"<data"), "a.xml")}
    assert client.post(f"{link}/submission", data=data).status_code == 400


def test_the_next_upload_forgets_what_was_sent_to_the_last(client: FlaskClient, link: str) -> None:
    send(client, link)
    draft = db.session.scalars(sa.select(FormDraft)).one()
    form_drafts.save(workbook().replace(b"| 7 |", b"| 8 |"), "phieu.md", draft.commune, "person:1")
    db.session.commit()
    assert kept() == []
    assert client.get(f"{link}/forms/phieu_thu/8.xml").status_code == 200


def test_a_discarded_drafts_link_opens_nothing(client: FlaskClient, link: str) -> None:
    """C12."""
    form_drafts.discard(db.session.scalars(sa.select(FormDraft)).one())
    db.session.commit()
    assert client.get(f"{link}/formList").status_code == 403
    assert client.get(f"/thu/{'x' * 64}/formList").status_code == 403


def test_old_test_answers_make_room(client: FlaskClient, link: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(form_draft_on_phone, "MOST_KEPT", 2)
    for name in "abc":
        send(client, link, name)
    assert [row.instance_id for row in kept()] == ["uuid:b", "uuid:c"]


def test_a_library_form_can_be_tried(app: Flask, client: FlaskClient) -> None:
    content = library.workbook(library.read("ho_gia_dinh"))
    link = form_drafts.test_url(form_drafts.save(content, "a.xlsx", None, "person:1"), "")
    db.session.commit()
    assert client.get(f"{link}/formList").status_code == 200


# ---- what the officer reads of it

NOT_TRIED = "<strong>Chưa thử</strong>"
TRIED = "<strong>Đã thử trên điện thoại</strong>"


@pytest.fixture
def officer(app: Flask, draft: FormDraft) -> Browser:
    make_person("can_bo", "officer", draft.commune)
    who = browser(app)
    who.sign_in("can_bo")
    return who


def pages(draft: FormDraft) -> tuple[str, str]:
    """The draft's own page, and that of its publication."""
    page = f"/quan-tri/bieu-mau/nhap/{draft.id}"
    return page, f"{page}/phat-hanh"


def test_a_draft_that_nobody_tried_says_so_and_can_still_be_published(
    officer: Browser, draft: FormDraft
) -> None:
    checked, confirming = pages(draft)
    for page in (checked, confirming):
        assert NOT_TRIED in officer.get(page).text
        assert TRIED not in officer.get(page).text
    answers = {
        "csrf_token": officer.csrf_token(confirming), "muc_dich": "Để thử", "can_cu": "Điều 19.1.c",
        "luu_thang": "24", "xac_nhan": "1", "loai:cau": "none", "loai:thon": "none", "loai:ho": "none",
        "ten:viec": "Việc", "don_vi:viec": "place", "kieu:viec": "state",
    }  # fmt: skip
    assert NOT_TRIED in officer.post(confirming, data={**answers, "muc_dich": ""}).text
    assert officer.post(confirming, data=answers).status_code == 302


def test_a_draft_says_how_many_tried_it_and_when(
    officer: Browser, client: FlaskClient, draft: FormDraft, link: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pair, noon = pages(draft), dt.datetime(2026, 11, 20, 5, tzinfo=dt.UTC)
    monkeypatch.setattr(clock, "now", lambda: noon)
    send(client, link, "a")
    officer.sign_in("can_bo")
    for page in pair:
        text = officer.get(page).text
        assert NOT_TRIED not in text
        assert f"{TRIED}: đang giữ 1 phiếu thử, nhận lúc 12:00 20/11/2026." in text
    monkeypatch.setattr(clock, "now", lambda: noon + dt.timedelta(minutes=90))
    send(client, link, "a")
    send(client, link, "b")
    officer.sign_in("can_bo")
    for page in pair:
        assert (
            "đang giữ 2 phiếu thử, nhận từ 12:00 20/11/2026 đến 13:30 20/11/2026." in officer.get(page).text
        )


def test_the_next_upload_has_not_been_tried(
    officer: Browser, client: FlaskClient, draft: FormDraft, link: str
) -> None:
    send(client, link)
    data = {
        "csrf_token": officer.csrf_token("/quan-tri/bieu-mau"), "bieu_mau": (BytesIO(workbook()), "phieu.md"),
    }  # fmt: skip
    assert officer.post("/quan-tri/bieu-mau", data=data).status_code == 302
    assert all(NOT_TRIED in officer.get(page).text for page in pages(draft))
