"""Submissions at Kobo's door: listed with a query, and one by one (K8, K11, K21, K22)."""

import datetime as dt
import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from xml.sax.saxutils import escape

import orjson
import sqlalchemy as sa
from flask import Blueprint, Response, jsonify, request
from sqlalchemy.exc import DBAPIError
from werkzeug.http import quote_etag

from forms.answers_left_out import without
from server import audit, clock
from server.accounts.client_access import client
from server.accounts.roles import Right
from server.answers import changes_feed, submission_pages
from server.answers.answer_sql import BadPattern
from server.answers.expression import ALL, Compare, Own, Sign, Some
from server.answers.submission_pages import AskedSubmissions
from server.answers.who_may_read import AnswersReader
from server.api.kobo import (
    asset_json,
    geojson_data,
    kobo_addresses,
    kobo_ids,
    paging,
    query_language,
    submission_json,
)
from server.api.kobo.asset_routes import open_form, reading
from server.api.kobo.kobo_errors import wrong
from server.api.kobo.query_language import QueryLanguage
from server.db import db, reading_engine
from server.errors import CommonProblem, Problem
from server.exports import form_columns, select_submissions
from server.models import Attachment, Form, FormVersion, Submission

blueprint = Blueprint("kobo_data", __name__, url_prefix="/api/v2/assets/<uid>")
_BAD_PATTERN = "2201B"
"""What PostgreSQL says of a regular expression that it cannot read."""
_MOST_DAYS = 366


@dataclass(frozen=True)
class FoundSubmissions:
    """A list of submissions that was asked for: which, in which order, and the keys of its page."""

    asked: AskedSubmissions
    asset_uid: str
    ids: Sequence[int]
    """Of all that match where no page was asked for."""
    count: int
    """How many match in all."""

    def told(self, fields: frozenset[str] = frozenset()) -> submission_json.KoboSubmissions:
        """What makes their JSON."""
        owner = asset_json.of(self.asked.form, self.asked.of, {}).owner
        return submission_json.made(self.asked, owner, kobo_addresses.root(), fields)


@blueprint.get("/data")
@client(Right.READ_SUBMISSIONS, records=True)
def listing(uid: str) -> Response:
    """Submissions of a form, all of them or a page, streamed; as JSON, XML or GeoJSON (K8)."""
    kind = kobo_addresses.wanted_format()
    if "count" in request.args:
        raise wrong("count", "This parameter is not supported")
    if kind == "xml" and (request.args.get("sort") or request.args.get("fields")):
        raise wrong("detail", "Sort and fields are not supported in XML format")
    page, fields = paging.asked(), query_language.fields(request.args.get("fields", ""))
    mark = _mark(uid)
    if request.if_none_match.contains_weak(mark):
        return Response(status=304, headers={"ETag": quote_etag(mark, weak=True)})
    found = listed(uid, page=page)
    found.asked.note_reading(len(found.ids))
    if kind == "xml":
        return _streamed(_xml(found, page), "application/xml", mark)
    if kind == "geojson":
        return _streamed(
            geojson_data.collection(found.asked, found.told(), found.ids), "application/geo+json", mark
        )
    return _streamed(
        _json(found.told(fields), page.links(found.count), found.ids, reading_engine()),
        "application/json",
        mark,
    )


def listed(uid: str, query: str | None = None, page: paging.Page | None = None) -> FoundSubmissions:
    """The submissions that `query` and `sort` ask for, or a page of them."""
    reader = reading()
    said = request.args.get("query", "") if query is None else query
    return asked_for(reader, open_form(uid, reader), said, request.args.get("sort", ""), page)


def asked_for(
    reader: AnswersReader, form: Form, query: str, sort: str = "", page: paging.Page | None = None
) -> FoundSubmissions:
    """The submissions of a form for which a query holds, in an order; without a query all that are listed."""
    language = of_form(form, kobo_ids.of_form(form))
    expression = language.expression(query) if query.strip() else ALL
    return _found(reader, form, expression, language.order(sort), page)


def _found(
    reader: AnswersReader,
    form: Form,
    expression: Any,
    order: Any = (),
    page: paging.Page | None = None,
    *,
    any_state: bool = False,
) -> FoundSubmissions:
    try:
        engine = reading_engine()
        asked = submission_pages.ask(
            reader, form, engine.dialect.name, expression, order, any_state=any_state
        )
        with select_submissions.reading(engine) as connection:
            if page is not None:
                return FoundSubmissions(
                    asked, kobo_ids.of_form(form), *asked.page(connection, page.limit, page.start)
                )
            ids = asked.ids(connection)
            return FoundSubmissions(asked, kobo_ids.of_form(form), ids, len(ids))
    except BadPattern as bad:
        raise wrong("query", query_language.UNSUPPORTED) from bad
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", "") == _BAD_PATTERN:
            raise wrong("query", query_language.UNSUPPORTED) from error
        raise


def of_form(form: Form, uid: str) -> QueryLanguage:
    """The query language about a form."""
    versions = {kobo_ids.of_form_version(each): each.version for each in form.versions}
    return QueryLanguage(form_columns.merged(select_submissions.definitions(form.id)), uid, versions)


