"""`flask bin`: what was deleted by the clock within the last 30 days, brought back or deleted for good."""

import click

from server.cli import arguments
from server.cli.groups import JSON, as_json, refuse, with_visits
from server.db import db
from server.privacy import bring_back, deleted_bin, deletion_guard
from server.privacy.deletion_guard import DeletionStopped


@click.group("bin")
def group() -> None:
    """Bin."""


@group.command("list")
@JSON
@with_visits
def list_bin(*, wants_json: bool) -> None:
    """Liệt kê những gì đã xóa theo hạn trong 30 ngày qua: ngày nào, của biểu mẫu hay danh sách nào, bao nhiêu."""
    found = deleted_bin.listed(db.session)
    if wants_json:
        as_json([{"day": each.day.isoformat(), "about": each.about, "records": each.count} for each in found])
        return
    for each in found:
        click.echo(f"{each.day:%d/%m/%Y}\t{each.about}\t{each.count}")
    click.echo(
        f"Thùng rác có {sum(each.count for each in found)} mục; mỗi mục giữ {deleted_bin.KEPT.days} ngày."
    )


@group.command("bring-back")
@click.argument("day")
@click.option("--about", help="Chỉ của biểu mẫu, danh sách này, như “flask bin list” ghi; bỏ trống: tất cả.")
@JSON
@with_visits
def bring(*, day: str, about: str | None, wants_json: bool) -> None:
    """Đưa trở lại những gì đã xóa trong ngày DAY (2026-11-29): hộ, phiếu, ảnh, và phiếu lại được tính cho hộ của nó."""
    wanted = arguments.day(day)
    if wanted is None:
        refuse("Hãy nêu ngày, dạng 2026-11-29, như “flask bin list” liệt kê.")
    made = bring_back.bring_back(db.session, wanted, about)
    if not made.count and not made.left:
        refuse("Không có gì bị xóa trong ngày ấy mà còn trong thùng rác.")
    if wants_json:
        as_json({"records": made.count, "left": list(made.left)})
        return
    for key in made.left:
        click.echo(f"Không đưa lại được, chỗ cũ đã có dữ liệu mới: {key}", err=True)
    click.echo(f"Đã đưa trở lại {made.count} mục.")


@group.command()
@click.option("--yes-delete", "confirmed", type=click.IntRange(0), metavar="N",
              help="Đã xem và đồng ý xóa đến N mục, khi lệnh dừng lại để hỏi.")  # fmt: skip
@JSON
@with_visits
def empty(*, confirmed: int | None, wants_json: bool) -> None:
    """Xóa hẳn những gì đã nằm trong thùng rác quá 30 ngày; đồng hồ có vẻ chạy trước thì dừng lại và hỏi."""
    try:
        count = deleted_bin.empty(db.session, confirmed)
    except DeletionStopped as stopped:
        deletion_guard.note_stopped(deletion_guard.BIN, stopped)
        refuse(str(stopped), cause=stopped)
    deletion_guard.note_passed(deletion_guard.BIN)
    if wants_json:
        as_json({"deleted": count})
    else:
        click.echo(f"Đã xóa hẳn {count} mục của thùng rác.")
