"""Submissions as Kobo's clients know them: every answer as the text that was sent, keys by full path (K10)."""

import dataclasses
import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from forms.answer_layout import Branch, pruned
from forms.definition import NONE, Definition
from forms.instance import FoundTexts, entity_label, stored_texts
from server.answers.submission_pages import AskedSubmissions
from server.api.kobo import kobo_ids
from server.api.kobo.query_language import STATUS
from server.db import as_utf8, db, is_among
from server.exports import submissions_geojson
from server.exports.select_submissions import Who
from server.exports.who_columns import KOBO_LABELS, KOBO_STATES, NOBODY
from server.models import Attachment, FormVersion, Submission, SubmissionReview
from server.posters import poster_names

Json = dict[str, Any]
SIZES = ("large", "medium", "small")
_POINT = 4
"""Parts of a point: clients cannot read fewer, whatever a phone has sent."""
_TO_SECONDS = len("2026-11-22T02:15:03")

COLUMNS = (
    Submission.id, Submission.instance_id, as_utf8(Submission.xml).label("xml"), Submission.form_version_id,
    Submission.received_at,
    poster_names.SENDER_KEY.label("sender"), Submission.review, Submission.version, Submission.root_id,
)  # fmt: skip


@dataclasses.dataclass(frozen=True)
class VersionShape:
    """How submissions of one version are read: without what the reader may not have."""

    tree: Branch
    points: frozenset[str]
    files: frozenset[str]
    repeats: Mapping[str, tuple[str, ...]]
    """The repeats that stand right in the submission (""), or right in a round of another."""


@dataclasses.dataclass(frozen=True)
class KoboSubmissions:
    """Makes the JSON of a form's submissions for one reader."""

    asked: AskedSubmissions
    asset_uid: str
    form_uuid: str
    place: str
    """The path of the first point outside repeats; "" where it may not be told."""
    owner: str
    root: str
    """The address of this server."""
    senders: Mapping[int, Who]
    shapes: Mapping[int | None, VersionShape]
    fields: frozenset[str]
    """Keys that were asked for; none: all."""

    def of(self, rows: Sequence[Any], connection: sa.Connection) -> list[Json]:
        """Their JSON, in their order."""
        ids = [row.id for row in rows]
        files = _files(ids, connection)
        reviewed = _reviews([row.id for row in rows if row.review != "received"], connection)
        roots = _roots({row.root_id for row in rows if row.root_id is not None}, connection)
        told = [
            self._one(row, files.get(row.id), reviewed.get(row.id), roots.get(row.root_id, row.instance_id))
            for row in rows
        ]
        if not self.fields:
            return told
        return [{name: value for name, value in each.items() if name in self.fields} for each in told]

    def _one(self, row: Any, files: Mapping[str, str] | None, reviewed: Json | None, root: str) -> Json:
        shape = self.shapes.get(row.form_version_id) or self.shapes[None]
        found = stored_texts(row.xml.encode(), shape.tree)
        received = row.received_at.isoformat(timespec="seconds")
        return {
            "_id": row.id,
            "formhub/uuid": self.form_uuid,
            **answers(found, shape, personal=self.asked.of.personal),
            "__version__": kobo_ids.of_version(self.asked.form.form_id, row.version),
            "meta/instanceID": row.instance_id,
            "meta/rootUuid": root,
            "_xform_id_string": self.asset_uid,
            "_uuid": row.instance_id.removeprefix("uuid:"),
            "_attachments": list(self._attachments(row, found, shape, files)) if files else [],
            "_status": STATUS,
            "_geolocation": _place(found.texts.get(self.place, "")),
            "_submission_time": received[:_TO_SECONDS],
            "_submission_time_iso": received,
            "_tags": [],
            "_notes": [],
            "_validation_status": reviewed or undated(row.review),
            "_submitted_by": self.senders.get(row.sender, NOBODY).username or None,
        }

    def _attachments(
        self, row: Any, found: FoundTexts, shape: VersionShape, files: Mapping[str, str]
    ) -> Iterator[Json]:
        bare = row.instance_id.removeprefix("uuid:")
        for path, name in named_files(found, shape.files):
            if name not in files:
                continue
            key = attachment_uid(row.instance_id, name)
            url = f"{self.root}/api/v2/assets/{self.asset_uid}/data/{row.id}/attachments/{key}/"
            is_picture = files[name].startswith("image/")
            yield {
                "download_url": url,
                **{f"download_{size}_url": f"{url}{size}/" if is_picture else url for size in SIZES},
                "mimetype": files[name],
                "filename": f"{self.owner}/attachments/{self.form_uuid}/{bare}/{name}",
                "media_file_basename": name,
                "uid": key,
                "question_xpath": path,
                "is_deleted": False,
            }


def made(asked: AskedSubmissions, owner: str, root: str, fields: frozenset[str]) -> KoboSubmissions:
    """A maker of JSON; reads the versions of the form and who its collectors are."""
    form = asked.definition
    place = form.point_path if submissions_geojson.tells_points(form, personal=asked.of.personal) else None
    return KoboSubmissions(
        asked=asked,
        asset_uid=kobo_ids.of_form(asked.form),
        form_uuid=kobo_ids.uuid_of_form(asked.form.form_id),
        place=place or "",
        owner=owner,
        root=root,
        senders=asked.of.names().collectors,
        shapes=shapes(asked),
        fields=fields,
    )


