"""The numbers that a question of the kind `range` offers."""

import math
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class OfferedRange:
    """The numbers of a range: from `start` to `end`, the smaller one first or last, in steps of `step`."""

    start: float
    end: float
    step: float

    def has(self, number: float) -> bool:
        """Whether the range can be set to that number."""
        steps = (number - self.start) / self.step
        is_between = min(self.start, self.end) <= number <= max(self.start, self.end)
        return is_between and math.isclose(steps, round(steps), abs_tol=1e-6)


def offered_range(element: Any) -> OfferedRange | None:
    """What a range offers; None for any other control, or one whose bounds are no numbers."""
    try:
        start, end, step = (float(element.get(name) or "") for name in ("start", "end", "step"))
    except ValueError:
        return None
    return OfferedRange(start, end, abs(step)) if step and math.isfinite(start + end + step) else None
