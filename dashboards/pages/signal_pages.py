"""5G and Wi-Fi of a commune: households, check points and operators' own figures side by side, each labelled."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from flask import Blueprint, Response, current_app, render_template, request

from dashboards import words
from dashboards.maps import folium_page, map_outlines, signal_map, signal_still
from dashboards.pages.commune_page_request import ask
from geo import signal
from geo.compute_coverage import Cell, CoverageTable
from geo.period_targets import Reported
from geo.signal import Place, Sample, ShareWithInterval
from server.accounts import access
from server.accounts.roles import Right
from server.coverage import signal_points
from server.coverage.signal_points import OPERATORS, Points
from server.settings import Settings

blueprint = Blueprint("signal", __name__, template_folder="templates")

DOOR = "phu_song_5g"
SPEED_DAYS = 30
PLACES: Mapping[Place, str] = {"outdoor": "ngoài trời", "indoor": "trong nhà"}
ANY = "Ít nhất một nhà mạng"
NOT_ENOUGH = "không đủ số liệu"


@dataclass(frozen=True)
class SignalFigure:
    """One figure of the table: the number, and in small what it is taken of."""

    text: str
    of: str = ""


@dataclass(frozen=True)
class OperatorRow:
    """An operator (or any of them): households at the door, check points outdoors and indoors, its own figure."""

    name: str
    door: SignalFigure
    outdoor: SignalFigure
    indoor: SignalFigure
    reported: tuple[SignalFigure, ...]


@dataclass(frozen=True)
class SurfaceChoice:
    """Which surface is looked at: an operator ("" for all) and a place."""

    operator: str
    place: Place


@blueprint.get("/xa/<code>/song-5g")
@access.needs(Right.READ_SUMS)
def page(code: str) -> str:
    """The three measures of 5G side by side, the surface, our speed samples, and Wi-Fi at public places."""
    asked, settings = ask(code), _settings()
    points = signal_points.points(asked.commune, asked.table.as_of)
    places = signal_points.wifi(asked.commune, asked.table.as_of)
    choice = _choice()
    cells = _cells(points, choice, asked.table.as_of)
    since = asked.table.as_of - dt.timedelta(days=SPEED_DAYS)
    drawn = map_outlines.of_commune(asked.commune)
    return render_template(
        "signal.html",
        asked=asked,
        table=asked.table,
        settings=settings,
        rows=rows(asked.table, points, settings.min_samples),
        points=points,
        unmeasured=sum(sample.usable is None for sample in points.samples),
        choice=choice,
        operators=OPERATORS,
        places=PLACES,
        counts={state: sum(cell.state == state for cell in cells) for state in signal_map.STATES},
        maps=signal_map,
        speeds=signal.speeds(points.samples, settings.min_samples, since, asked.table.as_of),
        speed_days=SPEED_DAYS,
        wifi=places,
        working=signal_points.working(places),
        located=sum(place.point is not None for place in places),
        drawn=drawn,
        surface=signal_still.still_surface(cells, drawn),
        marks=signal_still.still_places(places, drawn),
    )


@blueprint.get("/xa/<code>/song-5g/khung")
@access.needs(Right.READ_SUMS)
def surface_frame(code: str) -> Response:
    """The surface of `page`, in a frame with a policy of its own."""
    asked, choice = ask(code), _choice()
    points = signal_points.points(asked.commune, asked.table.as_of)
    title = f"Sóng 5G {PLACES[choice.place]}, {OPERATORS.get(choice.operator, 'mọi nhà mạng')}, {asked.title}"
    cells = _cells(points, choice, asked.table.as_of)
    return folium_page.respond(signal_map.of_surface(cells, map_outlines.of_commune(asked.commune), title))


@blueprint.get("/xa/<code>/song-5g/diem-cong-cong")
@access.needs(Right.READ_SUMS)
def places_frame(code: str) -> Response:
    """The public places of `page` on a map."""
    asked = ask(code)
    places = signal_points.wifi(asked.commune, asked.table.as_of)
    title = f"Wi-Fi tại điểm công cộng, {asked.title}"
    return folium_page.respond(signal_map.of_places(places, map_outlines.of_commune(asked.commune), title))


def rows(table: CoverageTable, points: Points, fewest: int) -> tuple[OperatorRow, ...]:
    """Any operator first, then each; figures of operators are told beside the one that their source names."""
    current = signal.newest(points.samples, table.as_of, points.valid_days)
    found = signal.estimates(current, fewest, tuple(OPERATORS))
    told = _reported(table)
    names = {"": ANY, **OPERATORS}
    return tuple(
        OperatorRow(
            name=name,
            door=_door(table, f"{DOOR}_{operator}" if operator else DOOR),
            outdoor=_share(found[operator, "outdoor"], fewest),
            indoor=_share(found[operator, "indoor"], fewest),
            reported=told.get(operator, ()),
        )
        for operator, name in names.items()
    )


def _door(table: CoverageTable, code: str) -> SignalFigure:
    row = table.indicator(code)
    cell = row.cell if row else Cell()
    if cell.percent is None and not cell.bound:
        return SignalFigure(words.cell(cell))
    of = f"{words.number(cell.of)} hộ đo được" if cell.of else ""
    return SignalFigure(words.cell(cell), of)


def _share(found: ShareWithInterval, fewest: int) -> SignalFigure:
    """The share with its interval, cut outward; "không đủ số liệu" where too few points were measured."""
    points = f"{words.number(found.of)} điểm"
    if found.of == 0:
        return SignalFigure("–")
    if found.low is None or found.high is None:
        return SignalFigure(NOT_ENOUGH, f"{points}, cần từ {fewest}")
    low, high = int(100 * found.low), min(100, -int(-100 * found.high // 1))
    return SignalFigure(
        words.percent(100 * found.done // found.of),
        f"{points}, khoảng tin cậy {low}–{high}{words.SPACE}%",
    )


def _reported(table: CoverageTable) -> Mapping[str, tuple[SignalFigure, ...]]:
    """The newest value of each source for the 5G target, by the operator that the source names ("" for others)."""
    newest: dict[str, Reported] = {}
    for row in table.targets:
        if row.target.indicator == DOOR:
            for value in row.values:
                newest.setdefault(value.source, value)
    found: dict[str, tuple[SignalFigure, ...]] = {}
    for source, value in newest.items():
        named = next((key for key, name in OPERATORS.items() if name.casefold() in source.casefold()), "")
        amount = value.amount
        if amount is not None:
            said = SignalFigure(words.share(amount / 100), f"{source}, {words.day(value.at)}")
            found[named] = (*found.get(named, ()), said)
    return found


def _cells(points: Points, choice: SurfaceChoice, as_of: dt.date) -> tuple[signal.SignalSquare, ...]:
    return signal.surface(_chosen(points.samples, choice), as_of, points.valid_days)


def _chosen(samples: Sequence[Sample], choice: SurfaceChoice) -> list[Sample]:
    return [
        sample
        for sample in samples
        if sample.place == choice.place and choice.operator in ("", sample.operator)
    ]


def _choice() -> SurfaceChoice:
    operator = request.args.get("nha_mang", "")
    place: Place = "indoor" if request.args.get("noi") == "indoor" else "outdoor"
    return SurfaceChoice(operator if operator in OPERATORS else "", place)


def _settings() -> Settings:
    settings: Settings = current_app.config["SETTINGS"]
    return settings
