"""The coverage table and the figures of a plan as JSON, in the fixed shape of R16."""

from datetime import datetime
from fractions import Fraction
from typing import Any

from geo.compute_coverage import Cell, CoverageTable, IndicatorRow, TargetRow
from geo.estimate import Estimate
from geo.period_targets import Reported
from geo.target_states import Pace, PeriodCount, TargetJudgement


def to_the_hour(moment: datetime) -> datetime:
    """The hour in which something came: a reader who asks again and again learns when no single visit was sent."""
    return moment.replace(minute=0, second=0, microsecond=0)


def to_json(shown: CoverageTable) -> dict[str, Any]:
    """The coverage JSON of R16, key by key.

    `percent` is 0 to 100 with one decimal, cut; `reach` is the exact ratio subjects / households (1 is all). Where
    `suppressed` is "base", every number is null; where it is "part", done and percent are null and one more key
    stands in the cell: `bound`, {"comparator": ">", "percent": 98.0} or null; where it is "secondary", at least done
    and percent are null. `percent` null with `suppressed` null is unknown. `percent_judged` is the share of all
    `expected`, where the target is judged over all, else null; `state` of a thôn is null where it may not be told.
    What lies in no thôn is in the commune's numbers alone. Where people answered by themselves
    (a poster) one more key stands in the indicator: `self_of`, of what teams ask and is counted apart from it.
    """
    source = shown.households_source
    return {
        "commune": {"code": shown.code, "name": shown.name},
        "as_of": shown.as_of.isoformat(),
        "received_until": to_the_hour(shown.received_until).isoformat() if shown.received_until else None,
        "households": shown.households,
        "households_source": {"date": source.date.isoformat(), "source": source.source} if source else None,
        "visited": shown.visited,
        "indicators": [_indicator_json(row) for row in shown.indicators],
        "villages": [
            {
                "code": village.code,
                "name": village.name,
                "households": village.households,
                "visited": village.visited,
                "indicators": {
                    code: _cell_json(cell) | {"state": _state(village.judgements.get(code))}
                    for code, cell in village.cells.items()
                },
            }
            for village in shown.villages
        ],
    }


def flat_villages(shown: CoverageTable) -> dict[str, dict[str, Any]]:
    """The thôn by code, each with all it is told of on one level (`phu_song_5g_done`, `phu_song_5g_state`, …): what
    map programs read knows nothing nested. A state stands only where one may be told.
    """
    return {
        village["code"]: {
            **{key: village[key] for key in ("code", "name", "households", "visited")},
            **{
                f"{code}_{name}": value
                for code, cell in village["indicators"].items()
                for name, value in cell.items()
                if name != "bound" and (name != "state" or value is not None)
            },
        }
        for village in to_json(shown)["villages"]
    }


def _state(judgement: TargetJudgement | None) -> str | None:
    return None if judgement is None else judgement.state.value


def _indicator_json(row: IndicatorRow) -> dict[str, Any]:
    indicator, target, judgement = row.indicator, row.target, row.judgement
    told = None
    if target and judgement:
        told = {
            "id": target.id,
            "comparator": target.comparator,
            "value": _number(target.value),
            "met": judgement.met,
            "state": judgement.state.value,
        }
    return {
        "code": indicator.code,
        "label": indicator.label,
        "unit": indicator.unit,
        "kind": indicator.kind,
        **_cell_json(row.cell),
        **_estimate_json(row.estimate),
        "target": told,
    } | ({"self_of": indicator.self_of} if indicator.self_of else {})


def _estimate_json(found: Estimate | None) -> dict[str, Any]:
    """What is estimated of all, as percents rounded to one decimal, and by which method; nulls where nothing is."""
    if found is None:
        return dict.fromkeys(("estimate", "low", "high", "method"))
    shown = {"estimate": found.percent, "low": found.low, "high": found.high}
    return {name: round(value, 1) for name, value in shown.items()} | {"method": found.method}


def _cell_json(cell: Cell) -> dict[str, Any]:
    told: dict[str, Any] = {
        "done": cell.done,
        "of": cell.of,
        "percent": None if cell.percent is None else float(cell.percent),
        "reach": None if cell.reach is None else float(cell.reach),
        "subjects": cell.subjects,
        "suppressed": cell.suppressed,
        "percent_judged": None if cell.percent_judged is None else float(cell.percent_judged),
        "expected": cell.expected,
    }
    if cell.suppressed == "part":
        limit = cell.bound
        told["bound"] = limit and {"comparator": limit.comparator, "percent": float(limit.percent)}
    return told


def target_to_json(row: TargetRow) -> dict[str, Any]:
    """One figure of the plan for `/communes/<code>/targets`: what was promised, what is known, and from whom."""
    target, judgement = row.target, row.judgement
    return {
        "id": target.id,
        "section": target.section,
        "label": target.label,
        "indicator": target.indicator,
        "comparator": target.comparator,
        "value": _number(target.value),
        "unit": target.unit,
        "period": target.period,
        "deadline": target.deadline.isoformat(),
        "over_households": target.over_households,
        "over_all": judgement.over_all,
        "how": target.how,
        "office": target.office,
        "current": None if judgement.value_shown is None else float(judgement.value_shown),
        "gap": None if judgement.gap is None else float(judgement.gap),
        "reach": None if judgement.reach is None else float(judgement.reach),
        "met": judgement.met,
        "state": judgement.state.value,
        "words": judgement.words,
        "source": judgement.source,
        "reported_at": judgement.reported_at.isoformat() if judgement.reported_at else None,
        "surveyed": _beside_json(row.surveyed),
        "reported": _beside_json(row.reported),
        "values": [_value_json(told) for told in row.values],
        "periods": [_period_json(period) for period in judgement.periods],
        "pace": _pace_json(row.pace),
        **_estimate_json(row.estimate),
    }


def _beside_json(judgement: TargetJudgement | None) -> dict[str, Any] | None:
    """What the survey or the office alone says; null where it is not asked, or knows nothing yet."""
    if judgement is None or judgement.source is None:
        return None
    return {
        "current": None if judgement.value_shown is None else float(judgement.value_shown),
        "met": judgement.met,
        "state": judgement.state.value,
        "words": judgement.words,
    }


def _value_json(told: Reported) -> dict[str, Any]:
    return {
        "from": told.start.isoformat() if told.start else None,
        "to": told.at.isoformat(),
        "numerator": told.done,
        "denominator": told.of,
        "value": None if told.value is None else _number(told.value),
        "source": told.source,
        "note": told.note,
        "link": told.link,
    }


def _period_json(period: PeriodCount) -> dict[str, Any]:
    return {
        "from": period.start.isoformat(),
        "to": period.end.isoformat(),
        "gone": period.gone,
        "value": None if period.value is None else _number(period.value),
        "met": period.met,
        "is_empty": period.is_empty,
    }


def _pace_json(pace: Pace | None) -> dict[str, Any] | None:
    """Households a week: those needed until the deadline, beside those met in this week and the three before it."""
    if pace is None:
        return None
    return {
        "left": pace.left,
        "needed_a_week": None if pace.needed is None else float(pace.needed),
        "recent_a_week": float(pace.recent),
        "since": None if pace.since is None else pace.since.isoformat(),
        "enough": pace.enough,
    }


def _number(value: Fraction) -> int | float:
    return int(value) if value.denominator == 1 else float(value)
