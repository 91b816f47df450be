"""The front: asyncio takes requests off the line and hands each, whole, to the unchanged Flask application.

Visits of phones whose key is known go through a lane of their own; who is unknown is asked by the head alone who they
are; all else has threads of which no address gets more than its share (docs/decisions/0044).
"""

import asyncio
import contextlib
import io
import re
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from tempfile import SpooledTemporaryFile
from typing import IO, Any, cast
from weakref import WeakValueDictionary

from flask import Flask

from server.errors import CommonProblem, later
from server.operations import outages
from server.phones import phone_access
from server.serving import proxies
from server.serving.connections import PatientHttp, Strangers
from server.serving.visits_lane import VisitsLane
from server.serving.wsgi_calls import BodyWanted, Environ, NoRoom, WsgiCall, environ_of, with_body
from server.webform.poster import TURN_TAKEN

ASKS, PHONES, OTHERS = 2, 16, 8
"""Threads of a process: to ask who sends; for what phones send with photos, or again; for everybody else.

Twice as many for phones as may be at the blobs at once (server/files/blobs/hanging_store.py): where these hang, others
go on.
"""
SHARE = 4
"""Of the threads for everybody, those that one address has at most."""
DRAINS_FOR, FLOWS_WITHIN = 10.0, 0.3
"""Seconds for which a body that nobody reads is taken off the line, while it comes without such a pause."""
IN_MEMORY = 256 * 1024
_SENT = re.compile(r"(?:/key/([A-Za-z0-9]{64})|/phieu)?/submission/?")
"""Where phones and the form in a browser send, and nothing that merely looks like it."""
_ANSWERED = re.compile(r"/khao-sat/[^/]+/submission/?")
"""Where citizens answer posters: never in the lane of visits, nor by the threads for phones."""

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
Told = Callable[[Environ, int, int, float], None]


class Front:
    """ASGI before the application. `told` is called with environment, status, bytes and seconds of each answer."""

    def __init__(self, app: Flask, told: Told | None = None) -> None:
        self.app, self.told = app, told
        self.strangers = Strangers()
        self._visits = VisitsLane(app)
        self._most = int(app.config["MAX_CONTENT_LENGTH"])
        self._shares: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        else:
            await self._serve(scope, receive, send)

    def bounded_address(self, client: tuple[str, int] | None) -> str | None:
        """Whose connections are bounded; None for a proxy's, which are everybody's."""
        address = client[0] if client else ""
        trusted = self._proxies()
        return None if trusted is not None and trusted.is_ours(address) else address

    def _proxies(self) -> proxies.TrustedProxies | None:
        found = self.app.wsgi_app
        return found if isinstance(found, proxies.TrustedProxies) else None

    async def _live(self, receive: Receive, send: Send) -> None:
        """Threads begin when a process serves: none would live through its fork."""
        await receive()
        self._asks = ThreadPoolExecutor(ASKS, "asks")
        self._phones = ThreadPoolExecutor(PHONES, "phones")
        self._others = ThreadPoolExecutor(OTHERS, "others")
        self._visits.start()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.complete"})

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        began = time.monotonic()
        connection: PatientHttp = scope["state"]["connection"]
        environ = environ_of(scope)
        sent = _SENT.fullmatch(environ["PATH_INFO"]) if environ["REQUEST_METHOD"] == "POST" else None
        if environ["REQUEST_METHOD"] == "POST" and _ANSWERED.fullmatch(environ["PATH_INFO"]):
            call = await self._answered(environ, connection, receive)
            await _send(call, connection, send, self._others)
        elif sent is None:
            async with self._share(environ):
                call = await self._asked(environ, connection, receive)
                await _send(call, connection, send, self._others)
        else:
            call = await self._sent(environ, sent[1], connection, receive)
            await _send(call, connection, send, self._phones)
        if call is not None and self.told is not None:
            self.told(environ, call.status, call.sent, time.monotonic() - began)

    async def _asked(self, environ: Environ, connection: PatientHttp, receive: Receive) -> WsgiCall | None:
        """The answer to what is no visit; None where nobody is left to be answered."""
        if (
            self._is_too_large(environ)
            and (call := await self._by_head(environ, connection, self._others)) is not None
        ):
            await _drained(receive)
            return call
        body = await _body(receive, connection, environ, self._most)
        return await self._whole(with_body(environ, *body), self._others) if body is not None else None

    async def _answered(self, environ: Environ, connection: PatientHttp, receive: Receive) -> WsgiCall | None:
        """An answer to a poster: by its head whether it may come, then its body, for which no turn is held."""
        async with self._share(environ):
            call = await self._by_head(environ, connection, self._others)
        if call is not None:
            await _drained(receive)
            return call
        body = await _body(receive, connection, environ, self._most)
        if body is None:
            return None
        async with self._share(environ):
            return await self._whole({**with_body(environ, *body), TURN_TAKEN: True}, self._others)

    async def _sent(
        self, environ: Environ, token: str | None, connection: PatientHttp, receive: Receive
    ) -> WsgiCall | None:
        """A visit: its body is waited for where the key is known, and where it is small it goes through the lane."""
        is_known = token is not None and phone_access.opened_lately(self.app, token)
        if not is_known or self._is_too_large(environ):
            call = await self._by_head(environ, connection, self._asks)
            if call is not None:
                await _drained(receive)
                return call
        connection.prove()
        body = await _body(receive, connection, environ, self._most)
        if body is None:
            return None
        if token is not None and body[1] <= IN_MEMORY and not _has_files(body[0]):
            call = WsgiCall(self.app, with_body(environ, *body))
            if await self._visits.answered(call):
                return call
        return await self._whole(with_body(environ, *body), self._phones)

    def _is_too_large(self, environ: Environ) -> bool:
        length = environ.get("CONTENT_LENGTH", "")
        return length.isdecimal() and int(length) > self._most

    async def _by_head(
        self, environ: Environ, connection: PatientHttp, threads: ThreadPoolExecutor
    ) -> WsgiCall | None:
        """The answer to a request of which the head alone has come; None where its body is wanted."""
        connection.is_judged = True
        try:
            return await self._whole({**environ}, threads)
        except BodyWanted:
            return None
        finally:
            connection.is_judged = False

    async def _whole(self, environ: Environ, threads: ThreadPoolExecutor) -> WsgiCall:
        call = WsgiCall(self.app, environ)
        await asyncio.get_running_loop().run_in_executor(threads, call.begin)
        return call

    def _share(self, environ: Environ) -> asyncio.Semaphore:
        """The turn of an address among the threads for everybody."""
        trusted = self._proxies()
        address = trusted.caller(environ) if trusted is not None else environ["REMOTE_ADDR"]
        found = self._shares.get(address) or asyncio.Semaphore(SHARE)
        self._shares[address] = found
        return found


