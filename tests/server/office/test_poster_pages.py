"""An officer makes posters, prints them, closes and renews them; what cannot hang on a wall is told why (R27)."""

import datetime as dt
import re
import zlib

import pytest
import sqlalchemy as sa
from flask import Flask

from server import clock
from server.counting import recount
from server.db import db
from server.models import Audit, Form, JudgedSelfAnswers, Poster
from server.published_forms import form_drafts, publishing
from tests.people import Browser, browser, make_person
from tests.phone import InProcess, Phone
from tests.posters import OPINION, Hung, answer, from_library, hang, make_poster, opinion
from tests.sample import (
    arrived,
    make_collector,
    make_commune,
    make_entity,
    make_village,
    publish,
    publish_visit,
)

BASE = "/quan-tri/xa/11629/ap-phich"


@pytest.fixture
def hung(app: Flask) -> Hung:
    return hang()


@pytest.fixture
def officer(app: Flask, hung: Hung) -> Browser:
    make_person("can.bo", "officer", hung.commune)
    found = browser(app)
    found.sign_in("can.bo")
    return found


def post(officer: Browser, path: str, **fields: object) -> object:
    return officer.post(
        f"{BASE}{path}", data={"csrf_token": officer.csrf_token(BASE), **fields}, follow_redirects=True
    )


def form_key(form_id: str) -> int:
    return db.session.scalars(sa.select(Form.id).where(Form.form_id == form_id)).one()


def posters() -> list[Poster]:
    db.session.rollback()
    return list(db.session.scalars(sa.select(Poster).order_by(Poster.id)))


