"""`flask boundaries`: outlines and household figures from map files."""

import datetime as dt
from pathlib import Path
from typing import cast

import click

from geo.boundaries import BoundaryReading, Level, ReadAs, Registered
from server import clock
from server.boundaries import (
    boundary_upload,
    derived_outlines,
    merge_villages,
    read_outlines,
    stored_outlines,
)
from server.cli import arguments
from server.cli.groups import JSON, as_json, refuse, with_visits
from server.db import begin_writing, db, writing
from server.files.tables.excel_and_csv import TableRejected
from server.models import Commune
from server.places import communes, household_numbers_import

_UNITS = {"m": 1, "cm": 100, "mm": 1_000}


@click.group("boundaries")
def group() -> None:
    """Boundaries."""


@group.command("import")
@click.argument("file", type=arguments.FILE)
@click.option("--level", type=click.Choice(["commune", "village"]), default="village", show_default=True,
              help="Tệp là ranh giới xã (commune) hay thôn (village).")  # fmt: skip
@click.option(
    "--commune",
    "code",
    type=arguments.WRITTEN,
    help="Mã xã của các thôn; bỏ trống: theo 5 số đầu của mã thôn.",
)
@click.option(
    "--crs", type=int, help="Mã EPSG của hệ tọa độ, nếu tệp không ghi hoặc ghi sai (9210, 9209, 3405…)."
)
@click.option("--code-column", help="Cột mã, nếu không tự nhận ra.")
@click.option("--name-column", help="Cột tên, nếu không tự nhận ra.")
@click.option("--layer", help="Lớp cần nạp, nếu tệp có nhiều lớp.")
@click.option("--north-first", is_flag=True, help="Tọa độ ghi Bắc (X) trước Đông (Y).")
@click.option("--unit", type=click.Choice(["m", "cm", "mm"]), default="m", show_default=True,
              help="Đơn vị của bản vẽ.")  # fmt: skip
@click.option("--by-name", is_flag=True, help="Ghép theo tên thôn trong danh mục, không theo mã trong tệp.")
@click.option("--renames", is_flag=True, help="Đúng là phần lớn các thôn đổi tên.")
@click.option("--source", help="Nguồn của ranh giới và số hộ; bỏ trống: tên tệp.")
@click.option("--date", "day", help="Ngày của số hộ, dạng 2026-11-22; bỏ trống: hôm nay.")
@click.option("--illustrative", is_flag=True, help="Ranh giới chỉ để minh họa; bản đồ sẽ ghi rõ.")
@JSON
@with_visits
def import_(
    *,
    file: Path,
    level: str,
    code: str | None,
    crs: int | None,
    code_column: str | None,
    name_column: str | None,
    layer: str | None,
    north_first: bool,
    unit: str,
    by_name: bool,
    renames: bool,
    source: str | None,
    day: str | None,
    illustrative: bool,
    wants_json: bool,
) -> None:
    """Nạp ranh giới từ tệp bản đồ của cơ quan đất đai (WGS84 hoặc VN-2000).

    GeoJSON, Shapefile hoặc MapInfo nén zip, GeoPackage, KML, KMZ, DXF, DGN V7, GML, FlatGeobuf.

    Kiểm tra hết rồi mới ghi; còn một lỗi thì không ghi gì.
    """
    figures_day = arguments.day(day)
    commune = communes.commune(code) if code else None
    reading = read_outlines.read(
        file,
        level=cast(Level, level),
        commune_outline=communes.official_outline(commune) if commune and level == "village" else None,
        near=boundary_upload.about(commune) if commune and level == "village" else None,
        how=ReadAs(layer, code_column, name_column, crs, north_first, _UNITS[unit], by_name, renames),
        registered=_registered(commune) if level == "village" else None,
    )
    begin_writing()
    commune = communes.commune(code) if code else None
    stored = _store(reading, cast(Level, level), commune, source or file.name, figures_day, illustrative)
    if wants_json:
        as_json(_told(reading, stored))
        return
    for problem in reading.warnings:
        click.echo(f"Lưu ý: {problem.sentence}", err=True)
    click.echo(
        f"Đã nạp {len(reading.outlines)} ranh giới (EPSG:{reading.crs.epsg if reading.crs else '?'}): "
        f"{stored.added} mới, {stored.changed} thay đổi, {stored.unchanged} như cũ; "
        f"{stored.figures} thôn có số hộ."
    )


def _registered(commune: Commune | None) -> dict[str, Registered] | None:
    """What to compare the file with; None at a first import, when every code is new."""
    return (boundary_upload.registered(commune, "village") or None) if commune else None


