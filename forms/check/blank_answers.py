"""Whether a form states anything out of blank or "không biết" answers, which no form may (R9)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice, product

from forms.engine.compile_form import FillableForm, depends_on
from forms.engine.engine import AnswerRefused, Fillable, Filling, open_form
from forms.engine.expression import Expression

_UNKNOWN_CODES = frozenset({"khong_biet", "khong_ro", "khong_do_duoc", "dont_know"})
_UNKNOWN_LABELS = ("không biết", "không rõ", "không đo được", "không xem được")
# A gate with more ways through than this is tried only so far; library forms need fewer than twenty.
_MOST_WAYS = 64
_SAMPLES = {"int": "1", "decimal": "1", "geopoint": "20.8 106.5 0 5", "date": "2026-01-01"}

Answers = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class BlankFinding:
    """An indicator that was stated although its own questions were blank or answered "không biết".

    `answers` are the paths and answers given: the way to the questions, then the "không biết".
    """

    indicator: str
    done: str
    of: str
    answers: Answers

    def __str__(self) -> str:
        given = ", ".join(f"{path.rpartition('/')[2]} = {code}" for path, code in self.answers)
        told = f"khi chỉ trả lời {given}" if given else "khi chưa trả lời câu nào"
        return f"Chỉ tiêu {self.indicator} bị ghi nhận {self.done}/{self.of} {told}."


def blank_findings(xform: bytes, media: Mapping[str, bytes] | None = None) -> list[BlankFinding]:
    """Fill the form with each indicator's questions blank, then "không biết"; [] if it states nothing.

    The questions of an indicator are those that its two calculates read, directly or through other
    calculates; those that only decide whether these are asked are answered in every way. Where the two
    read no question, the latter count as its questions. Raises Unfillable.
    """
    form = open_form(xform, media)
    found = [finding for indicator in indicators(form.form) for finding in _tried(form, indicator)]
    return list({(f.indicator, f.answers): f for f in found}.values())


@dataclass(frozen=True)
class IndicatorPair:
    """One pair of calculates in `chi_tieu`, the questions it reads and those that lead to them."""

    code: str
    done: str
    of: str
    questions: tuple[str, ...]
    gates: tuple[str, ...]


def indicators(form: FillableForm) -> Iterator[IndicatorPair]:
    """Each indicator that the form states, in the form's order."""
    for path, node in form.nodes.items():
        done = path.removesuffix("_of") + "_done"
        if path.endswith("_of") and node.parent.endswith("/chi_tieu") and done in form.nodes:
            read = _behind(form, {path, done}, through_relevance=False)
            gates = _behind(form, {path, done}, through_relevance=True)
            own = _questions(form, read) or _questions(form, gates)
            rest = tuple(gate for gate in _questions(form, gates) if gate not in own)
            yield IndicatorPair(node.name.removesuffix("_of"), done, path, own, rest)


def _behind(form: FillableForm, start: set[str], *, through_relevance: bool) -> set[str]:
    found, ahead = set(start), list(start)
    while ahead:
        node = form.nodes[ahead.pop()]
        calculate = node.bind.calculate
        sources = depends_on(node) if through_relevance else _read_by(calculate)
        fresh = {path for path in sources if path in form.nodes} - found
        found |= fresh
        ahead.extend(fresh)
    return found


def _read_by(calculate: Expression | None) -> frozenset[str]:
    return calculate.paths if calculate else frozenset()


def _questions(form: FillableForm, paths: set[str]) -> tuple[str, ...]:
    return tuple(p for p in form.controls if p in paths and not form.nodes[p].bind.readonly)


def _tried(form: Fillable, indicator: IndicatorPair) -> Iterator[BlankFinding]:
    for way in _ways(form, indicator.gates):
        for unknown in ((), indicator.questions):
            found = _stated(form, indicator, way, unknown)
            if found:
                yield found
    for question in indicator.questions:
        for way in _ways_to(form, indicator, question):
            # With other questions answered a statement may be due; "không biết" must not be what makes it.
            found = _stated(form, indicator, way, (question,))
            blank = _stated(form, indicator, way)
            if found and (blank is None or (found.done, found.of) != (blank.done, blank.of)):
                yield found


def _stated(
    form: Fillable, indicator: IndicatorPair, way: Answers, unknown: tuple[str, ...] = ()
) -> BlankFinding | None:
    filling, given = _filled(form, way)
    for question in unknown:
        code = _unknown(filling, question)
        if code and _taken(filling, question, code):
            given = (*given, (question, code))
    done, of = filling.value(indicator.done), filling.value(indicator.of)
    return BlankFinding(indicator.code, done, of, given) if done or of else None


def _ways_to(form: Fillable, indicator: IndicatorPair, question: str) -> Iterator[Answers]:
    """Ways after which the question is asked: the shortest, and the same with the other questions answered."""
    waits_for = _behind(form.form, {question}, through_relevance=True) | set(indicator.gates)
    before = tuple(gate for gate in _questions(form.form, waits_for) if gate != question)
    for way in _ways(form, before):
        filling, given = _filled(form, way)
        if not (filling.relevant(question) and filling.relevant(indicator.of)):
            continue
        others = [other for other in indicator.questions if other != question and other not in dict(given)]
        rest = [(o, _options(filling, o)[0]) for o in others if filling.relevant(o) and _options(filling, o)]
        yield from (given, (*given, *rest))
        return


def _ways(form: Fillable, gates: tuple[str, ...]) -> Iterator[Answers]:
    """Each way to answer the gates, by their codes and never with "không biết"; at least the empty way."""
    start = form.start()
    options = [[(gate, code) for code in _options(start, gate)] for gate in gates]
    return islice(product(*(option for option in options if option)), _MOST_WAYS)


def _options(filling: Filling, gate: str) -> list[str]:
    control = filling.form.controls[gate]
    if control.kind in {"select", "select1", "rank"}:
        unknown = _unknown(filling, gate)
        return [choice.name for choice in filling.choices(gate) if choice.name != unknown]
    return [_SAMPLES.get(filling.form.nodes[gate].bind.type, "x")]


def _filled(form: Fillable, way: Answers) -> tuple[Filling, Answers]:
    filling = form.start()
    return filling, tuple(answer for answer in way if _taken(filling, *answer))


def _taken(filling: Filling, question: str, code: str) -> bool:
    try:
        filling.answer(question, code)
    except AnswerRefused:
        return False
    return True


def _unknown(filling: Filling, question: str) -> str | None:
    """The choice that says "không biết", if the question has one."""
    if filling.form.controls[question].kind not in {"select", "select1"}:
        return None
    for choice in filling.choices(question):
        if choice.name in _UNKNOWN_CODES or choice.label.casefold().startswith(_UNKNOWN_LABELS):
            return choice.name
    return None
