"""Which thôn of a commune are hidden whole on a day, so that neither its sums nor other days tell a small number (R25).

Three readers are held off. One subtracts the shown thôn of a column from its total. One knows that nobody is asked who
was not met, and sets the columns of a day against each other: so the thôn hidden beside small ones are hidden in every
column. One keeps the tables of earlier days, and knows that nobody who was met is unmet later: so the order in which
thôn are taken follows the list of households, which stays, and what an earlier day hid is shown again only when it
no longer tells what was hidden then.
"""

from collections import Counter
from collections.abc import Collection, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from geo.small_cell_limit import SMALL, is_small
from geo.target_states import Tallied

MET = ""
"""The column of households met, beside those of indicators."""

Range = tuple[int, int]  # the least and the most that a reader must hold possible
Day = Mapping[str, Mapping[str, Tallied]]
"""What was counted by a day: by column (`MET` is one), by village code. All columns of a day have the same thôn."""

_ANY = 10**6
_NOTHING: Mapping[str, int] = MappingProxyType({})
_NO_MERGER: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True)
class _ColumnCounts:
    """A column of a day, with what is asked of it again and again."""

    subjects: Mapping[str, int]
    few: frozenset[str]
    """Thôn in which so few were asked that the column hides them whole."""
    total_is_small: bool
    is_state: bool
    """Nobody was asked who was not met."""
    one_each: bool
    """One answer a household: of is as many as subjects."""
    of: Mapping[str, int]

    @classmethod
    def made(cls, rows: Mapping[str, Tallied], met: Mapping[str, Tallied]) -> "_ColumnCounts":
        return cls(
            subjects={code: row.subjects for code, row in rows.items()},
            few=frozenset(code for code, row in rows.items() if is_base(row)),
            total_is_small=is_small(sum(row.subjects for row in rows.values())),
            is_state=all(row.subjects <= met[code].subjects for code, row in rows.items()),
            one_each=all(row.of == row.subjects for row in rows.values()),
            of={code: row.of for code, row in rows.items()},
        )


@dataclass
class Chosen:
    """The thôn hidden whole in every column: with fewer than five households met, and those beside them."""

    columns: Mapping[str, _ColumnCounts]
    sizes: Mapping[str, int]
    """Households on the list, where they are known."""
    into: Mapping[str, str]
    """By the code of a thôn that has gone into another, that one's."""
    beside: list[str] = field(default_factory=list)
    beside_in: dict[str, list[str]] = field(default_factory=dict)
    """By column of those that are no commune's target: thôn hidden in it alone, for what earlier days told of it."""
    without_total: set[str] = field(default_factory=set)
    """Columns whose total is hidden, since no thôn was left to hide behind."""

    @property
    def met(self) -> Mapping[str, int]:
        return self.columns[MET].subjects

    @property
    def base(self) -> Collection[str]:
        return self.columns[MET].few

    @property
    def rows(self) -> set[str]:
        return {*self.base, *self.beside}

    def hidden(self, name: str) -> set[str]:
        """What a column hides whole: these rows, those in which few were asked, and its own of earlier days."""
        return {*self.columns[name].few, *self.base, *self.beside, *self.beside_in.get(name, ())}

    def row_of(self, code: str) -> str:
        """The row in which a thôn of an earlier day counts: its own, or that of the one into which it went."""
        while code not in self.met and code in self.into:
            code = self.into[code]
        return code

    def tells_total(self, name: str) -> bool:
        """Whether a reader knows the column's sum, and so that of its hidden rows."""
        return name not in self.without_total and not self.columns[name].total_is_small


@dataclass(frozen=True)
class _KeptColumn:
    """A column of an earlier day, as a reader may have kept it: its hidden rows, what they may be, and their sum."""

    name: str
    limits: Mapping[str, Range]
    subjects: int
    beside: Mapping[str, int]
    """Rows that it showed of thôn which went into another, or into which one went."""

    def bounded(self, chosen: Chosen) -> "_KeptColumn":
        """The same to a reader who has seen what a later day shows: there were not more then, in all thôn together
        that have become one since."""
        now, hidden = chosen.columns[self.name].subjects, chosen.hidden(self.name)
        least: Counter[str] = Counter()
        for code, (low, _) in self.limits.items():
            least[chosen.row_of(code)] += low

        def most(code: str, low: int, high: int) -> int:
            row = chosen.row_of(code)
            if row in hidden or row not in now:
                return high
            return min(high, max(low, now[row] - self.beside_row(chosen, row) - (least[row] - low)))

        return replace(
            self, limits={code: (low, most(code, low, high)) for code, (low, high) in self.limits.items()}
        )

    def beside_row(self, chosen: Chosen, row: str) -> int:
        """How many it showed of thôn that count in a row by a later day, beside those that it hid."""
        return sum(number for code, number in self.beside.items() if chosen.row_of(code) == row)


