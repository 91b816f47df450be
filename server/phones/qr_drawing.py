"""A text as a QR code: drawn for a page, or a picture for paper."""

import io
from typing import Any

import segno


def qr_svg(text: str) -> str:
    """A QR code as an SVG element that fills what it stands in: with a viewBox, else styles would cut it off."""
    drawn: str = _qr(text).svg_inline(omitsize=True)
    return drawn


def qr_png(text: str, *, pixels: int = 6) -> bytes:
    """A QR code as a PNG picture, so many pixels a module."""
    out = io.BytesIO()
    _qr(text).save(out, kind="png", scale=pixels)
    return out.getvalue()


_MASK = 0
"""Which of the eight masks lies over a code: packed text is as good as random, so that none is better than another,
and trying them all takes ten times as long as all the rest (300 codes: 9 s)."""


def _qr(text: str) -> Any:
    # medium correction: codes are printed, folded and scanned off paper
    return segno.make_qr(text, error="m", mask=_MASK)
