"""The communes of the city side by side on one indicator, each as its own page tells it."""

import dataclasses
import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from geo import compute_coverage as judged
from geo.compute_coverage import Cell, CommuneInput, CoverageTable, VillageInput
from geo.derived_indicators import FIBRE, MOBILE
from geo.estimate import Squares
from geo.period_targets import Reported
from geo.reach import Enough
from geo.target_states import PERIODS_IN_A_YEAR, Tallied, TargetFigure
from server import clock
from server.counting import household_squares, tally_sums
from server.coverage import bundle_rows, commune_input, coverage_table, denominators
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


_HOUSEHOLDS_MET = judged.CountedIndicator(VISITED, "Hộ đã được thăm", "household", "state")


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


def compared() -> tuple[judged.CountedIndicator, ...]:
    """The same; households met where no form and no plan has been loaded yet."""
    return choices() or (_HOUSEHOLDS_MET,)


def own_choices() -> tuple[judged.CountedIndicator, ...]:
    """Households met, then what plans name that are here, in the indicators' order."""
    named = sa.select(TargetOfPlan.indicator_id)
    columns = (Indicator.code, Indicator.label_vi, Indicator.unit, Indicator.kind)
    wanted = sa.select(*columns).where(sa.or_(Indicator.code == VISITED, Indicator.id.in_(named)))
    rows = db.session.execute(wanted.order_by(Indicator.code != VISITED, Indicator.position, Indicator.code))
    known = denominators.stated(None)
    return tuple(
        judged.CountedIndicator(*row, is_sample=denominators.is_sample(row.code, row.unit, known))
        for row in rows
    )


def size() -> tuple[int, int]:
    """How many communes each table has, and of how many thôn they are made."""
    numbers = sa.select(sa.func.count(Commune.id.distinct()), sa.func.count(Village.id))
    found = numbers.outerjoin(Village, Village.commune_id == Commune.id).where(Commune.valid_to.is_(None))
    communes, villages = db.session.execute(found).one()
    return int(communes), int(villages)


def table(
    indicator: judged.CountedIndicator, as_of: dt.date | None = None, *, feed: bool = False
) -> CityTable:
    """All communes that are valid now, in nine statements however many they are; a `feed` reads until yesterday.

    Each commune's numbers go through the same computation as on its own page, so that none is told here that
    is hidden there. Those that work on installations of their own are shown as they were sent.
    """
    return next(tables([indicator], as_of, feed=feed))


def tables(
    indicators: Sequence[judged.CountedIndicator], as_of: dt.date | None = None, *, feed: bool = False
) -> Iterator[CityTable]:
    """The table of each of these indicators: all are read together, in as many statements as one, when the first table
    is asked for; each is judged when it is asked for."""
    sent = bundle_rows.newest()
    for own in own_tables(indicators, as_of, feed=feed):
        yield _with_sent(own, sent) if sent else own


def _with_sent(own: CityTable, sent: Mapping[str, bundle_rows.SentSums | None]) -> CityTable:
    """A table with what other installations sent in the rows of their communes."""
    code = own.indicator.code
    return _together(
        own.as_of,
        own.indicator,
        tuple(
            bundle_rows.in_place_of(row, sent[row.code], code, own.as_of) if row.code in sent else row
            for row in own.rows
        ),
    )


