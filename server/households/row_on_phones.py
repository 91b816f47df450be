"""What a household's row says in the list on phones, and where in that list it stands."""

from collections.abc import Mapping

from server.households.household_states import (
    AWAY,
    CLOSED,
    MET,
    MOVED,
    NOT_VISITED,
    TO_WORK_THROUGH,
    WORDS,
)

SAMPLED = "mẫu"
"""How phones mark a household that was drawn for a sample and is to be asked: typed, it is a list of its own."""


def told(
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
    marks = () if ended else (sampled, appointment and f"hẹn {appointment}", remark and f"nhắn: {remark}")
    if any(marks) or area:
        done = told(label, data, ended=ended, away=away, year=year)
        done = done.removeprefix("✓ ") if any(marks) else done
        return " ".join((done, *(f"[{each}]" for each in (*marks, area) if each)))
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
