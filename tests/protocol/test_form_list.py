"""The form list, forms, manifests and media as phones read them (C14–C29, E4, E10)."""

import csv
import hashlib
import io
import json
import uuid

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from server import clock
from server.db import db
from server.models import Form, FormFile
from server.openrosa import openrosa_xml
from server.phones.collectors import NewCollector
from tests import sample
from tests.phone import InProcess, Phone

MEDIA = """
| survey |
|        | type  | name | label | media::image |
|        | note  | chao | Chào  | chào-bạn.png |
| settings |
|        | form_title | form_id | version |
|        | Có ảnh     | co_anh  | 1       |
"""


def test_no_form_is_an_empty_list_and_not_an_error(any_phone: Phone) -> None:
    """C14."""
    root = any_phone.form_list().root
    assert root.tag == "{http://openrosa.org/xforms/xformsList}xforms"
    assert len(root) == 0
    assert root.prefix is None


def test_the_list_names_form_hash_and_addresses_without_a_prefix(any_phone: Phone) -> None:
    """C14, C15, C17: default namespace, `&` escaped, version as in the form."""
    version = sample.publish_visit("2026112201")
    body = any_phone.form_list().body.decode()
    assert "<name>Từng Nhà &amp; thử</name>" in body
    assert "<formID>tham</formID>" in body
    assert "<version>2026112201</version>" in body
    assert f"<hash>md5:{hashlib.md5(version.xform).hexdigest()}</hash>" in body
    assert b'version="2026112201"' in any_phone.download(any_phone.forms()[0])


def test_the_hash_is_that_of_the_very_bytes_served_each_time(any_phone: Phone) -> None:
    """C16, C22: published once, never rendered anew."""
    version = sample.publish_visit()
    [form] = any_phone.forms()
    assert any_phone.download(form) == any_phone.download(form) == version.xform


def test_a_form_is_listed_once_in_its_newest_version_and_each_has_its_own_address(phone: Phone) -> None:
    """C15, C20: one entry a form; one address for all versions would mix their media."""
    sample.publish_plain("1")
    [first] = phone.forms()
    old = phone.download(first)
    sample.publish_plain("2", title="Đơn giản, sửa")
    [second] = phone.forms()
    assert (second.version, second.download_url != first.download_url) == ("2", True)
    assert phone.download(second) != old
    assert phone.download(first) == old


def test_a_retired_form_leaves_the_list_and_stays_to_be_downloaded(phone: Phone) -> None:
    """C42: phones finish old forms for weeks."""
    version = sample.publish_plain()
    [form] = phone.forms()
    db.session.get_one(Form, version.form_id).retired_at = clock.now()
    db.session.commit()
    assert phone.forms() == []
    assert phone.download(form) == version.xform
    assert phone.post(sample.filled()).status == 201


def test_addresses_are_on_the_host_the_phone_asked(app: Flask, phone: Phone, collector: NewCollector) -> None:
    """C11, C20."""
    sample.publish_visit()
    lan = Phone(InProcess(app, "http://192.168.1.7:8000"), f"http://192.168.1.7:8000/key/{collector.token}")
    for form in lan.forms():
        assert form.download_url.startswith(f"{lan.server_url}/forms/")
        assert all(file.download_url.startswith(f"{lan.server_url}/forms/") for file in lan.files(form))


def test_one_form_may_be_asked_for(phone: Phone) -> None:
    """C21: exact match; unknown is an empty list; other parameters are ignored."""
    sample.publish_plain(form_id="a")
    sample.publish_plain(form_id="ab")

    def listed(query: str) -> list[str]:
        answer = phone.get(f"{phone.server_url}/formList?{query}")
        assert answer.status == 200
        return [each.text for each in answer.root.iter("{*}formID")]

    assert listed("formID=a") == ["a"]
    assert listed("formID=A") == []
    assert listed("formID=%00") == []
    assert listed("verbose=true&listAllVersions=true") == ["a", "ab"]


@pytest.mark.parametrize("version", ["1.0", "v 2", "2026/11", "a&b", "é", "1#2?3", "x.xml"])
def test_versions_of_any_spelling_can_be_downloaded(any_phone: Phone, version: str) -> None:
    """C17: any text."""
    published = sample.publish_plain()
    published.version = version
    db.session.commit()
    [form] = any_phone.forms()
    assert form.version == version
    assert any_phone.download(form) == published.xform