@dataclass
class _EarlierDays:
    """What earlier days have told: the columns with hidden rows, and the most that was shown of each row."""

    kept: list[_KeptColumn] = field(default_factory=list)
    shown: dict[str, dict[str, int]] = field(default_factory=dict)

    def keep(self, chosen: Chosen) -> None:
        """Add a day. What it shows whole it has shown to be safe, and later days tell less of it."""
        self.kept = [
            each.bounded(chosen) if each.name in chosen.columns else each
            for each in self.kept
            if not chosen.hidden(each.name).isdisjoint(map(chosen.row_of, each.limits))
        ]
        merged = {*chosen.into, *chosen.into.values()}
        for name, column in chosen.columns.items():
            hidden, shown = chosen.hidden(name), self.shown.setdefault(name, {})
            if hidden and chosen.tells_total(name):
                limits = _limits(chosen, name, hidden, shown)
                beside = {code: column.subjects[code] for code in merged & column.subjects.keys() - hidden}
                self.kept.append(_KeptColumn(name, limits, _sum(column.subjects, hidden), beside))
            shown |= {code: number for code, number in column.subjects.items() if code not in hidden}


def choose(
    day: Day,
    main: Container[str],
    sizes: Mapping[str, int],
    before: Sequence[Day],
    into: Mapping[str, str] = _NO_MERGER,
) -> Chosen:
    """The thôn to hide on a day, beside those of the days before it (oldest first), each chosen in its turn.

    `main` are columns whose total is worth more than further rows; of the others the total is hidden instead. Earlier
    days only add thôn to hide: what they would ask beyond that, no total is hidden for. `into` are the thôn of those
    days that have gone into another since.
    """
    reader = _EarlierDays()
    for earlier in before:
        reader.keep(_on_day(earlier, main, sizes, reader, into))
    return _on_day(day, main, sizes, reader, into)


def _on_day(
    day: Day,
    main: Container[str],
    sizes: Mapping[str, int],
    reader: _EarlierDays,
    into: Mapping[str, str],
) -> Chosen:
    chosen = Chosen({name: _ColumnCounts.made(rows, day[MET]) for name, rows in day.items()}, sizes, into)
    while (
        _stays_hidden(chosen, main, reader)
        or _hides_for_sums(chosen, main)
        or _hides_growth(chosen, main, reader)
    ):
        pass
    return chosen


def _stays_hidden(chosen: Chosen, main: Container[str], reader: _EarlierDays) -> bool:
    """Hide what an earlier day hid and this one would give away; whether there was something.

    What a column that is no target told in its first weeks costs its own rows and nobody else's: a network that few
    phones measured would otherwise hide a thôn from all pages for a quarter.
    """
    found = False
    for kept in reader.kept:
        if kept.name in chosen.columns and not _is_safe_beside(kept, chosen):
            alone = kept.name != MET and kept.name not in main
            hidden, met = chosen.hidden(kept.name) if alone else chosen.rows, chosen.met
            rows = dict.fromkeys(map(chosen.row_of, kept.limits))
            more = [code for code in rows if code not in hidden and met.get(code, 0) >= SMALL]
            (chosen.beside_in.setdefault(kept.name, []) if alone else chosen.beside).extend(more)
            found = found or bool(more)
    return found


def _is_safe_beside(kept: _KeptColumn, chosen: Chosen) -> bool:
    """Whether the rows that were hidden stay so, where some of them are shown now."""
    now = chosen.hidden(kept.name)
    still = {code for code in kept.limits if chosen.row_of(code) in now}
    if kept.limits.keys() <= still:
        return True
    subjects = chosen.columns[kept.name].subjects
    # that nobody was asked in a thôn may be known
    limits = {code: bounds for code, bounds in kept.bounded(chosen).limits.items() if bounds[1]}
    # those that are hidden still were not more, together, than all that are hidden now
    most = _sum(subjects, now) if chosen.tells_total(kept.name) else _ANY
    return (
        undecided(kept.subjects, limits.values())
        and _undecided_outside(kept.subjects, limits, still & limits.keys(), most)
        and all(
            _undecided_outside(kept.subjects, limits, parts, subjects[row] - kept.beside_row(chosen, row))
            for row, parts in _became_one(limits, chosen).items()
            if row in subjects and row not in now
        )
    )


def _became_one(limits: Mapping[str, Range], chosen: Chosen) -> dict[str, list[str]]:
    """By row, the thôn of an earlier day that have become one since, where several of them were hidden."""
    found: dict[str, list[str]] = {}
    for code in limits:
        found.setdefault(chosen.row_of(code), []).append(code)
    return {row: parts for row, parts in found.items() if len(parts) > 1}


def _undecided_outside(total: int, limits: Mapping[str, Range], inside: Collection[str], most: int) -> bool:
    """Whether the others are undecided for a reader who knows that those `inside` are at most so many together."""
    low, high = (sum(limits[code][end] for code in inside) for end in (0, 1))
    together = [(low, max(low, min(high, most)))] if inside else []
    return undecided(total, [*(each for code, each in limits.items() if code not in inside), *together])


def _hides_for_sums(chosen: Chosen, main: Container[str]) -> bool:
    """Hide one thôn more, or a total, where a column can be subtracted; whether there was one."""
    unsafe = next((name for name in chosen.columns if not _sums_are_safe(chosen, name)), None)
    if unsafe is None:
        return False
    further = _next_row(chosen, unsafe) if unsafe == MET or unsafe in main else None
    if further is None:
        chosen.without_total.add(unsafe)
    else:
        chosen.beside.append(further)
    return True


