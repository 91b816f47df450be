"""Rows of one query as a value in a row of another: what a visit must know is asked in one statement.

Each statement costs PostgreSQL and the driver some 0.1 ms before its first row; a text of JSON costs neither much.
"""

import datetime as dt
from typing import Any

import orjson
import sqlalchemy as sa


def packed(rows: sa.Select[*tuple[Any, ...]], dialect: str) -> sa.ColumnElement[str | None]:
    """The rows of a query as a text, a JSON array of arrays; NULL or an empty array without any."""
    within = rows.subquery()
    if dialect == "postgresql":
        one = sa.func.json_agg(sa.func.json_build_array(*within.c))
    else:  # SQLite keeps a document as a text, and would quote it
        columns = [sa.func.json(each) if isinstance(each.type, sa.JSON) else each for each in within.c]
        one = sa.func.json_group_array(sa.func.json_array(*columns))
    return sa.cast(sa.select(one).scalar_subquery(), sa.Text)


def unpacked(text: str | None) -> list[list[Any]]:
    """The rows as JSON has them; a time is read with `moment`."""
    return orjson.loads(text) if text else []


def moment(text: str) -> dt.datetime:
    """A time as either database writes it into JSON, with its zone."""
    found = dt.datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=dt.UTC)
