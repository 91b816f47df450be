"""One visit being filled: answers, what follows from them by the form's formulas, and the XML that is sent."""

import math
import operator
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from heapq import heappop, heappush
from typing import Any

from forms.engine import java_dates, shown_texts
from forms.engine.answer_tree import AnswerNode, add_round, located, without_rounds
from forms.engine.compile_form import (
    FillableForm,
    FormNode,
    OfferedChoice,
    SetValue,
    ShownControl,
)
from forms.engine.java_values import Value, keep, read_answer, to_number, write_answer
from forms.engine.typed_answer import SELECTS, AnswerRefused, Given, check_kind, stored, typed, written_moment
from forms.engine.unfillable import TooMuch
from forms.engine.write_visit import write_node

MOST_STEPS = 3_000_000
"""Steps of formulas for one answer; the largest library form takes 2,000."""
_REQUIRED = "Câu này cần trả lời."
_CONSTRAINT = "Câu trả lời này chưa hợp lệ."


@dataclass(frozen=True)
class AnswerProblem:
    """What stops the form from being finished: the question, its sentence, and where it stands ("/data/tre[2]/ten")."""

    name: str
    message: str
    address: str = ""


class Filling:
    """One visit being filled. Questions are named by name, path, or path with rounds ("/data/tre[2]/ten")."""

    def __init__(self, form: FillableForm, now: datetime, device: str, uuid: Callable[[], str]) -> None:
        self.form, self._device, self._uuid = form, device, uuid
        self.began, self.now = now, java_dates.moment_of(now)
        self._steps = 0
        self.root = AnswerNode(form.root.lstrip("/"), form.root, None, 0)
        self._at: dict[str, list[AnswerNode]] = {path: [] for path in form.nodes}
        self._counted: dict[tuple[int, str], int | None] = {}

    def begin(self) -> "Filling":
        """Start as a phone does with a blank form."""
        self._grow(self.root)
        for path in self.form.order:
            for node in self._at[path]:
                self._work_out(node)
        for action in self.form.first_load:
            self._apply(action, self.root)
        for shape in self.form.repeats:
            self._actions_of_rounds(shape)
        self._fit_rounds()
        return self

    # What formulas may ask (forms.engine.formula_scope.Surroundings)

    @property
    def version(self) -> str:
        """The form's version."""
        return self.form.version

    def uuid(self) -> str:
        """Return a fresh UUID."""
        return self._uuid()

    def device(self, name: str) -> str:
        """Return the phone's own word for "deviceid", "" for what it does not tell."""
        return self._device if name == "deviceid" else ""

    def instance(self, name: str) -> Any:
        """Return that list, or None."""
        return self.form.lists.get(name)

    def spend(self, steps: int) -> None:
        """Count steps; TooMuch for an answer that sets off more than any form needs."""
        self._steps += steps
        if self._steps > MOST_STEPS:
            raise TooMuch("công thức phải tính quá nhiều bước")

    def choice_label(self, path: str, value: str, near: AnswerNode) -> str:
        """Return the label of that choice of the question at `path`, '' if it has no such choice."""
        control = self.form.controls.get(path)
        if control is None or control.kind not in SELECTS:
            return ""
        return next((c.label for c in self._offered(control, self._near(path, near)) if c.name == value), "")

    def _near(self, path: str, near: AnswerNode) -> AnswerNode:
        """The node at a path that shares most rounds with another node, the first of them."""

        def shared(candidate: AnswerNode) -> int:
            return sum(map(operator.is_, candidate.chain, near.chain))

        return max(self._at.get(path, []), key=shared, default=near)

    # What the collector does and sees

    def answer(self, question: str, value: Given) -> None:
        """Answer a question; '' or None clears it.

        A geopoint is (latitude, longitude[, altitude, accuracy]); several choices are a list or one string
        with spaces. Raises Refused where a phone would not let it be typed; constraints are `problems`.
        """
        node = self._node(question)
        control = self.form.controls.get(node.path)
        if control is None:
            raise AnswerRefused(f"{question} is not a question")
        text = typed(value)
        if not node.live:
            raise AnswerRefused(f"{question} is not asked now")
        if text:
            self._check_kind(control, node, text)
            text = stored(text, self.form.nodes[node.path].bind, self.now)
        self._steps = 0
        self._put(node, text)
        for action in control.changes:
            self._apply(action, node)
        self._fit_rounds()

    def add_round(self, repeat: str) -> str:
        """One more round of a repeat that no answer counts; its address. Refused for anything else."""
        path, _, parent = without_rounds(repeat), "", repeat.rpartition("/")[0]
        node, above = self.form.nodes.get(path), located(self.root, parent)
        if node is None or node.rounds is None or node.count is not None or above is None:
            raise AnswerRefused(f"{repeat} takes no round more")
        self._steps = 0
        return self._add(node, above).address

    def remove_round(self, address: str) -> None:
        """Take away one round of a repeat that no answer counts; those after it move up. Refused for anything else."""
        found, shape = located(self.root, address), self.form.nodes.get(without_rounds(address))
        if found is None or shape is None or shape.rounds is None or shape.count is not None:
            raise AnswerRefused(f"{address} is no round that may go")
        self._steps = 0
        self._drop(found)
        self._fit_rounds()

    def value(self, question: str) -> str:
        """The answer or result, '' if blank or not relevant."""
        node = self._node(question)
        return node.text if node.live else ""

    def relevant(self, question: str) -> bool:
        """Whether the node is asked, or worked out, at present."""
        return self._node(question).live

    def choices(self, question: str) -> tuple[OfferedChoice, ...]:
        """What is offered at present."""
        node = self._node(question)
        return tuple(self._offered(self.form.controls[node.path], node))

    def text(self, question: str) -> str:
        """The label as the collector reads it, with answers put in; '' for what has none."""
        node = self._node(question)
        control = self.form.controls.get(node.path)
        return self._say(control.label if control else self.form.groups.get(node.path, ""), node)

    def questions(self) -> Iterator[AnswerNode]:
        """The nodes that a control shows, in the form's order, round after round."""
        return (node for node in self.root.below() if node.path in self.form.controls)

    def problems(self) -> tuple[AnswerProblem, ...]:
        """What Collect would object to before the form can be finished, in the form's order."""
        self._steps = 0
        found = (self._problem(node) for node in self.questions())
        return tuple(problem for problem in found if problem)

    def submission(self, finished: datetime | None = None) -> bytes:
        """The XML that Collect sends, finished then (default: at the start).

        Nodes that are not relevant are left out. Problems do not stop it: call `problems` first.
        """
        self._steps = 0
        for path, node in self.form.nodes.items():
            if node.bind.preload == "timestamp end":
                for answer in self._at[path]:
                    self._put(answer, written_moment(finished or self.began))
        out = ["<?xml version='1.0' ?>"]
        write_node(self.form, self.root, out, self.form.declarations)
        return "".join(out).encode()

    # Places

    def _node(self, question: str) -> AnswerNode:
        if question.startswith("/"):
            found = located(self.root, question)
            if found is None:
                raise AnswerRefused(f"{question} is not there")
            return found
        paths = self.form.names.get(question, ())
        if len(paths) != 1:
            raise AnswerRefused(f"the form has {len(paths)} nodes named {question}")
        nodes = self._at[paths[0]]
        if not nodes:
            raise AnswerRefused(f"{question} has no round")
        return nodes[0]

    def _grow(self, node: AnswerNode, *, first: bool = True) -> None:
        """Put in all that a node holds, with the rounds that a visit begins with; none in a round that is added."""
        self._at[node.path].append(node)
        shape = self.form.nodes[node.path]
        if not shape.children:
            self._first_value(node, shape)
        for path in shape.children:
            child = self.form.nodes[path]
            for _ in range(1 if child.rounds is None else child.rounds * first):
                self._grow(add_round(node, child.name, path), first=first)
            node.children.setdefault(child.name, [])

    def _first_value(self, node: AnswerNode, shape: FormNode) -> None:
        preload = shape.bind.preload
        self._keep_text(node, self._preloaded(preload, self.began) if preload else shape.default)

    def _keep_text(self, node: AnswerNode, text: str) -> None:
        node.text = text
        node.value = read_answer(text, self.form.nodes[node.path].bind.type, self.now)

    # Working out

    def _put(self, node: AnswerNode, text: str) -> None:
        self._keep_text(node, text)
        self._spread([node])

    def _spread(self, changed: Iterable[AnswerNode]) -> None:
        """Work out what reads the changed nodes, each once: those that read a node lie further on in the order."""
        waiting: list[tuple[int, str]] = []
        due: dict[str, dict[int, AnswerNode]] = {}
        places = self.form.places

        def wake(node: AnswerNode) -> None:
            for reader in self.form.readers[node.path]:
                if reader.path not in due:
                    due[reader.path] = {}
                    heappush(waiting, (places[reader.path], reader.path))
                for each in self._readers(node, reader.path, reader.shared):
                    due[reader.path][id(each)] = each

        for node in changed:
            wake(node)
        while waiting:
            _, path = heappop(waiting)
            for node in due.pop(path).values():
                if self._work_out(node):
                    wake(node)

    def _readers(self, node: AnswerNode, path: str, shared: int) -> Iterator[AnswerNode]:
        """The nodes at a path that read `node`: those in its rounds as far as they share the way to it."""
        own = node.chain[:shared]
        for each in self._at[path]:
            if each is not node and each.chain[: len(own)] == own:
                yield each

    def _work_out(self, node: AnswerNode) -> bool:
        """Work out relevance and value; True if either changed."""
        bind = self.form.nodes[node.path].bind
        live, text, value = node.live, node.text, node.value
        above = node.parent.live if node.parent else True
        node.live = above
        if above and bind.relevant is not None:
            node.live = bind.relevant.truth(self, node)
        if node.live and bind.calculate is not None:
            node.value = keep(bind.calculate.value(self, node), bind.type, self.now)
            node.text = write_answer(node.value, bind.type)
        return live != node.live or text != node.text or value != node.value

    def _apply(self, action: SetValue, near: AnswerNode) -> None:
        if action.path not in self.form.nodes or not self._at[action.path]:
            return
        node = self._near(action.path, near)
        if action.value is None:
            self._put(node, action.fixed)
            return
        kind = self.form.nodes[node.path].bind.type
        value: Value = keep(action.value.value(self, node), kind, self.now)
        self._put(node, write_answer(value, kind))

    def _preloaded(self, preload: str, moment: datetime) -> str:
        if preload.startswith("timestamp"):
            return "" if preload.endswith("end") else written_moment(moment)
        return {
            "date today": java_dates.write_day(java_dates.moment_of(moment)),
            "uid": f"uuid:{self._uuid()}",
            "property deviceid": self._device,
        }.get(preload, "")

    # Rounds

    def _add(self, shape: FormNode, parent: AnswerNode) -> AnswerNode:
        found = add_round(parent, shape.name, shape.path)
        self._grow(found, first=False)
        fresh = list(found.below())
        for path in sorted({node.path for node in fresh}, key=self.form.places.__getitem__):
            for node in fresh:
                if node.path == path:
                    self._work_out(node)
        self._spread(fresh)
        for action in self.form.new_round.get(shape.path, ()):
            self._apply(action, next((n for n in fresh if n.path == action.path), found))
        return found

    def _actions_of_rounds(self, shape: FormNode) -> None:
        for found in self._at[shape.path]:
            for action in self.form.new_round.get(shape.path, ()):
                self._apply(action, next((n for n in found.below() if n.path == action.path), found))

    def _drop(self, node: AnswerNode) -> None:
        """Take a round away, with all that it holds; in those that move up only what tells their place changes."""
        if node.parent is None:
            raise AnswerRefused(f"{node.address} is no round")
        rounds = node.parent.children[node.name]
        gone = list(node.below())
        for each in gone:
            self._at[each.path].remove(each)
        rounds.remove(node)
        moved = [each for later in rounds[node.index :] for each in later.below()]
        for at, each in enumerate(rounds):
            each.index = at
        self._spread(gone)
        self._spread([each for each in moved if self._tells_place(each) and self._work_out(each)])

    def _tells_place(self, node: AnswerNode) -> bool:
        bind = self.form.nodes[node.path].bind
        return any(each is not None and "position" in each.calls for each in (bind.relevant, bind.calculate))

    def _fit_rounds(self) -> None:
        """As many rounds as the answer says that counts them, wherever it says something new."""
        for shape in self.form.repeats:
            for parent in list(self._at[shape.parent]) if shape.count else ():
                count = self._count(shape, parent)
                if count is None or self._counted.get((id(parent), shape.path)) == count:
                    continue
                self._counted[id(parent), shape.path] = count
                while len(parent.named(shape.name)) < count:
                    self._add(shape, parent)
                while len(parent.named(shape.name)) > count:
                    self._drop(parent.named(shape.name)[-1])

    def _count(self, shape: FormNode, parent: AnswerNode) -> int | None:
        """The rounds that the form counts at present; None while it says no number.

        The formula is the repeat's own: "../so" of /data/nha/nguoi is /data/nha/so, also where there is no round yet.
        """
        own = AnswerNode(shape.name, shape.path, parent, 0)
        wanted = to_number(shape.count.value(self, own)) if shape.count and parent.live else math.nan
        return max(0, int(wanted)) if math.isfinite(wanted) else None

    # What is shown

    def _say(self, label: str, node: AnswerNode) -> str:
        return shown_texts.say(self.form, self, label, node)

    def _offered(self, control: ShownControl, node: AnswerNode) -> Iterable[OfferedChoice]:
        return shown_texts.offered(self.form, self, control, node)

    # Judging an answer

    def _check_kind(self, control: ShownControl, node: AnswerNode, text: str) -> None:
        offered = self._offered(control, node) if control.kind in SELECTS else ()
        check_kind(control, self.form.nodes[control.path].bind, text, offered, self.now)

    def _problem(self, node: AnswerNode) -> AnswerProblem | None:
        bind = self.form.nodes[node.path].bind
        if not node.live:
            return None
        name = node.name
        if node.text == "":
            needed = bind.required is not None and bind.required.truth(self, node)
            return (
                AnswerProblem(name, self._say(bind.required_text, node) or _REQUIRED, node.address)
                if needed
                else None
            )
        if bind.constraint is None or bind.constraint.truth(self, node):
            return None
        return AnswerProblem(name, self._say(bind.constraint_text, node) or _CONSTRAINT, node.address)
