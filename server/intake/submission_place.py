"""Where a submission belongs, whether it may count, and what looks wrong with it."""

import dataclasses
import uuid
from collections.abc import Mapping, Set

from forms.instance import EntityBlock
from geo.village_of_point import is_in_vietnam, round_point
from geo.visit_doubts import Doubt, abroad, misplaced, outside_commune
from server.households.entity_changes import HOUSEHOLDS
from server.intake import sender_scope, signal_check_points
from server.intake.edited_submission import SEALED, Edited
from server.intake.sender_scope import EntityHome
from server.intake.submission_sender import Sender
from server.places import communes
from server.published_forms.read_submission import BOUNDS, UNREAD, MeasuredPoint, SubmissionReading
from server.published_forms.registry import KnownIndicator, registry

PENDING = "pending"
"""Accepted and not applied yet."""
FAILED = "failed"
"""Accepted, and the program could not apply it: kept for when it can (`flask submissions apply --again`)."""
OUTSIDE = "outside_village"
VERSION_UNKNOWN = "version_unknown"


@dataclasses.dataclass(frozen=True)
class PointSpot:
    """Where the point as measured lay, seen from the household's thôn; all that is kept of it (R21)."""

    home_id: int | None
    found_id: int | None
    """The thôn in which it lies."""
    doubt: Doubt | None
    """It is farther from the household's thôn than its accuracy explains, or in no thôn of the commune."""


NOWHERE = PointSpot(None, None, None)


@dataclasses.dataclass(frozen=True)
class SubmissionPlace:
    """Where a submission belongs: the thôn of its household, the thôn of its point, and why it may not count."""

    entity_id: uuid.UUID | None
    """The entity that it is about: known, new, or one whose registration has not come yet (E14)."""
    is_household: bool
    home_id: int | None
    """Thôn of the household, or the one the collector named."""
    spot: PointSpot
    kept_point: MeasuredPoint | None
    """The point as it may be stored."""
    quarantine: str | None
    """Why it is kept but counts nowhere until a person decides (C39); None: it counts."""

    @property
    def spot_id(self) -> int | None:
        """Thôn in which the point lies."""
        return self.spot.found_id

    @property
    def village_id(self) -> int | None:
        return self.home_id if self.is_household or self.spot_id is None else self.spot_id

    def village_of(self, indicator: KnownIndicator) -> int | None:
        """The thôn in which an indicator's finding counts (R4)."""
        if indicator.of_people or self.spot_id is None:
            return self.home_id
        return self.spot_id


def place(
    reading: SubmissionReading,
    known: Mapping[uuid.UUID, EntityHome],
    sender: Sender,
    edited: Edited | None = None,
    stated_in: Set[int | None] = frozenset(),
    spot: PointSpot | None = None,
) -> SubmissionPlace:
    """Decide where a submission belongs, by its household if it has one and by its point if not.

    Every id that it names is judged (`sender_scope.reaches_out`, which tells what `stated_in` is): one that is not the
    sender's to change sets the whole submission aside. `spot` is what was seen of the point when it came; where the
    household lives elsewhere by now, the point is judged anew as it was kept.
    """
    if reading.version is None or reading.instance.encrypted:
        reason = VERSION_UNKNOWN if reading.version is None else SEALED
        return SubmissionPlace(None, False, None, NOWHERE, None, reason)
    block = reading.blocks[0] if reading.blocks else None
    main = known.get(block.id if block else reading.subject) if (block or reading.subject) else None  # type: ignore[arg-type]
    is_household = _is_household(block, main)
    entity_id = main.id if main else block.id if block else None
    home_id = main.village_id if main and main.village_id is not None else _named(reading, block, sender)
    seen_from = home_id if is_household else None
    if spot is None or spot.home_id != seen_from:
        spot = _spot(reading.point, seen_from, sender)
    quarantine = _quarantine(is_household, main, home_id, spot.found_id, sender, reading)
    impossible = None if is_household or main is not None else signal_check_points.impossible(reading, sender)
    kept_point = _kept(reading)
    if impossible is not None:
        spot = dataclasses.replace(spot, doubt=None)  # what sets it aside says so
    if impossible is not None and sender.decides:
        impossible, spot = None, NOWHERE
        kept_point = kept_point if signal_check_points.can_be_drawn(reading) else None
    if sender_scope.reaches_out(reading, known, sender, edited, stated_in):
        quarantine = OUTSIDE
    return SubmissionPlace(
        entity_id,
        is_household,
        home_id if home_id is not None or is_household else spot.found_id,
        spot,
        kept_point,
        _beyond(reading, sender)
        or quarantine
        or impossible
        or (edited.refused if edited is not None else None),
    )


