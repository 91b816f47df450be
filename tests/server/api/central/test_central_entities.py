"""Households written at Central's door go the ways of officers' lists and acts (O8)."""

import uuid
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from server.db import db
from server.households.list_comparison import own_code
from server.models import Commune, Entity, EntityAct, EntityVersion
from tests import sample
from tests.server.api.conftest import Client, basic

LISTS = "/v1/projects/11629/datasets"
HERE = f"{LISTS}/ho_dan"
THERE = HERE.replace("11629", "11630")
ONE, TWO = "11629001", "11629002"


def household(label: str = "Lương Thị Nụ, Ngõ 14, số 3", village: str = ONE, **more: str) -> dict[str, Any]:
    return {"uuid": str(uuid.uuid4()), "label": label, "data": {"thon": village, **more}}


def post(program: Client, body: Any, path: str = f"{HERE}/entities") -> Any:
    return program.open("POST", path, json=body)


def patch(program: Client, key: str, body: Any, query: str = "force=True") -> Any:
    return program.open("PATCH", f"{HERE}/entities/{key}?{query}", json=body)


def stored(key: str) -> Entity:
    db.session.rollback()
    return db.session.get_one(Entity, uuid.UUID(key))


@pytest.fixture
def listed(commune: Commune, named: Client) -> str:
    """A household that a program added."""
    sample.make_entity(db.session.merge(commune).villages[0], "Bùi Văn Hai, Ngõ 2, số 9")
    answer = post(named, household())
    assert answer.status_code == 200, answer.text
    return str(answer.json["uuid"])


def test_a_household_is_added_under_the_key_that_the_program_gave_it(named: Client, listed: str) -> None:
    told = named.json(f"{HERE}/entities/{listed}")
    assert told["currentVersion"]["label"].startswith("Lương Thị Nụ")
    assert told["currentVersion"]["version"] == 1
    assert told["currentVersion"]["data"]["thon"] == ONE
    assert told["currentVersion"]["data"]["dia_chi"] == "Ngõ 14, số 3"
    found = stored(listed)
    assert (found.village_id, found.data["tinh_trang"]) == (found.village_id, "chua_tham")
    assert len(named.json(f"{HERE}/entities")) == 2


def test_what_may_be_listed_already_is_not_listed_twice(named: Client, listed: str) -> None:
    for body in (household(), household("Lương Thị Nụ, Ngõ 14"), household() | {"uuid": listed}):
        answer = post(named, body)
        assert (answer.status_code, int(answer.json["code"])) == (409, 409), answer.text
    many = {"entities": [household("Đỗ Văn Ba, Ngõ 5"), household("Đỗ Văn Ba, Ngõ 5")]}
    assert post(named, many).status_code == 409
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Entity)) == 2


def test_many_are_added_or_none(named: Client, listed: str) -> None:
    some = [
        {"label": "Đỗ Văn Ba, Ngõ 5", "data": {"thon": ONE}},
        {"label": "Trần Thị Tư", "data": {"thon": TWO, "dia_chi": "Ngõ 7, số 1", "ma_ho": "TT-4"}},
    ]
    wrong = [*some, {"label": "Ai Đó", "data": {"thon": "11630001"}}]
    assert post(named, {"entities": wrong}).status_code == 409
    assert len(named.json(f"{HERE}/entities")) == 2
    answer = post(named, {"entities": some, "source": {"name": "danh sách quý 4", "size": 2}})
    assert (answer.status_code, answer.json) == (200, {"success": True}), answer.text
    rows = named.json(f"{HERE}.svc/Entities?$select=label,thon,ma_ho,__system/version")["value"]
    assert {"label", "thon", "ma_ho", "__system"} == set(rows[0])
    assert ("TT-4", TWO) in {(each["ma_ho"], each["thon"]) for each in rows}


