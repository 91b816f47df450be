"""Commands as an administrator types them: what they change, what they print, how they refuse."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
import shapely
import sqlalchemy as sa
from click.testing import Result
from flask import Flask

from forms import library
from server.accounts import persons
from server.db import db
from server.models import ApiToken, Collector, FormVersion, Indicator, Person, Tally, Target, Village
from server.published_forms import visit_minutes
from tests.people import make_commune

Run = Callable[..., Result]


@pytest.fixture
def run(app: Flask) -> Run:
    """`flask …`, ended with this exit code."""

    def invoke(*args: str, code: int = 0) -> Result:
        db.session.commit()
        result = app.test_cli_runner().invoke(args=list(args))
        db.session.rollback()
        assert result.exit_code == code, (result.output, result.exception)
        return result

    return invoke


def refused(result: Result) -> str:
    """The one thing said on stderr; nothing on stdout, no traceback."""
    assert result.stdout == ""
    assert "Traceback" not in result.stderr
    return result.stderr.strip()


def fields(folder: Path, name: str = "thon.geojson", shift: float = 0.0) -> Path:
    """A file of two thôn side by side."""
    path = folder / name
    rows = [
        {
            "type": "Feature",
            "properties": {"ma_thon": f"1162900{n}", "ten_thon": f"Thôn {n}", "so_ho": 100 * n},
            "geometry": shapely.geometry.mapping(
                shapely.box(106.50 + n / 100 + shift, 20.80, 106.51 + n / 100, 20.81)
            ),
        }
        for n in (1, 2)
    ]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": rows}, ensure_ascii=False))
    return path


def test_boundaries_are_imported_with_their_figures(run: Run, tmp_path: Path) -> None:
    make_commune()
    path = str(fields(tmp_path))
    result = run("boundaries", "import", path, "--commune", "11629", "--date", "2026-01-15", "--json")
    told = json.loads(result.stdout)
    assert (told["epsg"], told["added"], told["figures"]) == (4326, 2, 2)
    assert "2 như cũ" in run("boundaries", "import", path, "--date", "2026-01-15").stdout


def test_a_boundary_file_with_an_error_stores_nothing(run: Run, tmp_path: Path) -> None:
    make_commune()
    overlapping = str(fields(tmp_path, shift=-0.005))
    said = refused(run("boundaries", "import", overlapping, "--commune", "11629", code=1))
    assert "11629001" in said
    assert "Chưa nạp gì" in said
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Village)) == 0


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("boundaries", "import", "khong_co.geojson"), "không có tệp"),
        (("boundaries", "import", "{file}", "--commune", "99999"), "99999"),
        (("boundaries", "import", "{file}", "--level", "tinh"), "commune, village"),
        (("boundaries", "import", "{file}", "--date", "15/01/2026"), "15/01/2026"),
        (("boundaries", "import", "{junk}", "--commune", "11629"), ""),
        (("plans", "load", "{junk}"), "YAML"),
        (("forms", "publish", "{junk}"), ""),
        (("forms", "check", "{junk}"), ""),
        (("forms", "publish"), "--library"),
        (("forms", "xoa"), "không có lệnh xoa"),
        (("coverage", "show"), "thiếu"),
        (("coverage", "show", "99999"), "99999"),
        (("coverage", "show", "11629", "--ngay"), "--ngay"),
        (("people", "add", "lan", "--role", "leader"), "--commune"),
        (("people", "add", "Lân", "--role", "city"), "Lân"),
        (("people", "add", "lan", "--role", "vua"), "team_leader"),
        (("people", "add", "lan", "--role", "team_leader", "--commune", "11629", "--village", "x"), "mã x"),
        (("tokens", "add", "may", "--days", "0"), "--days"),
        (("collectors", "add", "Lan", "--commune", "11629", "--village", "x", "--url", "http://a"), "mã x"),
    ],
)
def test_what_cannot_be_done_is_said_in_vietnamese(
    run: Run, tmp_path: Path, args: tuple[str, ...], words: str
) -> None:
    make_commune()
    junk = tmp_path / "rac.bin"
    junk.write_bytes(b"\x00\xff\x80: [" * 40)
    given = [arg.format(file=fields(tmp_path), junk=junk) for arg in args]
    said = refused(run(*given, code=1))
    assert words in said
    assert re.search("[à-ỹđ]", said)


def test_plans_are_loaded_for_both_communes(run: Run) -> None:
    make_commune()
    make_commune("10930", "Mao Điền")
    assert "28 con số mới" in run("plans", "load").stdout
    told = json.loads(run("plans", "load", "--json").stdout)
    assert [len(each["unchanged"]) for each in told] == [28, 8]
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Target)) == 36


def test_no_plan_is_loaded_when_one_cannot_be(run: Run) -> None:
    make_commune()
    assert "10930" in refused(run("plans", "load", code=1))
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Target)) == 0


def test_the_library_is_checked_published_and_listed(run: Run, tmp_path: Path) -> None:
    book = tmp_path / "ho_gia_dinh.xlsx"
    book.write_bytes(library.workbook(library.read("ho_gia_dinh")))
    assert "tham_ho" in run("forms", "check", str(book)).stdout
    assert db.session.scalar(sa.select(sa.func.count()).select_from(FormVersion)) == 0
    assert "Đã phát hành" in run("forms", "publish", str(book)).stdout
    told = json.loads(run("forms", "publish", "--library", "--json").stdout)
    assert {each["form_id"]: each["new"] for each in told}["ho_gia_dinh"] is False
    assert {each["form_id"] for each in json.loads(run("forms", "list", "--json").stdout)} == set(
        library.LIBRARY
    )


def test_the_household_form_is_published_with_blocks(run: Run) -> None:
    """R36"""
    make_commune()
    told = json.loads(run("forms", "publish", "--block", "dich_vu_so", "--json").stdout)
    assert [(each["form_id"], each["new"]) for each in told] == [("ho_gia_dinh", True)]
    assert json.loads(run("forms", "publish", "--block", "dich_vu_so", "--json").stdout)[0]["new"] is False
    own = json.loads(run("forms", "publish", "--block", "ky_nang_so", "--commune", "11629", "--json").stdout)
    assert own[0]["form_id"] == "ho_gia_dinh_11629"
    assert "--block" in refused(run("forms", "publish", "--library", "--block", "ky_nang_so", code=1))
    assert visit_minutes.held("ho_gia_dinh") == ("dich_vu_so",)


def test_a_form_that_states_something_out_of_nothing_fails_the_check(run: Run, tmp_path: Path) -> None:
    """R9."""
    book = tmp_path / "phieu.md"
    book.write_text(
        """
