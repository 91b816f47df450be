"""Another system on this machine that submissions are sent on to: it keeps what it gets and answers as it is told."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Got:
    """A request as it came."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def delivery(self) -> str:
        return self.headers["x-tungnha-delivery"]

    @property
    def change(self) -> str:
        return self.headers["x-tungnha-change"]


@dataclass
class Receiver:
    """What it got, and what it answers next: `answers` in order, then `usual`."""

    port: int
    got: list[Got] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)
    usual: int = 200
    text: bytes = b"ok"
    location: str = ""
    retry_after: str = ""
    holds: threading.Event = field(default_factory=threading.Event)
    """Set: answers are held back until it is cleared."""

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def changes(self) -> list[str]:
        return [each.change for each in self.got]


class _Handler(BaseHTTPRequestHandler):
    receiver: Receiver

    def do_POST(self) -> None:
        receiver = self.receiver
        body = self.rfile.read(int(self.headers["Content-Length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        receiver.got.append(Got(self.path, headers, body))
        while receiver.holds.is_set():
            time.sleep(0.01)
        self.send_response(receiver.answers.pop(0) if receiver.answers else receiver.usual)
        if receiver.location:
            self.send_header("Location", receiver.location)
        if receiver.retry_after:
            self.send_header("Retry-After", receiver.retry_after)
        self.send_header("Content-Length", str(len(receiver.text)))
        self.end_headers()
        self.wfile.write(receiver.text)

    def log_message(self, *_: Any) -> None:
        pass


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: Any) -> None:
        """Whoever was killed in the middle takes no answer."""


@contextmanager
def receiving() -> Iterator[Receiver]:
    """A receiver that listens on a free port of this machine."""
    handler = type("OwnHandler", (_Handler,), {})
    server = _Server(("127.0.0.1", 0), handler)
    receiver = handler.receiver = Receiver(server.server_port)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield receiver
    receiver.holds.clear()
    server.shutdown()
    thread.join()
    server.server_close()


@contextmanager
def dripping(piece: bytes, pause: float) -> Iterator[int]:
    """A port that answers a byte now and then, and never ends."""
    listener = socket.create_server(("127.0.0.1", 0))
    ended = threading.Event()

    def drip() -> None:
        line, _ = listener.accept()
        with line:
            try:
                while not ended.wait(pause):
                    line.sendall(piece)
            except OSError:
                return

    thread = threading.Thread(target=drip, daemon=True)
    thread.start()
    yield listener.getsockname()[1]
    ended.set()
    listener.close()
