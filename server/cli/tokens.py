"""`flask tokens`: keys for programs."""

import click
import sqlalchemy as sa
from flask.cli import with_appcontext

from server import clock
from server.accounts import program_keys
from server.accounts.program_keys import READS, UNLESS_SAID
from server.cli import arguments
from server.cli.groups import JSON, as_json, refuse
from server.db import db, writing
from server.models import ApiToken
from server.places import communes


@click.group("tokens")
def group() -> None:
    """Tokens."""


@group.command()
@click.argument("name")
@click.option("--commune", "code", type=arguments.WRITTEN, help="Mã xã được đọc; bỏ trống: mọi xã.")
@click.option("--read", "reads", multiple=True, type=click.Choice(list(READS)), default=list(UNLESS_SAID),
              help="Loại dữ liệu được đọc; có thể nêu nhiều lần; bỏ trống: tất cả, đến hết hôm qua.")  # fmt: skip
@click.option(
    "--days", type=click.IntRange(1, 3660), default=365, show_default=True, help="Số ngày còn hiệu lực."
)
@JSON
@with_appcontext
def add(name: str, code: str | None, reads: tuple[str, ...], days: int, wants_json: bool) -> None:
    """Tạo khóa truy cập cho một chương trình; khóa chỉ hiện một lần."""
    writing()
    commune = communes.commune(code) if code else None
    made = program_keys.add(name, commune=commune, reads=reads, days=days)
    expires = made.record.expires_at
    db.session.commit()
    if wants_json:
        as_json({"name": made.record.name, "token": made.token, "expires_at": expires})
    else:
        click.echo(f"Khóa của {made.record.name} (chỉ hiện lần này): {made.token}")


@group.command("list")
@JSON
@with_appcontext
def list_tokens(wants_json: bool) -> None:
    """Liệt kê các khóa, phạm vi và hạn dùng; không có khóa nào trong đó."""
    rows = program_keys.listed(None)
    if wants_json:
        as_json([_told(row) for row in rows])
        return
    for row in rows:
        scope = row.commune.code if row.commune else "mọi xã"
        click.echo(f"{row.id}\t{row.name}\t{scope}\t{row.reads}\t{_state(row)}")


@group.command()
@click.argument("number", type=arguments.KEY)
@with_appcontext
def revoke(number: int) -> None:
    """Thu hồi khóa mang số này trong danh sách."""
    writing()
    found = db.session.scalars(sa.select(ApiToken).where(ApiToken.id == number)).unique().first()
    if found is None:
        refuse(f"Không có khóa số {number}.")
    program_keys.revoke(found)
    db.session.commit()
    click.echo(f"Đã thu hồi khóa của {found.name}.")


def _state(row: ApiToken) -> str:
    if row.revoked_at is not None:
        return "đã thu hồi"
    if row.expires_at is not None and row.expires_at <= clock.now():
        return "đã hết hạn"
    return f"đến {clock.day_of(row.expires_at):%d/%m/%Y}" if row.expires_at else "không có hạn"


def _told(row: ApiToken) -> dict[str, object]:
    return {
        "id": row.id,
        "name": row.name,
        "commune": row.commune.code if row.commune else None,
        "reads": row.reads.split(),
        "created_at": row.created_at,
        "expires_at": row.expires_at,
        "revoked_at": row.revoked_at,
    }
