"""Times and numbers as working pages write them."""

import datetime as dt

from server.clock import LOCAL


def moment(value: dt.datetime) -> str:
    """`07:05 22/11/2026` in UTC+7."""
    return f"{value.astimezone(LOCAL):%H:%M %d/%m/%Y}"


def day(value: dt.date) -> str:
    """`22/11/2026`; of a moment its local day."""
    return f"{value.astimezone(LOCAL) if isinstance(value, dt.datetime) else value:%d/%m/%Y}"


def number(value: int) -> str:
    """`1.234`"""
    return f"{value:,}".replace(",", ".")


def sentence_case(text: str) -> str:
    """With a capital first letter; the rest stays as it is."""
    return text[:1].upper() + text[1:]
