"""What Briefcase pulls: a collector's own sent forms, in the order of arrival, with their files (C49–C54)."""

import re
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from flask import Response, current_app, request
from itsdangerous import BadData, URLSafeTimedSerializer
from lxml import etree

from forms.instance import read
from forms.list_csv import md5
from server.accounts import access
from server.db import single_statements
from server.errors import CommonProblem, Problem
from server.files import blobs
from server.intake import submission_place
from server.models import Attachment, Collector, Submission
from server.openrosa import forms_for_phones, openrosa_xml
from server.openrosa.caught_up_views import reading
from server.openrosa.request_problems import PhoneRequestProblem
from server.phones import http_digest
from server.phones.phone_access import PhoneCaller, known, outside_url
from server.published_forms.registry import registry
from server.sealed_secrets import key_for

PAGE = 100
MOST = 1000
LIFETIME = 3600
"""Seconds that the address of a file is good for: Briefcase fetches files right after their submission."""

_KEY = re.compile(r"@key=(.+?)\]?$")
_DEFAULT_NAMESPACE = re.compile(r'^(<[^>]*?)\sxmlns="[^"]*"')
_LAST = 2**63 - 1

_OWN = (
    Submission.form_id == sa.bindparam("form"),
    Submission.collector_id == sa.bindparam("collector"),
    sa.or_(
        Submission.village_id.in_(sa.bindparam("villages", expanding=True)), Submission.village_id.is_(None)
    ),
    sa.or_(Submission.quarantine.is_(None), Submission.quarantine != submission_place.OUTSIDE),
)
"""Their own, of the thôn that are theirs today: what they sent from elsewhere they do not read again (R23)."""

_LIST = (
    sa.select(Submission.id, Submission.instance_id)
    .where(*_OWN, Submission.replaced_by_id.is_(None), Submission.id > sa.bindparam("after"))
    .order_by(Submission.id)
    .limit(sa.bindparam("most"))
)
_COMPLETE = _LIST.where(Submission.missing_files.is_(sa.null()))
_ONE = sa.select(Submission.id, Submission.instance_id, Submission.received_at, Submission.xml).where(
    *_OWN, Submission.instance_id == sa.bindparam("instance")
)
_FILES = (
    sa.select(Attachment.id, Attachment.name, Attachment.stored_sha256)
    .where(Attachment.submission_id == sa.bindparam("submission"))
    .order_by(Attachment.name)
)
_FILE = (
    sa.select(Attachment.stored_sha256, Attachment.media_type)
    .join(Submission, Submission.id == Attachment.submission_id)
    .join(Collector, Collector.id == Submission.collector_id)
    .where(Attachment.id == sa.bindparam("attachment"), Collector.revoked_at.is_(None))
)


@reading
def submission_list(caller: PhoneCaller) -> Response:
    """The ids of one form, some at a time; an edit stands where it arrived, what it replaced nowhere (C50, C51)."""
    cursor = request.args.get("cursor") or "0"
    if not cursor.isascii() or not cursor.isdigit() or int(cursor) > _LAST:
        raise Problem(CommonProblem.BAD_REQUEST, why="không hiểu con trỏ (cursor) này.")
    most = max(1, min(request.args.get("numEntries", PAGE, type=int), MOST))
    statement = _LIST if request.args.get("includeIncomplete") == "true" else _COMPLETE
    values = {**_scope(caller, request.args.get("formId", "")), "after": int(cursor), "most": most}
    with single_statements().connect() as connection:
        rows = connection.execute(statement, values).all()
    end = rows[-1].id if rows else int(cursor)
    return Response(
        openrosa_xml.id_chunk([row.instance_id for row in rows], str(end)),
        content_type=openrosa_xml.CONTENT_TYPE,
    )


@reading
def download_submission(caller: PhoneCaller) -> Response:
    """One submission with the addresses of its files; the key is Briefcase's XPath, read leniently (C52)."""
    key = request.args.get("formId", "")
    found = _KEY.search(key[key.rfind("@key=") :]) if "@key=" in key else None
    instance = found[1] if found else ""
    values = {**_scope(caller, re.split(r"[\[/]", key, maxsplit=1)[0]), "instance": instance}
    if not instance.isprintable():
        raise Problem(PhoneRequestProblem.SENT_SUBMISSION_UNKNOWN)
    with single_statements().connect() as connection:
        row = connection.execute(_ONE, values).first()
        if row is None:
            raise Problem(PhoneRequestProblem.SENT_SUBMISSION_UNKNOWN)
        files = connection.execute(_FILES, {"submission": row.id}).all()
    listed = [_listed(caller, file) for file in files]
    return Response(openrosa_xml.submission(_inside(row), listed), content_type=openrosa_xml.CONTENT_TYPE)


@access.phone
def attachment(signed: str, **_token: str) -> Response:
    """A file by its signed address, which opens without a password, for an hour (C53)."""
    try:
        key = _signer().loads(signed, max_age=LIFETIME)
    except BadData as error:
        raise Problem(CommonProblem.FILE_UNKNOWN, name="…") from error
    with single_statements().connect() as connection:
        row = connection.execute(_FILE, {"attachment": key}).first()
    content = blobs.get(row.stored_sha256) if row else None
    if row is None or content is None:
        raise Problem(CommonProblem.FILE_UNKNOWN, name="…")
    response = Response(content, content_type=row.media_type)
    response.headers["Content-Disposition"] = "attachment"
    response.headers["Cache-Control"] = "private, no-store"
    return response


@known
def push(_caller: PhoneCaller) -> Response:
    """Forms are published by officers, never pushed from outside (C54)."""
    raise Problem(PhoneRequestProblem.PUSH_REFUSED)


def _scope(caller: PhoneCaller, form_id: str) -> dict[str, Any]:
    """What every statement asks about: a form that is theirs to have, and who they are."""
    forms_for_phones.form(caller, form_id)
    form = registry().form(form_id)
    return {
        "form": form.id if form else None,
        "collector": caller.collector_id,
        "villages": list(caller.village_ids),
    }


def _inside(row: Any) -> str:
    """The submission as an element inside another document, with its id and the day it came (C52)."""
    root = read(row.xml).root
    root.set("instanceID", row.instance_id)
    root.set("submissionDate", row.received_at.isoformat(timespec="milliseconds"))
    return _DEFAULT_NAMESPACE.sub(r"\1", etree.tostring(root, encoding="unicode", with_tail=False))


def _listed(caller: PhoneCaller, file: Any) -> openrosa_xml.ListedFile:
    content = blobs.get(file.stored_sha256)
    digest_of = "0" * 32 if content is None else md5(content)
    signed = _signer().dumps(file.id)
    return openrosa_xml.ListedFile(
        file.name, digest_of, f"{outside_url()}{caller.prefix}/view/media/{signed}"
    )


def _signer() -> URLSafeTimedSerializer:
    found: Mapping[str, Any] = current_app.extensions
    if "tungnha.pulled" not in found:
        current_app.extensions["tungnha.pulled"] = URLSafeTimedSerializer(
            key_for("pulled files"), salt="file", signer=http_digest.Nonces
        )
    signer: URLSafeTimedSerializer = found["tungnha.pulled"]
    return signer
