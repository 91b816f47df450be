"""Households of lists and splits get the label and the address that phones write: name, lane, “số” and number.

They were called by the name alone, three alike in a thôn, and had the number before the lane. Only the way in which the
old import wrote addresses is turned round; any other address stays as it is, behind the name.
"""

import datetime as dt
import re
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

_ENTITY = sa.table(
    "entity",
    sa.column("id", sa.Uuid), sa.column("list_id", sa.Integer), sa.column("label", sa.String),
    sa.column("data", sa.JSON), sa.column("version", sa.Integer), sa.column("import_id", sa.Integer),
    sa.column("split_from_id", sa.Uuid), sa.column("changed_at", sa.DateTime(timezone=True)),
)  # fmt: skip
_VERSION = sa.table(
    "entity_version",
    sa.column("entity_id", sa.Uuid), sa.column("version", sa.Integer), sa.column("label", sa.String),
    sa.column("data", sa.JSON), sa.column("received", sa.JSON), sa.column("named", sa.String),
    sa.column("created_at", sa.DateTime(timezone=True)),
)  # fmt: skip
_NUMBER_FIRST = re.compile(
    r"(?P<number>\d+[^\W\d_]?), (?P<lane>(?:ngõ|ngách|hẻm|kiệt|xóm|đường|phố|đội|khu|tổ) [^,]+)",
    re.IGNORECASE,
)
_ADDRESS = 200


def upgrade() -> None:
    connection = op.get_bind()
    at = dt.datetime.now(dt.UTC)
    listed = sa.or_(_ENTITY.c.import_id.is_not(None), _ENTITY.c.split_from_id.is_not(None))
    rows = list(connection.execute(sa.select(*_ENTITY.c).where(listed)))
    for entity_id, label, data, received, version in _changed(rows):
        connection.execute(
            sa.update(_ENTITY)
            .where(_ENTITY.c.id == entity_id)
            .values(label=label, data=data, version=version, changed_at=at)
        )
        connection.execute(
            sa.insert(_VERSION).values(
                entity_id=entity_id,
                version=version,
                label=label,
                data=data,
                received=received,
                named=label,
                created_at=at,
            )
        )


def _changed(rows: list[Any]) -> Iterator[tuple[Any, str, dict[str, Any], dict[str, str] | None, int]]:
    for row in rows:
        written = str(row.data.get("dia_chi") or "")
        turned = _NUMBER_FIRST.fullmatch(written)
        address = f"{turned['lane']}, số {turned['number']}" if turned else written
        if not address or address in row.label or written in row.label:
            continue
        label = f"{row.label}, {address}"[:_ADDRESS]
        received = {"dia_chi": address} if address != written else None
        yield row.id, label, {**row.data, "dia_chi": address}, received, row.version + 1


def downgrade() -> None:
    """Labels with an address are as good for the older program."""
