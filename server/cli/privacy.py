"""`flask privacy`: personal data kept no longer than it may be."""

import click
from flask.cli import with_appcontext

from server import tombstones
from server.cli.groups import JSON, as_json
from server.db import db


@click.group("privacy")
def group() -> None:
    """Privacy."""


@group.command()
@JSON
@with_appcontext
def reapply(*, wants_json: bool) -> None:
    """Xóa lại những gì đã từng được xóa mà một bản sao lưu cũ mang trở về; chạy sau mỗi lần khôi phục."""
    count = tombstones.apply_tombstones(db.session)
    if wants_json:
        as_json({"deleted": count})
    else:
        click.echo(f"Đã xóa lại {count} hộ và phiếu.")
