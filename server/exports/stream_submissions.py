"""Submissions of a form as CSV, zip of CSVs and XLSX: streamed, in memory never more than a batch."""

import codecs
import csv
import datetime as dt
import hashlib
import io
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import orjson
import sqlalchemy as sa

from forms.definition import Definition
from server import clock
from server.db import reading_engine
from server.exports import beside_rows, codebook, form_columns, select_submissions
from server.exports.csv_lines import Lines
from server.exports.disarmed_cells import disarmed, plain
from server.exports.form_columns import ExportTable
from server.exports.photo_files import Photos
from server.exports.presets import CENTRAL, KOBO, ExportWish, Preset
from server.exports.select_submissions import SubmissionFilter
from server.exports.table_layout import Round, Rounds, RowMaker, rows_of
from server.exports.who_columns import ANSWERS, CUT, INSTANCE, Identity, identity
from server.exports.workbook import GrowingSheet, Workbook
from server.files.blobs import BlobPlace, place

Row = Sequence[Any]

TIMES = frozenset({"_thoi_diem", "_nhan_luc", "_submission_time"})
"""Our own columns that hold a moment."""
LONGEST_NAME = 207
"""Letters of a file's name, its ending included (X11)."""
_NOT_IN_NAMES = str.maketrans(dict.fromkeys('\\/:*?"<>|', "-"))


@dataclass(frozen=True)
class Export:
    """What is asked for, made ready: the form as all its versions together, its tables, who is who."""

    choice: SubmissionFilter
    wish: ExportWish
    form: Definition
    tables: tuple[ExportTable, ...]
    identity: Identity
    engine: sa.Engine
    """Rows leave when the request that asked is over, and with it the current application."""
    place: BlobPlace
    """Where files lie, for the same reason."""
    passed: Callable[[int], object] = int
    """Told how many submissions have been read, batch by batch."""

    @property
    def utc(self) -> bool:
        """The presets of other systems keep their times, UTC; ours shows UTC+7."""
        return self.wish.preset.name in (CENTRAL.name, KOBO.name)

    @property
    def main(self) -> ExportTable:
        return self.tables[0]

    def batches(self, connection: sa.Connection) -> Iterator[Sequence[Row]]:
        query = select_submissions.statement(self.choice, connection.dialect.name, utc=self.utc)
        counts_files, read = self.wish.preset.name == CENTRAL.name, 0
        for batch in select_submissions.rows(connection, query):
            yield beside_rows.filled(
                connection,
                batch,
                files=counts_files or bool(self.wish.media_url),
                first=self.wish.preset.name == KOBO.name,
            )
            read += len(batch)
            self.passed(read)


def prepare(choice: SubmissionFilter, preset: Preset, **wishes: Any) -> Export:
    """An export that can be written; reads the form and the names that rows point at."""
    known = select_submissions.known(choice.commune)
    versions = select_submissions.definitions(choice.form.id)
    wish = ExportWish(preset=preset, places=known.places, **wishes)
    if wish.groups and wish.labels:
        wish = replace(wish, group_labels=select_submissions.group_labels(choice.form.id))
    form = form_columns.newest(versions) if wish.newest_only else form_columns.merged(versions)
    wish = replace(
        wish,
        shared=form_columns.shared_names(form, wish),
        lists=select_submissions.list_labels(choice.form.id, form),
        changed_kinds=form_columns.changed_kinds(versions),
        repeats=frozenset(each.repeat for version in versions for each in version.fields if each.repeat),
    )
    who = identity(wish, known)
    tables = form_columns.tables(form, wish, who.main_names, who.round_names)
    return Export(choice, wish, form, tables, who, reading_engine(), place())


def header(export: Export, table: ExportTable) -> list[str]:
    """The header row of one of the tables."""
    names = [column.header for column in table.columns]
    if table.path:
        return [*names, *export.identity.repeat_tail]
    return [*export.identity.front, *names, *export.identity.tail]


