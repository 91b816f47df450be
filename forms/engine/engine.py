"""A phone's form engine without the phone: fills a published XForm as ODK Collect does and writes what it sends."""

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from heapq import heappop, heappush
from typing import Any
from uuid import uuid4
from xml.sax.saxutils import escape, quoteattr

from forms.engine.compiled import Choice, Control, Form, Node, SetValue, Text, itext_id, read
from forms.engine.sent import sent_values
from forms.engine.xpath import Unfillable, as_number, as_text, as_truth

__all__ = ["Choice", "Fillable", "Filling", "Problem", "Refused", "Unfillable", "open_form"]

HANOI = timezone(timedelta(hours=7))
Answer = str | int | float | date | Sequence[str] | Sequence[float] | None
_REQUIRED = "Câu này cần trả lời."
_CONSTRAINT = "Câu trả lời này chưa hợp lệ."


class Refused(Exception):
    """A phone would not take this answer: nothing asks for it now, or it is not of the question's kind."""


@dataclass(frozen=True)
class Problem:
    """What stops the form from being finished: the question's name and the sentence that the collector reads."""

    name: str
    message: str


@dataclass(frozen=True)
class Fillable:
    """A form opened with its files; any number of visits may be filled from it, at once too."""

    form: Form

    def start(
        self,
        now: datetime | None = None,
        device: str = "collect:tungnha000000000",
        uuid: Callable[[], str] | None = None,
    ) -> "Filling":
        """Begin a visit at `now` (with zone; default the present) on `device`."""
        return Filling(self.form, now or datetime.now(HANOI), device, uuid or _random)

    def edit(self, sent: bytes, uuid: Callable[[], str] | None = None) -> "Filling":
        """Open what a phone has sent to change it, as Collect does: a new instanceID, deprecatedID the old one (C46).

        What the phone took down when it began and ended stays. Raises Unfillable for XML that is not of this form,
        and where a group repeats: this engine knows one round.
        """
        filling = Filling(self.form, datetime.now(HANOI), "", uuid or _random)
        filling.restore(sent_values(sent, self.form))
        return filling


def open_form(
    xform: bytes, media: Mapping[str, bytes] | None = None, uuid: Callable[[], str] | None = None
) -> Fillable:
    """Open a published XForm with its external files (name → bytes).

    `uuid` names the branches of the entities in the lists (E8). Raises Unfillable where Collect could not
    open the form (C23, C27).
    """
    form = read(xform, media or {}, uuid or _random)
    _ = form.order, form.readers, form.places
    return Fillable(form)


def _random() -> str:
    return str(uuid4())


