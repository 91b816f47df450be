"""`flask nightly`: what has to happen every night, each thing whatever becomes of the others."""

import enum
import importlib
import time
from collections.abc import Callable
from typing import Any

import click
import sqlalchemy as sa
from flask import current_app
from flask.cli import with_appcontext
from sqlalchemy.exc import DBAPIError

from server import audit
from server.accounts import failed_sign_ins
from server.backchecks import kept_draws
from server.cli import doctor
from server.cli.groups import CommandRefused, SpokenCommand, refuse, told
from server.counting import noted_changes, writer_lock
from server.db import begin_writing, db
from server.files import made_files
from server.hooks import outbox, retries_and_pauses
from server.intake import catch_up
from server.models import Commune
from server.privacy import held_records
from server.samples import sample_draw
from server.settings import Settings

TRIES, PAUSE_SECONDS = 3, 60
"""A database that is being restarted, or that somebody holds, is asked again: by the first work that meets it, so that
a night without one ends after minutes."""


@click.command("nightly", cls=SpokenCommand)
@with_appcontext
@click.pass_context
def command(context: click.Context) -> None:
    """Việc mỗi đêm: ghép hộ, xóa phần quá hạn lưu, bỏ nhật ký quá hạn, bốc thăm phúc tra mỗi tuần, tự khám.

    Việc nào không xong thì được nêu ra và việc sau vẫn làm; có việc không xong thì thoát với mã 1.
    """
    failed: list[str] = []
    tries = TRIES
    for name, work in _steps(context).items():
        done = _done(name, work, tries)
        if done is not NightOutcome.DONE:
            failed.append(name)
        if done is NightOutcome.DATABASE_AWAY:
            tries = 1
    if failed:
        refuse(f"Chưa xong: {', '.join(failed)}.")


def _steps(context: click.Context) -> dict[str, Callable[[], None]]:
    households, privacy, audit, bin_, rollup = (
        importlib.import_module(f"server.cli.{name}")
        for name in ("households", "privacy", "audit", "bin", "rollup")
    )  # a visit needs none of them
    return {
        "households settle": lambda: context.invoke(households.settle, confirmed=None),
        "privacy retain": lambda: context.invoke(
            privacy.retain, dry_run=False, confirmed=None, wants_json=False
        ),
        "audit prune": lambda: context.invoke(audit.prune, confirmed=None, wants_json=False),
        "failed sign-ins": _add_up_failed_sign_ins,
        "made files": made_files.forget,
        "held records": _count_held_records,
        "hooks": _tidy_hooks,
        "backchecks draw": _draw_backchecks,
        "samples": sample_draw.renew_open,
        "changes": _tidy_changes,
        "rollup": lambda: _send_rollup(rollup),
        "bin empty": lambda: context.invoke(bin_.empty, confirmed=None, wants_json=False),
        "doctor": doctor.by_night,
    }


def _add_up_failed_sign_ins() -> None:
    begin_writing()
    failed_sign_ins.add_up()


def _count_held_records() -> None:
    found = held_records.count(db.session, None)
    db.session.rollback()  # what was read long ago holds up no writer
    begin_writing()
    held_records.keep(db.session, found)
    db.session.commit()


def _tidy_hooks() -> None:
    begin_writing()
    connection = db.session.connection()
    outbox.forget_old(connection)
    retries_and_pauses.give_up_old(connection)
    db.session.commit()


def _draw_backchecks() -> None:
    """Once a week in each commune whose phones have the form, a commune a transaction."""
    communes = list(db.session.scalars(sa.select(Commune).order_by(Commune.code)))
    for commune in communes:
        if kept_draws.is_due(commune):
            kept_draws.draw_now(commune, audit.SHELL)


def _send_rollup(rollup: Any) -> None:
    """Send the sums of the one commune that works here, where a city's address is set."""
    settings: Settings = current_app.config["SETTINGS"]
    if settings.rollup_url:
        catch_up.caught_up()
        click.echo(rollup.written(None, None))


def _tidy_changes() -> None:
    begin_writing()
    connection = db.session.connection()
    writer_lock.hold(connection)
    noted_changes.note_days(connection)
    noted_changes.compact(connection)
    db.session.commit()


class NightOutcome(enum.Enum):
    """What became of one thing of the night."""

    DONE = enum.auto()
    NOT_DONE = enum.auto()
    DATABASE_AWAY = enum.auto()


def _done(name: str, work: Callable[[], None], tries: int) -> NightOutcome:
    """Do one thing, and say what became of it; again where the database was away or held."""
    for left in reversed(range(tries)):
        try:
            with told():
                db.session.rollback()
                work()
            return NightOutcome.DONE
        except CommandRefused as refused:
            is_away = isinstance(refused.__cause__, DBAPIError)
            if is_away and left:
                time.sleep(PAUSE_SECONDS)
                continue
            click.echo(f"{name}: {refused.message}", err=True)
            return NightOutcome.DATABASE_AWAY if is_away else NightOutcome.NOT_DONE
    return NightOutcome.NOT_DONE
