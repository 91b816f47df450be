"""A reader with a solver, and with all tables of a day at once, learns no small number (R25)."""

import os
import random
from collections.abc import Sequence

import pytest

from geo import compute_coverage
from geo.compute_coverage import CommuneInput, table
from geo.hidden_cells import protect, protect_together
from geo.small_cell_limit import SMALL
from geo.target_states import Tallied
from tests.small_cell_attack import FIVE_G, Reader, drawn, grown, hidden, merged


def test_one_set_of_thon_is_hidden_for_all_indicators_of_households() -> None:
    """Met 2, 9, 9, 14, and persons asked in every household met: each column once showed what the other hid."""
    met = {name: Tallied(n, n, n) for name, n in zip("abcd", (2, 9, 9, 14), strict=True)}
    people = {
        name: Tallied(n // 2, n, met[name].subjects) for name, n in zip("abcd", (7, 27, 18, 44), strict=True)
    }
    of_met, found = protect_together(met, {"people": people}, main={"people"})
    whole = [{code for code, why in each.rows.items() if why.whole} for each in (of_met, found["people"])]
    assert whole[0] == whole[1]
    assert "a" in whole[0]
    assert len(whole[0]) > 1


def test_secondary_rows_are_hidden_in_every_column() -> None:
    """A column with one small thôn of its own takes another with it, in all columns."""
    met = {str(n): Tallied(20 + n, 20 + n, 20 + n) for n in range(6)}
    few = {code: Tallied(10, 20, 20) for code in met} | {"4": Tallied(1, 3, 3)}
    of_met, found = protect_together(met, {"few": few, "many": met}, main={"few", "many"})
    beside = {code for code, why in found["few"].rows.items() if why.why == "secondary" and why.whole}
    assert beside
    for each in (of_met, found["many"]):
        assert beside <= {code for code, why in each.rows.items() if why.whole}


SEEDS: Sequence[int] = range(50)


@pytest.mark.parametrize("seed", SEEDS)
def test_no_small_number_follows_from_all_tables_of_a_day_together(seed: int) -> None:
    """R25: by sums over thôn, by other columns of the day, or by both."""
    assert_nothing_follows([drawn(random.Random(seed))])


COMMUNES = int(os.environ.get("TUNGNHA_TEST_COMMUNES", "50"))


@pytest.mark.parametrize("seed", range(1000, 1000 + COMMUNES))
def test_no_small_number_follows_from_the_tables_of_several_days(seed: int) -> None:
    """R25: neither one that the newest table hides, nor one that an older table hid."""
    dice = random.Random(seed)
    days = [drawn(dice)]
    for _ in range(1 + seed % 2):
        days.append(grown(dice, days[-1]))
    assert_nothing_follows(days)


@pytest.mark.parametrize("seed", range(5000, 5000 + COMMUNES // 4))
def test_no_small_number_follows_where_a_column_is_no_target(seed: int) -> None:
    """R25: the same over three days, where what few phones measured hides rows of its own column alone."""
    dice = random.Random(seed)
    first = drawn(dice)
    while any(target.indicator == FIVE_G.code for target in first.targets):
        first = drawn(dice)
    second = grown(dice, first)
    assert_nothing_follows([first, second, grown(dice, second)])


@pytest.mark.parametrize("seed", [*range(9000, 9000 + COMMUNES // 2), 9050])
def test_no_small_number_follows_where_a_thon_goes_into_another(seed: int) -> None:
    """R25: the days before the merger showed the one and hid the other, of which the sum would tell it."""
    dice = random.Random(seed)
    first = drawn(dice)
    while len(first.villages) < 3 or not any(0 < village.visited < SMALL for village in first.villages):
        first = drawn(dice)
    small = next(village for village in first.villages if 0 < village.visited < SMALL)
    others = [village.code for village in first.villages if village is not small]
    later = grown(dice, first, most=dice.choice((0, 1, 9)))
    assert_nothing_follows([first, merged(later, small.code, dice.choice(others))])


def assert_nothing_follows(days: Sequence[CommuneInput]) -> None:
    reader = Reader(*(table(day) for day in days), merged_into=days[-1].merged_into)
    assert reader.allows(days)
    for number, told in enumerate(reader.days):
        true = {(code, v.code): row for v in days[number].villages for code, row in v.tallied.items()}
        for key in hidden(told):
            secret = getattr(true[key[0], key[1]], key[2])
            if secret or key[2] == "done":  # that nobody was asked gives no household away
                assert not reader.knows(key, secret, number), (number, key, secret)


def test_the_attack_finds_what_columns_hidden_each_for_itself_would_tell(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """So that it is known to find something where there is something."""

    def alone(met, columns, **_):
        return protect(met), {code: protect(rows) for code, rows in columns.items()}

    monkeypatch.setattr(compute_coverage, "protect_together", alone)
    found = 0
    for seed in SEEDS:
        try:
            test_no_small_number_follows_from_all_tables_of_a_day_together(seed)
        except AssertionError:
            found += 1
            break
    assert found
