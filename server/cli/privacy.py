"""`flask privacy`: personal data kept no longer than it may be."""

import click

from server import clock
from server.cli.groups import JSON, as_json, refuse, with_visits
from server.db import db
from server.privacy import deletion_guard, retention, tombstones
from server.privacy.deletion_guard import DeletionStopped


@click.group("privacy")
def group() -> None:
    """Privacy."""


@group.command()
@JSON
@with_visits
def reapply(*, wants_json: bool) -> None:
    """Xóa lại những gì đã từng được xóa mà một bản sao lưu cũ mang trở về; chạy sau mỗi lần khôi phục."""
    count = tombstones.apply_tombstones(db.session)
    if wants_json:
        as_json({"deleted": count})
    else:
        click.echo(f"Đã xóa lại {count} hộ và phiếu.")


@group.command()
@click.option("--dry-run", is_flag=True, help="Chỉ liệt kê những gì đã hết hạn lưu, không xóa.")
@click.option("--yes-delete", "confirmed", type=click.IntRange(0), metavar="N",
              help="Đã xem và đồng ý xóa đến N dòng, khi lệnh dừng lại để hỏi.")  # fmt: skip
@JSON
@with_visits
def retain(*, dry_run: bool, confirmed: int | None, wants_json: bool) -> None:
    """Xóa phiếu, ảnh và hộ đã quá hạn lưu ghi trong biểu mẫu; số liệu đã đếm vẫn giữ, không còn gắn với hộ nào.

    Nên chạy mỗi đêm; mỗi đợt xóa có một dòng nhật ký. Đồng hồ có vẻ chạy trước, hoặc lần này xóa quá một phần hai mươi
    hay quá mười lần mức thường ngày, thì dừng lại và hỏi.
    """
    try:
        found = retention.due(db.session) if dry_run else retention.retain(db.session, confirmed)
    except DeletionStopped as stopped:
        deletion_guard.note_stopped(deletion_guard.RETENTION, stopped)
        refuse(str(stopped), cause=stopped)
    if not dry_run:
        deletion_guard.note_passed(deletion_guard.RETENTION)
    unstated = retention.unstated(db.session)
    if wants_json:
        rows = [
            {"about": each.about, "until": clock.day_of(each.until).isoformat(), "rows": each.count}
            for each in found
        ]
        as_json({"dry_run": dry_run, "deleted": rows, "without_retention": list(unstated)})
        return
    for each in found:
        click.echo(f"{each.about}\ttrước {clock.day_of(each.until):%d/%m/%Y}\t{each.count}")
    verb = "Sẽ xóa" if dry_run else "Đã xóa"
    click.echo(f"{verb} {sum(each.count for each in found)} dòng quá hạn lưu.")
    if unstated:
        click.echo(f"Chưa nêu thời hạn lưu, nên không xóa gì: {', '.join(unstated)}.")