def own_tables(
    indicators: Sequence[judged.CountedIndicator], as_of: dt.date | None = None, *, feed: bool = False
) -> Iterator[CityTable]:
    """The same of what is counted on this installation alone."""
    day = coverage_table.day_of_feed(as_of) if feed else coverage_table.day_shown(as_of, full=False)
    known = _CityRows.read(indicators, day)
    for indicator in indicators:
        yield _together(day, indicator, tuple(known.row(commune, indicator) for commune in known.communes))


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
    """What was read of all communes, by the key of a commune; of targets first by the code of their indicator."""

    communes: tuple[Row, ...]
    counted: Mapping[int, CommuneInput]
    """All that is counted in a commune; what of it is judged, and against which target, each table says."""
    targets: Mapping[str, Mapping[int, TargetFigure]]
    offices: Mapping[int, CoverageTable]
    """The table of each commune's targets that offices alone report: all at once, since none of them hides another."""
    enough: Enough

    @classmethod
    def read(cls, indicators: Sequence[judged.CountedIndicator], day: dt.date) -> "_CityRows":
        communes = tuple(db.session.execute(_COMMUNES).all())
        codes = [each.code for each in indicators]
        villages, homes = _villages(day)
        counted = _CountedVillages.read(indicators, day, villages, homes)
        reported = office_figures.of_indicators(codes, day.year)
        inputs = {
            each.id: _input(each, day, villages.get(each.id, ()), counted, reported) for each in communes
        }
        targets, enough = _targets(codes, day.year), coverage_table.enough()
        of_offices = [targets.get(each.code, {}) for each in indicators if each.kind not in SURVEYED]
        return cls(
            communes=communes,
            counted=inputs,
            targets=targets,
            offices={
                key: _judged(given, (), [own[key] for own in of_offices if key in own], enough)
                for key, given in (inputs.items() if of_offices else ())
            },
            enough=enough,
        )

    def row(self, commune: Row, indicator: judged.CountedIndicator) -> CommuneRow:
        """A commune in the table of an indicator."""
        target = self.targets.get(indicator.code, {}).get(commune.id)
        if indicator.kind in SURVEYED:
            found = _judged(self.counted[commune.id], (indicator,), [target] if target else [], self.enough)
        else:
            found = self.offices[commune.id]
        shown = found.indicator(indicator.code)
        return CommuneRow(
            code=commune.code,
            name=commune.name,
            kind=commune.kind,
            households=found.households,
            visited=found.visited,
            cell=shown.cell if shown else Cell(),
            target=found.target(target.id) if target else None,
            illustrative=commune.illustrative,
            estimate=shown.estimate if shown else None,
        )


def _judged(
    given: CommuneInput,
    indicators: tuple[judged.CountedIndicator, ...],
    targets: Sequence[TargetFigure],
    enough: Enough,
) -> CoverageTable:
    asked = dataclasses.replace(given, indicators=indicators, targets=tuple(targets))
    return judged.table(asked, enough=enough, of_villages=False)


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


@dataclass(frozen=True)
class _CountedVillages:
    """What is counted in all thôn of some indicators, by the key of a thôn."""

    tallied: Mapping[int, Mapping[str, Tallied]]
    squares: Mapping[int, Mapping[str, Squares]]
    figures: Mapping[int, HouseholdNumber]
    lists: Mapping[int, Mapping[str, int]]

    @classmethod
    def read(
        cls,
        indicators: Sequence[judged.CountedIndicator],
        day: dt.date,
        villages: Mapping[int, list[Row]],
        homes: Mapping[int, int],
    ) -> "_CountedVillages":
        tallied, squares = _counted(indicators, day, homes)
        figures = households_on_days.of_city([row.id for rows in villages.values() for row in rows], day)
        return cls(tallied, squares, figures, _lists(indicators, day, homes))

    def of(self, village: Row) -> VillageInput:
        return commune_input.village_input(
            village,
            self.tallied.get(village.id, {}),
            self.figures.get(village.id),
            self.lists.get(village.id, {}),
            self.squares.get(village.id, {}),
        )


