"""The lists of a visit that is corrected: what it named of them is as it was when the collector stood at the door."""

import csv
import io
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from forms import instance
from forms.definition import Definition
from forms.engine.sent_xml import read_sent
from server.households import phone_lists
from server.models import Submission


def as_it_was(
    connection: sa.Connection, filename: str, today: bytes, row: Submission, definition: Definition
) -> bytes:
    """A list of today with the rows that the visit names as the phone had them, those that have left it among them."""
    named = _named(row.xml, definition)
    then = phone_lists.as_they_were(connection, filename, named, _received(connection, row))
    if then is None:
        return today
    header, *rows = _rows(today)
    [own_header, *own_rows] = _rows(then)
    order = [own_header.index(column) if column in own_header else None for column in header]
    told = {each[0]: [each[at] if at is not None else "" for at in order] for each in own_rows}
    kept = [told.pop(each[0], each) for each in rows]
    return _written([header, *kept, *told.values()])


def named_alone(filename: str, content: bytes, xml: bytes) -> bytes:
    """Of a list of people only the rows that the visit names: nobody reads a whole list in order to correct one visit.

    `content` is a list from the tables; that of thôn names nobody and stays whole.
    """
    if filename == phone_lists.VILLAGES_FILE:
        return content
    header, *rows = _rows(content)
    texts = set(_texts(xml))
    return _written([header, *(each for each in rows if each[0] in texts)])


def with_the_chosen(content: bytes, codes: Iterable[str]) -> bytes:
    """A list of the form with the codes that were chosen from it and that it has lost; they are their own label."""
    header, *rows = _rows(content)
    if "name" not in header:
        return content
    at = header.index("name")
    there = {each[at] for each in rows if len(each) > at}
    gone = [code for code in dict.fromkeys(codes) if code and code not in there]
    label = header.index("label") if "label" in header else at
    lines = ([code if place in (at, label) else "" for place in range(len(header))] for code in gone)
    return content if not gone else _written([header, *rows, *lines])


def _named(xml: bytes, definition: Definition) -> Mapping[uuid.UUID, int | None]:
    """The entities that a visit names, with the version that the phone had where it says so."""
    blocks = instance.entities(instance.read(xml), definition).blocks
    return {**dict.fromkeys(_ids(xml)), **{block.id: block.base_version for block in blocks}}


def _ids(xml: bytes) -> Iterator[uuid.UUID]:
    for text in _texts(xml):
        try:
            yield uuid.UUID(text)
        except ValueError:
            continue


def _texts(xml: bytes) -> Iterator[str]:
    """Every answer and every word of an answer of several."""
    for node in read_sent(xml).below():
        for text in (node.text, *node.attributes.values()):
            yield from (text.strip(), *text.split())


def _received(connection: sa.Connection, row: Submission) -> Any:
    """When the visit first came here: an edit is the same visit."""
    first = sa.select(Submission.received_at).where(Submission.id == (row.root_id or row.id))
    return connection.scalar(first) or row.received_at


def _rows(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def _written(rows: Iterable[Sequence[str]]) -> bytes:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(rows)
    return out.getvalue().encode()
