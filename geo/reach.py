"""How much of what there is was asked, in the indicator's own unit: from when on a percent may be judged."""

from dataclasses import dataclass
from fractions import Fraction

from geo.vietnamese_writing import number

RESIDENT_UNITS = frozenset({"household", "person", "adult"})
"""Units whose reach is counted in households."""
COUNTABLE_UNITS = frozenset({"household", "place", "business", "village"})
"""Units of which there is a list, so that "all of them" can be said (R6)."""
MIN_REACH = Fraction(1, 2)
MIN_ASKED = 100
"""People picked by chance whose answers are enough to judge by."""

NOUNS = {
    "place": "điểm công cộng",
    "point": "điểm đo",
    "business": "doanh nghiệp",
    "village": "thôn",
} | dict.fromkeys(RESIDENT_UNITS, "hộ")


@dataclass(frozen=True)
class Enough:
    """From when on a percent is judged: a share of those there are, or of people picked by chance a number."""

    reach: Fraction = MIN_REACH
    asked: int = MIN_ASKED


@dataclass(frozen=True, kw_only=True)
class Reach:
    """`subjects` asked of `expected` there are (None: nobody has said), of an indicator's `unit`.

    `surplus` is by how many single thôn have more subjects than the number given for them: a fault of that number,
    which closes no other thôn's gap. `is_sample`: people picked by chance, of whom there is no list.
    """

    unit: str
    subjects: int
    expected: int | None = None
    surplus: int = 0
    is_sample: bool = False

    @property
    def noun(self) -> str:
        """What is counted, as people say it: a number of thôn or places is never called households."""
        return noun(self.unit, is_sample=self.is_sample)

    @property
    def has_list(self) -> bool:
        """Whether there is, or should be, a number to compare with."""
        return not self.is_sample and self.unit != "point"

    @property
    def share(self) -> Fraction | None:
        """The exact part that was asked, 0 to 1; None where it cannot be told."""
        if not self.has_list or not self.expected:
            return None
        return min(Fraction(1), Fraction(self.within, self.expected))

    @property
    def within(self) -> int:
        """How many of the number given were asked."""
        return self.subjects - self.surplus

    @property
    def whole(self) -> int | None:
        """How many there are at least: those of the list, and those met beyond it."""
        return self.expected + self.surplus if self.has_list and self.expected else None

    def is_enough(self, enough: Enough) -> bool:
        """Whether a percent may be judged; check points have no list to be few of."""
        if self.is_sample:
            return self.subjects >= enough.asked
        if not self.has_list:
            return True
        return self.share is not None and self.share >= enough.reach

    def short(self, enough: Enough) -> str:
        """Why nothing is judged yet: `mới khảo sát 450/2.000 hộ`."""
        some = number(self.subjects)
        if self.is_sample:
            return f"mới hỏi {some} người, cần từ {number(enough.asked)} người để kết luận"
        if self.expected is None:
            lacking = "chưa có tổng số hộ" if self.noun == "hộ" else "chưa có danh sách"
            return f"mới khảo sát {some} {self.noun}, {lacking}"
        if not self.expected:
            return f"mới khảo sát {some} {self.noun}, số {self.noun} đã nêu là 0"
        verb = "mới có số liệu của" if self.unit == "village" else "mới khảo sát"
        return f"{verb} {number(self.within)}/{number(self.expected)} {self.noun}"


def noun(unit: str, *, is_sample: bool = False) -> str:
    """What the subjects of an indicator are: of persons and adults of a list the households."""
    return "người" if is_sample else NOUNS[unit]


def surplus(subjects: int, expected: int | None) -> int:
    """How many more were met in one place than the number given for it says there are."""
    return max(0, subjects - expected) if expected is not None else 0


def beyond(subjects: int, expected: int | None, unit: str = "household") -> int:
    """How many of those met in one place are not among the number given for all places together.

    A thôn without a number of households is in no sum: a household met there closes no gap of the others. Of places
    and enterprises there may be a list of the whole commune alone.
    """
    return subjects if expected is None and unit in RESIDENT_UNITS else surplus(subjects, expected)
