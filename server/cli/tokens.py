"""`flask tokens`: keys for programs."""

import click
from flask.cli import with_appcontext

from server import people, places
from server.cli.groups import JSON, as_json
from server.db import db, writing


@click.group("tokens")
def group() -> None:
    """Tokens."""


@group.command()
@click.argument("name")
@click.option("--commune", "code", help="Mã xã được đọc; bỏ trống: mọi xã.")
@click.option("--days", type=click.IntRange(1, 3660), help="Số ngày còn hiệu lực; bỏ trống: đến khi thu hồi.")
@JSON
@with_appcontext
def add(name: str, code: str | None, days: int | None, wants_json: bool) -> None:
    """Tạo khóa truy cập cho một chương trình; khóa chỉ hiện một lần."""
    writing()
    made = people.add_token(name, commune=places.commune(code) if code else None, days=days)
    expires = made.record.expires_at
    db.session.commit()
    if wants_json:
        as_json({"name": made.record.name, "token": made.token, "expires_at": expires})
    else:
        click.echo(f"Khóa của {made.record.name} (chỉ hiện lần này): {made.token}")
