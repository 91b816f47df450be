"""Numbers, days, moments and sentences as Vietnamese readers write them, on pages, in files and by commands."""

import datetime as dt
from decimal import Decimal

LOCAL = dt.timezone(dt.timedelta(hours=7))
"""Việt Nam keeps UTC+7 the year round; days, weeks and deadlines are local."""


def number(value: int | Decimal) -> str:
    """`1.234,5`: dots between thousands, a decimal comma; the value as it is, never rounded."""
    return f"{value:,}".translate(str.maketrans(",.", ".,"))


def day(value: dt.date) -> str:
    """`22/11/2026`; of a moment its local day."""
    return f"{value.astimezone(LOCAL) if isinstance(value, dt.datetime) else value:%d/%m/%Y}"


def moment(value: dt.datetime) -> str:
    """`07:05 22/11/2026` in UTC+7."""
    return f"{value.astimezone(LOCAL):%H:%M %d/%m/%Y}"


def sentence(text: str) -> str:
    """With a capital first letter; the rest stays as it is."""
    return text[:1].upper() + text[1:]
