"""`flask collectors`: who walks, and the QR code that sets up their phone."""

from pathlib import Path

import click
import sqlalchemy as sa
from flask.cli import with_appcontext

from geo import vietnamese_writing
from server.cli import arguments, out_file
from server.cli.groups import JSON, as_json, refuse
from server.db import begin_writing, db, in_vietnamese_order, writing
from server.files.tables.excel_and_csv import TableRejected
from server.models import Collector
from server.phones import app_settings, collectors, collectors_import, last_contact, qr_drawing, qr_sheet
from server.places import communes


@click.group("collectors")
def group() -> None:
    """Collectors."""


COMMUNE = click.option("--commune", "code", required=True, help="Mã xã.")
VILLAGES = click.option(
    "--village", "codes", multiple=True, required=True, help="Mã thôn; có thể nêu nhiều lần."
)
URL = click.option(
    "--url", required=True, help="Địa chỉ máy chủ như điện thoại thấy, ví dụ https://tungnha.example.vn."
)
QR = click.option(
    "--qr", type=click.Path(dir_okay=False, path_type=Path), help="Ghi mã QR thành tệp PNG này."
)


@group.command()
@click.argument("name")
@COMMUNE
@VILLAGES
@URL
@QR
@click.option(
    "--namesake", is_flag=True, help="Là người khác trùng tên với một thành viên của thôn; vẫn thêm."
)
@JSON
@with_appcontext
def add(
    *,
    name: str,
    code: str,
    codes: tuple[str, ...],
    url: str,
    qr: Path | None,
    namesake: bool,
    wants_json: bool,
) -> None:
    """Thêm một thành viên đi khảo sát; mã QR và mật khẩu do máy chủ tạo, chỉ hiện một lần."""
    writing()
    commune = communes.commune(code)
    villages = arguments.villages(commune, codes)
    there = None if namesake else collectors.namesake(name, villages)
    if there is not None:
        refuse(
            f"{there.name} ({there.username}) đã có ở thôn này. Chưa thêm ai: là người khác trùng tên thì chạy lại với "
            "--namesake; cần mã mới thì “flask collectors rotate”."
        )
    try:
        made = collectors.add(name, commune, villages)
    except collectors.CollectorRejected as rejected:
        refuse(str(rejected), cause=rejected)
    if qr is not None:
        out_file.write(qr, qr_drawing.qr_png(app_settings.qr_text(made.collector, url)))
    db.session.commit()
    _tell(made, url, f"Đã thêm {made.collector.name}.", qr, wants_json=wants_json)


def _tell(
    made: collectors.NewCollector, url: str, sentence: str, qr: Path | None, *, wants_json: bool
) -> None:
    collector = made.collector
    told = {
        "name": collector.name,
        "commune": collector.commune.code,
        "villages": [village.code for village in collectors.walked(collector)],
        "server_url": app_settings.server_url(collector, url),
        "username": collector.username,
        "password": made.password,
        "qr": app_settings.qr_text(collector, url),
    }
    if wants_json:
        as_json(told)
        return
    click.echo(
        f"{sentence} Chỉ hiện lần này:\n"
        f"  máy chủ: {told['server_url']}\n"
        f"  tên đăng nhập: {told['username']}, mật khẩu: {told['password']}\n"
        f"  mã QR: {qr or told['qr']}"
    )


@group.command("import")
@click.argument("file", type=arguments.FILE)
@COMMUNE
@URL
@click.option(
    "--sheet", type=click.Path(dir_okay=False, path_type=Path), help="Ghi tờ mã QR để in (PDF) vào tệp này."
)
@JSON
@with_appcontext
def import_table(file: Path, code: str, url: str, sheet: Path | None, wants_json: bool) -> None:
    """Thêm nhiều thành viên từ bảng .xlsx hay .csv có cột “Họ tên” và “Thôn”; sai một dòng thì không thêm ai."""
    try:
        rows = collectors_import.read(file.read_bytes(), file.name)
        begin_writing()
        commune = communes.commune(code)
        made = collectors_import.add(rows, commune)
    except TableRejected as rejected:
        refuse(*rejected.sentences, cause=rejected)
    if sheet is not None:
        try:
            out_file.write(sheet, qr_sheet.pdf(commune, [each.collector for each in made], url))
        except qr_sheet.NoPdf as error:
            refuse(str(error), cause=error)
    db.session.commit()
    told = [{"name": each.collector.name, "username": each.collector.username} for each in made]
    if wants_json:
        as_json(told)
        return
    click.echo(f"Đã thêm {len(made)} thành viên.")


