"""K15 and K16: exports asked for, followed and taken by the same key; and under a name, as one link that Excel asks."""

import csv
import io
import re
import zipfile

import openpyxl
import pytest
import sqlalchemy as sa
from flask import Flask

from server.api.kobo import export_routes, export_setting_routes
from server.db import db
from server.files import making_process
from server.models import Audit, Commune
from tests.people import bearing
from tests.server.api.conftest import Client, basic, token_of
from tests.server.api.kobo.filled_form import ASSET, Field

EXPORTS, SETTINGS = f"{ASSET}/exports/", f"{ASSET}/export-settings/"
ASKED = {
    "fields_from_all_versions": True, "group_sep": "/", "hierarchy_in_labels": False, "lang": "_xml",
    "multiple_select": "both", "type": "csv",
}  # fmt: skip


@pytest.fixture(autouse=True)
def by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is made by itself: a test makes the files when it likes."""
    monkeypatch.setattr(export_routes, "AT_ONCE", -1)
    monkeypatch.setattr(making_process, "wake", lambda: None)


@pytest.fixture
def field(commune: Commune) -> Field:
    return Field(commune)


def make(app: Flask) -> None:
    db.session.rollback()
    making_process.work(app, nice=0)
    db.session.rollback()


def taken(app: Flask, client: Client, **said: object) -> bytes:
    """The file of an export, from asking for it to taking it."""
    answer = client.open("POST", EXPORTS, json=ASKED | said)
    assert answer.status_code == 201, answer.text
    make(app)
    told = client.json(answer.json["url"].removeprefix("http://localhost"))
    assert (told["status"], told["messages"]) == ("complete", {})
    file = client.get(told["result"].removeprefix("http://localhost"))
    assert file.status_code == 200
    return file.data


def table(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode()), delimiter=";"))


def test_an_export_is_asked_for_followed_and_taken(app: Flask, officer: Client, field: Field) -> None:
    field.send()
    answer = officer.open("POST", EXPORTS, json=ASKED)
    told = answer.json
    assert (answer.status_code, told["status"], told["result"]) == (201, "created", None)
    assert re.fullmatch("e[A-Za-z0-9]{21}", told["uid"])
    assert told["data"]["lang"] == "_xml"
    make(app)
    done = officer.json(f"{EXPORTS}{told['uid']}/")
    assert done["status"] == "complete"
    file = officer.get(done["result"].removeprefix("http://localhost"))
    assert (file.status_code, file.content_type) == (200, "text/csv; charset=utf-8")
    assert officer.json(EXPORTS)["results"] == [done]


def test_the_same_question_again_is_answered_by_the_same_export(officer: Client, field: Field) -> None:
    first, second = (officer.open("POST", EXPORTS, json=ASKED) for _ in range(2))
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json["uid"] == second.json["uid"]


def test_a_table_in_kobos_words_holds_each_submission(app: Flask, officer: Client, field: Field) -> None:
    """X1, X2, X4: header, separators, several answers as text and as columns."""
    numbers = [field.send(), field.send(dich_vu="vneid")]
    content = taken(app, officer)
    assert content.count(b"\r\n") == 3
    assert not content.startswith(b"\xef\xbb\xbf")
    header, *rows = table(content)
    assert header[-11:] == [
        "_id", "_uuid", "_submission_time", "_validation_status", "_notes", "_status", "_submitted_by", "__version__",
        "_tags", "meta/rootUuid", "_index",
    ]  # fmt: skip
    assert {"so_nguoi", "dich_vu", "dich_vu/shp", "dich_vu/vneid", "dich_vu/cks"} <= set(header)
    told = [dict(zip(header, row, strict=True)) for row in rows]
    assert [each["_id"] for each in told] == [str(number) for number in numbers]
    assert [(each["dich_vu"], each["dich_vu/vneid"]) for each in told] == [("shp cks", "0"), ("vneid", "1")]


def test_labels_stand_where_they_are_asked_for_and_by_default(
    app: Flask, officer: Client, field: Field
) -> None:
    field.send()
    for said in ({"lang": "_default"}, {"hierarchy_in_labels": "true", "lang": "_default", "group_sep": "|"}):
        header, row = table(taken(app, officer, **said))
        name = "Hộ gia đình|Dịch vụ số" if "group_sep" in said else "Dịch vụ số"
        assert row[header.index(name)] == "Smart Hải Phòng Chữ ký số"


def test_what_a_client_leaves_out_has_a_default(officer: Client, field: Field) -> None:
    """kobo-mcp names no `lang`."""
    answer = officer.open("POST", EXPORTS, json={"type": "xls"})
    assert (answer.status_code, answer.json["data"]["lang"]) == (201, "_default")
    assert officer.open("POST", EXPORTS, data={"type": "csv", "flatten": "false"}).status_code == 201


def test_a_workbook_has_a_sheet_for_each_repeat(app: Flask, officer: Client, field: Field) -> None:
    field.send()
    book = openpyxl.load_workbook(io.BytesIO(taken(app, officer, type="xls")))
    assert {"Khảo sát hộ", "tv", "may"} <= set(book.sheetnames)


def test_places_are_features(app: Flask, officer: Client, field: Field) -> None:
    field.send()
    assert b'"FeatureCollection"' in taken(app, officer, type="geojson")


def test_labels_come_for_spss_beside_the_table_of_codes(app: Flask, officer: Client, field: Field) -> None:
    """K15, `spss_labels`: one file of commands for the form's one language, without what is personal."""
    field.send()
    archive = zipfile.ZipFile(io.BytesIO(taken(app, officer, type="spss_labels", lang="_default")))
    assert archive.namelist() == ["Khảo sát hộ - SPSS labels.sps"]
    said = archive.read(archive.namelist()[0]).decode()
    assert said == (
        "* Encoding: UTF-8.\nVARIABLE LABELS\n start 'start'\n /thon 'Thôn'\n /so_nguoi 'Số người'"
        "\n /toc_do 'Tốc độ'\n /vi_tri 'Vị trí'\n /dich_vu 'Dịch vụ số'"
        "\n /dich_vu_shp 'Dịch vụ số: Smart Hải Phòng'\n /dich_vu_vneid 'Dịch vụ số: VNeID'"
        "\n /dich_vu_cks 'Dịch vụ số: Chữ ký số'\n /anh 'Ảnh'\n /ngay 'Ngày'.\n"
        "VALUE LABELS\n thon\n  '11629001' 'Thôn 1'\n  '11629002' 'Thôn 2'.\n"
    )


