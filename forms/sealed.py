"""Encrypted submissions of ODK: opened with the private key, away from the server, and their seal checked (C44)."""

import base64
import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives import hashes, padding, serialization
from cryptography.hazmat.primitives.asymmetric import padding as rsa_padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms

from forms.file_names import file_name
from forms.instance import Instance

try:  # newer versions of cryptography keep the mode that ODK uses apart
    from cryptography.hazmat.decrepit.ciphers.modes import CFB
except ImportError:
    from cryptography.hazmat.primitives.ciphers.modes import CFB

ENDING = ".enc"
FORM = "submission.xml"
_OAEP = rsa_padding.OAEP(rsa_padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)


class NotOpened(Exception):
    """Why a submission cannot be opened; `code` is `bad_key`, `not_sealed`, `other_key`, `damaged` or `missing`."""

    def __init__(self, code: str, about: str = "") -> None:
        self.code = code
        self.about = about
        super().__init__(f"{code}: {about}")


@dataclass(frozen=True)
class Unsealed:
    """What was sealed, byte for byte: the form, and its files by their names without `.enc`."""

    xml: bytes
    files: Mapping[str, bytes]


def private_key(pem: bytes) -> RSAPrivateKey:
    """An unencrypted RSA key, PEM or DER; raises NotOpened."""
    load = serialization.load_pem_private_key if b"-----BEGIN" in pem else serialization.load_der_private_key
    try:
        key = load(pem, None)
    except (ValueError, TypeError) as error:
        raise NotOpened("bad_key") from error
    if not isinstance(key, RSAPrivateKey):
        raise NotOpened("bad_key")
    return key


def unseal(instance: Instance, sealed: Mapping[str, bytes], key: RSAPrivateKey) -> Unsealed:
    """Open a sealed submission with its `*.enc` files by name; the signature over all of it is checked."""
    if not instance.encrypted:
        raise NotOpened("not_sealed")
    encrypted_key = _text(instance.root, "base64EncryptedKey")
    secret = _rsa(key, encrypted_key)
    media = [each.text or "" for each in instance.root.iter("{*}file")]
    names = [*media, _text(instance.root, "encryptedXmlFile")]
    vectors = _vectors(instance.instance_id, secret)
    opened = {name.removesuffix(ENDING): _open(name, sealed, secret, next(vectors)) for name in names}
    xml = opened.pop(names[-1].removesuffix(ENDING))
    told = "".join(f"{name}::{_md5(opened[name]).hex()}\n" for name in opened)
    _check(instance, key, encrypted_key, f"{told}{FORM}::{_md5(xml).hex()}\n")
    return Unsealed(xml, opened)


def _check(instance: Instance, key: RSAPrivateKey, encrypted_key: str, files: str) -> None:
    head = [instance.form_id, *([instance.version] if instance.version else []), encrypted_key]
    signed = "\n".join([*head, instance.instance_id, files])
    found = _rsa(key, _text(instance.root, "base64EncryptedElementSignature"))
    if found != _md5(signed.encode()):
        raise NotOpened("damaged", "signature")


def _vectors(instance_id: str, secret: bytes) -> Iterator[bytes]:
    """The start of each file's cipher: of the one before with one byte more, the next byte each time."""
    vector = bytearray(_md5(instance_id.encode() + secret))
    count = 0
    while True:
        place = count % len(vector)
        vector[place] = (vector[place] + 1) % 256
        count += 1
        yield bytes(vector)


def _open(name: str, sealed: Mapping[str, bytes], secret: bytes, vector: bytes) -> bytes:
    content = sealed.get(file_name(name))
    if content is None:
        raise NotOpened("missing", name)
    cipher = Cipher(algorithms.AES(secret), CFB(vector)).decryptor()
    unpad = padding.PKCS7(128).unpadder()
    try:
        return unpad.update(cipher.update(content) + cipher.finalize()) + unpad.finalize()
    except ValueError as error:
        raise NotOpened("damaged", name) from error


def _rsa(key: RSAPrivateKey, text: str) -> bytes:
    try:
        return key.decrypt(base64.b64decode(text), _OAEP)
    except ValueError as error:
        raise NotOpened("other_key") from error


def _md5(content: bytes) -> bytes:
    return hashlib.md5(content, usedforsecurity=False).digest()


def _text(root: Any, name: str) -> str:
    return next((each.text or "" for each in root.iter(f"{{*}}{name}")), "").strip()
