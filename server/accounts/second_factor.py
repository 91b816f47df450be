"""The code from an authenticator app (TOTP): its secret, its QR code, and whether a code is right, once."""

import re
from urllib.parse import quote, urlencode

import segno
import sqlalchemy as sa
from flask import current_app
from passlib.exc import TokenError
from passlib.totp import TOTP

from server import clock, sealed_secrets
from server.db import db
from server.models import Person
from server.settings import Settings

ISSUER = "Từng Nhà"
_WINDOW_SECONDS = 30
"""How far a phone's clock may be off, either way."""
_CODE = re.compile(r"[0-9]{6}")


def new_secret() -> str:
    """A secret as authenticator apps take it: base32, 160 bits."""
    return str(TOTP.new().base32_key)


def pretty(secret: str) -> str:
    """The secret in groups of four, for people who cannot scan."""
    return " ".join(secret[i : i + 4] for i in range(0, len(secret), 4))


def qr_svg(username: str, secret: str) -> str:
    """The QR code that an authenticator app scans, as SVG without styles."""
    label = quote(f"{ISSUER}:{username}")
    address = f"otpauth://totp/{label}?{urlencode({'secret': secret, 'issuer': ISSUER})}"
    return str(
        segno.make_qr(address, error="m").svg_inline(border=3, dark="#000", light="#fff", omitsize=True)
    )


def counter_of(secret: str, code: str, after: int | None = None) -> int | None:
    """The step at which this code is the right one; None where it is wrong, or not later than `after`."""
    digits = re.sub(r"\s", "", code)
    if not _CODE.fullmatch(digits):
        return None
    try:
        match = TOTP(secret, format="base32").match(
            digits, time=clock.now(), window=_WINDOW_SECONDS, last_counter=after
        )
    except TokenError:
        return None
    return int(match.counter)


def take(person: Person, code: str) -> bool:
    """Whether the code is the person's, and nobody has used it or a later one. The caller commits."""
    if person.totp_sealed is None:
        return False
    counter = counter_of(sealed_secrets.unseal(person.totp_sealed), code, person.totp_counter)
    if counter is None:
        return False
    unused = sa.or_(Person.totp_counter.is_(None), Person.totp_counter < counter)
    update = sa.update(Person).where(Person.id == person.id, unused).values(totp_counter=counter)
    return bool(db.session.execute(update).rowcount == 1)  # type: ignore[attr-defined]


def keep(person: Person, secret: str, counter: int) -> None:
    """Ask the person for codes of this secret from now on. The caller commits."""
    person.totp_sealed = sealed_secrets.seal(secret)
    person.totp_counter = counter


def drop(person: Person) -> None:
    """Ask for no code until they set up another app. The caller commits."""
    person.totp_sealed = None
    person.totp_counter = None


def is_due(person: Person) -> bool:
    """Whether a person has to set up an app before anything else."""
    settings: Settings = current_app.config["SETTINGS"]
    asked = set() if settings.demo else set(settings.second_factor.split())
    return person.totp_sealed is None and any(role.name in asked for role in person.roles)