def test_posters_for_every_thon_and_a_counter_are_made_at_once_and_printed(
    officer: Browser, hung: Hung
) -> None:
    place = make_entity(hung.own, "Bộ phận Một cửa", "diem_cong_cong", {"loai": "tru_so"})
    told = post(officer, "", bieu_mau=hung.version.form_id, moi_thon="1", diem=str(place.id))
    made = posters()[1:]
    assert sorted(each.label for each in made) == ["Bộ phận Một cửa", "Thôn Đoài", "Thôn Đông"]
    assert {each.village_id for each in made} == {hung.own.id, hung.other.id, None}
    page = officer.get(f"{BASE}/to-in").text
    for each in posters():
        assert f"/khao-sat/{each.code}" in page
    pdf = officer.get(f"{BASE}/to-in?dang=pdf&to={made[0].id}&to={made[1].id}")
    assert pdf.content_type == "application/pdf"
    boxes = re.findall(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", _unpacked(pdf.data))
    assert [[round(float(side) / 72 * 25.4) for side in box] for box in boxes] == [[210, 297]] * 2
    assert told is not None
    acts = list(db.session.scalars(sa.select(Audit.act).where(Audit.act.like("poster.%")).order_by(Audit.id)))
    assert acts.count("poster.make") == 3
    assert "poster.print" in acts


def _unpacked(pdf: bytes) -> bytes:
    """All that a PDF says, its packed parts too."""
    packed = re.findall(rb"stream\r?\n(.*?)\r?\nendstream", pdf, re.DOTALL)
    return pdf + b"".join(zlib.decompressobj().decompress(part) for part in packed if part[:1] == b"x")


@pytest.mark.parametrize(
    ("form_id", "why"),
    [
        ("ho_gia_dinh", "ghi vào danh sách hộ"),
        ("diem_5g", "đo tại điểm"),
        ("tham", "danh sách hộ"),
        ("danh_ba", "ds.csv"),
    ],
)
def test_a_form_that_shows_or_changes_people_is_refused_with_a_sentence(
    officer: Browser, hung: Hung, form_id: str, why: str
) -> None:
    if form_id == "tham":
        publish_visit()
    elif form_id == "danh_ba":
        _with_own_list()
    else:
        from_library(form_id)
    assert why in officer.get(BASE).text
    told = officer.post(
        BASE, data={"csrf_token": officer.csrf_token(BASE), "bieu_mau": form_key(form_id), "moi_thon": "1"}
    )
    assert told.status_code == 422
    assert "Không treo được áp phích" in told.text
    assert why in told.text
    assert len(posters()) == 1


def _with_own_list() -> None:
    """A form that opens an officer's own table of people."""
    text = OPINION.replace("| | text | gop_y | Góp ý |", "| | select_one_from_file ds.csv | gop_y | Ai |")
    text = text.replace("y_kien", "danh_ba").replace("{version}", "1").replace("hai_long_xa", "biet_ai")
    file = publishing.MediaFile("ds.csv", b"name,label,ho_ten\n1,A,Nguyen Van A\n", "text/csv")
    publishing.publish(text.encode(), "x.md", files=[file])
    db.session.commit()


@pytest.mark.parametrize("form_id", ["hai_long", "phan_anh"])
def test_the_two_forms_of_opinions_can_hang_on_a_wall(officer: Browser, hung: Hung, form_id: str) -> None:
    from_library(form_id)
    post(officer, "", bieu_mau=form_key(form_id), thon=hung.own.id, ngay_cuoi="2030-12-31")
    new = posters()[-1]
    assert (new.form.form_id, new.ends_on) == (form_id, dt.date(2030, 12, 31))
    page = officer.get(f"/khao-sat/{new.code}")
    assert page.status_code == 200


def test_a_renewed_code_points_to_the_new_sheet_and_keeps_its_answers(
    app: Flask, officer: Browser, hung: Hung
) -> None:
    client, old = app.test_client(), hung.poster.code
    answer(client, hung.poster, opinion())
    post(officer, f"/{hung.poster.id}/thay-ma")
    before, new = posters()
    assert (new.follows_id, new.label, new.village_id) == (before.id, before.label, before.village_id)
    assert new.code != old
    told = client.get(f"/khao-sat/{old}")
    assert told.status_code == 410
    assert "đã được thay bằng tờ mới" in told.text
    assert answer(client, new.code, opinion()).status_code == 201
    listed = officer.get(BASE).text
    assert "đã thay mã" in listed
    assert listed.count(">1</a>") == 2


def test_a_poster_is_closed_or_given_a_last_day(app: Flask, officer: Browser, hung: Hung) -> None:
    post(officer, f"/{hung.poster.id}/ngay-cuoi", ngay_cuoi=clock.today().isoformat())
    assert posters()[0].ends_on == clock.today()
    late = officer.post(
        f"{BASE}/{hung.poster.id}/ngay-cuoi",
        data={"csrf_token": officer.csrf_token(BASE), "ngay_cuoi": "2020-01-01"},
    )
    assert (late.status_code, "Ngày cuối đã qua" in late.text) == (422, True)
    post(officer, f"/{hung.poster.id}/dong")
    assert app.test_client().get(f"/khao-sat/{hung.poster.code}").status_code == 410
    assert "đã đóng" in officer.get(BASE).text


def test_judging_by_a_target_is_a_setting_of_the_commune_and_audited(officer: Browser, hung: Hung) -> None:
    for so, rows in (("1", 1), ("1", 1), ("0", 0)):
        post(officer, "/so-muc-giao", bieu_mau=hung.version.form_id, so=so)
        db.session.rollback()
        assert db.session.scalar(sa.select(sa.func.count()).select_from(JudgedSelfAnswers)) == rows
    details = db.session.scalars(
        sa.select(Audit.detail).where(Audit.act == "poster.judge").order_by(Audit.id)
    ).all()
    assert [each["judged"] for each in details if each] == [True, False]


def test_another_communes_poster_form_and_thon_are_not_there(officer: Browser, hung: Hung) -> None:
    other = make_commune("10930", "Mao Điền")
    thon = make_village(other, "10930001", "Thôn Xa")
    own = publish(
        OPINION.replace("y_kien", "rieng").replace("hai_long_xa", "rieng_xa"), version="1", commune=other
    )
    foreign = make_poster(other, own, thon)
    for path in ("dong", "thay-ma", "ngay-cuoi"):
        told = officer.post(f"{BASE}/{foreign.id}/{path}", data={"csrf_token": officer.csrf_token(BASE)})
        assert told.status_code == 404
    token = {"csrf_token": officer.csrf_token(BASE)}
    assert officer.post(BASE, data={**token, "bieu_mau": own.form_id, "moi_thon": "1"}).status_code == 404
    assert (
        officer.post(BASE, data={**token, "bieu_mau": hung.version.form_id, "thon": thon.id}).status_code
        == 422
    )
    db.session.rollback()
    assert foreign.closed_at is None


def test_publication_says_what_becomes_of_the_posters_that_hang(officer: Browser, hung: Hung) -> None:
    own = OPINION.replace("y_kien", "rieng").replace("hai_long_xa", "rieng_xa")
    make_poster(hung.commune, publish(own, version="1", commune=hung.commune), hung.own)
    text = own.replace("| | text | gop_y | Góp ý |", "| | audit | audit | |\n| | text | gop_y | Góp ý |")
    draft = form_drafts.save(text.replace("{version}", "2").encode(), "y.md", hung.commune, "system")
    db.session.commit()
    page = officer.get(f"/quan-tri/bieu-mau/nhap/{draft.id}/phat-hanh").text
    assert "phiếu trên web báo là chưa dùng được: nhật ký điền phiếu (audit)" in page
    assert "1 tờ áp phích đang treo" in page


def test_an_answer_is_deleted_for_whoever_tells_its_number_and_stays_deleted(
    app: Flask, officer: Browser, hung: Hung
) -> None:
    client, xml = app.test_client(), opinion()
    number = answer(client, hung.poster, xml).get_json()["number"]
    answer(client, hung.poster, opinion())
    token = {"csrf_token": officer.csrf_token(BASE)}
    assert officer.post(f"{BASE}/xoa-phieu", data={**token, "so_phieu": "999999"}).status_code == 404
    assert officer.post(f"{BASE}/xoa-phieu", data={**token, "so_phieu": number}).status_code == 302
    assert [each.id for each in arrived()] != [number]
    assert len(arrived()) == 1
    assert answer(client, hung.poster, xml).status_code == 202
    assert len(arrived()) == 1
    assert recount.compare().differences == ()


def test_what_a_collector_sent_is_not_deleted_by_its_number(app: Flask, officer: Browser, hung: Hung) -> None:
    key = make_collector(hung.commune, [hung.own]).token
    assert Phone(InProcess(app), f"http://localhost/key/{key}").send(opinion())[0].status == 201
    [sent] = arrived()
    token = {"csrf_token": officer.csrf_token(BASE)}
    assert officer.post(f"{BASE}/xoa-phieu", data={**token, "so_phieu": sent.id}).status_code == 404
    assert len(arrived()) == 1


def test_places_of_one_name_are_told_apart_by_their_thon(officer: Browser, hung: Hung) -> None:
    """Each thôn has its loudspeaker at the first lane; an officer ticks one and finds that one on the list."""
    kind = {"loai": "cum_loa"}
    there = [make_entity(each, "Loa đầu ngõ 1", "diem_cong_cong", kind) for each in (hung.own, hung.other)]
    make_entity(hung.own, "Loa chợ", "diem_cong_cong", kind)
    make_entity(hung.own, "Chợ Đông", "diem_cong_cong", {"loai": "cho"})
    make_entity(hung.own, "Đài liệt sĩ", "diem_cong_cong", {"loai": "dai_liet_si"})
    make_entity(hung.own, "Cây đa", "diem_cong_cong")
    page = officer.get(BASE).text
    kinds = re.findall(r"<summary>([^<]+ \(\d+\))</summary>", page)
    assert kinds == ["Chợ (1)", "Cụm loa (3)", "Dai liet si (1)", "Điểm khác (1)"]
    offered = re.findall(r"> (Loa đầu ngõ 1) <small>([^<]+)</small>", page)
    assert sorted(offered) == [("Loa đầu ngõ 1", "Thôn Đoài"), ("Loa đầu ngõ 1", "Thôn Đông")]
    post(officer, "", bieu_mau=hung.version.form_id, diem=[str(each.id) for each in there])
    assert sorted(each.label for each in posters()[1:]) == [
        "Loa đầu ngõ 1, Thôn Đoài", "Loa đầu ngõ 1, Thôn Đông",
    ]  # fmt: skip
    assert "điểm công cộng, Thôn Đoài" in officer.get(BASE).text


def test_thon_of_one_name_are_told_apart_by_their_codes(officer: Browser, hung: Hung) -> None:
    """Communes that were merged have thôn of one name; a poster names the code too, on its list and on paper."""
    twin = make_village(hung.commune, "11629777", "Thôn Đoài")
    lane = make_entity(twin, "Loa đầu ngõ 1", "diem_cong_cong", {"loai": "cum_loa"})
    make_entity(hung.other, "Loa đầu ngõ 1", "diem_cong_cong", {"loai": "cum_loa"})
    post(officer, "", bieu_mau=hung.version.form_id, moi_thon="1", diem=str(lane.id))
    assert sorted(each.label for each in posters()[1:]) == sorted(
        [
            "Thôn Đông",
            f"Thôn Đoài ({hung.other.code})",
            "Thôn Đoài (11629777)",
            "Loa đầu ngõ 1, Thôn Đoài (11629777)",
        ]
    )
