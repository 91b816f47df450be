"""A commune to show: figures of its plan, thôn with made-up outlines, and counts that differ from thôn to thôn."""

import datetime as dt
from collections.abc import Mapping
from fractions import Fraction

import shapely
import sqlalchemy as sa

from forms import plans
from geo import illustrative_outlines
from geo.compute_coverage import (
    CommuneInput,
    CountedIndicator,
    CoverageTable,
    HouseholdsSource,
    VillageInput,
    table,
)
from geo.target_states import Tallied, TargetFigure
from server.accounts import persons, roles
from server.counting import tally
from server.db import db
from server.models import Commune, TallyDay, Village, VillageFigure
from server.models import Indicator as IndicatorRow
from server.plans import load_plans

PASSWORD = "mat khau de thu 2026"
NOON = dt.datetime(2026, 11, 22, 5, 0, tzinfo=dt.UTC)
TODAY = dt.date(2026, 11, 22)

INDICATORS = (
    CountedIndicator("tham_ho", "Hộ đã gặp", "household", "state"),
    CountedIndicator("phu_song_5g", "Phủ sóng 5G", "household", "state"),
    CountedIndicator("vneid_18_kich_hoat", "Người lớn dùng VNeID", "adult", "state"),
    CountedIndicator("smart_hai_phong_ho", "Hộ dùng Smart Hải Phòng", "household", "state"),
    CountedIndicator("cai_smart_hai_phong", "Người được giúp cài", "person", "event"),
)


def target(id_: str, indicator: str, **fields: object) -> TargetFigure:
    """A percent of households by the end of 2026, at least 80 unless told otherwise."""
    values: dict[str, object] = {
        "label": indicator,
        "section": "I.2.a",
        "comparator": ">=",
        "value": Fraction(80),
        "unit": "percent",
        "period": "year",
        "start": dt.date(2026, 1, 1),
        "deadline": dt.date(2026, 12, 31),
        "indicator": indicator,
    } | fields
    return TargetFigure(id=id_, **values)  # type: ignore[arg-type]


TARGETS = (
    target("AL-T01", "phu_song_5g", label="Phủ sóng 5G"),
    target("AL-T05", "vneid_18_kich_hoat", label="Người lớn dùng VNeID", comparator=">", value=Fraction(85)),
    target(
        "AL-T09",
        "ho_so_truc_tuyen",
        label="Hồ sơ trực tuyến",
        how="office",
        office="Văn phòng HĐND và UBND xã",
    ),
    target(
        "AL-T26",
        "smart_hai_phong_ho",
        label="Hộ dùng Smart Hải Phòng",
        value=Fraction(100),
        over_households=True,
    ),
)


def village(number: int, households: int | None, **tallied: Tallied) -> VillageInput:
    visits = tallied.get("tham_ho", Tallied())
    return VillageInput(
        code=f"1162900{number}",
        name=f"Thôn {number}",
        households=households,
        visited=visits.subjects,
        tallied=tallied,
    )


def visited(households: int, done: int, asked: int | None = None) -> Mapping[str, Tallied]:
    """So many households met; in `done` of the households asked (all of them) there is 5G."""
    asked = households if asked is None else asked
    return {
        "tham_ho": Tallied(households, households, households),
        "phu_song_5g": Tallied(done, asked, asked),
    }


VILLAGES = (
    village(1, 100, **visited(80, 72)),
    village(2, 120, **visited(90, 50)),
    village(3, 60, **visited(20, 12)),
    village(4, 50),
)


def sample(
    villages: tuple[VillageInput, ...] = VILLAGES,
    *,
    targets: tuple[TargetFigure, ...] = TARGETS,
    indicators: tuple[CountedIndicator, ...] = INDICATORS,
    as_of: dt.date = TODAY,
    full: bool = False,
) -> CoverageTable:
    """The table of a commune with these thôn."""
    figures = [each.households for each in villages if each.households is not None]
    given = CommuneInput(
        code="11629",
        name="An Lão",
        as_of=as_of,
        received_until=NOON,
        households=sum(figures) if figures else None,
        households_source=HouseholdsSource(dt.date(2026, 1, 1), "UBND xã") if figures else None,
        villages=villages,
        indicators=indicators,
        targets=targets,
    )
    return table(given, full=full)


# What is asked of how many, by indicator: share done in the best and the worst thôn, units a household.
SURVEYED = {
    "tham_ho": (1.0, 1.0, 1),
    "phu_song_5g": (0.98, 0.35, 1),
    "bang_rong_1gbps": (0.9, 0.55, 1),
    "vneid_nguoi_dan": (0.93, 0.6, 3),
    "vneid_18_kich_hoat": (0.97, 0.7, 2),
    "chu_ky_so_ca_nhan_18": (0.6, 0.12, 2),
    "smart_hai_phong_ho": (0.85, 0.3, 1),
    "cai_smart_hai_phong": (0.3, 0.3, 1),
}


def fill(code: str = "11629", *, villages: int | None = None) -> Commune:
    """Store a commune with its plan, its thôn and eight weeks of counts; the caller commits."""
    sketch = next(each for each in illustrative_outlines.communes() if each.code == code)
    commune = Commune(
        code=code,
        name=sketch.name,
        kind=sketch.kind,
        outline=shapely.to_wkb(sketch.geometry),
        illustrative=True,
    )
    db.session.add(commune)
    db.session.flush()
    load_plans.load_indicators()
    load_plans.load(plans.read({"11629": "an_lao_2026", "10930": "mao_dien_2026"}[code]))
    db.session.flush()
    indicators = dict(db.session.execute(sa.select(IndicatorRow.code, IndicatorRow.id)).all())
    for number, drawn in enumerate(illustrative_outlines.villages(code)[:villages]):
        row = Village(
            commune_id=commune.id,
            code=drawn.code,
            name=drawn.name,
            outline=shapely.to_wkb(drawn.geometry),
            illustrative=True,
        )
        db.session.add(row)
        db.session.flush()
        db.session.add(
            VillageFigure(
                village_id=row.id, day=dt.date(2026, 1, 1), source="UBND xã", households=drawn.households
            )
        )
        _count(row.id, number, drawn.households, indicators)
    db.session.flush()
    tally.rebuild_months(db.session.connection())
    return commune


def _count(village_id: int, number: int, households: int, indicators: Mapping[str, int]) -> None:
    """Eight weeks; one thôn not begun, one with three households, the others at different speeds."""
    met = {7: 0, 11: 3}.get(number, int(households * (0.35 + 0.6 * ((number * 7) % 11) / 10)))
    quality = ((number * 5) % 13) / 12
    for code, (best, worst, each) in SURVEYED.items():
        gone = 0
        for week in range(8):
            now = met * (week + 1) // 8
            asked, gone = now - gone, now
            if asked:
                of = asked * each
                done = min(of, round(of * (worst + (best - worst) * quality)))
                day = TODAY - dt.timedelta(days=7 * (7 - week) + 1)
                db.session.add(
                    TallyDay(
                        village_id=village_id,
                        indicator_id=indicators[code],
                        day=day,
                        done=done,
                        of=of,
                        subjects=asked,
                    )
                )


def sign_up(commune: Commune, role: str = "leader", username: str = "lanh.dao") -> None:
    """A person of this role who can sign in with PASSWORD."""
    home = None if role in roles.CITY_WIDE else commune
    persons.add(username, "Nguyễn Thị Hạnh", [role], commune=home, password=PASSWORD)
