"""A reader who adds and subtracts all that is published, of all days that he may ask for (R25)."""

from collections.abc import Sequence
from datetime import date, timedelta
from itertools import product

from hypothesis import example, given, settings
from hypothesis import strategies as st

from geo.compute_coverage import Cell, CommuneInput, CountedIndicator, CoverageTable, VillageInput, table
from geo.hidden_cells import allowed_day
from geo.small_cell_limit import SMALL
from geo.target_states import Tallied
from geo.weeks import shown_weeks

SMART = CountedIndicator("smart_hai_phong_ho", "", "household", "state")
VISITED = CountedIndicator("tham_ho", "", "household", "state")
TODAY = date(2026, 11, 18)  # a Wednesday
DAYS = sorted({allowed_day(TODAY - timedelta(days=n), TODAY) for n in range(21)})

GROWTH = st.tuples(st.sampled_from((0, 0, 1, 2, 3, 4, 6, 15)), st.integers(0, 15))
"""New households of a thôn in a week, and how many of them have it."""
COMMUNES = st.lists(st.lists(GROWTH, min_size=len(DAYS), max_size=len(DAYS)), min_size=1, max_size=7)


def published(commune: Sequence[Sequence[tuple[int, int]]]) -> list[CoverageTable]:
    """The table of every allowed day, of a commune whose thôn grow from week to week."""
    tables = []
    for place, day in enumerate(DAYS):
        villages = []
        for number, growth in enumerate(commune):
            asked = sum(new for new, _ in growth[: place + 1])
            done = sum(min(new, some) for new, some in growth[: place + 1])
            told = {SMART.code: Tallied(done, asked, asked), VISITED.code: Tallied(asked, asked, asked)}
            villages.append(
                VillageInput(code=str(number), name="", households=90, visited=asked, tallied=told)
            )
        tables.append(
            table(
                CommuneInput(
                    code="11629", name="", as_of=day, received_until=None, households=90 * len(commune),
                    households_source=None, villages=tuple(villages), indicators=(VISITED, SMART), targets=(),
                )
            )
        )  # fmt: skip
    return tables


def possible(cell: Cell, number: str) -> tuple[int, int]:
    """The least and the most that one cell alone leaves possible of `done`, `of` or `subjects`."""
    known = getattr(cell, number)
    if known is not None:
        return known, known
    if cell.suppressed == "base":
        return (0, SMALL - 1) if number == "done" else (1, SMALL - 1)
    if cell.of is None:  # hidden whole beside a base row
        return (0, 10_000) if number == "done" else (SMALL, 10_000)
    if cell.suppressed == "secondary":
        return SMALL, cell.of - SMALL
    if cell.of < 2 * SMALL or cell.bound is None:
        return 1, cell.of - 1
    return (1, SMALL - 1) if cell.bound.comparator == "<" else (cell.of - SMALL + 1, cell.of - 1)


def solved(cells: Sequence[Cell], total: int | None, number: str) -> list[tuple[int, int]]:
    """What is left possible of each cell once their sum is known: exact for one equation over ranges."""
    ranges = [possible(cell, number) for cell in cells]
    if total is None:
        return ranges
    least, most = sum(low for low, _ in ranges), sum(high for _, high in ranges)
    return [(max(low, total - (most - high)), min(high, total - (least - low))) for low, high in ranges]


@given(COMMUNES)
@example(
    [[*[(0, 0)] * 5, (1, 0)], [*[(0, 0)] * 4, (1, 0), (4, 0)]]
)  # 1 and 5 of a column whose total is told
@settings(max_examples=150, deadline=None)
def test_no_hidden_number_follows_from_the_published_ones_of_any_day(commune):
    """The equations of different days share no unknown: each is solved exactly, whole households one by one."""
    for told, (indicator, number) in product(
        published(commune), [(SMART.code, "done"), (SMART.code, "subjects"), (VISITED.code, "subjects")]
    ):
        row = told.indicator(indicator)
        cells = [village.cells[indicator] for village in told.villages]
        total = getattr(row.cell, number)
        if number == "done" and row.cell.of is not None and total in (0, row.cell.of):
            continue  # that none or all have it, the total tells by itself
        for cell, (low, high) in zip(cells, solved(cells, total, number), strict=True):
            assert cell.suppressed is None or getattr(cell, number) is not None or high > low


@given(COMMUNES)
@settings(max_examples=100, deadline=None)
def test_the_difference_of_two_days_is_no_smaller_than_what_each_day_tells(commune):
    """What hidden thôn gained between two days, all together, is known; of one of them alone it never is."""
    tables = published(commune)
    for before, after in product(tables, tables):
        if before.as_of >= after.as_of or before.visited is None or after.visited is None:
            continue
        hidden = [
            (one, other)
            for one, other in zip(before.villages, after.villages, strict=True)
            if one.visited is None or other.visited is None
        ]
        unknown = [(one.visited is None) + (other.visited is None) for one, other in hidden]
        assert sum(unknown) != 1


@given(COMMUNES)
@settings(max_examples=100, deadline=None)
def test_the_trend_tells_no_total_that_the_table_of_that_day_hides(commune):
    tables = published(commune)
    counted = {
        str(number): [
            Tallied(*[sum(new for new, _ in growth[: place + 1])] * 3) for place in range(len(DAYS))
        ]
        for number, growth in enumerate(commune)
    }
    for week, told in zip(shown_weeks(DAYS, counted, hide=True), tables, strict=True):
        assert (week.tallied is None) == (told.visited is None)


@given(COMMUNES)
@settings(max_examples=60, deadline=None)
def test_households_met_are_hidden_alike_in_their_column_and_as_an_indicator(commune):
    for told in published(commune):
        assert told.visited == told.indicator(VISITED.code).cell.subjects
        for village in told.villages:
            assert village.visited == village.cells[VISITED.code].subjects
