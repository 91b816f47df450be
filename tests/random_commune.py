"""A commune drawn by chance: thôn, lists, a plan with a figure in every unit, and what phones send of it as raw XML."""

import datetime as dt
import random
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

import shapely
import sqlalchemy as sa

from server.db import db
from server.intake.submission_sender import Sender
from server.models import Indicator, Plan, Target, Village, VillageFigure
from server.places import communes
from server.plans import load_plans
from server.published_forms import library_forms
from tests import sample
from tests.independent_recount import Goal, Ground

CODE = "11629"
NOW = dt.datetime(2026, 11, 20, 6, tzinfo=dt.UTC)
TODAY = dt.date(2026, 11, 20)
FORMS = ("ho_gia_dinh", "wifi_cong_cong", "diem_5g", "doanh_nghiep", "hai_long")
AT_DOORS = {
    "phu_song_5g": 1,
    "smart_hai_phong_ho": 1,
    "cap_quang_ho": 1,
    "vneid_nguoi_dan": 5,
    "chu_ky_so_ca_nhan_18": 3,
}
"""What a household says, and of how many at most."""
UNITS = {
    "tham_ho": "household",
    "phu_song_5g": "household",
    "smart_hai_phong_ho": "household",
    "cap_quang_ho": "household",
    "vneid_nguoi_dan": "person",
    "chu_ky_so_ca_nhan_18": "adult",
    "phu_song_5g_diem": "point",
    "di_dong_bang_rong_diem": "point",
    "wifi_nha_van_hoa": "place",
    "dnvvn_cong_nghe_so": "business",
    "hai_long_tthc": "person",
    "phu_mang_khu_dan_cu": "village",
    "cai_smart_hai_phong": "person",
}
GOALS = (
    ("phu_song_5g", ">=", "percent"),
    ("smart_hai_phong_ho", ">=", "percent"),
    ("vneid_nguoi_dan", ">=", "percent"),
    ("chu_ky_so_ca_nhan_18", ">", "percent"),
    ("phu_song_5g_diem", ">=", "percent"),
    ("wifi_nha_van_hoa", ">=", "percent"),
    ("dnvvn_cong_nghe_so", ">=", "percent"),
    ("hai_long_tthc", ">=", "percent"),
    ("phu_mang_khu_dan_cu", ">=", "percent"),
    ("cai_smart_hai_phong", ">=", "count"),
)


@dataclass(frozen=True)
class Subject:
    """A household, place or enterprise of a thôn; `is_known`: it stands on the list before anybody was there."""

    id: uuid.UUID
    thon: str
    is_known: bool


