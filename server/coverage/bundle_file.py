"""A bundle as it travels: who signed it, the signature (Ed25519), and the sums; not a byte of it can be another.

    8 bytes    TUNGNHA1
    32 bytes   the public key that signs
    64 bytes   its signature of all other bytes
    the rest   JSON in UTF-8

There is one way to write what is signed, so nothing can be changed around it: no spaces, no headers, no compression.
"""

import base64
import hashlib
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from server.coverage.bundle_problems import BundleProblem
from server.errors import Problem

MAGIC = b"TUNGNHA1"
KEY, SIGNATURE = 32, 64
LARGEST = 4_000_000
"""Bytes; that of a commune with some forty indicators has 60,000."""
TOO_LARGE = f"lớn hơn {LARGEST // 1_000_000} MB"
ENDING = "tungnha"
MEDIA_TYPE = "application/vnd.tungnha.bundle"


@dataclass(frozen=True)
class SignedBundle:
    """A bundle whose signature has not been looked at yet."""

    public_key: bytes
    signature: bytes
    content: bytes

    @property
    def whole(self) -> bytes:
        return MAGIC + self.public_key + self.signature + self.content

    @property
    def sha256(self) -> bytes:
        return hashlib.sha256(self.whole).digest()

    def check(self) -> None:
        """Problem BUNDLE_ALTERED where the key has not signed this."""
        try:
            Ed25519PublicKey.from_public_bytes(self.public_key).verify(
                self.signature, _signed(self.public_key, self.content)
            )
        except (InvalidSignature, ValueError) as error:
            raise Problem(BundleProblem.BUNDLE_ALTERED) from error


def sign(key: Ed25519PrivateKey, content: bytes) -> SignedBundle:
    """What this key signs."""
    public = key.public_key().public_bytes_raw()
    return SignedBundle(public, key.sign(_signed(public, content)), content)


def split(whole: bytes) -> SignedBundle:
    """A bundle in its parts; Problem BUNDLE_UNREADABLE for anything else."""
    start = len(MAGIC) + KEY + SIGNATURE
    if len(whole) > LARGEST:
        raise Problem(BundleProblem.BUNDLE_UNREADABLE, why=TOO_LARGE)
    if not whole.startswith(MAGIC) or len(whole) <= start:
        raise Problem(BundleProblem.BUNDLE_UNREADABLE, why="không có phần đầu của một gói")
    key, signature = whole[len(MAGIC) : len(MAGIC) + KEY], whole[len(MAGIC) + KEY : start]
    return SignedBundle(key, signature, whole[start:])


def _signed(public_key: bytes, content: bytes) -> bytes:
    return MAGIC + public_key + content


def fingerprint(public_key: bytes) -> str:
    """What two people compare on the telephone: 32 digits in eight groups, of the key's SHA-256."""
    digits = hashlib.sha256(public_key).hexdigest()[:32]
    return " ".join(digits[n : n + 4] for n in range(0, 32, 4))


def key_to_text(public_key: bytes) -> str:
    """A public key as it is copied from one installation to the other."""
    return base64.b64encode(public_key).decode()


def key_of_text(text: str) -> bytes:
    """A public key again; Problem BUNDLE_KEY_UNREADABLE."""
    try:
        found = base64.b64decode("".join(text.split()), validate=True)
        Ed25519PublicKey.from_public_bytes(found)
    except ValueError as error:
        raise Problem(BundleProblem.BUNDLE_KEY_UNREADABLE) from error
    return found