| survey | | | | |
| | type | name | label | calculation |
| | text | cau_hoi | Câu hỏi? | |
| | begin group | chi_tieu | Chỉ tiêu | |
| | calculate | viec_thu_done | | if(${cau_hoi} = 'x', 1, 0) |
| | calculate | viec_thu_of | | 1 |
| | note | ket_luan | Đã ghi nhận | |
| | end group | | | |
| settings | | | |
| | form_title | form_id | version |
| | Phiếu thử | phieu_thu | 1 |
| chi_tieu | | | | | |
| | indicator | label::Tiếng Việt | label::English | unit | kind |
| | viec_thu | Việc thử | A try | household | state |
"""
    )
    result = run("forms", "check", str(book), code=1)
    assert "viec_thu" in result.stderr
    assert "0/1" in result.stderr


def test_a_password_is_shown_once_and_never_again(run: Run) -> None:
    commune = make_commune(thon=1)
    result = run(
        "people", "add", "to.truong", "--name", "Bà Lan", "--role", "team_leader", "--commune", "11629",
        "--village", commune.villages[0].code,
    )  # fmt: skip
    (password,) = re.findall(r"\b[A-Za-z0-9]{16}\b", result.stdout)
    person = db.session.scalars(sa.select(Person)).unique().one()
    assert password not in person.password
    assert [village.code for village in person.villages] == ["11629.01"]
    listed = run("people", "list").stdout + run("people", "list", "--json").stdout
    assert "to.truong" in listed
    assert password not in listed
    assert "to.truong" in refused(run("people", "add", "to.truong", "--role", "city", code=1))


def test_a_city_wide_role_takes_no_commune(app: Flask) -> None:
    commune = make_commune()
    with pytest.raises(persons.PersonRejected, match="thành phố"):
        persons.add("so.khcn", "Sở", ["city"], commune=commune)
    with pytest.raises(persons.PersonRejected, match="thôn"):
        persons.add("to.truong", "Tổ trưởng", ["team_leader"], commune=commune)


def test_a_token_is_forty_hexadecimal_digits_kept_as_a_hash(run: Run) -> None:
    told = json.loads(run("tokens", "add", "Cổng dữ liệu", "--days", "30", "--json").stdout)
    assert re.fullmatch("[0-9a-f]{40}", told["token"])
    assert told["token"].encode() not in db.session.scalars(sa.select(ApiToken)).one().token_hash


def test_a_collector_gets_his_code(run: Run, tmp_path: Path) -> None:
    commune = make_commune(thon=1)
    picture = tmp_path / "qr.png"
    result = run(
        "collectors", "add", "Nguyễn Thị Lan", "--commune", "11629", "--village", commune.villages[0].code,
        "--url", "https://tungnha.example.vn", "--qr", str(picture), "--json",
    )  # fmt: skip
    told = json.loads(result.stdout)
    assert re.fullmatch("https://tungnha.example.vn/key/[A-Za-z0-9]{64}", told["server_url"])
    assert picture.read_bytes().startswith(b"\x89PNG")
    listed = run("collectors", "list", "--commune", "11629").stdout
    assert told["username"] in listed
    assert told["password"] not in listed
    assert db.session.scalars(sa.select(Collector)).one().username == told["username"]


def test_a_command_given_twice_adds_one_collector_and_a_namesake_is_added_when_said_so(run: Run) -> None:
    village = make_commune(thon=1).villages[0].code
    given = ["--commune", "11629", "--village", village, "--url", "https://tungnha.example.vn"]
    first = json.loads(run("collectors", "add", "Bùi Thị Lụa", *given, "--json").stdout)["username"]
    said = refused(run("collectors", "add", " bùi thị  LỤA ", *given, code=1))
    assert first in said
    assert "--namesake" in said
    run("collectors", "add", "Bùi Thị Lụa", *given, "--namesake")
    run("collectors", "revoke", first, "--yes")
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Collector)) == 2


def make_tally(number: int) -> None:
    village = make_commune(thon=1).villages[0]
    what = Indicator(
        code="tham_ho", label_vi="Hộ đã thăm", label_en="Visited", unit="household", kind="state"
    )
    db.session.add(what)
    db.session.flush()
    row = Tally(village_id=village.id, indicator_id=what.id, done=number, of=number, subjects=number)
    row.day = village.valid_from
    db.session.add(row)
    db.session.commit()


def test_coverage_is_shown_as_everyone_may_see_it(run: Run) -> None:
    make_tally(12)
    assert "100,0 % (12/12)" in run("coverage", "show", "11629").stdout
    told = json.loads(run("coverage", "show", "11629", "--json").stdout)
    assert told["visited"] == 12
    assert (
        json.loads(run("coverage", "show", "11629", "--as-of", "2025-01-05", "--json").stdout)["visited"] == 0
    )


def test_folding_and_counting_anew(run: Run) -> None:
    """R3: a tally without findings is a difference that recount names and can put right."""
    make_tally(12)
    assert "1 ngày" in run("coverage", "fold").stdout
    assert "Lệch 1 chỗ" in run("coverage", "recount", code=1).stderr
    assert "Đã sửa 1 chỗ" in run("coverage", "recount", "11629", "--correct").stdout
    assert "khớp" in run("coverage", "recount").stdout


def test_every_command_explains_itself_without_touching_the_database(app: Flask) -> None:
    for group, verb in (("forms", "publish"), ("boundaries", "import"), ("coverage", "recount")):
        result = app.test_cli_runner().invoke(args=[group, verb, "--help"])
        assert result.exit_code == 0
        assert f"{group} {verb}" in result.output
