"""What a person does with the parts of a thôn: split it, move a lane, name a part, say who walks it, join it again."""

import uuid
from collections import Counter
from collections.abc import Collection, Sequence

import sqlalchemy as sa
from sqlalchemy.orm import selectinload

from geo.area_lanes import WalkedHome, by_lane, split
from geo.plain_words import one_line
from server import audit
from server.counting import writer_lock
from server.db import db
from server.errors import Problem
from server.households.areas_on_phones import LONGEST_NAME
from server.households.household_problems import HouseholdProblem
from server.models import Collector, CollectorVillage, Village, WalkingArea, WalkingHousehold, WalkingMember

MOST_PARTS = 40
MOST_MEMBERS = 2


def team(village: Village) -> Sequence[Collector]:
    """Who walks a thôn today, in the order of their keys."""
    walks = Collector.villages.any(
        sa.and_(CollectorVillage.until.is_(None), CollectorVillage.village_id == village.id)
    )
    query = sa.select(Collector).where(walks, Collector.revoked_at.is_(None)).order_by(Collector.id)
    return db.session.scalars(query).all()


def areas(village: Village) -> Sequence[WalkingArea]:
    """The parts of a thôn, in their order."""
    query = sa.select(WalkingArea).where(WalkingArea.village_id == village.id)
    query = query.options(selectinload(WalkingArea.members))
    return db.session.scalars(query.order_by(WalkingArea.position)).all()


def team_sizes(village_ids: Collection[int]) -> Counter[int]:
    """How many walk each of these thôn today. One statement."""
    query = (
        sa.select(CollectorVillage.village_id, sa.func.count())
        .join(Collector, Collector.id == CollectorVillage.collector_id)
        .where(
            CollectorVillage.until.is_(None),
            CollectorVillage.village_id.in_(village_ids),
            Collector.revoked_at.is_(None),
        )
        .group_by(CollectorVillage.village_id)
    )
    return Counter({row[0]: row[1] for row in db.session.execute(query)})


def part_numbers(village_ids: Collection[int], *, walked: bool = False) -> Counter[int]:
    """How many parts each of these thôn has, or how many of them somebody walks. One statement."""
    query = sa.select(WalkingArea.village_id, sa.func.count()).group_by(WalkingArea.village_id)
    query = query.where(WalkingArea.village_id.in_(village_ids))
    if walked:
        query = query.where(WalkingArea.members.any())
    return Counter({row[0]: row[1] for row in db.session.execute(query)})


def suggested(members: int, households: int) -> int:
    """Into how many parts a thôn may well be split: one for each member, or for two of them where they are many."""
    parts = members if members <= MOST_PARTS else -(-members // MOST_MEMBERS)
    return max(1, min(parts, households, MOST_PARTS))


def divide(village: Village, homes: Sequence[WalkedHome[uuid.UUID]], parts: int) -> None:
    """Split a thôn anew: its members are dealt to the parts in their order, names stay. Problem for too many parts."""
    writer_lock.hold(db.session.connection())
    if not 0 < parts <= min(MOST_PARTS, len(homes)):
        raise _impossible(f"thôn có {len(homes)} hộ, chia được từ 1 đến {min(MOST_PARTS, len(homes))} phần.")
    names = {area.position: area.name for area in areas(village)}
    _remove(village)
    members = team(village)
    for number, share in enumerate(split(homes, parts)):
        area = WalkingArea(
            village_id=village.id, position=number + 1, name=names.get(number + 1, f"Phần {number + 1}"),
            lanes=list(share.lanes), version=1,
            members=[
                WalkingMember(collector_id=each.id)
                for each in members[number : number + MOST_MEMBERS * parts : parts][:MOST_MEMBERS]
            ],
        )  # fmt: skip
        db.session.add(area)
        db.session.flush()
        db.session.add_all(WalkingHousehold(entity_id=key, area_id=area.id) for key in share.singles)
    audit.note("walk.split", f"village:{village.code}", {"parts": parts})


def join(village: Village) -> None:
    """No parts any more: everybody walks the whole thôn."""
    writer_lock.hold(db.session.connection())
    _remove(village)
    audit.note("walk.join", f"village:{village.code}")


def move_lane(village: Village, homes: Sequence[WalkedHome[uuid.UUID]], lane: str, area_id: int) -> None:
    """Give a lane, with all that stands in it, to one part of its thôn."""
    writer_lock.hold(db.session.connection())
    target = _area(village, area_id)
    keys = by_lane(homes).get(lane)
    if keys is None:
        raise _impossible("thôn không có ngõ này.")
    for area in areas(village):
        area.lanes = [*(each for each in area.lanes if each != lane), *([lane] if area is target else [])]
        area.version += 1
    db.session.execute(sa.delete(WalkingHousehold).where(WalkingHousehold.entity_id.in_(keys)))
    audit.note("walk.move_lane", f"village:{village.code}", {"part": target.position})


def name(village: Village, area_id: int, wanted: str) -> None:
    """Call a part otherwise. Problem for a name that is empty, too long or another part's."""
    area, clean = _area(village, area_id), one_line(wanted)
    if not clean or len(clean) > LONGEST_NAME:
        raise _impossible(f"tên phần cần 1–{LONGEST_NAME} chữ; điện thoại hiện nó ngay sau tên hộ.")
    if any(each.name == clean for each in areas(village) if each is not area):
        raise _impossible(f"đã có phần tên “{clean}”.")
    area.name = clean
    audit.note("walk.name", f"village:{village.code}", {"part": area.position})


def assign(village: Village, area_id: int, collector_ids: Collection[int]) -> None:
    """Say who walks a part: nobody, one or two of the thôn's team."""
    area, wanted = _area(village, area_id), set(collector_ids)
    if len(wanted) > MOST_MEMBERS or not wanted <= {each.id for each in team(village)}:
        raise _impossible("mỗi phần giao cho một hoặc hai người đang đi thôn này.")
    before = {each.collector_id for each in area.members}
    area.members = [each for each in area.members if each.collector_id in wanted]
    area.members += [WalkingMember(collector_id=each) for each in sorted(wanted - before)]
    audit.note(
        "walk.assign", f"village:{village.code}", {"part": area.position, "collectors": sorted(wanted)}
    )


def _area(village: Village, area_id: int) -> WalkingArea:
    found = db.session.get(WalkingArea, area_id)
    if found is None or found.village_id != village.id:
        raise Problem(HouseholdProblem.WALKING_AREA_UNKNOWN)
    return found


def _remove(village: Village) -> None:
    of_village = sa.select(WalkingArea.id).where(WalkingArea.village_id == village.id)
    for table in (WalkingHousehold, WalkingMember):
        db.session.execute(sa.delete(table).where(table.area_id.in_(of_village)))
    db.session.execute(sa.delete(WalkingArea).where(WalkingArea.village_id == village.id))
    db.session.expire_all()


def _impossible(why: str) -> Problem:
    return Problem(HouseholdProblem.WALKING_AREA_IMPOSSIBLE, why=why)
