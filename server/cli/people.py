"""`flask people`: those who sign in."""

import click
import sqlalchemy as sa
from flask.cli import with_appcontext

from server import audit
from server.accounts import persons, roles
from server.cli import arguments
from server.cli.groups import JSON, as_json, refuse
from server.db import db, writing
from server.models import Person
from server.places import communes


@click.group("people")
def group() -> None:
    """People."""


@group.command()
@click.argument("username")
@click.option("--name", default="", help="Họ tên; bỏ trống: như tên đăng nhập.")
@click.option("--role", "roles", multiple=True, required=True, type=click.Choice(list(roles.ROLES)),
              help="Vai trò; có thể nêu nhiều lần.")  # fmt: skip
@click.option(
    "--commune", "code", type=arguments.WRITTEN, help="Mã xã; bỏ trống với vai trò của cả thành phố."
)
@click.option("--village", "villages", multiple=True, help="Mã thôn (tổ trưởng); có thể nêu nhiều lần.")
@click.option("--unit", default="", help="Đơn vị của người này.")
@JSON
@with_appcontext
def add(
    username: str,
    name: str,
    roles: tuple[str, ...],
    code: str | None,
    villages: tuple[str, ...],
    unit: str,
    wants_json: bool,
) -> None:
    """Thêm một người đăng nhập; mật khẩu do máy chủ tạo và chỉ hiện một lần."""
    writing()
    commune = communes.commune(code) if code else None
    if villages and commune is None:
        refuse("Nêu thôn thì phải nêu cả mã xã (--commune).")
    found = arguments.villages(commune, villages) if commune else []
    made = persons.add(username, name, roles, commune=commune, villages=found, unit=unit)
    db.session.commit()
    if wants_json:
        as_json(_told(made.person) | {"password": made.password})
    else:
        click.echo(f"Đã thêm {username}. Mật khẩu (chỉ hiện lần này): {made.password}")


@group.command("list")
@JSON
@with_appcontext
def list_people(wants_json: bool) -> None:
    """Liệt kê người đăng nhập, vai trò và phạm vi; không có mật khẩu."""
    found = persons.everyone()
    if wants_json:
        as_json([_told(person) for person in found])
        return
    for person in found:
        scope = person.commune.code if person.commune else "cả thành phố"
        roles = ", ".join(role.name for role in person.roles)
        state = (
            "đã ngừng"
            if not person.active
            else "lâu ngày không dùng"
            if persons.is_unused(person)
            else "đang dùng"
        )
        click.echo(f"{person.username}\t{person.name}\t{roles}\t{scope}\t{state}")


@group.command()
@click.argument("username")
@with_appcontext
def reset(username: str) -> None:
    """Cấp mật khẩu dùng một lần, bỏ mã xác thực; mật khẩu chỉ hiện một lần."""
    writing()
    secret = persons.reset(_found(username), by=audit.SHELL)
    db.session.commit()
    click.echo(f"Mật khẩu dùng một lần của {username} (chỉ hiện lần này): {secret}")


@group.command()
@click.argument("username")
@with_appcontext
def disable(username: str) -> None:
    """Ngừng một tài khoản; các phiên đang mở đóng ngay."""
    writing()
    persons.disable(_found(username), by=audit.SHELL)
    db.session.commit()
    click.echo(f"Đã ngừng tài khoản {username}.")


@group.command()
@click.argument("username")
@with_appcontext
def enable(username: str) -> None:
    """Cho dùng lại một tài khoản đã ngừng, lâu ngày không dùng hoặc đang khóa vì nhập sai."""
    writing()
    persons.enable(_found(username), by=audit.SHELL)
    db.session.commit()
    click.echo(f"Tài khoản {username} dùng lại được.")


@group.command()
@click.argument("username")
@with_appcontext
def unlock(username: str) -> None:
    """Mở khóa một tài khoản tạm khóa vì nhập sai 5 lần; cũng là đường vào của quản trị viên khi chính họ bị khóa."""
    writing()
    persons.unlock(_found(username), by=audit.SHELL)
    db.session.commit()
    click.echo(f"Đã mở khóa: {username} đăng nhập lại được ngay.")


def _found(username: str) -> Person:
    query = sa.select(Person).where(Person.username == username)
    person = db.session.scalars(query).unique().first()
    if person is None:
        refuse(f"Không có tài khoản “{username}”.")
    return person


def _told(person: Person) -> dict[str, object]:
    return {
        "username": person.username,
        "name": person.name,
        "roles": [role.name for role in person.roles],
        "commune": person.commune.code if person.commune else None,
        "more_communes": [commune.code for commune in person.more_communes],
        "unit": person.unit,
        "active": person.active,
        "unused": persons.is_unused(person),
        "second_factor": person.totp_sealed is not None,
        "created_at": person.created_at,
        "signed_in_at": person.signed_in_at,
        "disabled_at": person.disabled_at,
    }
