"""Small cells are hidden, and nothing hidden comes back by subtraction (R25)."""

import itertools
from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.compute_coverage import CommuneInput, CountedIndicator, CoverageTable, VillageInput, table
from geo.coverage_json import to_json
from geo.hidden_cells import Protection, allowed_day, bound, protect, protect_sample, protect_together
from geo.target_states import Tallied, TargetFigure
from geo.villages_hidden_whole import MET


def households(done: int, of: int) -> Tallied:
    return Tallied(done, of, of)


def why(*rows: Tallied) -> tuple[list[str | None], str | None]:
    """The reasons of each row, and of the total."""
    found = protect({str(n): row for n, row in enumerate(rows)})
    reasons = [found.rows.get(str(n)) for n in range(len(rows))]
    return [r and r.why for r in reasons], found.total and found.total.why


BIG = households(30, 90)


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ((BIG, BIG), ([None, None], None)),
        ((households(2, 4), households(10, 30), BIG, BIG), (["base", "secondary", None, None], None)),
        ((households(2, 4), households(1, 2), BIG), (["base", "base", None], None)),
        ((households(2, 3), households(1, 1), BIG, BIG), (["base", "base", "secondary", None], None)),
        ((households(1, 1), households(1, 1), BIG, BIG), (["base", "base", "secondary", None], None)),
        ((households(0, 0), BIG, BIG), ([None, None, None], None)),  # nobody asked: unknown, not hidden
        ((households(0, 90), households(90, 90), BIG), ([None, None, None], None)),  # none and all are shown
        ((households(4, 90), households(86, 90), BIG), (["part", "part", None], None)),
        ((households(4, 90), BIG, BIG), (["part", "secondary", None], None)),
        ((households(2, 3),), (["base"], "base")),
        ((households(2, 90), households(0, 90)), (["part", None], "part")),
        ((households(1, 1), households(5, 5)), (["base", "secondary"], "secondary")),  # 6 can only be 1 + 5
    ],
)
def test_each_rule_hides_what_it_names(rows, expected):
    assert why(*rows) == expected


def test_a_row_hidden_beside_a_withheld_one_keeps_what_tells_nothing():
    found = protect({"a": households(4, 90), "b": BIG, "c": BIG})
    assert (found.rows["b"].why, found.rows["b"].whole) == ("secondary", False)


@pytest.mark.parametrize(
    ("row", "told"),
    [
        (households(246, 250), "> 98.0"),
        (households(249, 250), "> 98.0"),
        (households(1, 60), "< 8.4"),
        (households(4, 60), "< 8.4"),
        (households(3, 9), None),
    ],
)
def test_a_bound_is_true_and_does_not_tell_which_of_four_numbers_it_is(row, told):
    found = bound(row)
    assert (found and f"{found.comparator} {found.percent}") == told


@pytest.mark.parametrize(
    ("asked", "today", "shown"),
    [
        ("2026-10-31", "2026-11-29", "2026-10-31"),  # the end of a month
        ("2026-09-30", "2026-11-29", "2026-09-30"),  # of a quarter
        ("2026-12-31", "2027-01-10", "2026-12-31"),  # of the year, the plan's deadline
        ("2028-02-29", "2028-03-09", "2028-02-29"),
        ("2027-01-01", "2027-01-10", "2026-12-31"),  # a Friday
        ("2026-11-15", "2026-11-29", "2026-11-15"),  # a Sunday
        ("2026-11-18", "2026-11-29", "2026-11-15"),
        ("2026-11-03", "2026-11-29", "2026-11-01"),
        ("2026-11-02", "2026-11-29", "2026-11-01"),
        ("2026-11-29", "2026-11-29", "2026-11-29"),
        ("2026-12-06", "2026-11-29", "2026-11-29"),
    ],
)
def test_past_days_are_shown_as_ends_of_weeks_and_months(asked, today, shown):
    found = allowed_day(date.fromisoformat(asked), date.fromisoformat(today))
    assert found == date.fromisoformat(shown)


SMART = CountedIndicator("smart_hai_phong_ho", "Smart Hải Phòng", "household", "state")
WIFI = CountedIndicator("wifi_nha_van_hoa", "Wi-Fi", "place", "state")
VILLAGES = {"a": households(2, 3), "b": households(5, 12), "c": households(40, 80), "d": households(88, 90)}


