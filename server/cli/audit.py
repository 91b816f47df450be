"""`flask audit`: what was done, kept for as long as it has to be."""

import click
from flask.cli import with_appcontext

from server import audit
from server.cli.groups import JSON, as_json, refuse
from server.db import again, begin_writing, db
from server.privacy import deleted_bin, deletion_guard
from server.privacy.deletion_guard import DeletionStopped, Share

_AT_ONCE = 500
"""Rows that lie in the bin together."""


@click.group("audit")
def group() -> None:
    """Audit."""


@group.command()
@click.option("--yes-delete", "confirmed", type=click.IntRange(0), metavar="N",
              help="Đã xem và đồng ý xóa đến N dòng, khi lệnh dừng lại để hỏi.")  # fmt: skip
@JSON
@with_appcontext
def prune(*, confirmed: int | None, wants_json: bool) -> None:
    """Xóa các dòng cũ hơn TUNGNHA_AUDIT_MONTHS tháng (ít nhất 12); nên chạy mỗi đêm.

    Đồng hồ có vẻ chạy trước, hoặc lần này xóa quá một phần hai mươi hay mười lần mức thường ngày, thì dừng lại và hỏi.
    """
    try:
        count = again(lambda: _prune(confirmed), db.session)
    except DeletionStopped as stopped:
        deletion_guard.note_stopped(deletion_guard.AUDIT, stopped)
        refuse(str(stopped), cause=stopped)
    deletion_guard.note_passed(deletion_guard.AUDIT)
    if wants_json:
        as_json({"deleted": count})
    else:
        click.echo(f"Đã xóa {count} dòng nhật ký quá hạn lưu.")


def _prune(confirmed: int | None) -> int:
    connection = db.session.connection()
    shares = [Share("nhật ký", *audit.prunable())]
    needed = deletion_guard.ask(connection, "audit.prune", shares, confirmed, "--yes-delete")
    begin_writing()
    connection = db.session.connection()
    for rows in audit.prunable_rows(connection, _AT_ONCE):
        deleted_bin.keep(connection, "audit", f"audit:{rows[0]['id']}-{rows[-1]['id']}", {"audit": rows})
    count = audit.prune()
    if count:
        audit.add(audit.SYSTEM, "audit.prune", "audit", {"rows": count})
    if needed:
        deletion_guard.note_confirmed(deletion_guard.AUDIT, count)
    db.session.commit()
    return count
