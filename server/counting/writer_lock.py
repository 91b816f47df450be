"""One writer at a time: who changes what counts, or a row that phones share, has the lock until they commit."""

import sqlalchemy as sa

_KEY: sa.ColumnElement[int] = sa.literal_column("7463")
_WAIT = sa.select(sa.func.pg_advisory_xact_lock(_KEY))
_TRY = sa.select(sa.func.pg_try_advisory_xact_lock(_KEY))
_AS_APPLIED = sa.select(
    *(
        sa.func.set_config(name, value, sa.true())
        for name, value in (
            # what is applied can be applied again: its row of the log was durable before (docs/decisions/0039)
            ("synchronous_commit", "off"),
            # somebody who holds a household's row holds up that household, not all others
            ("lock_timeout", "300"),
            # a plan made while a table is empty must do for when it is large: rows are looked up by their keys
            ("enable_seqscan", "off"),
            ("jit", "off"),
        )
    )
)


def hold(connection: sa.Connection) -> None:
    """Keep all others from changing what counts until this transaction ends; waits for the one who does so now.

    Taken before any row is locked, so that nobody waits in a ring. On SQLite a transaction that began with
    `writes` is alone already. May be taken again by the one who has it.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(_WAIT)


def hold_to_apply(connection: sa.Connection, *, waits: bool) -> bool:
    """The same for applying the log: its commit need not wait for the disk. False where another has the lock."""
    if connection.dialect.name != "postgresql":
        return True
    if waits:
        connection.execute(_WAIT)
    elif not connection.scalar(_TRY):
        return False
    connection.execute(_AS_APPLIED)
    return True
