"""The page on which administrators and the city open communes: which there are, how far each is, who may begin."""

import sqlalchemy as sa
from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from geo.official_communes import OfficialCommune, official_communes
from server import audit
from server.accounts import access
from server.accounts.roles import Right
from server.db import begin_writing, db, in_vietnamese_order
from server.models import Commune, Plan, Village

blueprint = Blueprint("commune_list", __name__)
BASE = "/quan-tri/xa"


@blueprint.get(BASE)
@access.needs(Right.OPEN_COMMUNES)
def listing() -> str:
    """The communes that are open with how many thôn and plans they have, and those that can be opened."""
    return _listing()


@blueprint.post(BASE)
@access.needs(Right.OPEN_COMMUNES)
def open_chosen() -> Response | tuple[str, int]:
    """Open the communes that were ticked: a code, a name and a kind; thôn and all else are their officers' work."""
    begin_writing()
    wanted = set(request.form.getlist("ma"))
    chosen = [place for place in _closed() if place.code in wanted]
    if not chosen:
        db.session.rollback()
        return _listing("Hãy đánh dấu ít nhất một xã, phường."), 422
    for place in chosen:
        db.session.add(Commune(code=place.code, name=place.name, kind=place.kind, outline=None))
    db.session.flush()
    for place in chosen:
        audit.note("places.open", f"commune:{place.code}", {"name": place.name})
    db.session.commit()
    flash(f"Đã mở {len(chosen)} xã, phường. Bước tiếp: thêm tài khoản cán bộ cho từng xã.")
    return redirect(url_for(".listing"))


def _closed() -> list[OfficialCommune]:
    known = set(db.session.scalars(sa.select(Commune.code)))
    return [place for place in official_communes() if place.code not in known]


def _listing(wrong: str = "") -> str:
    villages = (
        sa.select(sa.func.count()).where(Village.commune_id == Commune.id, Village.valid_to.is_(None))
    ).scalar_subquery()
    plans = sa.select(sa.func.count()).where(Plan.commune_id == Commune.id).scalar_subquery()
    rows = db.session.execute(
        sa.select(Commune.code, Commune.name, Commune.kind, villages.label("villages"), plans.label("plans"))
        .where(Commune.valid_to.is_(None))
        .order_by(in_vietnamese_order(Commune.name), Commune.code)
    ).all()
    return render_template("office/commune_list.html", rows=rows, closed=_closed(), wrong=wrong)
