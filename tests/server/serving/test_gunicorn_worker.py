"""A process of the server that ends."""

import asyncio
import socket
import time
from typing import Any

import uvicorn

from server.serving.connections import Strangers
from server.serving.gunicorn_worker import FrontWorker, PatientServer


class Greeter:
    """The smallest application that our connections can serve."""

    def __init__(self) -> None:
        self.strangers = Strangers()

    def bounded_address(self, _client: object) -> None:
        return None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            for kind in ("startup", "shutdown"):
                await receive()
                await send({"type": f"lifespan.{kind}.complete"})
            return
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
        await send({"type": "http.response.body", "body": b"ok"})


def test_a_client_that_comes_as_a_process_without_any_ends_is_told_to_go_elsewhere() -> None:
    """stop-1: else it would keep the line, and the process, until that is killed with a visit on its way."""

    async def told() -> bytes:
        listening = socket.create_server(("127.0.0.1", 0))
        kinds: dict[str, Any] = FrontWorker.CONFIG_KWARGS
        server = PatientServer(uvicorn.Config(Greeter(), **kinds, log_level="critical"))
        served = asyncio.create_task(server.serve(sockets=[listening]))
        while not server.started:
            await asyncio.sleep(0.01)
        server.should_exit = True
        with socket.create_connection(listening.getsockname()) as client:
            client.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            time.sleep(0.3)  # one long turn of the loop, as of a busy machine: both have come when it ends
            await asyncio.wait_for(served, 30)
            client.settimeout(30)
            return client.recv(1000)

    assert b"\r\nconnection: close\r\n" in asyncio.run(told())
