"""All that a submission answered, in the words of its form: questions, rounds of repeats, places."""

import datetime as dt
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from forms.definition import NONE, Definition, Field
from forms.engine.xform import XForm
from server.db import db
from server.files import file_list_labels
from server.models import Entity, FormVersion, Village

HIDDEN = "(không hiển thị)"
VILLAGES_FILE = "thon.csv"
_ASKED = frozenset(
    {"select_one", "select_multiple", "integer", "decimal", "text", "date", "time", "dateTime", "geopoint",
     "geotrace", "geoshape", "binary"}
)  # fmt: skip
_PLACES = frozenset({"geopoint", "geotrace", "geoshape"})
_CLOCKS = frozenset({"date", "time", "dateTime"})
Point = tuple[float, float]


@dataclass(frozen=True)
class Answered:
    """A question with its answer, in words; `key` tells it from all others of the submission, rounds included."""

    question: str
    answer: str
    key: str = ""


@dataclass(frozen=True)
class RoundTable:
    """The rounds of a repeat: a row each, its numbers first (those of the repeats around it before its own)."""

    title: str
    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class AnsweredPlace:
    """A point, line or area that was answered: latitude and longitude of its corners."""

    question: str
    kind: str
    points: tuple[Point, ...]


@dataclass
class Told:
    """What is shown: answers and tables in the form's order, places, every answer by its key, how many are hidden."""

    parts: list[Answered | RoundTable] = field(default_factory=list)
    places: list[AnsweredPlace] = field(default_factory=list)
    every: list[Answered] = field(default_factory=list)
    called: Mapping[str, str] = field(default_factory=dict)
    """What each question is called, by its path."""
    hidden: int = 0


@dataclass(frozen=True)
class Vocabulary:
    """The words of one version of a form."""

    definition: Definition
    groups: Mapping[str, Mapping[str, str]]
    labels: Mapping[str, Mapping[str, str]]
    """Path → code → label, for lists that are not in the form itself."""

    def word(self, labels: Mapping[str, str], name: str) -> str:
        """A label in the form's first language; JSON in PostgreSQL keeps no order of languages."""
        return labels.get(self.definition.default_language) or next(iter(labels.values()), name)

    def repeat(self, path: str) -> str:
        """What a repeat is called."""
        return self.word(self.groups.get(path, {}), path.rpartition("/")[2])

    def answer(self, question: Field, answer: Any) -> str:
        """An answer as its choices call it."""
        if isinstance(answer, dict):
            return _point_words(answer)
        if question.kind in _CLOCKS:
            return _clock_words(question.kind, str(answer))
        if question.kind in _PLACES:
            return "; ".join(f"{lat:g}, {lon:g}" for lat, lon in _points(answer)) or str(answer)
        own = {choice.name: self.word(choice.labels, choice.name) for choice in question.choices}
        labels = self.labels.get(question.path, own)
        given = answer if isinstance(answer, list) else [answer]
        if question.kind == "select_multiple" and isinstance(answer, str) and labels.keys() & answer.split():
            given = answer.split()  # kept as it was sent, for a code that no list has
        return ", ".join(labels.get(str(each), str(each)) for each in given)


def tell(answers: Mapping[str, Any], version_id: int | None, *, names: bool) -> Told | None:
    """All that was answered; personal answers only with `names` (R24). None for a version that is not known."""
    row = db.session.execute(
        sa.select(FormVersion.definition, FormVersion.xform).where(FormVersion.id == version_id)
    ).one_or_none()
    if row is None or version_id is None:
        return None
    definition = Definition.from_json(row.definition)
    labels = {**file_list_labels.of_versions([version_id]), **_made_here(answers, definition, names=names)}
    teller = _Teller(Vocabulary(definition, XForm(row.xform).groups, labels), names)
    teller.tell(answers)
    return teller.told


