"""The table of thôn: its numbers, and how it is sorted."""

from hypothesis import given
from hypothesis import strategies as st

from dashboards import village_lines
from geo.target_states import Tallied
from tests.leaders import VILLAGES, sample, village, visited


def test_table_and_map_show_the_same_number_of_a_thon_over_all_households() -> None:
    """R24: no two places that disagree."""
    rows = (village(1, 100, tham_ho=Tallied(60, 60, 60), smart_hai_phong_ho=Tallied(45, 60, 60)),)
    table = sample(rows, full=True)
    columns = village_lines.columns(table)
    cells = village_lines.thons(table, columns, village_lines.Order())[0].cells
    assert [column.code for column in columns if not column.is_empty] == ["smart_hai_phong_ho"]
    assert cells[0].text == "45,0\u00a0%"


def test_hidden_rows_give_no_number() -> None:
    """R25: three households are hidden whole, and the number of households met with them."""
    table = sample((*VILLAGES, village(5, 30, **visited(3, 3))))
    shown = next(
        row
        for row in village_lines.thons(table, village_lines.columns(table), village_lines.Order())
        if row.code == "11629005"
    )
    assert shown.visited == "không nêu"
    assert shown.cells[0].text == "dưới 5 hộ"
    assert shown.cells[0].reach == ""


@given(st.sampled_from(["ma", "ten", "ho", "gap", "phu_song_5g"]), st.booleans())
def test_thon_without_a_number_stand_last_whichever_way_they_are_sorted(by: str, descending: bool) -> None:
    table = sample((village(4, None), *VILLAGES[:3]), full=True)
    rows = village_lines.thons(table, village_lines.columns(table), village_lines.Order(by, descending))
    assert len(rows) == 4
    if by not in ("ma", "ten"):
        assert rows[-1].code == "11629004"


def test_a_second_click_sorts_the_other_way_round() -> None:
    first = village_lines.Order().link("gap")
    assert (first, first.link("gap")) == (village_lines.Order("gap"), village_lines.Order("gap", True))


def test_an_unknown_column_sorts_by_code() -> None:
    assert village_lines.order("1; drop table", "giam", ()) == village_lines.Order()
