"""Labels of still maps: none over another, numbers before names, the largest thôn first."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from dashboards.maps.still_labels import PLAIN_LABEL, Wish, placed

LINES = st.lists(st.text("abcđê 0123456789%", min_size=1, max_size=14), min_size=1, max_size=3).map(tuple)
PLACES = st.floats(0, 300, allow_nan=False)
SIDES = st.floats(5, 120)


@st.composite
def wishes(draw: st.DrawFn) -> list[Wish]:
    found = draw(
        st.lists(st.tuples(PLACES, PLACES, SIDES, SIDES, st.lists(LINES, max_size=3).map(tuple)), max_size=12)
    )
    return [Wish(str(number), *each) for number, each in enumerate(found)]


@given(wishes())
def test_no_label_lies_over_another(made: list[Wish]) -> None:
    told = placed(made, PLAIN_LABEL)
    boxes = []
    for wish in made:
        lines = told[wish.code]
        assert lines == () or lines in wish.texts
        if lines:
            across, up = max(map(len, lines)) * PLAIN_LABEL.letter / 2, len(lines) * PLAIN_LABEL.line / 2
            boxes.append((wish.x - across, wish.y - up, wish.x + across, wish.y + up))
    for one, other in itertools.combinations(boxes, 2):
        assert one[2] <= other[0] or other[2] <= one[0] or one[3] <= other[1] or other[3] <= one[1]


def test_every_number_comes_before_any_name() -> None:
    """The larger thôn's name would lie over the smaller's number."""
    large = Wish("1", 100, 100, 200, 100, (("55,5 %",), ("Thượng Đồng Xá", "55,5 %")))
    small = Wish("2", 140, 100, 60, 40, (("80,0 %",), ("Lại", "80,0 %")))
    assert placed([small, large], PLAIN_LABEL) == {"1": ("55,5 %",), "2": ("Lại", "80,0 %")}


def test_where_two_cannot_both_speak_the_larger_does() -> None:
    one = Wish("1", 100, 100, 90, 90, (("55,5 %",),))
    other = Wish("2", 105, 100, 40, 40, (("80,0 %",),))
    assert placed([other, one], PLAIN_LABEL) == {"1": ("55,5 %",), "2": ()}
