"""A commune's sums at the ends of weeks: which days those are, and what may be shown of each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from geo.hidden_cells import protect, protect_together
from geo.target_states import Tallied


@dataclass(frozen=True)
class Week:
    """What a commune had counted by the end of `day`: a Sunday, or the day asked for. None: not to be shown."""

    day: date
    tallied: Tallied | None


def week_ends(day: date, weeks: int) -> tuple[date, ...]:
    """`day` itself and the Sundays before it, `weeks` in all, oldest first."""
    before = day - timedelta(days=day.isoweekday())
    return (*(before - timedelta(weeks=n) for n in reversed(range(weeks - 1))), day)


def shown_weeks(
    ends: Sequence[date],
    by_village: Mapping[str, Sequence[Tallied]],
    *,
    hide: bool,
    met: Mapping[str, Sequence[Tallied]] | None = None,
) -> tuple[Week, ...]:
    """The commune's sum at each end, from those of its thôn; where it is hidden that day, none (R25).

    `met` are the households met at the same ends, beside which an indicator of households is hidden or told. The sums
    of a thôn that went into another stop with the last of its own.
    """
    found = []
    for place, end in enumerate(ends):
        rows = {code: counted[place] for code, counted in by_village.items() if place < len(counted)}
        beside = {code: met[code][place] for code in rows} if met and met.keys() >= rows.keys() else None
        hidden = hide and _hides_total(rows, beside)
        found.append(Week(end, None if hidden else sum(rows.values(), Tallied())))
    return tuple(found)


def _hides_total(rows: Mapping[str, Tallied], met: Mapping[str, Tallied] | None) -> bool:
    if met is None:
        return protect(rows).total is not None
    return protect_together(met, {"x": rows}, main={"x"})[1]["x"].total is not None
