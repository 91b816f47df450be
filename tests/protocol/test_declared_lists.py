"""What a form declares is served: its own entity lists and properties, search() tables, pictures with spaces."""

import csv
import dataclasses
import io
import unicodedata
import uuid
from pathlib import Path

import pytest

from forms.convert_workbook import convert
from forms.errors import FormRejected
from server.db import db
from server.models import Entity, FormVersion
from server.phones import collectors
from server.phones.collectors import NewCollector
from server.published_forms import form_drafts, publishing
from server.published_forms.publish_answers import AS_WRITTEN
from server.published_forms.publishing import MediaFile
from tests import sample
from tests.phone import Form, Phone, statuses

DATA = Path(__file__).parents[1] / "data" / "lists"
PICTURE = "ảnh giếng mẫu.png"


def publish(name: str, *files: MediaFile) -> FormVersion:
    made = publishing.publish((DATA / f"{name}.md").read_bytes(), f"{name}.md", files=files)
    db.session.commit()
    return made.form_version


def form_of(phone: Phone, form_id: str) -> Form:
    return next(each for each in phone.forms() if each.form_id == form_id)


def rows(phone: Phone, form_id: str, name: str) -> list[dict[str, str]]:
    files = {file.name: file for file in phone.files(form_of(phone, form_id))}
    return list(csv.DictReader(io.StringIO(phone.download(files[name]).decode())))


def registered(phone: Phone, words: str = "Cây đa đầu làng") -> str:
    """A tree that this phone put on the list."""
    tree = str(uuid.uuid4())
    xml = sample.filled(
        f"<ten>{words}</ten><moc>đình cũ</moc>", form_id="cay_da_dk", instance_id=f"uuid:{uuid.uuid4()}"
    )
    block = f'<entity dataset="cay_da" id="{tree}" create="1"><label>{words}</label></entity>'
    assert statuses(phone.send(xml.replace(b"<meta>", f"<meta>{block}".encode()))) == [201]
    return tree


def test_a_list_of_a_form_reaches_the_phone_with_its_properties(phone: Phone) -> None:
    """C27, E4: every file that the form names is on the manifest, and what was saved is in it."""
    publish("register_tree")
    publish("visit_tree")
    tree = registered(phone)
    [row] = rows(phone, "cay_da_tham", "cay_da.csv")
    assert (row["name"], row["label"], row["__version"]) == (tree, "Cây đa đầu làng", "1")
    assert (row["ten_goi"], row["moc"], row["tinh_trang_moi"]) == ("Cây đa đầu làng", "đình cũ", "")
    [file] = phone.files(form_of(phone, "cay_da_tham"))
    assert file.integrity_url is not None


def test_what_a_visit_saves_to_a_list_is_there_at_the_next_sync(phone: Phone) -> None:
    publish("register_tree")
    publish("visit_tree")
    tree = registered(phone)
    xml = sample.filled(
        f"<cay>{tree}</cay><tt>đã mục</tt>", form_id="cay_da_tham", instance_id=f"uuid:{uuid.uuid4()}"
    )
    block = f'<entity dataset="cay_da" id="{tree}" update="1" baseVersion="1" trunkVersion="1" branchId=""/>'
    assert statuses(phone.send(xml.replace(b"<meta>", f"<meta>{block}".encode()))) == [201]
    [row] = rows(phone, "cay_da_tham", "cay_da.csv")
    assert (row["tinh_trang_moi"], row["moc"], row["__version"]) == ("đã mục", "đình cũ", "2")


def test_the_order_in_which_the_forms_are_published_does_not_matter(phone: Phone) -> None:
    publish("visit_tree")
    assert rows(phone, "cay_da_tham", "cay_da.csv") == []
    publish("register_tree")
    registered(phone)
    assert [row["ten_goi"] for row in rows(phone, "cay_da_tham", "cay_da.csv")] == ["Cây đa đầu làng"]


def test_an_own_property_of_the_households_is_a_column_of_their_list(
    phone: Phone, collector: NewCollector
) -> None:
    publish("own_property")
    village = collector.collector.villages[0].village
    house = str(sample.make_entity(village, "Ngõ 3, số 7", data={"thon": village.code}).id)
    assert [row["so_to_ban_do"] for row in rows(phone, "so_to_ban_do_ho", "ho_dan.csv")] == [""]
    xml = sample.filled(
        f"<ho>{house}</ho><so_to_ban_do>TB-15/204</so_to_ban_do>",
        form_id="so_to_ban_do_ho",
        instance_id=f"uuid:{uuid.uuid4()}",
    )
    block = f'<entity dataset="ho_dan" id="{house}" update="1" baseVersion="1" trunkVersion="1" branchId=""/>'
    assert statuses(phone.send(xml.replace(b"<meta>", f"<meta>{block}".encode()))) == [201]
    [row] = rows(phone, "so_to_ban_do_ho", "ho_dan.csv")
    assert (row["so_to_ban_do"], row["__version"]) == ("TB-15/204", "2")


