"""The coverage table as files to take away: XLSX, CSV, GeoJSON and GeoPackage, all of the same rows."""

import csv
import errno
import io
import json
import sqlite3
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, fields
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import geopandas
import pandas
import pyogrio
import shapely
from pyogrio.errors import DataLayerError, DataSourceError
from shapely.geometry.base import BaseGeometry

from dashboards import target_lines, words
from dashboards.downloads import qgis_style, village_sheet
from dashboards.maps.map_outlines import Outlines
from geo.compute_coverage import CoverageTable
from geo.coverage_json import flat_villages, to_json, to_the_hour
from geo.coverage_rows import COMMUNE, NOWHERE, VILLAGE, CoverageRow, rows
from geo.estimate import Estimate
from geo.target_states import TargetState, cut
from server import clock
from server.exports.disarmed_cells import guarded
from server.exports.workbook import Workbook

BOM = "\ufeff"
"""By it Excel knows that a CSV is UTF-8."""

LABELS = {
    "area": "Cấp",
    "code": "Mã",
    "name": "Tên",
    "indicator": "Mã chỉ tiêu",
    "label": "Chỉ tiêu",
    "unit": "Đơn vị tính",
    "kind": "Loại",
    "done": "Đã đạt",
    "of": "Trên tổng đã hỏi",
    "percent": "Tỷ lệ trên số đã hỏi (%)",
    "percent_judged": "Tỷ lệ trên tất cả (%)",
    "bound": "Giới hạn nêu thay (%)",
    "reach": "Đã khảo sát (% của số phải hỏi)",
    "subjects": "Số hộ, điểm đã hỏi",
    "expected": "Số phải hỏi",
    "suppressed": "Vì sao không nêu",
    "target": "Mã chỉ tiêu của kế hoạch",
    "comparator": "So sánh",
    "value": "Mức giao",
    "met": "Đạt mức giao",
    "state": "Trạng thái",
    "households": "Tổng số hộ",
    "visited": "Hộ đã gặp",
    "self_of": "Người dân tự trả lời (mã chỉ tiêu)",
}
AREAS = {"commune": "cấp xã", "village": "thôn", "nowhere": "không rõ thôn"}
KINDS = {"state": "hiện trạng", "event": "cộng dồn trong năm"}
WITHHELD = {
    "base": "mới có dưới 5 hộ trả lời",
    "part": "số có hoặc số không có từ 1 đến 4",
    "secondary": "để không suy ra được số đã ẩn của thôn khác",
}
STATES = {
    TargetState.MET: "Đã khảo sát đủ và đạt mức giao.",
    TargetState.ON_TRACK: "Đạt trên số đã hỏi; chưa khảo sát đủ nhưng không chậm so với thời gian đã qua.",
    TargetState.AT_RISK: "Còn thiếu dưới 5 điểm, hoặc đạt trên số đã hỏi nhưng đi chậm.",
    TargetState.BEHIND: "Còn thiếu từ 5 điểm, hoặc đã quá hạn.",
    TargetState.UNKNOWN: "Chưa có câu trả lời, hoặc mới khảo sát dưới mức tối thiểu.",
}
MEANINGS = {
    "done": "Số đã đạt trong những nơi đã hỏi; với loại “cộng dồn trong năm” là tổng số người được giúp.",
    "of": "Số đã hỏi và biết câu trả lời, theo đơn vị tính của chỉ tiêu.",
    "percent": "Đã đạt chia cho trên tổng đã hỏi, lấy một số lẻ, không làm tròn lên.",
    "bound": "Khi số bị ẩn: tỷ lệ lớn hơn hoặc nhỏ hơn giới hạn này.",
    "reach": "Số hộ, doanh nghiệp, điểm hoặc thôn đã hỏi chia cho số phải hỏi. Ô trống: không tính được.",
    "expected": "Số hộ, doanh nghiệp, điểm công cộng hoặc thôn có trong danh sách.",
    "percent_judged": "Đã đạt chia cho toàn bộ số phải hỏi, ở chỉ tiêu tính trên tất cả; so với mức giao bằng cột này.",
    "suppressed": "Để không nhận ra câu trả lời của từng hộ. Ô trống: không ẩn gì.",
    "state": "So tỷ lệ với mức giao; dưới mức khảo sát tối thiểu thì chưa kết luận đạt hay không.",
    "households": "Theo nguồn ghi ở trang Nguồn.",
    "self_of": "Có mã: người dân tự trả lời áp phích cho chỉ tiêu ấy, tính riêng. Ô trống: tổ hỏi tại nhà.",
}


def said(table: CoverageTable) -> str:
    """The line that stands in every file (R8)."""
    return words.sentence(words.as_of(table.as_of, table.received_until)) + "."


