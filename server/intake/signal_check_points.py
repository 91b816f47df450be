"""Check points of mobile coverage: whose subject the server makes, and which point cannot be where it says (R13)."""

import dataclasses
import uuid

from geo.village_of_point import is_in_vietnam
from server.intake.submission_sender import Sender
from server.places import communes
from server.published_forms.read_submission import MeasuredPoint, SubmissionReading
from server.published_forms.registry import KnownVersion, registry

UNIT = "point"
OPERATOR, INDOORS = "nha_mang", "trong_ngoai"
"""Questions of a form about check points; with the cell of the point they are what it is about."""

VAGUE_M = 100.0
"""An accuracy beyond this many metres says nothing about a cell of 100 m."""
FAR_M = 5_000.0
"""So far from every thôn a point is a fault of the phone, and no place to be drawn."""

UNREADABLE = "point_unreadable"
ZERO = "point_zero"
VAGUE = "point_vague"
OUTSIDE_COMMUNE = "point_outside_commune"
IMPOSSIBLE = frozenset({UNREADABLE, ZERO, VAGUE, OUTSIDE_COMMUNE})


def are_meant(version: KnownVersion) -> bool:
    """Whether a form states something about check points."""
    known = (registry().indicator(code) for code in version.definition.indicators)
    return any(indicator is not None and indicator.unit == UNIT for indicator in known)


def with_own_subject(reading: SubmissionReading, sender: Sender) -> SubmissionReading:
    """A measurement about the subject that the server makes: commune, 100 m cell, operator, indoors or outdoors.

    What the phone calls its subject is not believed: two communes that measure the same cell on their border have a
    point each, and nobody can name another's. A form without these questions is about what it says within the
    commune; one without a point is about itself alone.
    """
    if reading.version is None or reading.blocks or not are_meant(reading.version):
        return reading
    return dataclasses.replace(reading, subject=_subject(reading, sender.commune_id))


def _subject(reading: SubmissionReading, commune_id: int) -> uuid.UUID | None:
    answers, point = reading.answers, reading.point
    if OPERATOR in answers or INDOORS in answers:
        if point is None:
            return None
        parts = subject_parts(point.latitude, point.longitude, answers.get(OPERATOR), answers.get(INDOORS))
        return of(commune_id, *parts)
    return of(commune_id, str(reading.subject)) if reading.subject is not None else None


def subject_parts(latitude: float, longitude: float, operator: object, indoors: object) -> tuple[str, ...]:
    """Cell (thousandths of degrees, cut as the form cuts them), operator, indoors or outdoors."""
    cell = f"{int(latitude * 1000)} {int(longitude * 1000)}"
    return cell, str(operator or ""), str(indoors or "")


def of(commune_id: int, *parts: str) -> uuid.UUID:
    """The subject of these parts in a commune."""
    return uuid.uuid5(uuid.NAMESPACE_URL, "|".join(("check-point", str(commune_id), *parts)))


def impossible(reading: SubmissionReading, sender: Sender) -> str | None:
    """Why a check point cannot be where it says; None for one that can, and for one without a point."""
    if reading.version is None or not are_meant(reading.version):
        return None
    if reading.point is None:
        path = reading.version.definition.point_path
        is_misfit = any(fault.code == "misfit" and fault.about == path for fault in reading.faults)
        return UNREADABLE if is_misfit else None
    point = reading.point
    if not point.latitude and not point.longitude:
        return ZERO
    if point.accuracy is not None and point.accuracy > VAGUE_M:
        return VAGUE
    return OUTSIDE_COMMUNE if lies_outside(point, sender) else None


def lies_outside(point: MeasuredPoint, sender: Sender) -> bool:
    """Beyond its accuracy from every thôn; where the commune has no outlines nobody can say, but of other countries."""
    if not is_in_vietnam(point.latitude, point.longitude):
        return True
    index = communes.index()
    if index.place(point.latitude, point.longitude, point.accuracy).key is not None:
        return False
    return any(registry().commune_of(key) == sender.commune_id for key in index.keys)


def can_be_drawn(reading: SubmissionReading) -> bool:
    """Whether a point that a person let count after all is somewhere near."""
    point = reading.point
    if point is None or not is_in_vietnam(point.latitude, point.longitude):
        return False
    distance = communes.index().place(point.latitude, point.longitude, point.accuracy).distance_m
    return distance is None or distance <= FAR_M
