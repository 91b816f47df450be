"""What to do about each doubt: how heavy it is, the act proposed, and what a team may be asked at the door."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from forms.visit_checks import ACTS, ASK_AGAIN, CALL, LOOK, SECOND_VISIT
from server.review import form_checks, rule_remarks


@dataclass(frozen=True)
class ProposedAct:
    """From 1 (light) to 5 (heavy), what to do, and what to ask where somebody asks."""

    weight: int
    act: str
    question: str = "Hỏi lại các câu chính của phiếu"

    @property
    def words(self) -> str:
        return ACTS[self.act]


BUILT_IN: Mapping[str, ProposedAct] = {
    "same_answers": ProposedAct(
        5, SECOND_VISIT, "Hỏi lại từng câu: phiếu trước trả lời giống hệt nhiều hộ khác"
    ),
    "same_point": ProposedAct(
        4, SECOND_VISIT, "Đến tận nhà hỏi lại: phiếu trước ghi cùng vị trí với nhiều hộ"
    ),
    "too_short": ProposedAct(4, SECOND_VISIT, "Hỏi lại từng câu: phiếu trước điền rất nhanh"),
    "log_short": ProposedAct(4, SECOND_VISIT, "Hỏi lại từng câu: phiếu trước điền rất nhanh"),
    "point_elsewhere": ProposedAct(3, LOOK, "Xem lại hộ này ở thôn nào, phiếu trước ghi vị trí ngoài thôn"),
    "point_abroad": ProposedAct(3, LOOK, "Xem lại vị trí của máy, phiếu trước ghi vị trí ngoài Việt Nam"),
    "place_outside_commune": ProposedAct(
        3, LOOK, "Xem lại nơi này ở thôn nào, phiếu trước ghi vị trí ngoài xã"
    ),
    "changed_late": ProposedAct(2, LOOK, "Hỏi lại các câu đã sửa sau khi điền xong"),
    "clock_backwards": ProposedAct(2, CALL),
    "clock_ahead": ProposedAct(1, CALL),
    "clock_behind": ProposedAct(1, CALL),
}
"""The server's own doubts. What speaks against the visit itself is drawn for a second one anyway (R28)."""


def proposed(flags: Iterable[Mapping[str, Any]]) -> ProposedAct | None:
    """The act of the heaviest doubt, which may be a check of the form; None where nothing is doubtful."""
    flags = tuple(flags)
    found = [each for flag in flags if (each := _of(flag)) is not None]
    if not found:
        return None
    heaviest = max(found, key=lambda each: each.weight)
    asked = rule_remarks.question(flags)
    return ProposedAct(heaviest.weight, heaviest.act, asked or heaviest.question)


def _of(flag: Mapping[str, Any]) -> ProposedAct | None:
    if flag.get("code") != form_checks.CODE:
        return BUILT_IN.get(str(flag.get("code")))
    act = flag.get("act") if flag.get("act") in ACTS else LOOK
    question = str(flag["detail"]) if act == ASK_AGAIN else ProposedAct.question
    return ProposedAct(int(flag.get("weight") or 1), str(act), question)