def test_a_household_gets_another_name_address_and_thon(named: Client, listed: str) -> None:
    answer = patch(named, listed, {"label": "Lương Thị Nụ Hoa"}, "baseVersion=1")
    assert answer.status_code == 200, answer.text
    assert answer.json["currentVersion"]["label"].startswith("Lương Thị Nụ Hoa")
    assert answer.json["currentVersion"]["data"]["dia_chi"] == "Ngõ 14, số 3"
    answer = patch(named, listed, {"data": {"thon": TWO, "dia_chi": "Ngõ 15, số 4"}}, "baseVersion=2")
    assert answer.status_code == 200, answer.text
    found = stored(listed)
    assert (found.label, found.data["dia_chi"]) == ("Lương Thị Nụ Hoa, Ngõ 15, số 4", "Ngõ 15, số 4")
    kinds = sa.select(EntityAct.kind).where(EntityAct.entity_id == uuid.UUID(listed)).order_by(EntityAct.id)
    assert db.session.scalars(kinds).all() == ["list", "list", "fix"]


def test_a_change_of_an_older_version_is_told_that_it_is_one(named: Client, listed: str) -> None:
    assert patch(named, listed, {"label": "Lương Thị Na"}, "baseVersion=1").status_code == 200
    for query in ("baseVersion=1", "", "force=False"):
        answer = patch(named, listed, {"label": "Lương Thị Ny"}, query)
        assert (answer.status_code, answer.json["code"]) == (409, 409.15), query
    assert patch(named, listed, {"label": "Lương Thị Ny"}).status_code == 200


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"data": {"tinh_trang": "gap"}}, 400),
        ({"data": {"thon": "11630001"}}, 409),
        ({"label": 5}, 400),
        ({"data": []}, 400),
        ([], 400),
        ({"label": "Bùi Văn Hai", "data": {"dia_chi": "Ngõ 2, số 9"}}, 409),
    ],
)
def test_what_cannot_be_written_of_a_household_changes_nothing(
    named: Client, listed: str, body: Any, status: int
) -> None:
    answer = patch(named, listed, body)
    assert (answer.status_code, int(answer.json["code"])) == (status, status), answer.text
    versions = sa.select(sa.func.count()).where(EntityVersion.entity_id == uuid.UUID(listed))
    assert db.session.scalar(versions) == 1


def test_a_deleted_household_has_left_the_list_and_can_come_back(named: Client, listed: str) -> None:
    answer = named.open("DELETE", f"{HERE}/entities/{listed}")
    assert (answer.status_code, answer.json) == (200, {"success": True})
    found = stored(listed)
    assert found.ended_at is not None
    assert named.get(f"{HERE}/entities/{listed}").status_code == 404
    assert named.open("DELETE", f"{HERE}/entities/{listed}").status_code == 404
    assert patch(named, listed, {"label": "Ai Đó"}).status_code == 404


def test_lists_and_properties_are_made_by_forms_and_the_answer_says_so(
    named: Client, commune: Commune
) -> None:
    village = db.session.merge(commune).villages[0]
    sample.make_entity(village, "Cây đa", "cay_da", {"thon": ONE})
    sample.make_entity(village, "Bùi Văn Hai")
    trees = f"{LISTS}/cay_da/entities"
    for path, body in ((trees, household()), (LISTS, {"name": "moi"}), (f"{HERE}/properties", {"name": "x"})):
        answer = post(named, body, path)
        assert answer.status_code == 409, path
        assert answer.json["message"]


def test_a_household_that_ended_by_mistake_is_there_again(named: Client, listed: str) -> None:
    assert named.open("DELETE", f"{HERE}/entities/{listed}").status_code == 200
    assert post(named, {}, f"{HERE}/entities/{listed}/restore").json == {"success": True}
    assert named.json(f"{HERE}/entities/{listed}")["currentVersion"]["label"].startswith("Lương Thị Nụ")
    assert post(named, {}, f"{HERE}/entities/{listed}/restore").status_code == 409