def make_table(*, full: bool = False, rows: Mapping[str, Tallied] = VILLAGES) -> CoverageTable:
    villages = tuple(
        VillageInput(
            code=code,
            name=f"Thôn {code}",
            households=100,
            visited=row.subjects,
            tallied={SMART.code: row, WIFI.code: households(1, 2)},
        )
        for code, row in rows.items()
    )
    target = TargetFigure(
        id="T1",
        label="",
        section="I",
        comparator=">=",
        unit="percent",
        period="year",
        value=rows["a"].percent or Tallied(1, 1, 1).percent,
        start=date(2026, 1, 1),
        deadline=date(2026, 12, 31),
        indicator=SMART.code,
    )
    commune = CommuneInput(
        code="11629",
        name="Xã An Lão",
        households=400,
        households_source=None,
        as_of=date(2026, 7, 2),
        received_until=datetime(2026, 7, 2, tzinfo=UTC),
        villages=villages,
        indicators=(SMART, WIFI),
        targets=(target,),
    )
    return table(commune, full=full)


def test_a_thon_hidden_whole_shows_neither_its_answers_nor_its_visits():
    hidden = to_json(make_table())["villages"][0]
    nothing = dict.fromkeys(("done", "of", "percent", "reach", "subjects", "percent_judged", "state"))
    nothing |= {"suppressed": "base", "expected": 100}
    assert hidden["indicators"][SMART.code] == nothing
    assert (hidden["visited"], hidden["households"]) == (None, 100)
    assert make_table().villages[0].judgements == {}


def test_a_withheld_percent_is_told_as_a_bound():
    cell = to_json(make_table())["villages"][3]["indicators"][SMART.code]
    assert cell == {
        **dict.fromkeys(("done", "percent", "percent_judged")),
        "state": "met",  # the bound decides: more than 94.4 % against 66.6 %
        "expected": 100,
        "of": 90,
        "reach": 0.9,
        "subjects": 90,
        "suppressed": "part",
        "bound": {"comparator": ">", "percent": 94.4},
    }


def test_places_are_never_hidden():
    assert {row.cells[WIFI.code].done for row in make_table().villages} == {1}


def test_who_may_read_single_records_reads_every_cell():
    shown = make_table(full=True)
    assert [row.cells[SMART.code].done for row in shown.villages] == [2, 5, 40, 88]
    assert [row.visited for row in shown.villages] == [3, 12, 80, 90]


def test_a_commune_with_few_answers_is_not_judged_for_others_to_read():
    shown = make_table(rows={"a": households(3, 4)})
    row = shown.indicators[0]
    assert (row.cell.suppressed, row.judgement.value, row.judgement.state) == ("base", None, "unknown")
    assert shown.visited is None


# What a reader sees of a commune, as a value: two worlds with the same sight cannot be told apart.


def sight(rows: tuple[Tallied, ...], found: Protection) -> tuple[object, ...]:
    def one(row: Tallied, hidden: object) -> tuple[object, ...]:
        if hidden is None:
            return (row,)
        if hidden.whole:
            return (hidden.why,)
        return (hidden.why, row.of, row.subjects, bound(row) if hidden.why == "part" else None)

    total = sum(rows, Tallied())
    return (*(one(row, found.rows.get(str(n))) for n, row in enumerate(rows)), one(total, found.total))


def worlds_by_sight(villages: int, largest: int) -> Iterator[list[tuple[Tallied, ...]]]:
    """All communes of so few thôn with up to `largest` households, in groups that look the same."""
    possible = [households(done, of) for of in range(largest + 1) for done in range(of + 1)]
    seen: dict[tuple[object, ...], list[tuple[Tallied, ...]]] = defaultdict(list)
    for rows in itertools.product(possible, repeat=villages):
        if sum(row.of for row in rows) <= largest:  # else the world may have look-alikes that we do not draw
            seen[sight(rows, protect({str(n): row for n, row in enumerate(rows)}))].append(rows)
    yield from seen.values()


@pytest.mark.parametrize(("villages", "largest"), [(2, 22), (3, 9)])
def test_who_knows_the_rule_and_tries_every_commune_still_learns_nothing_hidden(villages, largest):
    for worlds in worlds_by_sight(villages, largest):
        found = protect({str(n): row for n, row in enumerate(worlds[0])})
        total = sum(worlds[0], Tallied())
        told_by_the_total = found.total is None and total.done in (0, total.of)  # none or all have it
        for code, hidden in found.rows.items():
            cells = [rows[int(code)] for rows in worlds]
            assert not hidden.whole or len({cell.subjects for cell in cells}) > 1, worlds
            assert told_by_the_total or len({cell.done for cell in cells}) > 1, worlds


