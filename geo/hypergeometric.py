"""Exact probabilities of drawing without replacement from few: the hypergeometric distribution, in fractions."""

from collections.abc import Iterator
from fractions import Fraction
from math import comb


def chance(found: int, drawn: int, marked: int, whole: int) -> Fraction:
    """That of `drawn` out of `whole`, of which `marked` are marked, exactly `found` are; 0 where that cannot be."""
    _check(drawn, marked, whole)
    if not 0 <= found <= min(drawn, marked) or drawn - found > whole - marked:
        return Fraction(0)
    return Fraction(comb(marked, found) * comb(whole - marked, drawn - found), comb(whole, drawn))


def at_least(found: int, drawn: int, marked: int, whole: int) -> Fraction:
    """That of `drawn` at least `found` are marked; 1 for none or fewer."""
    _check(drawn, marked, whole)
    ways = sum(ways for each, ways in _from_the_most(drawn, marked, whole, down_to=found))
    return Fraction(ways, comb(whole, drawn))


def at_most(found: int, drawn: int, marked: int, whole: int) -> Fraction:
    """That of `drawn` at most `found` are marked."""
    return 1 - at_least(found + 1, drawn, marked, whole)


def least_rarer_than(share: Fraction, drawn: int, marked: int, whole: int) -> int | None:
    """The least number of which as many or more are marked less often than this; None where the most is not so rare."""
    _check(drawn, marked, whole)
    bound = share * comb(whole, drawn)
    rare, ways_so_far = None, 0
    for found, ways in _from_the_most(drawn, marked, whole):
        ways_so_far += ways
        if ways_so_far >= bound:
            break
        rare = found
    return rare


def _check(drawn: int, marked: int, whole: int) -> None:
    if not 0 <= marked <= whole or not 0 <= drawn <= whole:
        raise ValueError(f"{drawn} drawn of {whole} with {marked} marked")


def _from_the_most(drawn: int, marked: int, whole: int, down_to: int = 0) -> Iterator[tuple[int, int]]:
    """How many of the drawn may be marked, from the most down, each with in how many ways: from one to the next by a
    product, since large binomials cost far more than their neighbours.
    """
    most, others = min(drawn, marked), whole - marked
    ways = comb(marked, most) * comb(others, drawn - most)
    for found in range(most, max(down_to, drawn - others, 0) - 1, -1):
        yield found, ways
        ways = ways * found * (others - drawn + found) // ((marked - found + 1) * (drawn - found + 1))
