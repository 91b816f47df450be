"""Passwords that people choose and that the server makes: what is asked of them, how they are compared and kept."""

import datetime as dt
import functools
import secrets
import string
import unicodedata

from flask import current_app
from flask_security.utils import hash_password, verify_password

from server import clock
from server.models import Person
from server.settings import Settings

ALONE = 14
"""Characters of a password that is all there is, of all four kinds (level 2 of TCVN 14423, docs/security.md)."""
WITH_CODE = 8
"""Characters of a password that a code from an authenticator app stands beside."""
LONGEST = 128
_LONGEST_COMPARED = 1_000
"""Far more than any has, also of those that an administrator gave; what compares them refuses 4,097 as its defect."""

_ALPHABET = "".join(sorted({*string.ascii_letters, *string.digits} - {*"Il1O0"}))
"""Without those that look alike on paper: made passwords are read there and typed."""
_FEWEST_DIFFERENT = 5


def made() -> str:
    """16 letters and digits: about 93 bits."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(16))


def hashed(password: str) -> str:
    """As the database keeps it."""
    return str(hash_password(_normal(password)))


def may_be_one(tried: str) -> bool:
    """Whether somebody's password can be what is tried: one of megabytes is not even compared."""
    return len(tried) <= _LONGEST_COMPARED and len(_normal(tried)) <= _LONGEST_COMPARED


def matches(person: Person | None, password: str) -> bool:
    """Whether this is the person's password. For nobody it takes as long to say no: no wait tells who exists."""
    if not may_be_one(password):
        return False
    kept = person.password if person is not None else _nobodys()
    return bool(verify_password(_normal(password), kept)) and person is not None


@functools.cache
def _nobodys() -> str:
    """The hash of a password that nobody has."""
    return hashed(made())


def faults(person: Person, new: str) -> list[str]:
    """What is wrong with a password that a person wants, a sentence each; none where they may have it."""
    found = []
    fewest = WITH_CODE if person.totp_sealed else ALONE
    if len(new) < fewest:
        found.append(f"Mật khẩu cần ít nhất {fewest} ký tự; mật khẩu này có {len(new)}.")
    if len(new) > LONGEST:
        found.append(f"Mật khẩu dài quá {LONGEST} ký tự.")
    missing = [] if person.totp_sealed else _missing(new)
    if missing:
        found.append(f"Mật khẩu còn thiếu {', '.join(missing)}.")
    if len(set(new)) < _FEWEST_DIFFERENT:
        found.append("Mật khẩu lặp lại quá ít ký tự khác nhau.")
    if person.username in new.casefold():
        found.append("Mật khẩu không được chứa tên đăng nhập.")
    if matches(person, new):
        found.append("Mật khẩu mới phải khác mật khẩu đang dùng.")
    return found


def choose(person: Person, new: str) -> None:
    """Take a password that the person themselves has chosen. The caller has looked at `faults`, and commits."""
    person.password = hashed(new)
    person.must_change = False
    person.password_changed_at = clock.now()


def give(person: Person) -> str:
    """A password for one use, to be told once: the first thing it opens is the page to change it."""
    password = made()
    person.password = hashed(password)
    person.must_change = not _settings().demo
    person.password_changed_at = clock.now()
    return password


def is_due(person: Person) -> bool:
    """Whether a person has to change their password before anything else."""
    settings = _settings()
    if settings.demo:
        return False
    days = settings.admin_password_days
    is_admin = any(role.name == "admin" for role in person.roles)
    changed = person.password_changed_at or person.created_at
    is_old = is_admin and days and changed + dt.timedelta(days=days) <= clock.now()
    return person.must_change or bool(is_old)


def _missing(password: str) -> list[str]:
    kinds = {
        "chữ thường": any(letter.islower() for letter in password),
        "chữ hoa": any(letter.isupper() for letter in password),
        "chữ số": any(letter.isdigit() for letter in password),
        "dấu câu hoặc dấu cách": any(not letter.isalnum() for letter in password),
    }
    return [kind for kind, is_there in kinds.items() if not is_there]


def _normal(password: str) -> str:
    """Phones and keyboards send one Vietnamese letter in two ways; Flask-Security compares this form of it."""
    return unicodedata.normalize("NFKD", password)


def _settings() -> Settings:
    found: Settings = current_app.config["SETTINGS"]
    return found