@pytest.mark.parametrize(
    "path",
    [
        "forms/khong_co/1.xml", "forms/don_gian/9.xml", "forms/don_gian/1/media/x.png", "forms/%00/1.xml",
        "forms/don_gian/%00.xml", "forms/don_gian/1/media/..%2f..%2fsecret_key", "lists/khac/integrity",
        "forms/khong_co/1/manifest", "forms/don_gian/1/media/%00",
    ],
)  # fmt: skip
def test_what_is_not_there_is_404(phone: Phone, path: str) -> None:
    """C5: of a failing GET the phone shows nothing; it only has to know that it failed."""
    sample.publish_plain()
    assert phone.get(f"{phone.server_url}/{path}").status == 404


def test_a_form_without_files_has_no_manifest_address(phone: Phone) -> None:
    """C27."""
    sample.publish_plain()
    [form] = phone.forms()
    assert form.manifest_url is None
    assert phone.get(f"{phone.server_url}/forms/don_gian/1/manifest").root.tag.endswith("manifest")


def test_every_file_that_the_form_names_is_in_the_manifest(any_phone: Phone) -> None:
    """C24, C25, C26, C27: names as in the form's jr:// addresses, hashes of the bytes served."""
    sample.publish_visit()
    [form] = any_phone.forms()
    files = {file.name: file for file in any_phone.files(form)}
    named = set(any_phone.download(form).decode().split("jr://file-csv/")[1:])
    assert (
        {each.split('"')[0] for each in named}
        == set(files)
        == {"thon.csv", "ho_dan.csv", "diem_cong_cong.csv"}
    )
    for file in files.values():
        any_phone.download(file)


def test_the_list_that_a_form_changes_is_an_entity_list_and_others_are_plain(any_phone: Phone) -> None:
    """C18, C28: an entity list is imported, and its form fetched anew at every sync."""
    sample.publish_visit()
    files = {file.name: file for file in any_phone.files(any_phone.forms()[0])}
    assert files["ho_dan.csv"].kind == "entityList"
    assert files["ho_dan.csv"].integrity_url == f"{any_phone.server_url}/lists/ho_dan/integrity"
    for name in ("thon.csv", "diem_cong_cong.csv"):
        assert (files[name].kind, files[name].integrity_url) == (None, None)


def test_a_file_that_came_with_the_form_is_served_as_it_came(phone: Phone) -> None:
    """C25, C26, C35: with its own type, never to be opened in place."""
    version = sample.publish(MEDIA)
    picture = b"\x89PNG\r\n\x1a\n" + b"\x00" * 50
    name = "chào-bạn.png"
    db.session.add(
        FormFile(
            form_version_id=version.id,
            name=name,
            content=picture,
            media_type="image/png",
            md5=hashlib.md5(picture).hexdigest(),
        )
    )
    db.session.commit()
    [form] = phone.forms()
    [file] = phone.files(form)
    assert (file.name, phone.download(file)) == (name, picture)
    answer = phone.get(file.download_url)
    assert answer.headers["Content-Type"] == "image/png"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Disposition"].startswith("attachment")


def test_the_phones_own_last_saved_file_is_never_listed(phone: Phone) -> None:
    """C29."""
    sample.publish(
        sample.PLAIN.replace("| label |", "| label | default |").replace(
            "| Số    |", "| Số | ${last-saved#so} |"
        ),
        form_id="nho",
        version="1",
        title="Nhớ",
    )
    [form] = phone.forms()
    assert b"jr://instance/last-saved" in phone.download(form)
    assert [file.name for file in phone.files(form)] == []


def test_households_reach_the_phone_as_collect_imports_them(phone: Phone, collector: NewCollector) -> None:
    """E4: name, label, __version first; names are UUIDs, versions whole numbers."""
    sample.publish_visit()
    village = collector.collector.villages[0].village
    made = sample.make_entity(village, 'Bà "Tư", ngõ 3', data={"dia_chi": "ngõ 3"})
    files = {file.name: file for file in phone.files(phone.forms()[0])}
    rows = list(csv.DictReader(io.StringIO(phone.download(files["ho_dan.csv"]).decode())))
    assert list(rows[0])[:3] == ["name", "label", "__version"]
    assert (rows[0]["name"], rows[0]["label"], rows[0]["__version"]) == (str(made.id), 'Bà "Tư", ngõ 3', "1")


