"""Arguments that several commands share: a file, a day, the thôn of a commune."""

import datetime as dt
from collections.abc import Sequence
from pathlib import Path

import click
import sqlalchemy as sa

from server.cli.groups import refuse
from server.db import db
from server.models import Commune, Village
from server.office import written_days


class File(click.ParamType[Path]):
    """A file that is there and can be read."""

    name = "tệp"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        path = Path(value)
        try:
            path.open("rb").close()
        except OSError as error:
            why = "không có tệp này" if isinstance(error, FileNotFoundError) else "không đọc được tệp này"
            refuse(f"{value}: {why}.", cause=error)
        return path


FILE = File()


class Written(click.ParamType[str]):
    """A text that says something: where leaving an option out means everything, `--commune "$CODE"` with an empty
    CODE must not mean it too.
    """

    name = "text"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if not value.strip():
            named = param.get_error_hint(ctx) if param is not None and ctx is not None else "tham số"
            refuse(f"{named} để trống: hãy nêu giá trị, hoặc bỏ hẳn {named}.")
        return value


WRITTEN = Written()
MOST_KEY = 2**63 - 1
"""No table has a row of a larger number."""


class Key(click.ParamType[int]):
    """The number of a row, as a list has told it."""

    name = "integer"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> int:
        number = int(value) if value.isascii() and value.isdigit() and len(value) < 20 else 0
        return number if 0 < number <= MOST_KEY else self.fail(value, param, ctx)


KEY = Key()


def day(text: str | None) -> dt.date | None:
    """A day written 2026-11-22; None where none was given."""
    return written_days.day(text)


def villages(commune: Commune, codes: Sequence[str]) -> list[Village]:
    """The thôn with these codes, each of this commune and still valid."""
    found = sa.select(Village).where(
        Village.commune_id == commune.id, Village.code.in_(codes), Village.valid_to.is_(None)
    )
    known = {village.code: village for village in db.session.scalars(found)}
    for code in codes:
        if code not in known:
            refuse(f"Xã {commune.name} không có thôn nào mang mã {code}.")
    return [known[code] for code in dict.fromkeys(codes)]