def test_rows_and_columns_are_narrowed_by_the_code_that_lists(
    app: Flask, officer: Client, field: Field
) -> None:
    """X13."""
    first, second = field.send(so_nguoi="3"), field.send(so_nguoi="7")
    for said, wanted in (
        ({"query": {"ho/so_nguoi": {"$gt": 5}}}, second),
        ({"submission_ids": [first]}, first),
    ):
        header, *rows = table(taken(app, officer, fields=["ho/so_nguoi"], **said))
        assert "dich_vu" not in header
        assert [row[header.index("_id")] for row in rows] == [str(wanted)]


@pytest.mark.parametrize(
    "said",
    [
        {"type": "kml"}, {"type": 3}, {"lang": "Klingon"}, {"multiple_select": "x"}, {"khac": 1}, {"flatten": "maybe"},
        {"fields": "a"}, {"fields": [1]}, {"submission_ids": ["1"]}, {"submission_ids": 3}, {"group_sep": "x" * 9},
        {"query": 3}, {"query": {"$where": "1"}}, {"query": "{"}, {"name": []},
    ],
)  # fmt: skip
def test_what_cannot_be_made_is_told_at_once(officer: Client, field: Field, said: dict[str, object]) -> None:
    answer = officer.open("POST", EXPORTS, json=ASKED | said)
    assert answer.status_code == 400, answer.text
    assert officer.json(EXPORTS)["count"] == 0


def test_an_unknown_key_is_told_in_kobos_words(officer: Client, field: Field) -> None:
    answer = officer.open("POST", EXPORTS, json=ASKED | {"khac": 1})
    assert answer.json["data"].startswith("Can contain only the following valid keys: ")


def test_an_export_is_its_own_clients_and_in_the_audit(
    app: Flask, officer: Client, leader: Client, field: Field
) -> None:
    field.send()
    taken(app, officer)
    db.session.rollback()
    acts = db.session.scalars(sa.select(Audit).where(Audit.act == "submissions.export")).all()
    assert [(each.detail or {})["personal"] for each in acts] == [False]
    [told] = officer.json(EXPORTS)["results"]
    other = Client(app, basic("officer"))
    assert other.get(f"{EXPORTS}{told['uid']}/").status_code == 404
    reviewer = Client(app, bearing(token_of(app, "reviewer")))
    for client in (leader, reviewer):
        assert client.get(EXPORTS).status_code == 404
        assert client.open("POST", EXPORTS, json=ASKED).status_code == 403
    assert officer.open("DELETE", f"{EXPORTS}{told['uid']}/").status_code == 204
    assert officer.json(EXPORTS)["count"] == 0