def shapes(asked: AskedSubmissions) -> dict[int | None, VersionShape]:
    """How each version's submissions are read, by its key; None: those of a version that nobody published."""
    query = sa.select(FormVersion.id, FormVersion.definition).where(FormVersion.form_id == asked.form.id)
    hidden = withheld(asked)
    found: dict[int | None, VersionShape] = {}
    for row in db.session.execute(query.order_by(FormVersion.id)):
        found[None] = found[row.id] = shape(Definition.from_json(row.definition), hidden)
    return found


def withheld(asked: AskedSubmissions) -> frozenset[str]:
    """Paths of the questions that the reader may not have, in any version."""
    if asked.of.personal:
        return frozenset()
    return frozenset(field.path for field in asked.definition.fields if field.sensitivity != NONE)


def shape(form: Definition, hidden: frozenset[str]) -> VersionShape:
    points = frozenset(field.path for field in form.fields if field.kind == "geopoint") - hidden
    every = dict.fromkeys(field.repeat for field in form.fields if field.repeat)
    repeats: dict[str, tuple[str, ...]] = {}
    for each in every:
        parent = max((other for other in every if each.startswith(f"{other}/")), key=len, default="")
        repeats[parent] = (*repeats.get(parent, ()), each)
    return VersionShape(pruned(form.layout.tree, hidden), points, form.layout.files - hidden, repeats)


def answers(found: FoundTexts, shape: VersionShape, *, personal: bool, inside: str = "") -> Json:
    """Answers by full path as they were sent; what was not answered is absent, and beside each repeat stands its count.

    Points have four parts: altitude and accuracy are 0 where the phone sent none.
    """
    told: Json = {path: text for path, text in found.texts.items() if text}
    for path in shape.points:
        parts = told.get(path, "").split()
        if 2 <= len(parts) < _POINT:
            told[path] = " ".join([*parts, *["0"] * (_POINT - len(parts))])
    if personal:
        told |= {f"{path}/label": label for path, block in found.entities if (label := entity_label(block))}
    for repeat in shape.repeats.get(inside, ()):
        rounds = found.repeats.get(repeat, ())
        told.setdefault(f"{repeat}_count", str(len(rounds)))
        if rounds:
            told[repeat] = [answers(each, shape, personal=personal, inside=repeat) for each in rounds]
    return told


def _place(text: str) -> list[float | None]:
    """A point as Kobo tells it beside the answers."""
    try:
        latitude, longitude = map(float, text.split()[:2])
    except ValueError:
        return [None, None]
    return [latitude, longitude]


def named_files(found: FoundTexts, files: frozenset[str], before: str = "") -> Iterator[tuple[str, str]]:
    """Where in the submission a file is named (`tv[1]/anh`), and its name."""
    for path in found.texts.keys() & files:
        name = found.texts[path].strip()
        if name:
            yield before + path[len(_plain(before)) :], name
    for repeat, rounds in found.repeats.items():
        for number, each in enumerate(rounds, 1):
            here = f"{before}{repeat[len(_plain(before)) :]}[{number}]"
            yield from named_files(each, files, here)


def _plain(path: str) -> str:
    """A path without the numbers of its rounds."""
    return "".join(part.partition("[")[0] for part in path.split("]"))


def attachment_uid(instance_id: str, name: str) -> str:
    """Kobo's id of a file of a submission."""
    return kobo_ids.uid("att", instance_id, name)


def _files(ids: Sequence[int], connection: sa.Connection) -> dict[int, dict[str, str]]:
    """The files that are there, by submission: their kind by their name."""
    query = sa.select(Attachment.submission_id, Attachment.name, Attachment.media_type)
    found: dict[int, dict[str, str]] = {}
    these = is_among(Attachment.submission_id, ids, connection.dialect.name)
    for key, name, kind in connection.execute(query.where(these)):
        found.setdefault(key, {})[name] = kind
    return found


def _roots(ids: set[int], connection: sa.Connection) -> dict[int | None, str]:
    """The instance ids of the first of each chain of edits."""
    if not ids:
        return {}
    rows = connection.execute(sa.select(Submission.id, Submission.instance_id).where(Submission.id.in_(ids)))
    return {row.id: row.instance_id for row in rows}


def _reviews(ids: Sequence[int], connection: sa.Connection) -> dict[int, Json]:
    """What was decided of each, by whom and when."""
    if not ids:
        return {}
    columns = (
        SubmissionReview.submission_id,
        SubmissionReview.at,
        SubmissionReview.name,
        SubmissionReview.after,
    )
    these = is_among(SubmissionReview.submission_id, ids, connection.dialect.name)
    query = sa.select(*columns).where(these).order_by(SubmissionReview.id)
    return {row.submission_id: validation(row.after, row.at, row.name) for row in connection.execute(query)}


def undated(state: str) -> Json:
    """A decision of which only the outcome is known: one that came to an edit from what it replaced."""
    return {"uid": KOBO_STATES[state], "label": KOBO_LABELS[state]} if KOBO_STATES[state] else {}


def validation(state: str, at: dt.datetime, name: str) -> Json:
    """A decision in Kobo's words; nothing where it was taken back."""
    if not KOBO_STATES[state]:
        return {}
    uid, label = KOBO_STATES[state], KOBO_LABELS[state]
    return {"timestamp": int(at.timestamp()), "uid": uid, "by_whom": name, "label": label}
