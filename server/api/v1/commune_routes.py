"""Communes, their thôn, the targets of their plans, and how far they are covered."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from flask import Response, jsonify
from flask_smorest import Blueprint
from sqlalchemy.orm import aliased

from geo.compute_coverage import CoverageTable
from geo.coverage_json import target_to_json, to_json
from server import clock
from server.accounts import access
from server.api.v1 import schemas
from server.coverage import coverage_table
from server.db import db
from server.models import Commune, Plan, Target, Village, VillageFigure

blueprint = Blueprint("api", __name__, url_prefix="/api/v1", description="Xã, thôn, chỉ tiêu và mức bao phủ")

View = Callable[..., Any]

_COMMUNES = sa.select(
    Commune.code,
    Commune.name,
    Commune.kind,
    Commune.valid_from,
    Commune.valid_to,
    Commune.outline.is_not(None).label(
        "has_outline"
    ),  # outlines themselves are large, and stay where they are
    Commune.illustrative,
)
_INTO = aliased(Village)
_VILLAGES = (
    sa.select(
        Village.id,
        Village.code,
        Village.name,
        Village.valid_from,
        Village.valid_to,
        _INTO.code.label("merged_into"),
        Village.outline.is_not(None).label("has_outline"),
        Village.illustrative,
    )
    .outerjoin(_INTO, _INTO.id == Village.merged_into_id)
    .order_by(Village.code)
)


def _refuses(*statuses: int) -> Callable[[View], View]:
    """Name in the description the problems that an operation may answer with."""

    def described(view: View) -> View:
        for status in statuses:
            view = blueprint.alt_response(status, schema=schemas.ProblemSchema)(view)
        return view

    return described


@blueprint.get("/communes")
@access.program("places")
@blueprint.response(200, schemas.CommunesSchema)
@_refuses(401, 403)
def communes() -> dict[str, Any]:
    """Các xã, phường mà người gọi được xem"""
    today = clock.today()
    rows = _COMMUNES.where(
        Commune.valid_from <= today, sa.or_(Commune.valid_to.is_(None), Commune.valid_to >= today)
    )
    scope = access.signed_in().commune_ids
    if scope is not None:
        rows = rows.where(Commune.id.in_(scope))
    return {"communes": db.session.execute(rows.order_by(Commune.code)).mappings().all()}


@blueprint.get("/communes/<code>")
@access.program("places")
@blueprint.response(200, schemas.CommuneSchema)
@_refuses(401, 403, 404)
def commune(code: str) -> sa.RowMapping:
    """Một xã, phường theo mã"""
    found = access.open_commune(code)
    return db.session.execute(_COMMUNES.where(Commune.id == found.id)).mappings().one()


@blueprint.get("/communes/<code>/villages")
@access.program("places")
@blueprint.response(200, schemas.VillagesSchema)
@_refuses(401, 403, 404)
def villages(code: str) -> dict[str, Any]:
    """Các thôn của xã, kể cả thôn đã nhập vào thôn khác, với số hộ mới nhất"""
    found = access.open_commune(code)
    rows = db.session.execute(_VILLAGES.where(Village.commune_id == found.id)).mappings().all()
    figures = _figures([row["id"] for row in rows])
    return {"commune": found, "villages": [{**row, "figure": figures.get(row["id"])} for row in rows]}


@blueprint.get("/communes/<code>/targets")
@access.program("targets")
@blueprint.arguments(schemas.AsOfSchema, location="query", as_kwargs=True)
@blueprint.response(200, schemas.TargetsSchema)
@_refuses(401, 403, 404, 422)
def targets(code: str, as_of: dt.date | None) -> dict[str, Any]:
    """Mọi chỉ tiêu trong kế hoạch năm của xã, với số liệu hiện có hoặc cơ quan báo cáo"""
    found = access.open_commune(code)
    table = _table(found, as_of)
    words = _words(found)
    return {
        "commune": found,
        "as_of": table.as_of.isoformat(),
        "targets": [target_to_json(row) | words[row.target.id] for row in table.targets],
    }


@blueprint.get("/communes/<code>/coverage")
@access.program("coverage")
@blueprint.arguments(schemas.AsOfSchema, location="query", as_kwargs=True)
@blueprint.alt_response(200, schema=schemas.CoverageSchema)
@_refuses(401, 403, 404, 422)
def covered(code: str, as_of: dt.date | None) -> Response:
    """Mức bao phủ của xã và từng thôn theo từng chỉ tiêu"""
    found = access.open_commune(code)
    return jsonify(to_json(_table(found, as_of)))


def _table(found: Commune, as_of: dt.date | None) -> CoverageTable:
    """What the asker may be told: a program whose key was not made for it nothing of the day that still goes on."""
    of_yesterday = not access.signed_in().sees_running_day
    return coverage_table.table(found, as_of, full=access.sees_records(found), feed=of_yesterday)


def _figures(village_ids: list[int]) -> dict[int, VillageFigure]:
    """Each thôn's newest figure."""
    known = sa.select(VillageFigure).where(VillageFigure.village_id.in_(village_ids))
    rows = db.session.scalars(known.order_by(VillageFigure.day, VillageFigure.id))
    return {row.village_id: row for row in rows}


def _words(found: Commune) -> dict[str, dict[str, str | None]]:
    """The plan's own wording of each figure, by the figure's id."""
    rows = db.session.execute(
        sa.select(Target.code, Target.wording, Target.note).join(Plan).where(Plan.commune_id == found.id)
    )
    return {row.code: {"wording": row.wording, "note": row.note} for row in rows}
