"""Coverage from the XML that phones sent and from nothing of the program: the rules written down once more (R1 to R9).

Nothing here imports the program. What is not in XML is given: numbers of households, lists of places and enterprises,
the plan's figures, and in which thôn a check point lies.
"""

import datetime as dt
import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from xml.etree import ElementTree

COMMUNE = ""
"""The area that all thôn make up."""
EVENTS = ("cai_smart_hai_phong", "kich_hoat_vneid", "dang_ky_chu_ky_so", "ho_tro_khac")
POINTS = ("phu_song_5g_diem", "di_dong_bang_rong_diem")
POINT_DAYS = 90
"""The newest measurement of a cell counts for so many days."""
CONNECTED = "phu_mang_khu_dan_cu"
FEWEST_ASKED = 5
"""Under so many subjects nothing of a thôn is told to who may not read records."""

WORDS = {
    "met": "đạt",
    "on_track": "đúng tiến độ",
    "at_risk": "nguy cơ",
    "behind": "chưa đạt",
    "unknown": "chưa đủ số liệu",
}


@dataclass(frozen=True)
class Goal:
    """A figure of the plan: percent of those asked (or of all there are), or a number of people."""

    id: str
    indicator: str
    value: Fraction
    comparator: str = ">="
    unit: str = "percent"
    start: dt.date = dt.date(2026, 1, 1)
    deadline: dt.date = dt.date(2026, 12, 31)
    is_over_households: bool = False

    def is_met_by(self, value: Fraction) -> bool:
        return value > self.value if self.comparator == ">" else value >= self.value


@dataclass(frozen=True)
class Ground:
    """What is known beside the XML; `units` by indicator, `lists` by thôn and unit, `thon_of` by a point."""

    thon: Sequence[str]
    households: Mapping[str, int]
    lists: Mapping[tuple[str, str], int]
    units: Mapping[str, str]
    goals: Sequence[Goal]
    day: dt.date
    thon_of: Callable[[float, float], str]
    by_chance: frozenset[str] = frozenset()
    withheld: frozenset[tuple[str, str]] = frozenset()
    """Thôn and indicators of which so few are known that leaders are told nothing: what they have too many is told to
    nobody."""
    least_reach: Fraction = Fraction(1, 2)
    least_asked: int = 100

    def goal(self, indicator: str) -> Goal | None:
        """The one that an indicator is set against: the first by id."""
        named = sorted((goal for goal in self.goals if goal.indicator == indicator), key=lambda goal: goal.id)
        return named[0] if named else None

    def expected(self, area: str, indicator: str) -> int | None:
        """How many there are to ask; None where nobody has a list of them."""
        unit = self.units[indicator]
        if indicator in self.by_chance or unit == "point":
            return None
        areas = self.thon if area == COMMUNE else [area]
        if unit == "village":
            return len(areas)
        if unit in ("household", "person", "adult"):
            return sum(self.households[each] for each in areas)
        return sum(self.lists.get((each, unit), 0) for each in areas) or None


@dataclass
class Sum:
    """done of of, and how many subjects said so."""

    done: int = 0
    of: int = 0
    subjects: int = 0

    def add(self, done: int, of: int, subjects: int = 1) -> None:
        self.done += done
        self.of += of
        self.subjects += subjects


@dataclass(frozen=True)
class Told:
    """What may be said of an indicator in an area; None where there is nothing to say."""

    done: int
    of: int
    subjects: int
    expected: int | None
    percent: float | None
    percent_judged: float | None
    state: str

    @property
    def shown(self) -> float | None:
        """The percent that is set against the goal."""
        return self.percent if self.percent_judged is None else self.percent_judged


@dataclass(frozen=True)
class Said:
    """What one submission states of one indicator."""

    when: dt.datetime
    arrived: int
    subject: str
    thon: str
    done: int
    of: int


