"""How far each thôn of a draw is asked, what LQAS says of it, and what stands in the way, in sentences (R31)."""

import datetime as dt
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import sqlalchemy as sa

from geo.sampling import LotRule, LotVerdict
from server import clock
from server.db import db
from server.households import sample_list
from server.households.entity_changes import HOUSEHOLDS
from server.households.sample_list import LostReason, SampleStanding
from server.models import Commune, Entity, EntityList, SampledHousehold, SampleDraw, VillageSample
from server.places import merged_villages
from server.samples import sample_draw

CURRENT = dt.timedelta(days=91)
"""An older sample no longer says how things are: a quarter."""
LOST_WORDS: Mapping[LostReason, str] = {
    LostReason.REFUSED: "từ chối",
    LostReason.ABSENT: "vắng đủ số lần",
    LostReason.GONE: "đã chuyển, đã gộp, không còn ở thôn",
    LostReason.SILENT: "gặp nhưng không trả lời câu này",
}


@dataclass(frozen=True)
class VillageAsked:
    """A thôn of a sample: whom it has asked, and what that decides."""

    sample: VillageSample
    standing: SampleStanding
    rule: LotRule | None
    found: int
    """Of LQAS how many say yes."""
    added: int
    """Households that came on the list after the draw; they are not in the sample."""

    @property
    def asked(self) -> int:
        return len(self.standing.now.asked)

    @property
    def is_complete(self) -> bool:
        return not self.standing.now.to_visit and not self.standing.now.is_short

    @property
    def verdict(self) -> LotVerdict | None:
        """What LQAS says, as soon as it is certain; None before, and without LQAS."""
        return self.rule.settled(self.found, self.asked - self.found) if self.rule else None


def current(commune: Commune, as_of: dt.date | None = None) -> list[VillageSample]:
    """The newest sample of each thôn that was drawn by the end of a day and is not too old to speak for it."""
    end = day_end(as_of or clock.today())
    query = (
        sa.select(sa.func.max(VillageSample.id))
        .join(SampleDraw, SampleDraw.id == VillageSample.draw_id)
        .where(
            SampleDraw.commune_id == commune.id,
            SampleDraw.drawn_at < end,
            SampleDraw.drawn_at >= end - CURRENT,
        )
        .group_by(VillageSample.village_id)
    )
    found = db.session.scalars(sa.select(VillageSample).where(VillageSample.id.in_(query)))
    return sorted(found, key=lambda each: each.village.code)


def day_end(day: dt.date) -> dt.datetime:
    """The moment at which a day (UTC+7) is over."""
    return clock.end_of(day)


def of_draw(draw: SampleDraw) -> list[VillageSample]:
    """The samples that one draw made, by thôn."""
    found = db.session.scalars(sa.select(VillageSample).where(VillageSample.draw_id == draw.id))
    return sorted(found, key=lambda each: each.village.code)


def asked(samples: Sequence[VillageSample]) -> list[VillageAsked]:
    """Where each of these stands."""
    connection = db.session.connection()
    rows = sample_list.stored(connection, [each.id for each in samples])
    standing = sample_list.standings(connection, rows)
    yes, added = _found(rows, standing), _added(samples)
    return [
        VillageAsked(
            each, standing[each.id], sample_draw.rule_of(each), yes.get(each.id, 0), added.get(each.id, 0)
        )
        for each in samples
    ]


def _found(rows: Sequence[Any], standing: Mapping[int, SampleStanding]) -> dict[int, int]:
    """How many of those asked say yes to what LQAS asks."""
    asked_of = {row.indicator_id for row in rows if row.indicator_id is not None}
    everybody = {each for one in standing.values() for each in one.now.asked}
    said = sample_list.answers(db.session.connection(), everybody, asked_of)
    found: Counter[int] = Counter()
    for row in rows:
        for each in standing[row.id].now.asked:
            newest = sample_list.newest_within(
                said.get((each, row.indicator_id), ()), sample_list.window(row)
            )
            found[row.id] += newest is not None and newest[0] == newest[1] > 0
    return found


