"""A visit that was sent, opened to correct answers: what follows from them changes, all else stays byte for byte.

R12: what the phone read from a list or a clock stays as read, unless an answer that it was read by changes.
"""

import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import uuid4
from xml.sax.saxutils import escape, quoteattr

from forms.engine import java_dates
from forms.engine.answer_tree import AnswerNode, add_round
from forms.engine.compile_form import FillableForm
from forms.engine.expression import Expression
from forms.engine.fill_visit import Filling
from forms.engine.java_values import keep, write_answer
from forms.engine.sent_xml import SentNode, read_sent
from forms.engine.unfillable import Unfillable, UnknownFunction
from forms.engine.write_visit import write_node

CORRECTED, FOLLOWED, GONE, NEW = "corrected", "followed", "gone", "new"
_CLOCK = re.compile(r"\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:?\d\d)?)?")


@dataclass(frozen=True)
class UnexplainedNode:
    """A node that the form's formulas now give otherwise than was sent; `function` where a function is not known."""

    address: str
    label: str
    function: str = ""


@dataclass(frozen=True)
class AnswerChange:
    """What a correction changes: `kind` is corrected, followed (worked out), gone (no longer asked), or new."""

    address: str
    label: str
    kind: str
    before: str = ""
    after: str = ""
    group: bool = False


