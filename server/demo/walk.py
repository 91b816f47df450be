"""One collector's eight weeks: each week they sync, knock where their list says, and send what they have filled."""

import csv
import datetime as dt
import io
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from uuid import UUID

from forms.engine.engine import Fillable, Filling
from geo.illustrative_outlines import VillageSketch, scatter
from server.clock import LOCAL
from server.demo import answers, names, rarer_forms
from server.demo.answers import Door, Kit, Point
from server.demo.people import Walker
from server.demo.phone import FILLING, DemoPhone
from server.demo.scale import Scale
from server.demo.schedule import Errand, ErrandKind, Slip
from server.demo.village_differences import OPERATORS, Character, household

_MINUTES = {ErrandKind.HOUSEHOLD: (5, 14), ErrandKind.BUSINESS: (5, 12)}
_SHORTER = (2, 6)
"""How long a form takes, from start to end."""
_HURRY = dt.timedelta(seconds=40)
"""A form filled in at home from memory."""
_HOUSES = 80
"""Made points of houses in a thôn."""
_AHEAD = dt.timedelta(days=400)
_RESET = dt.datetime(1970, 1, 1, 7, 30, tzinfo=LOCAL)
_OLD = b"2026090101"
"""A version that somebody tried out before publication and that a phone still has."""


@dataclass(frozen=True)
class Country:
    """The thôn by code: their shapes, how they are, and points where their houses stand."""

    scale: Scale
    sketches: Mapping[str, VillageSketch]
    characters: Mapping[str, Character]
    houses: Mapping[str, Sequence[Point]]


def country(sketches: Sequence[VillageSketch], characters: Mapping[str, Character], scale: Scale) -> Country:
    """The country that collectors walk in."""
    houses = {sketch.code: scatter(sketch, _HOUSES, scale.seed) for sketch in sketches}
    return Country(scale, {sketch.code: sketch for sketch in sketches}, characters, houses)


