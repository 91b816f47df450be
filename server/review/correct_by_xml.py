"""Corrects a submission to what a program's own XML of it says, as an officer does on the page; all of it or nothing.

What is stored is worked out here, on the visit's own bytes (R12): of the XML only the answers are taken.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from forms import instance
from forms.engine.answer_tree import located, without_rounds
from forms.engine.correction import alike
from forms.engine.sent_xml import SentNode, read_sent
from forms.engine.unfillable import Unfillable
from forms.errors import Unreadable
from forms.instance import Instance
from server.accounts.callers import Caller
from server.errors import CommonProblem, Problem
from server.review import correct_answer, correct_in_form
from server.review.correct_answer import OpenedCorrection
from server.review.correct_in_form import NOT_HERE, RoundsLeft, SentCorrection
from server.review.review_problems import ReviewProblem

_META = "meta"
"""Ids and entities: what an edit says of them follows from what it replaces."""


def correct_one(
    submission_id: int, xml: bytes, reason: str, by: Caller, hidden: Collection[str] | None = None
) -> int:
    """Bring a submission to what this XML says; the id of the edit, itself where nothing is another.

    The XML names in `deprecatedID` what it was made from; its own id is not kept, every edit gets one of ours.
    `hidden`: paths ('ho/chu_ho') of which the sender knows nothing; they stand in it nowhere and stay as they are.
    Problem BAD_REQUEST for what is no submission of this form, CORRECTION_IMPOSSIBLE with what keeps it from being
    corrected.
    """
    said, tree = _read(xml)
    opened = correct_answer.open_(submission_id)
    document = opened.filling.document
    if tree.name != document.name or said.form_id != instance.read(opened.filling.sent).form_id:
        raise _unreadable("đây là phiếu của biểu mẫu khác.")
    if said.deprecated_id != instance.read(opened.filling.sent).instance_id:
        raise _impossible(
            "“deprecatedID” không phải mã của bản mới nhất; hãy tải lại phiếu rồi sửa trên bản ấy."
        )
    found = _Wanted(opened, frozenset(hidden or ()))
    found.compare(document, tree, opened.filling.form.root, opened.filling.form.root)
    _bring(opened, found)
    return correct_answer.save(opened, reason, by) if opened.changed else submission_id


def _read(xml: bytes) -> tuple[Instance, SentNode]:
    try:
        return instance.read(xml), read_sent(xml)
    except (Unreadable, Unfillable) as wrong:
        raise _unreadable("nội dung gửi lên không phải XML của một phiếu.") from wrong


@dataclass
class _Wanted:
    """What the XML says otherwise than the visit as it stands, by address; a step of a repeat has its number."""

    opened: OpenedCorrection
    hidden: frozenset[str]
    answers: dict[str, str] = field(default_factory=dict)
    worked_out: dict[str, str] = field(default_factory=dict)
    """Of nodes that nobody is asked: what the form works out has to come to the same."""
    rounds: list[RoundsLeft] = field(default_factory=list)

    def compare(self, old: SentNode | None, new: SentNode | None, path: str, address: str) -> None:
        """Take in what differs at or below a node of the form."""
        nodes = self.opened.filling.form.nodes
        below = [nodes[each] for each in nodes[path].children if "@" not in each]
        if not below:
            self._leaf(old, new, path, address)
            return
        known = {each.name for each in below} | {_META}
        strange = next((each.name for each in (new.children if new else ()) if each.name not in known), None)
        if strange is not None:
            raise _impossible(f"“{_short(path, strange)}”: biểu mẫu không có câu này.")
        for each in below:
            if each.name != _META:
                self._child(each.path, each.name, each.rounds, (old, new), address)

    def _child(
        self,
        path: str,
        name: str,
        begins: int | None,
        held: tuple[SentNode | None, SentNode | None],
        address: str,
    ) -> None:
        olds, news = (each.named(name) if each else [] for each in held)
        if begins is None:
            if len(news) > 1:
                raise _impossible(f"“{_short(path)}” có hai lần; đây không phải nhóm lặp.")
            self.compare(next(iter(olds), None), next(iter(news), None), path, f"{address}/{name}")
            return
        self._count(path, f"{address}/{name}", len(olds) if held[0] else begins, len(news))
        for at, each in enumerate(news):
            self.compare(olds[at] if at < len(olds) else None, each, path, f"{address}/{name}[{at + 1}]")

    def _count(self, path: str, address: str, were: int, are: int) -> None:
        if were == are:
            return
        inside = f"{_short(path)}/"
        if are < were and any(each.startswith(inside) for each in self.hidden):
            why = "nhóm lặp này có câu riêng tư nên cần khóa được đọc câu riêng tư mới bớt được lượt."
            raise _impossible(f"“{_short(path)}”: {why}")
        kept: Sequence[int | None] = range(min(were, are))
        self.rounds.append(RoundsLeft(address, (*kept, *[None] * (are - len(kept)))))

    def _leaf(self, old: SentNode | None, new: SentNode | None, path: str, address: str) -> None:
        if _short(path) in self.hidden:
            if new is not None:
                raise _impossible(f"“{_short(path)}” là câu riêng tư; cần khóa được đọc câu riêng tư.")
            return
        was, now = (each.text if each else "" for each in (old, new))
        if was != now:
            of = self.answers if path in self.opened.filling.form.controls else self.worked_out
            of[address] = now


def _bring(opened: OpenedCorrection, found: _Wanted) -> None:
    """Put it in; Problem where one answer of it cannot be as it is said."""
    wrong = correct_in_form.apply(opened, SentCorrection(found.answers, found.rounds, {}))
    for address, sentence in wrong.items():
        is_gone = sentence == NOT_HERE and not found.answers.get(address, sentence)
        if not (is_gone and _now(opened, address) == ""):
            named = f"“{_short(without_rounds(address))}”: " if address else ""
            raise _impossible(f"{named}{sentence}")
    for address, text in found.worked_out.items():
        if not alike(_now(opened, address), text):
            raise _impossible(
                f"“{_short(without_rounds(address))}”: biểu mẫu tự tính câu này ra kết quả khác."
            )
    for address, text in found.answers.items():
        is_file = opened.filling.form.controls[without_rounds(address)].mediatype
        if is_file and text != _now(opened, address):
            raise _impossible(f"“{_short(without_rounds(address))}” là tệp; tệp chỉ thay được ở trang Sửa.")


def _now(opened: OpenedCorrection, address: str) -> str:
    """What stands at an address; "" where nothing is asked there."""
    node = located(opened.filling.root, address)
    return node.text if node is not None and node.live else ""


def _short(path: str, *more: str) -> str:
    """Of '/data/ho/chu_ho' what definitions write: 'ho/chu_ho'."""
    return "/".join((*path.split("/")[2:], *more))


def _unreadable(why: str) -> Problem:
    return Problem(CommonProblem.BAD_REQUEST, why=why)


def _impossible(why: str) -> Problem:
    return Problem(ReviewProblem.CORRECTION_IMPOSSIBLE, why=why)
