"""How well visits and the second ones agree, by question and by collector, and who stands out beyond chance (R29)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from geo import funnel_limits
from geo.backcheck_draw import DrawReason
from geo.signal import wilson

SLIPS = 1
"""Answers that cannot have changed and differ all the same: one is a slip of a finger or of memory, two are not."""

NO_ANSWER = frozenset({"", "khong_biet", "khong_nho"})
"""Nothing can be compared with these."""


class QuestionKind(StrEnum):
    """What a question can tell of the visit before."""

    CAME = "came"
    """Whether anybody came: told by the household itself."""
    FIXED = "fixed"
    """What does not change from one week to the next: adults of the household, how it is wired."""
    CHANGING = "changing"
    """What may have changed since, also because the visit helped."""


@dataclass(frozen=True)
class ComparedAnswer:
    """One question answered at both visits, each answer as it is stored (text, whole number, ticks)."""

    question: str
    kind: QuestionKind
    first: str
    second: str

    @property
    def agrees(self) -> bool:
        return self.first == self.second


@dataclass(frozen=True)
class VisitPair:
    """A visit and the one that checked it, by what both answer."""

    collector: int
    reason: DrawReason
    answers: tuple[ComparedAnswer, ...]

    @property
    def is_confirmed(self) -> bool | None:
        """Whether the second visit bears out that the first took place; None where it could not tell.

        The household says that nobody came, or more than one of the answers that cannot have changed differ.
        """
        telling = [each for each in self.answers if each.kind is not QuestionKind.CHANGING]
        if not telling:
            return None
        if any(each.kind is QuestionKind.CAME and not each.agrees for each in telling):
            return False
        return sum(not each.agrees for each in telling) <= SLIPS


@dataclass(frozen=True)
class AgreementShare:
    """`agreeing` of `of`, with the 95 % interval of the share (Wilson 1927), 0 to 1; None of nothing."""

    agreeing: int
    of: int

    @property
    def interval(self) -> tuple[float, float] | None:
        return wilson(self.agreeing, self.of) if self.of else None


@dataclass(frozen=True)
class CollectorAgreement:
    """What second visits say of one collector's visits, by those drawn by chance alone."""

    collector: int
    unconfirmed: int
    of: int
    is_outside: bool
    """Whether chance hardly explains it (geo/funnel_limits.py); never with fewer than its FEWEST checked."""

    @property
    def is_enough(self) -> bool:
        return self.of >= funnel_limits.FEWEST

    @property
    def interval(self) -> tuple[float, float] | None:
        """Of the share that is not confirmed, 0 to 1; None while there are too few."""
        return wilson(self.unconfirmed, self.of) if self.is_enough else None


def compared(question: str, kind: QuestionKind, first: object, second: object) -> ComparedAnswer | None:
    """Two answers to one question; None where one is missing or says that nobody knows."""
    one, two = _as_text(first), _as_text(second)
    if one in NO_ANSWER or two in NO_ANSWER:
        return None
    return ComparedAnswer(question, kind, one, two)


def _as_text(answer: object) -> str:
    if isinstance(answer, list | tuple):
        return " ".join(sorted(map(str, answer)))
    return "" if answer is None else str(answer).strip()


def by_kind(pairs: Iterable[VisitPair]) -> Mapping[QuestionKind, AgreementShare]:
    """How often both visits agree, over all pairs drawn by chance: by what a question can tell, never mixed."""
    found = _shares((each.kind.value, each.agrees) for each in _answers(pairs))
    return {QuestionKind(kind): share for kind, share in found.items()}


def _answers(pairs: Iterable[VisitPair]) -> Iterable[ComparedAnswer]:
    return (answer for pair in pairs if pair.reason is DrawReason.CHANCE for answer in pair.answers)


def _shares(answers: Iterable[tuple[str, bool]]) -> dict[str, AgreementShare]:
    counts: dict[str, list[int]] = {}
    for name, agrees in answers:
        count = counts.setdefault(name, [0, 0])
        count[0] += agrees
        count[1] += 1
    return {name: AgreementShare(*count) for name, count in counts.items()}


def confirmed(pairs: Iterable[VisitPair]) -> AgreementShare:
    """How many of the visits drawn by chance were borne out, of those that could be told."""
    told = [pair.is_confirmed for pair in pairs if pair.reason is DrawReason.CHANCE]
    known = [each for each in told if each is not None]
    return AgreementShare(sum(known), len(known))


def by_collector(pairs: Sequence[VisitPair]) -> tuple[CollectorAgreement, ...]:
    """Each collector with checked visits, in the order of their keys: nobody is ranked.

    Whether one stands out is judged against all that was checked: given how many were not confirmed altogether, the
    chance that as many fall on this collector's visits (hypergeometric). So few visits, or few unconfirmed ones
    altogether, brand nobody.
    """
    counts: dict[int, list[int]] = {}
    for pair in pairs:
        if pair.reason is DrawReason.CHANCE and pair.is_confirmed is not None:
            count = counts.setdefault(pair.collector, [0, 0])
            count[0] += not pair.is_confirmed
            count[1] += 1
    marked, whole = (sum(count[part] for count in counts.values()) for part in (0, 1))
    return tuple(
        CollectorAgreement(collector, bad, of, funnel_limits.is_outside(bad, of, marked, whole))
        for collector, (bad, of) in sorted(counts.items())
    )