class Correction(Filling):
    """A visit opened again. `now` is the moment of the visit: ages are those of that day."""

    def __init__(
        self, form: FillableForm, sent: bytes, now: datetime, uuid: Callable[[], str] | None = None
    ) -> None:
        super().__init__(form, now, "", uuid or (lambda: str(uuid4())))
        self.sent, self.document = sent, read_sent(sent)
        self._as_sent: dict[int, SentNode] = {}
        self._answers: dict[int, AnswerNode] = {}
        self._touched: set[str] = set()
        if f"/{self.document.name}" != form.root:
            raise Unfillable("phiếu của một biểu mẫu khác")
        self._take_over(self.root, self.document)
        for shape in form.repeats:
            for parent in self._at[shape.parent] if shape.count else ():
                self._counted[id(parent), shape.path] = self._count(shape, parent)

    def _take_over(self, node: AnswerNode, sent: SentNode) -> None:
        self._at[node.path].append(node)
        self._as_sent[id(node)], self._answers[id(sent)] = sent, node
        shape = self.form.nodes[node.path]
        if not any("@" not in path for path in shape.children):
            self._keep_text(node, sent.text)
        for path in shape.children:
            child = self.form.nodes[path]
            node.children[child.name] = []
            if child.name.startswith("@"):
                self._take_attribute(add_round(node, child.name, path), sent)
                continue
            found = sent.named(child.name)
            if len(found) > 1 and child.rounds is None:
                raise Unfillable(f"{path} stands more than once")
            for each in found:
                self._take_over(add_round(node, child.name, path), each)
            if not found and child.rounds is None:
                self._leave_out(add_round(node, child.name, path))

    def _take_attribute(self, node: AnswerNode, sent: SentNode) -> None:
        self._at[node.path].append(node)
        text = sent.attributes.get(node.name[1:])
        node.live = text is not None
        self._keep_text(node, text or "")

    def _leave_out(self, node: AnswerNode) -> None:
        """What was not sent was not asked; it has what the form begins with."""
        self._grow(node)
        for each in node.below():
            each.live = False

    # Whether it can be corrected

    def differences(self) -> list[UnexplainedNode]:
        """Where the form's formulas, with the answers as sent, give another thing than was sent.

        What a clock, chance or a list explains is none, nor is what reads other rounds of a repeat: phones do not
        work that out anew for a round that is added, nor for the rounds after one that changes.
        """
        self._steps = 0
        return [each for path in self.form.order for node in self._at[path] for each in self._differs(node)]

    def _differs(self, node: AnswerNode) -> Iterator[UnexplainedNode]:
        bind = self.form.nodes[node.path].bind
        if node.parent is None or not node.parent.live:
            return
        try:
            relevant = self._timeless(bind.relevant)
            asked = relevant is None or relevant.truth(self, node)
            if node.live and not asked and any(each.text for each in node.below() if each.live):
                yield self._difference(node)
            calculate = self._timeless(bind.calculate)
            if (
                calculate is not None
                and asked
                and (node.live or bind.relevant is None or relevant is not None)
            ):
                text = write_answer(keep(calculate.value(self, node), bind.type, self.now), bind.type)
                if not alike(text, node.text if node.live else ""):
                    yield self._difference(node)
        except UnknownFunction as wrong:
            yield UnexplainedNode(node.address, self.called(node), wrong.name)
        except Unfillable:
            yield self._difference(node)

    def _timeless(self, expression: Expression | None) -> Expression | None:
        if expression is None or not expression.timeless:
            return None
        if "jr:choice-name" in expression.calls and self._offers_from_files(expression):
            return None
        return None if self._reads_other_rounds(expression) else expression

    def _reads_other_rounds(self, expression: Expression) -> bool:
        """Whether it reads rounds beside those that its own node stands in: sums, joins, the round before."""
        return any(
            f"{source.path}/".startswith(f"{shape.path}/") and shape.path.count("/") > source.shared
            for shape in self.form.repeats
            for source in expression.sources
        )

    def _offers_from_files(self, expression: Expression) -> bool:
        """Whether a label that it asks for comes from a list, which may have changed."""
        return any(
            control.listed is not None
            and control.listed.looks_up
            and re.search(rf"/{re.escape(path.rpartition('/')[2])}\s*['\"]", expression.text)
            for path, control in self.form.controls.items()
        )

    def _difference(self, node: AnswerNode) -> UnexplainedNode:
        return UnexplainedNode(node.address, self.called(node))

    def called(self, node: AnswerNode) -> str:
        """What people call a node: the label of the question or group, else its name; rounds have their number."""
        control = self.form.controls.get(node.path)
        label = self._say(control.label if control else self.form.groups.get(node.path, ""), node)
        around = [each for each in node.chain[:-1] if self.form.nodes[each.path].rounds is not None]
        if self.form.nodes[node.path].rounds is not None:
            return f"{label or node.name} {node.index + 1}"
        rounds = "".join(f"{self._round_label(each)}: " for each in around)
        return rounds + (" ".join(label.split()) or node.name)

    def _round_label(self, node: AnswerNode) -> str:
        return f"{self._say(self.form.groups.get(node.path, ''), node) or node.name} {node.index + 1}"

    # What was changed

    def correct(self, address: str, text: str) -> None:
        """Answer a question anew; Refused where a phone would not take it."""
        self.answer(address, text)
        self._touched.add(self._node(address).address)

    def changes(self) -> list[AnswerChange]:
        """All that differs from what was sent, in the form's order; a group that goes is one change."""
        return list(self._changes(self.root))

    def _changes(self, node: AnswerNode) -> Iterator[AnswerChange]:
        sent = self._as_sent.get(id(node))
        was, shape = sent is not None, self.form.nodes[node.path]
        if node.name.startswith("@") or node.path == f"{self.form.root}/meta/instanceID":
            return
        if was and not node.live:
            yield AnswerChange(
                node.address, self.called(node), GONE, sent.text if sent else "", "", bool(shape.children)
            )
            return
        if node.live and not was and not shape.children:
            asked = NEW if node.path in self.form.controls else FOLLOWED
            kind = CORRECTED if node.address in self._touched else asked
            yield AnswerChange(node.address, self.called(node), kind, "", node.text)
        elif (
            node.live
            and sent is not None
            and not sent.children
            and not node.children
            and node.text != sent.text
        ):
            kind = CORRECTED if node.address in self._touched else FOLLOWED
            yield AnswerChange(node.address, self.called(node), kind, sent.text, node.text)
        for rounds in node.children.values():
            for child in rounds:
                yield from self._changes(child)
        for child_sent in sent.children if sent else ():
            gone = self._answers.get(id(child_sent))
            if gone is not None and gone not in node.children[gone.name]:
                label = f"{self.form.groups.get(gone.path) or gone.name} {gone.index + 1}"
                yield AnswerChange(f"{node.address}/{gone.name}", label, GONE, group=True)

    # Writing

    def written(self) -> bytes:
        """The XML of the edit: the sent bytes with the changed nodes alone replaced, a new instanceID, and
        deprecatedID the old one (C46)."""
        splices = sorted(self._splices(self.root, self.document), key=lambda each: (each[0], each[1]))
        out, at = list[bytes](), 0
        for start, end, content in splices:
            out += [self.sent[at:start], content]
            at = end
        found = b"".join([*out, self.sent[at:]])
        read_sent(found)
        return found

    def _splices(self, node: AnswerNode, sent: SentNode) -> Iterator[tuple[int, int, bytes]]:
        """(from, to, instead) for each stretch of bytes that changes at or below a node."""
        if node.path == f"{self.form.root}/meta/instanceID":
            yield from self._identity(sent)
            return
        attributes = [each for key, rounds in node.children.items() if key[0] == "@" for each in rounds]
        head = self._head(sent, attributes)
        if len(attributes) == len(node.children):
            if node.text != sent.text:
                yield sent.start, sent.end, _element(sent, head, escape(node.text).encode())
            elif head != self.sent[sent.start : sent.inner]:
                yield sent.start, sent.inner, head
            return
        inner = list(self._inside(node, sent))
        if sent.empty and inner:
            yield sent.start, sent.end, _element(sent, head, b"".join(content for _, _, content in inner))
            return
        if head != self.sent[sent.start : sent.inner]:
            yield sent.start, sent.inner, head
        yield from inner

    def _inside(self, node: AnswerNode, sent: SentNode) -> Iterator[tuple[int, int, bytes]]:
        kept = {id(child) for rounds in node.children.values() for child in rounds if child.live}
        for each in sent.children:
            answer = self._answers.get(id(each))
            if answer is not None and id(answer) not in kept:
                yield each.start, each.end, b""
        at = min((each.start for each in sent.children), default=sent.inner)
        for name, rounds in node.children.items():
            for child in rounds if name[0] != "@" else ():
                own = self._as_sent.get(id(child))
                if own is not None:
                    at = own.end
                    if child.live:
                        yield from self._splices(child, own)
                elif child.live:
                    out: list[str] = []
                    write_node(self.form, child, out)
                    yield at, at, "".join(out).encode()

    def _head(self, sent: SentNode, attributes: list[AnswerNode]) -> bytes:
        """The start tag with the attributes as they are now."""
        head = self.sent[sent.start : sent.inner]
        for each in attributes:
            name, old = each.name[1:], sent.attributes.get(each.name[1:])
            new = each.text if each.live else None
            if new == old:
                continue
            pattern = rb"\s+(?:[\w.-]+:)?" + re.escape(name.encode()) + rb"\s*=\s*(?:\"[^\"]*\"|'[^']*')"
            head = re.sub(pattern, b"", head, count=1)
            if new is not None:
                place = len(head) - (2 if head.endswith(b"/>") else 1)
                head = head[:place].rstrip() + f" {name}={quoteattr(new)}".encode() + head[place:]
        return head

    def _identity(self, sent: SentNode) -> Iterator[tuple[int, int, bytes]]:
        old = next((n for n in self.document.below() if n.name == "deprecatedID"), None)
        tag = sent.tag.replace("instanceID", "deprecatedID")
        replaced = f"<{tag}>{escape(sent.text)}</{tag}>".encode()
        fresh = _element(sent, self.sent[sent.start : sent.inner], f"uuid:{self.uuid()}".encode())
        if old is not None:
            yield old.start, old.end, replaced
            yield sent.start, sent.end, fresh
        else:
            yield sent.start, sent.end, replaced + fresh


def _element(sent: SentNode, head: bytes, content: bytes) -> bytes:
    """An element with that start tag and content, written as Collect does where there is none."""
    start = head.removesuffix(b"/>").removesuffix(b">").rstrip()
    return start + b">" + content + f"</{sent.tag}>".encode() if content else start + b" />"


def alike(now: str, sent: str) -> bool:
    """Whether a result is what was sent: the same text or number, or the same clock in whatever zone."""
    if now == sent or (now == "" and sent in {"NaN", ""}):
        return True
    try:
        return math.isclose(float(now), float(sent), rel_tol=1e-9, abs_tol=1e-12)
    except ValueError:
        pass
    if not (_CLOCK.fullmatch(now) and _CLOCK.fullmatch(sent)):
        return False
    local = [text[:19] if "T" in text else f"{text}T00:00:00" for text in (now, sent)]
    return local[0] == local[1] or java_dates.parse_moment(now) == java_dates.parse_moment(sent)