def csv_bytes(export: Export, table: ExportTable | None = None) -> Iterator[bytes]:
    """The main table as CSV, or that of a repeat."""
    wanted = table or export.main
    with select_submissions.reading(export.engine) as connection:
        yield from _csv(export, wanted, connection)


def _csv(export: Export, table: ExportTable, connection: sa.Connection) -> Iterator[bytes]:
    preset, lines = export.wish.preset, Lines(export.wish.preset)
    yield (codecs.BOM_UTF8 if preset.bom else b"") + lines.content([header(export, table)])
    made = _repeat_rows(export, table) if table.path else _main_rows(export)
    for batch in export.batches(connection):
        yield lines.content(made(batch))


def main_rows(export: Export) -> Iterator[list[Any]]:
    """The rows of the main table below its `header`, as a workbook takes them; moments are text."""
    made = _main_rows(export)
    with select_submissions.reading(export.engine) as connection:
        for batch in export.batches(connection):
            yield from made(batch)


Made = Callable[[Sequence[Row]], Iterator[list[Any]]]


def _main_rows(export: Export) -> Made:
    rows, who = rows_of(export.main, export.wish), export.identity
    loads, index = orjson.loads, 0

    def made(batch: Sequence[Row]) -> Iterator[list[Any]]:
        nonlocal index
        for row in batch:
            index += 1
            cells = rows.values(loads(row[ANSWERS]), row)
            yield [*who.before(row), *cells, *who.after(row, index)]

    return made


def _repeat_rows(export: Export, wanted: ExportTable) -> Made:
    rounds, rows = Rounds(export.tables), rows_of(wanted, export.wish)
    parent = wanted.parent.rpartition("/")[2] or export.form.title
    index = 0

    def made(batch: Sequence[Row]) -> Iterator[list[Any]]:
        nonlocal index
        for row in batch:
            index += 1
            for table, found in rounds.of(orjson.loads(row[ANSWERS]), index, row[INSTANCE]):
                if table.path == wanted.path:
                    cells = rows.values(found.answers, row)
                    yield [*cells, *_below(export, row, found, parent)]

    return made


def _below(export: Export, row: Row, found: Round, parent: str) -> list[Any]:
    """The tail of a round's row; `parent` is the title of the sheet that it stands below (X8)."""
    return export.identity.below(row, found.index, parent, found.parent, (found.parent_key, found.key))


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
        select_submissions.reading(export.engine) as link,
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
        yield from _photos(export, archive, pipe, link)
    yield pipe.take()


def _photos(export: Export, archive: zipfile.ZipFile, pipe: _Pipe, link: sa.Connection) -> Iterator[bytes]:
    if not export.wish.photos:
        return
    photos = Photos(export.form, export.tables, export.wish, export.place)
    for batch in export.batches(link):
        for name, content in photos.of(batch, link):
            archive.writestr(name, content, zipfile.ZIP_STORED)
            yield pipe.take()


def _file_names(export: Export) -> Iterator[tuple[ExportTable, str]]:
    taken: dict[str, int] = {}
    for table in export.tables:
        name = f"{export.form.form_id}-{table.name}" if table.path else export.form.form_id
        count = taken.get(name, 0)
        taken[name] = count + 1
        yield table, f"{name}~{count}.csv" if count else f"{name}.csv"


