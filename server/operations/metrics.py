"""Figures for Prometheus: requests as all processes of this machine answered them, and the state of the data.

What is counted per request is counted where the front has the status and the time in hand (server/serving/front.py), so
that no hook runs for a visit (docs/decisions/0009). Processes share a folder of small files in memory.
"""

import functools
import os
from collections.abc import Iterable, Iterator

import prometheus_client
import sqlalchemy as sa
from flask import current_app
from prometheus_client import CollectorRegistry, Counter, Histogram, multiprocess
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy.exc import SQLAlchemyError

from server import addresses, clock
from server.counting import tally
from server.db import db
from server.intake import catch_up, not_applied
from server.models import Submission
from server.operations import health
from server.operations.backup import last_backup
from server.settings import Settings

CONTENT_TYPE = prometheus_client.CONTENT_TYPE_LATEST

_FOLDER = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
"""Where processes share their figures; prometheus_client decides when it is imported, so do we."""

_REGISTRY = CollectorRegistry()
REQUESTS = Counter("tungnha_requests", "Requests answered.", ["kind", "status"], registry=_REGISTRY)
SECONDS = Histogram(
    "tungnha_request_seconds",
    "How long answers took.",
    ["kind"],
    buckets=(0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
    registry=_REGISTRY,
)


def note(path: str, status: int, seconds: float) -> None:
    """One answered request."""
    requests, took = _figures(kind_of(path), status)
    requests.inc()
    took.observe(seconds)


@functools.cache
def _figures(kind: str, status: int) -> tuple[Counter, Histogram]:
    """Found once: the library looks labels up under a lock. Four kinds by the statuses that we answer."""
    return REQUESTS.labels(kind, str(status)), SECONDS.labels(kind)


def kind_of(path: str) -> str:
    """What was asked for, in one of a few words: every word is a series, and strangers choose paths."""
    if path.endswith("/submission"):
        return "submission"
    if addresses.is_of_phones(path):
        return "phone"
    return "api" if path.startswith("/api/") else "page"


def text() -> bytes:
    """Everything, as Prometheus reads it."""
    registry = CollectorRegistry()
    if _FOLDER is None:
        registry.register(_Own())
    else:
        multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    registry.register(_State())
    return prometheus_client.generate_latest(registry)


class _Own(Collector):
    """What this process alone has counted, where there are no others."""

    def collect(self) -> Iterable[Metric]:
        return [*_REGISTRY.collect(), *catch_up.ONE_BY_ONE.collect()]


class _State(Collector):
    """Read when asked for: a few rows by their keys, whatever the size of the city."""

    def collect(self) -> Iterator[Metric]:
        settings: Settings = current_app.config["SETTINGS"]
        free = GaugeMetricFamily("tungnha_disk_free_bytes", "Free space.", labels=["disk"])
        total = GaugeMetricFamily("tungnha_disk_bytes", "Size of the disk.", labels=["disk"])
        for space in health.spaces(settings):
            free.add_metric([space.name], space.free)
            total.add_metric([space.name], space.total)
        yield from (free, total)
        found = health.look()
        yield _gauge("tungnha_able", "1 while visits can be stored.", found.is_able)
        yield _gauge("tungnha_database_up", "1 while the database answers.", found.database == "ok")
        yield _gauge("tungnha_tables_current", "1 while tables are this program's.", found.tables == "ok")
        if found.tables == "ok":
            yield from _rows()


def _rows() -> Iterator[Metric]:
    try:
        with db.engine.connect() as connection:
            newest = connection.scalar(sa.select(sa.func.max(Submission.id))) or 0
            first, newest_row = connection.execute(tally.WAITING).one()
            backup = last_backup.find(connection)
            backlog = not_applied.backlog(connection)
    except SQLAlchemyError:
        return  # gone since it was looked at: the next scrape says so
    yield _gauge("tungnha_submission_newest", "Number of the newest submission.", newest)
    waiting = 0 if first is None else newest_row - first + 1
    yield _gauge("tungnha_tally_waiting", "Tally rows not folded into days yet, at most.", waiting)
    seconds = (clock.now() - backlog.oldest).total_seconds() if backlog.oldest is not None else 0.0
    yield _gauge(
        "tungnha_log_oldest_seconds", "For how long the oldest accepted visit waits to be counted.", seconds
    )
    yield _gauge("tungnha_log_waiting", "Accepted visits that wait to be counted.", backlog.waiting)
    yield _gauge("tungnha_log_failed", "Accepted visits that the program could not count.", backlog.failed)
    if backup is not None:
        yield _gauge(
            "tungnha_backup_seconds", "When the last backup was made, Unix time.", backup.at.timestamp()
        )


def _gauge(name: str, meaning: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, meaning, value=float(value))