class Walk:
    """A collector under way; `sent` is called after every visit that the server has taken."""

    def __init__(
        self, land: Country, walker: Walker, number: int, phone: DemoPhone, sent: Callable[[], None]
    ) -> None:
        self.land, self.walker, self.phone, self.sent = land, walker, phone, sent
        self.dice = land.scale.dice("walk", number)
        self.kit = kit(self.dice)
        self.rows: dict[str, list[dict[str, str]]] = {}
        self.results: Counter[str] = Counter()

    def week(self, week: Sequence[Errand]) -> None:
        """Sync, then do this week's errands in the order of their hours."""
        forms = self.phone.sync()
        self._read_list()
        self.phone.head()
        moments = sorted(self._moment(errand.week) for errand in week)
        for errand, moment in zip(self.dice.sample(week, len(week)), moments, strict=True):
            self._do(errand, moment, forms)

    def _read_list(self) -> None:
        """Their list as it came with the form, the doors that they will try first in front."""
        self.rows = {code: [] for code in self.walker.villages}
        listed = io.StringIO(self.phone.lists(ErrandKind.HOUSEHOLD, "ho_dan.csv").decode())
        for row in csv.DictReader(listed):
            if row["tinh_trang"] != "da_chuyen":
                self.rows[row["thon"]].append(row)
        for rows in self.rows.values():
            rows.sort(key=lambda row: _ORDER.get(row["tinh_trang"], 9) + self.dice.random())

    def _moment(self, week: int) -> dt.datetime:
        """In the late afternoon, the evening, or at weekends when people are at home."""
        day = self.land.scale.first_day + dt.timedelta(days=7 * week)
        weights = [3 if (day + dt.timedelta(days=each)).weekday() >= 5 else 1 for each in range(7)]
        chosen = day + dt.timedelta(days=self.dice.choices(range(7), weights)[0])
        hour = self.dice.choices((8, 9, 10, 14, 15, 16, 17, 18, 19), (2, 3, 2, 1, 2, 3, 4, 5, 3))[0]
        at = dt.time(hour, self.dice.randrange(60), self.dice.randrange(60))
        return dt.datetime.combine(chosen, at, LOCAL)

    def _do(self, errand: Errand, moment: dt.datetime, forms: Mapping[str, Fillable]) -> None:
        moment = _by_his_clock(moment, errand.slip)
        with FILLING:
            xml, files = self._filled(errand, moment, forms[errand.kind])
        if errand.slip is Slip.OLD_VERSION:
            xml = xml.replace(f'version="{_version(xml)}"'.encode(), b'version="%s"' % _OLD, 1)
        self.phone.send(xml, files)
        if errand.slip is Slip.RESENT:
            self.phone.send(xml, files)
        self.sent()

    def _filled(self, errand: Errand, moment: dt.datetime, form: Fillable) -> tuple[bytes, dict[str, bytes]]:
        filling = form.start(moment, self.phone.device, self._uuid)
        files = self._fill(errand, filling)
        problems = filling.problems()
        if problems:
            raise AssertionError(f"{errand}: {problems}")
        minutes = self.dice.uniform(*_MINUTES.get(errand.kind, _SHORTER))
        length = _HURRY if errand.slip is Slip.HURRIED else dt.timedelta(minutes=minutes)
        return filling.submission(moment + length), files

    def _uuid(self) -> str:
        return str(UUID(int=self.dice.getrandbits(128), version=4))

    def _fill(self, errand: Errand, filling: Filling) -> dict[str, bytes]:
        if errand.kind is ErrandKind.HOUSEHOLD:
            door = self._door(errand)
            answers.at_door(filling, door, self.kit, self.dice)
            self.results[door.result] += 1
            return {}
        code, character = errand.village, self.land.characters[errand.village]
        point = self.dice.choice(self.land.houses[code])
        if errand.kind is ErrandKind.CHECKPOINT:
            answers.at_point(filling, code, point, character, self.dice)
            return {}
        if errand.kind is not ErrandKind.WIFI:
            return rarer_forms.fill(errand.kind, filling, code, character, self.dice)
        filling.answer("thon", code)
        place = next(c.name for c in filling.choices("dia_diem") if c.label.startswith("Nhà văn hóa"))
        return answers.at_place(filling, code, place, self.land.sketches[code].centre, character, self.dice)

    def _door(self, errand: Errand) -> Door:
        code = errand.village
        row = self._next(code)
        key = row["name"] if row else self._uuid()
        own = self.land.scale.dice("household", key)
        met = errand.slip in (Slip.FAR_POINT, Slip.HURRIED)
        return Door(
            village=code,
            key=row["name"] if row else None,
            result="gap" if met else _result(row, self.dice),
            household=household(self.land.characters[code], own),
            point=self._far(code) if errand.slip is Slip.FAR_POINT else own.choice(self.land.houses[code]),
            address=f"Ngõ {own.randint(1, 9)}, số {own.randint(1, 99)}A",
            head=names.person(own),
            gives_point=errand.slip is Slip.FAR_POINT or self.dice.random() < 0.3,
        )

    def _next(self, code: str) -> dict[str, str] | None:
        """The next door of their list, once a week each; None for a household that the list does not have."""
        rows = self.rows[code]
        if not rows or self.dice.random() < 0.015:
            return None
        # of those that were away they try two in three again before they go on to new doors
        if len(rows) > 1 and rows[0]["tinh_trang"] == "vang" and self.dice.random() < 0.33:
            return rows.pop(1)
        return rows.pop(0)

    def _far(self, code: str) -> Point:
        """A point that was recorded at home, in the thôn farthest off, instead of at the door."""
        here = self.land.sketches[code].centre
        others = [each for each in self.land.sketches.values() if each.code[:5] == code[:5]]
        return max(
            (each.centre for each in others), key=lambda at: abs(at[0] - here[0]) + abs(at[1] - here[1])
        )


_ORDER = {"vang": 0.0, "chua_tham": 0.5, "tu_choi": 3.0, "da_gap": 2.0}
"""Those away before and those not visited yet, somewhat mixed; then those met, and last those who refused."""


def _by_his_clock(moment: dt.datetime, slip: Slip | None) -> dt.datetime:
    if slip is Slip.CLOCK_AHEAD:
        return moment + _AHEAD
    return _RESET if slip is Slip.CLOCK_RESET else moment


def kit(dice: Random) -> Kit:
    """One or two SIMs; one phone in twenty cannot use 5G."""
    capable = dice.random() >= 0.05
    number = dice.choice((1, 2, 2))
    sims = {OPERATORS[at] for at in dice.choices(range(3), (60, 25, 15), k=number)}
    return Kit({each: capable for each in OPERATORS if each in sims})


def _result(row: Mapping[str, str] | None, dice: Random) -> str:
    """How a knock ends: of those met before, most are met again."""
    if row is None:
        return dice.choices(("gap", "vang"), (9, 1))[0]
    state = row["tinh_trang"]
    if state == "da_gap":
        return dice.choices(("gap", "vang"), (9, 1))[0]
    away = {"vang": 15, "tu_choi": 5}.get(state, 21)
    refuses = {"vang": 6, "tu_choi": 70}.get(state, 8)
    return dice.choices(("gap", "vang", "tu_choi", "da_chuyen"), (98.8 - away - refuses, away, refuses, 1.2))[
        0
    ]


def _version(xml: bytes) -> str:
    return xml.split(b'version="', 1)[1].split(b'"', 1)[0].decode()