def _small_csv(rows: Iterator[Sequence[Any]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text).writerows(disarmed(row) for row in rows)
    return text.getvalue().encode()


def _about(export: Export, count: int | None = None, digest: str | None = None) -> Iterator[Sequence[Any]]:
    return codebook.about(export.choice, export.form, export.wish, count, digest)


def xlsx(export: Export, path: Path, **limits: int) -> int:
    """A workbook: a sheet for the main table, one for each repeat, `_bang_ma` and `_nguon`; how many submissions."""
    with Workbook(path, **limits) as book, select_submissions.reading(export.engine) as connection:
        sheets = _sheets(export, book)
        count, digest = _fill(export, sheets, connection)
        _add(book.sheet("_bang_ma", (), (34, 16, 50, 22, 26, 40)), codebook.rows(export.form, export.wish))
        about = book.sheet("_nguon", (), (34, 90))
        _add(about, _about(export, count, digest))
        about.row(["Câu trả lời dài hơn 32.767 chữ, đã cắt", sum(sheet.cut for sheet in sheets.values())])
        about.row(
            ["Trang tính thêm vì bảng quá dài hoặc quá rộng", sum(each.pages - 1 for each in sheets.values())]
        )
    return count


def _add(sheet: GrowingSheet, rows: Iterator[Sequence[Any]]) -> None:
    for row in rows:
        sheet.row(row)


def _sheets(export: Export, book: Workbook) -> dict[str, GrowingSheet]:
    cut = "" if export.wish.preset.name == KOBO.name else export.identity.named(CUT)
    sheets = {
        table.path: book.sheet(table.name or export.form.title, header(export, table), (), cut)
        for table in export.tables
    }
    for number in _times(export):
        sheets[""].note(number, "Giờ UTC" if export.utc else "Giờ Việt Nam (UTC+7)")
    return sheets


def _fill(export: Export, sheets: Mapping[str, GrowingSheet], connection: sa.Connection) -> tuple[int, str]:
    makers: dict[str, RowMaker] = {table.path: rows_of(table, export.wish) for table in export.tables}
    rounds, digest, index, who = Rounds(export.tables), hashlib.sha256(), 0, export.identity
    finish, texts = _finish(export), _texts(export)
    for batch in export.batches(connection):
        for row in batch:
            index += 1
            digest.update(row[ANSWERS].encode())
            answers = orjson.loads(row[ANSWERS])
            cells = makers[""].values(answers, row)
            sheets[""].row(finish([*who.before(row), *cells, *who.after(row, index)]))
            for table, found in rounds.of(answers, index, row[INSTANCE]):
                inside = makers[table.path].values(found.answers, row)
                sheets[table.path].row(
                    texts([*inside, *_below(export, row, found, sheets[table.parent].title)])
                )
    return index, digest.hexdigest()


Finish = Callable[[list[Any]], list[Any]]


def _finish(export: Export) -> Finish:
    """What becomes of a main row: our own times are moments that Excel can sort and filter by, or all is text (X9)."""
    if not export.wish.typed:
        return _texts(export)
    times = _times(export)

    def finish(row: list[Any]) -> list[Any]:
        for number in times:
            row[number] = dt.datetime.fromisoformat(row[number])
        return row

    return finish


def _times(export: Export) -> list[int]:
    """Where our own moments stand in the main table."""
    own = replace(export.identity, labels=False)
    names = [*own.front, *("" for _ in export.main.columns), *own.tail]
    return [number for number, name in enumerate(names) if name in TIMES]


def _texts(export: Export) -> Finish:
    if not export.wish.as_text:
        return lambda row: row
    return lambda row: [value if value is None or type(value) is str else str(value) for value in row]


def file_name(export: Export, ending: str) -> str:
    """`<form>-<version>-<language>-<time>.<ending>`; in Kobo's words for its preset (X11)."""
    when = f"{clock.now().astimezone(clock.LOCAL):%Y-%m-%d-%H-%M-%S}"
    wish, form = export.wish, export.form
    if wish.preset.name != KOBO.name:
        return f"{form.form_id}-{form.version}-{'nhan' if wish.labels else 'ma'}-{when}.{ending}"
    language = (wish.language or "labels") if wish.labels else "xml"
    versions = "latest version" if wish.newest_only else "all versions"
    rest = f" - {versions} - {plain(language).translate(_NOT_IN_NAMES)} - {when}.{ending}"
    return plain(form.title).translate(_NOT_IN_NAMES)[: LONGEST_NAME - len(rest)].rstrip() + rest