def test_the_versions_of_a_household_tell_what_each_changed(
    named: Client, officer: Client, listed: str
) -> None:
    patch(named, listed, {"label": "Lương Thị Na"})
    patch(named, listed, {"data": {"dia_chi": "Ngõ 15, số 4"}})
    one = f"{HERE}/entities/{listed}"
    versions = named.json(f"{one}/versions")
    assert [(each["version"], each["current"], each["label"].split(",")[0]) for each in versions] == [
        (1, False, "Lương Thị Nụ"), (2, False, "Lương Thị Na"), (3, True, "Lương Thị Na"),
    ]  # fmt: skip
    first, second, third = named.json(f"{one}/diffs")
    assert {each["propertyName"] for each in first} >= {"label", "thon", "dia_chi"}
    assert [(each["propertyName"], each["new"]) for each in second] == [
        ("label", "Lương Thị Na, Ngõ 14, số 3")
    ]
    told = {each["propertyName"]: (each["old"], each["new"]) for each in third}
    assert told["dia_chi"] == ("Ngõ 14, số 3", "Ngõ 15, số 4")
    actions = [each["action"] for each in named.json(f"{one}/audits")]
    assert actions == ["entity.update.version", "entity.update.version", "entity.create"]
    for path in ("versions", "diffs"):
        answer = officer.get(f"{one}/{path}").text
        assert "Lương" not in answer
        assert "Ngõ" not in answer


def test_the_table_of_a_list_is_asked_by_what_the_reader_is_told(
    named: Client, officer: Client, listed: str
) -> None:
    table = f"{HERE}.svc/Entities"
    post(named, {"entities": [household(f"Đỗ Văn {each}, Ngõ 5{each}", TWO) for each in "ABC"]})
    assert len(named.json(f"{table}?$filter=thon eq '{TWO}'")["value"]) == 3
    assert (
        len(named.json(f"{table}?$filter=contains(label,'Văn B') or startswith(dia_chi,'Ngõ 14')")["value"])
        == 2
    )
    assert named.json(f"{table}?$filter=__system/version gt 1&$count=true")["@odata.count"] == 0
    ordered = named.json(f"{table}?$orderby=label desc&$top=2&$select=label&$filter=thon eq '{TWO}'")
    assert [each["label"][:8] for each in ordered["value"]] == ["Đỗ Văn C", "Đỗ Văn B"]
    rest = named.json(ordered["@odata.nextLink"].removeprefix("http://localhost"))
    assert [each["label"][:8] for each in rest["value"]] == ["Đỗ Văn A"]
    assert "@odata.nextLink" not in rest
    document = named.json(f"{HERE}.svc/")
    assert [each["url"] for each in document["value"]] == ["Entities"]
    assert '<Property Name="dia_chi"' in named.get(f"{HERE}.svc/$metadata").text
    assert officer.json(f"{table}?$filter=contains(label,'Lương')")["value"] == []
    hidden = officer.get(f"{table}?$filter=contains(dia_chi,'Ngõ')")
    assert (hidden.status_code, hidden.json["code"]) == (400, 400.8)


def test_who_may_not_changes_no_household(app: Flask, named: Client, listed: str) -> None:
    for role in ("leader", "reviewer"):
        asker = Client(app, basic(role))
        assert post(asker, household("Đỗ Văn Ba, Ngõ 5")).status_code == 403
        assert patch(asker, listed, {"label": "Ai Đó"}).status_code == 403
        assert asker.open("DELETE", f"{HERE}/entities/{listed}").status_code == 403
    sample.make_village(sample.make_commune("11630"), "11630001")
    db.session.commit()
    assert post(named, household(), f"{THERE}/entities").status_code == 404
    assert stored(listed).version == 1


def test_who_wishes_no_names_writes_and_reads_none(officer: Client, listed: str) -> None:
    answer = post(officer, household("Đỗ Văn Ba, Ngõ 5"))
    assert answer.status_code == 200, answer.text
    key = answer.json["uuid"]
    assert answer.json["currentVersion"]["label"] == own_code(uuid.UUID(key))
    told = officer.json(f"{HERE}.svc/Entities?$count=True&$top=1&$skip=1")
    assert (told["@odata.count"], len(told["value"])) == (3, 1)
    assert "dia_chi" not in told["value"][0]
    assert officer.get(f"{HERE}.svc/Entities?$expand=*").status_code == 501
