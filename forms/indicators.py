"""What a submission states about indicators: the pairs (done, of) of its group `chi_tieu`."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from forms.definition import Definition
from forms.errors import Fault
from forms.instance import Instance, as_uuid

# One subject never counts more than this many people (R9).
MOST = 1000
_NUMBER = re.compile(r"[+-]?[0-9]{1,18}(?:\.[0-9]{1,18})?")


@dataclass(frozen=True)
class IndicatorStatement:
    """`done` of `of`, whole numbers with 0 ≤ done ≤ of ≤ 1000 and of ≥ 1."""

    indicator: str
    done: int
    of: int


@dataclass(frozen=True)
class StatedFindings:
    """What one submission proves, about which subject (None: the submission itself), and what was nonsense."""

    statements: tuple[IndicatorStatement, ...]
    subject: UUID | None
    faults: tuple[Fault, ...]


def state(source: Instance | Mapping[str, Any], definition: Definition) -> StatedFindings:
    """The statements of a submission, or of its `answers` (R1, R9); repeats state nothing.

    An empty `_of` means that the indicator was not asked, an `_of` of 0 that there was nobody to count.
    Anything else that is no count gives no statement and a fault; so does a subject that is no UUID.
    Where `doi_tuong` is blank the subject is the entity of the root `meta/entity`, if `source` is an Instance.
    """
    values = source.found(definition).texts if isinstance(source, Instance) else source
    faults: list[Fault] = []
    subject = _subject(source, values, definition, faults)
    if faults:
        return StatedFindings((), None, tuple(faults))
    statements = []
    for pair in definition.layout.statements:
        of = values.get(pair.of)
        if of is None or of == "":
            continue
        stated = _judge(pair.indicator, values.get(pair.done), of)
        if isinstance(stated, Fault):
            faults.append(stated)
        elif stated is not None:
            statements.append(stated)
    return StatedFindings(tuple(statements), subject, tuple(faults))


def _judge(indicator: str, done_value: Any, of_value: Any) -> IndicatorStatement | Fault | None:
    done, of = _whole(done_value), _whole(of_value)
    if done is None or of is None:
        return Fault("not_a_count", indicator, f"{done_value or ''}/{of_value}"[:100])
    if of == 0 and done == 0:
        return None
    if not 0 <= done <= of:
        return Fault("done_exceeds_of", indicator, f"{done}/{of}")
    if of > MOST:
        return Fault("too_many", indicator, f"{done}/{of}")
    return IndicatorStatement(indicator, done, of)


def _whole(value: Any) -> int | None:
    """The whole number that a calculation wrote ("2", "2.0"), else None: also for a blank, NaN and ∞."""
    if isinstance(value, str):
        plain = value.strip()
        # JavaRosa writes a whole double as "2" or "2.0"; int() alone would also take "1_0" and "１０".
        if not _NUMBER.fullmatch(plain):
            return None
        whole, _, fraction = plain.partition(".")
        return None if fraction.strip("0") else int(whole)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return int(value) if value == int(value) else None


def _subject(
    source: Instance | Mapping[str, Any],
    values: Mapping[str, Any],
    definition: Definition,
    faults: list[Fault],
) -> UUID | None:
    named = str(values.get(definition.subject_path or "") or "").strip()
    if not named:
        return _root_entity(source, definition) if isinstance(source, Instance) else None
    subject = as_uuid(named)
    if subject is None:
        faults.append(Fault("bad_subject", definition.subject_path or "", named[:100]))
    return subject


def _root_entity(instance: Instance, definition: Definition) -> UUID | None:
    """The entity of the root block, whether it is created, updated or only named."""
    blocks = instance.found(definition).entities
    declared = definition.layout.entities
    named = (each.get("id") or "" for path, each in blocks if path == "meta/entity" and path in declared)
    return as_uuid(next(named, ""))
