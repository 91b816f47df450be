"""Publishing an officer's workbook: what is kept, what is refused, and in which words."""

import datetime as dt
import hashlib
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from forms import library
from forms.errors import FormRejected
from server import clock
from server.coverage import coverage_table
from server.db import db
from server.models import EntityList, Form, FormFile, FormVersion, Indicator
from server.plans import load_plans
from server.published_forms import form_drafts, library_forms, publishing
from server.published_forms.publish_answers import AS_WRITTEN
from tests.people import make_commune

SURVEY = """
| survey | | | | |
| | type | name | label | calculation |
| | text | cau_hoi | Câu hỏi? | |
| | begin group | chi_tieu | Chỉ tiêu | |
| | calculate | {code}_done | | if(${{cau_hoi}} = '', '', 1) |
| | calculate | {code}_of | | if(${{cau_hoi}} = '', '', 1) |
| | note | ket_luan | Đã ghi nhận | |
| | end group | | | |
"""
SETTINGS = """
| settings | | | |
| | form_title | form_id | version |
| | Phiếu thử | {form_id} | {version} |
"""
DECLARED = """
| chi_tieu | | | | | |
| | indicator | label::Tiếng Việt | label::English | unit | kind |
| | {code} | Nhà có việc thử | Homes with a try | {unit} | state |
"""
PURPOSE = """
| muc_dich | | | |
| | muc_dich | can_cu | luu_thang |
| | Để thử | Luật 91/2025 | 24 |
"""


def workbook(
    *,
    code: str = "viec_thu",
    form_id: str = "phieu_thu",
    version: str = "1",
    unit: str | None = "household",
    more: str = PURPOSE,
) -> bytes:
    declared = DECLARED.format(code=code, unit=unit) if unit else ""
    return (
        SURVEY.format(code=code) + SETTINGS.format(form_id=form_id, version=version) + declared + more
    ).encode()


def publish(content: bytes, name: str = "phieu_thu.md", **more: object) -> publishing.Published:
    found = publishing.publish(content, name, **more)
    db.session.commit()
    return found


def versions() -> int:
    return db.session.scalar(sa.select(sa.func.count()).select_from(FormVersion)) or 0


def test_the_bytes_that_phones_load_are_kept_with_their_md5(app: Flask) -> None:
    """C16."""
    content = workbook()
    version = publish(content).form_version
    assert version.workbook == content
    assert version.xform.startswith(b"<?xml")
    assert version.md5 == hashlib.md5(version.xform, usedforsecurity=False).hexdigest()
    assert version.definition["indicators"] == ["viec_thu"]
    assert not version.exact_points
    form = version.form
    assert (form.title, form.purpose, form.legal_basis, form.retention_months) == (
        "Phiếu thử",
        "Để thử",
        "Luật 91/2025",
        24,
    )


def test_a_communes_own_indicator_reaches_its_table_without_code(app: Flask) -> None:
    """R10."""
    here, elsewhere = make_commune(), make_commune("10930", "Mao Điền")
    publish(workbook(unit="business"), commune=here)
    row = db.session.scalars(sa.select(Indicator).where(Indicator.code == "viec_thu")).one()
    assert (row.label_vi, row.label_en, row.unit, row.kind) == (
        "Nhà có việc thử",
        "Homes with a try",
        "business",
        "state",
    )
    assert coverage_table.table(here).indicator("viec_thu") is not None
    assert coverage_table.table(elsewhere).indicator("viec_thu") is None


def test_the_same_content_again_changes_nothing(app: Flask) -> None:
    first = publish(workbook())
    again = publish(workbook())
    assert (first.new, again.new) == (True, False)
    assert again.form_version.id == first.form_version.id
    assert versions() == 1


def test_a_version_never_gets_other_content(app: Flask) -> None:
    """C17: phones that have the version keep it."""
    publish(workbook())
    with pytest.raises(FormRejected) as rejected:
        publish(workbook().replace("Câu hỏi?".encode(), "Câu khác?".encode()))
    (error,) = rejected.value.errors
    assert (error.sheet, error.column, error.value) == ("settings", "version", "1")
    assert "tăng số" in error.sentence
    db.session.rollback()
    assert versions() == 1


def test_a_new_version_stands_beside_the_old(app: Flask) -> None:
    publish(workbook())
    publish(workbook(version="2"))
    form = db.session.scalars(sa.select(Form)).one()
    db.session.refresh(form)
    assert [version.version for version in form.versions] == ["1", "2"]


def test_an_indicator_that_nobody_declared_is_refused_with_its_row(app: Flask) -> None:
    with pytest.raises(FormRejected) as rejected:
        publish(workbook(unit=None))
    (error,) = rejected.value.errors
    assert (error.sheet, error.row, error.value) == ("survey", 4, "viec_thu")
    assert "chi_tieu" in error.sentence
    db.session.rollback()
    assert versions() == 0


def test_a_known_indicator_needs_no_declaration(app: Flask) -> None:
    publish(workbook())
    made = publish(workbook(form_id="phieu_hai", unit=None))
    assert made.form_version.definition["declared"][0]["unit"] == "household"


@pytest.mark.parametrize("unit", ["person", "place"])
def test_the_unit_of_an_indicator_never_changes(app: Flask, unit: str) -> None:
    publish(workbook())
    with pytest.raises(FormRejected) as rejected:
        publish(workbook(version="2", unit=unit))
    (error,) = rejected.value.errors
    assert (error.sheet, error.row, error.column, error.value) == ("chi_tieu", 2, "unit", unit)


