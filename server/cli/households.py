"""`flask households`: lists of households from Excel or CSV."""

from pathlib import Path

import click

from server import audit
from server.cli.arguments import FILE
from server.cli.groups import JSON, as_json, refuse, with_visits
from server.counting import writer_lock
from server.db import again, begin_writing, db, writing
from server.households import list_changes, list_comparison, list_import
from server.households.list_changes import ListDecisions, StoredList
from server.households.list_comparison import Compared
from server.households.list_import import RegisterRejected
from server.intake import before_registration
from server.places import communes
from server.privacy import deletion_guard
from server.privacy.deletion_guard import DeletionStopped

_STOPPED = (
    "Theo giờ này có {count} hộ mà phiếu đăng ký đã quá hạn; chưa ghi gì. Hãy xem giờ máy chủ; đúng thì chạy lại với "
    "--yes-settle {count}."
)


@click.group("households")
def group() -> None:
    """Households."""


@group.command("import")
@click.argument("file", type=FILE)
@click.option("--commune", "code", required=True, help="Mã xã của danh sách.")
@click.option("--check", is_flag=True, help="Chỉ kiểm tra, không ghi gì.")
@click.option("--add-twins", is_flag=True,
              help="Thêm cả những dòng cần hỏi lại; bỏ trống: để các dòng ấy lại.")  # fmt: skip
@JSON
@with_visits
def import_list(*, file: Path, code: str, check: bool, add_twins: bool, wants_json: bool) -> None:
    """Nạp danh sách hộ từ Excel hoặc CSV: cột Họ tên chủ hộ, Thôn, và Địa chỉ hoặc Ngõ, Số nhà.

    Kiểm tra hết rồi mới ghi; còn một dòng sai thì không ghi gì. Danh sách nạp lại cập nhật: hộ mới được thêm, hộ có mã
    được gọi theo danh sách, dòng cần hỏi lại được nêu ra và để nguyên; trang Nạp danh sách hộ quyết được từng dòng.
    """
    try:
        sheets = list_import.cells(file.read_bytes(), file.name)
        rows = list_import.rows_of(list_import.table_of(sheets))
        begin_writing()
        writer_lock.hold(db.session.connection())
        commune = communes.commune(code)
        kept = list_import.keep(commune, file.read_bytes(), file.name, actor="system", name="dòng lệnh")
        compared = list_comparison.compare(rows, commune)
        twins = frozenset(twin.placed.row.number for twin in compared.asked) if add_twins else frozenset()
        decided = ListDecisions(other=twins)
        stored = None if check else list_changes.store(kept, commune, lambda _: decided, sheets=sheets)
    except RegisterRejected as rejected:
        refuse("\n".join(rejected.sentences), cause=rejected)
    if check:
        db.session.rollback()
    else:
        db.session.commit()
    _tell(compared, stored, None if check else kept.id, wants_json=wants_json)


def _tell(compared: Compared, stored: StoredList | None, key: int | None, *, wants_json: bool) -> None:
    twins = [
        {"row": twin.placed.row.number, "other_row": twin.other_row,
         "household": str(twin.other_id) if twin.other_id else None}
        for twin in compared.asked
    ]  # fmt: skip
    counts = {name: len(getattr(compared, name)) for name in ("new", "changed", "alike", "missing")}
    added = stored.added if stored else 0
    if wants_json:
        as_json({"import": key, **counts, "added": added, "twins": twins})
        return
    click.echo(
        "{new} hộ mới, {changed} hộ đổi tên hoặc địa chỉ, {alike} hộ như đang có, {missing} hộ không có trong "
        "danh sách, {asked} dòng cần hỏi lại; đã thêm {added} hộ.".format(
            **counts, asked=len(twins), added=added
        )
    )
    for twin in twins[:20]:
        with_whom = f"dòng {twin['other_row']}" if twin["other_row"] else f"hộ {twin['household']}"
        click.echo(f"  dòng {twin['row']} có vẻ trùng với {with_whom}")
    if stored is not None:
        click.echo(f"Hoàn tác cả danh sách: flask households undo {key} --commune …")


@group.command("undo")
@click.argument("key", type=int)
@click.option("--commune", "code", required=True, help="Mã xã của danh sách.")
@with_visits
def undo_import(*, key: int, code: str) -> None:
    """Hoàn tác cả một danh sách đã nạp, cả khi đã có phiếu: hộ đã có phiếu ở lại, những gì khác trở về như trước."""
    writing()
    undone = list_changes.undo(list_import.found(communes.commune(code), key))
    db.session.commit()
    click.echo(f"Đã bỏ {undone.ended} hộ, {undone.restored} hộ trở về như trước, {undone.stayed} hộ ở lại.")


@group.command("settle")
@click.option("--yes-settle", "confirmed", type=click.IntRange(0), metavar="N",
              help="Đồng hồ đúng, đồng ý ghi đến N hộ hoặc điểm, khi lệnh dừng lại để hỏi.")  # fmt: skip
@with_visits
def settle(*, confirmed: int | None) -> None:
    """Ghi vào danh sách những hộ mà phiếu đăng ký đã quá 5 ngày chưa tới, theo các phiếu đã có (chạy mỗi ngày).

    Đồng hồ có vẻ chạy trước thì dừng lại và hỏi.
    """
    try:
        settled = again(lambda: _settle(confirmed), db.session)
    except DeletionStopped as stopped:
        deletion_guard.note_stopped(deletion_guard.SETTLING, stopped)
        refuse(str(stopped), cause=stopped)
    deletion_guard.note_passed(deletion_guard.SETTLING)
    click.echo(f"Đã ghi {settled} hộ hoặc điểm.")


def _settle(confirmed: int | None) -> int:
    connection = writing()
    waiting = before_registration.overdue(connection)
    doubts = deletion_guard.clock_doubts(connection) if waiting else []
    if doubts and (confirmed is None or confirmed < len(waiting)):
        raise DeletionStopped(f"{' '.join(doubts)} {_STOPPED.format(count=len(waiting))}")
    settled = sum(before_registration.force(connection, entity) for entity in waiting)
    if settled:
        audit.add(audit.SHELL.name, "household.settle_overdue", "households", {"rows": settled})
    if doubts:
        deletion_guard.note_confirmed(deletion_guard.SETTLING, settled)
    db.session.commit()
    return settled
