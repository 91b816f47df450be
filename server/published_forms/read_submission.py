"""What a submission says, read before any transaction begins."""

import dataclasses
import datetime as dt
import hashlib
import uuid
from collections.abc import Iterator
from typing import Any, cast

from lxml import etree

from forms import indicators
from forms.definition import HOUSEHOLD_LIST, Definition
from forms.errors import Fault, Unreadable
from forms.instance import EntityBlock, Instance, answers, binaries, entities, read, times
from forms.rounded_points import rounded, rounded_unseen
from forms.typed_values import point
from server.errors import CommonProblem, Problem
from server.published_forms.form_problems import FormProblem
from server.published_forms.registry import KnownForm, KnownIndicator, KnownVersion, registry

TOLERANCE = dt.timedelta(minutes=10)
"""How far a phone's clock may be off before its time is not believed (R2)."""

MOST_BLOCKS = 50
MOST_READ = 1_000
"""Blocks of one submission that a person may let count; one with more is not even taken apart."""
LONGEST_LABEL = 200
LONGEST_PROPERTY = 2_000
TOO_MANY, TWICE, TOO_LONG, UNREAD = (
    "too_many_entities", "entity_twice", "entity_too_long", "entities_unread"
)  # fmt: skip
BOUNDS = frozenset({TOO_MANY, TWICE, TOO_LONG, UNREAD})
"""Faults of what one submission does to entities; it is set aside with any of them (R13)."""
_ACTING = etree.XPath(
    "count(//*[local-name()='meta']/*[local-name()='entity'][@create='1' or @create='true' or @update='1' or "
    "@update='true'])"
)

WHY = {
    "not_xml": "nội dung không phải XML.",
    "doctype": "phiếu có phần DOCTYPE, không được nhận.",
    "too_deep": "phiếu có quá nhiều tầng.",
    "too_large": "phiếu quá lớn.",
    "no_id": "phiếu không nói mình thuộc biểu mẫu nào.",
    "bad_id": "mã biểu mẫu không hợp lệ.",
    "bad_version": "phiên bản biểu mẫu không hợp lệ.",
    "no_instance_id": "phiếu không có mã phiếu (instanceID).",
    "bad_instance_id": "mã phiếu (instanceID) không hợp lệ.",
    "control_characters": "phiếu có ký tự điều khiển.",
}


@dataclasses.dataclass(frozen=True)
class MeasuredPoint:
    """Where the visit was, as the phone measured it; accuracy in metres."""

    latitude: float
    longitude: float
    accuracy: float | None


@dataclasses.dataclass(frozen=True)
class ReadStatement:
    """A finding before it has a place: whole numbers, 0 ≤ done ≤ of."""

    indicator: KnownIndicator
    done: int
    of: int


@dataclasses.dataclass(frozen=True)
class SubmissionReading:
    """One submission, understood as far as it can be."""

    instance: Instance
    sha256: bytes
    """Of the bytes received."""
    form: KnownForm
    version: KnownVersion | None
    xml: bytes
    """As it may be stored."""
    answers: dict[str, Any]
    """As they may be stored."""
    blocks: tuple[EntityBlock, ...]
    statements: tuple[ReadStatement, ...]
    subject: uuid.UUID | None
    point: MeasuredPoint | None
    """As measured: to find the thôn, never to be stored for a household (R21)."""
    result: str | None
    village_code: str | None
    observed_at: dt.datetime | None
    """By the phone's clock; None where it says nothing."""
    files: frozenset[str]
    faults: tuple[Fault, ...]

    @property
    def cuts_points(self) -> bool:
        return self.version is not None and self.version.cuts_points

    @property
    def about(self) -> uuid.UUID | None:
        """The entity that the submission is about: that of its first block, else its subject."""
        return self.blocks[0].id if self.blocks else self.subject


def understand(xml: bytes) -> SubmissionReading:
    """Read a submission; raises Problem where there is nothing that could be kept."""
    try:
        instance = read(xml)
    except Unreadable as error:
        raise Problem(
            FormProblem.SUBMISSION_UNREADABLE, why=WHY.get(error.code, "nội dung không đọc được.")
        ) from error
    form = registry().form(instance.form_id)
    if form is None:
        raise Problem(CommonProblem.FORM_UNKNOWN, form_id=instance.form_id)
    version = registry().version(form, instance.version)
    digest = hashlib.sha256(xml).digest()
    if version is None or instance.encrypted:
        return _closed(instance, digest, form, version)
    acting = _acting(instance)
    if acting > MOST_READ:
        return _closed(instance, digest, form, version, Fault(UNREAD, str(acting), ""))
    return _opened(instance, digest, form, version, acting)


