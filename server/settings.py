"""Every setting of the server, its default and what it means; only `from_env` reads the environment."""

import dataclasses
import os
import re
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any
from urllib.parse import quote

import click
import sqlalchemy as sa
from sqlalchemy.exc import ArgumentError

from server import secret_files


class BadSetting(click.ClickException, ValueError):
    """A setting whose value cannot be used; the message names it and says what would do.

    Commands tell it as one line, since it is click's own kind of error; gunicorn_conf.py does so too.
    """


TILE_PLACES = frozenset(("s", "z", "x", "y", "-y", "r"))
"""What a map fills in at an address of tiles, between braces."""


def _setting(default: Any, meaning: str, *, secret: bool = False) -> Any:
    return dataclasses.field(
        default=default, repr=not secret, metadata={"meaning": meaning, "secret": secret}
    )


@dataclasses.dataclass(frozen=True)
class Settings:
    """What an installation may decide; the environment variable of `min_reach` is `TUNGNHA_MIN_REACH`."""

    instance: Path = _setting(Path("instance"), "Folder of the data: database, blobs, secret key.")
    database_url: str = _setting(
        "", "SQLAlchemy URL; empty means SQLite in the instance folder.", secret=True
    )
    replica_url: str = _setting(
        "",
        "SQLAlchemy URL of a PostgreSQL that follows that of `database_url`: pages and files are read there while it "
        "has all that was written before they were asked for. Empty: none.",
        secret=True,
    )
    blobs: str = _setting(
        "",
        "Folder of photos and other attachments, or `s3://bucket/prefix`; empty means `blobs` in the instance "
        "folder.",
    )
    s3_endpoint: str = _setting(
        "", "Address of the S3 service, `https://…`; empty means Amazon's of the region."
    )
    s3_region: str = _setting("us-east-1", "Region of the bucket, as its service calls it.")
    s3_key_id: str = _setting("", "Name of the key that opens the bucket.")
    s3_secret: str = _setting("", "The key itself.", secret=True)
    secret_key: str = _setting(
        "",
        "Signs sessions and seals tokens; empty means made once and kept in the instance folder.",
        secret=True,
    )
    base_map: str = _setting(
        "", "Tile URL of a base map; empty means none (the default: no outside request)."
    )
    base_map_attribution: str = _setting("", "Words that the provider of the base map asks to be shown.")
    min_reach: Fraction = _setting(
        Fraction(1, 2), "Share of households to be reached before a target is judged (0.5 = 50 %)."
    )
    min_asked: int = _setting(
        100, "People picked by chance (satisfaction) whose answers are needed before a target is judged."
    )
    min_samples: int = _setting(
        30,
        "How many check points (5G) or speed tests are needed before a percent or a median is told of them.",
    )
    official_samples: int = _setting(
        300,
        "How many i-Speed samples of a commune the official monthly publication needs (shown beside ours).",
    )
    max_submission_mb: int = _setting(
        20, "Largest request a phone may send, in MB; announced to phones (C30)."
    )
    https: bool = _setting(
        False, "Set where a proxy ends TLS in front of us: secure cookies, Basic offered to phones (C9)."
    )
    hsts_days: int = _setting(
        365, "With `https`: for how many days a browser that came once insists on TLS; 0 says nothing of it."
    )
    proxies: int = _setting(
        0, "How many proxies in front of us may be believed for scheme, host and address."
    )
    proxy_networks: str = _setting(
        "127.0.0.0/8 ::1",
        "Networks that these proxies call from; what comes from elsewhere is believed nothing.",
    )
    idle_minutes: int = _setting(
        15, "A browser that nobody used for so many minutes has to sign in again (level 2: at most 15)."
    )
    admin_idle_minutes: int = _setting(5, "The same for administrators (level 2: at most 5).")
    session_hours: int = _setting(12, "A browser has to sign in again after so many hours, used or not.")
    lock_hours: int = _setting(
        12, "How long an account waits after 5 wrong tries, unless somebody unlocks it (level 2: 12 to 720)."
    )
    guesses_a_minute: int = _setting(
        30,
        "So many wrong codes, keys or passwords from one address in a minute are answered at once, more of them "
        "late; right ones always at once. 0 turns it off.",
    )
    poster_address_a_minute: int = _setting(
        20, "Answers to posters from one address in a minute; more are asked to wait. 0 turns it off."
    )
    poster_answers_a_minute: int = _setting(
        60, "Answers that one poster takes in a minute, from everybody together. 0 turns it off."
    )
    poster_answers_a_day: int = _setting(2000, "The same in 24 hours.")
    poster_mb: int = _setting(8, "Largest answer to a poster, photos included, in MB.")
    unused_days: int = _setting(
        45, "An account that has not signed in for so many days has to be enabled anew; 0 turns it off."
    )
    admin_password_days: int = _setting(
        60, "An administrator changes his password after so many days; 0 turns it off."
    )
    second_factor: str = _setting(
        "admin city officer",
        "Roles that sign in with a code from an authenticator app besides the password; others may. "
        "`none` asks nobody.",
    )
    audit_months: int = _setting(
        12, "Months that the audit is kept, 12 at least; `flask audit prune` deletes what is older."
    )
    min_free_mb: int = _setting(
        2000,
        "Less free disk than this, in MB, and `/healthz`, `/metrics` and `flask doctor` say that it is low.",
    )
    backup_key: str = _setting(
        "",
        "Public keys (`age1…`, by spaces) that backups are encrypted for; `flask backup-key` makes one. Empty: not.",
    )
    backup_days: int = _setting(
        2,
        "`flask doctor` and the server's page warn where the last backup is older than so many days; 0: never.",
    )
    metrics_token: str = _setting(
        "",
        "Bearer token that opens `/metrics` from elsewhere; empty means that it answers on this machine alone.",
        secret=True,
    )
    log_format: str = _setting(
        "text", "`json` writes every line of the logs as one JSON object, for programs that collect logs."
    )
    demo: bool = _setting(
        False, "Demonstration: accounts skip the first-login change and TOTP; pages say so."
    )
    check_seconds: int = _setting(
        30,
        "How often new visits are looked at for doubts, in seconds; 0 leaves it to `flask submissions check`.",
    )
    short_visit_seconds: int = _setting(
        60, "A visit that took less, and less than a third of the usual time, is flagged; 0 turns it off."
    )
    same_point_households: int = _setting(
        20,
        "So many households at one rounded point (about 110 m), by one collector in a day, are flagged; "
        "0 turns it off.",
    )
    same_answers: int = _setting(
        3,
        "The same answers as at so many other households of the same collector within 7 days are flagged; "
        "0 turns it off.",
    )
    most_tries: int = _setting(
        3,
        "After so many visits that met nobody a household leaves the lists of those to go to, and its label says so, "
        "until somebody opens it again; it stays “vắng nhà” where it is counted. 0: never.",
    )
    new_per_hour: int = _setting(
        120,
        "More households or places than this, registered with one collector's code within an hour of visits, are set "
        "aside together until an officer decides: nobody walks to two a minute, not even a team of four with one "
        "code (15 to 25 an hour each). 0 turns it off.",
    )
    new_at_once: int = _setting(
        600,
        "The same for what arrives within an hour, whatever times it states: a team that was offline for two weeks "
        "sends less (40 a day). 0 turns it off.",
    )
    fold_seconds: int = _setting(
        10, "How often new tally rows are folded into days, in seconds; 0 leaves it to `flask coverage fold`."
    )
    apply_ms: int = _setting(
        100,
        "What is accepted within so many thousandths of a second is applied to lists and counts together; 0: each at "
        "once, before it is answered.",
    )

    hook_hosts: str = _setting(
        "",
        "Machines that officers may have submissions sent on to, by spaces: `nhan.example.vn`, `*.example.vn`, "
        "`https://nhan.example.vn:8443`, `http://10.1.2.3:8080`; without a scheme https is meant. Empty: none.",
    )
    rollup_url: str = _setting(
        "",
        "Address of the city's installation that `flask nightly` sends this commune's signed sums to, "
        "`https://city.example.vn`; its host has to stand in `hook_hosts`. Empty: none.",
    )
    hook_networks: str = _setting(
        "",
        "Networks of this machine or of the house that submissions may be sent on to, as `10.1.2.0/24`; all others "
        "that are not of the internet are refused when connecting. Empty: none.",
    )
    hook_seconds: int = _setting(
        10,
        "How often is looked whether something waits to be sent on, in seconds; 0 leaves it to `flask hooks send`.",
    )

    @property
    def database(self) -> str:
        """The SQLAlchemy URL in force."""
        return self.database_url or f"sqlite:///{quote(str(self.database_file))}"

    @property
    def tiles(self) -> str:
        """The base map as maps can ask for it; "" where none is set, or its address has other places to fill in than
        theirs, which would leave a map empty.
        """
        places = frozenset(re.findall(r"\{([^{}]*)\}", self.base_map))
        is_address = self.base_map.startswith(("https://", "http://", "/"))
        is_whole = {"z", "x"} <= places <= TILE_PLACES and not places.isdisjoint({"y", "-y"})
        return self.base_map if is_address and is_whole else ""

    @property
    def database_file(self) -> Path:
        """Where SQLite's database lies, unless `database_url` names another."""
        return (self.instance / "tungnha.sqlite3").absolute()

    @property
    def blob_folder(self) -> Path:
        """Where attachments are stored, unless they lie in S3."""
        return Path(self.blobs) if self.blobs else self.instance / "blobs"

    def environ(self) -> dict[str, str]:
        """The environment by which a process that this one begins has the same settings."""
        return {
            variable(field.name): _written(value)
            for field in dataclasses.fields(self)
            if (value := getattr(self, field.name)) != field.default or field.name == "instance"
        }

    @classmethod
    def from_env(cls, environ: Mapping[str, str] = os.environ) -> "Settings":
        """Read `TUNGNHA_…` variables; raise BadSetting where one cannot be understood."""
        values: dict[str, Any] = {}
        for field in dataclasses.fields(cls):
            raw = _from_file(field, environ) or environ.get(variable(field.name), "").strip()
            if raw:
                values[field.name] = _read(field, raw)
        return cls(**values)


