"""Blocks chosen for the household form: the minutes, the draft, the version that phones get, what stays counted."""

import datetime as dt

import pytest
import sqlalchemy as sa
from flask import Flask

from forms import form_blocks, visit_length
from forms.engine import engine
from server.db import db
from server.intake import catch_up, receive_submission
from server.intake.submission_sender import Sender
from server.models import Audit, Finding, Form, FormDraft, FormVersion, Indicator, Interview, Village
from server.published_forms import library_forms, publishing, visit_minutes
from server.published_forms.publish_answers import AS_WRITTEN
from tests import sample
from tests.people import Browser, browser, make_commune, make_person

PAGE = "/quan-tri/bieu-mau/khoi"
ALL = form_blocks.BLOCKS


@pytest.fixture
def officer(app: Flask) -> Browser:
    make_person("can_bo", "officer", make_commune(thon=2))
    who = browser(app)
    who.sign_in("can_bo")
    return who


@pytest.fixture
def city(app: Flask) -> Browser:
    make_person("thanh_pho", "city")
    who = browser(app)
    who.sign_in("thanh_pho")
    return who


def compose(who: Browser, *codes: str):
    return who.post(PAGE, data={"csrf_token": who.csrf_token(PAGE), "khoi": list(codes), "tao": "1"})


def sender() -> Sender:
    """A collector of the first thôn."""
    village = db.session.scalars(sa.select(Village).order_by(Village.id)).first()
    assert village is not None
    who = sample.make_collector(village.commune, [village], "Nụ").collector
    return Sender(who.id, village.commune_id, {village.code: village.id})


def measured(seconds: int, count: int = visit_minutes.LEAST_MEASURED) -> None:
    """So many interviews with the library's form, each of that length."""
    library_forms.publish_library(("ho_gia_dinh",))
    db.session.commit()
    by = sender()
    version = form_blocks.library_version()
    for _ in range(count):
        receive_submission.accept(sample.filled("", form_id="ho_gia_dinh", version=version), [], by)
    catch_up.caught_up()
    day = dt.date(2026, 11, 1)
    for row in sample.arrived():
        db.session.add(Interview(submission_id=row.id, form_id=row.form_id, day=day, seconds=seconds))
    db.session.commit()


def test_the_page_tells_what_each_block_costs_and_serves(officer: Browser) -> None:
    page = officer.get(PAGE).text
    for each in form_blocks.every():
        assert each.label_vi in page
        assert f"thêm khoảng {round(visit_length.worked_out().blocks[each.code])} giây" in page
    assert "Cho bộ chỉ tiêu: Bình dân học vụ số, Bốn trụ cột của công dân số, Phần cấp xã trong DTI" in page
    assert "chưa đủ 30 lần gặp để đo" in page
    assert "ho_gia_dinh_11629" in page


def test_ticked_blocks_change_the_minutes_and_nothing_is_kept(officer: Browser) -> None:
    plain = officer.get(f"{PAGE}?tinh=1").text
    more = officer.get(f"{PAGE}?tinh=1&khoi=ky_nang_so&khoi=dich_vu_so&khoi=khong_co").text
    length = visit_length.worked_out()
    for page, codes in ((plain, ()), (more, ("ky_nang_so", "dich_vu_so"))):
        told = f"{visit_length.minutes(length.seconds(codes)):.1f}".replace(".", ",")
        assert f"khoảng {told} phút" in page
    assert "phiếu gốc + Kỹ năng số cơ bản + Dịch vụ công trực tuyến" in more
    assert "Quá 8 phút" not in more
    assert db.session.scalar(sa.select(sa.func.count()).select_from(FormDraft)) == 0


def test_visits_that_were_measured_count_instead_and_the_longest_block_is_named(
    app: Flask, officer: Browser
) -> None:
    """R36"""
    measured(460)
    page = officer.get(f"{PAGE}?tinh=1&khoi={'&khoi='.join(ALL)}").text
    assert "30 lần gặp gần nhất" in page
    assert "Quá 8 phút" in page
    longest = max(ALL, key=lambda code: visit_length.worked_out().blocks[code])
    assert form_blocks.block(longest).label_vi in page.partition("Nên bỏ:")[2].partition("</strong>")[0]
    few = officer.get(f"{PAGE}?tinh=1&khoi=ky_nang_so").text
    assert "Quá 8 phút" not in few


def test_a_few_visits_are_not_believed(app: Flask, officer: Browser) -> None:
    measured(4_000, visit_minutes.LEAST_MEASURED - 1)
    assert visit_minutes.measure("ho_gia_dinh") is None
    assert "Quá 8 phút" not in officer.get(PAGE).text


