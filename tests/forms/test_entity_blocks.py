"""What a submission says to do with entities, and what of it may be done."""

from uuid import UUID

import pytest

from forms.definition import Definition, EntityDeclaration, Field
from forms.instance import EntityBlocks, entities, read

HOUSEHOLD = "7d4d4c4e-8c6f-4f6a-9a53-0d6f8f1f5b11"
BRANCH = "11111111-2222-4333-8444-555555555555"
DEFINITION = Definition(
    "tham_ho",
    "1",
    "Thăm hộ",
    "data",
    fields=(
        Field("ten", "ten", "text", save_to="ten", save_to_list="ho_dan"),
        Field("nha/so", "so", "integer", save_to="so", save_to_list="ho_dan"),
        Field("khac", "khac", "text"),
    ),
    entities=(EntityDeclaration("ho_dan", "meta/entity", True, True),),
)
ENTITY = (
    f'<entity dataset="ho_dan" id="{HOUSEHOLD}" create="" update="1" baseVersion="3" trunkVersion="2" '
    f'branchId="{BRANCH}"><label>Hộ bà Ấm</label></entity>'
)


def blocks(entity: str, body: str = "", definition: Definition = DEFINITION) -> EntityBlocks:
    xml = f'<data id="f">{body}<meta>{entity}<instanceID>uuid:1</instanceID></meta></data>'
    return entities(read(xml.encode()), definition)


def test_an_update_names_its_entity_its_versions_and_its_properties():  # E2, E9
    found = blocks(ENTITY, "<ten>Bà Ấm</ten><nha><so>3</so></nha><khac>x</khac>")
    (block,) = found.blocks
    assert found.faults == ()
    assert (block.list_name, block.id) == ("ho_dan", UUID(HOUSEHOLD))
    assert (block.create, block.update) == (False, True)
    assert (block.base_version, block.trunk_version, block.branch_id) == (3, 2, UUID(BRANCH))
    assert block.label == "Hộ bà Ấm"
    assert block.properties == {"ten": "Bà Ấm", "so": "3"}


def test_an_offline_update_of_an_offline_create_has_no_trunk():  # E9
    (block,) = blocks(ENTITY.replace('trunkVersion="2"', 'trunkVersion=""')).blocks
    assert block.trunk_version is None


def test_a_relevant_blank_answer_blanks_its_property_and_an_absent_one_does_not():  # E16
    (block,) = blocks(ENTITY, "<ten/>").blocks
    assert block.properties == {"ten": ""}


def test_a_blank_label_leaves_the_label_as_it_is():  # E3
    (block,) = blocks(ENTITY.replace("Hộ bà Ấm", " ")).blocks
    assert block.label is None


@pytest.mark.parametrize(
    ("act", "true"), [("1", True), ("true", True), ("", False), ("0", False), ("TRUE", False)]
)
def test_only_1_and_true_are_true(act, true):  # E2
    found = blocks(ENTITY.replace('create=""', f'create="{act}"'))
    assert found.blocks[0].create is true


def test_a_block_that_does_nothing_is_left_out():
    assert blocks(ENTITY.replace('update="1"', 'update=""')) == ((), ())


ENTITY_FAULTS = [
    (ENTITY.replace("ho_dan", "nguoi_dan"), "undeclared_list", 0),
    (ENTITY.replace(HOUSEHOLD, "hộ số 5"), "bad_entity_id", 0),
    (ENTITY.replace(HOUSEHOLD, ""), "bad_entity_id", 0),
    (ENTITY.replace('baseVersion="3"', 'baseVersion="x"'), "bad_version", 1),
    (ENTITY.replace('baseVersion="3"', 'baseVersion="0"'), "bad_version", 1),
    (ENTITY.replace('create="" update="1"', 'create="1"').replace("Hộ bà Ấm", ""), "no_label", 1),
]


@pytest.mark.parametrize(("entity", "code", "kept"), ENTITY_FAULTS)
def test_a_wrong_block_is_a_fault_and_never_an_exception(entity, code, kept):
    found = blocks(entity)
    assert [fault.code for fault in found.faults] == [code]
    assert len(found.blocks) == kept


def test_a_form_may_do_only_what_it_declares():  # E19
    only_creates = Definition(
        "f", "1", "F", "data", entities=(EntityDeclaration("ho_dan", "meta/entity", True, False),)
    )
    assert [fault.code for fault in blocks(ENTITY, definition=only_creates).faults] == ["undeclared_act"]
    nothing = Definition("f", "1", "F", "data")
    assert [fault.code for fault in blocks(ENTITY, definition=nothing).faults] == ["undeclared_list"]


def test_each_round_of_a_repeat_has_its_own_entity():  # E2
    definition = Definition(
        "f",
        "1",
        "F",
        "data",
        fields=(Field("nguoi/ten", "ten", "text", repeat="nguoi", save_to="ten", save_to_list="nguoi_dan"),),
        entities=(EntityDeclaration("nguoi_dan", "nguoi/meta/entity", True, False, "nguoi"),),
    )
    entity = "<entity dataset='nguoi_dan' id='{}' create='1'><label>x</label></entity>"
    one_round = "<nguoi><ten>{}</ten><meta>" + entity + "</meta></nguoi>"
    found = blocks("", one_round.format("A", HOUSEHOLD) + one_round.format("B", BRANCH), definition)
    assert [(block.id, block.properties) for block in found.blocks] == [
        (UUID(HOUSEHOLD), {"ten": "A"}),
        (UUID(BRANCH), {"ten": "B"}),
    ]
