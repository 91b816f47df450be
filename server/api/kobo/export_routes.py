"""Exports at Kobo's door: asked for, made beside the server, followed and taken by the asker (K15)."""

import dataclasses
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import orjson
import sqlalchemy as sa
from flask import Blueprint, Flask, Response, current_app, jsonify, request

from server.accounts import access
from server.accounts.client_access import client
from server.accounts.roles import Right
from server.answers.who_may_read import AnswersReader
from server.api.kobo import asset_json, export_wish, kobo_addresses, kobo_ids, paging
from server.api.kobo.asset_routes import open_form, reading
from server.api.kobo.export_wish import KoboWish
from server.api.kobo.kobo_bodies import given
from server.db import begin_writing, db
from server.errors import CommonProblem, Problem
from server.exports import select_submissions
from server.files import made_files, making_process
from server.files.made_files import FileWish, MadeContent
from server.files.making_process import Progress
from server.models import Commune, Form, MadeFile

blueprint = Blueprint("kobo_exports", __name__, url_prefix="/api/v2/assets/<uid>/exports")

Json = dict[str, Any]
AT_ONCE = 1_000
"""Rows that are written in the request that asks for them: beginning a process takes longer."""
MADE = "kobo"
"""What such files are called among those that are made beside the server."""
_STATES = {"waiting": "created", "making": "processing", "ready": "complete", "failed": "error"}


@blueprint.get("")
@client(Right.EXPORT_SUBMISSIONS)
def listing(uid: str) -> Response:
    """The exports of a form that this client asked for within a day, the newest first."""
    open_form(uid, reading())
    return jsonify(paging.of([_told(uid, each) for each in _own(uid)], paging.asked()))


@blueprint.post("")
@client(Right.EXPORT_SUBMISSIONS)
def ask(uid: str) -> tuple[Response, int]:
    """Have one made; the same question again within minutes is answered by the same one."""
    reader = reading()
    form = open_form(uid, reader)
    wish = export_wish.read(given(), export_wish.whole(form))
    export = export_wish.export_of(wish, form, reader, access.signed_in().name)
    begin_writing()
    before = {each.id for each in _own(uid)}
    rows = select_submissions.count(export.choice)
    key = made_files.ask(_file_wish(uid, wish, form, reader, rows))
    db.session.commit()
    if rows <= AT_ONCE:
        making_process.make_now(current_app, key)
    else:
        making_process.wake()
    row = db.session.get_one(MadeFile, key, populate_existing=True)
    return jsonify(_told(uid, row)), 200 if key in before else 201


@blueprint.get("/<export_uid>")
@client(Right.EXPORT_SUBMISSIONS)
def one(uid: str, export_uid: str) -> Response:
    """How far one is, and where it is to be had when it is ready."""
    row = _one(uid, export_uid)
    if row.state in ("waiting", "making"):
        making_process.wake()
    return jsonify(_told(uid, row))


@blueprint.delete("/<export_uid>")
@client(Right.EXPORT_SUBMISSIONS)
def forget(uid: str, export_uid: str) -> tuple[str, int]:
    """Forget one before its day is over."""
    begin_writing()
    row = _one(uid, export_uid)
    db.session.execute(sa.delete(MadeFile).where(MadeFile.id == row.id))
    db.session.commit()
    return "", 204


@blueprint.get("/<export_uid>/file/<path:name>")
@client(Right.EXPORT_SUBMISSIONS, records=True)
def content(uid: str, export_uid: str, name: str) -> Response:
    """The file, to the same key; each time it is taken is in the audit."""
    row = _one(uid, export_uid)
    if row.state != "ready" or not (row.file_name or "").startswith(name):
        raise Problem(CommonProblem.NOT_FOUND)
    response = Response(made_files.take(row), content_type=row.media_type)
    response.headers["Content-Length"] = str(row.size)
    response.headers["Cache-Control"] = "no-store"
    return response


def _file_wish(uid: str, wish: KoboWish, form: Form, reader: AnswersReader, rows: int) -> FileWish:
    """What the process beside the server needs to make it: written here, and no word of the client's own."""
    caller = access.signed_in()
    communes = ",".join(each.code for each in reader.communes)
    said = urlencode({"wish": export_wish.written(wish), "xa": communes, "ca_nhan": int(reader.personal)})
    detail = {"commune": communes, "as": f"kobo {wish.type}", "personal": reader.personal}
    return FileWish(
        MADE, reader.communes[0].id, caller.actor, caller.name, f"/api/v2/assets/{uid}/exports?{said}",
        kobo_addresses.root(), rows,
        {"act": "submissions.export", "record": f"form:{form.form_id}", "detail": detail},
    )  # fmt: skip


def _make(row: MadeFile, folder: Path, progress: Progress) -> MadeContent:
    """The file, in the process beside the server."""
    uid = row.address.split("/")[4]
    reader = _reader_of(request.args["xa"].split(","), personal=request.args["ca_nhan"] == "1")
    form = open_form(uid, reader)
    wish = export_wish.read(orjson.loads(request.args["wish"]), export_wish.whole(form))
    export = dataclasses.replace(export_wish.export_of(wish, form, reader, row.name), passed=progress)
    name = export_wish.file_name(wish, export)
    return MadeContent(name, wish.shape.media_type, export_wish.content(wish, export, folder))


def _reader_of(codes: list[str], *, personal: bool) -> AnswersReader:
    """The reader that asked, as it was then."""
    rows = db.session.scalars(sa.select(Commune).where(Commune.code.in_(codes)).order_by(Commune.code)).all()
    here = select_submissions.here(*(each.id for each in rows))
    return AnswersReader(tuple(map(select_submissions.named, rows)), here, personal)


def _own(uid: str) -> list[MadeFile]:
    """The files of a form that this client asked for."""
    query = sa.select(MadeFile).where(
        MadeFile.kind == MADE,
        MadeFile.actor == access.signed_in().actor,
        MadeFile.address.startswith(f"/api/v2/assets/{uid}/exports?", autoescape=True),
    )
    return list(db.session.scalars(query.order_by(MadeFile.asked_at.desc(), MadeFile.id)))


def _one(uid: str, export_uid: str) -> MadeFile:
    open_form(uid, reading())
    found = next((each for each in _own(uid) if kobo_ids.uid("e", each.id) == export_uid), None)
    if found is None:
        raise Problem(CommonProblem.NOT_FOUND)
    return found


def _told(uid: str, row: MadeFile) -> Json:
    """An export in Kobo's shape."""
    export_uid = kobo_ids.uid("e", row.id)
    path = f"/assets/{uid}/exports/{export_uid}"
    wish = orjson.loads(_said(row)["wish"])
    return {
        "url": kobo_addresses.address(path),
        "status": _STATES[row.state],
        "messages": {"error": row.problem} if row.problem else {},
        "uid": export_uid,
        "date_created": asset_json.moment(row.asked_at),
        "last_submission_time": None,
        "result": _result(path, row) if row.state == "ready" else None,
        "data": wish | {"source": kobo_addresses.address(f"/assets/{uid}")},
    }


def _result(path: str, row: MadeFile) -> str:
    return f"{kobo_addresses.root()}/api/v2{path}/file/{quote(row.file_name or 'phieu')}"


def _said(row: MadeFile) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(row.address).query))


def register(app: Flask) -> None:
    """Say who makes these files."""
    making_process.register(app, MADE, _make)
