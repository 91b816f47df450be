"""A phone for tests: asks, authenticates, hashes, splits and sends as ODK Collect does (openrosa.md)."""

import contextvars
import hashlib
import http.client
import re
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import quote, urlsplit

from flask import Flask
from lxml import etree
from werkzeug.datastructures import Headers
from werkzeug.http import parse_dict_header

AGENT = "org.odk.collect.android/v2026.3.1 Dalvik/2.1.0"
LISTED = "{http://openrosa.org/xforms/xformsList}"
NEEDED = "{http://openrosa.org/xforms/xformsManifest}"
DEFAULT_LIMIT = 10_000_000
MOST_FILES = 101


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: Headers
    body: bytes

    @property
    def root(self) -> Any:
        return etree.fromstring(self.body)

    @property
    def message(self) -> str | None:
        """What the phone shows: the first element literally named `message`, in an OpenRosaResponse (C38)."""
        if b"OpenRosaResponse" not in self.body:
            return None
        found = re.search(r"<message>(.*?)</message>", self.body.decode(), re.DOTALL)
        return found and etree.fromstring(f"<m>{found[1]}</m>").text


class Transport(Protocol):
    """How bytes get to the server and back."""

    def send(self, method: str, target: str, headers: Headers, body: bytes) -> Answer: ...


class InProcess:
    """Straight into the application, each request in a context of its own, as on a server."""

    def __init__(self, app: Flask, base_url: str = "http://localhost", **environ: str) -> None:
        self.client = app.test_client()
        self.base_url = base_url
        self.environ = environ

    def send(self, method: str, target: str, headers: Headers, body: bytes) -> Answer:
        response = contextvars.Context().run(
            self.client.open,
            target,
            method=method,
            base_url=self.base_url,
            headers=headers,
            data=body,
            environ_overrides=self.environ,
        )
        return Answer(response.status_code, response.headers, response.data)


class OverSocket:
    """To a server that listens."""

    def __init__(self, host: str, port: int) -> None:
        self.address = (host, port)

    def send(self, method: str, target: str, headers: Headers, body: bytes) -> Answer:
        connection = http.client.HTTPConnection(*self.address, timeout=60)
        try:
            connection.request(method, target, body or None, dict(headers))
            response = connection.getresponse()
            return Answer(response.status, Headers(response.getheaders()), response.read())
        finally:
            connection.close()


@dataclass(frozen=True)
class Form:
    """An entry of the form list."""

    form_id: str
    name: str
    version: str
    hash: str
    download_url: str
    manifest_url: str | None


@dataclass(frozen=True)
class File:
    """An entry of a manifest."""

    name: str
    hash: str
    download_url: str
    kind: str | None
    integrity_url: str | None