def test_a_commune_beside_the_citys_form_gets_one_of_its_own(app: Flask, officer: Browser) -> None:
    library_forms.publish_library(("ho_gia_dinh",))
    db.session.commit()
    page = officer.get(PAGE).text
    assert "phiếu ghép là phiếu riêng của xã. Điện thoại của tổ sẽ thấy cả hai phiếu" in page
    made = compose(officer, *ALL)
    assert made.status_code == 302, made.text
    draft = db.session.scalars(sa.select(FormDraft)).one()
    assert (draft.form_id, draft.title) == ("ho_gia_dinh_11629", "Phiếu hộ gia đình xã An Lão")
    assert draft.blank == []
    kept = db.session.scalars(sa.select(Audit).where(Audit.act == "form.upload")).one()
    assert kept.detail["blocks"] == list(ALL)
    assert officer.get(made.location).status_code == 200
    assert officer.get(f"/quan-tri/bieu-mau/nhap/{draft.id}/phat-hanh").status_code == 200


def test_the_city_chooses_for_the_librarys_form(app: Flask, city: Browser) -> None:
    page = city.get(PAGE).text
    assert "<code>ho_gia_dinh</code>" in page
    assert "Điện thoại của tổ sẽ thấy cả hai phiếu" not in page
    assert PAGE in city.get("/quan-tri/bieu-mau").text


def publish(codes: tuple[str, ...]) -> FormVersion:
    read = publishing.ready(form_blocks.composed(codes), "ho_gia_dinh.xlsx", AS_WRITTEN)
    return publishing.add(read).form_version


def test_the_library_published_again_loses_no_block(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """R36: what a newer library brings comes with the blocks that are in use."""
    library_forms.publish_library(("ho_gia_dinh",))
    publish(("dich_vu_so",))
    db.session.commit()
    assert [each.new for each in library_forms.publish_library(("ho_gia_dinh",))] == [False]
    assert visit_minutes.held("ho_gia_dinh") == ("dich_vu_so",)
    monkeypatch.setattr(form_blocks, "library_version", lambda: "2026120101")
    assert [each.new for each in library_forms.publish_library(("ho_gia_dinh",))] == [True]
    db.session.commit()
    assert visit_minutes.held("ho_gia_dinh") == ("dich_vu_so",)
    newest = db.session.scalars(sa.select(FormVersion).order_by(FormVersion.id.desc())).first()
    assert newest is not None
    assert newest.version == "2026120101"
    assert [each.new for each in library_forms.publish_library(("ho_gia_dinh",))] == [False]


def visit(xform: bytes, key: str, **answers: object) -> bytes:
    media = {
        "thon.csv": b"name,label\n11629.01,A\n",
        "ho_dan.csv": f"name,label,thon\n{key},B,11629.01\n".encode(),
    }
    filling = engine.open_form(xform, media).start()
    for question, answer in ({"thon": "11629.01", "ho": key, "ket_qua": "gap"} | answers).items():
        filling.answer(question, answer)
    return filling.submission()


def test_visits_with_the_old_version_go_on_counting_beside_the_new(app: Flask) -> None:
    make_commune(thon=1)
    village = db.session.scalars(sa.select(Village)).one()
    library_forms.publish_library(("ho_gia_dinh",))
    old = bytes(db.session.scalars(sa.select(FormVersion)).one().xform)
    keys = [str(sample.make_entity(village, f"Hộ {n}").id) for n in range(2)]
    by = sender()
    new = bytes(publish(("ky_nang_so", "dich_vu_so")).xform)
    db.session.commit()
    receive_submission.accept(visit(old, keys[0], nguoi_18=2, chu_ky_so_18=1), [], by)
    receive_submission.accept(visit(new, keys[1], nguoi_18=3, chu_ky_so_18=2, ky_nang_18=1), [], by)
    catch_up.caught_up()
    db.session.rollback()
    counting = (
        sa.select(Indicator.code, Finding.done, Finding.of)
        .join(Finding, Finding.indicator_id == Indicator.id)
        .where(Finding.counts)
    )
    stated = {tuple(row) for row in db.session.execute(counting)}
    assert {("chu_ky_so_ca_nhan_18", 1, 2), ("chu_ky_so_ca_nhan_18", 2, 3)} <= stated
    assert ("ky_nang_so_co_ban_18", 1, 3) in stated
    assert not [row for row in stated if row[0] in ("dvc_truc_tuyen_ho", "thanh_toan_so_ho")]
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Form)) == 1
