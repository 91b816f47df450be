"""Lines that break and bodies that are too large, over real connections: an answer, and nothing half-written."""

import socket
from contextlib import closing
from pathlib import Path

import pytest
from flask import Flask

from server.settings import Settings
from tests import sample
from tests.live.served import HOST, Served
from tests.phone import multipart, part
from tests.sample import arrived, arrived_files, photo
from tests.server.operations.test_outages import SmallDisk, small_disk

__all__ = ["small_disk"]  # a fixture is found by its name

pytestmark = pytest.mark.live

PHOTO = photo(bytes(400_000))


@pytest.fixture
def token(app: Flask) -> str:
    """The QR code of a collector; a form is published."""
    sample.publish_plain()
    return sample.make_collector().token


def files(settings: Settings) -> list[Path]:
    return [path for path in settings.blob_folder.rglob("*") if path.is_file()]


def hang_up(served: Served, target: str, head: str, body: bytes) -> bytes:
    """Send a part of what was announced, say no more, and hear what is answered."""
    with closing(socket.create_connection((HOST, served.port), 60)) as line:
        line.sendall(f"POST {target} HTTP/1.1\r\nHost: {HOST}\r\n{head}\r\n\r\n".encode() + body)
        line.shutdown(socket.SHUT_WR)
        answer = b""
        while chunk := line.recv(65536):
            answer += chunk
    return answer


def test_a_line_that_breaks_half_way_leaves_nothing(served: Served, settings: Settings, token: str) -> None:
    """C39: and the phone, which keeps its copy, sends it again with success."""
    xml = sample.filled("<so>3</so><anh>a.jpg</anh>")
    body = multipart("b", [part("xml_submission_file", xml, "x.xml"), part("a.jpg", PHOTO, "a.jpg")])
    head = (
        f"Content-Type: multipart/form-data; boundary=b\r\nContent-Length: {len(body)}\r\nConnection: close"
    )
    for share in (0.01, 0.5, 0.999):
        answer = hang_up(served, f"/key/{token}/submission", head, body[: int(len(body) * share)])
        assert answer.split(b" ", 2)[1] == b"400"
        assert b"<message>" in answer
        assert (arrived(), files(settings)) == ([], [])
    assert served.phone(token).post(xml, {"a.jpg": PHOTO}).status == 201
    assert arrived_files() == {"a.jpg": PHOTO}


def test_fifty_megabytes_are_answered_and_not_stored(served: Served, settings: Settings, token: str) -> None:
    """C39: the reason is read, not a broken connection; who has no token is told that first."""
    for key, status in ((token, 413), ("x" * 64, 403)):
        answer = served.phone(key).post(sample.filled(), {"a.jpg": bytes(50_000_000)})
        assert answer.status == status
        assert answer.message
        assert (arrived(), files(settings)) == ([], [])


def test_a_body_of_unknown_length_is_read_to_its_end(served: Served, token: str) -> None:
    """C33: in chunks, as some clients send; the last one is missing where the line broke."""
    xml = sample.filled("<so>3</so><anh>a.jpg</anh>")
    body = multipart("b", [part("xml_submission_file", xml, "x.xml"), part("a.jpg", PHOTO, "a.jpg")])
    head = "Content-Type: multipart/form-data; boundary=b\r\nTransfer-Encoding: chunked\r\nConnection: close"
    chunks = b"".join(
        f"{len(piece):x}\r\n".encode() + piece + b"\r\n"
        for piece in (body[at : at + 50_000] for at in range(0, len(body), 50_000))
    )
    cut = hang_up(served, f"/key/{token}/submission", head, chunks[:200_000])
    assert b" 201 " not in cut
    assert arrived() == []
    whole = hang_up(served, f"/key/{token}/submission", head, chunks + b"0\r\n\r\n")
    assert whole.split(b" ", 2)[1] == b"201"
    assert arrived_files() == {"a.jpg": PHOTO}


def test_a_body_that_finds_no_room_is_to_come_later(
    settings: Settings, token: str, small_disk: SmallDisk
) -> None:
    """C39: large bodies wait on the disk for temporary files, which may be the one that is full."""
    with Served(settings, environ={"TMPDIR": str(small_disk.folder)}) as served:
        phone, xml = served.phone(token), sample.filled("<so>3</so><anh>a.jpg</anh>")
        assert phone.form_list().status == 200
        small_disk.fill()
        answer = phone.post(xml, {"a.jpg": PHOTO})
        assert (answer.status, answer.headers["Retry-After"]) == (503, "60")
        assert "hết chỗ" in (answer.message or "")
        small_disk.free()
        assert phone.post(xml, {"a.jpg": PHOTO}).status == 201
