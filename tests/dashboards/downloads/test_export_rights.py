"""Which submissions and questions a file holds: what was chosen, and never more than its reader may have (X13, X19)."""

import io
import zipfile

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dashboards.downloads.submission_files import WRITINGS
from server.db import db
from server.models import Audit, Commune, Submission, Village
from tests.exported import FORM, commune, keep_photo_of, officer, read_csv, store, take
from tests.people import Browser, make_commune
from tests.sample import JPEG, publish
from tests.town import told

__all__ = ["commune", "officer"]  # fixtures are found by their names

PATHS = (
    "start", "thon", "ho/chu_ho", "ho/vi_tri", "ho/dich_vu", "ho/co_wifi", "ho/anh", "ho/so_nguoi",
    "thanh_vien/ho_ten", "thanh_vien/giay_to/loai",
)  # fmt: skip
PERSONAL = FORM.replace("| Họ tên         |           |", "| Họ tên         | nhay_cam  |")
OURS, THEIRS, PRIVATE = "ours-", "theirs-", "private-"
"""How answers begin that are open here, that are another commune's, that are a person's own."""


@pytest.fixture
def both(commune: Commune) -> Commune:
    """Submissions of the same form in this commune and in another."""
    other = make_commune("10930", "Mao Điền", thon=1)
    version = publish(PERSONAL, **{"class": "ca_nhan", "version": "1"})
    for place, mark in ((commune, OURS), (other, THEIRS)):
        for number in range(4):
            state = ("received", "approved", "rejected", "has_issues")[number]
            answers = {
                "thon": f"{mark}{number}",
                "ho/chu_ho": f"{PRIVATE}{mark}{number}",
                "ho/so_nguoi": number,
                "thanh_vien": [{"thanh_vien/ho_ten": f"{PRIVATE}{mark}{number}"}],
            }
            store(place, answers, version=version, review=state)
    return commune


def numbers(commune: Commune) -> list[int]:
    """Of the submissions of a commune."""
    villages = sa.select(Village.id).where(Village.commune_id == commune.id)
    found = sa.select(Submission.id).where(Submission.village_id.in_(villages)).order_by(Submission.id)
    return list(db.session.scalars(found))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    kind=st.sampled_from([writing.code for writing in WRITINGS]),
    questions=st.sets(st.sampled_from(PATHS)),
    places=st.sets(st.integers(0, 9)),
    words=st.sampled_from(
        ["", "&moi_tinh_trang=1", "&tinh_trang=rejected", "&nhan=0", "&nhieu=ca_hai&nhom=1"]
    ),
    personal=st.booleans(),
)
def test_no_choice_reaches_another_commune_or_a_personal_answer(
    officer: Browser,
    both: Commune,
    kind: str,
    questions: set[str],
    places: set[int],
    words: str,
    personal: bool,
) -> None:
    """X13, X19, R24: numbers of anybody's submissions, and any questions, in every kind of file."""
    every = [*db.session.scalars(sa.select(Submission.id).order_by(Submission.id)), 10**9, 10**12]
    ids = ",".join(str(every[place]) for place in sorted(places))
    chosen = "".join(f"&cau_hoi={path}" for path in sorted(questions))
    content = told(take(officer, f"dang={kind}&phieu={ids}{chosen}{words}&ca_nhan={int(personal)}"))
    assert THEIRS.encode() not in content
    if not personal:
        assert PRIVATE.encode() not in content
        assert kind in CODEBOOKS or b"chu_ho" not in content


CODEBOOKS = frozenset({"xlsx", "zip", "kobo-xlsx"})
"""These name every question of the form, and say which were left out."""


