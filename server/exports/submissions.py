"""Submissions of a form as CSV, zip of CSVs, XLSX and GeoJSON: streamed, in memory never more than a batch."""

import csv
import datetime as dt
import hashlib
import io
import json
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import sqlalchemy as sa

from forms.definition import NONE, Definition
from server import clock
from server.db import db
from server.exports import codebook, select
from server.exports.columns import CENTRAL, KOBO, Preset, Table, Wish, merged, tables
from server.exports.identity import ANSWERS, ID, INSTANCE, Identity, identity
from server.exports.layout import SUSPECT, Rounds, Rows, disarmed, rows_of
from server.exports.select import Choice
from server.exports.workbook import Sheet, Workbook
from server.models import Submission

Row = Sequence[Any]


@dataclass(frozen=True)
class Export:
    """What is asked for, made ready: the form as all its versions together, its tables, who is who."""

    choice: Choice
    wish: Wish
    form: Definition
    tables: tuple[Table, ...]
    identity: Identity
    engine: sa.Engine
    """Rows leave when the request that asked is over, and with it the current application."""

    @property
    def utc(self) -> bool:
        """The presets of other systems keep their times, UTC; ours shows UTC+7."""
        return self.wish.preset.name in (CENTRAL.name, KOBO.name)

    @property
    def main(self) -> Table:
        return self.tables[0]

    def batches(self, connection: sa.Connection) -> Iterator[Sequence[Row]]:
        query = select.statement(
            self.choice, connection.dialect.name, utc=self.utc, files=self.wish.preset.name == CENTRAL.name
        )
        return select.rows(connection, query)


def prepare(choice: Choice, preset: Preset, **wishes: Any) -> Export:
    """An export that can be written; reads the form and the names that rows point at."""
    known = select.known(choice.commune)
    form = merged(select.definitions(choice.form.id))
    wish = Wish(preset=preset, places=known.places, **wishes)
    return Export(choice, wish, form, tables(form, wish), identity(wish, known), db.engine)


def header(export: Export, table: Table) -> list[str]:
    """The header row of one of the tables."""
    names = [column.header for column in table.columns]
    if table.path:
        return [*names, *export.identity.repeat_tail]
    return [*export.identity.front, *names, *export.identity.tail]


def csv_bytes(export: Export, table: Table | None = None) -> Iterator[bytes]:
    """The main table as CSV, or that of a repeat."""
    wanted = table or export.main
    with select.reading(export.engine) as connection:
        yield from _csv(export, wanted, connection)


def _csv(export: Export, table: Table, connection: sa.Connection) -> Iterator[bytes]:
    preset, text = export.wish.preset, io.StringIO(newline="")
    writer = csv.writer(
        text,
        delimiter=preset.separator,
        lineterminator=preset.line_end,
        quoting=csv.QUOTE_ALL if preset.quotes_all else csv.QUOTE_MINIMAL,
    )
    text.write("\ufeff" if preset.bom else "")
    writer.writerow(header(export, table))
    made = _repeat_rows(export, table) if table.path else _main_rows(export)
    for batch in export.batches(connection):
        writer.writerows(made(batch))
        yield text.getvalue().encode()
        text.seek(0)
        text.truncate()
    if text.tell():
        yield text.getvalue().encode()


Made = Callable[[Sequence[Row]], Iterator[list[Any]]]


def _main_rows(export: Export) -> Made:
    rows, who = rows_of(export.main, export.wish), export.identity
    guards, loads = export.wish.preset.guards, orjson.loads
    index = 0

    def made(batch: Sequence[Row]) -> Iterator[list[Any]]:
        nonlocal index
        for row in batch:
            index += 1
            raw = row[ANSWERS]
            cells = rows.values(loads(raw), row[ID])
            if guards and any(mark in raw for mark in SUSPECT):
                cells = disarmed(cells)
            yield [*who.before(row), *cells, *who.after(row, index)]

    return made


