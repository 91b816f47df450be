"""How many are too few to be told of to those who may not see single records (R25)."""

SMALL = 5
"""Fewer than so many households or people might be known by name. Nobody at all is no small number."""


def is_small(number: int) -> bool:
    """Whether a number is one of those few."""
    return 0 < number < SMALL
