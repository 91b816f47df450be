"""What is estimated of all households from those asked, with its 95 % interval (R11).

The stratified ratio estimator (Cochran, Sampling Techniques, 1977, chapters 5A and 6.11, "combined"): thôn are strata
weighted by their own households, households are clusters of the persons or adults in them, and as part of a finite
population the interval closes as the last doors are knocked on.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

Z = 1.959963984540054
"""The 97.5 % point of the normal distribution: 95 % lie between it and its negative."""
FEWEST = 5
"""Households asked that make a stratum of their own; thôn with fewer are joined with others."""
RATIO, SCORE = "stratified_ratio", "wilson"
METHODS = {
    RATIO: "ước lượng tỷ số phân tầng theo thôn, hộ là chùm, tổng thể hữu hạn (Cochran 1977, chương 6)",
    SCORE: "khoảng tin cậy của tỷ lệ, người gặp ngẫu nhiên (Wilson 1927)",
}


@dataclass(frozen=True)
class Interval:
    """Percents between which the true one lies in 95 of 100 samples, 0 to 100."""

    low: float
    high: float


@dataclass(frozen=True)
class Estimate:
    """What is estimated of all: a percent between `low` and `high`, and by which of METHODS."""

    percent: float
    low: float
    high: float
    method: str

    @property
    def shown(self) -> tuple[float, float, float]:
        """The percent, `low` and `high` as files tell them, to one decimal."""
        return round(self.percent, 1), round(self.low, 1), round(self.high, 1)

    @property
    def margin(self) -> float:
        """Half the interval, in points."""
        return (self.high - self.low) / 2


@dataclass(frozen=True)
class Squares:
    """Sums over households asked: how many, done, of, done², of² and done · of. What a variance is made of."""

    asked: int = 0
    done: int = 0
    of: int = 0
    done2: int = 0
    of2: int = 0
    cross: int = 0

    def __add__(self, other: "Squares") -> "Squares":
        return Squares(
            self.asked + other.asked,
            self.done + other.done,
            self.of + other.of,
            self.done2 + other.done2,
            self.of2 + other.of2,
            self.cross + other.cross,
        )


@dataclass(frozen=True)
class Stratum:
    """A thôn, or several joined: `asked` of `households`, who said `done` of `of`.

    `squares` are None where they are not known. `is_withheld`: its numbers are not told by themselves, so it is only
    ever taken together with the others that are not.
    """

    households: int
    asked: int
    done: int
    of: int
    squares: Squares | None
    is_withheld: bool = False

    def __add__(self, other: "Stratum") -> "Stratum":
        both = None if self.squares is None or other.squares is None else self.squares + other.squares
        return Stratum(
            self.households + other.households,
            self.asked + other.asked,
            self.done + other.done,
            self.of + other.of,
            both,
            self.is_withheld or other.is_withheld,
        )


def once_each(asked: int, done: int) -> Squares:
    """Those of an indicator that counts each household once."""
    return Squares(asked, done, asked, done, asked, done)


def estimate(strata: Iterable[Stratum]) -> Estimate | None:
    """The percent of all and its interval; None where nobody was asked, or all were and there is nothing to estimate.

    `low` and `high` are those of the normal distribution; where nobody, or everybody, has it they are those of the
    score interval of as many households, since the other would claim to be certain. Without the sums of squares the
    interval cannot be told, and there is no estimate.
    """
    joined = join(strata)
    households, asked = sum(each.households for each in joined), sum(each.asked for each in joined)
    if not asked or asked >= households or any(each.squares is None for each in joined):
        return None
    common = math.lcm(*(each.asked for each in joined))  # whole numbers: a city has thousands of strata
    of, done = (
        sum(
            each.households * told * (common // each.asked)
            for each, told in zip(joined, of_each, strict=True)
        )
        for of_each in ([each.of for each in joined], [each.done for each in joined])
    )
    if not of:
        return None
    ratio = Fraction(done, of)
    percent = 100 * float(ratio)
    if ratio in (0, 1):
        found = wilson(asked if ratio else 0, asked, Fraction(households, households - asked))
        return Estimate(percent, found.low, found.high, RATIO)
    spread = math.fsum(_variance(each, ratio) for each in joined)
    half = 100 * Z * math.sqrt(spread) * (common / of)
    return Estimate(percent, max(0.0, percent - half), min(100.0, percent + half), RATIO)


def _variance(stratum: Stratum, ratio: Fraction) -> float:
    """That of the stratum's total of done − ratio · of, over all its households (Cochran 5.28 and 6.44).

    In whole numbers, with the ratio's denominator taken out, and rounded once.
    """
    known, n, total = stratum.squares, stratum.asked, stratum.households
    if known is None or known.asked < 2:
        return 0.0
    done, of = ratio.denominator, ratio.numerator
    squares = done * done * known.done2 - 2 * done * of * known.cross + of * of * known.of2
    mean = done * known.done - of * known.of
    spread = known.asked * squares - mean * mean
    return total * (total - n) * spread / (n * done * done * known.asked * (known.asked - 1))


def join(strata: Iterable[Stratum]) -> list[Stratum]:
    """Strata of at least FEWEST asked: those withheld taken together, then small ones with their next in size.

    A thôn without a number of households cannot be weighted; more asked than it has makes it as large as that.
    """
    whole = [_at_least(each) for each in strata if each.households or each.asked]
    withheld = [each for each in whole if each.is_withheld]
    found = sorted((each for each in whole if not each.is_withheld), key=_size)
    if withheld:
        found = sorted([*found, sum(withheld[1:], withheld[0])], key=_size)
    while len(found) > 1:
        small = next((place for place, each in enumerate(found) if each.asked < FEWEST), None)
        if small is None:
            break
        found = _joined(found, small)
    return found


def _at_least(stratum: Stratum) -> Stratum:
    missing = max(0, stratum.asked - stratum.households)
    return stratum + Stratum(missing, 0, 0, 0, Squares()) if missing else stratum


def _size(stratum: Stratum) -> tuple[int, int, int]:
    return stratum.households, stratum.asked, stratum.done


def _joined(ordered: Sequence[Stratum], place: int) -> list[Stratum]:
    """The stratum at a place made one with its neighbour in size: the next larger, the last with the one before."""
    other = place + 1 if place + 1 < len(ordered) else place - 1
    rest = [each for n, each in enumerate(ordered) if n not in (place, other)]
    return sorted([*rest, ordered[place] + ordered[other]], key=_size)


def wilson(done: int, of: int, finite: Fraction = Fraction(1)) -> Interval:
    """The score interval of a share of people picked by chance (Wilson 1927); right at 0 and at all, and for few.

    `finite` is how much more a sample of a finite population says: N / (N − n).
    """
    n, share, z2 = of * float(finite), done / of, Z * Z
    middle = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = Z / (1 + z2 / n) * math.sqrt(share * (1 - share) / n + z2 / (4 * n * n))
    return Interval(max(0.0, 100 * (middle - half)), min(100.0, 100 * (middle + half)))
