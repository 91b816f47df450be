"""Sealed submissions: kept whole, shown as sealed, opened with a key that the server never sees (C44)."""

import base64
import hashlib
import os
from collections.abc import Mapping
from pathlib import Path

import pytest
from cryptography.hazmat.decrepit.ciphers.modes import CFB
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms
from flask import Flask

from tests import sample
from tests.phone import Phone, statuses

INSTANCE = "uuid:00000000-0000-4000-8000-0000000000aa"
FORM = """
| survey |
|        | type    | name | label |
|        | integer | so   | Số    |
|        | image   | anh  | Ảnh   |
| settings |
|        | form_title | form_id | version | public_key |
|        | Kín        | kin     | 1       | {key}      |
"""
CLEAR = b'<data id="kin" version="1"><so>3</so><anh>1.jpg</anh><meta><instanceID>x</instanceID></meta></data>'
OAEP = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)
KEY = rsa.generate_private_key(65537, 2048)


def seal(
    xml: bytes, media: Mapping[str, bytes], key: rsa.RSAPublicKey, instance: str = INSTANCE, edits: str = ""
) -> tuple[bytes, dict[str, bytes]]:
    """As Collect seals it, written from the clause and not from our reader; `edits` is what it is an edit of."""
    secret = os.urandom(32)
    vector = bytearray(hashlib.md5(instance.encode() + secret).digest())
    sealed = {}
    for count, (name, content) in enumerate([*media.items(), ("submission.xml", xml)]):
        vector[count % 16] = (vector[count % 16] + 1) & 0xFF
        left = 16 - len(content) % 16
        cipher = Cipher(algorithms.AES(secret), CFB(bytes(vector))).encryptor()
        sealed[f"{name}.enc"] = cipher.update(content + bytes([left]) * left) + cipher.finalize()
    locked = base64.b64encode(key.encrypt(secret, OAEP)).decode()
    told = "".join(f"{name}::{hashlib.md5(content).hexdigest()}\n" for name, content in media.items())
    told = f"kin\n1\n{locked}\n{instance}\n{told}submission.xml::{hashlib.md5(xml).hexdigest()}\n"
    signature = base64.b64encode(key.encrypt(hashlib.md5(told.encode()).digest(), OAEP)).decode()
    files = "".join(f"<media><file>{name}.enc</file></media>" for name in media)
    outer = (
        '<data xmlns="http://www.opendatakit.org/xforms/encrypted" id="kin" version="1" encrypted="yes">'
        f"<base64EncryptedKey>{locked}</base64EncryptedKey>"
        '<orx:meta xmlns:orx="http://openrosa.org/xforms">'
        f"<orx:instanceID>{instance}</orx:instanceID>"
        f"{f'<orx:deprecatedID>{edits}</orx:deprecatedID>' if edits else ''}</orx:meta>{files}"
        "<encryptedXmlFile>submission.xml.enc</encryptedXmlFile>"
        f"<base64EncryptedElementSignature>{signature}</base64EncryptedElementSignature></data>"
    )
    return outer.encode(), sealed


@pytest.fixture
def published(app: Flask) -> None:
    """A form whose answers nobody but the holder of the key reads."""
    der = KEY.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    sample.publish(FORM, key=base64.b64encode(der).decode())


def key_file(folder: Path, key: rsa.RSAPrivateKey = KEY) -> str:
    path = folder / "rieng.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return str(path)


def unseal(app: Flask, folder: Path, key: str) -> tuple[int, str]:
    sample.arrived()  # what phones have written since is seen by a new transaction
    told = app.test_cli_runner().invoke(args=["submissions", "unseal", "--key", key, "--out", str(folder)])
    return told.exit_code, told.output


def test_a_sealed_form_is_kept_whole_and_shown_as_sealed(app: Flask, phone: Phone, published: None) -> None:
    """C23, C44: the phone learns the public key; what comes is stored as it is and counts nowhere."""
    [form] = phone.forms()
    assert b"base64RsaPublicKey=" in phone.download(form)
    xml, files = seal(CLEAR, {"1.jpg": sample.JPEG}, KEY.public_key())
    assert statuses(phone.send(xml, files)) == [201]
    assert statuses(phone.send(xml, files)) == [202]
    [stored] = sample.arrived()
    assert (stored.xml, stored.answers, stored.quarantine) == (xml, {}, "sealed")
    assert stored.missing_files is None
    assert sample.arrived_files() == files
    told = app.test_cli_runner().invoke(args=["submissions", "list"]).output
    assert "phiếu đã mã hóa" in told


