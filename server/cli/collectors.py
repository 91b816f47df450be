"""`flask collectors`: who walks, and the QR code that sets up his phone."""

from pathlib import Path

import click
import sqlalchemy as sa
from flask.cli import with_appcontext

from server import collectors, places
from server.cli import arguments
from server.cli.groups import JSON, as_json, refuse
from server.db import db, writing
from server.models import Collector


@click.group("collectors")
def group() -> None:
    """Collectors."""


@group.command()
@click.argument("name")
@click.option("--commune", "code", required=True, help="Mã xã.")
@click.option("--village", "codes", multiple=True, required=True, help="Mã thôn; có thể nêu nhiều lần.")
@click.option(
    "--url", required=True, help="Địa chỉ máy chủ như điện thoại thấy, ví dụ https://tungnha.example.vn."
)
@click.option("--qr", type=click.Path(dir_okay=False, path_type=Path), help="Ghi mã QR thành tệp PNG này.")
@JSON
@with_appcontext
def add(name: str, code: str, codes: tuple[str, ...], url: str, qr: Path | None, wants_json: bool) -> None:
    """Thêm một thành viên đi khảo sát; mã QR và mật khẩu do máy chủ tạo, chỉ hiện một lần."""
    writing()
    commune = places.commune(code)
    try:
        made = collectors.add(name, commune, arguments.villages(commune, codes))
    except collectors.CollectorRejected as rejected:
        refuse(str(rejected), cause=rejected)
    if qr is not None:
        _write(qr, collectors.qr_png(made.collector, url))
    db.session.commit()
    told = {
        "name": made.collector.name,
        "commune": code,
        "villages": list(codes),
        "server_url": collectors.server_url(made.collector, url),
        "username": made.collector.username,
        "password": made.password,
        "qr": collectors.qr_text(made.collector, url),
    }
    if wants_json:
        as_json(told)
        return
    click.echo(
        f"Đã thêm {told['name']}. Chỉ hiện lần này:\n"
        f"  máy chủ: {told['server_url']}\n"
        f"  tên đăng nhập: {told['username']}, mật khẩu: {told['password']}\n"
        f"  mã QR: {qr or told['qr']}"
    )


def _write(path: Path, content: bytes) -> None:
    try:
        path.write_bytes(content)
    except OSError as error:
        refuse(f"{path}: không ghi được tệp này.", cause=error)


@group.command("list")
@click.option("--commune", "code", help="Mã xã; bỏ trống: mọi xã.")
@JSON
@with_appcontext
def list_collectors(code: str | None, wants_json: bool) -> None:
    """Liệt kê thành viên, thôn của họ và mã còn dùng được không; không có mã hay mật khẩu."""
    query = sa.select(Collector).order_by(Collector.commune_id, Collector.name)
    if code:
        query = query.where(Collector.commune_id == places.commune(code).id)
    found = [_told(collector) for collector in db.session.scalars(query)]
    if wants_json:
        as_json(found)
        return
    for each in found:
        click.echo(
            f"{each['username']}\t{each['name']}\t{each['commune']}\t{each['villages']}"
            f"\t{'đã thu hồi' if each['revoked'] else 'đang dùng'}"
        )


def _told(collector: Collector) -> dict[str, object]:
    return {
        "username": collector.username,
        "name": collector.name,
        "commune": collector.commune.code,
        "villages": [held.village.code for held in collector.villages],
        "revoked": collector.revoked_at is not None,
    }