async def _body(
    receive: Receive, connection: PatientHttp, environ: Environ, most: int
) -> tuple[IO[bytes], int] | None:
    """A whole body, small ones in memory, and its length; None where the client has gone.

    Of one that is larger than may be read no more than that is kept, and its length told as it is. One that was cut off
    has the length that was announced, so that its reader sees that it is short.
    """
    message = await receive()
    kept: IO[bytes] = io.BytesIO()
    if message.get("more_body"):
        kept = SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115 (closed with the request that reads it)
    length = 0
    while message["type"] == "http.request":
        length += len(message["body"])
        if length <= most:
            kept = _with(kept, message["body"])
        if not message["more_body"]:
            announced = int(environ.get("CONTENT_LENGTH") or 0)
            return kept, max(announced, length + 1) if connection.is_cut else length
        message = await receive()
    return None


def _with(kept: IO[bytes], piece: bytes) -> IO[bytes]:
    """What is kept of a body, with a piece more; where the disk takes it not, somebody who says so to its reader."""
    try:
        kept.write(piece)
    except OSError as error:
        with contextlib.suppress(OSError):
            kept.close()
        return cast(IO[bytes], NoRoom(later(outages.kind_of(error) or CommonProblem.UNAVAILABLE)))
    return kept


def _has_files(body: IO[bytes]) -> bool:
    """Whether something beside the XML may come with it: photos are written to a place that may be slow."""
    body.seek(0)
    return body.read().count(b"filename=") > 1


async def _drained(receive: Receive) -> None:
    """Take what is on its way of a body that nobody will read: a proxy hears no answer while it sends."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(DRAINS_FOR):
            while (await asyncio.wait_for(receive(), FLOWS_WITHIN)).get("more_body"):
                pass


async def _send(
    call: WsgiCall | None, connection: PatientHttp, send: Send, threads: ThreadPoolExecutor
) -> None:
    """The answer, piece by piece as its client takes it: no thread waits for that."""
    if call is None:
        return
    loop = asyncio.get_running_loop()
    try:
        await send({"type": "http.response.start", "status": call.status, "headers": call.headers})
        while not call.is_whole and not connection.is_gone:
            await send({"type": "http.response.body", "body": call.piece, "more_body": True})
            await loop.run_in_executor(threads, call.more)
        await send({"type": "http.response.body", "body": call.piece})
    finally:
        if not call.is_whole:
            await loop.run_in_executor(threads, call.close)
