"""Corrects answers that a program names by their paths, as an officer does on the page; all of them or none."""

from collections.abc import Mapping
from typing import Any

from server.accounts.callers import Caller
from server.errors import Problem
from server.review import correct_answer
from server.review.correct_answer import OpenedCorrection
from server.review.correctable_questions import FILE, MANY, MOMENT, RANK, TIME, CorrectableQuestion
from server.review.review_problems import ReviewProblem

_TO_THE_MINUTE = {TIME: 5, MOMENT: 16}
"""Letters of `09:05` and `2026-11-20T09:05`: what the page corrects of a time."""


def correct_one(submission_id: int, answers: Mapping[str, Any], reason: str, by: Caller) -> int:
    """Put in the answers, paths as definitions write them ('ho/chu_ho'); the id of the edit that was stored.

    The submission itself where every answer stands there already. Problem CORRECTION_IMPOSSIBLE with what keeps it
    from being corrected; nothing is stored then.
    """
    opened = correct_answer.open_(submission_id)
    root = opened.filling.form.root
    given = {f"{root}/{path}": _given(value) for path, value in answers.items()}
    asked = {each.path: each for each in correct_answer.questions(opened)}
    typed = {path: _as_typed(asked.get(path), texts) for path, texts in given.items()}
    wrong = correct_answer.apply(opened, typed)
    asked |= {each.path: each for each in correct_answer.questions(opened)}
    for path in given:
        if path not in asked:
            _refuse(opened, path)
        if asked[path].kind == FILE:
            raise _impossible(f"“{path.removeprefix(root)[1:]}” là tệp; tệp chỉ thay được ở trang Sửa.")
    if wrong:
        path, sentence = next(iter(wrong.items()))
        named = f"{path.removeprefix(root)[1:]}: " if path else ""
        raise _impossible(f"{named}{sentence}")
    return correct_answer.save(opened, reason, by) if opened.changed else submission_id


def _given(value: Any) -> list[str]:
    """A value of JSON as the page would send it; no answer is an empty text."""
    if isinstance(value, list):
        return [str(each) for each in value]
    if value is None:
        return [""]
    return [str(value).lower() if isinstance(value, bool) else str(value)]


def _as_typed(question: CorrectableQuestion | None, texts: list[str]) -> list[str]:
    """In the shape of the question's input: codes one by one, a time to the minute."""
    if question is None:
        return texts
    if question.kind in (MANY, RANK):
        return [code for text in texts for code in text.split()]
    if question.kind in _TO_THE_MINUTE:
        return [text[: _TO_THE_MINUTE[question.kind]] for text in texts]
    return texts


def _refuse(opened: OpenedCorrection, path: str) -> None:
    short = path.removeprefix(opened.filling.form.root)[1:]
    why = (
        correct_answer.why_fixed(opened, path)
        or "biểu mẫu không có câu này, hoặc phiếu này không được hỏi câu này"
    )
    raise _impossible(f"“{short}”: {why}.")


def _impossible(why: str) -> Problem:
    return Problem(ReviewProblem.CORRECTION_IMPOSSIBLE, why=why)