@dataclass
class Phone:
    """One collector's phone. `server_url` is what the QR code holds; name and password only for Digest."""

    transport: Transport
    server_url: str
    username: str = ""
    password: str = ""
    device: str = "collect:aB3dE6gH9jK2mN5p"
    asked: list[tuple[str, str, int]] = field(default_factory=list)
    """Every request made: method, target, status."""
    _challenge: Mapping[str, str | None] = field(default_factory=dict)
    _count: int = 0

    # what it asks

    def form_list(self) -> Answer:
        return self.request("GET", f"{self.server_url.rstrip('/')}/formList")

    def forms(self) -> list[Form]:
        """The form list, read as strictly as Collect does (C3, C4, C14, C15)."""
        root = _checked(self.form_list()).root
        assert root.tag == f"{LISTED}xforms"
        return [_form(each) for each in root.iter(f"{LISTED}xform")]

    def files(self, form: Form) -> list[File]:
        """The manifest of a form, if it has one (C24, C25)."""
        if not form.manifest_url:
            return []
        root = _checked(self.get(form.manifest_url)).root
        assert root.tag == f"{NEEDED}manifest"
        return [_file(each) for each in root.iter(f"{NEEDED}mediaFile")]

    def get(self, url: str, **headers: str) -> Answer:
        """A URL that the server handed out: on the very host of `server_url`, else without credentials (C11)."""
        assert urlsplit(url)[:2] == urlsplit(self.server_url)[:2]
        return self.request("GET", url, headers=headers)

    def download(self, entry: Form | File) -> bytes:
        """The bytes of a form or file, their hash checked (C16, C26)."""
        answer = self.get(entry.download_url)
        assert answer.status == 200
        assert entry.hash == f"md5:{hashlib.md5(answer.body).hexdigest()}"
        return answer.body

    def sync(self) -> dict[str, tuple[bytes, dict[str, bytes]]]:
        """Everything a phone has after an update: form id → XForm and media files."""
        return {
            form.form_id: (self.download(form), {file.name: self.download(file) for file in self.files(form)})
            for form in self.forms()
        }

    # what it sends

    def head(self) -> Answer:
        return self.request("HEAD", f"{self.server_url.removesuffix('/')}/submission")

    def send(self, xml: bytes, files: Mapping[str, bytes] | None = None) -> list[Answer]:
        """HEAD once, then as many POSTs as it takes (C36); stops at one that is neither 201 nor 202."""
        asked = self.head()
        limit = DEFAULT_LIMIT
        if asked.status == 401:
            return [asked]
        if asked.status == 204:
            limit = int(asked.headers.get("X-OpenRosa-Accept-Content-Length", DEFAULT_LIMIT))
        answers: list[Answer] = []
        packets = split(xml, files or {}, limit)
        for number, packet in enumerate(packets, 1):
            answers.append(self.post(xml, packet, incomplete=number < len(packets)))
            if answers[-1].status not in (201, 202):
                break
        return answers

    def post(
        self, xml: bytes, files: Mapping[str, bytes] | None = None, *, incomplete: bool = False
    ) -> Answer:
        """One POST, the bytes as OkHttp writes them (C33)."""
        boundary = str(uuid.uuid4())
        parts = [part("xml_submission_file", xml, "Từng Nhà thăm hộ_2026-11-22_09-15-03.xml", "text/xml")]
        parts += [part(name, content, name, _type(name)) for name, content in (files or {}).items()]
        parts += [part("*isIncomplete*", b"yes")] if incomplete else []
        return self.post_raw(multipart(boundary, parts), f"multipart/form-data; boundary={boundary}")

    def post_raw(self, body: bytes, content_type: str, **headers: str) -> Answer:
        url = f"{self.server_url.removesuffix('/')}/submission"
        return self.request("POST", url, body, {"Content-Type": content_type, **headers})

    # how it asks

    def request(
        self, method: str, url: str, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> Answer:
        """With `deviceID` (C2); answers a challenge once, and from then on proves who it is at once (C10)."""
        parts = urlsplit(url)
        query = f"{parts.query}&" if parts.query else ""
        target = f"{parts.path}?{query}deviceID={quote(self.device, safe='')}"
        answer = self._once(method, target, body, headers or {})
        if answer.status == 401 and self.username and self._accept(answer):
            answer = self._once(method, target, body, headers or {})
        return answer

    def _once(self, method: str, target: str, body: bytes, extra: Mapping[str, str]) -> Answer:
        headers = Headers({"User-Agent": AGENT, "X-OpenRosa-Version": "1.0", "Accept-Encoding": "gzip"})
        headers["Date"] = "Sun, 22 Nov 2026 03:04:05 GMT+07:00"  # a 12-hour clock, as Collect writes it (C2)
        if self._challenge:
            headers["Authorization"] = self._proof(method, target)
        headers.update(extra)
        answer = self.transport.send(method, target, headers, body)
        self.asked.append((method, target, answer.status))
        return answer

    def _accept(self, answer: Answer) -> bool:
        """Take the first challenge that it knows (C9); a second refusal of the same proof is final."""
        first = answer.headers.getlist("WWW-Authenticate")[0]
        scheme, _, rest = first.partition(" ")
        assert scheme == "Digest"
        offered = parse_dict_header(rest)
        if self._challenge and "stale" not in offered:
            return False
        self._challenge, self._count = offered, 0
        return True

    def _proof(self, method: str, target: str) -> str:
        self._count += 1
        return digest_header(self._challenge, self.username, self.password, method, target, self._count)


def digest_header(
    challenge: Mapping[str, str | None], username: str, password: str, method: str, uri: str, count: int = 1
) -> str:
    """RFC 2617 with qop=auth, as the client library of Collect writes it."""
    ha1 = _md5(f"{username}:{challenge['realm']}:{password}")
    ha2 = _md5(f"{method}:{uri}")
    nc, cnonce = f"{count:08x}", "0a4f113b5c7d9e8f"
    response = _md5(f"{ha1}:{challenge['nonce']}:{nc}:{cnonce}:auth:{ha2}")
    values = {"username": username, "realm": challenge["realm"], "nonce": challenge["nonce"], "uri": uri}
    quoted = ", ".join(f'{name}="{value}"' for name, value in values.items())
    return (
        f'Digest {quoted}, qop=auth, nc={nc}, cnonce="{cnonce}", response="{response}", '
        f'opaque="{challenge["opaque"]}", algorithm=MD5'
    )


def split(xml: bytes, files: Mapping[str, bytes], limit: int) -> list[dict[str, bytes]]:
    """The files of each POST (C36): as many as fit beside the XML, at least one, at most 101."""
    packets: list[dict[str, bytes]] = [{}]
    size = len(xml)
    for name, content in files.items():
        if packets[-1] and (size + len(content) > limit or len(packets[-1]) >= MOST_FILES):
            packets.append({})
            size = len(xml)
        packets[-1][name] = content
        size += len(content)
    return packets


def part(name: str, content: bytes, filename: str | None = None, media_type: str | None = None) -> bytes:
    """One part without a Content-Length of its own, names as raw UTF-8 with `%22` for quotation marks (C33)."""
    head = f'Content-Disposition: form-data; name="{_quoted(name)}"'
    if filename is not None:
        head += f'; filename="{_quoted(filename)}"'
    if media_type is not None:
        head += f"\r\nContent-Type: {media_type}"
    return head.encode() + b"\r\n\r\n" + content


def multipart(boundary: str, parts: Iterable[bytes]) -> bytes:
    """The parts as one body."""
    mark = f"--{boundary}".encode()
    return b"".join(mark + b"\r\n" + each + b"\r\n" for each in parts) + mark + b"--\r\n"


def statuses(answers: Sequence[Answer]) -> list[int]:
    return [answer.status for answer in answers]


def _quoted(name: str) -> str:
    return name.replace("\n", "%0A").replace("\r", "%0D").replace('"', "%22")


def _type(name: str) -> str:
    return {"jpg": "image/jpeg", "csv": "text/csv"}.get(name.rpartition(".")[2], "application/octet-stream")


def _md5(text: str) -> str:
    return hashlib.md5(text.encode()).hexdigest()


def _checked(answer: Answer) -> Answer:
    assert answer.status == 200
    assert answer.headers["X-OpenRosa-Version"]
    assert "text/xml" in answer.headers["Content-Type"].lower()
    return answer


def _form(element: Any) -> Form:
    values = {child.tag.removeprefix(LISTED): child.text or "" for child in element}
    assert values["formID"]
    assert values["name"]
    assert values["downloadUrl"]
    assert re.fullmatch("md5:[0-9a-f]{32}", values["hash"])
    return Form(
        values["formID"],
        values["name"],
        values["version"],
        values["hash"],
        values["downloadUrl"],
        values.get("manifestUrl"),
    )


def _file(element: Any) -> File:
    values = {child.tag.removeprefix(NEEDED): child.text or "" for child in element}
    assert values["filename"]
    assert values["hash"].startswith("md5:")
    assert values["downloadUrl"]
    return File(
        values["filename"],
        values["hash"],
        values["downloadUrl"],
        element.get("type"),
        values.get("integrityUrl"),
    )