def _hides_growth(chosen: Chosen, main: Container[str], reader: _EarlierDays) -> bool:
    """Hide one thôn more where what hidden ones gained since they were shown tells the number of one of them."""
    most = _most_met(chosen, reader)
    for name in reader.shown.keys() & chosen.columns.keys():
        hidden = chosen.hidden(name) if name == MET or name in main else None
        if hidden and chosen.tells_total(name):
            limits = _limits(chosen, name, hidden, reader.shown[name])
            if chosen.columns[name].is_state:
                limits = {
                    code: (low, min(high, most.get(code, high))) for code, (low, high) in limits.items()
                }
            if not undecided(_sum(chosen.columns[name].subjects, hidden), limits.values()):
                further = _next_row(chosen, name)
                if further is not None:
                    chosen.beside.append(further)
                    return True
    return False


def _most_met(chosen: Chosen, reader: _EarlierDays) -> dict[str, int]:
    """The most that can be met in each hidden thôn, given their sum and what earlier days told of the others."""
    if not chosen.tells_total(MET):
        return {}
    least = {
        code: low
        for code, (low, _) in _limits(
            chosen, MET, chosen.hidden(MET), reader.shown.get(MET, _NOTHING)
        ).items()
    }
    left = _sum(chosen.met, least) - sum(least.values())
    return {code: low + left for code, low in least.items()}


def _next_row(chosen: Chosen, name: str) -> str | None:
    """The thôn of fewest households, not hidden yet, in which the column has enough to hide behind.

    Those in which all were met come last: they stay as they are, and so would give away what they hide.
    """
    subjects, met, hidden = chosen.columns[name].subjects, chosen.met, chosen.rows
    wide = [code for code in met if code not in hidden and subjects[code] >= SMALL]

    def order(code: str) -> tuple[bool, int, str]:
        size = chosen.sizes.get(code, _ANY)
        return met[code] >= size, size, code

    return min(wide, key=order, default=None)


def _sums_are_safe(chosen: Chosen, name: str) -> bool:
    """A reader knows the sum of a column's hidden rows, why each is hidden, and the households met that are shown."""
    column, hidden = chosen.columns[name], chosen.hidden(name)
    subjects = _sum(column.subjects, hidden)
    if not subjects or not chosen.tells_total(name):
        return True
    limits = _limits(chosen, name, hidden)
    if subjects < SMALL or not undecided(subjects, limits.values()):
        return False
    both = chosen.rows
    if (
        hidden - both
        and column.is_state
        and chosen.tells_total(MET)  # of those hidden in both no more were asked, together, than met
        and not _undecided_outside(subjects, limits, both, _sum(chosen.met, both))
    ):
        return False
    if column.one_each:
        return True  # the same numbers again
    asked = _sum(column.of, hidden)
    return undecided(asked, [(column.subjects[code], max(asked, SMALL)) for code in hidden])


def _limits(
    chosen: Chosen, name: str, hidden: Collection[str], shown: Mapping[str, int] = _NOTHING
) -> dict[str, Range]:
    """What each hidden row may be: nobody is asked who was not met, nobody met who is not on the list.

    Where some were asked no reader needs to hold nobody possible: most forms ask everybody who is met. `shown` is what
    earlier days told of these rows.
    """
    column, met = chosen.columns[name], chosen.met
    found = {}
    for code in hidden:
        number, low, most = column.subjects[code], shown.get(code, 0), _ANY
        if column.is_state and number <= (size := chosen.sizes.get(code, _ANY)):
            most = size  # a list that holds fewer than were met bounds nothing
        if code in chosen.base:
            low = max(low, 1)
            most = min(most, SMALL - 1) if column.is_state else most
        elif code in column.few:  # few were asked here, and that is told
            low = max(low, 1)
            most = min(SMALL - 1, met[code]) if column.is_state else SMALL - 1
        elif code not in chosen.beside:  # hidden here alone: how many were met is shown
            most = min(most, met[code]) if column.is_state else most
        else:
            low = max(low, SMALL)
        found[code] = (min(low, number), most)
    return found


def is_base(row: Tallied) -> bool:
    """Whether so few were asked that the row is hidden whole."""
    return is_small(row.subjects)


def undecided(total: int, limits: Collection[Range]) -> bool:
    """Whether each hidden number may still be three different ones, given its limits and what all add up to.

    Two would do for a reader who knows only the table. Three leave two also to one who knows that this rule was
    followed, and so that a further thôn was hidden because without it only one was left.
    """
    above = total - sum([low for low, _ in limits])
    below = sum([high for _, high in limits]) - total
    for low, high in limits:
        width = high - low
        # from max(low, high - below) to min(high, low + above)
        if min(width, above, below, above + below - width) < (min(width, 2) or 1):
            return False
    return True


def _sum(numbers: Mapping[str, int], codes: Iterable[str]) -> int:
    return sum(numbers[code] for code in codes)
