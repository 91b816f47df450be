"""The parts of a multipart request, as phones write them (C33): small ones in memory, large ones on disk."""

import io
import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from tempfile import SpooledTemporaryFile
from typing import IO, BinaryIO, cast

from werkzeug.formparser import MultiPartParser
from werkzeug.http import parse_options_header

from server.errors import CommonProblem, Problem

IN_MEMORY = 256 * 1024
"""Requests up to this size are cut up in memory, which for a form of 3 KB costs a tenth of a stream's parser."""

MAX_PARTS = 1000
MAX_FIELD = 6_000_000
MAX_BOUNDARY = 200
_DISPOSITION = re.compile(
    rb'^content-disposition:[ \t]*form-data;[ \t]*name="([^"\\\r\n]*)"(?:;[ \t]*filename="([^"\\\r\n]*)")?[ \t]*$',
    re.IGNORECASE | re.MULTILINE,
)
_TYPE = re.compile(rb"^content-type:[ \t]*([^\r\n]*)", re.IGNORECASE | re.MULTILINE)
_UNREADABLE = "gói tin bị cắt giữa chừng hoặc không đúng dạng multipart/form-data."


@dataclass(frozen=True)
class MultipartPart:
    """One part; `filename` is None for a plain field."""

    name: str
    filename: str | None
    media_type: str
    stream: BinaryIO


@contextmanager
def received(stream: IO[bytes], content_type: str, length: int | None) -> Iterator[list[MultipartPart]]:
    """The parts in their order, open until the end of the block.

    `length` is that of the whole body, None where the request does not say. Raises Problem BAD_REQUEST where
    it is no multipart/form-data, or was cut short.
    """
    kind, options = parse_options_header(content_type)
    boundary = options.get("boundary", "").encode("ascii", "replace")
    if kind != "multipart/form-data" or not 0 < len(boundary) <= MAX_BOUNDARY:
        raise Problem(CommonProblem.BAD_REQUEST, why="cần multipart/form-data có phần xml_submission_file.")
    small = length is not None and length <= IN_MEMORY
    body = stream.read() if small else b""
    parts = _cut(body, boundary) if small else None
    with ExitStack() as files:
        yield _streamed(io.BytesIO(body) if small else stream, boundary, files) if parts is None else parts


def _cut(body: bytes, boundary: bytes) -> list[MultipartPart] | None:
    """The parts of a body written by the book; None where the careful parser should have a look at it."""
    mark = b"\r\n--" + boundary
    pieces = (b"\r\n" + body).split(mark)
    if len(pieces) < 3 or pieces[0].strip() or not pieces[-1].startswith(b"--") or len(pieces) > MAX_PARTS:
        return None
    parts = [_part(piece) for piece in pieces[1:-1]]
    return None if None in parts else cast(list[MultipartPart], parts)


def _part(piece: bytes) -> MultipartPart | None:
    head, blank, content = piece.partition(b"\r\n\r\n")
    if not blank or not head.startswith(b"\r\n"):
        return None
    found, kind = _DISPOSITION.search(head.replace(b"\r\n", b"\n")), _TYPE.search(head)
    if found is None:
        return None
    try:
        name = _unescaped(found[1].decode())
        filename = None if found[2] is None else _unescaped(found[2].decode())
        media_type = kind[1].decode() if kind else ""
    except UnicodeDecodeError:
        return None
    return MultipartPart(name, filename, media_type, io.BytesIO(content))


def _unescaped(name: str) -> str:
    """What stood before the client wrote a quotation mark as %22 (C33)."""
    return name.replace("%22", '"')


def _streamed(stream: IO[bytes], boundary: bytes, open_files: ExitStack) -> list[MultipartPart]:
    """The parts by Werkzeug's parser: any line ends, any quoting, any size."""

    def spool(*_args: object, **_kwargs: object) -> IO[bytes]:
        file = SpooledTemporaryFile(max_size=IN_MEMORY, mode="w+b")  # noqa: SIM115 - closed by open_files
        return open_files.enter_context(file)

    parser = MultiPartParser(stream_factory=spool, max_form_memory_size=MAX_FIELD, max_form_parts=MAX_PARTS)
    try:
        fields, files = parser.parse(stream, boundary, None)
    except ValueError as error:
        raise Problem(CommonProblem.BAD_REQUEST, why=_UNREADABLE) from error
    texts = [
        MultipartPart(name or "", None, "", io.BytesIO(text.encode()))
        for name, text in fields.items(multi=True)
    ]
    return texts + [
        MultipartPart(name or "", file.filename or "", file.content_type or "", cast(BinaryIO, file.stream))
        for name, file in files.items(multi=True)
    ]