class _Teller:
    """Walks the questions in the form's order; a repeat stands where its first question does."""

    def __init__(self, words: Vocabulary, names: bool) -> None:
        self.words, self.names, self.told = words, names, Told()
        self.asked = [each for each in words.definition.fields if each.kind in _ASKED]
        self.told.called = {each.path: words.word(each.labels, each.name) for each in self.asked}

    def tell(self, answers: Mapping[str, Any]) -> None:
        done: set[str] = set()
        for each in self.asked:
            if each.repeat is None:
                found = self._answered(each, answers, "")
                if found:
                    self.told.parts.append(found)
            else:
                for path in self._around(each.repeat):
                    if path not in done:
                        done.add(path)
                        self._table(path, answers)

    def _around(self, repeat: str) -> Iterator[str]:
        """The repeats around one, outermost first, and itself."""
        repeats = {each.repeat for each in self.words.definition.fields if each.repeat}
        steps = repeat.split("/")
        yield from (path for at in range(1, len(steps) + 1) if (path := "/".join(steps[:at])) in repeats)

    def _answered(self, question: Field, answers: Mapping[str, Any], rounds: str) -> Answered | None:
        answer = answers.get(question.path)
        if answer in (None, "", []):
            return None
        label = self.words.word(question.labels, question.name)
        is_hidden = question.sensitivity != NONE and not self.names
        self.told.hidden += is_hidden
        words = HIDDEN if is_hidden else self.words.answer(question, answer)
        if question.kind in _PLACES and not is_hidden:
            self.told.places.append(AnsweredPlace(rounds + label, question.kind, tuple(_points(answer))))
        found = Answered(label, words, rounds + question.path)
        self.told.every.append(Answered(rounds + label, words, found.key))
        return found

    def _table(self, path: str, answers: Mapping[str, Any]) -> None:
        around = list(self._around(path))
        columns = [each for each in self.asked if each.repeat == path]
        rows = []
        for numbers, inside in _rounds(around, answers):
            rounds = "".join(f"{self.words.repeat(p)} {n}: " for p, n in zip(around, numbers, strict=True))
            cells = (self._answered(each, inside, rounds) for each in columns)
            rows.append((*map(str, numbers), *(cell.answer if cell else "" for cell in cells)))
        if rows and columns:
            names = (self.words.word(each.labels, each.name) for each in columns)
            headings = (*map(self.words.repeat, around), *names)
            self.told.parts.append(RoundTable(self.words.repeat(path), headings, tuple(rows)))


def _rounds(
    around: Sequence[str], answers: Mapping[str, Any], before: tuple[int, ...] = ()
) -> Iterator[tuple[tuple[int, ...], Mapping[str, Any]]]:
    """Each round of the innermost repeat with its numbers."""
    if not around:
        yield before, answers
        return
    for number, inside in enumerate(answers.get(around[0]) or (), 1):
        yield from _rounds(around[1:], inside, (*before, number))


def _clock_words(kind: str, text: str) -> str:
    """A day, a time or both as people here write them, by the clock of the phone; what is none stays as it is."""
    try:
        if kind == "time":
            return f"{dt.time.fromisoformat(text):%H:%M}"
        found = dt.datetime.fromisoformat(text)
    except ValueError:
        return text
    day = f"{found.day:02}/{found.month:02}/{found.year:04}"
    return day if kind == "date" else f"{found:%H:%M} {day}"


def _point_words(point: Mapping[str, Any]) -> str:
    parts = [f"{point[name]:g}" for name in ("lat", "lon") if isinstance(point.get(name), int | float)]
    accuracy = point.get("acc")
    return ", ".join(parts) + (f" (sai số {accuracy:g} m)" if accuracy else "")


def _points(answer: Any) -> Iterator[Point]:
    """The corners of a place; text that is none has none."""
    if isinstance(answer, dict):
        if answer.get("lat") is not None and answer.get("lon") is not None:
            yield float(answer["lat"]), float(answer["lon"])
        return
    for corner in str(answer).split(";"):
        try:
            latitude, longitude = (float(part) for part in corner.split()[:2])
        except ValueError:
            continue
        yield latitude, longitude


def _made_here(
    answers: Mapping[str, Any], definition: Definition, *, names: bool
) -> dict[str, Mapping[str, str]]:
    """Labels of what was chosen from the lists that the server makes: thôn by name, households only with `names`."""
    chosen: dict[str, set[str]] = {}
    for each in definition.fields:
        if each.choices_file and each.choices_file.endswith(".csv"):
            chosen[each.path] = set(_given(each.path, answers))
    codes = {
        code for each in definition.fields if each.choices_file == VILLAGES_FILE for code in chosen[each.path]
    }
    ids = {key for codes_ in chosen.values() for code in codes_ if (key := _uuid(code))}
    villages = _named(Village.code, Village.name, codes, str)
    entities = _named(Entity.id, Entity.label, ids, str) if names else {str(key): HIDDEN for key in ids}
    return {
        path: villages | entities
        for path, given in chosen.items()
        if given & (villages.keys() | entities.keys())
    }


def _given(path: str, answers: Mapping[str, Any]) -> Iterator[str]:
    for key, answer in answers.items():
        if key == path:
            yield from map(str, answer if isinstance(answer, list) else [answer])
        elif isinstance(answer, list):
            for inside in answer:
                if isinstance(inside, dict):
                    yield from _given(path, inside)


def _uuid(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None


def _named(key: Any, label: Any, wanted: set[Any], write: Callable[[Any], str]) -> dict[str, str]:
    if not wanted:
        return {}
    rows = db.session.execute(sa.select(key, label).where(key.in_(wanted)))
    return {write(row[0]): row[1] for row in rows}
