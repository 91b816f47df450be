"""A submission's XML without some of its answers: those alone are gone, in every round, whatever else it holds."""

import pytest

from forms.answers_left_out import without
from forms.instance import read

XML = """<?xml version='1.0' ?><data id="f" version="1" xmlns:orx="http://openrosa.org/xforms">
<ho><chu_ho>Nguyễn A</chu_ho><so>3</so></ho><chu_ho>B</chu_ho>
<tv><ten>An</ten><tuoi>9</tuoi></tv><tv><ten>Bình</ten><tuoi>10</tuoi></tv>
<orx:meta><orx:instanceID>uuid:1</orx:instanceID>
<entity dataset="ho_dan" id="x"><label>Nhà ông A</label></entity></orx:meta>
</data>""".encode()


def test_with_nothing_to_leave_out_not_a_byte_changes() -> None:
    assert without(XML, (), labels=False) == XML
    assert without(XML, ["khong/co", "ho/khong"], labels=False) == XML


def test_what_stands_at_a_path_is_gone_and_nothing_else_of_its_name() -> None:
    root = read(without(XML, ["ho/chu_ho"], labels=False)).root
    assert (root.findtext("ho/chu_ho"), root.findtext("ho/so"), root.findtext("chu_ho")) == (None, "3", "B")


def test_every_round_of_a_repeat_is_without_it() -> None:
    made = without(XML, ["tv/ten"], labels=False)
    assert [each.text for each in read(made).root.iter("tuoi")] == ["9", "10"]
    assert not any(name in made.decode() for name in ("An</", "Bình"))


@pytest.mark.parametrize("labels", [True, False])
def test_what_a_household_is_called_goes_where_labels_do(labels: bool) -> None:
    made = without(XML, ["ho/so"], labels=labels)
    assert ("Nhà ông A" in made.decode()) is not labels
    assert read(made).instance_id == "uuid:1"


def test_a_group_goes_with_all_that_is_in_it() -> None:
    assert read(without(XML, ["ho"], labels=False)).root.find("ho") is None
