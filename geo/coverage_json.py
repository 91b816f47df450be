"""The coverage table and the figures of a plan as JSON, in the fixed shape of DESIGN 4."""

from fractions import Fraction
from typing import Any

from geo.coverage import Cell, CoverageTable, IndicatorRow, TargetRow


def to_json(shown: CoverageTable) -> dict[str, Any]:
    """The coverage JSON of DESIGN 4, key by key.

    `percent` is 0 to 100 with one decimal, cut; `reach` is the exact ratio subjects / households (1 is all). Where
    `suppressed` is "base", every number is null; where it is "part", done and percent are null and one more key
    stands in the cell: `bound`, {"comparator": ">", "percent": 98.0} or null; where it is "secondary", at least done
    and percent are null. `percent` null with `suppressed` null is unknown.
    """
    source = shown.households_source
    return {
        "commune": {"code": shown.code, "name": shown.name},
        "as_of": shown.as_of.isoformat(),
        "received_until": shown.received_until.isoformat() if shown.received_until else None,
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
                "indicators": {code: _cell_json(cell) for code, cell in village.cells.items()},
            }
            for village in shown.villages
        ],
    }


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
        "target": told,
    }


def _cell_json(cell: Cell) -> dict[str, Any]:
    told: dict[str, Any] = {
        "done": cell.done,
        "of": cell.of,
        "percent": None if cell.percent is None else float(cell.percent),
        "reach": None if cell.reach is None else float(cell.reach),
        "subjects": cell.subjects,
        "suppressed": cell.suppressed,
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
    }


def _number(value: Fraction) -> int | float:
    return int(value) if value.denominator == 1 else float(value)