@blueprint.get("/data/<submission_id>")
@client(Right.READ_SUBMISSIONS, records=True)
def one(uid: str, submission_id: str) -> Response:
    """One submission by its number or an id of it, whatever was decided of it; after an edit, as it is now (K11)."""
    found = one_listed(uid, submission_id)
    audit.note_reading("submission.read", f"submission:{found.ids[0]}", {"personal": found.asked.of.personal})
    if kobo_addresses.wanted_format() == "xml":
        [xml] = _xmls(found, found.ids)
        return Response(xml, content_type="application/xml")
    with select_submissions.reading(reading_engine()) as connection:
        rows = next(submission_pages.rows(connection, found.ids, submission_json.COLUMNS))
        return jsonify(found.told().of(rows, connection)[0])


def one_listed(uid: str, key: str) -> FoundSubmissions:
    """The submission with this number, id, or id of any of its edits; Problem NOT_FOUND where there is none."""
    reader = reading()
    form = open_form(uid, reader)
    is_number = key.isascii() and key.isdecimal() and len(key) < 19
    known = Submission.id == int(key) if is_number else Submission.instance_id.in_((key, f"uuid:{key}"))
    row = db.session.execute(sa.select(Submission.id, Submission.root_id).where(known)).first()
    if row is None:
        raise Problem(CommonProblem.NOT_FOUND)
    chain = sa.select(Submission.id).where(
        sa.or_(Submission.id == row.id, Submission.root_id == (row.root_id or row.id))
    )
    root = [row.root_id] if row.root_id else []
    parts = tuple(Compare(Own.ID, Sign.EQUAL, each) for each in (*db.session.scalars(chain), *root))
    found = _found(reader, form, Some(parts), any_state=True)
    if not found.ids:
        raise Problem(CommonProblem.NOT_FOUND)
    return FoundSubmissions(found.asked, found.asset_uid, found.ids[-1:], 1)


@blueprint.get("/counts")
@client(Right.READ_SUBMISSIONS)
def counts(uid: str) -> Response:
    """How many came on each of the last days, UTC+7, and in all (K21)."""
    text = request.args.get("days", "30")
    days = min(int(text), _MOST_DAYS) if text.isascii() and text.isdecimal() and len(text) < 9 else 30
    found = listed(uid, "")
    since = clock.start_of(clock.today() - dt.timedelta(days=days))
    moment = select_submissions.moment(Submission.received_at, reading_engine().dialect.name)
    day = sa.func.substr(moment, 1, len("2026-11-22"))
    where = (*select_submissions.chosen(found.asked.chosen), Submission.received_at >= since)
    query = sa.select(day, sa.func.count()).where(*where).group_by(day).order_by(day)
    daily = {row[0]: row[1] for row in db.session.execute(query)}
    return jsonify(daily_submission_counts=daily, total_submission_count=found.count)


def _mark(uid: str) -> str:
    """Another one whenever a list would be told in another way: by a row, a decision, a file, a version, a right.

    Read before the list, so that what changes between the two is told at the next asking.
    """
    reader = reading()
    form = open_form(uid, reader)
    files = sa.select(sa.func.max(Attachment.id)).scalar_subquery()
    versions = sa.select(sa.func.max(FormVersion.id)).where(FormVersion.form_id == form.id).scalar_subquery()
    seen = db.session.execute(sa.select(files, versions)).one()
    said = repr((request.url, reader.personal, changes_feed.position(reader), *seen))
    return hashlib.sha256(said.encode()).hexdigest()[:32]


def _streamed(pieces: Iterable[bytes], kind: str, mark: str) -> Response:
    response = Response(pieces, content_type=kind, headers={"Cache-Control": "private, no-cache"})
    response.set_etag(mark, weak=True)
    return response


def _json(
    made: submission_json.KoboSubmissions, links: Mapping[str, Any], ids: Sequence[int], engine: sa.Engine
) -> Iterator[bytes]:
    yield orjson.dumps(links)[:-1] + b',"results":['
    comma = b""
    with select_submissions.reading(engine) as connection:
        for rows in submission_pages.rows(connection, ids, submission_json.COLUMNS):
            if told := made.of(rows, connection):
                yield comma + orjson.dumps(told)[1:-1]
                comma = b","
    yield b"]}"


def _xml(found: FoundSubmissions, page: paging.Page) -> Iterator[bytes]:
    links = page.links(found.count)
    told = "".join(f"<{name}>{escape(str(links[name] or ''))}</{name}>" for name in links)
    yield f'<?xml version="1.0" encoding="utf-8"?>\n<root>{told}<results>'.encode()
    yield from _xmls(found, found.ids)
    yield b"</results></root>"


def _xmls(found: FoundSubmissions, ids: Sequence[int]) -> Iterator[bytes]:
    """The XML of submissions as they are kept, without what the reader may not have."""
    hidden, labels = submission_json.withheld(found.asked), not found.asked.of.personal
    return _kept(reading_engine(), ids, hidden, labels=labels)


def _kept(engine: sa.Engine, ids: Sequence[int], hidden: frozenset[str], *, labels: bool) -> Iterator[bytes]:
    with select_submissions.reading(engine) as connection:
        for rows in submission_pages.rows(connection, ids, (Submission.id, Submission.xml)):
            for row in rows:
                yield _bare(without(bytes(row.xml), hidden, labels=labels))


def _bare(xml: bytes) -> bytes:
    """Without its declaration, so that it may stand inside another document."""
    plain = xml.removeprefix(b"\xef\xbb\xbf").lstrip()
    return plain.partition(b"?>")[2].lstrip() if plain.startswith(b"<?xml") else plain