def _is_household(block: EntityBlock | None, main: EntityHome | None) -> bool:
    if main is not None:
        return main.list_id == registry().list_id(HOUSEHOLDS)
    return block is not None and block.list_name == HOUSEHOLDS


def _named(reading: SubmissionReading, block: EntityBlock | None, sender: Sender) -> int | None:
    """The thôn that the collector named, among their own; without a word and with one thôn it is that one."""
    code = (block.properties.get("thon") if block else None) or reading.village_code
    if code:
        return sender.villages.get(code)
    return next(iter(sender.villages.values())) if len(sender.villages) == 1 else None


def _spot(point: MeasuredPoint | None, home_id: int | None, sender: Sender) -> PointSpot:
    """The thôn in which a point lies, and the doubt where it is farther from home than its accuracy explains, lies
    outside the commune, or cannot be at all.
    """
    if point is None:
        return PointSpot(home_id, None, None)
    doubt = abroad(point.latitude, point.longitude)
    if home_id is None:
        found = communes.index().place(point.latitude, point.longitude, point.accuracy).key
        is_outside = found is None and signal_check_points.lies_outside(point, sender)
        return PointSpot(None, found, doubt or (outside_commune() if is_outside else None))
    judgement = communes.index().judge(point.latitude, point.longitude, point.accuracy, home_id)
    return PointSpot(home_id, judgement.found, doubt or misplaced(judgement, point.accuracy))


def _kept(reading: SubmissionReading) -> MeasuredPoint | None:
    """The point as it may be stored; none that would be drawn in another country."""
    if reading.point is None or not is_in_vietnam(reading.point.latitude, reading.point.longitude):
        return None
    if not reading.cuts_points:
        return reading.point
    return MeasuredPoint(
        *round_point(reading.point.latitude, reading.point.longitude), reading.point.accuracy
    )


def _quarantine(
    is_household: bool,
    main: EntityHome | None,
    home_id: int | None,
    spot_id: int | None,
    sender: Sender,
    reading: SubmissionReading,
) -> str | None:
    """A collector changes nothing outside their thôn, and nothing at all outside their commune (R23)."""
    if is_household:
        return None if home_id in sender.villages.values() else OUTSIDE
    if main is not None and main.village_id is not None and _foreign(main.village_id, sender):
        return OUTSIDE
    if spot_id is not None and _foreign(spot_id, sender):
        return OUTSIDE
    return OUTSIDE if reading.village_code and home_id is None and spot_id is None else None


def _beyond(reading: SubmissionReading, sender: Sender) -> str | None:
    """The bound that a submission breaks (R13). A person who has seen it may let it count: its blocks act in their
    order, texts are cut; not one that the server has not taken apart.
    """
    broken = [fault.code for fault in reading.faults if fault.code in BOUNDS]
    if sender.decides:
        broken = [code for code in broken if code == UNREAD]
    return broken[0] if broken else None


def _foreign(village_id: int, sender: Sender) -> bool:
    return registry().commune_of(village_id) != sender.commune_id


EDITED_AFTER_DECISION = "edited_after_decision"


def first_flags(reading: SubmissionReading, clock_flag: str | None) -> tuple[dict[str, str], ...]:
    """What its own bytes and the clock say against it, for the reviewer, each with its code."""
    found = [{"code": fault.code, "about": fault.about, "detail": fault.detail} for fault in reading.faults]
    if clock_flag:
        found.append({"code": clock_flag, "about": str(reading.observed_at), "detail": ""})
    return tuple(found)


def flags(placed: SubmissionPlace, edited: Edited | None = None) -> tuple[dict[str, str], ...]:
    """What its place says against it; an edit of what was decided on waits again (R12)."""
    found = []
    if edited is not None and edited.is_theirs and edited.review in ("approved", "has_issues"):
        found.append({"code": EDITED_AFTER_DECISION, "about": edited.review, "detail": ""})
    if placed.spot.doubt is not None:
        found.append(dataclasses.asdict(placed.spot.doubt))
    if placed.village_id is None and placed.quarantine is None:
        found.append({"code": "no_village", "about": "", "detail": ""})
    return tuple(found)