def _written(value: object) -> str:
    """A value as `_parse` reads it; a path from wherever one stands."""
    if isinstance(value, bool):
        return "1" if value else "0"
    return str(value.absolute() if isinstance(value, Path) else value)


def variable(name: str) -> str:
    """The environment variable of a setting."""
    return f"TUNGNHA_{name.upper()}"


def file_variable(name: str) -> str:
    """The environment variable that names the file in which a secret lies instead."""
    return f"{variable(name)}_FILE"


def variables() -> frozenset[str]:
    """Every environment variable that is read."""
    fields = dataclasses.fields(Settings)
    files = (file_variable(field.name) for field in fields if field.metadata["secret"])
    return frozenset((*(variable(field.name) for field in fields), *files))


def _from_file(field: "dataclasses.Field[object]", environ: Mapping[str, str]) -> str:
    """A secret by the file that is named for it; "" where none is."""
    path = environ.get(file_variable(field.name), "").strip() if field.metadata["secret"] else ""
    if not path:
        return ""
    if environ.get(variable(field.name), "").strip():
        raise BadSetting(
            f"{variable(field.name)} và {file_variable(field.name)} cùng được đặt; hãy bỏ một trong hai."
        )
    try:
        return secret_files.read(Path(path))
    except secret_files.TooOpen as error:
        raise BadSetting(f"{file_variable(field.name)}: {error}") from error


