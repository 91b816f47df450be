"""Officers' pages of boundaries: send a file, look at it on a map, store it; derive, bring back."""

import datetime as dt
import re

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from dashboards.maps import boundary_map, folium_page, map_outlines
from geo.boundaries import BoundaryReading
from geo.crs import EVERY_SYSTEM, UNITS, Candidate
from geo.match_names import ReadAs
from server import clock
from server.accounts import access
from server.accounts.roles import Right
from server.boundaries import boundary_upload, derived_outlines, outline_history
from server.boundaries.boundary_upload import UploadWish, WaitingFile
from server.db import db, writing
from server.errors import CommonProblem, Problem
from server.files.file_problems import FileProblem
from server.models import Commune
from server.places import communes, household_numbers_import
from server.places.communes import PlacesRejected

blueprint = Blueprint("boundary_pages", __name__, template_folder="templates")

SHOWN = 100
"""How many problems a page lists."""


@blueprint.get("/quan-tri/xa/<code>/ranh-gioi")
@access.needs(Right.MANAGE_BOUNDARIES)
def choose(code: str) -> str:
    """What outlines the commune has, how they came, and the form to send others."""
    commune = access.open_commune(code)
    return render_template(
        "boundaries.html",
        commune=commune,
        drawn=map_outlines.of_commune(commune),
        listed=boundary_upload.registered(commune, "village"),
        past=outline_history.listed(commune),
        figures=household_numbers_import.newest(commune),
        hours=int(boundary_upload.KEPT.total_seconds() // 3600),
        most_mb=boundary_upload.MOST_BYTES // 1_000_000,
    )


@blueprint.post("/quan-tri/xa/<code>/ranh-gioi")
@access.needs(Right.MANAGE_BOUNDARIES)
def send(code: str) -> BaseResponse:
    """Keep a file aside and lead on to its map; one that cannot be read is refused at once."""
    commune = access.open_commune(code)
    name, content = _file()
    level = "commune" if request.form.get("cap") == "commune" else "village"
    boundary_upload.read(commune, content, name, UploadWish("commune" if level == "commune" else "village"))
    commune = _to_change(code)
    key = boundary_upload.keep(commune, name, content, access.signed_in().actor)
    db.session.commit()
    return redirect(url_for("boundary_pages.preview", code=code, key=key, cap=level))


@blueprint.get("/quan-tri/xa/<code>/ranh-gioi/tep/<key>")
@access.needs(Right.MANAGE_BOUNDARIES)
def preview(code: str, key: str) -> str:
    """What the file would change, on a map and in a table, before anything is stored."""
    commune = access.open_commune(code)
    file, wish = boundary_upload.kept(commune, key), _wish()
    reading = boundary_upload.read(commune, file.content, file.file_name, wish)
    listed = boundary_upload.registered(commune, wish.level)
    nameless = [label for label in reading.labels if label.code not in listed][:SHOWN]
    return render_template(
        "boundary_preview.html",
        commune=commune,
        file=file,
        wish=wish,
        reading=reading,
        is_unplaced=_is_unplaced(reading),
        candidates=_candidates(commune, file, wish) if _is_unplaced(reading) else (),
        asked=_asked(wish),
        units=UNITS,
        colours=boundary_map.CHOICES,
        systems=EVERY_SYSTEM,
        is_rough=communes.official_outline(commune) is None,
        listed=listed,
        nameless=nameless,
        nameless_fields=[f"dong_{label.row}" for label in nameless],
        new=[outline for outline in reading.outlines if outline.code not in listed],
        shown=SHOWN,
        today=clock.today(),
    )


@blueprint.get("/quan-tri/xa/<code>/ranh-gioi/tep/<key>/khung")
@access.needs(Right.MANAGE_BOUNDARIES)
def preview_frame(code: str, key: str) -> Response:
    """The map of `preview`."""
    commune = access.open_commune(code)
    file, wish = boundary_upload.kept(commune, key), _wish()
    reading = boundary_upload.read(commune, file.content, file.file_name, wish)
    about = boundary_upload.about(commune)
    title = f"Ranh giới trong tệp {file.file_name}"
    if _is_unplaced(reading):
        return folium_page.respond(boundary_map.of_candidates(_candidates(commune, file, wish), about, title))
    return folium_page.respond(boundary_map.of_reading(reading, about, title))


@blueprint.post("/quan-tri/xa/<code>/ranh-gioi/tep/<key>")
@access.needs(Right.MANAGE_BOUNDARIES)
def confirm(code: str, key: str) -> BaseResponse:
    """Store what the file says, as it was shown."""
    read = boundary_upload.read_to_confirm(access.open_commune(code), key, _wish())
    commune = _to_change(code)
    source = request.form.get("nguon", "").strip()[:200]
    try:
        stored = boundary_upload.confirm(
            commune, read, actor=access.signed_in().actor, source=source, day=_day()
        )
    except PlacesRejected as rejected:
        db.session.rollback()
        raise Problem(FileProblem.FILE_UNREADABLE, why=" ".join(rejected.sentences[:3])) from rejected
    db.session.commit()
    flash(
        f"Đã nạp ranh giới: {stored.added} mới, {stored.changed} thay đổi, {stored.unchanged} như cũ"
        f"{f'; số hộ của {stored.figures} thôn' if stored.figures else ''}."
    )
    return redirect(url_for("boundary_pages.choose", code=code))


@blueprint.post("/quan-tri/xa/<code>/ranh-gioi/suy-ra")
@access.needs(Right.MANAGE_BOUNDARIES)
def derive(code: str) -> BaseResponse:
    """Derive outlines for the thôn that nobody has drawn."""
    commune = _to_change(code)
    made = derived_outlines.outlines_of(commune, access.signed_in().actor)
    db.session.commit()
    bare = f" Chưa có điểm nào để suy ra: {', '.join(made.bare[:10])}." if made.bare else ""
    flash(f"Đã suy ra ranh giới của {made.count} thôn.{bare}")
    return redirect(url_for("boundary_pages.choose", code=code))


@blueprint.post("/quan-tri/xa/<code>/ranh-gioi/tro-lai/<int:past>")
@access.needs(Right.MANAGE_BOUNDARIES)
def bring_back(code: str, past: int) -> BaseResponse:
    """Give the commune the outlines it had before an import."""
    commune = _to_change(code)
    found = outline_history.find(commune, past)
    if found is None:
        raise Problem(CommonProblem.NOT_FOUND)
    changed = outline_history.bring_back(commune, found, access.signed_in().actor)
    db.session.commit()
    flash(f"Đã trở lại ranh giới trước lần nạp đó: {changed} ranh giới thay đổi.")
    return redirect(url_for("boundary_pages.choose", code=code))


def _to_change(code: str) -> Commune:
    """The commune, in a transaction that is going to write: what was read to see who asks has ended."""
    access.open_commune(code)
    db.session.rollback()
    writing()
    return communes.commune(code)


def _file() -> tuple[str, bytes]:
    """Name and content of the file that was sent."""
    sent = request.files.get("tep")
    content = sent.read() if sent else b""
    if sent:
        sent.close()
    if sent is None or not content:
        raise Problem(FileProblem.FILE_UNREADABLE, why="Chưa chọn tệp, hoặc tệp trống.")
    boundary_upload.refuse_large(content)
    return sent.filename or "tệp", content


def _wish() -> UploadWish:
    """How the file is to be read, as the page's address or form says."""
    crs, unit = request.values.get("he", ""), request.values.get("don_vi", "")
    chosen = tuple(
        (int(found.group(1)), value[:32])
        for key, value in sorted(request.values.items())
        if value and (found := re.fullmatch(r"dong_(\d{1,5})", key))
    )
    known = crs.isascii() and crs.isdigit() and int(crs[:6]) in EVERY_SYSTEM
    how = ReadAs(
        layer=request.values.get("lop") or None,
        code_column=request.values.get("cot_ma") or None,
        name_column=request.values.get("cot_ten") or None,
        crs=int(crs) if known else None,
        north_first=request.values.get("bac_truoc") == "1",
        per_metre=next((each for each in UNITS.values() if str(each) == unit), 1),
        by_name=request.values.get("theo_ten") == "1",
        renames=request.values.get("doi_ten") == "1",
    )
    return UploadWish("commune" if request.values.get("cap") == "commune" else "village", how, chosen)


def _asked(wish: UploadWish) -> dict[str, str]:
    """The wish as fields of an address or a form, those alone that say something."""
    how = wish.how
    fields = {
        "cap": wish.level,
        "lop": how.layer,
        "cot_ma": how.code_column,
        "cot_ten": how.name_column,
        "he": how.crs,
        "bac_truoc": int(how.north_first) or None,
        "don_vi": how.per_metre if how.per_metre > 1 else None,
        "theo_ten": int(how.by_name) or None,
        "doi_ten": int(how.renames) or None,
        **{f"dong_{row}": code for row, code in wish.chosen},
    }
    return {name: str(value) for name, value in fields.items() if value is not None}


def _day() -> dt.date | None:
    try:
        return dt.date.fromisoformat(request.form.get("ngay", ""))
    except ValueError:
        return None


def _is_unplaced(reading: BoundaryReading) -> bool:
    """Whether it is not known where on Earth the file lies."""
    return reading.crs is None and any(
        problem.kind in ("unknown_crs", "wrong_zone") for problem in reading.problems
    )


def _candidates(commune: Commune, file: WaitingFile, wish: UploadWish) -> tuple[Candidate, ...]:
    return boundary_upload.candidates(commune, file.content, file.file_name, wish)
