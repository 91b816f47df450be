"""The WSGI application called from asyncio: its environment, its answer, and bodies that are not there yet."""

import contextvars
import io
import sys
from collections.abc import Iterator, MutableMapping
from typing import IO, TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes

from server.errors import Problem

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

PIECE = 64 * 1024
"""Bytes of an answer that are worked out at a time."""
Environ = dict[str, Any]


class BodyWanted(BaseException):
    """The application asks for the body of a request of which it was given the head alone.

    No Exception: what handles errors in the application would answer it.
    """


class NotHere(io.RawIOBase):
    """The body of a request that has not been waited for."""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        raise BodyWanted


class NoRoom(io.RawIOBase):
    """A body for which there was no room on the disk: nothing is kept of it, and its reader gets the problem."""

    def __init__(self, problem: Problem) -> None:
        self._problem = problem

    def readable(self) -> bool:
        return True

    def seek(self, _offset: int, _whence: int = 0) -> int:
        return 0

    def write(self, piece: Any) -> int:
        return len(piece)

    def readinto(self, buffer: Any) -> int:
        raise self._problem


def environ_of(scope: MutableMapping[str, Any]) -> Environ:
    """The environment of a request, its body left out (PEP 3333)."""
    raw, query = scope["raw_path"], scope["query_string"].decode("latin-1")
    host, port = scope["server"] or ("", None)
    environ: Environ = {
        "REQUEST_METHOD": scope["method"], "SCRIPT_NAME": "", "QUERY_STRING": query,
        "PATH_INFO": unquote_to_bytes(raw).decode("latin-1"),
        "RAW_URI": raw.decode("latin-1") + ("?" + query if query else ""),
        "SERVER_NAME": host, "SERVER_PORT": str(port or ""), "SERVER_SOFTWARE": "uvicorn",
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "REMOTE_ADDR": scope["client"][0] if scope["client"] else "",
        "wsgi.version": (1, 0), "wsgi.url_scheme": scope["scheme"], "wsgi.errors": sys.stderr,
        "wsgi.multithread": True, "wsgi.multiprocess": True, "wsgi.run_once": False, "wsgi.input": NotHere(),
    }  # fmt: skip
    for name, value in scope["headers"]:
        if b"_" in name:
            continue  # could pass for a header that a proxy writes
        key, text = name.decode("latin-1").upper().replace("-", "_"), value.decode("latin-1")
        if key not in ("CONTENT_TYPE", "CONTENT_LENGTH"):
            key = f"HTTP_{key}"
        known = environ.get(key)
        environ[key] = text if known is None else f"{known}{'; ' if key == 'HTTP_COOKIE' else ','}{text}"
    if environ.pop("HTTP_TRANSFER_ENCODING", None) is not None:
        environ["wsgi.input_terminated"] = True  # a body without a length is one all the same
    return environ


def with_body(environ: Environ, body: IO[bytes], length: int) -> Environ:
    """The environment with a body that is read from its beginning; another one each time."""
    body.seek(0)
    own = {"wsgi.input": body, "CONTENT_LENGTH": str(length), "wsgi.input_terminated": False}
    return {**environ, **own}


class WsgiCall:
    """One request to the application. Its steps may run in any thread, one after the other, in one context."""

    def __init__(self, app: "WSGIApplication", environ: Environ) -> None:
        self.environ = environ
        self.status = 0
        self.headers: list[tuple[bytes, bytes]] = []
        self.piece = b""
        """What was read last of the answer."""
        self.sent = 0
        self.is_whole = False
        """Whether what was read last is the end of the answer."""
        self._app = app
        self._context = contextvars.copy_context()
        self._answer: Any = ()
        self._chunks: Iterator[bytes] = iter(())

    def begin(self) -> None:
        """Have the application answer, and read the first piece. Raises BodyWanted."""
        self._context.run(self._begin)

    def more(self) -> None:
        """Read the next piece."""
        self._context.run(self._read)

    def tell(self, body: bytes) -> None:
        """Answer with another body."""
        self.piece, self.sent = body, len(body)
        length = str(len(body)).encode()
        self.headers = [(n, length if n == b"content-length" else value) for n, value in self.headers]

    def close(self) -> None:
        """Let go of an answer, read whole or not."""
        self._context.run(self._close)

    def _begin(self) -> None:
        self._answer = self._app(self.environ, self._start)
        self._chunks = iter(self._answer)
        self._read()

    def _start(self, status: str, headers: list[tuple[str, str]], _error: Any = None) -> Any:
        self.status = int(status[:3])
        self.headers = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers]

    def _read(self) -> None:
        pieces, size = [], 0
        for chunk in self._chunks:
            pieces.append(chunk)
            size += len(chunk)
            if size >= PIECE:
                break
        else:
            self.is_whole = True
            self._close()
        self.sent += size
        self.piece = pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def _close(self) -> None:
        answer, self._answer, self._chunks = self._answer, (), iter(())
        if hasattr(answer, "close"):
            answer.close()