def _read(field: "dataclasses.Field[object]", raw: str) -> object:
    try:
        return _parse(type(field.default), raw)
    except (ValueError, ZeroDivisionError) as error:
        raise BadSetting(f"{variable(field.name)}={raw!r}: {field.metadata['meaning']}") from error


def _parse(kind: type, raw: str) -> object:
    if kind is bool:
        if raw.lower() in ("1", "true", "yes"):
            return True
        if raw.lower() in ("0", "false", "no"):
            return False
        raise ValueError(raw)
    if kind is Fraction:
        share = Fraction(raw)
        if not 0 <= share <= 1:
            raise ValueError(raw)
        return share
    if kind is int:
        if int(raw) < 0:
            raise ValueError(raw)
        return int(raw)
    return Path(raw) if issubclass(kind, Path) else raw


def secret_key(settings: Settings) -> str:
    """The key in force; made on first start and kept, readable by the owner alone, in the instance folder."""
    if settings.secret_key:
        return settings.secret_key
    path = settings.instance / "secret_key"
    try:
        if not path.exists():
            secret_files.make(path)
        return secret_files.read(path)
    except secret_files.TooOpen as error:
        raise BadSetting(str(error)) from error
    except OSError as error:
        raise _unusable(settings, error) from error


def make_instance(settings: Settings) -> None:
    """Have the folder of the data there, its database closed to others; BadSetting where this account may not."""
    try:
        settings.instance.mkdir(parents=True, exist_ok=True)
        if not settings.database_url:
            secret_files.close_to_others(settings.database_file)
    except OSError as error:
        raise _unusable(settings, error) from error


def _unusable(settings: Settings, error: OSError) -> BadSetting:
    return BadSetting(
        f"Không dùng được thư mục dữ liệu {settings.instance} ({error.strerror}): hãy chạy bằng tài khoản của máy chủ, "
        "hoặc xem TUNGNHA_INSTANCE."
    )


DRIVERS = frozenset(("sqlite", "sqlite+pysqlite", "postgresql", "postgresql+psycopg"))


def check_databases(settings: Settings) -> None:
    """BadSetting where an address of a database is none, or that of another kind; the address itself is not told."""
    for name in ("database_url", "replica_url"):
        address = getattr(settings, name)
        try:
            driver = sa.make_url(address).drivername if address else "sqlite"
        except (ArgumentError, ValueError) as error:
            raise BadSetting(_no_address(name)) from error
        if driver not in DRIVERS:
            raise BadSetting(_no_address(name))


def _no_address(name: str) -> str:
    return (
        f"{variable(name)} không phải địa chỉ của một cơ sở dữ liệu dùng được ở đây: hãy ghi "
        "postgresql+psycopg://người_dùng@máy/tên, hoặc bỏ trống để dùng SQLite."
    )
