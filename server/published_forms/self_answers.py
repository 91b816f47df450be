"""What people answer by themselves is counted apart: each indicator has a twin for it (docs/decisions/0046).

A twin is an indicator of its own, so series, tally, recount and every table keep both origins apart without knowing it.
"""

import dataclasses
from collections.abc import Iterable, Iterator
from typing import Any

import sqlalchemy as sa

from server.db import db
from server.models import FormVersion, Indicator, Poster
from server.published_forms.read_submission import SubmissionReading
from server.published_forms.registry import registry

NAME = "tu_tra_loi"
"""Who sent it, where files name a collector's user name."""
ENDING = f"_{NAME}"
"""How the code of a twin ends; no form may state an indicator that ends so."""
WORD, WORD_EN = "tự trả lời", "self-answered"
"""What pages, files and programs call what nobody was asked at a door."""


def apart(reading: SubmissionReading) -> SubmissionReading:
    """A submission whose statements are about the twins: what somebody answered by themselves."""
    statements = tuple(
        dataclasses.replace(each, indicator=registry().twin(each.indicator)) for each in reading.statements
    )
    return dataclasses.replace(reading, statements=statements)


def is_reserved(code: str) -> bool:
    """Whether a form may not state an indicator of this code."""
    return code.endswith(ENDING)


def count_apart(form_id: int) -> None:
    """See that all that the versions of a form state has its twin; the caller commits."""
    versions = sa.select(FormVersion.definition).where(FormVersion.form_id == form_id)
    definitions: Iterable[dict[str, Any]] = db.session.scalars(versions)
    codes = {code for each in definitions for code in each["indicators"] or ()}
    stated = db.session.scalars(sa.select(Indicator).where(Indicator.code.in_(codes))).all()
    has_twin = set(
        db.session.scalars(sa.select(Indicator.self_of_id).where(Indicator.self_of_id.is_not(None)))
    )
    db.session.add_all(_twins(each for each in stated if each.id not in has_twin))
    db.session.flush()


def keep_apart(form_id: int) -> None:
    """The same for a form that has posters, once a new version of it may state more; the caller commits."""
    if db.session.scalar(sa.select(Poster.id).where(Poster.form_id == form_id).limit(1)) is not None:
        count_apart(form_id)


def _twins(stated: Iterable[Indicator]) -> Iterator[Indicator]:
    for each in stated:
        yield Indicator(
            code=f"{each.code}{ENDING}",
            label_vi=f"{each.label_vi} ({WORD})",
            label_en=f"{each.label_en} ({WORD_EN})",
            unit=each.unit,
            kind=each.kind,
            valid_days=each.valid_days,
            position=each.position,
            self_of_id=each.id,
        )
