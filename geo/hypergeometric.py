"""Exact probabilities of drawing without replacement from few: the hypergeometric distribution, in fractions."""

from fractions import Fraction
from math import comb


def chance(found: int, drawn: int, marked: int, whole: int) -> Fraction:
    """That of `drawn` out of `whole`, of which `marked` are marked, exactly `found` are; 0 where that cannot be."""
    if not 0 <= marked <= whole or not 0 <= drawn <= whole:
        raise ValueError(f"{drawn} drawn of {whole} with {marked} marked")
    if not 0 <= found <= min(drawn, marked) or drawn - found > whole - marked:
        return Fraction(0)
    return Fraction(comb(marked, found) * comb(whole - marked, drawn - found), comb(whole, drawn))


def at_least(found: int, drawn: int, marked: int, whole: int) -> Fraction:
    """That of `drawn` at least `found` are marked; 1 for none or fewer."""
    return sum(
        (chance(each, drawn, marked, whole) for each in range(max(found, 0), min(drawn, marked) + 1)),
        Fraction(0),
    )


def at_most(found: int, drawn: int, marked: int, whole: int) -> Fraction:
    """That of `drawn` at most `found` are marked."""
    return 1 - at_least(found + 1, drawn, marked, whole)