def _counted(
    indicators: Iterable[judged.CountedIndicator], day: dt.date, homes: Mapping[int, int]
) -> tuple[dict[int, dict[str, Tallied]], dict[int, dict[str, Squares]]]:
    """What is tallied in each thôn, and how much its households differ in what they say of persons."""
    surveyed = [each for each in indicators if each.kind in SURVEYED]
    wanted = {VISITED, *(each.code for each in surveyed)}
    if any(each.kind == "derived" for each in surveyed):
        wanted |= {FIBRE, MOBILE}
    rows = db.session.execute(
        sa.select(Indicator.id, Indicator.code, Indicator.kind).where(Indicator.code.in_(wanted))
    ).all()
    codes = {row.id: row.code for row in rows}
    shares = {each.code for each in surveyed if not each.is_sample}
    estimated = {key: code for key, code in codes.items() if code in shares}
    events = [row.id for row in rows if row.kind == "event"]
    found = tally_sums.of_city(list(codes), day, events, estimated)
    moved = tally_sums.moved(found.sums, homes)
    tallied = {key: {codes[each]: told for each, told in row.items()} for key, row in moved.items()}
    return tallied, _squares(found.spread, homes, estimated)


def _lists(
    indicators: Iterable[judged.CountedIndicator], day: dt.date, homes: Mapping[int, int]
) -> dict[int, dict[str, int]]:
    """How many places or enterprises there are to ask, by thôn; none for what is asked of households."""
    found: dict[int, dict[str, int]] = {}
    asked = [(each.code, each.unit) for each in indicators if each.unit in denominators.LISTS]
    if not asked:
        return found
    listed = denominators.listed(None, [day])[day]
    for key, of_village in denominators.on_lists(listed, asked).items():
        own = found.setdefault(homes.get(key, key), {})
        for code, number in of_village.items():
            own[code] = own.get(code, 0) + number
    return found


def _squares(
    spread: household_squares.Spread, homes: Mapping[int, int], codes: Mapping[int, str]
) -> dict[int, dict[str, Squares]]:
    """By thôn and code; those of merged thôn where they count."""
    found: dict[int, dict[str, Squares]] = {}
    for key, of_village in spread.items():
        own = found.setdefault(homes.get(key, key), {})
        for indicator, squares in of_village.items():
            code = codes[indicator]
            own[code] = own[code] + squares if code in own else squares
    return found


def _targets(codes: Sequence[str], year: int) -> dict[str, dict[int, TargetFigure]]:
    """Each commune's own target of these indicators (the first by id), by indicator and commune; none that is counted
    by period from visits, which only the commune's own page lists.
    """
    rows = db.session.execute(
        sa.select(PlanRow.commune_id, Indicator.code.label("indicator_code"), *TargetOfPlan.__table__.columns)
        .join(PlanRow, PlanRow.id == TargetOfPlan.plan_id)
        .join(Indicator, Indicator.id == TargetOfPlan.indicator_id)
        .where(PlanRow.year == year, Indicator.code.in_(codes))
        .order_by(TargetOfPlan.code.desc())
    )
    first = {
        (row.indicator_code, row.commune_id): commune_input.target_of(row, row.indicator_code) for row in rows
    }
    found: dict[str, dict[int, TargetFigure]] = {}
    for (code, commune), target in first.items():
        if target.how == "office" or target.period not in PERIODS_IN_A_YEAR:
            found.setdefault(code, {})[commune] = target
    return found


def _input(
    commune: Row,
    day: dt.date,
    villages: Sequence[Row],
    counted: _CountedVillages,
    reported: Mapping[str, tuple[Reported, ...]],
) -> CommuneInput:
    """All that is counted in a commune, of no indicator yet."""
    of_commune = [counted.figures[village.id] for village in villages if village.id in counted.figures]
    return CommuneInput(
        code=commune.code,
        name=commune.name,
        kind=commune.kind,
        as_of=day,
        is_running=clock.is_running(day),
        received_until=None,
        households=household_numbers.total(of_commune),
        households_source=None,
        villages=tuple(map(counted.of, villages)),
        expected=commune_input.all_of_lists(
            {village.id: counted.lists.get(village.id, {}) for village in villages}
        ),
        indicators=(),
        targets=(),
        reported=reported,
    )
