"""Of which years a commune has a plan."""

import sqlalchemy as sa

from server.db import db
from server.models import Commune, Plan


def years(commune: Commune) -> tuple[int, ...]:
    """The years, the newest first."""
    found = sa.select(Plan.year).where(Plan.commune_id == commune.id).distinct().order_by(Plan.year.desc())
    return tuple(db.session.scalars(found))