@pytest.mark.parametrize("kind", ["csv", "kobo"])
def test_the_named_submissions_are_taken_and_only_ours(officer: Browser, both: Commune, kind: str) -> None:
    """X13 (`submission_ids`)."""
    mine = numbers(both)
    theirs = [each for each in db.session.scalars(sa.select(Submission.id)) if each not in mine]
    wanted = ",".join(map(str, [*theirs, mine[0], mine[2], mine[3]]))
    assert _ids(officer, f"dang={kind}&phieu={wanted}") == [mine[0], mine[3]]
    assert _ids(officer, f"dang={kind}&phieu={wanted}&moi_tinh_trang=1") == [mine[0], mine[2], mine[3]]


def _ids(officer: Browser, words: str) -> list[int]:
    is_kobo = "dang=kobo" in words
    content = take(officer, f"{words}&nhan=0")
    rows = read_csv(content, ";", "utf-8") if is_kobo else read_csv(content)
    return [int(row["_id"]) for row in rows]


def test_the_chosen_questions_stand_in_the_forms_order(officer: Browser, both: Commune) -> None:
    """X13 (`fields`): whatever the order of the address; a repeat stays where one of its questions does."""
    content = take(officer, "dang=kobo&nhan=0&cau_hoi=ho/so_nguoi&cau_hoi=ho/vi_tri,thon")
    header = content.decode().split("\r\n")[0].replace('"', "")
    assert header.startswith(
        "thon;vi_tri;_vi_tri_latitude;_vi_tri_longitude;_vi_tri_altitude;_vi_tri_precision;so_nguoi;_id;_uuid;"
    )

    def files(words: str) -> list[str]:
        return zipfile.ZipFile(io.BytesIO(take(officer, f"dang=zip&{words}"))).namelist()

    assert files("cau_hoi=thon") == ["thu.csv", "_bang_ma.csv", "_nguon.csv"]
    inner = files("cau_hoi=thanh_vien/giay_to/loai")
    assert inner == ["thu.csv", "thu-thanh_vien.csv", "thu-giay_to.csv", "_bang_ma.csv", "_nguon.csv"]
    alone = read_csv(take(officer, "dang=csv&nhan=0&cau_hoi=thon"))[0]
    assert list(alone) == [
        "_thon_ma", "_thon", "_thoi_diem", "_nhan_luc", "_nguoi_khao_sat", "thon", "_doi_tuong", "_trang_thai",
        "_phien_ban", "_ma_phieu", "_id", "_index",
    ]  # fmt: skip


def test_a_personal_question_that_is_chosen_needs_the_word_for_it(officer: Browser, both: Commune) -> None:
    """X19."""
    words = "dang=csv&nhan=0&cau_hoi=ho/chu_ho&cau_hoi=thon"
    assert "chu_ho" not in read_csv(take(officer, words))[0]
    assert read_csv(take(officer, f"{words}&ca_nhan=1"))[0]["chu_ho"] == "private-ours-0"


def test_a_zip_takes_along_the_files_of_questions_that_may_be_read(
    officer: Browser, commune: Commune
) -> None:
    """X15, X19: flat names, none that leads out of the folder, none of a personal question without `ca_nhan`."""
    form = PERSONAL.replace("| Ảnh            |           |", "| Ảnh            | {photo}   |")
    open_version = publish(form, **{"class": "none", "photo": "none", "version": "1"})
    answers = [{"ho/anh": "a.jpg"}, {"ho/anh": "../../b.jpg"}, {"thon": "a.jpg", "ho/anh": "a.jpg"}]
    for each in answers:
        store(commune, each, version=open_version)
    for number in numbers(commune):
        keep_photo_of(number)

    def files(words: str) -> dict[str, bytes]:
        archive = zipfile.ZipFile(io.BytesIO(take(officer, f"dang=zip&{words}")))
        return {name: archive.read(name) for name in archive.namelist() if name.startswith("media/")}

    last = db.session.scalars(sa.select(Submission.instance_id).order_by(Submission.id.desc())).first()
    assert last is not None
    found = files("kem_anh=1")
    assert list(found) == ["media/a.jpg", "media/b.jpg", f"media/{last.removeprefix('uuid:')}/a.jpg"]
    assert set(found.values()) == {JPEG}
    assert files("") == {}
    assert files("kem_anh=1&cau_hoi=thon") == {}
    db.session.rollback()  # SQLite lets nobody write who reads an older moment
    publish(form, **{"class": "none", "photo": "ca_nhan", "version": "2"})
    assert files("kem_anh=1") == {}
    assert len(files("kem_anh=1&ca_nhan=1")) == 3


