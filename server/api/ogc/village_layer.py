"""The layer `thon`: outlines of thôn with all that the coverage table tells of each, small cells hidden (R25)."""

import functools
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import shapely
import sqlalchemy as sa

from geo.compute_coverage import CoverageTable
from geo.coverage_json import flat_villages
from server.accounts import access, client_access
from server.api.ogc import map_layer
from server.api.ogc.column_kinds import Kind, LayerColumn
from server.api.ogc.map_layer import Feature, LayerScope, MapLayer, named, reads_sums
from server.coverage import commune_input, coverage_table
from server.db import db
from server.models import Commune, Indicator, Village
from server.places import merged_villages

COMMUNES_AT_ONCE = 3
"""A page of the city ends with the last thôn of the third commune: its links lead on."""
_PLACE = (
    LayerColumn("code", Kind.TEXT, "Mã thôn"),
    LayerColumn("name", Kind.TEXT, "Tên thôn"),
    LayerColumn("commune", Kind.TEXT, "Mã xã, phường"),
    LayerColumn("commune_name", Kind.TEXT, "Tên xã, phường"),
    LayerColumn("illustrative", Kind.BOOLEAN, "Ranh giới minh họa, không có giá trị pháp lý"),
    LayerColumn("derived", Kind.BOOLEAN, "Ranh giới suy ra từ điểm các hộ"),
)
_COUNTED = (
    LayerColumn("as_of", Kind.DAY, "Số liệu tính đến ngày"),
    LayerColumn("households", Kind.INTEGER, "Số hộ"),
    LayerColumn("visited", Kind.INTEGER, "Số hộ đã gặp"),
)
_OF_INDICATOR = {
    "done": (Kind.INTEGER, "đạt"),
    "of": (Kind.INTEGER, "trên số đã hỏi"),
    "percent": (Kind.NUMBER, "tỷ lệ trên số đã hỏi, %"),
    "percent_judged": (Kind.NUMBER, "tỷ lệ trên tất cả, %"),
    "reach": (Kind.NUMBER, "phần đã khảo sát, 1 là tất cả"),
    "subjects": (Kind.INTEGER, "số đã khảo sát"),
    "expected": (Kind.INTEGER, "số cần khảo sát"),
    "suppressed": (Kind.TEXT, "vì sao không nêu số"),
    "state": (Kind.TEXT, "so với chỉ tiêu"),
    "comparator": (Kind.TEXT, "dấu của chỉ tiêu"),
    "target": (Kind.NUMBER, "chỉ tiêu kế hoạch giao"),
}


def columns() -> Mapping[str, LayerColumn]:
    """Those of every thôn, then eleven for each indicator that visits count."""
    rows = db.session.execute(
        sa.select(Indicator.code, Indicator.label_vi)
        .where(Indicator.kind.in_(commune_input.SURVEYED))
        .order_by(Indicator.position, Indicator.code)
    ).all()
    of_indicators = (
        LayerColumn(f"{code}_{part}", kind, f"{label}: {words}")
        for code, label in rows
        for part, (kind, words) in _OF_INDICATOR.items()
    )
    return named(*_PLACE, *_COUNTED, *of_indicators)


def read(scope: LayerScope) -> list[Feature]:
    """The thôn that have a row of their own on the day, by code. One statement."""
    communes = {commune.id: commune for commune in scope.communes}
    of_commune: dict[int, list[Any]] = defaultdict(list)
    for row in db.session.execute(_VILLAGES.where(Village.commune_id.in_(list(communes)))):
        of_commune[row.commune_id].append(row)
    shown: list[Any] = []
    for key, own in of_commune.items():
        commune = communes[key]
        homes = merged_villages.on_day(own, map_layer.day_of(commune, scope))
        shown += [row for row in own if homes[row.id] == row.id]
    shown.sort(key=lambda row: row.code)
    shapes = shapely.from_wkb([row.outline for row in shown])
    return [
        Feature(row.code, communes[row.commune_id], shape, _known(row, communes[row.commune_id]))
        for row, shape in zip(shown, shapes, strict=True)
    ]


_VILLAGES = sa.select(
    Village.id, Village.code, Village.name, Village.commune_id, Village.valid_to, Village.merged_into_id,
    Village.outline, Village.illustrative, Village.derived,
)  # fmt: skip


def _known(row: Any, commune: Commune) -> dict[str, Any]:
    return {
        "code": row.code,
        "name": row.name,
        "commune": commune.code,
        "commune_name": commune.name,
        "illustrative": row.illustrative,
        "derived": row.derived,
    }


def fill(features: Sequence[Feature], scope: LayerScope) -> list[Feature]:
    """The same with their numbers: the coverage table of each commune that is among them."""

    @functools.cache
    def told(commune_id: int) -> dict[str, dict[str, Any]]:
        commune = next(each for each in scope.communes if each.id == commune_id)
        full = access.sees_records(commune)
        table = coverage_table.table(commune, scope.day, full=full, feed=not full)
        return _numbers(table)

    return [feature.with_more(told(feature.commune.id).get(feature.id, {})) for feature in features]


def _numbers(table: CoverageTable) -> dict[str, dict[str, Any]]:
    targets = {
        f"{row.indicator.code}_{part}": value
        for row in table.indicators
        if row.target
        for part, value in (("comparator", row.target.comparator), ("target", float(row.target.value)))
    }
    same = {"as_of": table.as_of.isoformat(), **targets}
    return {code: {**same, **own} for code, own in flat_villages(table).items()}


LAYER = MapLayer(
    name="thon",
    title="Thôn và mức bao phủ",
    description="Ranh giới thôn với mọi chỉ tiêu khảo sát và mức kế hoạch giao; số quá nhỏ không nêu. "
    "datetime chọn ngày của số liệu.",
    columns=columns,
    read=read,
    declared=client_access.sums("coverage"),
    is_open_to=reads_sums,
    shape="MultiPolygon",
    cheap=frozenset(column.name for column in _PLACE),
    fill=fill,
    communes_at_once=COMMUNES_AT_ONCE,
    has_days=True,
)
