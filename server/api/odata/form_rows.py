"""Rows of a form's tables as OData writes them, made of answers as they are kept (O13, O14, O18)."""

import datetime as dt
import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from forms.answer_layout import POINT_KINDS
from server.api.odata.form_tables import ODataTable
from server.db import is_among
from server.exports.form_columns import whole_point
from server.exports.select_submissions import NamesByKey
from server.exports.table_layout import rounds_at
from server.exports.who_columns import NOBODY
from server.models import Attachment, Submission

Json = dict[str, Any]
STATES: Mapping[str, str | None] = {
    "received": None, "has_issues": "hasIssues", "approved": "approved", "rejected": "rejected"
}  # fmt: skip
COLUMNS = (
    Submission.id, Submission.instance_id, Submission.answers, Submission.village_id, Submission.observed_at,
    Submission.received_at, Submission.collector_id, Submission.review, Submission.version, Submission.device,
    Submission.root_id, Submission.missing_files,
)  # fmt: skip


@dataclass(frozen=True)
class RepeatRound:
    """A round of a repeat: its answers, its id, and that of the row above."""

    answers: Mapping[str, Any]
    id: str
    parent_id: str


def rounds(
    table: ODataTable, tables: Sequence[ODataTable], answers: Mapping[str, Any], instance: str
) -> list[RepeatRound]:
    """The rounds of a repeat in one submission, those of outer rounds in turn."""
    above: list[RepeatRound] = [RepeatRound(answers, instance, "")]
    seed = f"Submissions#{instance}"
    for each in _down_to(table, tables):
        inside: list[RepeatRound] = []
        for outer in above:
            begun = seed if not outer.parent_id else outer.id
            for number, one in enumerate(rounds_at(outer.answers.get(each.path))):
                key = hashlib.sha1(
                    f"{begun}%%{each.path}#{number}".encode(), usedforsecurity=False
                ).hexdigest()
                inside.append(RepeatRound(one, key, outer.id))
        above = inside
    return above


def _down_to(table: ODataTable, tables: Sequence[ODataTable]) -> list[ODataTable]:
    """The repeats that lead to one, the outermost first, itself last."""
    found = [table]
    while found[0].parent:
        found.insert(0, next(each for each in tables if each.path == found[0].parent))
    return found


class AnswerShape:
    """How the answers of a table become nested objects: groups first, every question there, null where unanswered."""

    def __init__(self, table: ODataTable, *, wkt: bool, selected: frozenset[str] = frozenset()) -> None:
        kept = [each for each in table.fields if not selected or _is_selected(each.names, selected)]
        groups: dict[tuple[str, ...], int] = {(): 0}
        self._groups: list[tuple[int, str]] = []
        self._blank: list[Json] = [{}]
        """Of the row and of each group, in this order, what stands there where nothing was answered."""
        for each in kept:
            for place in range(1, len(each.names)):
                if each.names[:place] not in groups:
                    parent, name = groups[each.names[: place - 1]], each.names[place - 1]
                    groups[each.names[:place]] = len(self._blank)
                    self._groups.append((parent, name))
                    self._blank[parent][name] = None
                    self._blank.append({})
        for each in kept:
            self._blank[groups[each.names[:-1]]][each.names[-1]] = None
        self._leaves = {
            each.path: (
                groups[each.names[:-1]],
                each.names[-1],
                converter(each.kind, wkt=wkt),
                _KEPT.get(each.kind, (str, int)),  # most answers stay as they are
            )
            for each in kept
        }

    def into(self, row: Json, answers: Mapping[str, Any]) -> Json:
        """The row with these answers."""
        row.update(self._blank[0])
        dicts = [row]
        for (parent, name), blank in zip(self._groups, self._blank[1:], strict=True):
            made = blank.copy()
            dicts[parent][name] = made
            dicts.append(made)
        for path, value in answers.items():
            leaf = self._leaves.get(path)
            if leaf is not None:
                group, name, convert, kept = leaf
                dicts[group][name] = value if value is None or type(value) in kept else convert(value)
        return row


def _is_selected(names: tuple[str, ...], selected: frozenset[str]) -> bool:
    return any("/".join(names[:place]) in selected for place in range(1, len(names) + 1))


Convert = Callable[[Any], Any]
_KEPT: Mapping[str, tuple[type, ...]] = {
    **dict.fromkeys(POINT_KINDS, ()), "integer": (int, float), "decimal": (int, float)
}  # fmt: skip
"""What answers of a kind are that stay as they are; of all other kinds texts and whole numbers."""