def test_a_visit_shows_in_the_list_at_the_next_sync(phone: Phone, collector: NewCollector) -> None:
    """C18, E7: another hash, so that the phone fetches it."""
    sample.publish_visit()
    village = collector.collector.villages[0].village
    house = sample.make_entity(village, "Bà Tư")
    before = {file.name: file.hash for file in phone.files(phone.forms()[0])}
    entity = (
        f'<entity dataset="ho_dan" id="{house.id}" update="1" baseVersion="1" trunkVersion="1" branchId=""/>'
    )
    visit = sample.filled(
        f"<thon>{village.code}</thon><ho>{house.id}</ho><ket_qua>gap</ket_qua><dia_chi>ngõ 9</dia_chi>",
        form_id="tham",
    ).replace(b"<meta>", f"<meta>{entity}".encode())
    assert phone.post(visit).status == 201
    files = {file.name: file for file in phone.files(phone.forms()[0])}
    assert files["ho_dan.csv"].hash != before["ho_dan.csv"]
    assert files["thon.csv"].hash == before["thon.csv"]
    [row] = csv.DictReader(io.StringIO(phone.download(files["ho_dan.csv"]).decode()))
    assert (row["__version"], row["tinh_trang"], row["dia_chi"]) == ("2", "da_gap", "ngõ 9")


def test_integrity_tells_what_is_gone_and_is_silent_on_what_it_never_saw(
    any_phone: Phone, collector: NewCollector
) -> None:
    """E10: unknown ids are households that a phone made and has not sent; out of scope is gone."""
    here = collector.collector.villages[0].village
    there = sample.make_village(collector.collector.commune, "11629002", "Thôn Tây")
    mine, other = sample.make_entity(here, "Của tôi"), sample.make_entity(there, "Nơi khác")
    unsent = uuid.uuid4()
    ids = f"{mine.id}%2C{other.id},{unsent},no-such-id,"
    answer = any_phone.get(f"{any_phone.server_url}/lists/ho_dan/integrity?id={ids}")
    assert answer.status == 200
    root = answer.root
    assert (root.tag, root[0].tag) == ("data", "entities")
    told = {each.get("id"): each.findtext("deleted") for each in root.iter("entity")}
    assert told == {str(mine.id): "false", str(other.id): "true"}


def test_integrity_can_be_asked_of_many_households_at_once(phone: Phone, collector: NewCollector) -> None:
    """E10: a phone asks about all that it has not seen confirmed, in one address."""
    village = collector.collector.villages[0].village
    made = [sample.make_entity(village, f"Hộ {number}") for number in range(3)]
    ids = "%2C".join(str(each) for each in [*(uuid.uuid4() for _ in range(800)), *(each.id for each in made)])
    root = phone.get(f"{phone.server_url}/lists/ho_dan/integrity?id={ids}").root
    assert [each.findtext("deleted") for each in root.iter("entity")] == ["false"] * 3


def test_an_update_of_everything_gives_a_form_that_opens(phone: Phone) -> None:
    """C18–C29 together: list, form, manifest and files, hashes checked on the way."""
    sample.publish_visit()
    sample.publish_plain()
    got = phone.sync()
    assert {form_id: sorted(files) for form_id, (_xform, files) in got.items()} == {
        "don_gian": [],
        "tham": ["diem_cong_cong.csv", "ho_dan.csv", "thon.csv"],
    }
    for xform, _files in got.values():
        root = etree.fromstring(xform)
        assert root.findtext(".//{http://www.w3.org/1999/xhtml}title")  # C23
        assert root.find(".//{http://www.w3.org/2002/xforms}instanceID") is not None


@given(st.text(), st.text())
def test_any_text_makes_well_formed_xml(name: str, sentence: str) -> None:
    """C4, C15, C38."""
    form = openrosa_xml.ListedForm(name, name, name, "0" * 32, name, name)
    assert len(etree.fromstring(openrosa_xml.form_list([form]))) == 1
    assert (
        len(etree.fromstring(openrosa_xml.manifest([openrosa_xml.ListedFile(name, "0" * 32, name, name)])))
        == 1
    )
    assert len(etree.fromstring(openrosa_xml.integrity([(name, True)]))[0]) == 1
    told = etree.fromstring(openrosa_xml.message(sentence))[0].text or ""
    assert len(told) <= 200


def test_a_title_that_xml_must_escape_reads_back() -> None:
    """C15."""
    title = "A & B < C > \"D\" 'E'"
    form = openrosa_xml.ListedForm("f", title, "1", "0" * 32, "http://x/?a=1&b=2", None)
    root = etree.fromstring(openrosa_xml.form_list([form]))
    assert root.findtext(".//{*}name") == title
    assert json.dumps([each.tag.split("}")[1] for each in root[0]]) == json.dumps(
        ["formID", "name", "version", "hash", "downloadUrl"]
    )