def _closed(
    instance: Instance, digest: bytes, form: KnownForm, version: KnownVersion | None, *faults: Fault
) -> SubmissionReading:
    """A submission that is kept whole without being understood: of an unknown version, sealed (C44), or a flood."""
    sealed = instance.encrypted or not form.cuts_points
    return SubmissionReading(
        instance, digest, form, version,
        xml=instance.xml if sealed else rounded_unseen(instance.xml),
        answers={}, blocks=(), statements=(), subject=None, point=None, result=None,
        village_code=None, observed_at=None,
        files=binaries(instance, version.definition) if version and not faults else frozenset(), faults=faults,
    )  # fmt: skip


def _opened(
    instance: Instance, digest: bytes, form: KnownForm, version: KnownVersion, acting: int
) -> SubmissionReading:
    definition = version.definition
    stored = rounded(instance, definition) if version.cuts_points else instance
    kept = answers(stored, definition)
    found = entities(stored, definition)
    blocks = tuple(map(_without_shown, found.blocks))
    stated = indicators.state(stored, definition)
    when = times(instance, definition)
    statements, unknown = _known(stated)
    misfits = tuple(Fault("misfit", path, "") for path in kept.misfits)
    bounds = _bounds(blocks, stored, definition, acting)
    return SubmissionReading(
        instance, digest, form, version,
        xml=stored.xml, answers=kept, blocks=blocks, statements=statements, subject=stated.subject,
        point=_point(instance.found(definition).texts.get(definition.point_path or "")),
        result=_word(kept.get(definition.result_path or "")),
        village_code=_word(kept.get(definition.village_path or "")),
        observed_at=when.end or when.start, files=binaries(instance, definition),
        faults=(*bounds, *found.faults, *stated.faults, *when.faults, *misfits, *unknown),
    )  # fmt: skip


SHOWN_ON_PHONES = frozenset({"hien_ten", "tim", "loi_nhan"})
"""What a household's row on the phone shows: a form fills it in for a phone without a network; the server makes it."""


def _without_shown(block: EntityBlock) -> EntityBlock:
    if block.list_name != HOUSEHOLD_LIST:
        return block
    said = {name: text for name, text in block.properties.items() if name not in SHOWN_ON_PHONES}
    return dataclasses.replace(block, properties=said)


def _bounds(
    blocks: tuple[EntityBlock, ...], instance: Instance, definition: Definition, acting: int
) -> Iterator[Fault]:
    """What one submission may not do to entities: too many, two outside repeats, one twice, texts beyond measure."""
    outside = [element for _, element in instance.found(definition).entities if _acts(element)]
    if acting > MOST_BLOCKS or len(outside) > 1:
        yield Fault(TOO_MANY, "", "")
    if len({block.id for block in blocks}) < len(blocks):
        yield Fault(TWICE, "", "")
    texts = ((block.label or "", block.properties.values()) for block in blocks)
    if any(
        len(label) > LONGEST_LABEL or any(len(each) > LONGEST_PROPERTY for each in values)
        for label, values in texts
    ):
        yield Fault(TOO_LONG, "", "")


def _acting(instance: Instance) -> int:
    """How many blocks would create or update an entity, counted without taking the submission apart."""
    return int(cast(float, _ACTING(instance.root)))


def _acts(element: Any) -> bool:
    return any(element.get(act) in ("1", "true") for act in ("create", "update"))


def _known(stated: indicators.StatedFindings) -> tuple[tuple[ReadStatement, ...], tuple[Fault, ...]]:
    statements, unknown, known = [], [], registry()
    for each in stated.statements:
        indicator = known.indicator(each.indicator)
        if indicator is None:
            unknown.append(Fault("unknown_indicator", each.indicator, ""))
        else:
            statements.append(ReadStatement(indicator, each.done, each.of))
    return tuple(statements), tuple(unknown)


def _point(text: str | None) -> MeasuredPoint | None:
    """The point as the phone measured it, before anything is cut."""
    try:
        measured = point(text) if text else None
    except ValueError:
        return None
    if measured is None or measured["lat"] is None or measured["lon"] is None:
        return None
    return MeasuredPoint(measured["lat"], measured["lon"], measured["acc"])


def _word(answer: Any) -> str | None:
    return answer if isinstance(answer, str) and answer else None


def observed(
    reading: SubmissionReading, received_at: dt.datetime, latest: dt.datetime
) -> tuple[dt.datetime, str | None]:
    """When the visit was, and the flag of a clock that cannot be right (R2).

    A time before the form existed, or later than its arrival, is the clock's and not the visit's. Where the
    server's own clock has gone back behind the `latest` moment it knows of, phones are judged by that.
    """
    claimed = reading.observed_at
    if latest > received_at + TOLERANCE:
        received_at = latest
    if claimed is None:
        return received_at, None
    if claimed > received_at + TOLERANCE:
        return received_at, "clock_ahead"
    if claimed < reading.form.first_published - TOLERANCE:
        return received_at, "clock_behind"
    return min(claimed, received_at), None
