"""Exports under a name at Kobo's door, and the file itself at an address that Excel asks again and again (K16)."""

import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, Response, jsonify

from server import audit, clock
from server.accounts import access
from server.accounts.client_access import client
from server.accounts.roles import Right
from server.answers.who_may_read import AnswersReader
from server.api.kobo import asset_json, export_wish, kobo_addresses, paging
from server.api.kobo.asset_routes import open_form, reading
from server.api.kobo.export_wish import KoboWish
from server.api.kobo.kobo_bodies import given, text
from server.api.kobo.kobo_errors import wrong
from server.api.kobo.kobo_problems import KoboProblem
from server.db import begin_writing, db
from server.errors import CommonProblem, Problem
from server.exports.stream_submissions import Export
from server.hooks import outbox
from server.models import ExportSetting, Form

blueprint = Blueprint("kobo_export_settings", __name__, url_prefix="/api/v2/assets/<uid>/export-settings")

Json = dict[str, Any]
_TYPES = {"csv": "csv", "xlsx": "xls"}
_making = threading.Lock()
"""One workbook at a time in each process: the next is told when to ask again."""
_AGAIN = (("Retry-After", "10"),)
MOST = 100


@blueprint.get("")
@client(Right.EXPORT_SUBMISSIONS)
def listing(uid: str) -> Response:
    """The exports that are kept of a form in the reader's communes."""
    return jsonify(paging.of([_told(uid, each) for each in _kept(uid)], paging.asked()))


@blueprint.post("")
@client(Right.EXPORT_SUBMISSIONS)
def add(uid: str) -> tuple[Response, int]:
    """Keep an export under a name that no other of the form has."""
    begin_writing()
    reader = reading()
    form, said = open_form(uid, reader), given()
    rows = _rows(form, reader)
    if len(rows) >= MOST:
        raise wrong("name", f"No more than {MOST} settings of one form")
    row = ExportSetting(uid=outbox.uid("es"), commune_id=_commune_id(form, reader), form_id=form.id)
    _take(row, said, form, rows)
    db.session.add(row)
    db.session.flush()
    audit.note("export_setting.add", f"form:{form.form_id}", {"name": row.name})
    told = _told(uid, row)
    db.session.commit()
    return jsonify(told), 201


@blueprint.get("/<setting_uid>")
@client(Right.EXPORT_SUBMISSIONS)
def one(uid: str, setting_uid: str) -> Response:
    """One of them, with the addresses of its files."""
    return jsonify(_told(uid, _one(uid, setting_uid)))


@blueprint.patch("/<setting_uid>")
@client(Right.EXPORT_SUBMISSIONS)
def change(uid: str, setting_uid: str) -> Response:
    """Change its name or what it holds."""
    begin_writing()
    reader = reading()
    form, row = open_form(uid, reader), _one(uid, setting_uid)
    _take(row, {"name": row.name, "export_settings": row.wish} | given(), form, _rows(form, reader))
    audit.note("export_setting.change", f"form:{form.form_id}", {"name": row.name})
    told = _told(uid, row)
    db.session.commit()
    return jsonify(told)


@blueprint.delete("/<setting_uid>")
@client(Right.EXPORT_SUBMISSIONS)
def remove(uid: str, setting_uid: str) -> tuple[str, int]:
    """Forget it: its address is no longer there."""
    begin_writing()
    row = _one(uid, setting_uid)
    audit.note("export_setting.remove", f"setting:{row.id}", {"name": row.name})
    db.session.delete(row)
    db.session.commit()
    return "", 204


@blueprint.get("/<setting_uid>/data")
@client(Right.EXPORT_SUBMISSIONS, records=True)
def data(uid: str, setting_uid: str) -> Response:
    """The file as the submissions are now, at once and without a redirect: CSV streamed, a workbook made meanwhile."""
    ending = kobo_addresses.ending() or "csv"
    if ending not in _TYPES:
        raise Problem(CommonProblem.NOT_FOUND)
    row, reader = _one(uid, setting_uid), reading()
    form = open_form(uid, reader)
    said = export_wish.read(dict(row.wish) | {"type": _TYPES[ending]}, export_wish.whole(form))
    export = export_wish.export_of(said, form, reader, access.signed_in().name)
    detail = {
        "communes": [each.code for each in reader.communes],
        "as": f"kobo {ending}",
        "personal": reader.personal,
    }
    if ending == "csv":
        audit.note_reading("submissions.export", f"form:{form.form_id}", detail)
        return _file(said, export_wish.content(said, export, Path()))
    if not _making.acquire(blocking=False):
        raise Problem(KoboProblem.EXPORT_BUSY, _AGAIN)
    try:
        audit.note_reading("submissions.export", f"form:{form.form_id}", detail)
        return _file(said, _workbook(said, export))
    finally:
        _making.release()


def _workbook(said: KoboWish, export: Export) -> Iterator[bytes]:
    """Made whole before its first byte leaves: what goes wrong is told by the status."""
    with ExitStack() as until_made:
        folder = Path(until_made.enter_context(TemporaryDirectory()))
        made = iter(export_wish.content(said, export, folder))
        until_sent = until_made.pop_all()

    def pieces() -> Iterator[bytes]:
        with until_sent:
            yield from made

    return pieces()


def _file(said: KoboWish, content: Any) -> Response:
    return Response(
        content, content_type=said.shape.media_type, headers={"Cache-Control": "private, no-cache"}
    )


def _kept(uid: str) -> list[ExportSetting]:
    reader = reading()
    return _rows(open_form(uid, reader), reader)


def _rows(form: Form, reader: AnswersReader) -> list[ExportSetting]:
    own = [each.id for each in reader.communes]
    query = sa.select(ExportSetting).where(
        ExportSetting.form_id == form.id, ExportSetting.commune_id.in_(own)
    )
    return list(db.session.scalars(query.order_by(ExportSetting.id)))


def _one(uid: str, setting_uid: str) -> ExportSetting:
    found = next((each for each in _kept(uid) if each.uid == setting_uid), None)
    if found is None:
        raise Problem(CommonProblem.NOT_FOUND)
    return found


def _commune_id(form: Form, reader: AnswersReader) -> int:
    return form.commune_id or access.signed_in().commune_id or reader.communes[0].id


def _take(row: ExportSetting, said: Json, form: Form, others: list[ExportSetting]) -> None:
    name = " ".join(text(said, "name").split())[:120]
    if not name:
        raise wrong("name", "This field may not be blank.")
    if any(each.name == name and each.uid != row.uid for each in others):
        raise wrong("name", "This name is already in use.")
    settings = said.get("export_settings", {})
    if not isinstance(settings, dict):
        raise wrong("export_settings", "Value must be valid JSON.")
    wish = export_wish.read(settings, export_wish.whole(form), "export_settings")
    row.name, row.wish, row.changed_at = name, wish.told(), clock.now()


def _told(uid: str, row: ExportSetting) -> Json:
    """In Kobo's shape."""
    path = f"/assets/{uid}/export-settings/{row.uid}"
    return {
        "uid": row.uid,
        "url": kobo_addresses.address(path),
        "data_url_csv": kobo_addresses.address(f"{path}/data", ".csv"),
        "data_url_xlsx": kobo_addresses.address(f"{path}/data", ".xlsx"),
        "name": row.name,
        "date_modified": asset_json.moment(row.changed_at),
        "export_settings": row.wish,
    }
