"""Thôn, places and entity lists as the CSV files that phones open (E4, E5, C25)."""

import csv
import hashlib
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from forms.plain_words import unaccented

_RESERVED = frozenset({"name", "label"})


@dataclass(frozen=True)
class VillageChoice:
    """A thôn to choose: its official code and its name."""

    code: str
    name: str


@dataclass(frozen=True)
class EntityChoice:
    """An entity to choose; `version` counts from 1, `data` holds its properties."""

    id: UUID
    label: str
    version: int
    data: Mapping[str, str | None] = field(default_factory=dict)
    order: tuple[Any, ...] = ()
    """What it is sorted by before its label; alike in kind within a list."""


def villages_csv(rows: Iterable[VillageChoice]) -> bytes:
    """`name,label` of thôn, by code; `name` is the code."""
    table = sorted((row.code, _one_line(row.name) or row.code) for row in rows)
    return _csv(("name", "label"), table)


def entities_csv(rows: Iterable[EntityChoice], properties: Sequence[str]) -> bytes:
    """`name,label,__version,<properties>` by E4, in their own order, then of labels as people sort them, then of ids.

    The same rows in any order give the same bytes. The properties are the list's schema, whether or not an
    entity has them. ValueError for a property that phones would drop or confuse (E3, E4).
    """
    wrong = [name for name in properties if name in _RESERVED or name.startswith("__") or not name]
    if wrong or len(set(properties)) != len(properties):
        raise ValueError(f"properties of an entity list cannot be {wrong or list(properties)}")
    made = [(row.order, _entity_row(row, properties)) for row in rows]
    made.sort(key=lambda each: (each[0], unaccented(each[1][1]), each[1][0]))
    return _csv(("name", "label", "__version", *properties), [row for _, row in made])


def _entity_row(row: EntityChoice, properties: Sequence[str]) -> tuple[str, ...]:
    name = str(row.id)
    # A blank label or a version below 1 would stop the phone's whole import without a word (E4).
    label, version = _one_line(row.label) or name, str(max(row.version, 1))
    return name, label, version, *(_one_line(row.data.get(each) or "") for each in properties)


def _one_line(text: str) -> str:
    """Trimmed, on one line, without control characters: old phones read CSV line by line."""
    return " ".join("".join(c if c.isprintable() else " " for c in str(text)).split())


def _csv(header: Sequence[str], table: Iterable[Sequence[str]]) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(table)
    return out.getvalue().encode()


def md5(content: bytes) -> str:
    """32 lower-case hex digits, as hashes in formList and manifest are (C16, C26)."""
    return hashlib.md5(content, usedforsecurity=False).hexdigest()