@group.command()
@click.argument("username")
@URL
@QR
@JSON
@with_appcontext
def rotate(username: str, url: str, qr: Path | None, wants_json: bool) -> None:
    """Đổi mã: mã cũ không đọc được gì nữa, nhưng vẫn gửi được phiếu đã điền trong 30 ngày."""
    writing()
    collector = _collector(username)
    try:
        made = collectors.rotate(collector)
    except collectors.CollectorRejected as rejected:
        refuse(str(rejected), cause=rejected)
    if qr is not None:
        out_file.write(qr, qr_drawing.qr_png(app_settings.qr_text(collector, url)))
    db.session.commit()
    _tell(made, url, f"Đã đổi mã của {collector.name}.", qr, wants_json=wants_json)


@group.command()
@click.argument("username")
@click.option("--yes", is_flag=True, help="Thu hồi ngay, không hỏi lại.")
@with_appcontext
def revoke(username: str, yes: bool) -> None:
    """Thu hồi ngay: không đọc, không gửi được gì nữa, kể cả phiếu chưa gửi; hỏi lại trước khi làm."""
    writing()
    collector = _collector(username)
    click.echo(_warning(collector))
    if not yes:
        click.confirm("Thu hồi ngay?", abort=True)
    collectors.revoke(collector)
    db.session.commit()
    click.echo(f"Đã thu hồi mã của {collector.name}.")


@group.command()
@click.argument("username")
@VILLAGES
@with_appcontext
def assign(username: str, codes: tuple[str, ...]) -> None:
    """Giao thôn: thay các thôn của một thành viên; thôn thôi giao còn trên điện thoại 14 ngày."""
    writing()
    collector = _collector(username)
    try:
        collectors.assign(collector, arguments.villages(collector.commune, codes))
    except collectors.CollectorRejected as rejected:
        refuse(str(rejected), cause=rejected)
    db.session.commit()
    click.echo(f"Đã giao cho {collector.name}: {', '.join(v.code for v in collectors.walked(collector))}.")


def _collector(username: str) -> Collector:
    found = db.session.scalars(sa.select(Collector).where(Collector.username == username)).one_or_none()
    if found is None:
        refuse(f"Không có thành viên nào mang tên đăng nhập {username}.")
    return found


def _warning(collector: Collector) -> str:
    contact = last_contact.contacts([collector.id])[collector.id]
    last = vietnamese_writing.moment(contact.last_seen) if contact.last_seen else "chưa lần nào"
    unsent = f" Có ít nhất {contact.unsent} hộ mới ghi mà chưa gửi." if contact.unsent else ""
    return (
        f"{collector.name}: liên lạc lần cuối {last}.{unsent} "
        "Phiếu chưa gửi trong điện thoại sẽ không gửi được nữa; muốn giữ thì dùng “rotate”."
    )


@group.command("list")
@click.option("--commune", "code", type=arguments.WRITTEN, help="Mã xã; bỏ trống: mọi xã.")
@JSON
@with_appcontext
def list_collectors(code: str | None, wants_json: bool) -> None:
    """Liệt kê thành viên, thôn của họ và mã còn dùng được không; không có mã hay mật khẩu."""
    query = sa.select(Collector).order_by(Collector.commune_id, in_vietnamese_order(Collector.name))
    if code:
        query = query.where(Collector.commune_id == communes.commune(code).id)
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
        "villages": [village.code for village in collectors.walked(collector)],
        "revoked": collector.revoked_at is not None,
    }