@dataclass
class Recount:
    """All that phones sent, in the order in which it arrived, and what follows from it on a day."""

    ground: Ground
    sent: Sequence[bytes]
    by_posters: frozenset[int] = frozenset()
    """Which of these, by their place, nobody asked for at a door: counted apart (R27)."""
    sums: dict[tuple[str, str], Sum] = field(init=False)

    def __post_init__(self) -> None:
        said: dict[str, list[Said]] = defaultdict(list)
        homes: dict[str, str] = {}
        for arrived, xml in enumerate(self.sent):
            for indicator, each in self._read(arrived, ElementTree.fromstring(xml), homes):
                if _day(each.when) <= self.ground.day:
                    said[indicator].append(each)
        self.sums = defaultdict(Sum)
        for indicator, all_said in said.items():
            self._add_up(indicator, all_said)
        self._connect()

    def _read(
        self, arrived: int, root: ElementTree.Element, homes: dict[str, str]
    ) -> Iterable[tuple[str, Said]]:
        when = dt.datetime.fromisoformat(root.findtext("end") or "")
        subject, thon = self._about(arrived, root, homes)
        group = root.find("chi_tieu")
        for leaf in group if group is not None else ():
            if leaf.tag.endswith("_of") and (leaf.text or "").strip():
                indicator = leaf.tag.removesuffix("_of")
                done = int((root.findtext(f"chi_tieu/{indicator}_done") or "0").strip() or 0)
                if arrived in self.by_posters:
                    indicator += "_tu_tra_loi"
                yield indicator, Said(when, arrived, subject, thon, done, int(leaf.text or 0))

    def _about(self, arrived: int, root: ElementTree.Element, homes: dict[str, str]) -> tuple[str, str]:
        """The subject and its thôn: a cell with operator and place, an entity, else the questionnaire itself."""
        thon = root.findtext("thon") or ""
        if root.get("id") == "diem_5g":
            latitude, longitude, *_ = map(float, (root.findtext("diem") or "").split())
            cell = [root.findtext(name) or "" for name in ("o_100m", "nha_mang", "trong_ngoai")]
            return "/".join(cell), self.ground.thon_of(latitude, longitude)
        entity = root.find("meta/entity")
        named = root.findtext("chi_tieu/doi_tuong") or (entity.get("id") if entity is not None else None)
        if not named:
            return f"questionnaire {arrived}", thon
        return named, homes.setdefault(named, thon)

    def _add_up(self, indicator: str, all_said: Sequence[Said]) -> None:
        if indicator in EVENTS:
            for each in all_said:
                if _day(each.when).year == self.ground.day.year:
                    self._put(indicator, each)
            return
        newest: dict[str, Said] = {}
        for each in sorted(all_said, key=lambda one: (one.when, one.arrived)):
            newest[each.subject] = each
        for each in newest.values():
            is_old = (self.ground.day - _day(each.when)).days >= POINT_DAYS
            if not (indicator in POINTS and is_old):
                self._put(indicator, each)

    def _put(self, indicator: str, each: Said) -> None:
        for area in (each.thon, COMMUNE):
            self.sums[area, indicator].add(each.done, each.of)

    def _connect(self) -> None:
        """A thôn is connected where fibre was offered to a household and three check points have mobile broadband."""
        for thon in self.ground.thon:
            fibre, mobile = self.sums[thon, "cap_quang_ho"], self.sums[thon, "di_dong_bang_rong_diem"]
            if fibre.subjects >= 5 and mobile.subjects >= 3:
                for area in (thon, COMMUNE):
                    self.sums[area, CONNECTED].add(int(fibre.done > 0 and mobile.done >= 3), 1)

    def told(self, area: str, indicator: str) -> Told:
        """Everything of one indicator in one area."""
        found, goal = self.sums[area, indicator], self.ground.goal(indicator)
        expected = self.ground.expected(area, indicator)
        is_over_all = goal is not None and self._counts_all(goal, indicator)
        is_event = indicator in EVENTS
        asked = Fraction(100 * found.done, found.of) if found.of and not is_event else None
        percents = goal if goal and goal.unit == "percent" else None
        judged = None
        if is_over_all and asked is not None and expected:
            judged = _cut(self._value(area, indicator), percents)
        return Told(
            done=found.done,
            of=found.of,
            subjects=found.subjects,
            expected=None if is_event else expected,
            percent=None if asked is None else _cut(asked, None if is_over_all else percents),
            percent_judged=judged,
            # 40 people helped in a commune are not what each of its thôn has to reach
            state=self._state(area, indicator, goal) if goal and (area == COMMUNE or percents) else "",
        )

    def _counts_all(self, goal: Goal, indicator: str) -> bool:
        """“All of them”: every household, place, enterprise, thôn on its list, asked or not."""
        countable = self.ground.units[indicator] in ("household", "place", "business", "village")
        return goal.is_over_households or (goal.unit == "percent" and goal.value == 100 and countable)

    def _beyond(self, area: str, indicator: str) -> int:
        """How many more were met than there are said to be; what one thôn has too many closes no other's gap."""
        areas = (*self.ground.thon, COMMUNE) if area == COMMUNE else (area,)
        over = {
            each: max(0, self.sums[each, indicator].subjects - (self.ground.expected(each, indicator) or 0))
            for each in areas
            if (each, indicator) not in self.ground.withheld or each == area
        }
        return max(over.pop(area), sum(over.values()))

    def _value(self, area: str, indicator: str) -> Fraction:
        """Over all there are, and those met beyond them."""
        whole = (self.ground.expected(area, indicator) or 0) + self._beyond(area, indicator)
        return Fraction(100 * self.sums[area, indicator].done, whole or 1)

    def _reach(self, area: str, indicator: str) -> Fraction | None:
        expected = self.ground.expected(area, indicator)
        if not expected:
            return None
        met = self.sums[area, indicator].subjects - self._beyond(area, indicator)
        return min(Fraction(1), Fraction(met, expected))

    def _is_enough(self, area: str, indicator: str) -> bool:
        """Enough asked to say anything: of people by chance a number, of check points any, else a share."""
        if indicator in self.ground.by_chance:
            return self.sums[area, indicator].subjects >= self.ground.least_asked
        reach = self._reach(area, indicator)
        return self.ground.units[indicator] == "point" or (reach or Fraction(0)) >= self.ground.least_reach

    def _state(self, area: str, indicator: str, goal: Goal) -> str:
        found = self.sums[area, indicator]
        if goal.unit != "percent":
            return self._state_of_a_number(goal, found)
        if not found.of:
            return "unknown"
        asked = Fraction(100 * found.done, found.of)
        value = self._value(area, indicator) if self._counts_all(goal, indicator) else asked
        reach, is_enough = self._reach(area, indicator), self._is_enough(area, indicator)
        keeps_pace = reach is not None and reach >= _gone(goal, self.ground.day)
        if is_enough and goal.is_met_by(value):
            return "met"
        if self.ground.day > goal.deadline:
            return "behind"
        if not is_enough or goal.is_met_by(asked):
            waiting = "at_risk" if is_enough else "unknown"
            return "on_track" if goal.is_met_by(asked) and keeps_pace else waiting
        return "at_risk" if max(Fraction(0), goal.value - value) < 5 else "behind"

    def _state_of_a_number(self, goal: Goal, found: Sum) -> str:
        """People helped, added up in the year: their share of the figure against the share of time gone."""
        if not found.subjects:
            return "unknown"
        if goal.is_met_by(Fraction(found.done)):
            return "met"
        if self.ground.day > goal.deadline:
            return "behind"
        short = 100 * _gone(goal, self.ground.day) - 100 * Fraction(found.done) / goal.value
        return "on_track" if short <= 0 else "at_risk" if short < 5 else "behind"

    def is_small(self, area: str, indicator: str) -> bool:
        """Whether a leader may not be told this thôn's numbers: 1 to 4 households said something."""
        at_doors = self.ground.units[indicator] in ("household", "person", "adult")
        return at_doors and 0 < self.sums[area, indicator].subjects < FEWEST_ASKED


def _day(when: dt.datetime) -> dt.date:
    """In UTC+7."""
    return when.astimezone(dt.timezone(dt.timedelta(hours=7))).date()


def _gone(goal: Goal, day: dt.date) -> Fraction:
    """The part of the plan's days that is over at the end of `day`."""
    part = Fraction((day - goal.start).days + 1, (goal.deadline - goal.start).days + 1)
    return min(Fraction(1), max(Fraction(0), part))


def _cut(value: Fraction, goal: Goal | None) -> float:
    """One decimal, cut downwards; never the goal's own number unless it is met ("trên 85" at 85 is 84.9)."""
    tenths = math.floor(value * 10)
    if goal is not None and not goal.is_met_by(value) and tenths == goal.value * 10:
        tenths -= 1
    return tenths / 10
