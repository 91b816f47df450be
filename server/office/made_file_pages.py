"""How far a file is that is made beside the server, and the file; pages that offer such files call these."""

from typing import Any

from flask import Response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from server.accounts import access
from server.db import begin_writing, db
from server.errors import Problem
from server.files import made_files, making_process
from server.files.file_problems import FileProblem
from server.files.made_files import FileWish
from server.models import Commune
from server.phones.phone_access import outside_url


def ask(
    commune: Commune | None, kind: str, *, of: int, act: str, record: str | None, detail: object, follow: str
) -> BaseResponse:
    """Have what this request asks for made, and lead to the page (`follow`) that shows how far it is.

    Without a `commune` it holds the whole city, and the page has no commune's code in its address.
    """
    caller = access.signed_in()
    wish = FileWish(
        kind, _key(commune), caller.actor, caller.name, request.full_path, outside_url(), of,
        {"act": act, "record": record, "detail": detail},
    )  # fmt: skip
    begin_writing()
    key = made_files.ask(wish)
    db.session.commit()
    making_process.wake()
    where: dict[str, Any] = {"code": commune.code} if commune else {}
    return redirect(url_for(follow, key=key, **where), 303)


def _key(commune: Commune | None) -> int | None:
    return commune.id if commune else None


def progress(
    commune: Commune | None, kind: str, key: str, *, title: str, back: str, content: str
) -> Response:
    """The page that tells how far a file is, and offers it when it is ready."""
    row = made_files.of_person(_key(commune), kind, key, access.signed_in().actor)
    if row.state in ("waiting", "making"):
        making_process.wake()
    page = render_template(
        "office/made_file.html",
        commune=commune,
        row=row,
        title=title,
        back=back,
        content=content,
        was_interrupted=made_files.was_interrupted(row),
        until=row.asked_at + made_files.KEPT,
    )
    return Response(page, headers={"Cache-Control": "no-store"})


def ready(commune: Commune | None, kind: str, key: str) -> tuple[str, Response]:
    """The name and the content of a file that is ready; Problem FILE_FORGOTTEN where it is not. It is in the audit."""
    row = made_files.of_person(_key(commune), kind, key, access.signed_in().actor)
    if row.state != "ready":
        raise Problem(FileProblem.FILE_FORGOTTEN)
    response = Response(made_files.take(row), mimetype=row.media_type)
    response.headers["Content-Length"] = str(row.size)
    response.headers["Cache-Control"] = "no-store"
    return row.file_name or "", response