LEVELS: Mapping[str, tuple[str, ...]] = {"thon": (VILLAGE, NOWHERE), "xa": (COMMUNE,)}
"""What a CSV holds: the thôn, with what lies in none, or the commune. Never both, so that a column can be added up."""


def csv_text(table: CoverageTable, level: str = "thon") -> Iterable[str]:
    """The rows of one of LEVELS: columns named as in the API, numbers with a decimal point, each row with its day."""
    names = [field.name for field in fields(CoverageRow)]
    received = to_the_hour(table.received_until).isoformat() if table.received_until else ""
    source = table.households_source
    stands = [
        table.as_of.isoformat(),
        received,
        guarded(source.source) if source else "",
        source.date.isoformat() if source else "",
        said(table),
    ]
    line = io.StringIO()
    writer = csv.writer(line)
    line.write(BOM)
    writer.writerow([*names, "as_of", "received_until", "households_source", "households_date", "tinh_den"])
    for row in rows(table):
        if row.area not in LEVELS[level]:
            continue
        writer.writerow([*(_text(value) for value in asdict(row).values()), *stands])
        yield line.getvalue()
        line.seek(0)
        line.truncate()
    yield line.getvalue()


def _text(value: Any) -> Any:
    if isinstance(value, str):
        return guarded(value) if value not in ("=",) else f"'{value}"
    if isinstance(value, Fraction):
        return int(value) if value.denominator == 1 else float(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return value


def xlsx(table: CoverageTable, path: Path, made_by: str) -> None:
    """The workbook: `Bảng các thôn` to print, `Chỉ tiêu`, `Theo thôn`, `Bảng mã`, `Nguồn`."""
    with Workbook(path) as book:
        village_sheet.write(book, table)
        _targets_sheet(book, table)
        _villages_sheet(book, table)
        _codes_sheet(book, table)
        _source_sheet(book, table, made_by)


def _targets_sheet(book: Workbook, table: CoverageTable) -> None:
    header = (
        "Mã", "Chỉ tiêu của kế hoạch", "Mục", "Mức giao", "Kết quả", "Đã đạt", "Trên tổng đã hỏi", "Số hộ, điểm đã hỏi",
        "Đã khảo sát (%)", "Trạng thái", f"Ước lượng cả {table.kind} (%)", "Từ (%)", "Đến (%)", "Ghi chú",
        "Nguồn số liệu", "Mã chỉ tiêu",
    )  # fmt: skip
    sheet = book.sheet(
        "Chỉ tiêu", header, (9, 36, 9, 12, 10, 9, 11, 11, 11, 14, 11, 8, 8, 40, 30, 24),
        titles=(*_headings(table), ""), is_printed=True,
    )  # fmt: skip
    for line, row in zip(target_lines.lines(table), table.targets, strict=True):
        asked = table.indicator(line.indicator) if line.indicator else None
        cell = asked.cell if asked else None
        value = row.judgement.value_shown
        sheet.row(
            [
                line.id, line.label, line.section, line.required, line.value if value is None else value,
                cell.done if cell else None, cell.of if cell else None, cell.subjects if cell else None,
                _percent(cell.reach) if cell else None, line.words, *_estimated(row.estimate),
                "; ".join(line.notes), line.source, line.indicator,
            ]
        )  # fmt: skip


def _estimated(found: Estimate | None) -> tuple[float | None, ...]:
    """What is estimated of all and the 95 % interval, as percents rounded to one decimal."""
    if found is None:
        return (None, None, None)
    return tuple(round(each, 1) for each in (found.percent, found.low, found.high))


def _headings(table: CoverageTable) -> tuple[str, ...]:
    return (f"Mức bao phủ của {table.name} (mã {table.code})", said(table))


def _percent(share: Fraction | None) -> Decimal | None:
    return None if share is None else cut(100 * share)


_WORDS: Mapping[str, Callable[[Any], Any]] = {
    "area": AREAS.__getitem__,
    "unit": lambda value: words.UNITS.get(value, value),
    "kind": lambda value: KINDS.get(value, value),
    "reach": _percent,
    "suppressed": WITHHELD.__getitem__,
    "comparator": words.SIGNS.__getitem__,
    "met": lambda value: "đạt" if value else "chưa đạt",
    "state": lambda value: TargetState(value).words,
}


def _villages_sheet(book: Workbook, table: CoverageTable) -> None:
    """A row for each thôn and indicator; the header stands first, so that a filter or a pivot takes it at once."""
    header = [*LABELS.values(), "Tính đến ngày"]
    widths = (14, 10, 20, 25, 46, 18, 20, *([11] * 8), 45, 11, 8, 8, 11, 17, 8, 8, 26, 11)
    sheet = book.sheet("Theo thôn", header, widths, is_printed=True)
    for row in rows(table):
        if row.area != COMMUNE:
            sheet.row([*_vietnamese(row).values(), table.as_of])


def _vietnamese(row: CoverageRow) -> dict[str, Any]:
    return {
        name: _WORDS[name](value) if value is not None and name in _WORDS else value
        for name, value in asdict(row).items()
    }


def _codes_sheet(book: Workbook, table: CoverageTable) -> None:
    sheet = book.sheet("Bảng mã", ("Loại", "Tên", "Nghĩa", "Mã"), (22, 44, 70, 28), is_printed=True)
    for name, label in LABELS.items():
        sheet.row(["cột", label, MEANINGS.get(name)])
    for row in table.indicators:
        known = row.indicator
        sheet.row(["chỉ tiêu", known.label, words.UNITS.get(known.unit), known.code])
    for state in TargetState:
        sheet.row(["trạng thái", state.words, STATES[state]])
    for meaning in WITHHELD.values():
        sheet.row(["vì sao không nêu", meaning])


def _source_sheet(book: Workbook, table: CoverageTable, made_by: str) -> None:
    source = table.households_source
    sheet = book.sheet("Nguồn", ("Mục", "Nội dung"), (34, 90), is_printed=True)
    for name, text in (
        (words.sentence(table.kind), f"{table.name} ({table.code})"),
        ("Tính đến", said(table)),
        ("Tổng số hộ", table.households),
        ("Nguồn tổng số hộ", f"{source.source}, ngày {words.day(source.date)}" if source else "chưa có"),
        ("Hộ đã gặp", words.NOT_TOLD if table.visited is None else table.visited),
        ("Mức khảo sát tối thiểu để kết luận", words.limit(table.min_reach) + " số phải hỏi"),
        ("Số nhỏ", "nêu đủ: chỉ dùng trong công việc của cán bộ" if table.full else "đã ẩn theo quy tắc 5 hộ"),
        ("Cách tính", "như trang Tổng quan và API /api/v1: cùng một bảng số"),
        ("Người tải", made_by),
        ("Tải lúc", words.moment(clock.now())),
    ):  # fmt: skip
        sheet.row([name, text])


def geojson(table: CoverageTable, outlines: Outlines) -> str:
    """The thôn as features with all their cells; those without an outline have no geometry. EPSG:4326."""
    told = to_json(table)
    features = [
        {"type": "Feature", "id": code, "geometry": _geometry(outlines, code), "properties": properties}
        for code, properties in flat_villages(table).items()
    ]
    whole = {key: told[key] for key in told if key != "villages"}
    return json.dumps(
        {
            "type": "FeatureCollection",
            "name": f"bao_phu_{table.code}",
            "tinh_den": said(table),
            "ranh_gioi_minh_hoa": outlines.is_illustrative,
            **whole,
            "features": features,
        },
        ensure_ascii=False,
    )


def _geometry(outlines: Outlines, code: str) -> dict[str, Any] | None:
    shape = outlines.villages.get(code)
    if shape is None:
        return None
    turned = shapely.orient_polygons(shape, exterior_cw=False)  # RFC 7946, 3.1.6
    found: dict[str, Any] = shapely.geometry.mapping(turned)
    return found


def geopackage(table: CoverageTable, outlines: Outlines, path: Path) -> None:
    """Layer `thon` with outlines and the style of the page's map, and the tables `so_lieu` and `nguon`.

    OSError where the disk does not take it.
    """
    try:
        _layers(table, outlines, path)
        qgis_style.add(path, table)
    except (DataSourceError, DataLayerError, sqlite3.OperationalError) as error:
        raise OSError(errno.EIO, "ổ đĩa không nhận tệp GeoPackage: có thể đã đầy") from error


def _layers(table: CoverageTable, outlines: Outlines, path: Path) -> None:
    features = json.loads(geojson(table, outlines))["features"]
    frame = geopandas.GeoDataFrame(
        [each["properties"] for each in features],
        geometry=[_parts(outlines.villages.get(each["id"])) for each in features],
        crs="EPSG:4326",
    )
    pyogrio.write_dataframe(frame, path, layer="thon", driver="GPKG", geometry_type="MultiPolygon")
    long = pandas.DataFrame([{k: _plain(v) for k, v in asdict(row).items()} for row in rows(table)])
    pyogrio.write_dataframe(long, path, layer="so_lieu", driver="GPKG", append=True)
    about = pandas.DataFrame([{"tinh_den": said(table), "xa": table.code, "ten": table.name}])
    pyogrio.write_dataframe(about, path, layer="nguon", driver="GPKG", append=True)


def _parts(shape: BaseGeometry | None) -> BaseGeometry | None:
    """A layer holds one kind of shape: every outline is one of several parts."""
    return shapely.MultiPolygon([shape]) if isinstance(shape, shapely.Polygon) else shape


def _plain(value: Any) -> Any:
    return float(value) if isinstance(value, Decimal | Fraction) else value
