"""The A4 sheet of QR codes to cut apart: name, thôn, code and the steps, five collectors a page; HTML or PDF."""

import base64
import contextvars
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from flask import current_app, render_template
from markupsafe import Markup

from geo.vietnamese_order import sort_key
from server.models import Collector, Commune
from server.phones import app_settings, collectors, qr_drawing
from server.places import communes

HOST = "http://sheet.invalid"
"""Stands for this server while a PDF is drawn; nothing is asked of any other."""


class NoPdf(Exception):
    """PDF cannot be made here; the message is one Vietnamese sentence."""


@dataclass(frozen=True)
class PrintedSheet:
    """What is printed of a page: its title, the template of its body, and the styles of both."""

    title: str
    sheet: str
    styles: str


QR_CARDS = PrintedSheet("Tờ mã QR", "office/qr_cards.html", "css/qr_sheet.css")


@dataclass(frozen=True)
class Card:
    """What one collector takes home; `server` is what is typed where a phone cannot scan."""

    name: str
    villages: str
    code: Markup
    """The QR code for ODK Collect, drawn to fill what it stands in."""
    web: Markup
    """The QR code that a camera opens: the form in the browser."""
    server: str
    username: str
    password: str
    unlock: str
    project: str
    """What the app calls it once the code is scanned."""
    number: int
    """Which code of theirs it is: after a change the phone may still hold the project of the one before."""


Drawing = Callable[[str], Markup]
"""Draws the QR code of a text."""


def cards(found: Sequence[Collector], base_url: str) -> list[Card]:
    """A card for each who is not revoked, by thôn and name; the codes are those they have."""
    return _cards(found, base_url, _vector)


def ordered(found: Sequence[Collector]) -> list[Collector]:
    """Those who are not revoked in the order of their cards: by thôn and name."""
    own = [collector for collector in found if collector.revoked_at is None]
    called = communes.called(own[0].commune) if own else {}
    return sorted(own, key=lambda each: (sort_key(collectors.places(each, called)), sort_key(each.name)))


def _cards(found: Sequence[Collector], base_url: str, drawing: Drawing) -> list[Card]:
    own = ordered(found)
    projects, numbers = app_settings.project_names(own), app_settings.code_numbers(own)
    called = communes.called(own[0].commune) if own else {}
    return [
        _card(each, collectors.places(each, called), base_url, projects[each.id], numbers[each.id], drawing)
        for each in own
    ]


def _vector(text: str) -> Markup:
    return Markup(qr_drawing.qr_svg(text))  # noqa: S704 - drawn by us


def picture(text: str, pixels: int = 3) -> Markup:
    """The same as dots: a path of thousands of corners costs the writer of PDF more than a page of text."""
    dots = base64.b64encode(qr_drawing.qr_png(text, pixels=pixels)).decode()
    return Markup('<img alt="" src="data:image/png;base64,{}">').format(dots)


def _card(
    collector: Collector, villages: str, base_url: str, project: str, number: int, drawing: Drawing
) -> Card:
    return Card(
        collector.name,
        villages,
        drawing(app_settings.qr_text(collector, base_url, project)),
        drawing(app_settings.web_form_url(collector, base_url)),
        base_url.rstrip("/"),
        collector.username,
        collectors.password(collector),
        app_settings.admin_password(collector),
        project,
        number,
    )


def pdf(commune: Commune, found: Sequence[Collector], base_url: str) -> bytes:
    """The sheet as PDF. Raises NoPdf where the libraries of the system that draw it are not there."""
    codes = _cards(found, base_url, picture)
    return drawn(QR_CARDS, commune, cards=codes)


def drawn(printed: PrintedSheet, commune: Commune, **given: object) -> bytes:
    """A sheet of a commune as PDF. Raises NoPdf where the libraries of the system that draw it are not there."""
    try:
        from weasyprint import HTML  # noqa: PLC0415 (needs Pango, and a second to load)
        from weasyprint.urls import URLFetcher, URLFetcherResponse  # noqa: PLC0415
    except OSError as error:
        raise NoPdf("Máy chủ chưa có thư viện Pango để tạo PDF; hãy in từ trang web.") from error

    class OurFiles(URLFetcher):
        """Styles and fonts as browsers get them, from this application and nowhere else."""

        def fetch(self, url: str, headers: object = None) -> object:
            parts = urlsplit(url)
            if parts.scheme == "data":
                return super().fetch(url, headers)
            if not url.startswith(f"{HOST}/static/"):
                raise ValueError(f"not ours: {url}")
            answer = contextvars.Context().run(client.get, parts.path)
            return URLFetcherResponse(url, answer.data, {"Content-Type": answer.content_type})

    client = current_app.test_client()
    page = render_template("office/printed_sheet.html", **vars(printed), commune=commune, **given)
    written: bytes = HTML(string=page, base_url=HOST, url_fetcher=OurFiles()).write_pdf()
    return written


def is_near(host: str) -> bool:
    """Whether an address is this machine's own, which no phone can reach."""
    return host.partition(":")[0] in ("localhost", "127.0.0.1") or host.startswith("[::1]")
