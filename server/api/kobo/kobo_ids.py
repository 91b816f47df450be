"""Kobo's ids: a letter that says what it is, then letters and digits; worked out from what the thing is called here.

robotoolbox refuses others before it asks anything: `a` or `v` with 21 more. They are the same on every day and on every
server, and after a backup is restored.
"""

import functools
import hashlib
import string

from server.models import Form, FormVersion

_LETTERS = string.digits + string.ascii_uppercase + string.ascii_lowercase
LENGTH = 21
"""Letters after the first: 125 bits."""


def uid(prefix: str, *parts: object) -> str:
    """The id of what these parts name: `a` for forms, `v` versions, `att` files of submissions, `e` exports …"""
    said = "\n".join([prefix, *map(str, parts)]).encode()
    number = int.from_bytes(hashlib.sha256(said).digest(), "big")
    letters = []
    for _ in range(LENGTH):
        number, place = divmod(number, len(_LETTERS))
        letters.append(_LETTERS[place])
    return prefix + "".join(letters)


def of_form(form: Form) -> str:
    """An asset's id."""
    return uid("a", form.form_id)


@functools.lru_cache(1024)
def of_version(form_id: str, version: str) -> str:
    """A version's id, by the form's own id and the version as it is written in submissions."""
    return uid("v", form_id, version)


def of_form_version(version: FormVersion) -> str:
    """The id of a version that was published."""
    return of_version(version.form.form_id, version.version)


@functools.lru_cache(1024)
def uuid_of_form(form_id: str) -> str:
    """The 32 hexadecimal digits that Kobo calls `formhub/uuid`."""
    return hashlib.md5(f"form\n{form_id}".encode(), usedforsecurity=False).hexdigest()