PEOPLE = st.tuples(st.integers(0, 40), st.integers(0, 3), st.integers(0, 160)).map(
    lambda drawn: Tallied(min(drawn[2], drawn[0] * (1 + drawn[1])), drawn[0] * (1 + drawn[1]), drawn[0])
)


@given(st.lists(PEOPLE, min_size=1, max_size=12))
def test_subtracting_the_shown_thon_from_the_commune_leaves_at_least_two_hidden_ones(rows):
    found = protect({str(n): row for n, row in enumerate(rows)})
    total = sum(rows, Tallied())
    whole = [rows[int(code)] for code, hidden in found.rows.items() if hidden.whole]
    withheld = [rows[int(code)] for code in found.rows]
    total_is_whole = found.total is not None and found.total.whole
    if whole and not total_is_whole:
        assert len(whole) > 1
        assert sum(row.subjects for row in whole) >= 5
    if withheld and found.total is None and total.done not in (0, total.of):
        assert len(withheld) > 1
        assert 0 < sum(row.done for row in withheld) < sum(row.of for row in withheld)


@given(st.lists(PEOPLE, max_size=12))
def test_no_small_number_is_ever_shown(rows):
    found = protect({str(n): row for n, row in enumerate(rows)})
    total = sum(rows, Tallied())
    for row, hidden in [*((row, found.rows.get(str(n))) for n, row in enumerate(rows)), (total, found.total)]:
        if hidden is None:
            assert not 0 < row.subjects < 5
            assert not 0 < row.done < 5
            assert not 0 < row.of - row.done < 5
        elif not hidden.whole:
            assert row.subjects >= 5


def test_what_a_network_of_few_phones_told_in_its_first_week_hides_no_thon_of_other_columns() -> None:
    """R25: that week is kept by rows of the same column, and by them alone; a target of the plan hides whole thôn."""

    def every(*numbers: int) -> dict[str, Tallied]:
        return {str(n): Tallied(number, number, number) for n, number in enumerate(numbers)}

    sizes = {str(n): 40 + n for n in range(8)}
    met = [every(3, 4, 20, 20, 20, 20, 20, 20), every(30, 30, 31, 32, 33, 34, 35, 36)]
    network = [every(3, 2, 15, 9, 11, 12, 13, 14), every(3, 20, 21, 22, 23, 24, 25, 26)]
    before = [{MET: met[0], "mang": network[0]}]
    visits, columns = protect_together(met[1], {"mang": network[1]}, sizes=sizes, before=before)
    assert visits.rows == {}
    shown = {code for code in sizes if code not in columns["mang"].rows}
    assert shown
    assert not {"0", "1"} <= shown  # with the first week's sum, 3 and 2 would follow
    visits, columns = protect_together(
        met[1], {"mang": network[1]}, main=("mang",), sizes=sizes, before=before
    )
    assert {"0", "1"} & visits.rows.keys()
    assert visits.rows.keys() <= columns["mang"].rows.keys()


def test_where_nobody_was_asked_by_chance_nothing_is_hidden() -> None:
    """R25: "không nêu" beside a question that nobody was asked would tell of answers that are not there."""
    assert protect_sample({"a": Tallied(), "b": Tallied()}) == Protection({}, None)
    assert set(protect_sample({"a": Tallied(1, 2, 2), "b": Tallied()}).rows) == {"a", "b"}


@pytest.mark.parametrize("more", [1, 3])
def test_one_visit_that_states_something_of_a_household_that_was_not_met_hides_no_further_thon(
    more: int,
) -> None:
    """R25: nobody can know then that no more were asked than met; what was hidden stays so, the others stay shown."""
    met = {
        str(n): Tallied(number, number, number) for n, number in enumerate((3, 20, 21, 22, 23, 24, 25, 26))
    }
    sizes = dict.fromkeys(met, 60)
    asked = met | {"5": Tallied(24 + more, 24 + more, 24 + more)}
    without = protect_together(met, {"mang": met}, main=("mang",), sizes=sizes)
    visits, columns = protect_together(met, {"mang": asked}, main=("mang",), sizes=sizes)
    assert visits.rows.keys() == without[0].rows.keys() == {"0", "1"}
    assert columns["mang"].rows.keys() == {"0", "1"}
    assert visits.total is columns["mang"].total is None