def setting(client: Client, name: str = "Hằng ngày", **said: object) -> dict[str, object]:
    answer = client.open("POST", SETTINGS, json={"name": name, "export_settings": ASKED | said})
    assert answer.status_code == 201, answer.text
    return dict(answer.json)


@pytest.mark.parametrize("ending", ["csv", "xlsx"])
def test_one_link_gives_the_file_as_it_is_now_without_a_redirect(
    app: Flask, officer: Client, field: Field, ending: str
) -> None:
    """K16: Basic works, as Excel asks."""
    made = setting(officer)
    assert re.fullmatch("es[A-Za-z0-9]{20}", str(made["uid"]))
    path = str(made[f"data_url_{ending}"]).removeprefix("http://localhost")
    assert path.endswith(f"/data.{ending}")
    excel = Client(app, basic("officer"))
    for count in (1, 2):
        field.send()
        answer = excel.get(path)
        assert answer.status_code == 200
        if ending == "csv":
            assert len(table(answer.data)) == count + 1
        else:
            sheet = openpyxl.load_workbook(io.BytesIO(answer.data))["Khảo sát hộ"]
            assert sheet.max_row == count + 1


def test_settings_are_told_changed_and_forgotten(officer: Client, field: Field) -> None:
    made = setting(officer)
    path = f"{SETTINGS}{made['uid']}/"
    assert officer.json(SETTINGS)["results"] == [made]
    changed = officer.open("PATCH", path, json={"name": "Tuần"})
    assert (changed.json["name"], changed.json["export_settings"]) == ("Tuần", made["export_settings"])
    assert officer.open("DELETE", path).status_code == 204
    assert officer.get(path).status_code == 404


def test_a_name_stands_once(officer: Client, field: Field) -> None:
    setting(officer)
    answer = officer.open("POST", SETTINGS, json={"name": "Hằng  ngày", "export_settings": ASKED})
    assert (answer.status_code, "name" in answer.json) == (400, True)
    for body in (
        {"export_settings": ASKED},
        {"name": "B", "export_settings": {"type": "x"}},
        {"name": "B", "export_settings": 3},
    ):
        assert officer.open("POST", SETTINGS, json=body).status_code == 400


def test_while_one_workbook_is_made_the_next_is_told_when_to_ask_again(officer: Client, field: Field) -> None:
    path = str(setting(officer)["data_url_xlsx"]).removeprefix("http://localhost")
    with export_setting_routes._making:
        answer = officer.get(path)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "10")
    assert officer.get(path).status_code == 200


def test_a_formula_stays_text(app: Flask, officer: Client, field: Field) -> None:
    """X14, in Kobo's words too."""
    field.send(hieu="=1+1")
    book = openpyxl.load_workbook(io.BytesIO(taken(app, officer, type="xls")))
    cells = [cell for row in book["may"].iter_rows() for cell in row if cell.value == "=1+1"]
    assert [cell.data_type for cell in cells] == ["s"]


def test_addresses_of_photos_are_opened_by_the_same_key(app: Flask, officer: Client, visits: str) -> None:
    """X7, K14."""
    header, *rows = table(taken(app, officer, include_media_url=True))
    [address] = [row[header.index("anh_URL")] for row in rows if row[header.index("anh_URL")]]
    photo = officer.get(address.removeprefix("http://localhost"))
    assert (photo.status_code, photo.content_type) == (200, "image/jpeg")


def test_a_small_export_is_there_at_once(
    officer: Client, field: Field, monkeypatch: pytest.MonkeyPatch
) -> None:
    """kobo-mcp waits for half a minute at most."""
    monkeypatch.setattr(export_routes, "AT_ONCE", 1_000)
    number = field.send()
    answer = officer.open("POST", EXPORTS, json=ASKED)
    told = officer.json(answer.json["url"].removeprefix("http://localhost"))
    assert (answer.status_code, told["status"]) == (201, "complete")
    header, row = table(officer.get(told["result"].removeprefix("http://localhost")).data)
    assert row[header.index("_id")] == str(number)
