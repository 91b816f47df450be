"""Strangers who hold connections: hundreds of them, each in one of the ways to be slow, from one thread."""

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator, Coroutine, Iterable, Iterator

HOST = "127.0.0.1"
PAUSE = 0.2  # seconds between two bytes
SLOW = (
    b"POST /key/"
    + b"s" * 64
    + b"/submission HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=b\r\n"
    b"Content-Length: 100000\r\n\r\n",
    b"POST /dang-nhap HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    b"Content-Length: 100000\r\n\r\n",
    b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: ",
    b"",
)
"""Heads after which a byte comes now and then: of a visit without a code, of a page's form, one without end; none."""
ALIKE = b"POST /nobody/submission HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc"
"""Looks like where phones send."""


@contextlib.contextmanager
def slow(port: int, count: int) -> Iterator[None]:
    """So many connections that never say all they have to say; whoever is cut off comes again."""
    with _crowd(*(_drip(port, SLOW[number % len(SLOW)]) for number in range(count))):
        yield


@contextlib.contextmanager
def asking_for_lookalikes(port: int, count: int) -> Iterator[None]:
    """So many connections that ask for what merely looks like a phone's address, as fast as they are answered."""
    with _crowd(*(_ask(port) for _ in range(count))):
        yield


@contextlib.contextmanager
def never_reading(port: int, address: str, count: int) -> Iterator[None]:
    """So many connections that ask for a page again and again and take no answer."""
    asked = f"GET {address} HTTP/1.1\r\nHost: x\r\n\r\n".encode() * 200
    with _crowd(*(_ask_and_sleep(port, asked) for _ in range(count))):
        yield


@contextlib.contextmanager
def _crowd(*strangers: Coroutine[None, None, None]) -> Iterator[None]:
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    everybody = asyncio.run_coroutine_threadsafe(_all(strangers), loop)
    try:
        yield
    finally:
        everybody.cancel()
        asyncio.run_coroutine_threadsafe(asyncio.sleep(0.1), loop).result(60)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(60)
        loop.close()


async def _all(strangers: Iterable[Coroutine[None, None, None]]) -> None:
    await asyncio.gather(*strangers)


async def _drip(port: int, head: bytes) -> None:
    while True:
        with contextlib.suppress(OSError):
            async with _connected(port) as writer:
                writer.write(head)
                while not writer.is_closing():
                    await asyncio.sleep(PAUSE)
                    if head:
                        writer.write(b"x")
        await asyncio.sleep(PAUSE)


async def _ask(port: int) -> None:
    while True:
        with contextlib.suppress(OSError):
            reader, writer = await asyncio.open_connection(HOST, port)
            try:
                writer.write(ALIKE)
                while await reader.read(65536):
                    writer.write(ALIKE)
            finally:
                writer.transport.abort()
        await asyncio.sleep(PAUSE)


async def _ask_and_sleep(port: int, asked: bytes) -> None:
    async with _connected(port) as writer:
        writer.transport.pause_reading()
        writer.write(asked)
        await asyncio.sleep(3600)


@contextlib.asynccontextmanager
async def _connected(port: int) -> AsyncIterator[asyncio.StreamWriter]:
    _reader, writer = await asyncio.open_connection(HOST, port)
    try:
        yield writer
    finally:
        writer.transport.abort()
