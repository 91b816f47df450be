"""Collect's log of how a form was filled in (`audit.csv`): how long each question took, what was changed at the end.

Read as hostile: any bytes give figures or none, never an error. Positions in it are never looked at, answers in it
only to see whether two of them differ.
"""

import csv
import io
import itertools
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

MOST_BYTES = 2_000_000
"""Of a log that are read: an hour's work has some 100,000."""
MOST_ROWS = 20_000
MOST_QUESTIONS = 500
"""Questions of which times are kept."""
LONGEST_MS = 3_600_000
"""A question that stood on the screen for longer than an hour: the phone lay in a pocket."""
_MOMENT = re.compile(r"[0-9]{12,14}")
_FIRST, _LAST = 946_684_800_000, 32_503_680_000_000
"""Milliseconds of the years 2000 and 3000."""
_ROUND = re.compile(r"\[[0-9]+\]")
_NODE = re.compile(r"/[^\s\[\]]{1,400}")
_TIMED = frozenset({"question", "group questions", "add repeat", "beginning of form"})
_END = "end screen"


@dataclass(frozen=True)
class TimedQuestion:
    """How long one question, or a screen of several, stood open, by its path without rounds and root; in ms."""

    path: str
    milliseconds: int
    times: int
    """How often it was opened, in all rounds."""


@dataclass(frozen=True)
class FillLog:
    """What a log says of how a visit was filled in."""

    active_ms: int
    """Time in which some question was on the screen; what overlaps counts once."""
    questions: tuple[TimedQuestion, ...]
    """The slowest first."""
    changed_late: tuple[str, ...] | None
    """Questions whose answer was changed after the form's end was reached; None where the form does not log answers."""
    sessions: int
    """How often the form was opened: filled in at once, or put off and taken up again."""
    backwards: int
    """Rows that end before they begin, or begin before the row above: the clock was set meanwhile."""
    unread: int
    """Rows that say nothing understood."""


@dataclass(frozen=True)
class _Event:
    kind: str
    path: str
    start: int
    end: int | None
    is_changed: bool


def read(content: bytes) -> FillLog | None:
    """The figures of a log; None where not one row of it is understood."""
    rows, has_answers = _rows(content)
    events: list[_Event] = []
    unread = 0
    for row in rows:
        event = _event(row)
        if event is None:
            unread += 1
        else:
            events.append(event)
    if not events:
        return None
    spans = [(event, event.end - event.start) for event in events if event.end is not None]
    usable = [
        (event, length) for event, length in spans if event.kind in _TIMED and 0 <= length <= LONGEST_MS
    ]
    return FillLog(
        active_ms=_covered((event.start, event.start + length) for event, length in usable),
        questions=_by_question(usable),
        changed_late=tuple(dict.fromkeys(_late(events))) if has_answers else None,
        sessions=sum(event.kind in ("form start", "form resume") for event in events),
        backwards=_backwards(events),
        unread=unread,
    )


def _rows(content: bytes) -> tuple[Sequence[Mapping[str, str]], bool]:
    """The rows by heading, and whether answers are logged."""
    text = content[:MOST_BYTES].decode("utf-8-sig", errors="replace").replace("\x00", "")
    lines = csv.reader(io.StringIO(text, newline=""))
    found: list[Mapping[str, str]] = []
    try:
        headings = [each.strip().lower() for each in next(lines, [])]
        for number, cells in enumerate(lines):
            if number >= MOST_ROWS:
                break
            if any(cells):
                found.append(dict(zip(headings, cells, strict=False)))
    except csv.Error:  # a quote that never ends: what was read before it is still told
        pass
    return found, {"old-value", "new-value"} <= set(headings if found else ())


def _event(row: Mapping[str, str]) -> _Event | None:
    kind, start = row.get("event", "").strip().lower(), _moment(row.get("start", ""))
    if not kind or len(kind) > 40 or start is None:
        return None
    old, new = row.get("old-value", ""), row.get("new-value", "")
    return _Event(kind, _path(row.get("node", "")), start, _moment(row.get("end", "")), old != new)


def _moment(text: str) -> int | None:
    """Milliseconds since 1970 of a year that can be."""
    found = int(text) if _MOMENT.fullmatch(text.strip()) else None
    return found if found is not None and _FIRST <= found < _LAST else None


def _path(node: str) -> str:
    """ "/data/nguoi[2]/tuoi" is "nguoi/tuoi"; "" for what is no path."""
    plain = _ROUND.sub("", node.strip())
    return plain.strip("/").partition("/")[2] if _NODE.fullmatch(plain) else ""


def _covered(spans: Iterable[tuple[int, int]]) -> int:
    """The length of all spans together, each moment counted once."""
    total, until = 0, None
    for start, end in sorted(spans):
        begin = start if until is None else max(start, until)
        if end > begin:
            total += end - begin
        until = end if until is None else max(until, end)
    return total


def _by_question(timed: Iterable[tuple[_Event, int]]) -> tuple[TimedQuestion, ...]:
    sums: dict[str, tuple[int, int]] = {}
    for event, length in timed:
        if event.path and (event.path in sums or len(sums) < MOST_QUESTIONS):
            spent, times = sums.get(event.path, (0, 0))
            sums[event.path] = (spent + length, times + 1)
    found = (TimedQuestion(path, *told) for path, told in sums.items())
    return tuple(sorted(found, key=lambda each: (-each.milliseconds, each.path)))


def _late(events: Sequence[_Event]) -> Iterator[str]:
    """Questions changed after the end was on the screen, in the order of the log: clocks may have been set."""
    is_late = False
    for event in events:
        is_late = is_late or event.kind == _END
        if is_late and event.kind == "question" and event.is_changed and event.path:
            yield event.path


def _backwards(events: Sequence[_Event]) -> int:
    """Beginnings are compared of what was open on the screen: other rows stand before the question they fell into."""
    ends = sum(event.end is not None and event.end < event.start for event in events)
    shown = [event for event in events if event.kind in _TIMED]
    return ends + sum(later.start < earlier.start for earlier, later in itertools.pairwise(shown))