def test_rows_of_a_thon_of_states_and_of_days(officer: Browser, both: Commune) -> None:
    """X13: a merged thôn's submissions are found under the thôn they count in now."""
    first, second = both.villages
    mine = numbers(both)
    moved = Submission.id.in_(mine[2:])
    db.session.execute(sa.update(Submission).where(moved).values(village_id=second.id))
    db.session.commit()
    assert _ids(officer, f"dang=csv&thon={second.code}&moi_tinh_trang=1") == mine[2:]
    assert _ids(officer, f"dang=csv&thon={first.code}&thon={second.code}") == [mine[0], mine[1], mine[3]]
    assert _ids(officer, "dang=csv&tinh_trang=approved&tinh_trang=rejected") == mine[1:3]
    assert _ids(officer, f"dang=csv&tinh_trang=approved&thon={second.code}") == []
    assert _ids(officer, "dang=csv&tinh_trang=approved&den_het=2020-01-01") == []
    assert officer.get("/xa/11629/tai-ve/phieu?bieu_mau=thu&thon=10930.01").status_code == 422


def test_geojson_holds_the_chosen_questions_alone(officer: Browser, both: Commune) -> None:
    """X12, X13."""
    content = take(officer, "dang=geojson&cau_hoi=ho/so_nguoi")
    assert b"ho/so_nguoi" in content
    assert b'"thon"' not in content


def test_the_audit_says_what_was_chosen(officer: Browser, both: Commune) -> None:
    """X19."""
    code, mine = both.villages[0].code, numbers(both)
    take(officer, f"dang=csv&thon={code}&tinh_trang=approved&phieu={mine[0]},{mine[1]}&cau_hoi=thon")
    db.session.rollback()  # a new transaction sees what the request wrote
    act = db.session.scalars(sa.select(Audit).where(Audit.act == "submissions.export")).one()
    assert act.detail == {
        "commune": "11629", "as": "csv", "personal": False, "all_states": False, "states": ["approved"],
        "villages": [code], "submissions": 2, "questions": 1,
    }  # fmt: skip


def test_no_file_of_a_zip_lies_outside_its_folder_on_any_system(officer: Browser, commune: Commune) -> None:
    """Of photos with one name the others stand in folders of their visits, whose ids phones chose."""
    folders = {
        "uuid:..\\..\\Startup": "_.._Startup", "uuid:C:\\Windows": "C__Windows", "uuid:../../etc": "_.._etc",
        "uuid:a. . ": "a", "uuid:...": "_",
    }  # fmt: skip
    form = PERSONAL.replace("| Ảnh            |           |", "| Ảnh            | {photo}   |")
    version = publish(form, **{"class": "none", "photo": "none", "version": "1"})
    for number in range(len(folders) + 1):
        store(commune, {"ho/so": number, "ho/anh": "a.jpg"}, version=version)
    for number in numbers(commune):
        keep_photo_of(number)
    stored = db.session.scalars(sa.select(Submission).order_by(Submission.id)).all()
    for row, instance in zip(stored[1:], folders, strict=True):
        row.instance_id = instance
    db.session.commit()
    archive = zipfile.ZipFile(io.BytesIO(take(officer, "dang=zip&kem_anh=1")))
    found = [name for name in archive.namelist() if name.startswith("media/")]
    assert found == ["media/a.jpg", *(f"media/{folder}/a.jpg" for folder in folders.values())]
