"""A collector's phone over HTTP: fetches forms and lists, and sends visits, as ODK Collect does."""

import hashlib
import http.client
import threading
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import quote, urlsplit

from lxml import etree

from forms.engine import engine
from server.demo import NotPossible

_LISTED = "{http://openrosa.org/xforms/xformsList}"
_NEEDED = "{http://openrosa.org/xforms/xformsManifest}"
_PARSER = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
_AGENT = "org.odk.collect.android/v2026.3.1 Dalvik/2.1.0"
_TRIES = 3


FILLING = threading.Lock()
"""Held while a form is opened or filled: formulas look into lists that are other documents, and libxml2 has been
seen to crash when several threads did so at once. It is all processor time, of which they share one anyway."""


class _Changed(NotPossible):
    """A file is no longer what the manifest said: a list changed in between."""


@dataclass
class DemoPhone:
    """One phone. `server_url` is what its QR code holds, with the token in the path (C12)."""

    server_url: str
    device: str
    _kept: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    """URL → hash and bytes of what was fetched before."""
    _open: dict[str, tuple[tuple[str, ...], engine.Fillable]] = field(default_factory=dict)
    _connection: http.client.HTTPConnection | None = None

    def sync(self) -> dict[str, engine.Fillable]:
        """The newest forms with their lists, opened to be filled; only what has changed is fetched (C16, C26)."""
        forms = {}
        for entry in self._entries("/formList", _LISTED, "xform"):
            forms[entry["formID"]] = self._form(entry)
        return forms

    def _form(self, entry: Mapping[str, str]) -> engine.Fillable:
        """One form with its lists; asked for again where another phone has changed a list on the way."""
        xform = self._file(entry["downloadUrl"], entry["hash"])
        for left in reversed(range(_TRIES * 3)):
            needed = (
                self._entries(entry["manifestUrl"], _NEEDED, "mediaFile") if "manifestUrl" in entry else []
            )
            try:
                return self._opened(entry, xform, needed)
            except _Changed:
                if not left:
                    raise
        raise AssertionError

    def lists(self, form_id: str, name: str) -> bytes:
        """The bytes of a list that came with a form at the last sync."""
        ending = f"/{quote(name)}"
        return next(
            content
            for url, (_hash, content) in self._kept.items()
            if f"/forms/{form_id}/" in url and url.endswith(ending)
        )

    def head(self) -> None:
        """Ask before sending (C30); NotPossible where that is not answered 204."""
        status, _body = self._ask("HEAD", f"{self.server_url}/submission")
        if status != 204:
            raise NotPossible(f"Máy chủ không nhận: HEAD /submission: {status}")

    def send(self, xml: bytes, files: Mapping[str, bytes] | None = None) -> int:
        """Send a visit with its photos; 201 for a new one, 202 for one that the server had (C37, C40)."""
        boundary = uuid.uuid4().hex
        parts = [("xml_submission_file", "submission.xml", "text/xml", xml)]
        parts += [(name, name, "image/png", content) for name, content in (files or {}).items()]
        body = b"".join(_part(boundary, *part) for part in parts) + f"--{boundary}--\r\n".encode()
        kind = f"multipart/form-data; boundary={boundary}"
        status, answer = self._ask("POST", f"{self.server_url}/submission", body, {"Content-Type": kind})
        if status not in (201, 202):
            raise NotPossible(
                f"Máy chủ không nhận: POST /submission: {status} {answer[:300].decode(errors='replace')}"
            )
        return status

    def close(self) -> None:
        """Hang up."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _entries(self, url: str, space: str, kind: str) -> list[dict[str, str]]:
        body = self._get(url if url.startswith("http") else self.server_url + url)
        root = etree.fromstring(body, _PARSER)
        return [
            {str(child.tag).removeprefix(space): child.text or "" for child in element}
            for element in root.iter(f"{space}{kind}")
        ]

    def _file(self, url: str, digest: str) -> bytes:
        known = self._kept.get(url)
        if known is not None and known[0] == digest:
            return known[1]
        body = self._get(url)
        if digest != f"md5:{hashlib.md5(body, usedforsecurity=False).hexdigest()}":
            raise _Changed(f"Máy chủ không nhận: {url}: {digest}")
        self._kept[url] = (digest, body)
        return body

    def _opened(
        self, entry: Mapping[str, str], xform: bytes, needed: list[dict[str, str]]
    ) -> engine.Fillable:
        """The form opened with its lists; anew only where one of them has changed."""
        state = (entry["hash"], *(file["hash"] for file in needed))
        known = self._open.get(entry["formID"])
        if known is not None and known[0] == state:
            return known[1]
        media = {file["filename"]: self._file(file["downloadUrl"], file["hash"]) for file in needed}
        with FILLING:
            form = engine.open_form(xform, media)
        self._open[entry["formID"]] = (state, form)
        return form

    def _get(self, url: str) -> bytes:
        status, body = self._ask("GET", url)
        if status != 200:
            raise NotPossible(f"Máy chủ không nhận: GET {urlsplit(url).path.rpartition('/')[2]}: {status}")
        return body

    def _ask(
        self, method: str, url: str, body: bytes | None = None, extra: Mapping[str, str] | None = None
    ) -> tuple[int, bytes]:
        """One request on the line that is kept open; a line that broke is dialled again (sending twice is safe)."""
        parts = urlsplit(url)
        target = f"{parts.path}?deviceID={quote(self.device, safe='')}"
        headers = {"X-OpenRosa-Version": "1.0", "User-Agent": _AGENT, **(extra or {})}
        for left in reversed(range(_TRIES)):
            line = self._connection or http.client.HTTPConnection(parts.netloc, timeout=60)
            self._connection = line
            try:
                line.request(method, target, body, headers)
                answer = line.getresponse()
                return answer.status, answer.read()
            except (http.client.HTTPException, OSError) as error:
                self.close()
                if not left:
                    raise NotPossible(f"Máy chủ không nhận: {method} {parts.netloc}: {error}") from error
        raise AssertionError


def _part(boundary: str, name: str, filename: str, media_type: str, content: bytes) -> bytes:
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"; filename="{filename}"\r\n'
    return f"{head}Content-Type: {media_type}\r\n\r\n".encode() + content + b"\r\n"
