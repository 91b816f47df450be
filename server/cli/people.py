"""`flask people`: those who sign in."""

import click
from flask.cli import with_appcontext

from server import people, places
from server.cli import arguments
from server.cli.groups import JSON, as_json, refuse
from server.db import db, writing
from server.models import Person


@click.group("people")
def group() -> None:
    """People."""


@group.command()
@click.argument("username")
@click.option("--name", default="", help="Họ tên; bỏ trống: như tên đăng nhập.")
@click.option("--role", "roles", multiple=True, required=True, type=click.Choice(list(people.ROLES)),
              help="Vai trò; có thể nêu nhiều lần.")  # fmt: skip
@click.option("--commune", "code", help="Mã xã; bỏ trống với vai trò của cả thành phố.")
@click.option("--village", "villages", multiple=True, help="Mã thôn (tổ trưởng); có thể nêu nhiều lần.")
@JSON
@with_appcontext
def add(
    username: str,
    name: str,
    roles: tuple[str, ...],
    code: str | None,
    villages: tuple[str, ...],
    wants_json: bool,
) -> None:
    """Thêm một người đăng nhập; mật khẩu do máy chủ tạo và chỉ hiện một lần."""
    writing()
    commune = places.commune(code) if code else None
    if villages and commune is None:
        refuse("Nêu thôn thì phải nêu cả mã xã (--commune).")
    found = arguments.villages(commune, villages) if commune else []
    made = people.add(username, name, roles, commune=commune, villages=found)
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
    persons = people.everyone()
    if wants_json:
        as_json([_told(person) for person in persons])
        return
    for person in persons:
        scope = person.commune.code if person.commune else "cả thành phố"
        roles = ", ".join(role.name for role in person.roles)
        click.echo(f"{person.username}\t{person.name}\t{roles}\t{scope}")


def _told(person: Person) -> dict[str, object]:
    return {
        "username": person.username,
        "name": person.name,
        "roles": [role.name for role in person.roles],
        "commune": person.commune.code if person.commune else None,
        "active": person.active,
    }