def converter(kind: str, *, wkt: bool) -> Convert:
    """From an answer to what stands in JSON; None for one that is of another kind, as another version asked for it."""
    if kind == "geopoint":
        return point_wkt if wkt else point
    if kind in ("geotrace", "geoshape"):
        return lambda value: _path(value, kind, wkt=wkt)
    if kind in ("integer", "decimal"):
        return lambda value: value if isinstance(value, int | float) else None
    return _whole if kind in ("text", "date", "dateTime", "binary") else _text


def _whole(value: Any) -> Any:
    return value if isinstance(value, str | int | float) else _text(value)


def _text(value: Any) -> str | None:
    """Several answers with a space between them, a place with its numbers, as a phone writes them; rounds are none."""
    if isinstance(value, dict):
        return whole_point(value)
    if isinstance(value, list):
        return None if rounds_at(value) else " ".join(map(str, value))
    return str(value)


def point(value: Any) -> Json | None:
    """A point as GeoJSON, its accuracy beside it; None for what is no point."""
    if not isinstance(value, dict):
        return None
    places = [value["lon"], value["lat"], *([value["alt"]] if value.get("alt") is not None else [])]
    told: Json = {"type": "Point", "coordinates": places}
    if value.get("acc") is not None:
        told["properties"] = {"accuracy": value["acc"]}
    return told


def point_wkt(value: Any) -> str | None:
    """The same as text: POINT (longitude latitude altitude)."""
    found = point(value)
    return f"POINT ({' '.join(map(str, found['coordinates']))})" if found else None


def _path(value: Any, kind: str, *, wkt: bool) -> Json | str | None:
    """A trace or shape, which is kept as text: "lat lon alt acc; …"; None for what is none."""
    try:
        parts = [
            [float(each) for each in part.split()[:3]]
            for part in str(value).strip("; ").split(";")
            if part.strip()
        ]
    except ValueError:
        return None
    places = [[part[1], part[0], *part[2:]] for part in parts if len(part) >= 2]
    if not places:
        return None
    name = "LineString" if kind == "geotrace" else "Polygon"
    if not wkt:
        return {"type": name, "coordinates": places if kind == "geotrace" else [places]}
    told = ",".join(" ".join(map(str, each)) for each in places)
    return f"LINESTRING ({told})" if kind == "geotrace" else f"POLYGON (({told}))"


@dataclass(frozen=True)
class WhoAndWhen:
    """What stands beside the answers of some rows: read for a batch at once."""

    names: NamesByKey
    roots: Mapping[int, str]
    files: Mapping[int, int]

    @classmethod
    def read(cls, rows: Sequence[Any], names: NamesByKey, connection: sa.Connection) -> "WhoAndWhen":
        return cls(
            names,
            _roots({row.root_id for row in rows if row.root_id is not None}, connection),
            _files([row.id for row in rows], connection),
        )

    def instance(self, row: Any) -> str:
        """The id by which a submission is known through all its edits."""
        return self.roots.get(row.root_id, row.instance_id)

    def system(self, row: Any) -> Json:
        """`__system`: when it came, from whom, what was decided."""
        present = self.files.get(row.id, 0)
        collector = self.names.collectors.get(row.collector_id, NOBODY)
        came = moment(row.received_at)
        return {
            "submissionDate": came,
            "updatedAt": came if row.root_id is not None else None,
            "deletedAt": None,
            "submitterId": str(row.collector_id) if row.collector_id is not None else None,
            "submitterName": collector.name or None,
            "attachmentsPresent": present,
            "attachmentsExpected": present + len(row.missing_files or ()),
            "status": None,
            "reviewState": STATES[row.review],
            "deviceId": row.device,
            "edits": int(row.root_id is not None),
            "formVersion": row.version,
        }


def moment(value: dt.datetime) -> str:
    """UTC with milliseconds."""
    return f"{value.astimezone(dt.UTC).replace(tzinfo=None).isoformat(timespec='milliseconds')}Z"


def navigation(
    tables: Sequence[ODataTable], above: ODataTable, address: str
) -> Iterator[tuple[ODataTable, str, str]]:
    """The repeats right in a row: how the link to their rounds is called, and where it leads."""
    for each in tables:
        if each.path and each.parent == above.path:
            yield each, f"{each.names[-1]}@odata.navigationLink", f"{address}/{'/'.join(each.names)}"


def _roots(ids: set[int], connection: sa.Connection) -> dict[int, str]:
    if not ids:
        return {}
    query = sa.select(Submission.id, Submission.instance_id).where(Submission.id.in_(ids))
    return {row.id: row.instance_id for row in connection.execute(query)}


def _files(ids: Sequence[int], connection: sa.Connection) -> dict[int, int]:
    these = is_among(Attachment.submission_id, ids, connection.dialect.name)
    query = sa.select(Attachment.submission_id, sa.func.count()).where(these)
    return {row[0]: row[1] for row in connection.execute(query.group_by(Attachment.submission_id))}
