"""What second visits found, in one sentence for the commune's page, the report and the officers' page."""

import datetime as dt
from decimal import ROUND_FLOOR, Decimal

from geo.backcheck_agreement import AgreementShare, QuestionKind
from geo.funnel_limits import FEWEST
from server.backchecks import pairs
from server.backchecks.pairs import AgreementFound
from server.models import Commune

_TENTH = Decimal("0.1")


def told(commune: Commune, start: dt.date, end: dt.date) -> str:
    """The sentence of a commune from one day to another, "" where nothing was drawn."""
    return sentence(pairs.found(pairs.drawn_between(commune, start, end)))


def sentence(found: AgreementFound) -> str:
    """`Phúc tra: gặp lại 52 hộ; 50/52 lần đến được xác nhận (96,1 %, …)`; "" where nothing was drawn.

    It names no household, no thôn and no member, so everybody may read it.
    """
    if not found.drawn:
        return ""
    if not found.is_enough:
        return (
            f"Phúc tra: đã bốc thăm {found.drawn} lần đến, mới gặp lại {found.met_again} hộ; cần ít nhất {FEWEST} hộ "
            "bốc ngẫu nhiên mới nói được tỷ lệ."
        )
    confirmed = found.confirmed
    parts = [
        f"Phúc tra: gặp lại {found.met_again} hộ; {confirmed.agreeing}/{confirmed.of} lần đến bốc ngẫu nhiên được xác "
        f"nhận ({share(confirmed)})"
    ]
    for kind, words in (
        (QuestionKind.FIXED, "điều không thể đổi khớp"),
        (QuestionKind.CHANGING, "điều có thể đã đổi khớp"),
    ):
        own = found.kinds.get(kind)
        parts += [f"{words} {percent(own.agreeing / own.of)}"] if own else []
    return "; ".join(parts) + "."


def share(found: AgreementShare) -> str:
    """`96,1 %, khoảng tin cậy 95 %: 87,0–98,9 %`; "" where nothing was compared."""
    if not found.of or found.interval is None:
        return ""
    low, high = found.interval
    return f"{percent(found.agreeing / found.of)}, khoảng tin cậy 95 %: {interval(low, high)}"


def interval(low: float, high: float) -> str:
    """`87,0–98,9 %`, of shares from 0 to 1."""
    return f"{percent(low)[:-2]}–{percent(high)}"


def percent(value: float) -> str:
    """A share from 0 to 1 as `96,1 %`, cut to one decimal as everywhere (R7)."""
    # what a float falls short of its tenth by is no reason to cut a tenth off
    tenths = (Decimal(str(round(100 * value, 9)))).quantize(_TENTH, ROUND_FLOOR)
    return f"{tenths}\N{NO-BREAK SPACE}%".replace(".", ",")
