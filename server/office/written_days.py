"""Days as addresses, forms and commands write them: 2026-11-22; whatever else stands there is a problem."""

import datetime as dt

from server.errors import CommonProblem, Problem


def day(text: str | None) -> dt.date | None:
    """None where nothing was written; Problem DAY_UNREADABLE where it is no day."""
    written = (text or "").strip()
    try:
        return dt.date.fromisoformat(written) if written else None
    except ValueError as error:
        raise Problem(CommonProblem.DAY_UNREADABLE, day=written[:40]) from error
