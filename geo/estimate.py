"""What is estimated of all from those asked, with its 95 % interval (R11)."""

import math
from dataclasses import dataclass

Z = 1.959963984540054
"""The 97.5 % point of the normal distribution: 95 % lie between it and its negative."""


@dataclass(frozen=True)
class Interval:
    """Percents between which the true one lies in 95 of 100 samples, 0 to 100."""

    low: float
    high: float


def wilson(done: int, of: int) -> Interval:
    """The score interval of a share of people picked by chance (Wilson 1927); right at 0 and at all, and for few."""
    share, z2 = done / of, Z * Z
    middle = (share + z2 / (2 * of)) / (1 + z2 / of)
    half = Z / (1 + z2 / of) * math.sqrt(share * (1 - share) / of + z2 / (4 * of * of))
    return Interval(max(0.0, 100 * (middle - half)), min(100.0, 100 * (middle + half)))
