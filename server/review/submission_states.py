"""What a submission's state is called: the one owner of these words, for pages, filters, files and the audit."""

from collections.abc import Mapping

RECEIVED = "received"
HAS_ISSUES = "has_issues"
APPROVED = "approved"
REJECTED = "rejected"

WORDS: Mapping[str, str] = {
    RECEIVED: "đã nhận",
    HAS_ISSUES: "cần xem lại",
    APPROVED: "đã duyệt",
    REJECTED: "không nhận",
}
"""State → its word."""


def word(state: str) -> str:
    """The word for a state, and the state itself for one that has none."""
    return WORDS.get(state, state)


ASIDE = "chờ xem xét"
"""Set aside: it counts nowhere until a person decides."""
REPLACED = "đã có bản sửa"


def whole_word(state: str, *, is_aside: bool, is_replaced: bool) -> str:
    """What became of a submission: replaced by an edit, set aside until somebody decides, or as it was decided."""
    if is_replaced:
        return REPLACED
    return ASIDE if is_aside and state != REJECTED else word(state)
