"""Texts in code, as JavaRosa reads and makes them: hashes, Base64, and what bears an Ed25519 signature."""

import hashlib
from base64 import b64encode
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from forms.engine.java_values import Mismatch, to_text

_ALGORITHMS = {"MD5": "md5", "SHA-1": "sha1", "SHA-256": "sha256", "SHA-384": "sha384", "SHA-512": "sha512"}
_LETTERS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_VALUES = {letter: value for value, letter in enumerate(_LETTERS)} | {ord("="): 0}
_SIGNATURE, _KEY = 64, 32
"""Bytes of an Ed25519 signature and of a public key (RFC 8032)."""


def digest(text: Any, algorithm: Any, encoding: Any = "base64") -> str:
    """digest(): the hash of a text; Mismatch for a kind that phones do not know."""
    name, coding = _ALGORITHMS.get(to_text(algorithm).upper()), to_text(encoding).lower()
    if name is None or coding not in {"hex", "base64"}:
        raise Mismatch(f"digest() không có kiểu “{to_text(algorithm)}”, “{coding}”")
    found = hashlib.new(name, to_text(text).encode(), usedforsecurity=False)
    return found.hexdigest() if coding == "hex" else b64encode(found.digest()).decode()


def decoded(text: Any) -> str:
    """base64-decode(): the text behind it."""
    return _of_base64(to_text(text)).decode("utf-8", "replace")


def signed(text: Any, key: Any) -> str:
    """extract-signed(): what stands behind the signature, "" where that is not the key's; both are Base64."""
    content, public = _of_base64(to_text(text)), _of_base64(to_text(key))
    if len(content) < _SIGNATURE or len(public) < _KEY:
        return ""
    try:
        Ed25519PublicKey.from_public_bytes(public[:_KEY]).verify(content[:_SIGNATURE], content[_SIGNATURE:])
    except InvalidSignature:
        return ""
    return content[_SIGNATURE:].decode("utf-8", "replace")


def _of_base64(text: str) -> bytes:
    """What JavaRosa reads: other letters are passed over, and of a text whose length is no multiple of four nothing."""
    written = text.encode()
    values = [_VALUES[letter] for letter in written if letter in _VALUES]
    if len(values) % 4:
        return b""
    groups = (values[at : at + 4] for at in range(0, len(values), 4))
    found = b"".join(
        bytes((a << 2 | b >> 4, (b << 4 | c >> 2) & 255, (c << 6 | d) & 255)) for a, b, c, d in groups
    )
    return found[: len(found) - _filled_up(written)]


def _filled_up(written: bytes) -> int:
    """How many = fill the end up; JavaRosa looks for them also before letters A, whose value is 0, and odd letters."""
    count = 0
    for letter in reversed(written[1:]):
        if _VALUES.get(letter, 0):
            break
        count += letter == ord("=")
    return count
