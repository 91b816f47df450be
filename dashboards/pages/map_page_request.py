"""What a page of the map is asked for: commune, day, indicator, the states to show, and the thôn that was touched."""

from dataclasses import dataclass

from flask import request

from dashboards.maps.map_colours import class_of, classes, target_of
from dashboards.pages.commune_page_request import CommunePage, ask
from geo.compute_coverage import CoverageTable, IndicatorRow, VillageRow
from server.coverage.coverage_problems import CoverageProblem
from server.errors import Problem


@dataclass(frozen=True)
class MapPage:
    """`row` is None where nothing that a map can show is surveyed; `only` are the classes shown, empty for all."""

    asked: CommunePage
    choices: tuple[IndicatorRow, ...]
    row: IndicatorRow | None
    only: frozenset[str]
    thon: VillageRow | None

    @property
    def table(self) -> CoverageTable:
        return self.asked.table

    @property
    def chosen(self) -> IndicatorRow:
        """The indicator; Problem NOTHING_TO_DRAW where there is none."""
        if self.row is None:
            raise Problem(CoverageProblem.NOTHING_TO_DRAW)
        return self.row

    @property
    def link(self) -> dict[str, object]:
        """What every address of this map carries, for `url_for`."""
        code = self.row.indicator.code if self.row else None
        return {"code": self.table.code, "chi_tieu": code, "den_ngay": self.asked.day}

    def thons_of(self, class_name: str) -> tuple[VillageRow, ...]:
        """The thôn of a class, in the table's order."""
        code = self.chosen.indicator.code
        target = target_of(self.table, code)
        return tuple(each for each in self.table.villages if class_of(each, code, target) == class_name)


def ask_map(code: str) -> MapPage:
    """As `commune_page_request.ask`; Problem INDICATOR_UNKNOWN where `chi_tieu` names none.

    A state or a thôn that is not known is passed over: a link that was kept still opens its map.
    """
    return map_page(ask(code))


def map_page(asked: CommunePage) -> MapPage:
    """The map that a page of a commune shows; Problem INDICATOR_UNKNOWN as for `ask_map`."""
    choices = mapped(asked.table)
    row = _chosen(choices)
    known = {each.name for each in classes(asked.table, row)} if row else set()
    return MapPage(
        asked=asked,
        choices=choices,
        row=row,
        only=frozenset(request.args.getlist("loc")) & known,
        thon=asked.table.village(request.args.get("thon", "")),
    )


def mapped(table: CoverageTable) -> tuple[IndicatorRow, ...]:
    """The indicators that a map can show: those with a target first, in the plan's order; no events."""
    rows = [row for row in table.indicators if row.indicator.kind != "event"]
    return tuple(sorted(rows, key=lambda row: (row.target is None, row.target.id if row.target else "")))


def _chosen(choices: tuple[IndicatorRow, ...]) -> IndicatorRow | None:
    """The indicator asked for by `chi_tieu`, else the first; None where nothing is surveyed."""
    code = request.args.get("chi_tieu")
    if not code:
        return choices[0] if choices else None
    found = next((row for row in choices if row.indicator.code == code), None)
    if found is None:
        raise Problem(CoverageProblem.INDICATOR_UNKNOWN, code=code[:64])
    return found
