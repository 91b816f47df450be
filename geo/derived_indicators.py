"""Indicators that no visit states: computed for each thôn from what others add up to (R16, kind `derived`)."""

from collections.abc import Callable, Mapping

from geo.small_cell_limit import SMALL
from geo.target_states import Tallied

FIBRE = "cap_quang_ho"
MOBILE = "di_dong_bang_rong_diem"
POINTS = 3
"""Check points with mobile broadband that make a thôn covered, and the fewest that must have been measured."""


def connected(tallied: Mapping[str, Tallied]) -> Tallied:
    """`phu_mang_khu_dan_cu`: fibre offered to a household, and mobile broadband at three check points or more.

    1 of 1 or 0 of 1 where the thôn has data of both, else nothing: fibre of fewer households would tell their answers.
    """
    fibre, mobile = tallied.get(FIBRE, Tallied()), tallied.get(MOBILE, Tallied())
    if fibre.subjects < SMALL or mobile.subjects < POINTS:
        return Tallied()
    return Tallied(int(fibre.done > 0 and mobile.done >= POINTS), 1, 1)


DERIVED: Mapping[str, Callable[[Mapping[str, Tallied]], Tallied]] = {"phu_mang_khu_dan_cu": connected}
