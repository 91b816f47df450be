"""`flask audit`: what was done, kept for as long as it has to be."""

import click
from flask.cli import with_appcontext

from server.cli.groups import JSON, as_json, refuse
from server.db import again, db
from server.privacy import audit_retention, deletion_guard
from server.privacy.deletion_guard import DeletionStopped


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
    count = audit_retention.prune(confirmed, "--yes-delete")
    db.session.commit()
    return count
