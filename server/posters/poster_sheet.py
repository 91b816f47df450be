"""The posters on paper: one A4 page each, with a code large enough for a hand's length; HTML or PDF."""

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from markupsafe import Markup

from server.db import db, in_vietnamese_order
from server.models import Commune, Form, Poster
from server.phones import qr_drawing, qr_sheet

MOST = 200
"""Posters that are drawn at once: every thôn of the largest commune, and its counters."""


_POSTERS = qr_sheet.PrintedSheet("Áp phích", "office/poster_pages_printed.html", "css/poster_sheet.css")


@dataclass(frozen=True)
class PrintedPoster:
    """What stands on one page."""

    title: str
    label: str
    is_of_thon: bool
    code: Markup
    """The QR code, drawn to fill what it stands in."""
    address: str
    """What is typed where a phone cannot scan, without the scheme."""
    purpose: str
    ends_on: dt.date | None


def pages(commune: Commune, only: Sequence[int], base_url: str) -> list[PrintedPoster]:
    """These posters of a commune, by form and place; what takes no more answers is left out."""
    return _pages(commune, only, base_url, lambda text: Markup(qr_drawing.qr_svg(text)))  # noqa: S704 - drawn by us


def pdf(commune: Commune, only: Sequence[int], base_url: str) -> bytes:
    """The same as PDF. Raises qr_sheet.NoPdf where the libraries of the system that draw it are not there."""
    found = _pages(commune, only, base_url, lambda text: qr_sheet.picture(text, pixels=12))
    return qr_sheet.drawn(_POSTERS, commune, pages=found)


def _pages(
    commune: Commune, only: Sequence[int], base_url: str, drawing: Callable[[str], Markup]
) -> list[PrintedPoster]:
    query = (
        sa.select(Poster, Form.title, Form.purpose)
        .join(Form, Form.id == Poster.form_id)
        .where(Poster.commune_id == commune.id, Poster.id.in_(only))
        .order_by(in_vietnamese_order(Form.title), Poster.village_id.is_(None), Poster.id)
        .limit(MOST)
    )
    return [
        PrintedPoster(
            row.title, row.Poster.label, row.Poster.village_id is not None, drawing(address(row.Poster.code, base_url)),
            address(row.Poster.code, base_url).partition("://")[2], row.purpose or "", row.Poster.ends_on,
        )
        for row in db.session.execute(query)
    ]  # fmt: skip


def address(code: str, base_url: str) -> str:
    """What a poster's code opens."""
    return f"{base_url.rstrip('/')}/khao-sat/{code}"