def _repeat_rows(export: Export, wanted: Table) -> Made:
    rounds, rows = Rounds(export.tables), rows_of(wanted, export.wish)
    index = 0

    def made(batch: Sequence[Row]) -> Iterator[list[Any]]:
        nonlocal index
        for row in batch:
            index += 1
            for table, found in rounds.of(orjson.loads(row[ANSWERS]), index, row[INSTANCE]):
                if table.path == wanted.path:
                    cells = rows.values(found.answers, row[ID])
                    guarded = disarmed(cells) if export.wish.preset.guards else cells
                    yield [*guarded, *_below(export, row, table, found)]

    return made


def _below(export: Export, row: Row, table: Table, found: Any) -> list[Any]:
    parent = next(each for each in export.tables if each.path == table.parent)
    name = parent.name or export.form.title
    return export.identity.below(row, found.index, name, found.parent, (found.parent_key, found.key))


class _Pipe(io.RawIOBase):
    """What a zip archive is written into, to be taken out again piece by piece."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._parts.append(bytes(data))
        return len(data)

    def take(self) -> bytes:
        taken, self._parts = b"".join(self._parts), []
        return taken


def zip_bytes(export: Export) -> Iterator[bytes]:
    """A zip of a CSV for the main table and one for each repeat, named as ODK Central names them (X15)."""
    pipe = _Pipe()
    with (
        zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
        select.reading(export.engine) as link,
    ):
        for table, name in _file_names(export):
            with archive.open(name, "w", force_zip64=True) as entry:
                for piece in _csv(export, table, link):
                    entry.write(piece)
                    yield pipe.take()
        for name, rows in (
            ("_bang_ma.csv", codebook.rows(export.form, export.wish)),
            ("_nguon.csv", _about(export)),
        ):
            with archive.open(name, "w") as entry:
                entry.write(_small_csv(rows))
    yield pipe.take()


def _file_names(export: Export) -> Iterator[tuple[Table, str]]:
    taken: dict[str, int] = {}
    for table in export.tables:
        name = f"{export.form.form_id}-{table.name}" if table.path else export.form.form_id
        count = taken.get(name, 0)
        taken[name] = count + 1
        yield table, f"{name}~{count}.csv" if count else f"{name}.csv"


def _small_csv(rows: Iterator[Sequence[Any]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()


def _about(export: Export, count: int | None = None, digest: str | None = None) -> Iterator[Sequence[Any]]:
    return codebook.about(export.choice, export.form, export.wish, count, digest)


def xlsx(export: Export, path: Path, **limits: int) -> int:
    """A workbook: a sheet for the main table, one for each repeat, `_bang_ma` and `_nguon`; how many submissions."""
    with Workbook(path, **limits) as book, select.reading(export.engine) as connection:
        sheets = _sheets(export, book)
        count, digest = _fill(export, sheets, connection)
        _add(book.sheet("_bang_ma", (), (34, 16, 50, 22, 26, 40)), codebook.rows(export.form, export.wish))
        about = book.sheet("_nguon", (), (34, 90))
        _add(about, _about(export, count, digest))
        about.row(["Câu trả lời dài hơn 32.767 chữ, đã cắt", sum(sheet.cut for sheet in sheets.values())])
    return count


def _add(sheet: Sheet, rows: Iterator[Sequence[Any]]) -> None:
    for row in rows:
        sheet.row(row)


def _sheets(export: Export, book: Workbook) -> dict[str, Sheet]:
    return {
        table.path: book.sheet(table.name or export.form.title, header(export, table), ())
        for table in export.tables
    }


def _fill(export: Export, sheets: Mapping[str, Sheet], connection: sa.Connection) -> tuple[int, str]:
    makers: dict[str, Rows] = {table.path: rows_of(table, export.wish) for table in export.tables}
    rounds, digest, index, who = Rounds(export.tables), hashlib.sha256(), 0, export.identity
    for batch in export.batches(connection):
        for row in batch:
            index += 1
            digest.update(row[ANSWERS].encode())
            answers = orjson.loads(row[ANSWERS])
            cells = makers[""].values(answers, row[ID])
            sheets[""].row([*_dates(who.before(row), export), *cells, *who.after(row, index)])
            for table, found in rounds.of(answers, index, row[INSTANCE]):
                inside = makers[table.path].values(found.answers, row[ID])
                sheets[table.path].row([*inside, *_below(export, row, table, found)])
    return index, digest.hexdigest()


def _dates(values: list[Any], export: Export) -> list[Any]:
    """Our own two times as dates that Excel can sort and filter by; naive, in UTC+7 as the header says (X9)."""
    if export.utc:
        return values
    return [*values[:2], *(dt.datetime.fromisoformat(text) for text in values[2:4]), *values[4:]]


def geojson_bytes(export: Export) -> Iterator[bytes]:
    """A feature for each submission with its point, its thôn and its answers by path; repeats are left out (X12).

    The database takes out what is personal, so that the answers are passed on as they lie, without being read.
    """
    form, wish = export.form, export.wish
    dropped = sorted(
        {field.repeat for field in form.fields if field.repeat}
        | {field.path for field in form.fields if field.sensitivity != NONE and not wish.personal}
    )
    villages = {key: _village_json(*names) for key, names in export.identity.known.villages.items()}
    with select.reading(export.engine) as connection:
        query = _features(export, connection.dialect.name, dropped)
        yield f'{{"type":"FeatureCollection","name":{json.dumps(form.form_id)},"features":['.encode()
        first = True
        for batch in select.rows(connection, query):
            text = ",\n".join(
                f'{{"type":"Feature","id":{key},"geometry":{_geometry(latitude, longitude)},"properties":'
                f'{{{villages.get(village, "")}"_thoi_diem":"{observed}"{_inside(answers)}}}'
                for key, village, latitude, longitude, observed, answers in batch
            )
            yield (text if first else f",\n{text}").encode()
            first = False
        yield b"]}\n"


def _inside(answers: str) -> str:
    """The answers without their opening brace, after a comma; the brace alone where there are none."""
    return f",{answers[1:]}" if len(answers) > 2 else "}"


def _village_json(code: str, name: str) -> str:
    return f'"_thon_ma":{json.dumps(code)},"_thon":{json.dumps(name, ensure_ascii=False)},'


def _geometry(latitude: float | None, longitude: float | None) -> str:
    if latitude is None or longitude is None:
        return "null"
    return f'{{"type":"Point","coordinates":[{longitude!r},{latitude!r}]}}'


def _features(export: Export, dialect: str, dropped: Sequence[str]) -> Any:
    answers: sa.ColumnElement[Any] = sa.cast(Submission.answers, sa.Text)
    if dropped and dialect == "postgresql":
        names = sa.cast(sa.literal(list(dropped), sa.ARRAY(sa.Text)), sa.ARRAY(sa.Text))
        answers = sa.cast(sa.type_coerce(Submission.answers, sa.Text).op("-")(names), sa.Text)
    elif dropped:
        answers = sa.func.json_remove(answers, *(f'$."{path}"' for path in dropped))
    where = (Submission.latitude, Submission.longitude) if _tells_points(export) else (sa.null(), sa.null())
    query = select.statement(export.choice, dialect, utc=False)
    observed = query.selected_columns["observed"]
    wanted: Any = query.with_only_columns(
        Submission.id, Submission.village_id, *where, observed, answers, maintain_column_froms=True
    )
    return wanted


def _tells_points(export: Export) -> bool:
    """A point of a household is its family's: only where personal answers were asked for."""
    point = export.form.by_path.get(export.form.point_path or "")
    is_open = point is not None and point.sensitivity == NONE and not export.form.about_households
    return export.wish.personal or is_open


def file_name(export: Export, ending: str) -> str:
    """`<form>-<version>-<language>-<time>.<ending>` (X11)."""
    language = "nhan" if export.wish.labels else "ma"
    when = clock.now().astimezone(clock.LOCAL)
    return f"{export.form.form_id}-{export.form.version}-{language}-{when:%Y-%m-%d-%H-%M-%S}.{ending}"