def test_it_is_opened_byte_for_byte(app: Flask, phone: Phone, published: None, tmp_path: Path) -> None:
    """C44: form and photo, the signature checked."""
    xml, files = seal(CLEAR, {"1.jpg": sample.JPEG, "2.jpg": b"\0" * 31}, KEY.public_key())
    phone.send(xml, files)
    code, told = unseal(app, tmp_path / "mo", key_file(tmp_path))
    assert (code, told.startswith("Đã mở 1 phiếu")) == (0, True)
    [folder] = (tmp_path / "mo").iterdir()
    assert (folder / "submission.xml").read_bytes() == CLEAR
    assert (folder / "1.jpg").read_bytes() == sample.JPEG
    assert (folder / "2.jpg").read_bytes() == b"\0" * 31


def test_sealed_files_are_known_by_their_names_whatever_way_the_form_tells(
    app: Flask, phone: Phone, published: None, tmp_path: Path
) -> None:
    """C35, C44: the signature is over what the phone wrote, the part is called by the name alone."""
    xml, files = seal(CLEAR, {"anh/1.jpg": sample.JPEG}, KEY.public_key())
    phone.send(xml, files)
    assert sample.arrived()[-1].missing_files is None
    code, told = unseal(app, tmp_path / "mo", key_file(tmp_path))
    assert (code, told.startswith("Đã mở 1 phiếu")) == (0, True), told
    [folder] = (tmp_path / "mo").iterdir()
    assert (folder / "1.jpg").read_bytes() == sample.JPEG


@pytest.mark.parametrize("is_late", ["1.jpg.enc", "submission.xml.enc", "first"])
def test_an_edit_that_is_sealed_has_its_own_files_alone(
    app: Flask, phone: Phone, published: None, tmp_path: Path, is_late: str
) -> None:
    """C43, C44: each is sealed under a key of its own, so what has one name is another file; late ones are met."""
    first, first_files = seal(CLEAR, {"1.jpg": sample.JPEG}, KEY.public_key())
    assert statuses(phone.send(first, {} if is_late == "first" else first_files)) == [201]
    changed = CLEAR.replace(b"<so>3", b"<so>7")
    edit, files = seal(
        changed, {"1.jpg": sample.photo(b"moi")}, KEY.public_key(), "uuid:kin-2", edits=INSTANCE
    )
    there = {} if is_late == "first" else {name: each for name, each in files.items() if name != is_late}
    assert statuses(phone.send(edit, there)) == [201]
    assert sample.arrived()[-1].missing_files == sorted(files.keys() - there.keys())
    assert statuses(phone.send(first, first_files)) == [201 if is_late == "first" else 202]
    assert statuses(phone.send(edit, files)) == [201]
    assert [each.missing_files for each in sample.arrived()] == [None, None]
    code, told = unseal(app, tmp_path / "mo", key_file(tmp_path))
    assert code == 0, told
    newest = tmp_path / "mo" / str(sample.arrived()[-1].id)
    assert (newest / "submission.xml").read_bytes() == changed
    assert (newest / "1.jpg").read_bytes() == sample.photo(b"moi")


def test_it_stays_shut_to_other_keys_and_when_anything_was_changed(
    app: Flask, phone: Phone, published: None, tmp_path: Path
) -> None:
    """C44: one sentence each, nothing half-open."""
    xml, files = seal(CLEAR, {"1.jpg": sample.JPEG}, KEY.public_key())
    missing = dict(files)
    missing.pop("1.jpg.enc")
    phone.send(xml, missing)
    other = rsa.generate_private_key(65537, 2048)
    code, told = unseal(app, tmp_path / "a", key_file(tmp_path, other))
    assert (code, "không phải khóa của biểu mẫu" in told) == (1, True)
    code, told = unseal(app, tmp_path / "b", key_file(tmp_path))
    assert (code, "chưa có đủ các tệp" in told) == (1, True)
    changed = bytearray(files["1.jpg.enc"])
    changed[0] ^= 1
    phone.send(xml, {"1.jpg.enc": bytes(changed)})
    code, told = unseal(app, tmp_path / "c", key_file(tmp_path))
    assert (code, "không khớp chữ ký" in told) == (1, True)
    (tmp_path / "khong.pem").write_bytes(b"no key")
    code, told = unseal(app, tmp_path / "d", str(tmp_path / "khong.pem"))
    assert (code, "không phải khóa riêng" in told) == (1, True)
