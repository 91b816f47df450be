"""One thing that the doctor says."""

from collections.abc import Mapping
from dataclasses import dataclass, field

OK, WARNING, ERROR = "ok", "warning", "error"


@dataclass(frozen=True)
class Diagnosis:
    """What was looked at, how bad it is, and a Vietnamese sentence that says what to do; it may hold `{fields}`."""

    subject: str
    level: str
    sentence: str
    fields: Mapping[str, object] = field(default_factory=dict)

    @property
    def words(self) -> str:
        return self.sentence.format(**self.fields)


def fine(subject: str, sentence: str, **fields: object) -> Diagnosis:
    return Diagnosis(subject, OK, sentence, fields)


def doubtful(subject: str, sentence: str, **fields: object) -> Diagnosis:
    return Diagnosis(subject, WARNING, sentence, fields)


def bad(subject: str, sentence: str, **fields: object) -> Diagnosis:
    return Diagnosis(subject, ERROR, sentence, fields)
