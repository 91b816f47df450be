"""Draws a sample from the list of each thôn: how many households, which, and who stands in for whom (R31)."""

import datetime as dt
import secrets
import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

import sqlalchemy as sa

from geo import sampling
from geo.sampling import LotRule
from server import audit, clock
from server.counting import writer_lock
from server.db import begin_writing, db
from server.errors import Problem
from server.households import sample_list
from server.households.entity_changes import HOUSEHOLDS
from server.intake import catch_up
from server.models import (
    Commune,
    Entity,
    EntityList,
    Indicator,
    SampledHousehold,
    SampleDraw,
    Village,
    VillageSample,
)
from server.places import communes, merged_villages
from server.samples.sample_problems import SampleProblem


class SampleMethod(StrEnum):
    """What a sample is to tell."""

    COMMUNE = "commune"
    """A share of all its thôn together, to within a margin."""
    VILLAGE = "village"
    """The same of each thôn by itself."""
    LQAS = "lqas"
    """Whether each thôn has reached a share of an indicator."""


class SampleEnd(StrEnum):
    """Why phones of a thôn show a sample no more."""

    EVERY_DOOR = "every_door"
    REDRAWN = "redrawn"


@dataclass(frozen=True)
class SampleWish:
    """What an officer wants to know, and when a household counts as asked or as lost."""

    method: SampleMethod
    counts_from: dt.date
    tries: int = 3
    margin: Fraction | None = None
    """Of the other methods than LQAS, 0 to 1."""
    indicator: Indicator | None = None
    share: Fraction | None = None
    """Of LQAS, and what share of it is wanted."""


@dataclass(frozen=True)
class VillageNeed:
    """What a wish asks of a thôn; `rule` that of LQAS, None where there is nobody to ask."""

    village: Village
    households: int
    asked: int
    rule: LotRule | None
    known: VillageSample | None
    """The sample that is open in it, and would be ended."""


def indicators() -> Sequence[Indicator]:
    """What LQAS may ask about: a household has it or has not, as teams ask."""
    query = sa.select(Indicator).where(
        Indicator.unit == "household", Indicator.kind == "state", Indicator.self_of_id.is_(None),
        Indicator.code != "tham_ho",
    )  # fmt: skip
    return db.session.scalars(query.order_by(Indicator.position, Indicator.code)).all()


def needs(commune: Commune, wish: SampleWish) -> list[VillageNeed]:
    """What each thôn of a commune needs, by code."""
    villages = communes.villages_by_code(commune)
    lists = _lists([village.id for village in villages])
    known = open_samples(commune)
    return [
        VillageNeed(village, len(lists[village.id]), asked, rule, known.get(village.id))
        for village, asked, rule in _sizes(villages, {key: len(each) for key, each in lists.items()}, wish)
    ]


def open_samples(commune: Commune) -> dict[int, VillageSample]:
    """The samples of a commune that phones show, by thôn."""
    query = sa.select(VillageSample).join(SampleDraw, SampleDraw.id == VillageSample.draw_id)
    found = db.session.scalars(
        query.where(SampleDraw.commune_id == commune.id, VillageSample.ended_at.is_(None))
    )
    return {each.village_id: each for each in found}


def newest(commune: Commune) -> int:
    """The key of the commune's last draw, 0 before the first."""
    query = sa.select(sa.func.max(SampleDraw.id)).where(SampleDraw.commune_id == commune.id)
    return db.session.scalar(query) or 0


def draw_now(
    commune: Commune, wish: SampleWish, village_ids: Collection[int], actor: audit.Actor, *, known: int
) -> SampleDraw:
    """Draw in a transaction of its own, after all that phones sent has been applied.

    `known` is the newest draw that the officer saw: of two who draw at once, or of one who presses twice, the second
    is told (SAMPLE_IMPOSSIBLE), as where none of these thôn has anybody to ask.
    """
    catch_up.caught_up()
    begin_writing()
    writer_lock.hold(db.session.connection())
    if newest(commune) != known:
        raise _impossible("vừa có một lần bốc thăm khác. Hãy mở lại trang để xem rồi bốc nếu vẫn cần.")
    made = draw(commune, wish, village_ids, actor)
    db.session.commit()
    return made


def draw(commune: Commune, wish: SampleWish, village_ids: Collection[int], actor: audit.Actor) -> SampleDraw:
    """Draw from the lists as they are now; the caller holds the writer's lock and commits.

    The seed is made now, so that nobody knew it before; what was open in these thôn is ended.
    """
    villages = [each for each in communes.villages_by_code(commune) if each.id in village_ids]
    lists = _lists([village.id for village in villages])
    sizes = _sizes(villages, {key: len(each) for key, each in lists.items()}, wish)
    if not any(asked for _, asked, _ in sizes):
        raise _impossible("các thôn đã chọn chưa có hộ nào trong danh sách. Hãy nạp danh sách hộ trước.")
    seed = f"{commune.code} {clock.today().isoformat()} {secrets.token_hex(8)}"
    _end([each for key, each in open_samples(commune).items() if key in village_ids], SampleEnd.REDRAWN)
    made = _drawn(commune, wish, seed, actor)
    samples = [_add(made, village, asked, rule, lists[village.id]) for village, asked, rule in sizes if asked]
    sample_list.retell(db.session.connection(), samples)
    detail = {"seed": seed, "method": wish.method.value, "villages": len(samples)}
    audit.add_by(actor, "sample.draw", f"commune:{commune.code}", detail)
    return made


