"""`flask boundaries`: outlines and household figures from map files."""

import datetime as dt
from pathlib import Path
from typing import cast

import click
from flask.cli import with_appcontext

from geo import boundaries
from geo.boundaries import Level, Reading
from server import outlines, places
from server.cli import arguments
from server.cli.groups import JSON, as_json, refuse
from server.db import db, writing
from server.models import Commune


@click.group("boundaries")
def group() -> None:
    """Boundaries."""


@group.command("import")
@click.argument("file", type=arguments.FILE)
@click.option("--level", type=click.Choice(["commune", "village"]), default="village", show_default=True,
              help="Tệp là ranh giới xã (commune) hay thôn (village).")  # fmt: skip
@click.option("--commune", "code", help="Mã xã của các thôn; bỏ trống: theo 5 số đầu của mã thôn.")
@click.option(
    "--crs", type=int, help="Mã EPSG của hệ tọa độ, nếu tệp không ghi hoặc ghi sai (9210, 9209, 3405…)."
)
@click.option("--code-column", help="Cột mã, nếu không tự nhận ra.")
@click.option("--name-column", help="Cột tên, nếu không tự nhận ra.")
@click.option("--source", help="Nguồn của ranh giới và số hộ; bỏ trống: tên tệp.")
@click.option("--date", "day", help="Ngày của số hộ, dạng 2026-11-22; bỏ trống: hôm nay.")
@click.option("--illustrative", is_flag=True, help="Ranh giới chỉ để minh họa; bản đồ sẽ ghi rõ.")
@JSON
@with_appcontext
def import_(
    *,
    file: Path,
    level: str,
    code: str | None,
    crs: int | None,
    code_column: str | None,
    name_column: str | None,
    source: str | None,
    day: str | None,
    illustrative: bool,
    wants_json: bool,
) -> None:
    """Nạp ranh giới từ GeoJSON, Shapefile nén zip, GeoPackage, KML (WGS84 hoặc VN-2000).

    Kiểm tra hết rồi mới ghi; còn một lỗi thì không ghi gì.
    """
    figures_day = arguments.day(day)
    writing()
    commune = places.commune(code) if code else None
    reading = boundaries.read(
        file,
        level=cast(Level, level),
        commune_outline=places.official_outline(commune) if commune and level == "village" else None,
        code_column=code_column,
        name_column=name_column,
        crs=crs,
        known_codes=_known(commune) if level == "village" else None,
    )
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


def _known(commune: Commune | None) -> tuple[str, ...] | None:
    """The codes to compare the file with; None at a first import, when every code is new."""
    return (places.village_codes(commune) or None) if commune else None


def _store(
    reading: Reading,
    level: Level,
    commune: Commune | None,
    source: str,
    day: dt.date | None,
    illustrative: bool,
) -> outlines.Stored:
    if reading.errors:
        refuse(*(problem.sentence for problem in reading.errors), "Chưa nạp gì: hãy sửa tệp rồi nạp lại.")
    stored = outlines.store_outlines(
        reading, level, commune=commune, source=source, day=day, illustrative=illustrative
    )
    db.session.commit()
    return stored


def _told(reading: Reading, stored: outlines.Stored) -> dict[str, object]:
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