def test_the_place_of_a_home_is_refused_at_its_row() -> None:
    """R21: no exact point of a household is on a phone's list."""
    content = (DATA / "own_property.md").read_text(encoding="utf-8")
    content = content.replace("| text | so_to_ban_do", "| geopoint | so_to_ban_do")
    with pytest.raises(FormRejected) as rejected:
        convert(content.encode(), "vi_tri.md")
    [error] = rejected.value.errors
    assert (error.row, error.column) == (5, "save_to")


def test_the_table_of_a_search_is_asked_for_and_served(phone: Phone) -> None:
    name = "danh_sach_cho.csv"
    content = (DATA / name).read_bytes()
    publish("search")
    definition = convert((DATA / "search.md").read_bytes(), "search.md").definition
    assert publishing.missing_files(definition, []) == [name]
    assert publishing.missing_files(definition, [name]) == []
    db.session.rollback()
    assert definition.by_path["cho"].choices == ()
    assert phone.files(form_of(phone, "tim_cho")) == []
    second = (DATA / "search.md").read_text(encoding="utf-8").replace("| 1 |", "| 2 |")
    publishing.publish(second.encode(), "search.md", files=[MediaFile(name, content, "text/csv")])
    db.session.commit()
    [file] = phone.files(form_of(phone, "tim_cho"))
    assert (file.name, phone.download(file)) == (name, content)


def test_a_picture_with_spaces_is_on_the_manifest_under_its_whole_name(phone: Phone) -> None:
    content = (DATA / PICTURE).read_bytes()
    publish("spaces", MediaFile(PICTURE, content, "image/png"))
    [file] = phone.files(form_of(phone, "anh_gieng"))
    assert (file.name, phone.download(file)) == (PICTURE, content)


def test_a_file_is_known_however_its_marks_are_written(phone: Phone) -> None:
    draft = form_drafts.save((DATA / "spaces.md").read_bytes(), "spaces.md", None, "test")
    apart = unicodedata.normalize("NFD", PICTURE)
    form_drafts.attach(draft, [MediaFile(apart, (DATA / PICTURE).read_bytes(), "image/png")])
    form_drafts.publish(draft, AS_WRITTEN, exact_points=False, actor="test")
    db.session.commit()
    assert [file.name for file in phone.files(form_of(phone, "anh_gieng"))] == [PICTURE]


def test_an_officers_own_file_is_not_a_list_of_the_same_name(phone: Phone) -> None:
    publish("register_tree")
    content = b"name,label\nc1,C\xc3\xa2y c\xe1\xbb\xa7a x\xc3\xa3\n"
    form = """
| survey |
| | type | name | label |
| | select_one_from_file cay_da.csv | cay | Cây nào? |
| settings |
| | form_id | version |
| | chi_doc | 1 |
"""
    publishing.publish(form.encode(), "chi_doc.md", files=[MediaFile("cay_da.csv", content, "text/csv")])
    db.session.commit()
    [file] = phone.files(form_of(phone, "chi_doc"))
    assert phone.download(file) == content


def test_a_tree_without_a_thon_is_on_the_list_of_who_registered_it(
    phone: Phone, collector: NewCollector
) -> None:
    """E6: a collector of several thôn names none, and no point tells it."""
    publish("register_tree")
    publish("visit_tree")
    commune = collector.collector.commune
    more = sample.make_village(commune, "11629077", "Thôn Bảy")
    collectors.assign(collector.collector, [*(held.village for held in collector.collector.villages), more])
    db.session.commit()
    tree = registered(phone)
    db.session.rollback()
    assert db.session.get_one(Entity, uuid.UUID(tree)).village_id is None
    assert [row["name"] for row in rows(phone, "cay_da_tham", "cay_da.csv")] == [tree]
    other = sample.make_collector(commune, [more], "Bàng Văn Khác")
    elsewhere = dataclasses.replace(phone, server_url=phone.server_url.replace(collector.token, other.token))
    assert rows(elsewhere, "cay_da_tham", "cay_da.csv") == []


def test_a_tree_of_another_thon_is_on_no_list_of_ours(phone: Phone, collector: NewCollector) -> None:
    publish("register_tree")
    publish("visit_tree")
    registered(phone)
    more = sample.make_village(collector.collector.commune, "11629077", "Thôn Bảy")
    other = sample.make_collector(collector.collector.commune, [more], "Bàng Văn Khác")
    elsewhere = dataclasses.replace(phone, server_url=phone.server_url.replace(collector.token, other.token))
    assert rows(elsewhere, "cay_da_tham", "cay_da.csv") == []
    assert len(rows(phone, "cay_da_tham", "cay_da.csv")) == 1
