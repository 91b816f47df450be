"""The thôn among which a page is narrowed."""

from collections.abc import Sequence

import sqlalchemy as sa

from server.db import db, in_vietnamese_order
from server.models import Commune, Village


def villages_of(commune: Commune, ids: frozenset[int] | None) -> Sequence[Village]:
    """The thôn that a commune has now, in the order of their names; of these alone where the reader sees no others."""
    query = sa.select(Village).where(Village.commune_id == commune.id, Village.valid_to.is_(None))
    if ids is not None:
        query = query.where(Village.id.in_(ids))
    return db.session.scalars(query.order_by(in_vietnamese_order(Village.name), Village.code)).all()