def test_a_form_id_belongs_to_whoever_published_it(app: Flask) -> None:
    here, elsewhere = make_commune(), make_commune("10930", "Mao Điền")
    publish(workbook(), commune=here)
    for owner, words in ((elsewhere, "nơi khác"), (None, "nơi khác")):
        with pytest.raises(FormRejected, match=words):
            publish(workbook(version="2"), commune=owner)
        db.session.rollback()


def test_files_are_kept_and_missing_ones_named(app: Flask) -> None:
    with_list = workbook().replace(
        b"| | text | cau_hoi |".replace(b" |", b" |"), b"| | select_one_from_file nganh.csv | cau_hoi |"
    )
    made = publish(with_list)
    assert any("nganh.csv" in warning.sentence for warning in made.warnings)
    made = publish(
        with_list.replace(b"| 1 |", b"| 2 |"),
        files=[publishing.MediaFile("nganh.csv", b"name,label\n1,X\n", "text/csv")],
    )
    assert not any("nganh.csv" in warning.sentence for warning in made.warnings)
    assert db.session.scalars(sa.select(FormFile)).one().content == b"name,label\n1,X\n"


def test_a_form_without_a_purpose_is_warned_of(app: Flask) -> None:
    """R20: every form has purpose, legal basis and retention."""
    assert [warning.sheet for warning in publish(workbook(more="")).warnings] == ["muc_dich"]


def test_the_library_is_published_once_and_without_a_warning(app: Flask) -> None:
    load_plans.load_indicators()
    first = library_forms.publish_library()
    db.session.commit()
    again = library_forms.publish_library()
    assert {each.form_version.form.form_id for each in first} == set(library.LIBRARY)
    assert [str(warning) for each in first for warning in each.warnings] == []
    assert not any(each.new for each in again)
    assert {row.name for row in db.session.scalars(sa.select(EntityList))} >= {"ho_dan", "diem_cong_cong"}


EARLIER = Path(__file__).parents[2] / "data" / "library" / "ho_gia_dinh_2026112501.md"
"""The household form as it was shipped before it asked when to come again, under the number that it still has."""


def test_a_library_form_published_otherwise_before_becomes_the_next_version(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """C17: phones get the form of today under a number of its own, and the visits of the earlier one go on counting."""
    now = dt.datetime(2026, 12, 31, 20, tzinfo=dt.UTC)  # New Year in Việt Nam
    monkeypatch.setattr(clock, "now", lambda: now)
    load_plans.load_indicators()
    first = publish(library.workbook(EARLIER.read_text(encoding="utf-8")), "ho_gia_dinh.xlsx")
    [newest] = library_forms.publish_library(["ho_gia_dinh"])
    db.session.commit()
    assert (first.form_version.version, newest.form_version.version) == ("2026112501", "2027010101")
    assert newest.new
    assert newest.form_version.form is first.form_version.form
    now += dt.timedelta(days=3)
    assert [each.new for each in library_forms.publish_library(["ho_gia_dinh"])] == [False]
    served = {each.version: each for each in db.session.scalars(sa.select(FormVersion))}
    assert served.keys() == {"2026112501", "2027010101"}
    asked = {name: "hen_lai" in each.xform.decode() for name, each in served.items()}
    assert asked == {"2026112501": False, "2027010101": True}


@pytest.mark.parametrize("version", ["2026112201", "2026120101", "7"])
def test_what_an_officer_made_of_a_library_form_stays_the_newest(app: Flask, version: str) -> None:
    """Whatever its number and whatever the library has since: phones keep the questions that the officer added."""
    load_plans.load_indicators()
    library_forms.publish_library(["wifi_cong_cong"] if version != "2026112201" else [])
    changed = library.read("wifi_cong_cong").replace("Tại đây có Wi-Fi", "Ở nhà văn hóa có Wi-Fi")
    own = publish(library.workbook(changed, version), "wifi.xlsx").form_version
    found = library_forms.library_ready(["wifi_cong_cong"])
    assert (found.ready, found.kept) == ([], [own])
    assert library_forms.publish_library(["wifi_cong_cong"]) == ()


def without_version(words: str = "Câu hỏi?") -> bytes:
    return (
        workbook(form_id="khong_ban")
        .replace(b"| version |", b"| |")
        .replace(b"| 1 |", b"| |")
        .replace("Câu hỏi?".encode(), words.encode())
    )


def test_a_workbook_without_a_version_gets_the_day_and_a_count(app: Flask) -> None:
    day = f"{clock.today():%Y%m%d}"
    first = publish(without_version()).form_version
    second = publish(without_version("Câu hỏi khác?")).form_version
    assert (first.version, second.version) == (f"{day}01", f"{day}02")
    assert second.form is first.form


def test_a_workbook_without_a_version_that_comes_again_changes_nothing(app: Flask) -> None:
    publish(without_version())
    again = publish(without_version())
    assert not again.new
    assert versions() == 1


def test_a_draft_keeps_the_version_that_test_phones_saw_until_another_has_it(app: Flask) -> None:
    commune = make_commune()
    draft = form_drafts.save(without_version(), "khong_ban.md", commune, "test")
    seen = form_drafts.definition(draft).version
    published = form_drafts.publish(draft, AS_WRITTEN, exact_points=False, actor="test")
    assert published.form_version.version == seen
    later = form_drafts.save(without_version("Câu hỏi khác?"), "khong_ban.md", commune, "test")
    publish(without_version("Câu thứ ba?"), commune=commune)
    assert form_drafts.definition(later).version == published.form_version.form.versions[-1].version
    last = form_drafts.publish(later, AS_WRITTEN, exact_points=False, actor="test")
    assert last.form_version.version == f"{clock.today():%Y%m%d}03"