class Filling:
    """One visit being filled; repeats have one round."""

    def __init__(self, form: Form, now: datetime, device: str, uuid: Callable[[], str]) -> None:
        self.form, self.now, self._device, self._uuid = form, now, device, uuid
        self._kept = {path: node.default for path, node in form.nodes.items()}
        self._deprecated = ""
        self._shown: dict[str, str | float] = {}
        self._live: dict[str, bool] = {"": True}
        for path, node in form.nodes.items():
            if node.bind.preload:
                self._kept[path] = self._preloaded(node.bind.preload, now)
        for path in form.order:
            self._work_out(form.nodes[path])
        for action in form.first_load:
            self._apply(action)

    def restore(self, values: Mapping[str, str]) -> None:
        """Take over what was sent, by path; all that is worked out is worked out anew."""
        own = f"{self.form.root}/meta/instanceID"
        self._deprecated = values.get(own, "")
        for path, text in values.items():
            if path != own:
                self._kept[path] = text
        for path in self.form.order:
            self._work_out(self.form.nodes[path])

    # What expressions may ask (forms.xpath.Surroundings)

    def uuid(self) -> str:
        """Return a fresh UUID."""
        return self._uuid()

    def instance(self, name: str) -> Any:
        """Return the element above `root` of that list, or None."""
        return self.form.lists.get(name)

    def choice_label(self, path: str, value: str) -> str:
        """Return the label of that choice of the question at `path`, '' if it has no such choice."""
        control = self.form.controls.get(path)
        return next((c.label for c in self._choices(control) if c.name == value), "") if control else ""

    # What the collector does and sees

    def answer(self, question: str, value: Answer) -> None:
        """Answer a question by its name or path; '' or None clears it.

        A geopoint is (latitude, longitude[, altitude, accuracy]); several choices are a list or one string
        with spaces. Raises Refused where a phone would not let it be typed; constraints are `problems`.
        """
        control = self._control(question)
        text = _typed(value)
        if not self._live[control.path]:
            raise Refused(f"{question} is not asked now")
        if text:
            self._check_kind(control, text)
        self._set(control.path, text)
        for action in control.changes:
            self._apply(action)

    def value(self, question: str) -> str:
        """The answer or result at a name or path, '' if blank or not relevant."""
        return as_text(self._shown[self._path(question)])

    def relevant(self, question: str) -> bool:
        """Whether the node is asked, or worked out, at present."""
        return self._live[self._path(question)]

    def choices(self, question: str) -> tuple[Choice, ...]:
        """What is offered at present."""
        return tuple(self._choices(self._control(question)))

    def text(self, question: str) -> str:
        """The label as the collector reads it, with answers put in."""
        return self._say(self._control(question).label)

    def problems(self) -> tuple[Problem, ...]:
        """What Collect would object to before the form can be finished, in the form's order."""
        found = (self._problem(self.form.nodes[path]) for path in self.form.controls)
        return tuple(problem for problem in found if problem)

    def submission(self, finished: datetime | None = None) -> bytes:
        """The XML that Collect sends, finished then (default: at the start).

        Nodes that are not relevant are left out. Problems do not stop it: call `problems` first.
        """
        for path, node in self.form.nodes.items():
            if node.bind.preload == "timestamp end" and not self._deprecated:
                self._set(path, self._preloaded("timestamp end", finished or self.now))
        out = ["<?xml version='1.0' ?>"]
        self._write(self.form.nodes[self.form.root], self.form.declarations, out)
        return "".join(out).encode()

    # Working out

    def _path(self, question: str) -> str:
        if question in self.form.nodes:
            return question
        paths = self.form.names.get(question, ())
        if len(paths) != 1:
            raise Refused(f"the form has {len(paths)} nodes named {question}")
        return paths[0]

    def _control(self, question: str) -> Control:
        control = self.form.controls.get(self._path(question))
        if control is None:
            raise Refused(f"{question} is not a question")
        return control

    def _set(self, path: str, text: str) -> None:
        self._kept[path] = text
        places = self.form.places
        waiting, seen = [(places[path], path)], {path}
        # Those that read a node lie further on in the order, so each is worked out once.
        while waiting:
            current = heappop(waiting)[1]
            if self._work_out(self.form.nodes[current]):
                for reader in self.form.readers[current]:
                    if reader not in seen:
                        seen.add(reader)
                        heappush(waiting, (places[reader], reader))

    def _work_out(self, node: Node) -> bool:
        """Work out relevance and value; True if either changed."""
        path, bind = node.path, node.bind
        live = self._live[node.parent]
        if live and bind.relevant is not None:
            live = as_truth(bind.relevant.evaluate(self._shown, self, self._kept[path]))
        if live and bind.calculate is not None:
            self._kept[path] = as_text(bind.calculate.evaluate(self._shown, self, self._kept[path]))
        shown = self._as_seen(bind.type, self._kept[path]) if live else ""
        changed = self._live.get(path) != live or self._shown.get(path) != shown
        self._live[path], self._shown[path] = live, shown
        return changed

    @staticmethod
    def _as_seen(kind: str, text: str) -> str | float:
        """What expressions see: numbers compare as numbers, even those written 1 and 1.0."""
        return as_number(text) if text and kind in {"int", "decimal"} else text

    def _apply(self, action: SetValue) -> None:
        path = action.path
        if path not in self.form.nodes:
            return
        value = action.value
        self._set(path, action.fixed if value is None else as_text(value.evaluate(self._shown, self)))

    def _preloaded(self, preload: str, moment: datetime) -> str:
        if preload.startswith("timestamp"):
            return (
                ""
                if preload.endswith("end") and moment is self.now
                else moment.isoformat(timespec="milliseconds")
            )
        return {
            "date today": moment.date().isoformat(),
            "uid": f"uuid:{self._uuid()}",
            "property deviceid": self._device,
        }.get(preload, "")

    # Judging an answer

    def _check_kind(self, control: Control, text: str) -> None:
        kind = self.form.nodes[control.path].bind.type
        if control.kind in {"select", "select1", "rank"}:
            offered = {choice.name for choice in self._choices(control)}
            chosen = [text] if control.kind == "select1" else text.split()
            wrong = [code for code in chosen if code not in offered]
            if wrong:
                raise Refused(f"{control.path} does not offer {wrong[0]}")
        elif kind == "int" and not re.fullmatch(r"-?\d{1,9}", text):
            raise Refused(f"{control.path} takes a whole number, not {text}")
        elif kind == "decimal" and not math.isfinite(as_number(text)):
            raise Refused(f"{control.path} takes a number, not {text}")
        elif self.form.nodes[control.path].bind.readonly:
            raise Refused(f"{control.path} is only read")

    def _problem(self, node: Node) -> Problem | None:
        if not self._live[node.path]:
            return None
        bind, text = node.bind, self._kept[node.path]
        if text == "":
            needed = bind.required is not None and as_truth(bind.required.evaluate(self._shown, self))
            return Problem(node.name, self._say(bind.required_text) or _REQUIRED) if needed else None
        if bind.constraint is None or as_truth(bind.constraint.evaluate(self._shown, self)):
            return None
        return Problem(node.name, self._say(bind.constraint_text) or _CONSTRAINT)

    def _choices(self, control: Control) -> Iterable[Choice]:
        if control.listed is None:
            return [Choice(choice.name, self._say(choice.label)) for choice in control.inline]
        items = control.listed.evaluate(self._shown, self)
        return [self._choice(item, control) for item in items] if isinstance(items, list) else []

    def _choice(self, item: Any, control: Control) -> Choice:
        label = item.findtext(control.shown) or ""
        text = self.form.texts.get(label) if control.shown == "itextId" else None
        return Choice(item.findtext(control.value) or "", self._rendered(text) if text else label)

    def _say(self, label: str) -> str:
        key = itext_id(label)
        text = None if key is None else self.form.texts.get(key)
        if text is not None:
            return self._rendered(text)
        return "" if key else label.strip()

    def _rendered(self, text: Text) -> str:
        parts = (
            part if isinstance(part, str) else as_text(part.evaluate(self._shown, self))
            for part in text.parts
        )
        return "".join(parts).strip()

    # Writing

    def _write(self, node: Node, extra: str, out: list[str]) -> None:
        attributes = "".join(f" {key}={quoteattr(value)}" for key, value in node.attributes)
        inner: list[str] = []
        for path in node.children:
            child = self.form.nodes[path]
            if not self._live[path]:
                continue
            if child.name.startswith("@"):
                attributes += f" {child.tag}={quoteattr(self._kept[path])}"
            else:
                self._write(child, "", inner)
        inner.append(escape(self._kept[node.path]))
        content = "".join(inner)
        start = f"<{node.tag}{extra}{attributes}"
        out.append(f"{start}>{content}</{node.tag}>" if content else f"{start} />")
        if self._deprecated and node.path == f"{self.form.root}/meta/instanceID":
            tag = node.tag.replace("instanceID", "deprecatedID")
            out.append(f"<{tag}>{escape(self._deprecated)}</{tag}>")


def _typed(value: Answer) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.isoformat(timespec="milliseconds")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, str):
        return value
    if isinstance(value, int | float):
        return as_text(float(value))
    parts = [part if isinstance(part, str) else as_text(float(part)) for part in value]
    if parts and not isinstance(value[0], str):
        parts += ["0", "0"][len(parts) - 2 :] if 2 <= len(parts) < 4 else []
    return " ".join(parts)
