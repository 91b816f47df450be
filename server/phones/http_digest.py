"""HTTP Digest as phones speak it: RFC 2617, MD5, qop=auth; nonces that need no memory (C10)."""

import datetime as dt
import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from flask import current_app
from itsdangerous import BadSignature, TimestampSigner

from server import clock
from server.sealed_secrets import key_for

REALM = "tungnha"
LIFETIME = dt.timedelta(hours=2)
"""How long a nonce is good. A phone then asks once more; a shorter time would cost a round trip each."""

_EXTENSION = "tungnha.nonces"
_FIELDS = ("username", "realm", "nonce", "uri", "qop", "nc", "cnonce", "response")


class Nonces(TimestampSigner):
    """Nonces that carry their age and our signature: any process can check what another handed out."""

    def get_timestamp(self) -> int:
        return int(clock.now().timestamp())


@dataclass(frozen=True)
class DigestAnswer:
    """What a client puts into `Authorization: Digest …`."""

    username: str
    realm: str
    nonce: str
    uri: str
    qop: str
    nc: str
    cnonce: str
    response: str

    def proves(self, ha1: str, method: str) -> bool:
        """Whether it was made by someone who knows the password, for this method and this `uri`."""
        ha2 = _md5(f"{method}:{self.uri}")
        expected = _md5(":".join((ha1, self.nonce, self.nc, self.cnonce, self.qop, ha2)))
        return hmac.compare_digest(expected.encode(), self.response.lower().encode())

    def is_for(self, target: str, prefix: str) -> bool:
        """Whether it was made for the request's target, query included.

        `prefix` is what a proxy took off in front of us: the client's uri has it, our target may not.
        """
        asked = _path_and_query(self.uri)
        return asked in (_path_and_query(target), _path_and_query(prefix + target))


def read(parameters: Mapping[str, str | None], algorithm: str | None) -> DigestAnswer | None:
    """The parameters of the header as an Answer; None where one is missing or of a kind we do not offer."""
    values = {name: parameters.get(name) or "" for name in _FIELDS}
    if not all(values.values()) or (algorithm or "MD5").upper() != "MD5":
        return None
    if values["realm"] != REALM or values["qop"] != "auth":
        return None
    return DigestAnswer(**values)


def ha1(username: str, password: str) -> str:
    """MD5(username:realm:password): all that the server needs to know of a password (C10)."""
    return _md5(f"{username}:{REALM}:{password}")


def challenge(*, stale: bool = False) -> str:
    """The value of `WWW-Authenticate` for a client that has to prove who it is."""
    nonce = _nonces().sign(secrets.token_urlsafe(9)).decode()
    opaque = hashlib.sha256(REALM.encode()).hexdigest()[:32]
    end = ", stale=true" if stale else ""
    return f'Digest realm="{REALM}", qop="auth", nonce="{nonce}", opaque="{opaque}", algorithm=MD5{end}'


def is_fresh(nonce: str) -> bool:
    """Whether we handed out this nonce, less than LIFETIME ago."""
    try:
        _nonces().unsign(nonce, max_age=int(LIFETIME.total_seconds()))
    except BadSignature:
        return False
    return True


def _nonces() -> Nonces:
    found: Nonces | None = current_app.extensions.get(_EXTENSION)
    if found is None:
        found = Nonces(key_for("digest nonces"), salt="nonce", digest_method=hashlib.sha256)
        current_app.extensions[_EXTENSION] = found
    return found


def _path_and_query(uri: str) -> str:
    """The path and query of a request target, percent signs resolved: proxies write them anew as they like."""
    try:
        parts = urlsplit(uri)
    except ValueError:
        return uri
    return unquote(f"{parts.path}?{parts.query}")


def _md5(text: str) -> str:
    return hashlib.md5(text.encode("utf-8", "replace"), usedforsecurity=False).hexdigest()
