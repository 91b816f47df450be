"""What differs between two versions of a form, in the words of the one who has to publish the second."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from forms.definition import Choice, Definition, Field
from forms.engine.xform import XForm, attribute

_LOGIC = (
    ("relevant", "điều kiện hiện câu"),
    ("constraint", "điều kiện đúng"),
    ("calculate", "công thức"),
    ("required", "bắt buộc"),
    ("readonly", "chỉ đọc"),
)
_STEP = re.compile(r"(?:/|\.\./)[\w.\-/]*?([\w.\-]+)(?![\w.\-/])")
_SPACES = re.compile(r"\s+")
_SHOWN = 160


@dataclass(frozen=True)
class QuestionChange:
    """One thing about a question that is not as it was; '' where there was or is nothing."""

    what: str
    before: str
    after: str


@dataclass(frozen=True)
class ChangedQuestion:
    """A question of both versions, and in what it differs."""

    path: str
    label: str
    differences: tuple[QuestionChange, ...]


@dataclass(frozen=True)
class Changes:
    """From one version to the next; questions are the same where their path is."""

    added: tuple[Field, ...]
    removed: tuple[Field, ...]
    changed: tuple[ChangedQuestion, ...]
    indicators_added: tuple[str, ...]
    indicators_removed: tuple[str, ...]
    indicators_changed: tuple[str, ...]
    """Codes whose expression, or a calculation that it reads, is another (R9)."""

    @property
    def nothing(self) -> bool:
        """Whether the two ask and state the same."""
        return not (self.added or self.removed or self.changed or self.indicators_changed)


@dataclass(frozen=True)
class ComparedVersion:
    """One side of a comparison."""

    xform: bytes
    definition: Definition

    @cached_property
    def parsed(self) -> XForm:
        """The XForm, read at the first question."""
        return XForm(self.xform)

    def logic(self, path: str, name: str) -> str:
        """An expression of a question with names for paths, one space between words; '' for none."""
        bind = self.parsed.binds.get(path)
        text = attribute(bind, name) if bind is not None else None
        return _SPACES.sub(" ", (text or "").replace(f"/{self.parsed.root_name}/", "/")).strip()

    @cached_property
    def _named(self) -> Mapping[str, tuple[str, ...]]:
        named: dict[str, tuple[str, ...]] = {}
        for path in self.parsed.binds:
            name = path.rpartition("/")[2]
            named[name] = (*named.get(name, ()), path)
        return named

    def expression(self, indicator: str) -> tuple[tuple[str, str], ...]:
        """All that an indicator's figure comes from: its two calculations and those that these read."""
        group = self.definition.statement_group
        ahead = [f"{group}/{indicator}_done", f"{group}/{indicator}_of"]
        found: dict[str, str] = {}
        while ahead:
            path = ahead.pop()
            text = self.logic(path, "calculate")
            if text and path not in found:
                found[path] = text
                ahead += [each for name in _STEP.findall(text) for each in self._named.get(name, ())]
        # a group that moved says the same: the names count, not the way to them
        return tuple(
            sorted((path.rpartition("/")[2], _STEP.sub(r"\1", text)) for path, text in found.items())
        )


def compare(before: ComparedVersion, after: ComparedVersion) -> Changes:
    """What an officer should know before the second version replaces the first."""
    old, new = before.definition.by_path, after.definition.by_path
    was, now = before.definition.indicators, after.definition.indicators
    both = [code for code in now if code in was]
    return Changes(
        added=tuple(each for path, each in new.items() if path not in old and each.kind != "meta"),
        removed=tuple(each for path, each in old.items() if path not in new and each.kind != "meta"),
        changed=tuple(_changed(before, after)),
        indicators_added=tuple(code for code in now if code not in was),
        indicators_removed=tuple(code for code in was if code not in now),
        indicators_changed=tuple(code for code in both if before.expression(code) != after.expression(code)),
    )


def _changed(before: ComparedVersion, after: ComparedVersion) -> Iterator[ChangedQuestion]:
    old = before.definition.by_path
    for path, question in after.definition.by_path.items():
        if path in old:
            found = tuple(_differences(before, after, old[path], question))
            if found:
                yield ChangedQuestion(path, question.label, found)


def _differences(
    before: ComparedVersion, after: ComparedVersion, old: Field, new: Field
) -> Iterator[QuestionChange]:
    if old.kind != new.kind:
        yield QuestionChange("loại câu hỏi", old.kind, new.kind)
    if dict(old.labels) != dict(new.labels):
        yield QuestionChange("nội dung", _texts(old.labels), _texts(new.labels))
    if dict(old.hints) != dict(new.hints):
        yield QuestionChange("lời nhắc", _texts(old.hints), _texts(new.hints))
    yield from _choices(old.choices, new.choices)
    for name, word in _LOGIC:
        was, now = before.logic(old.path, name), after.logic(new.path, name)
        if was != now:
            yield QuestionChange(word, _short(was), _short(now))
    if (old.save_to, old.save_to_list) != (new.save_to, new.save_to_list):
        yield QuestionChange("ghi vào danh sách", old.save_to or "", new.save_to or "")


def _choices(old: tuple[Choice, ...], new: tuple[Choice, ...]) -> Iterator[QuestionChange]:
    was, now = {each.name: each for each in old}, {each.name: each for each in new}
    gone = [name for name in was if name not in now]
    come = [name for name in now if name not in was]
    if gone or come:
        yield QuestionChange("lựa chọn", _short(", ".join(gone)), _short(", ".join(come)))
    for name, choice in now.items():
        if name in was and dict(was[name].labels) != dict(choice.labels):
            yield QuestionChange(f"lựa chọn {name}", _texts(was[name].labels), _texts(choice.labels))


def _texts(labels: Mapping[str, str]) -> str:
    return _short(" / ".join(labels.values()))


def _short(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"
