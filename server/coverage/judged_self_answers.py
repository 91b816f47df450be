"""Which of the answers that people give by themselves a commune sets against its targets."""

import sqlalchemy as sa

from server.db import db
from server.models import Commune, FormVersion, JudgedSelfAnswers, Poster


def judged(commune: Commune) -> frozenset[str]:
    """The indicators of which self-answered numbers are judged too. One statement.

    An indicator that several forms with posters state is judged only where all of them are: its number is one.
    """
    newest = sa.select(sa.func.max(FormVersion.id)).group_by(FormVersion.form_id)
    is_judged = (
        sa.exists()
        .where(JudgedSelfAnswers.commune_id == commune.id, JudgedSelfAnswers.form_id == FormVersion.form_id)
        .label("is_judged")
    )
    hung = sa.select(Poster.form_id).where(Poster.commune_id == commune.id)
    query = sa.select(FormVersion.definition["indicators"].label("stated"), is_judged)
    rows = db.session.execute(query.where(FormVersion.id.in_(newest), FormVersion.form_id.in_(hung))).all()
    by_judged = {code for row in rows if row.is_judged for code in row.stated or ()}
    by_others = {code for row in rows if not row.is_judged for code in row.stated or ()}
    return frozenset(by_judged - by_others)
