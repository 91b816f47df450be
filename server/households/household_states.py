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


SAMPLED = "mẫu"
"""How phones mark a household that was drawn for a sample and is to be asked: typed, it is a list of its own."""


def shown_on_phones(
    label: str,
    data: Mapping[str, str],
    *,
    ended: bool,
    remark: str = "",
    away: str = "",
    appointment: str = "",
    sampled: str = "",
    area: str = "",
    year: str = "",
) -> str:
    """What a collector reads in the list: the label, what came of the last visit and when, what they are told there.

    `away` is what there is to say of one where nobody was at home, `appointment` when they want to be visited,
    `sampled` the mark of one that is to be asked for a sample, `area` whose part of the thôn it is in, where it is
    another one's. A day of another year than `year` is told with its own: last year's visit is no visit of this one.
    """
    told = () if ended else (sampled, appointment and f"hẹn {appointment}", remark and f"nhắn: {remark}")
    if any(told) or area:
        done = shown_on_phones(label, data, ended=ended, away=away, year=year)
        done = done.removeprefix("✓ ") if any(told) else done
        return " ".join((done, *(f"[{each}]" for each in (*told, area) if each)))
    day = data.get("ngay_cuoi") or ""
    when = f" {day[8:10]}/{day[5:7]}" if len(day) == len("2026-11-24") else ""
    when += f"/{day[:4]}" if when and year and day[:4] != year else ""
    state, result = data.get("tinh_trang") or NOT_VISITED, data.get("ket_qua")
    if ended:
        return f"{label} ({WORDS[MOVED]})"
    if result == MOVED and state != MOVED:
        return f"{label} (báo đã chuyển{when})"
    if state == NOT_VISITED or state not in WORDS:
        return label
    if state == AWAY and away:
        return f"{label} ({away})"
    return f"{'✓ ' if state == MET else ''}{label} ({WORDS[state]}{when})"


def place_in_list(
    data: Mapping[str, str],
    *,
    ended: bool,
    remark: str = "",
    is_closed: bool = False,
    is_due: bool = False,
    is_sampled: bool = False,
) -> int:
    """Where a household stands in the list on phones: first those who are still to be met, last those who moved.

    Before all others those who `is_due`: they want to be visited today; then those of a sample (`is_sampled`); after
    those to be met what `is_closed`.
    """
    order = (*TO_WORK_THROUGH[:-1], CLOSED, MET, MOVED)
    if (is_due or is_sampled) and not ended:
        return -2 if is_due else -1
    state = MOVED if ended else NOT_VISITED if remark else data.get("tinh_trang") or NOT_VISITED
    if is_closed and state == AWAY:
        state = CLOSED
    return order.index(state) if state in order else 0


def word(state: str | None) -> str:
    """The word for a state; nobody has been where there is none, and a state without a word is told as it is."""
    return WORDS.get(state or NOT_VISITED, state or "")


def result_word(result: str | None) -> str:
    """What came of a visit, in the words of the state it leaves; "" where it says nothing."""
    return "" if result is None else word(OF_RESULT.get(result, result))
