"""Entities as a phone meets them: what it is told, what it sends, what it sees at its next sync (E1–E19)."""

import csv
import io
import re
import uuid

import pytest

from server.db import db
from server.models import EntityVersion
from server.phones.collectors import NewCollector
from server.published_forms import library_forms
from tests import sample
from tests.phone import Phone, statuses


@pytest.fixture
def house(collector: NewCollector) -> str:
    """The id of a household that is on the list, the form published."""
    sample.publish_visit()
    village = collector.collector.villages[0].village
    made = sample.make_entity(village, "Ngõ 3, số 7", data={"dia_chi": "Ngõ 3", "thon": village.code})
    return str(made.id)


def visit(
    house: str, act: str, address: str | None = "Ngõ 9", instance: str | None = None, label: str = ""
) -> bytes:
    """A visit with its entity block as Collect writes it (E2, E9)."""
    given = "" if address is None else f"<dia_chi>{address}</dia_chi>"
    xml = sample.filled(
        f"<thon>11629001</thon><ho>{house}</ho><ket_qua>gap</ket_qua>{given}",
        form_id="tham",
        instance_id=instance or f"uuid:{uuid.uuid4()}",
    )
    block = f'<entity dataset="ho_dan" id="{house}" {act}>{label}</entity>'
    return xml.replace(b"<meta>", f"<meta>{block}".encode())


def update(base: int, trunk: str = "", branch: str = "") -> str:
    return f'update="1" baseVersion="{base}" trunkVersion="{trunk}" branchId="{branch}"'


def rows(phone: Phone) -> dict[str, dict[str, str]]:
    """The list as the phone imports it."""
    [form] = [each for each in phone.forms() if each.form_id == "tham"]
    files = {file.name: file for file in phone.files(form)}
    return {
        row["name"]: row for row in csv.DictReader(io.StringIO(phone.download(files["ho_dan.csv"]).decode()))
    }


def test_forms_are_of_an_entities_version_that_is_kept_offline(phone: Phone) -> None:
    """E1, E3: 2024.1 or 2025.1 on the model; the library's forms among them."""
    library_forms.publish_library(["ho_gia_dinh"])
    db.session.commit()
    for form in phone.forms():
        found = re.search(rb'entities:entities-version="([0-9.]+)"', phone.download(form))
        assert found is not None
        assert found[1].startswith((b"2024.1.", b"2025.1."))


def test_an_update_on_the_phone_is_on_the_list_of_the_next_sync(phone: Phone, house: str) -> None:
    """E2, E4, E7, E9: base is the version that was served; the server's row is the newer one (E8)."""
    assert rows(phone)[house]["__version"] == "1"
    assert statuses(phone.send(visit(house, update(1, "1", str(uuid.uuid4()))))) == [201]
    row = rows(phone)[house]
    assert (row["__version"], row["dia_chi"], row["label"]) == ("2", "Ngõ 9", "Ngõ 3, số 7")


def test_a_list_has_no_column_that_phones_would_show_of_persons(phone: Phone, house: str) -> None:
    """E5: colours for the map, no point of a household and no number of a person."""
    row = rows(phone)[house]
    assert re.fullmatch("#[0-9a-f]{6}", row["marker-color"])
    assert "geometry" not in row
    assert not [name for name in row if name.startswith("__") and name != "__version"]


def test_a_form_that_makes_households_brings_their_list(phone: Phone) -> None:
    """E8: without it on the phone, nothing that it makes would be kept offline."""
    library_forms.publish_library(["ho_gia_dinh"])
    db.session.commit()
    [form] = phone.forms()
    kinds = {file.name: (file.kind, file.integrity_url) for file in phone.files(form)}
    assert kinds["ho_dan.csv"][0] == "entityList"
    assert kinds["ho_dan.csv"][1]


def test_a_household_made_and_changed_offline_arrives_as_it_was_made(phone: Phone, house: str) -> None:
    """E9, E12, E14: the create without a branch, then bases 1 and 2 of one branch without a trunk."""
    library_forms.publish_library(["ho_gia_dinh"])
    db.session.commit()
    new, branch = str(uuid.uuid4()), str(uuid.uuid4())
    create = sample.filled("<thon>11629001</thon>", form_id="ho_gia_dinh", version=_newest(phone)).replace(
        b"<meta>",
        f'<meta><entity dataset="ho_dan" id="{new}" create="1" baseVersion="" trunkVersion="" branchId="">'
        "<label>Hộ mới</label></entity>".encode(),
    )
    assert statuses(phone.send(create)) == [201]
    for base in (1, 2):
        assert statuses(phone.send(visit(new, update(base, "", branch), f"Ngõ {base}"))) == [201]
    row = rows(phone)[new]
    assert (row["__version"], row["label"], row["dia_chi"]) == ("3", "Hộ mới", "Ngõ 2")
    db.session.rollback()
    kept = db.session.query(EntityVersion).filter_by(entity_id=uuid.UUID(new)).order_by(EntityVersion.version)
    assert [(each.base_version, each.conflict) for each in kept] == [(None, None), (1, None), (2, None)]


