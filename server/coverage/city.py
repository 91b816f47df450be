"""The communes of the city side by side on one indicator, each as its own page tells it."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from geo import coverage as judged
from geo.coverage import Cell, CommuneInput, CoverageTable, TargetRow, VillageInput
from geo.derived_indicators import FIBRE, MOBILE
from geo.estimate import Squares
from geo.period_targets import Reported
from geo.reach import Enough
from geo.target_states import PERIODS_IN_A_YEAR, Tallied, TargetFigure
from server import clock
from server.counting import tally_sums
from server.coverage import bundle_rows, commune_input, coverage_table, subjects_there
from server.coverage.commune_input import SURVEYED, VISITED
from server.coverage.commune_row import CommuneRow
from server.db import db
from server.households import households_on_days
from server.models import Commune, Indicator, Village
from server.models import Plan as PlanRow
from server.models import Target as TargetOfPlan
from server.places import household_numbers, merged_villages
from server.places.household_numbers import HouseholdNumber
from server.plans import office_figures

Row = sa.Row[*tuple[Any, ...]]


@dataclass(frozen=True)
class CityTable:
    """The communes by code. `total` adds up the communes whose numbers are shown, and so tells nothing hidden."""

    as_of: dt.date
    indicator: judged.CountedIndicator
    rows: tuple[CommuneRow, ...]
    total: Tallied
    households: int | None
    visited: int
    hidden: int
    """Communes whose number is too small to be shown."""


def choices() -> tuple[judged.CountedIndicator, ...]:
    """What communes can be compared by: what this installation knows, then what only bundles tell of."""
    own = own_choices()
    known = {each.code for each in own}
    sent = [each for told in bundle_rows.newest().values() if told for each in told.indicators]
    others = {each.code: each for each in sent if each.code not in known}
    return (*own, *others.values())


def own_choices() -> tuple[judged.CountedIndicator, ...]:
    """Households met, then what plans name that are here, in the indicators' order."""
    named = sa.select(TargetOfPlan.indicator_id)
    columns = (Indicator.code, Indicator.label_vi, Indicator.unit, Indicator.kind)
    wanted = sa.select(*columns).where(sa.or_(Indicator.code == VISITED, Indicator.id.in_(named)))
    rows = db.session.execute(wanted.order_by(Indicator.code != VISITED, Indicator.position, Indicator.code))
    known = subjects_there.stated(None)
    return tuple(
        judged.CountedIndicator(*row, is_sample=subjects_there.is_sample(row.code, row.unit, known))
        for row in rows
    )


def table(
    indicator: judged.CountedIndicator, as_of: dt.date | None = None, *, feed: bool = False
) -> CityTable:
    """All communes that are valid now, in nine statements however many they are; a `feed` reads until yesterday.

    Each commune's numbers go through the same computation as on its own page, so that none is told here that
    is hidden there. Those that work on installations of their own are shown as they were sent.
    """
    own, sent = own_table(indicator, as_of, feed=feed), bundle_rows.newest()
    if not sent:
        return own
    return _together(
        own.as_of,
        indicator,
        tuple(
            bundle_rows.in_place_of(row, sent[row.code], indicator.code, own.as_of)
            if row.code in sent
            else row
            for row in own.rows
        ),
    )


def own_table(
    indicator: judged.CountedIndicator, as_of: dt.date | None = None, *, feed: bool = False
) -> CityTable:
    """The same of what is counted on this installation alone."""
    day = coverage_table.day_of_feed(as_of) if feed else coverage_table.day_shown(as_of, full=False)
    known = _CityRows.read(indicator, day)
    return _together(day, indicator, tuple(_row(commune, known) for commune in known.communes))


def _together(day: dt.date, indicator: judged.CountedIndicator, rows: tuple[CommuneRow, ...]) -> CityTable:
    """The rows and what those add up to that are shown."""
    shown = [row.cell for row in rows if row.cell.suppressed is None]
    households = [row.households for row in rows if row.households is not None]
    return CityTable(
        as_of=day,
        indicator=indicator,
        rows=rows,
        total=sum((Tallied(c.done or 0, c.of or 0, c.subjects or 0) for c in shown), Tallied()),
        households=sum(households) if households else None,
        visited=sum(row.visited or 0 for row in rows),
        hidden=len(rows) - len(shown),
    )


@dataclass(frozen=True)
class _CityRows:
    """What was read of all communes, by commune or by thôn."""

    indicator: judged.CountedIndicator
    day: dt.date
    communes: tuple[Row, ...]
    villages: Mapping[int, list[Row]]
    tallied: Mapping[int, Mapping[str, Tallied]]
    figures: Mapping[int, HouseholdNumber]
    targets: Mapping[int, TargetFigure]
    reported: Mapping[str, tuple[Reported, ...]]
    lists: Mapping[int, Mapping[str, int]]
    squares: Mapping[int, Squares]
    enough: Enough

    @classmethod
    def read(cls, indicator: judged.CountedIndicator, day: dt.date) -> "_CityRows":
        villages, homes = _villages(day)
        tallied, squares = _counted(indicator, day, homes)
        return cls(
            indicator=indicator,
            day=day,
            communes=tuple(db.session.execute(_COMMUNES).all()),
            villages=villages,
            tallied=tallied,
            figures=households_on_days.of_city([row.id for rows in villages.values() for row in rows], day),
            targets=_targets(indicator, day.year),
            reported=office_figures.of_indicator(indicator.code, day.year),
            lists=_lists(indicator, day, homes),
            squares=squares,
            enough=coverage_table.enough(),
        )


