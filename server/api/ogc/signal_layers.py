"""The layers `luoi-phu-song` (squares of 5G with their confidence) and `dia-diem` (public places with their Wi-Fi)."""

from collections.abc import Iterator, Sequence

import shapely
from flask import current_app

from geo import signal
from geo.signal import CELL, Place, Sample, SignalSquare
from server.accounts import client_access
from server.api.ogc import map_layer
from server.api.ogc.column_kinds import Kind, LayerColumn
from server.api.ogc.map_layer import Feature, LayerScope, MapLayer, named, reads_sums
from server.coverage import signal_points
from server.coverage.signal_points import OPERATORS, Wifi
from server.models import Commune
from server.settings import Settings

ANY = "tat_ca"
PLACES: tuple[Place, Place] = ("outdoor", "indoor")

_SQUARES = named(
    LayerColumn("commune", Kind.TEXT, "Mã xã, phường"),
    LayerColumn("operator", Kind.TEXT, f"Nhà mạng ({ANY}: mọi nhà mạng)"),
    LayerColumn("place", Kind.TEXT, "Ngoài trời (outdoor) hay trong nhà (indoor)"),
    LayerColumn("state", Kind.TEXT, "Có 5G (covered), không (not), chỉ có số đo cũ (old)"),
    LayerColumn("done", Kind.INTEGER, "Số điểm dùng được 5G"),
    LayerColumn("of", Kind.INTEGER, "Số điểm đã đo"),
    LayerColumn("percent", Kind.NUMBER, "Tỷ lệ, %; để trống khi đo ít hơn mức tối thiểu"),
    LayerColumn("low", Kind.NUMBER, "Cận dưới của khoảng tin cậy 95 %, %"),
    LayerColumn("high", Kind.NUMBER, "Cận trên của khoảng tin cậy 95 %, %"),
    LayerColumn("newest", Kind.DAY, "Ngày đo mới nhất"),
)
_PLACES = named(
    LayerColumn("commune", Kind.TEXT, "Mã xã, phường"),
    LayerColumn("village", Kind.TEXT, "Mã thôn"),
    LayerColumn("village_name", Kind.TEXT, "Tên thôn"),
    LayerColumn("name", Kind.TEXT, "Tên địa điểm"),
    LayerColumn("kind", Kind.TEXT, "Loại địa điểm"),
    LayerColumn("checked", Kind.DAY, "Ngày kiểm tra gần nhất"),
    LayerColumn("wifi", Kind.BOOLEAN, "Có Wi-Fi"),
    LayerColumn("open", Kind.BOOLEAN, "Wi-Fi mở cho người dân"),
    LayerColumn("works", Kind.BOOLEAN, "Wi-Fi dùng được"),
    LayerColumn("posted", Kind.BOOLEAN, "Có hướng dẫn dán tại chỗ"),
    LayerColumn("download", Kind.NUMBER, "Tải xuống, Mbit/s"),
    LayerColumn("upload", Kind.NUMBER, "Tải lên, Mbit/s"),
)


def squares(scope: LayerScope) -> list[Feature]:
    """The squares in which something was measured, for each operator and for any, outdoors and indoors."""
    return [feature for commune in scope.communes for feature in _squares(commune, scope)]


def _squares(commune: Commune, scope: LayerScope) -> Iterator[Feature]:
    day = map_layer.day_of(commune, scope)
    points = signal_points.points(commune, day)
    settings: Settings = current_app.config["SETTINGS"]
    for operator in ("", *OPERATORS):
        for place in PLACES:
            chosen: Sequence[Sample] = [
                sample
                for sample in points.samples
                if sample.place == place and operator in ("", sample.operator)
            ]
            for square in signal.surface(chosen, day, points.valid_days):
                yield _square(commune, operator or ANY, place, square, settings.min_samples)


def _square(commune: Commune, operator: str, place: Place, square: SignalSquare, fewest: int) -> Feature:
    low, high = signal.wilson(square.done, square.of)
    share = square.done / square.of if square.of >= fewest else None
    south, west = square.south, square.west
    return Feature(
        id=f"{commune.code}.{operator}.{place}.{round(south / CELL)}.{round(west / CELL)}",
        commune=commune,
        shape=shapely.box(west, south, round(west + CELL, 6), round(south + CELL, 6)),
        properties={
            "commune": commune.code,
            "operator": operator,
            "place": place,
            "state": square.state,
            "done": square.done,
            "of": square.of,
            "percent": None if share is None else round(100 * share, 1),
            "low": round(100 * low, 1),
            "high": round(100 * high, 1),
            "newest": square.newest.isoformat(),
        },
    )


def places(scope: LayerScope) -> list[Feature]:
    """Every public place on the lists; one that no check has located yet has no point."""
    return [
        _place(commune, wifi)
        for commune in scope.communes
        for wifi in signal_points.wifi(commune, map_layer.day_of(commune, scope))
    ]


def _place(commune: Commune, wifi: Wifi) -> Feature:
    return Feature(
        id=str(wifi.id),
        commune=commune,
        shape=map_layer.point(wifi.point),
        properties={
            "commune": commune.code,
            "village": wifi.village_code,
            "village_name": wifi.village,
            "name": wifi.name,
            "kind": wifi.kind,
            "checked": wifi.day.isoformat() if wifi.day else None,
            "wifi": wifi.there,
            "open": wifi.is_open,
            "works": wifi.works,
            "posted": wifi.posted,
            "download": wifi.download,
            "upload": wifi.upload,
        },
    )


SQUARES = MapLayer(
    name="luoi-phu-song",
    title="Lưới sóng 5G",
    description="Ô khoảng 320 m quanh các điểm đã đo 5G, theo nhà mạng, ngoài trời và trong nhà, kèm khoảng tin cậy "
    "95 %. Nơi chưa đo không có ô.",
    columns=lambda: _SQUARES,
    read=squares,
    declared=client_access.sums("coverage"),
    is_open_to=reads_sums,
    shape="MultiPolygon",
    has_days=True,
)
PLACES_LAYER = MapLayer(
    name="dia-diem",
    title="Địa điểm công cộng và Wi-Fi",
    description="Nhà văn hóa và địa điểm công cộng khác, với lần kiểm tra Wi-Fi gần nhất.",
    columns=lambda: _PLACES,
    read=places,
    declared=client_access.sums("coverage"),
    is_open_to=reads_sums,
    has_days=True,
)
