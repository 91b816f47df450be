"""Counts in SQL, handed to geo.coverage: the table of a commune on a day, its trend, and the communes of the city."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import sqlalchemy as sa
from flask import current_app

from geo import coverage as judged
from geo.coverage import CommuneInput, CoverageTable, VillageInput
from geo.disclosure import allowed_day, is_base
from geo.targets import RESIDENT_UNITS, Tallied, Target
from server import clock, counts, figures, models
from server.db import db
from server.figures import Figure
from server.models import Commune, Form, FormVersion, Indicator, Plan, Village

VISITED = "tham_ho"
"""The indicator whose subjects are the households met at least once."""
SURVEYED = ("state", "event")
"""Kinds that visits count; the others are told by offices or derived."""

Row = sa.Row[*tuple[Any, ...]]


@dataclass(frozen=True)
class Week:
    """What a commune had counted by the end of `day`: a Sunday, or the day asked for. None: too few to be shown."""

    day: dt.date
    tallied: Tallied | None


@dataclass(frozen=True)
class CommuneSums:
    """A commune in the city's table; `households` is None where no thôn has a figure."""

    code: str
    name: str
    households: int | None
    tallied: Mapping[str, Tallied]


def table(commune: Commune, as_of: dt.date | None = None, *, full: bool = False) -> CoverageTable:
    """The coverage of a commune as it was on a day (today), as known now (DESIGN 6.8).

    `full` is for those with the right to single records. All others see past days as ends of weeks and no small
    cells (DESIGN 7). Only this commune's rows are read, in at most eight statements however many they are.
    """
    min_reach: Fraction = current_app.config["SETTINGS"].min_reach
    return judged.table(gather(commune, day_shown(as_of, full=full)), min_reach=min_reach, full=full)


def day_shown(as_of: dt.date | None, *, full: bool) -> dt.date:
    """The day whose numbers may be shown to one who asks for `as_of`; never later than today."""
    today = clock.today()
    asked = min(as_of or today, today)
    return asked if full else allowed_day(asked, today)


def gather(commune: Commune, as_of: dt.date) -> CommuneInput:
    """All that the table is made from. A thôn that was merged counts in the one it was merged into."""
    villages = _villages(commune)
    here = [village.id for village in villages]
    homes = _homes(villages, as_of)
    shown = [village for village in villages if homes[village.id] == village.id]
    indicators = _indicators()
    tallied = counts.moved(counts.sums(here, as_of, _events(indicators)), homes)
    households = figures.households([village.id for village in shown], as_of)
    targets = _targets(commune, as_of.year, indicators)
    wanted = _asked(commune) | _targeted(targets) | _counted(tallied, indicators) | {VISITED}
    return CommuneInput(
        code=commune.code,
        name=commune.name,
        as_of=as_of,
        received_until=counts.received_until(here),
        households=figures.total(households.values()),
        households_source=figures.source(households.values()),
        villages=tuple(
            _village(village, _by_code(tallied.get(village.id, {}), indicators), households.get(village.id))
            for village in shown
        ),
        indicators=tuple(
            judged.Indicator(row.code, row.label_vi, row.unit, row.kind)
            for row in indicators.values()
            if row.kind in SURVEYED and row.code in wanted
        ),
        targets=targets,
    )


def trend(
    commune: Commune, indicator: str, weeks: int = 12, *, as_of: dt.date | None = None, full: bool = False
) -> tuple[Week, ...]:
    """An indicator's sums over the whole commune at the ends of the last weeks (Sundays), the last on `as_of`.

    A state is what was known by then, an event what had been added up since New Year. Empty for an unknown
    indicator. Two statements.
    """
    day = day_shown(as_of, full=full)
    known = next((row for row in _indicators().values() if row.code == indicator), None)
    if known is None:
        return ()
    changes = counts.days(commune.id, known.id, day)
    hide = not full and known.unit in RESIDENT_UNITS
    found = []
    for end in _week_ends(day, weeks):
        since = dt.date(end.year, 1, 1) if known.kind == "event" else dt.date.min
        tallied = sum((change for at, change in changes if since <= at <= end), Tallied())
        found.append(Week(end, None if hide and is_base(tallied) else tallied))
    return tuple(found)


def city(as_of: dt.date | None = None) -> tuple[CommuneSums, ...]:
    """Every commune that is valid now with its sums, by code; small cells are not hidden. Five statements."""
    day = day_shown(as_of, full=False)
    communes = db.session.execute(_COMMUNES).all()
    home = {row.id: row.commune_id for row in db.session.execute(sa.select(Village.id, Village.commune_id))}
    indicators = _indicators()
    tallied = counts.moved(counts.sums(None, day, _events(indicators)), home)
    households: dict[int, list[Figure]] = {}
    for village_id, figure in figures.newest(None, day).items():
        households.setdefault(home[village_id], []).append(figure)
    return tuple(
        CommuneSums(
            row.code,
            row.name,
            figures.total(households.get(row.id, ())),
            _by_code(tallied.get(row.id, {}), indicators),
        )
        for row in communes
    )


