"""How large the demonstration is and when it happens; the same seed on the same day gives the same visits."""

import datetime as dt
import random
from dataclasses import dataclass

from server.clock import LOCAL

COMMUNES = ("11629", "10930")
SHARE = {"11629": 0.62, "10930": 0.38}
"""Of the visits; An Lão is to pass the reach at which targets are judged (R6), Mao Điền is not yet."""
WEEKS = 8
SOURCE = "số liệu minh họa"


@dataclass(frozen=True)
class Scale:
    """`households` in each of the two communes; the visits fall in the eight weeks that end the day before `today`."""

    visits: int
    households: int
    today: dt.date
    seed: int = 11629

    @property
    def first_day(self) -> dt.date:
        """The first day on which somebody walks."""
        return self.today - dt.timedelta(weeks=WEEKS)

    @property
    def published_at(self) -> dt.datetime:
        """A week before that: visits dated before their form's publication would not be believed (R2)."""
        return dt.datetime.combine(self.first_day - dt.timedelta(weeks=1), dt.time(8), LOCAL)

    def dice(self, *about: object) -> random.Random:
        """Chance that is the same at every run for the same thing."""
        return random.Random("/".join(map(str, (self.seed, *about))))  # noqa: S311


def share(total: int, weights: list[float], most: list[int]) -> list[int]:
    """`total` whole things by weights, none with more than its `most`; fewer than `total` only where all are full."""
    given = [0] * len(weights)
    left = total
    while left > 0:
        open_ones = [i for i, limit in enumerate(most) if given[i] < limit and weights[i] > 0]
        if not open_ones:
            break
        whole = sum(weights[i] for i in open_ones)
        exact = {i: left * weights[i] / whole for i in open_ones}
        for i in open_ones:
            given[i] += min(int(exact[i]), most[i] - given[i])
        rest = total - sum(given)
        if rest == left:  # less than one thing each: the largest parts first
            for i in sorted(open_ones, key=lambda i: -exact[i])[:rest]:
                given[i] += 1
        left = total - sum(given)
    return given
