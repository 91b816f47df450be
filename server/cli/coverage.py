"""`flask coverage`: look at it, fold the tally, count it anew."""

import click

from geo.compute_coverage import Cell
from geo.coverage_json import to_json
from server.cli import arguments
from server.cli.groups import JSON, as_json, refuse, with_visits
from server.counting import folding, tally
from server.counting import recount as recounting
from server.coverage import coverage_table
from server.db import db
from server.places import communes


@click.group("coverage")
def group() -> None:
    """Coverage."""


@group.command()
@click.argument("code")
@click.option("--as-of", help="Ngày, dạng 2026-11-22; bỏ trống: hôm nay.")
@JSON
@with_visits
def show(code: str, as_of: str | None, wants_json: bool) -> None:
    """Bảng tỷ lệ phủ của một xã, như mọi người được xem (số nhỏ được che)."""
    table = coverage_table.table(communes.commune(code), arguments.day(as_of))
    if wants_json:
        as_json(to_json(table))
        return
    visited = "?" if table.visited is None else table.visited
    click.echo(
        f"{table.name}, tính đến {table.as_of:%d/%m/%Y}: đã gặp {visited}/{table.households or '?'} hộ."
    )
    for row in table.indicators:
        click.echo(
            f"{row.indicator.code}\t{_words(row.cell)}\t{row.judgement.words if row.judgement else ''}"
        )


def _words(cell: Cell) -> str:
    if cell.suppressed:
        return "che số nhỏ"
    if cell.of is None or not cell.of:
        return "chưa có số liệu"
    share = "" if cell.percent is None else f"{cell.percent} % "
    return f"{share}({cell.done}/{cell.of})".replace(".", ",")


@group.command()
@with_visits
def fold() -> None:
    """Dồn các dòng số mới vào từng ngày; máy chủ vẫn tự làm việc này."""
    click.echo(f"Đã dồn vào {folding.fold_waiting()} ngày của các thôn.")


@group.command()
@click.argument("code", type=arguments.WRITTEN, required=False)
@click.option("--correct", is_flag=True, help="Sửa số theo kết quả đếm lại.")
@JSON
@with_visits
def recount(code: str | None, correct: bool, wants_json: bool) -> None:
    """Đếm lại từ từng phiếu và so với số đang dùng; khác nhau thì thoát với mã 1."""
    commune_id = communes.commune(code).id if code else None
    db.session.rollback()
    found = recounting.correct(commune_id) if correct else recounting.compare(commune_id)
    differences, months = found.differences, found.months
    if wants_json:
        told = [_told(each) for each in differences]
        as_json({"differences": told, "months": months, "corrected": correct})
    elif not differences and not months:
        click.echo("Số đang dùng khớp với đếm lại.")
    elif correct:
        click.echo(f"Đã sửa {len(differences) + months} chỗ lệch.")
    if (differences or months) and not correct:
        refuse(f"Lệch {len(differences) + months} chỗ giữa số đang dùng và đếm lại.")


def _told(each: tally.TallyDifference) -> dict[str, object]:
    return {
        "village": each.village_id,
        "indicator": each.indicator_id,
        "day": each.day,
        "tallied": list(each.tallied),
        "counted": list(each.counted),
    }
