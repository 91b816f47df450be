"""An answer as it is typed on a phone: whether it is of the question's kind, and how phones store it."""

import math
import re
from collections.abc import Iterable, Sequence
from datetime import date, datetime

from forms.engine import java_dates
from forms.engine.compile_form import Bind, OfferedChoice, ShownControl
from forms.engine.java_dates import JavaMoment
from forms.engine.java_values import read_answer, write_answer

Given = str | int | float | date | Sequence[str] | Sequence[float] | None
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)
SELECTS = frozenset({"select", "select1", "rank"})
TEMPORAL = frozenset({"date", "dateTime", "time"})


class AnswerRefused(Exception):
    """A phone would not take this answer: nothing asks for it now, or it is not of the question's kind.

    `wanted` is the type of the question where that is what is wrong.
    """

    def __init__(self, message: str, wanted: str = "") -> None:
        super().__init__(message)
        self.wanted = wanted


def typed(value: Given) -> str:
    """An answer as phones store it."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return written_moment(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, str):
        return value
    if isinstance(value, int | float):
        return write_answer(float(value), "decimal")
    parts = [part if isinstance(part, str) else write_answer(float(part), "decimal") for part in value]
    if parts and not isinstance(value[0], str):
        parts += ["0", "0"][len(parts) - 2 :] if 2 <= len(parts) < 4 else []
    return " ".join(parts)


def written_moment(moment: datetime) -> str:
    """A moment as Collect stores it."""
    return java_dates.write_moment(java_dates.moment_of(moment))


def stored(text: str, bind: Bind, now: JavaMoment) -> str:
    """What phones store of an answer that is of its question's kind: "7:45" is "07:45:00.000+07:00"."""
    return write_answer(read_answer(text, bind.type, now), bind.type) if bind.type in TEMPORAL else text


def check_kind(
    control: ShownControl, bind: Bind, text: str, offered: Iterable[OfferedChoice], now: JavaMoment
) -> None:
    """AnswerRefused for what the question does not offer, or is not of its kind; constraints are no kind."""
    if control.kind in SELECTS:
        codes = {choice.name for choice in offered}
        wrong = [
            code for code in ([text] if control.kind == "select1" else text.split()) if code not in codes
        ]
        if wrong:
            raise AnswerRefused(f"{control.path} does not offer {wrong[0]}")
    elif bind.type == "int" and not re.fullmatch(r"-?[0-9]{1,9}", text):
        raise AnswerRefused(f"{control.path} takes a whole number, not {text}", bind.type)
    elif bind.type == "decimal" and not _is_number(text):
        raise AnswerRefused(f"{control.path} takes a number, not {text}", bind.type)
    elif bind.type in TEMPORAL and read_answer(text, bind.type, now) == "":
        raise AnswerRefused(f"{control.path} takes a {bind.type}, not {text}", bind.type)
    elif control.offered is not None and not control.offered.has(float(text)):
        raise AnswerRefused(f"{control.path} has no {text} among its numbers", "range")
    elif bind.readonly:
        raise AnswerRefused(f"{control.path} is only read")


def _is_number(text: str) -> bool:
    return _NUMBER.fullmatch(text) is not None and math.isfinite(float(text))
