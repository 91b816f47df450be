"""Communes, their thôn, the targets of their plans, and how far they are covered."""

import datetime as dt
from typing import Any

import sqlalchemy as sa
from flask import Response, jsonify
from flask_smorest import Blueprint

from geo.coverage_json import target_to_json, to_json
from server import auth, clock, coverage
from server.api import schemas
from server.db import db
from server.models import Commune, Plan, Target, Village, VillageFigure

blueprint = Blueprint("api", __name__, url_prefix="/api/v1", description="Xã, thôn, chỉ tiêu và mức bao phủ")


@blueprint.get("/communes")
@auth.program
@blueprint.response(200, schemas.CommunesSchema)
@blueprint.alt_response(401, schema=schemas.ProblemSchema)
def communes() -> dict[str, Any]:
    """Các xã, phường mà người gọi được xem"""
    today = clock.today()
    rows = sa.select(Commune).where(
        Commune.valid_from <= today, sa.or_(Commune.valid_to.is_(None), Commune.valid_to >= today)
    )
    scope = auth.signed_in().commune_id
    if scope is not None:
        rows = rows.where(Commune.id == scope)
    return {"communes": [_commune(row) for row in db.session.scalars(rows.order_by(Commune.code))]}


@blueprint.get("/communes/<code>")
@auth.program
@blueprint.response(200, schemas.CommuneSchema)
@blueprint.alt_response(401, schema=schemas.ProblemSchema)
@blueprint.alt_response(403, schema=schemas.ProblemSchema)
@blueprint.alt_response(404, schema=schemas.ProblemSchema)
def commune(code: str) -> dict[str, Any]:
    """Một xã, phường theo mã"""
    return _commune(auth.open_commune(code))


@blueprint.get("/communes/<code>/villages")
@auth.program
@blueprint.response(200, schemas.VillagesSchema)
@blueprint.alt_response(401, schema=schemas.ProblemSchema)
@blueprint.alt_response(403, schema=schemas.ProblemSchema)
@blueprint.alt_response(404, schema=schemas.ProblemSchema)
def villages(code: str) -> dict[str, Any]:
    """Các thôn của xã, kể cả thôn đã nhập vào thôn khác, với số hộ mới nhất"""
    found = auth.open_commune(code)
    rows = db.session.scalars(
        sa.select(Village).where(Village.commune_id == found.id).order_by(Village.code)
    ).all()
    codes = {row.id: row.code for row in rows}
    figures = _figures(list(codes))
    return {
        "commune": _key(found),
        "villages": [_village(row, codes, figures.get(row.id)) for row in rows],
    }


@blueprint.get("/communes/<code>/targets")
@auth.program
@blueprint.arguments(schemas.AsOfSchema, location="query", as_kwargs=True)
@blueprint.response(200, schemas.TargetsSchema)
@blueprint.alt_response(401, schema=schemas.ProblemSchema)
@blueprint.alt_response(403, schema=schemas.ProblemSchema)
@blueprint.alt_response(404, schema=schemas.ProblemSchema)
@blueprint.alt_response(422, schema=schemas.ProblemSchema)
def targets(code: str, as_of: dt.date | None) -> dict[str, Any]:
    """Mọi chỉ tiêu trong kế hoạch năm của xã, với số liệu hiện có hoặc cơ quan báo cáo"""
    found = auth.open_commune(code)
    table = coverage.table(found, as_of, full=auth.sees_records(found))
    words = _words(found)
    return {
        "commune": _key(found),
        "as_of": table.as_of.isoformat(),
        "targets": [target_to_json(row) | words[row.target.id] for row in table.targets],
    }


@blueprint.get("/communes/<code>/coverage")
@auth.program
@blueprint.arguments(schemas.AsOfSchema, location="query", as_kwargs=True)
@blueprint.alt_response(200, schema=schemas.CoverageSchema)
@blueprint.alt_response(401, schema=schemas.ProblemSchema)
@blueprint.alt_response(403, schema=schemas.ProblemSchema)
@blueprint.alt_response(404, schema=schemas.ProblemSchema)
@blueprint.alt_response(422, schema=schemas.ProblemSchema)
def covered(code: str, as_of: dt.date | None) -> Response:
    """Mức bao phủ của xã và từng thôn theo từng chỉ tiêu"""
    found = auth.open_commune(code)
    return jsonify(to_json(coverage.table(found, as_of, full=auth.sees_records(found))))


def _key(found: Commune) -> dict[str, str]:
    return {"code": found.code, "name": found.name}


def _commune(found: Commune) -> dict[str, Any]:
    return {
        **_key(found),
        "kind": found.kind,
        "valid_from": found.valid_from,
        "valid_to": found.valid_to,
        "has_outline": found.outline is not None,
        "illustrative": found.illustrative,
    }


def _village(row: Village, codes: dict[int, str], figure: VillageFigure | None) -> dict[str, Any]:
    return {
        "code": row.code,
        "name": row.name,
        "valid_from": row.valid_from,
        "valid_to": row.valid_to,
        "merged_into": codes.get(row.merged_into_id or 0),
        "has_outline": row.outline is not None,
        "illustrative": row.illustrative,
        "figure": figure,
    }


def _figures(village_ids: list[int]) -> dict[int, VillageFigure]:
    """Each thôn's newest figure."""
    known = sa.select(VillageFigure).where(VillageFigure.village_id.in_(village_ids))
    return {
        row.village_id: row for row in db.session.scalars(known.order_by(VillageFigure.day, VillageFigure.id))
    }


def _words(found: Commune) -> dict[str, dict[str, str | None]]:
    """The plan's own wording of each figure, by the figure's id."""
    rows = db.session.execute(
        sa.select(Target.code, Target.wording, Target.note).join(Plan).where(Plan.commune_id == found.id)
    )
    return {row.code: {"wording": row.wording, "note": row.note} for row in rows}