def test_who_registers_what_is_there_changes_nothing_and_a_person_looks(phone: Phone, house: str) -> None:
    """E12: another submission with the same id, as a draft restored twice makes it; an edit of the first is none."""
    library_forms.publish_library(["ho_gia_dinh"])
    db.session.commit()
    new, version = str(uuid.uuid4()), _newest(phone)
    for name, flags in (("Nguyễn Thị Vui", []), ("Lò Văn Pết", ["registers_known"])):
        create = sample.filled("<thon>11629001</thon>", form_id="ho_gia_dinh", version=version).replace(
            b"<meta>",
            f'<meta><entity dataset="ho_dan" id="{new}" create="1" baseVersion="" trunkVersion="" branchId="">'
            f"<label>{name}</label></entity>".encode(),
        )
        assert statuses(phone.send(create)) == [201]
        assert [each["code"] for each in sample.arrived()[-1].flags or ()] == flags
        assert rows(phone)[new]["label"] == "Nguyễn Thị Vui"
    first = sample.arrived()[0]
    edit = bytes(first.xml).replace(
        f"<instanceID>{first.instance_id}</instanceID>".encode(),
        f"<instanceID>uuid:{uuid.uuid4()}</instanceID><deprecatedID>{first.instance_id}</deprecatedID>".encode(),
    )
    assert statuses(phone.send(edit)) == [201]
    assert [each["code"] for each in sample.arrived()[-1].flags or ()] == []


def _newest(phone: Phone) -> str:
    return next(form.version for form in phone.forms() if form.form_id == "ho_gia_dinh")


def test_an_entity_is_never_a_reason_to_refuse_a_visit(phone: Phone, house: str) -> None:
    """E11, E13: an update of what the server never saw is stored, and makes nothing up."""
    unknown = str(uuid.uuid4())
    assert statuses(phone.send(visit(unknown, update(1)))) == [201]
    assert unknown not in rows(phone)


def test_two_phones_on_one_household_both_count_and_the_later_wins(phone: Phone, house: str) -> None:
    """E15: version + 1 each time; another value of the same property is a hard conflict, kept to be settled."""
    for address in ("Ngõ 5", "Ngõ 6"):
        assert statuses(phone.send(visit(house, update(1, "1", str(uuid.uuid4())), address))) == [201]
    row = rows(phone)[house]
    assert (row["__version"], row["dia_chi"]) == ("3", "Ngõ 6")
    db.session.rollback()
    last = db.session.query(EntityVersion).filter_by(entity_id=uuid.UUID(house), version=3).one()
    assert last.conflict == "hard"


def test_a_blank_answer_blanks_and_one_that_was_not_asked_does_not(phone: Phone, house: str) -> None:
    """E16."""
    phone.send(visit(house, update(1, "1"), None))
    assert rows(phone)[house]["dia_chi"] == "Ngõ 3"
    phone.send(visit(house, update(2, "2"), ""))
    assert rows(phone)[house]["dia_chi"] == ""


def test_an_edit_applies_its_entity_block_as_a_new_version(phone: Phone, house: str) -> None:
    """E18, R5: recalculated on the phone with a newer base; the household follows the edit."""
    first = f"uuid:{uuid.uuid4()}"
    phone.send(visit(house, update(1, "1"), "Ngõ 5", first))
    edited = visit(house, update(2, "2"), "Ngõ 8").replace(
        b"</instanceID>", f"</instanceID><deprecatedID>{first}</deprecatedID>".encode()
    )
    assert statuses(phone.send(edited)) == [201]
    row = rows(phone)[house]
    assert row["dia_chi"] == "Ngõ 8"
    assert int(row["__version"]) > 2
    assert row["lan_tham"] == "1"


def test_a_form_does_only_what_it_declares(phone: Phone, house: str) -> None:
    """E19: VISIT declares updates; a create of it changes nothing, and is told to a person."""
    new = str(uuid.uuid4())
    act = 'create="1" baseVersion="" trunkVersion="" branchId=""'
    assert phone.send(visit(new, act, label="<label>Lén</label>"))[0].status in (201, 202)
    assert new not in rows(phone)
    assert "undeclared_act" in {flag["code"] for flag in sample.arrived()[-1].flags or ()}