_COMMUNES = (
    sa.select(Commune.id, Commune.code, Commune.name, Commune.kind, Commune.illustrative)
    .where(Commune.valid_to.is_(None))
    .order_by(Commune.code)
)
_VILLAGES = sa.select(
    Village.id, Village.code, Village.name, Village.commune_id, Village.valid_to, Village.merged_into_id
).order_by(Village.code)


def _villages(day: dt.date) -> tuple[dict[int, list[Row]], dict[int, int]]:
    """The thôn that have a row, by commune, and for each thôn the one in whose row it counts."""
    by_commune: dict[int, list[Row]] = defaultdict(list)
    for row in db.session.execute(_VILLAGES).all():
        by_commune[row.commune_id].append(row)
    homes: dict[int, int] = {}
    for rows in by_commune.values():
        homes |= merged_villages.on_day(rows, day)
    return {key: [row for row in rows if homes[row.id] == row.id] for key, rows in by_commune.items()}, homes


def _counted(
    indicator: judged.CountedIndicator, day: dt.date, homes: Mapping[int, int]
) -> tuple[dict[int, dict[str, Tallied]], dict[int, Squares]]:
    """What is tallied in each thôn, and how much its households differ in what they say of persons."""
    wanted = {VISITED, indicator.code} | ({FIBRE, MOBILE} if indicator.kind == "derived" else set())
    rows = db.session.execute(
        sa.select(Indicator.id, Indicator.code, Indicator.kind).where(Indicator.code.in_(wanted))
    ).all()
    codes = {row.id: row.code for row in rows}
    found = tally_sums.of_city(list(codes), day, [row.id for row in rows if row.kind == "event"])
    moved = tally_sums.moved(found.sums, homes)
    tallied = {key: {codes[each]: told for each, told in row.items()} for key, row in moved.items()}
    own = {
        key: row[each] for key, row in found.spread.items() for each in row if codes[each] == indicator.code
    }
    return tallied, _squares(own, homes) if not indicator.is_sample else {}


def _lists(
    indicator: judged.CountedIndicator, day: dt.date, homes: Mapping[int, int]
) -> dict[int, dict[str, int]]:
    """How many places or enterprises there are to ask, by thôn; none for what is asked of households."""
    found: dict[int, dict[str, int]] = {}
    if indicator.unit not in subjects_there.LISTS:
        return found
    listed = subjects_there.listed(None, [day])[day]
    for key, of_village in subjects_there.on_lists(listed, [(indicator.code, indicator.unit)]).items():
        own = found.setdefault(homes.get(key, key), {})
        for code, number in of_village.items():
            own[code] = own.get(code, 0) + number
    return found


def _squares(of_villages: Mapping[int, Squares], homes: Mapping[int, int]) -> dict[int, Squares]:
    """Those of merged thôn where they count."""
    found: dict[int, Squares] = {}
    for key, squares in of_villages.items():
        home = homes.get(key, key)
        found[home] = found[home] + squares if home in found else squares
    return found


def _targets(indicator: judged.CountedIndicator, year: int) -> dict[int, TargetFigure]:
    """Each commune's own target of the indicator (the first by id), by commune; none that is counted by period
    from visits, which only the commune's own page lists.
    """
    rows = db.session.execute(
        sa.select(PlanRow.commune_id, Indicator.code.label("indicator_code"), *TargetOfPlan.__table__.columns)
        .join(PlanRow, PlanRow.id == TargetOfPlan.plan_id)
        .join(Indicator, Indicator.id == TargetOfPlan.indicator_id)
        .where(PlanRow.year == year, Indicator.code == indicator.code)
        .order_by(TargetOfPlan.code.desc())
    )
    found = {row.commune_id: commune_input.target_of(row, row.indicator_code) for row in rows}
    return {
        key: target
        for key, target in found.items()
        if target.how == "office" or target.period not in PERIODS_IN_A_YEAR
    }


def _row(commune: Row, known: _CityRows) -> CommuneRow:
    found = judged.table(_input(commune, known), enough=known.enough)
    shown = found.indicator(known.indicator.code)
    return CommuneRow(
        code=commune.code,
        name=commune.name,
        kind=commune.kind,
        households=found.households,
        visited=found.visited,
        cell=shown.cell if shown else Cell(),
        target=_own(found),
        illustrative=commune.illustrative,
        estimate=shown.estimate if shown else None,
    )


def _own(found: CoverageTable) -> TargetRow | None:
    return found.targets[0] if found.targets else None


def _input(commune: Row, known: _CityRows) -> CommuneInput:
    villages = known.villages.get(commune.id, [])
    of_commune = [known.figures[village.id] for village in villages if village.id in known.figures]
    target = known.targets.get(commune.id)
    lists = {village.id: known.lists.get(village.id, {}) for village in villages}
    return CommuneInput(
        code=commune.code,
        name=commune.name,
        kind=commune.kind,
        as_of=known.day,
        is_running=clock.is_running(known.day),
        received_until=None,
        households=household_numbers.total(of_commune),
        households_source=None,
        villages=tuple(_inputs(villages, known, lists)),
        expected=commune_input.all_of_lists(lists),
        indicators=(known.indicator,) if known.indicator.kind in SURVEYED else (),
        targets=(target,) if target else (),
        reported=known.reported,
    )


def _inputs(
    villages: Iterable[Row], known: _CityRows, lists: Mapping[int, Mapping[str, int]]
) -> Iterable[VillageInput]:
    for village in villages:
        yield commune_input.village_input(
            village,
            known.tallied.get(village.id, {}),
            known.figures.get(village.id),
            lists[village.id],
            {known.indicator.code: squares} if (squares := known.squares.get(village.id)) else {},
        )
