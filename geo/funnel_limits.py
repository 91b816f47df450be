"""Whether one of several stands out beyond chance: the limits of a funnel, exact, and never by few (R29, R39)."""

from fractions import Fraction

from geo import hypergeometric

FEWEST = 11
"""Visits of a collector from which something is said of them: ten visits never brand a person."""
FUNNEL = Fraction(1, 1000)
"""A collector stands out where chance alone would give as many marked visits less often (Spiegelhalter 2005,
"Funnel plots for comparing institutional performance": limits of 99.8 %, of which the upper side is used)."""


def is_outside(found: int, of: int, marked: int, whole: int) -> bool:
    """Given `marked` of `whole` altogether, whether chance hardly puts `found` of them among these `of`."""
    return of >= FEWEST and found > 0 and hypergeometric.at_least(found, of, marked, whole) < FUNNEL


def limit(of: int, marked: int, whole: int) -> int | None:
    """The most marked visits of `of` that chance still explains; None where it explains any number."""
    if of < FEWEST:
        return None
    rare = hypergeometric.least_rarer_than(FUNNEL, of, marked, whole)
    return None if rare is None else rare - 1
