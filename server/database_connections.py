"""How connections to the database are made: what they wait for, how they plan, and what SQLite must be told."""

from collections.abc import Mapping
from typing import Any

import click
from sqlalchemy import Engine, event, make_url

from geo import vietnamese_order
from server.db import in_vietnamese_order, single_statements
from server.watched_connection import Connector

_PRAGMAS = (
    "journal_mode=WAL",
    "synchronous=FULL",
    "foreign_keys=ON",
    "busy_timeout=30000",
    "secure_delete=ON",  # what is deleted is overwritten: a household's name must not be left in free pages
)


AWAY: Mapping[str, object] = {
    "connect_timeout": 3,  # seconds, for each of the hosts that are named
    "keepalives": 1,
    "keepalives_idle": 4,
    "keepalives_interval": 2,
    "keepalives_count": 2,
    "tcp_user_timeout": 8_000,  # milliseconds that what was sent may stay without an answer of their machine
}
"""libpq's: a machine that does not answer is gone after seconds, not after the minutes of TCP."""
PATIENCE = {"lock_timeout": "5s", "statement_timeout": "50s"}
"""What a request may wait for somebody's lock, or take in all: less than a worker may."""
PLANNING = {"random_page_cost": "1.1", "jit": "off"}
"""How statements of pages are planned: what they ask for lies in memory or on a disk without heads, where a row here
and there costs little more than the next one (by PostgreSQL's own figure, of disks with heads, a commune's answers are
found sooner by reading the whole city's), and no page is worth compiling for."""
VISITS_PATIENCE = {"lock_timeout": "300ms", "statement_timeout": "10s"}
"""The same for the single statements of visits: one that holds a household for longer holds up no other visit.

Where a whole table is held, a visit meets that up to three times: behind others, with them, and alone. So it is told to
come later within a second.
"""


def unless_given(url: str, among_several: str = "read-write") -> dict[str, object]:
    """What a connection to PostgreSQL is asked for, but for what its address says itself.

    Of several machines the one that takes visits, unless another kind is said.
    """
    wanted = dict(AWAY)
    if url.count("host=") > 1 or "," in (make_url(url).host or ""):
        wanted["target_session_attrs"] = among_several
    return {name: value for name, value in wanted.items() if f"{name}=" not in url}


def _bounded(engine: Engine, patience: Mapping[str, str]) -> None:
    """Have the server end what waits or runs for too long; commands of a shell may take their time.

    What the address of the database sets by itself stays.
    """
    given = str(engine.url.query.get("options", ""))
    wanted = {name: value for name, value in patience.items() if name not in given}
    if click.get_current_context(silent=True) is not None:
        wanted.pop("statement_timeout", None)

    @event.listens_for(engine, "connect")
    def _patience(connection: Any, _record: Any) -> None:
        for name, value in wanted.items():
            connection.execute(f"SET {name} = '{value}'")
        connection.commit()


def _watched(*engines: Engine) -> None:
    """Connect in the way of `WatchedConnection`; both engines know which of several hosts took the last one."""
    connector = Connector()
    for engine in engines:

        @event.listens_for(engine, "do_connect")
        def _connect(_dialect: Any, _record: Any, given: Any, wanted: Any) -> Any:
            return connector.connect(*given, **wanted)


def prepare(engine: Engine) -> None:
    """Make SQLite durable (a phone deletes what we acknowledged) and honest about transactions; PostgreSQL plan once.

    Writers take the lock when they begin: a transaction that reads first and writes later would otherwise
    fail at once with "database is locked", whatever the busy timeout.
    """
    if engine.dialect.name != "sqlite":
        _watched(engine, single_statements())
        _bounded(engine, PATIENCE | PLANNING)
        _bounded(single_statements(), VISITS_PATIENCE)
        _plan_once(single_statements())
        return

    @event.listens_for(engine, "connect")
    def _pragmas(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves
        for pragma in _PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")
        connection.create_function(
            in_vietnamese_order.name, 1, vietnamese_order.sort_key_or_none, deterministic=True
        )

    @event.listens_for(engine, "begin")
    def _begin(connection: Any) -> None:
        writes = connection.get_execution_options().get("writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _plan_once(engine: Engine) -> None:
    """Statements that look rows up by their keys have one plan: PostgreSQL need not weigh it anew five times each.

    A plan made while a table is empty must do for when it is large: no table is read whole. Nor is any statement
    worth compiling, which it would do for tens of milliseconds where it thinks of more rows than there are.
    """

    @event.listens_for(engine, "connect")
    def _generic(connection: Any, _record: Any) -> None:
        connection.execute("SET plan_cache_mode = force_generic_plan")
        connection.execute("SET enable_seqscan = off")
        connection.execute("SET jit = off")
        connection.commit()