_COMMUNES = (
    sa.select(Commune.id, Commune.code, Commune.name).where(Commune.valid_to.is_(None)).order_by(Commune.code)
)


def _villages(commune: Commune) -> Sequence[Row]:
    columns = (Village.id, Village.code, Village.name, Village.valid_to, Village.merged_into_id)
    found = sa.select(*columns).where(Village.commune_id == commune.id)
    return db.session.execute(found.order_by(Village.code)).all()


def _homes(villages: Iterable[Row], as_of: dt.date) -> dict[int, int]:
    """Where each thôn's counts stand on a day: in its own row, or in that of the one it was merged into."""
    known = {village.id: village for village in villages}
    homes = {}
    for village in known.values():
        home, seen = village, {village.id}
        while home.valid_to and home.valid_to < as_of and home.merged_into_id in known:
            home = known[home.merged_into_id]
            if home.id in seen:
                break
            seen.add(home.id)
        homes[village.id] = home.id
    return homes


def _indicators() -> dict[int, Row]:
    """All indicators by their key, in the order of tables and menus."""
    columns = (Indicator.id, Indicator.code, Indicator.label_vi, Indicator.unit, Indicator.kind)
    rows = db.session.execute(sa.select(*columns).order_by(Indicator.position, Indicator.code))
    return {row.id: row for row in rows}


def _events(indicators: Mapping[int, Row]) -> list[int]:
    return [key for key, row in indicators.items() if row.kind == "event"]


def _asked(commune: Commune) -> set[str]:
    """The indicators that the newest version of any form in use here states (DESIGN 6.10)."""
    newest = sa.select(sa.func.max(FormVersion.id)).group_by(FormVersion.form_id)
    stated = (
        sa.select(FormVersion.definition["indicators"])
        .join(Form, Form.id == FormVersion.form_id)
        .where(
            FormVersion.id.in_(newest),
            Form.retired_at.is_(None),
            sa.or_(Form.commune_id.is_(None), Form.commune_id == commune.id),
        )
    )
    found: Iterable[list[str] | None] = db.session.scalars(stated)
    return {code for codes in found for code in codes or ()}


def _targeted(targets: Iterable[Target]) -> set[str]:
    return {target.indicator for target in targets if target.indicator and target.how != "office"}


def _counted(tallied: counts.Sums, indicators: Mapping[int, Row]) -> set[str]:
    return {indicators[key].code for row in tallied.values() for key in row if key in indicators}


def _by_code(row: Mapping[int, Tallied], indicators: Mapping[int, Row]) -> dict[str, Tallied]:
    return {indicators[key].code: tallied for key, tallied in row.items() if key in indicators}


def _village(village: Row, tallied: Mapping[str, Tallied], figure: Figure | None) -> VillageInput:
    return VillageInput(
        code=village.code,
        name=village.name,
        households=figure.households if figure else None,
        visited=tallied.get(VISITED, Tallied()).subjects,
        tallied=tallied,
    )


def _targets(commune: Commune, year: int, indicators: Mapping[int, Row]) -> tuple[Target, ...]:
    """The figures of the commune's plan of a year, in the plan's order."""
    rows = db.session.execute(
        sa.select(*models.Target.__table__.columns)
        .join(Plan, Plan.id == models.Target.plan_id)
        .where(Plan.commune_id == commune.id, Plan.year == year)
        .order_by(models.Target.position, models.Target.code)
    )
    return tuple(
        Target(
            id=row.code,
            label=row.label,
            section=row.section,
            comparator=row.comparator,
            value=Fraction(row.value),
            unit=row.unit,
            period=row.period,
            start=row.start,
            deadline=row.deadline,
            indicator=indicators[row.indicator_id].code if row.indicator_id in indicators else None,
            over_households=row.over_households,
            how=row.how,
            office=row.office,
        )
        for row in rows
    )


def _week_ends(day: dt.date, weeks: int) -> tuple[dt.date, ...]:
    """`day` itself and the Sundays before it, `weeks` in all, oldest first."""
    before = day - dt.timedelta(days=day.isoweekday())
    if day.isoweekday() == 7:
        before = day - dt.timedelta(weeks=1)
    return (*(before - dt.timedelta(weeks=n) for n in reversed(range(weeks - 1))), day)