class RandomCommune:
    """One drawn by a seed, stored without a single visit; `sent` draws the visits."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.commune = sample.make_commune(CODE)
        self.villages = self._villages()
        self.homes = self._listed("ho_dan", 0, 14)
        self.places = self._listed("diem_cong_cong", 0, 3)
        self.businesses = self._listed("doanh_nghiep", 0, 3)
        self.goals = self._plan()
        db.session.execute(
            sa.text("UPDATE form_version SET published_at = :day"), {"day": "2025-11-01 00:00:00+00:00"}
        )
        collector = sample.make_collector(self.commune, list(self.villages.values()), "Cả")
        codes = {code: village.id for code, village in self.villages.items()}
        self.sender = Sender(collector.collector.id, self.commune.id, codes)
        self.versions = dict(db.session.execute(sa.text(
            "SELECT form.form_id, form_version.version FROM form JOIN form_version ON form_version.form_id = form.id"
        )).all())  # fmt: skip
        communes.forget_index()

    def _villages(self) -> dict[str, Village]:
        """In a row from west to east, 0.02 degrees wide each."""
        found = {}
        for n in range(1, self.chance.randint(3, 6) + 1):
            village = sample.make_village(self.commune, f"{CODE}{n:03}", f"Thôn {n}")
            west = 106.50 + 0.02 * n
            village.outline = shapely.to_wkb(shapely.box(west, 20.80, west + 0.02, 20.82))
            village.outline_source = "drawn"
            number = self.chance.randint(4, 16)
            db.session.add(
                VillageFigure(village_id=village.id, households=number, day=dt.date(2026, 1, 1), source="CA")
            )
            found[village.code] = village
        db.session.commit()
        return found

    def _listed(self, name: str, least: int, most: int) -> list[Subject]:
        found = []
        for code, village in self.villages.items():
            for _ in range(self.chance.randint(least, most)):
                is_known = name != "ho_dan"
                if is_known:
                    data = {"loai": "nha_van_hoa"} if name == "diem_cong_cong" else {}
                    made = sample.make_entity(village, "Nơi", name, data | {"thon": code})
                    found.append(Subject(made.id, code, is_known))
                else:
                    found.append(Subject(self._id(), code, is_known))
        return found

    def _plan(self) -> tuple[Goal, ...]:
        plan = Plan(commune_id=self.commune.id, year=2026, title="Kế hoạch")
        db.session.add(plan)
        db.session.flush()
        goals = []
        for position, (code, comparator, unit) in enumerate(GOALS):
            value = self.chance.choice((50, 60, 80, 85, 100)) if unit == "percent" else 8
            deadline = self.chance.choice(
                (dt.date(2026, 12, 31), dt.date(2026, 12, 31), dt.date(2026, 10, 31))
            )
            over = code == "smart_hai_phong_ho" and value == 100
            goal = Goal(
                f"T{position:02}",
                code,
                Fraction(value),
                comparator,
                unit,
                deadline=deadline,
                is_over_households=over,
            )
            known = db.session.scalars(sa.select(Indicator).where(Indicator.code == code)).one()
            db.session.add(
                Target(
                    plan_id=plan.id, indicator_id=known.id, code=goal.id, position=position, section="I", label=code,
                    wording=code, comparator=comparator, value=str(value), unit=unit, period="year", start=goal.start,
                    deadline=deadline, how="survey", over_households=over,
                )
            )  # fmt: skip
            goals.append(goal)
        db.session.commit()
        return tuple(goals)

    def ground(self, least_asked: int, withheld: frozenset[tuple[str, str]]) -> Ground:
        lists: dict[tuple[str, str], int] = {}
        for unit, listed in (("place", self.places), ("business", self.businesses)):
            for each in listed:
                lists[each.thon, unit] = lists.get((each.thon, unit), 0) + 1
        rows = db.session.execute(sa.select(VillageFigure.village_id, VillageFigure.households)).all()
        households = {key: number or 0 for key, number in rows}
        return Ground(
            thon=tuple(self.villages),
            households={code: households[village.id] for code, village in self.villages.items()},
            lists=lists,
            units=UNITS,
            goals=self.goals,
            day=TODAY,
            thon_of=lambda _latitude, longitude: f"{CODE}{int((longitude - 106.50) / 0.02):03}",
            by_chance=frozenset({"hai_long_tthc"}),
            withheld=withheld,
            least_asked=least_asked,
        )

    def sent(self) -> Iterator[bytes]:
        """Visits in the order in which they arrive, which is not that in which they were made."""
        lean = self.chance.random()
        for home in self.homes:
            for number in range(self.chance.choice((0, 1, 1, 1, 2, 3))):
                yield self._home(home, is_first=number == 0, lean=lean)
        for place in self.places:
            for _ in range(self.chance.choice((0, 1, 1, 2))):
                yield self._filled(
                    "wifi_cong_cong", place.thon, self._pair("wifi_nha_van_hoa", 1, lean), subject=place.id
                )
        for business in self.businesses:
            for _ in range(self.chance.choice((0, 1, 1, 2))):
                stated = self._pair("dnvvn_cong_nghe_so", 1, lean)
                yield self._filled("doanh_nghiep", business.thon, stated, subject=business.id)
        for _ in range(self.chance.randint(0, 40)):
            yield self._point(lean)
        for _ in range(self.chance.randint(0, 14)):
            thon = self.chance.choice(list(self.villages))
            yield self._filled("hai_long", thon, self._pair("hai_long_tthc", 1, lean))

    def _home(self, home: Subject, *, is_first: bool, lean: float) -> bytes:
        is_met = self.chance.random() < 0.85
        stated = ""
        if is_met:
            stated = "<tham_ho_of>1</tham_ho_of><tham_ho_done>1</tham_ho_done>"
            stated += "".join(self._pair(code, most, lean) for code, most in AT_DOORS.items())
            if self.chance.random() < 0.3:
                helped = self.chance.randint(1, 3)
                stated += f"<cai_smart_hai_phong_of>{helped}</cai_smart_hai_phong_of>"
                stated += f"<cai_smart_hai_phong_done>{helped}</cai_smart_hai_phong_done>"
        act = 'create="1"' if is_first else 'update="1" baseVersion="1"'
        entity = f'<entity dataset="ho_dan" id="{home.id}" {act}><label>Hộ {home.id.hex[:4]}</label></entity>'
        own = (
            f"<tim_ho>{'moi' if is_first else 'co_san'}</tim_ho><ho>{'' if is_first else home.id}</ho>"
            f"<ma_moi>{home.id}</ma_moi><ho_id>{home.id}</ho_id><ket_qua>{'gap' if is_met else 'vang'}</ket_qua>"
            f"<dang_ky><nhan>Hộ {home.id.hex[:4]}</nhan><thon_moi>{home.thon if is_first else ''}</thon_moi></dang_ky>"
        )
        return self._filled("ho_gia_dinh", home.thon, stated, own=own, entity=entity)

    def _point(self, lean: float) -> bytes:
        """Cells of 100 m; some are measured twice, by one of two operators, out of doors."""
        n = self.chance.randint(1, len(self.villages))
        cell = self.chance.randint(0, 7)
        latitude, longitude = 20.8045, round(106.50 + 0.02 * n + 0.0025 + 0.002 * cell, 4)
        operator = self.chance.choice(("viettel", "mobifone"))
        own = (
            f"<nha_mang>{operator}</nha_mang><may_5g>co</may_5g><trong_ngoai>ngoai_troi</trong_ngoai>"
            f"<mang>5g</mang><diem>{latitude} {longitude} 0 5</diem><o_100m>{n} {cell}</o_100m>"
        )
        stated = "".join(self._pair(code, 1, lean) for code in ("phu_song_5g_diem", "di_dong_bang_rong_diem"))
        return self._filled("diem_5g", f"{CODE}{n:03}", stated, own=own)

    def _pair(self, code: str, most: int, lean: float) -> str:
        """done of `most` at most; one time in eight nothing is known."""
        if self.chance.random() < 0.12:
            return f"<{code}_of/><{code}_done/>"
        of = self.chance.randint(1, most)
        done = sum(self.chance.random() < lean for _ in range(of))
        return f"<{code}_of>{of}</{code}_of><{code}_done>{done}</{code}_done>"

    def _filled(
        self,
        form: str,
        thon: str,
        stated: str,
        *,
        own: str = "",
        subject: uuid.UUID | None = None,
        entity: str = "",
    ) -> bytes:
        days = self.chance.choice((0, 1, 5, 30, 80, 89, 90, 120, 300, 340))
        end = NOW - dt.timedelta(
            days=days, hours=self.chance.randint(1, 5), seconds=self.chance.randint(0, 3000)
        )
        named = f"<doi_tuong>{subject}</doi_tuong>" if subject else ""
        return (
            f'<data id="{form}" version="{self.versions[form]}"><end>{end.isoformat()}</end><thon>{thon}</thon>{own}'
            f"<chi_tieu>{named}{stated}</chi_tieu>"
            f"<meta><instanceID>uuid:{self._id()}</instanceID>{entity}</meta></data>"
        ).encode()

    def _id(self) -> uuid.UUID:
        return uuid.UUID(int=self.chance.getrandbits(128), version=4)


def publish() -> None:
    """The library's forms and indicators, before any commune is drawn."""
    load_plans.load_indicators()
    library_forms.publish_library(FORMS)
    db.session.commit()
