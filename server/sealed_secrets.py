"""Secrets that we must be able to read again, sealed with a key made from SECRET_KEY."""

import base64

from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from flask import current_app

_EXTENSION = "tungnha.seal"


def seal(secret: str) -> bytes:
    """The secret as it may stand in the database; two seals of one secret differ."""
    return _fernet().encrypt(secret.encode())


def unseal(sealed: bytes) -> str:
    """The secret again; cryptography's InvalidToken where SECRET_KEY is no longer the one it was sealed with."""
    return _fernet().decrypt(sealed).decode()


def key_for(purpose: str) -> bytes:
    """A key of 32 bytes of its own for each purpose, the same in every process."""
    secret: str = current_app.config["SECRET_KEY"]
    return HKDF(SHA256(), 32, salt=None, info=f"tungnha {purpose}".encode()).derive(secret.encode())


def _fernet() -> Fernet:
    found: Fernet | None = current_app.extensions.get(_EXTENSION)
    if found is None:
        found = Fernet(base64.urlsafe_b64encode(key_for("sealed secrets")))
        current_app.extensions[_EXTENSION] = found
    return found
