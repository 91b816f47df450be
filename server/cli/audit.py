"""`flask audit`: what was done, kept for as long as it has to be."""

import click
from flask.cli import with_appcontext

from server import audit
from server.cli.groups import JSON, as_json
from server.db import db, writing


@click.group("audit")
def group() -> None:
    """Audit."""


@group.command()
@JSON
@with_appcontext
def prune(wants_json: bool) -> None:
    """Xóa các dòng cũ hơn TUNGNHA_AUDIT_MONTHS tháng (ít nhất 12); nên chạy mỗi tháng một lần."""
    writing()
    count = audit.prune()
    if count:
        audit.add(audit.SYSTEM, "audit.prune", "audit", {"rows": count})
    db.session.commit()
    if wants_json:
        as_json({"deleted": count})
    else:
        click.echo(f"Đã xóa {count} dòng nhật ký quá hạn lưu.")