def _store(
    reading: BoundaryReading,
    level: Level,
    commune: Commune | None,
    source: str,
    day: dt.date | None,
    illustrative: bool,
) -> stored_outlines.StoredOutlines:
    if reading.errors:
        refuse(*(problem.sentence for problem in reading.errors), "Chưa nạp gì: hãy sửa tệp rồi nạp lại.")
    stored = stored_outlines.store_outlines(
        reading, level, commune=commune, source=source, day=day, illustrative=illustrative
    )
    db.session.commit()
    return stored


def _told(reading: BoundaryReading, stored: stored_outlines.StoredOutlines) -> dict[str, object]:
    return {
        "epsg": reading.crs.epsg if reading.crs else None,
        "crs_known_by": reading.crs.how if reading.crs else None,
        "added": stored.added,
        "changed": stored.changed,
        "unchanged": stored.unchanged,
        "figures": stored.figures,
        "unmatched": list(reading.unmatched),
        "absent": list(reading.absent),
        "warnings": [problem.sentence for problem in reading.warnings],
    }


@group.command("derive")
@click.option("--commune", "code", required=True, help="Mã xã.")
@JSON
@with_visits
def derive(*, code: str, wants_json: bool) -> None:
    """Suy ra ranh giới của các thôn chưa ai vẽ, từ điểm đã làm tròn của các hộ và điểm công cộng."""
    writing()
    made = derived_outlines.outlines_of(communes.commune(code), "system")
    db.session.commit()
    if wants_json:
        as_json({"derived": made.count, "bare": list(made.bare)})
        return
    bare = f" Chưa có điểm nào: {', '.join(made.bare)}." if made.bare else ""
    click.echo(f"Đã suy ra ranh giới của {made.count} thôn.{bare}")


@group.command("figures")
@click.argument("file", type=arguments.FILE)
@click.option("--commune", "code", required=True, help="Mã xã.")
@click.option("--source", help="Nguồn của số hộ; bỏ trống: tên tệp.")
@click.option("--date", "day", help="Ngày của số hộ, dạng 2026-11-22; bỏ trống: hôm nay.")
@JSON
@with_visits
def figures(*, file: Path, code: str, source: str | None, day: str | None, wants_json: bool) -> None:
    """Nạp số hộ, nhân khẩu của các thôn từ bảng Excel hoặc CSV; còn một dòng sai thì không ghi gì."""
    when = arguments.day(day) or clock.today()
    try:
        table = household_numbers_import.read(file.read_bytes(), file.name)
        begin_writing()
        commune = communes.commune(code)
        stored = household_numbers_import.store(commune, table, source=source or file.name, day=when)
    except TableRejected as rejected:
        refuse(*rejected.sentences, "Chưa nạp gì: hãy sửa bảng rồi nạp lại.", cause=rejected)
    db.session.commit()
    if wants_json:
        as_json({"villages": stored, "date": when.isoformat()})
        return
    click.echo(f"Đã nạp số hộ của {stored} thôn.")


@group.command("merge")
@click.argument("old", nargs=-1, required=True)
@click.option("--commune", "code", required=True, help="Mã xã.")
@click.option("--into", required=True, help="Mã của thôn mới, đã có trong danh mục.")
@click.option("--from", "first_day", required=True, help="Ngày đầu tiên của thôn mới, dạng 2026-11-22.")
@click.option("--decision", default="", help="Số, ngày của nghị quyết hay quyết định hợp nhất.")
@JSON
@with_visits
def merge(
    *, old: tuple[str, ...], code: str, into: str, first_day: str, decision: str, wants_json: bool
) -> None:
    """Nhập các thôn OLD vào một thôn: mã cũ vẫn được nhận, phiếu của mã cũ tính cho thôn mới."""
    day = arguments.day(first_day)
    writing()
    commune = communes.commune(code)
    *ended, new = arguments.villages(commune, [*old, into])
    try:
        done = merge_villages.merge(commune, ended, new, day or clock.today(), "system", decision)
    except communes.PlacesRejected as rejected:
        refuse(*rejected.sentences, cause=rejected)
    db.session.commit()
    if wants_json:
        as_json({"ended": done.ended, "collectors": done.collectors, "households": done.households})
        return
    total = f", tổng số hộ {done.households}" if done.households is not None else ""
    click.echo(
        f"Đã nhập {done.ended} thôn vào {new.name}{total}; {done.collectors} thành viên đi cả thôn mới."
    )