def _added(samples: Sequence[VillageSample]) -> dict[int, int]:
    """Households on the list of each open thôn, its parts among them, that its draw did not know; one statement."""
    open_now = {each.id: each.village_id for each in samples if each.ended_at is None}
    part = merged_villages.parts(open_now.values())
    drawn = sa.exists().where(
        SampledHousehold.sample_id == VillageSample.id, SampledHousehold.entity_id == Entity.id
    )
    query = (
        sa.select(VillageSample.id, sa.func.count().label("number"))
        .join(part, part.c.home == VillageSample.village_id)
        .join(Entity, Entity.village_id == part.c.id)
        .join(EntityList, EntityList.id == Entity.list_id)
        .where(
            VillageSample.id.in_(open_now), EntityList.name == HOUSEHOLDS, Entity.ended_at.is_(None), ~drawn
        )
        .group_by(VillageSample.id)
    )
    return {row.id: row.number for row in db.session.execute(query)}


def replaced_words(one: VillageAsked) -> str:
    """`12 hộ được thay: từ chối 7, vắng đủ số lần 5`; "" where nobody stands in."""
    parts = [f"{LOST_WORDS[reason]} {number}" for reason, number in sorted(one.standing.replaced.items())]
    return f"{sum(one.standing.replaced.values())} hộ được thay: {', '.join(parts)}" if parts else ""


def remarks_on(one: VillageAsked) -> list[str]:
    """What an officer should know of this thôn, a sentence each."""
    sample, standing = one.sample, one.standing
    told = []
    if sample.wanted == sample.households:
        told.append(f"Thôn có {sample.households} hộ lúc bốc: hỏi hết, không có hộ thay.")
    if words := replaced_words(one):
        told.append(f"{words}.")
    if standing.now.is_short and not standing.now.to_visit and one.verdict is None:
        lacking = sample.wanted - one.asked
        told.append(
            f"Thôn đã hết hộ thay, còn thiếu {lacking} hộ"
            + (": chưa kết luận được." if one.rule else "; ước lượng tính trên số hộ hỏi được.")
        )
    if one.added:
        told.append(f"{one.added} hộ vào danh sách sau khi bốc: không thuộc mẫu này; muốn tính thì bốc lại.")
    if erased := sample.households - standing.listed:
        told.append(f"{erased} hộ đã được xóa dữ liệu: hộ kế tiếp trong thứ tự thăm thay vào.")
    if sample.ended_by == sample_draw.SampleEnd.EVERY_DOOR:
        told.append("Thôn đã sang đi mọi nhà: các lần đến của mẫu vẫn là lần đến, không phải đi lại.")
    if sample.ended_by == sample_draw.SampleEnd.REDRAWN:
        told.append("Thôn đã được bốc lại; kết quả dừng ở lúc ấy.")
    return told


def verdict_words(one: VillageAsked) -> str:
    """`Đạt: 15/19 hộ có, cần từ 13`, `Chưa đủ: …`; "" without LQAS."""
    if one.rule is None:
        return ""
    told = f"{one.found}/{one.asked} hộ có, cần từ {one.rule.needed}/{one.rule.asked}"
    if one.verdict is LotVerdict.REACHED:
        return f"Đạt: {told}"
    return f"Không đạt: {told}" if one.verdict is LotVerdict.SHORT else f"Chưa kết luận: {told}"


def risk_words(rule: LotRule) -> str:
    """What the decision risks, in plain words: how often a thôn just at the share is called short, and one far below
    it is called reached.
    """
    if rule.asked == rule.households:
        return f"Thôn có {rule.households} hộ, hỏi hết nên không có rủi ro do bốc thăm."
    return f"Gọi nhầm {_times(rule.missed)} lần là không đạt, {_times(rule.passed)} lần là đạt."


def _times(chance: Fraction) -> str:
    hundred = 100 * float(chance)
    if not chance:
        return "0"
    return "chưa tới 1" if hundred < 1 else f"{hundred:.0f}"
