"""How the app on a collector's phone is set up: its settings, its project's name, and the text of the QR code."""

import base64
import hmac
import json
import zlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from geo.plain_words import words
from server.db import db
from server.models import Collector, Commune, OldKey
from server.phones.collectors import places, token
from server.places import communes
from server.sealed_secrets import key_for

GENERAL: dict[str, Any] = {
    "form_update_mode": "match_exactly",
    "periodic_form_updates_check": "every_one_hour",  # every 15 minutes, the default, is four times the load
    "hide_old_form_versions": True,
    "autosend": "wifi_and_cellular",
    "delete_send": False,
    "image_size": "medium",
    "high_resolution": False,
    "guidance_hint": "yes_collapsed",
    "app_language": "vi",
    "analytics": False,
}
"""Settings of the app that differ from its defaults or must not drift from them (C60)."""

LOCKED = (
    "change_server", "change_project_display", "form_update_mode", "periodic_form_updates_check",
    "change_autosend", "delete_after_send", "delete_saved", "get_blank", "image_size", "high_resolution",
    "change_form_metadata", "analytics", "change_app_language",
)  # fmt: skip
"""What a collector cannot change without the administrator's password of their phone (C61)."""


def server_url(collector: Collector, base_url: str) -> str:
    """What their phone has as the server's URL; `base_url` is the outside address of this server (C1)."""
    return f"{base_url.rstrip('/')}/key/{token(collector)}"


def web_form_url(collector: Collector, base_url: str) -> str:
    """Where their form in the browser opens; the code stands in the fragment, which is never sent."""
    return f"{base_url.rstrip('/')}/phieu/#ma={token(collector)}"


def admin_password(collector: Collector) -> str:
    """Six digits that unlock the settings of their phone; they follow from their token, so a new code has new ones."""
    mark = hmac.digest(key_for("phone settings"), token(collector).encode(), "sha256")
    return f"{int.from_bytes(mark[:8], 'big') % 1_000_000:06d}"


def qr_text(collector: Collector, base_url: str, project: str = "") -> str:
    """The text of their QR code: what their phone's app is set to, and what is locked (C59–C61).

    `project` is what `project_names` says; a sheet of many codes asks for all of them at once.
    """
    settings = {
        "general": {"server_url": server_url(collector, base_url), **GENERAL},
        "admin": {"admin_pw": admin_password(collector), **dict.fromkeys(LOCKED, False)},
        "project": {
            "name": project or project_names([collector])[collector.id], "icon": "🏠", "color": "#0a7d4f",
        },
    }  # fmt: skip
    return packed(settings)


def packed(settings: Mapping[str, Any]) -> str:
    """Settings of a project as the app reads them from a QR code: base64 of the zlib-packed JSON (C59)."""
    written = json.dumps(settings, ensure_ascii=False, separators=(",", ":")).encode()
    return base64.b64encode(zlib.compress(written, 9)).decode()


def project_names(asked: Sequence[Collector]) -> dict[int, str]:
    """What the app calls the project of each of these collectors of one commune, by their keys.

    A phone that holds two projects of a commune tells them apart: the person's name, where two have one name (but for
    marks and signs) their thôn too (their user names where these are alike as well), and after a change of the code
    which one it is. Where a name itself says what another project adds to a name, both have the user name.
    """
    if not asked:
        return {}
    commune = asked[0].commune
    others = db.session.scalars(sa.select(Collector).where(Collector.commune_id == commune.id)).all()
    named: dict[str, list[Collector]] = {}
    for each in others:
        named.setdefault(_letters(each.name), []).append(each)
    codes, called = _codes(commune), communes.called(commune)

    def project(each: Collector, *, by_username: bool = False) -> str:
        namesakes = named[_letters(each.name)]
        return _project(each, namesakes, codes.get(each.id, 1), called, by_username=by_username)

    def alike(each: Collector) -> bool:
        own = _letters(project(each))
        return any(_letters(project(other)) == own for other in _begun_alike(each, named))

    return {each.id: project(each, by_username=alike(each)) for each in asked}


def _letters(text: str) -> str:
    """What tells two names apart on a phone: letters and digits, without marks, signs and spaces."""
    return words(text).replace(" ", "")


def _begun_alike(collector: Collector, named: Mapping[str, Sequence[Collector]]) -> Iterator[Collector]:
    """Those whose longer or shorter name begins as this collector's: what one adds may be the other's name."""
    own = _letters(collector.name)
    for letters, found in named.items():
        if letters != own and (letters.startswith(own) or own.startswith(letters)):
            yield from found


def code_numbers(asked: Sequence[Collector]) -> dict[int, int]:
    """Which code each of these collectors of one commune has now, the first being 1."""
    codes = _codes(asked[0].commune) if asked else {}
    return {each.id: codes.get(each.id, 1) for each in asked}


def _codes(commune: Commune) -> dict[int, int]:
    query = (
        sa.select(OldKey.collector_id, sa.func.count() + 1)
        .join(Collector, Collector.id == OldKey.collector_id)
        .where(Collector.commune_id == commune.id)
        .group_by(OldKey.collector_id)
    )
    rows: Sequence[Any] = db.session.execute(query).all()
    return dict(rows)


def _project(
    collector: Collector,
    namesakes: Sequence[Collector],
    number: int,
    called: Mapping[str, str],
    *,
    by_username: bool,
) -> str:
    own = places(collector, called)
    beside = [each for each in namesakes if each.id != collector.id]
    apart = f", {own}" if beside else ""
    if by_username or (beside and (not own or any(places(each, called) == own for each in beside))):
        apart = f", {collector.username}"
    return f"{collector.commune.name} – {collector.name}{apart}{f' (mã {number})' if number > 1 else ''}"
