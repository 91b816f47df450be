"""Accidents at run time: rows that an administrator holds, a database that refuses, a clock, a disk, damaged photos."""

import hashlib
import subprocess
import sys
import time
from collections.abc import Callable

import sqlalchemy as sa

from bench.siege_place import Attack, Place, new_photo
from tests import sample
from tests.live.mishaps import fill
from tests.live.served import ROOT

HELD_SECONDS = 8.0
STARTS_WITHIN = 30.0
"""Seconds that phones wait in line while the program is read anew: four of CPU, several times that on a busy machine.
Two groups on one socket are restarted without (tests/live/test_rolling.py).
"""


def _on_postgres(place: Place) -> bool:
    return place.postgres is not None


def _flask(place: Place, *command: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """A command beside the server, as an administrator gives it."""
    given = {**place.served.environment(), **environ}
    del given["PROMETHEUS_MULTIPROC_DIR"]
    return subprocess.run(
        [sys.executable, "-m", "flask", "--app", "app", *command], cwd=ROOT, check=False, env=given,
        capture_output=True, text=True, timeout=300,
    )  # fmt: skip


def _told(done: subprocess.CompletedProcess[str]) -> str:
    """How a command ended, with the last line that it said."""
    if "Traceback" in done.stderr:
        return f"a traceback: {done.stderr.strip().splitlines()[-1]}"
    lines = (done.stdout + done.stderr).strip().splitlines()
    return f"rc {done.returncode}: {lines[-1] if lines else ''}"[:160]


def _command(*command: str) -> Callable[[Place], Callable[[], str]]:
    return lambda place: lambda: _told(_flask(place, *command))


def _held(*statements: str) -> Callable[[Place], Callable[[], str]]:
    """Somebody's psql does something within a transaction, and goes for lunch."""

    def ready(place: Place) -> Callable[[], str]:
        def act() -> str:
            with place.connected() as psql:
                for each in statements:
                    psql.execute(sa.text(each))
                time.sleep(HELD_SECONDS)
                psql.rollback()
            return f"held for {HELD_SECONDS:.0f} s"

        return act

    return ready


def _set(setting: str) -> Callable[[Place], Callable[[], str]]:
    """The administrator changes the database, and has all connections begin anew."""

    def ready(place: Place) -> Callable[[], str]:
        def act() -> str:
            assert place.postgres is not None
            ask = place.postgres.said
            end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'tungnha'"
            ask(f"ALTER DATABASE tungnha SET {setting}")
            ask(end)
            time.sleep(HELD_SECONDS)
            health = place.asked("GET", "/healthz", "")[:3]
            ask(f"ALTER DATABASE tungnha RESET {setting.partition(' ')[0]}")
            ask(end)
            return f"/healthz {health}"

        return act

    return ready


def _ahead(place: Place) -> Callable[[], str]:
    """clock-1."""

    def act() -> str:
        before = place.said("SELECT count(*) FROM submission")
        place.clock.set_hours(1_100 * 24)
        try:
            done = _flask(place, "privacy", "retain", **place.clock.environ)
            pruned = _flask(place, "audit", "prune", **place.clock.environ)
        finally:
            place.clock.set_hours(0)
        left = place.said("SELECT count(*) FROM submission")
        return f"rc {done.returncode} and {pruned.returncode}, {'none' if left >= before else before - left} deleted"

    return act


def _demonstrated(place: Place) -> Callable[[], str]:
    """demo-1."""
    return lambda: _told(_flask(place, "demo", "--no-serve", TUNGNHA_DEMO="1"))


def _rotten(place: Place) -> Callable[[], str]:
    """blob-1: one photo is cut on the disk, then a backup is made and verified.

    One that no phone sends again: the server would write it anew before the backup comes to it (blob-2).
    """
    stored = place.kept_photo(sample.filled("<so>1</so><anh>a.jpg</anh>"), new_photo())
    whole = stored.read_bytes()
    name = hashlib.sha256(whole).hexdigest()
    backup = place.served.settings.instance / "sao-luu.tar"

    def act() -> str:
        backup.unlink(missing_ok=True)
        stored.chmod(0o600)
        stored.write_bytes(whole[:10])
        made = _flask(place, "backup", str(backup))
        stored.write_bytes(whole)
        is_named = name[:12] in made.stdout + made.stderr
        verified = _flask(place, "restore", "--verify", str(backup))
        return f"{'named' if is_named else 'not named'}; {_told(verified)}"

    return act


def _recounted(*more: str) -> Callable[[Place], Callable[[], str]]:
    """count-1, count-2."""

    def ready(place: Place) -> Callable[[], str]:
        def act() -> str:
            first = _flask(place, "coverage", "recount", *more)
            return f"{_told(first)}; then {_told(_flask(place, 'coverage', 'recount'))}"

        return act

    return ready


def _full(place: Place) -> Callable[[], str]:
    def act() -> str:
        for _ in range(5):
            fill(place.served.settings.instance)
        return "full five times"

    return act


def _killed(place: Place) -> Callable[[], str]:
    def act() -> str:
        place.served.kill_workers()
        time.sleep(5)
        return "killed"

    return act


def _restarted(place: Place) -> Callable[[], str]:
    def act() -> str:
        place.served.restart()
        time.sleep(5)
        return "restarted"

    return act


ROWS = "SELECT id FROM {} FOR UPDATE"
ATTACKS = (
    Attack(
        "8 held households",
        "held .*",
        _held("SELECT id FROM entity LIMIT 8 FOR UPDATE"),
        "db-2",
        is_possible=_on_postgres,
    ),
    Attack(
        "all collectors held",
        "held .*",
        _held(ROWS.format("collector")),
        "db-2",
        is_possible=_on_postgres,
        tells_later=True,
    ),
    Attack(
        "all communes held",
        "held .*",
        _held(ROWS.format("commune")),
        "db-2",
        is_possible=_on_postgres,
        tells_later=True,
    ),
    Attack(
        "all thôn held",
        "held .*",
        _held(ROWS.format("village")),
        "db-2",
        is_possible=_on_postgres,
        tells_later=True,
    ),
    Attack(
        "all forms held",
        "held .*",
        _held(ROWS.format("form"), ROWS.format("form_version")),
        "db-2",
        is_possible=_on_postgres,
        tells_later=True,
    ),
    Attack(
        "the last row of the audit held",
        "held .*",
        _held("SELECT id FROM audit ORDER BY id DESC LIMIT 1 FOR UPDATE"),
        "db-2",
        is_possible=_on_postgres,
        tells_later=True,
    ),
    Attack(
        "the table of the audit locked",
        "held .*",
        _held("LOCK TABLE audit IN ACCESS EXCLUSIVE MODE"),
        "db-2",
        is_possible=_on_postgres,
        tells_later=True,
    ),
    Attack(
        "the table of collectors locked",
        "held .*",
        _held("LOCK TABLE collector IN ACCESS EXCLUSIVE MODE"),
        "db-2",
        is_possible=_on_postgres,
        tells_later=True,
    ),
    Attack(
        "the table of submissions locked",
        "held .*",
        _held("LOCK TABLE submission IN ACCESS EXCLUSIVE MODE"),
        "db-2",
        is_possible=_on_postgres,
        tells_later=True,
    ),
    Attack(
        "statement_timeout of 20 ms",
        "/healthz (200|503)",
        _set("statement_timeout = 20"),
        "db-3",
        is_possible=_on_postgres,
        tells_later=True,
    ),
    Attack(
        "a database that only reads",
        "/healthz 503",
        _set("default_transaction_read_only = on"),
        "db-4",
        is_possible=_on_postgres,
        tells_later=True,
    ),
    Attack("privacy retain beside visits", "rc 0: .*", _command("privacy", "retain"), "db-5"),
    Attack(
        "the clock ahead by 1,100 days",
        "rc [1-9] and [1-9], none deleted",
        _ahead,
        "clock-1",
        tells_later=True,
    ),
    Attack("a demonstration where people work", "rc [1-9].*", _demonstrated, "demo-1"),
    Attack("a photo cut to 10 bytes", "named; rc 0: 1 ảnh đã hỏng .*", _rotten, "blob-1"),
    Attack("a recount beside visits", "rc 0: .*; then rc 0: .*", _recounted(), "count-1"),
    Attack("a correction beside visits", "rc 0: .*; then rc 0: .*", _recounted("--correct"), "count-2"),
    Attack("a full disk", "full .*", _full, is_possible=lambda place: place.is_small_disk, tells_later=True),
    Attack("all workers killed", "killed", _killed, tells_later=True),
    Attack("a restart", "restarted", _restarted, "stop-1", tells_later=True, most_seconds=STARTS_WITHIN),
)
