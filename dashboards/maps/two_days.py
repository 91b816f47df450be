"""One indicator on two days: how each thôn moved, from the numbers that readers of both days are told (R25)."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from dashboards import shown_cells, words
from dashboards.maps.map_colours import Class, class_of, classes, figure, target_of
from geo.compute_coverage import Cell, CoverageTable, IndicatorRow, VillageRow

UP, DOWN, SAME, UNTOLD = "up", "down", "same", ""
MARKS = {UP: "▲", DOWN: "▼", SAME: "="}


@dataclass(frozen=True)
class ThonMoved:
    """A thôn then and now. `way` is UP, DOWN, SAME, or UNTOLD where one of the numbers is unknown or withheld."""

    code: str
    name: str
    before: str
    now: str
    then: Class
    today: Class
    points: Decimal | None

    @property
    def way(self) -> str:
        if self.points is None:
            return UNTOLD
        return UP if self.points > 0 else DOWN if self.points < 0 else SAME

    @property
    def words(self) -> str:
        """`▲ 2,1`; "" where it cannot be told."""
        if self.points is None:
            return ""
        return (
            MARKS[self.way]
            if not self.points
            else f"{MARKS[self.way]}{words.SPACE}{words.number(abs(self.points))}"
        )


def moved(before: CoverageTable, now: CoverageTable, row: IndicatorRow) -> tuple[ThonMoved, ...]:
    """Every thôn of the later day, in its order; a thôn that was not there before has moved nowhere."""
    code = row.indicator.code
    named = [{each.name: each for each in classes(table, row)} for table in (before, now)]
    found = []
    for village in now.villages:
        old = before.village(village.code)
        texts = [_shown(each, code) for each in (old, village)]
        values = [figure(code, each.cells.get(code, Cell())) if each else None for each in (old, village)]
        known = [each for each in values if each is not None]
        found.append(
            ThonMoved(
                code=village.code,
                name=now.name_of(village),
                before=texts[0],
                now=texts[1],
                then=named[0][
                    class_of(old or VillageRow("", "", None, None, {}, {}), code, target_of(before, code))
                ],
                today=named[1][class_of(village, code, target_of(now, code))],
                points=known[1] - known[0] if len(known) == 2 else None,
            )
        )
    return tuple(found)


def _shown(row: VillageRow | None, code: str) -> str:
    return shown_cells.shown(row.cells.get(code, Cell()), code) if row else "–"


def counts(found: Sequence[ThonMoved]) -> dict[str, int]:
    """How many thôn went each way; together they are all thôn."""
    return {way: sum(each.way == way for each in found) for way in (UP, DOWN, SAME, UNTOLD)}