def _add(
    made: SampleDraw, village: Village, asked: int, rule: LotRule | None, listed: Sequence[uuid.UUID]
) -> int:
    """Put the households of a thôn in the order of the draw; the key of its sample."""
    sample = VillageSample(
        draw_id=made.id, village_id=village.id, households=len(listed), wanted=asked,
        needed=rule.needed if rule else None,
    )  # fmt: skip
    db.session.add(sample)
    db.session.flush()
    ordered = sampling.order(map(str, listed), made.seed)
    rows = [
        {"sample_id": sample.id, "place": place, "entity_id": uuid.UUID(each)}
        for place, each in enumerate(ordered, 1)
    ]
    db.session.execute(sa.insert(SampledHousehold), rows)
    return sample.id


def stop_now(commune: Commune, sample_id: int, actor: audit.Actor) -> VillageSample:
    """A thôn goes on to every door: its phones list all households as before; what was asked is kept.

    In a transaction of its own; Problem SAMPLE_UNKNOWN.
    """
    catch_up.caught_up()
    begin_writing()
    writer_lock.hold(db.session.connection())
    found = next((each for each in open_samples(commune).values() if each.id == sample_id), None)
    if found is None:
        raise Problem(SampleProblem.SAMPLE_UNKNOWN)
    _end([found], SampleEnd.EVERY_DOOR)
    audit.add_by(actor, "sample.end", f"village:{found.village.code}", {"seed": found.draw.seed})
    db.session.commit()
    return found


def renew_open() -> None:
    """What acts on households changed since the last visit: every open sample is told anew. Commits."""
    catch_up.caught_up()
    begin_writing()
    connection = db.session.connection()
    writer_lock.hold(connection)
    samples = db.session.scalars(sa.select(VillageSample.id).where(VillageSample.ended_at.is_(None))).all()
    if samples:
        sample_list.retell(connection, samples)
    db.session.commit()


def rule_of(sample: VillageSample) -> LotRule | None:
    """The rule by which a thôn of LQAS is judged, as it was when it was drawn."""
    share = sample.draw.share
    return sampling.lot_rule(sample.households, Fraction(share)) if share is not None else None


def _impossible(why: str) -> Problem:
    return Problem(SampleProblem.SAMPLE_IMPOSSIBLE, why=why)


def _end(samples: Sequence[VillageSample], why: SampleEnd) -> None:
    at = clock.now()
    for each in samples:
        each.ended_at, each.ended_by = at, why.value
    db.session.flush()
    if samples:
        sample_list.retell(db.session.connection(), [each.id for each in samples])


def _drawn(commune: Commune, wish: SampleWish, seed: str, actor: audit.Actor) -> SampleDraw:
    made = SampleDraw(
        commune_id=commune.id, drawn_at=clock.now(), seed=seed, method=wish.method.value,
        margin=str(wish.margin) if wish.margin is not None else None,
        indicator_id=wish.indicator.id if wish.indicator else None,
        share=str(wish.share) if wish.share is not None else None,
        counts_from=wish.counts_from, tries=wish.tries, actor=actor.name,
    )  # fmt: skip
    db.session.add(made)
    db.session.flush()
    return made


def _sizes(
    villages: Sequence[Village], households: Mapping[int, int], wish: SampleWish
) -> list[tuple[Village, int, LotRule | None]]:
    """How many to ask in each thôn, with the rule of LQAS."""
    if wish.share is not None:
        rules = {
            each.id: sampling.lot_rule(households[each.id], wish.share) if households[each.id] else None
            for each in villages
        }
        return [(each, rule.asked if (rule := rules[each.id]) else 0, rule) for each in villages]
    if wish.margin is None:
        raise ValueError("a sample without LQAS needs a margin")
    if wish.method is SampleMethod.VILLAGE:
        return [(each, sampling.size(households[each.id], wish.margin), None) for each in villages]
    wanted = sampling.size(sum(households[each.id] for each in villages), wish.margin)
    spread = sampling.spread_over({each.code: households[each.id] for each in villages}, wanted)
    return [(each, spread[each.code], None) for each in villages]


def _lists(village_ids: Sequence[int]) -> Mapping[int, Sequence[uuid.UUID]]:
    """The households on the list of each of these thôn, those of its parts among them."""
    homes = merged_villages.homes(village_ids)
    query = (
        sa.select(Entity.id, Entity.village_id)
        .join(EntityList, EntityList.id == Entity.list_id)
        .where(EntityList.name == HOUSEHOLDS, Entity.village_id.in_(homes), Entity.ended_at.is_(None))
    )
    found: dict[int, list[uuid.UUID]] = {village: [] for village in village_ids}
    for key, village in db.session.execute(query):
        if village is not None:
            found[homes[village]].append(key)
    return found
