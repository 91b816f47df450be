"""What a household's state is called and how it is coloured: the one owner, for pages, filters, files and phones."""

from collections.abc import Mapping

NOT_VISITED = "chua_tham"
MET = "da_gap"
AWAY = "vang"
REFUSED = "tu_choi"
REVISIT = "tham_lai"
"""Split since it was last met: who lives there now has to be asked again (R4)."""
MOVED = "da_chuyen"

WORDS: Mapping[str, str] = {
    NOT_VISITED: "chưa đến",
    MET: "đã gặp",
    AWAY: "vắng nhà",
    REFUSED: "từ chối",
    REVISIT: "cần thăm lại",
    MOVED: "đã chuyển đi",
}
"""State (`tinh_trang`) → its word."""

OF_RESULT: Mapping[str, str] = {"gap": MET, "vang": AWAY, "tu_choi": REFUSED, "da_chuyen": MOVED}
"""Visit result (`ket_qua`) → what the household's row on the phone says of it."""

SAYS_MOVED = "bao_chuyen"
"""What came of a visit that says the household moved, which no officer has agreed to: a proposal, no state. It
stays what its other visits made of it, and can be chosen on phones."""

COLOURS: Mapping[str, str] = {
    NOT_VISITED: "#9e9e9e",
    MET: "#2e7d32",
    REVISIT: "#0277bd",
    AWAY: "#f9a825",
    REFUSED: "#6d4c41",
    MOVED: "#455a64",
}
"""Marker colours on the phone's map (E5)."""

CLOSED = "thu_du"
"""No state but a list of its own: absent, and tried often enough (next_try)."""

TO_WORK_THROUGH = (NOT_VISITED, AWAY, REVISIT, REFUSED, MET)
"""The lists of a thôn, in the order in which a team works through them; who moved away is in none."""

GONE, MERGED, REJECTED, WITHDRAWN = "gone", "merged", "rejected", "withdrawn"
ENDS: Mapping[str, str] = {
    GONE: "không còn ở thôn",
    MERGED: "đã gộp vào hộ khác",
    REJECTED: "không còn phiếu đăng ký nào được tính",
    WITHDRAWN: "thuộc danh sách đã hoàn tác",
}
"""Why a household is off the list."""


def word(state: str | None) -> str:
    """The word for a state; nobody has been where there is none, and a state without a word is told as it is."""
    return WORDS.get(state or NOT_VISITED, state or "")


def result_word(result: str | None) -> str:
    """What came of a visit, in the words of the state it leaves; "" where it says nothing."""
    return "" if result is None else word(OF_RESULT.get(result, result))
