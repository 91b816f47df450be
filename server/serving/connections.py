"""Connections of clients: every wait has a deadline, and no address takes all of them."""

import asyncio
import itertools
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_WITHIN = 15.0
"""Seconds from a connection, or from the first byte of its next request, to the end of the head."""
BODY_WITHIN = 30.0
"""Seconds for a body, besides those of its size: 20 MB of photos by a slow network take some minutes."""
SLOWEST = 100_000
"""Bytes a second of a large body."""
READ_WITHIN = 30.0
"""Seconds in which a client takes the next piece (64 KB) of its answer."""
LINGERS = 5.0
"""Seconds for which a process that ends keeps connections between two requests, as it does at any time: a phone may be
sending already."""
LEAVES_WITHIN = 10.0
"""Seconds that a request has to arrive whole in a process that ends."""
MOST_HEAD = 64 * 1024
"""Bytes: a phone names the unsent households of a whole list in one query, 39 each (E10)."""
MOST_BODY = 64_000_000
"""Bytes that are taken off the line, so that a phone reads why a body is too large instead of a reset connection."""
MOST_OF_AN_ADDRESS = 64
MOST_OF_ALL = 400
"""Connections of a process that have not proved to be anybody's: of more, the one that came first is ended.

Nobody is turned away at the door, so strangers lock out no team behind the same address.
"""
READ_FIRST = 0.25
"""Seconds after which those of more are ended: by a mobile network a request comes a round trip after its connection,
and what has come is read before it is judged."""


class Strangers:
    """Connections of a process that have not proved to be anybody's, in the order in which they came."""

    def __init__(self) -> None:
        self.is_leaving = False
        """Whether the process ends: those that were at its door when it was told so come in after the others."""
        self._all: dict[PatientHttp, str | None] = {}
        self._of: dict[str, dict[PatientHttp, None]] = {}
        self._crowded: set[str] | None = None
        """Addresses of which one too many has come since the last look; None: no look is due."""

    def add(self, connection: "PatientHttp", address: str | None) -> None:
        """One more; `address` is None where all come from one proxy, which bounds its clients itself."""
        if address is not None:
            own = self._of.setdefault(address, {})
            own[connection] = None
        self._all[connection] = address
        if len(self._all) > MOST_OF_ALL or len(self._of.get(address or "", ())) > MOST_OF_AN_ADDRESS:
            if self._crowded is None:
                self._crowded = set()
                connection.loop.call_later(READ_FIRST, self._end_those_of_more)
            self._crowded.add(address or "")

    def discard(self, connection: "PatientHttp") -> None:
        """It has ended, or has proved whose it is."""
        address = self._all.pop(connection, None)
        own = self._of.get(address or "")
        if own is not None:
            own.pop(connection, None)
            if not own:
                del self._of[address or ""]

    def _end_those_of_more(self) -> None:
        """Not as they come: a process that was away for a moment takes hundreds in one go, phones among them."""
        crowded, self._crowded = self._crowded or set(), None
        for address in crowded:
            self._end_first(own := self._of.get(address, {}), len(own) - MOST_OF_AN_ADDRESS)
        self._end_first(self._all, len(self._all) - MOST_OF_ALL)

    def _end_first(self, among: "dict[PatientHttp, Any]", count: int) -> None:
        """End so many that are being waited for; those that are being answered are nearly done."""
        waited_for = (each for each in among if each.is_waited_for and not each.is_judged)
        for found in list(itertools.islice(waited_for, max(count, 0))):
            self.discard(found)
            found.end()


class PatientHttp(HttpToolsProtocol):
    """HTTP/1.1 of uvicorn for clients that may be slow or break off: they cost a socket for a while, never a thread.

    The application finds it in the `state` of a request, as `connection`.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.strangers: Strangers = self.app.strangers
        self.is_waited_for = True
        """Whether a request is on its way, or none: nobody is at work for it."""
        self.is_judged = False
        """Whether somebody finds out who asks, before a body is waited for."""
        self.is_cut = False
        """Whether its client has ended a body before its end, and waits for an answer."""
        self._in_head, self._in_body = True, False
        self._head_size = self._body_size = 0
        self._deadline: asyncio.TimerHandle | None = None

    @property
    def is_gone(self) -> bool:
        return self.transport.is_closing()

    def prove(self) -> None:
        """Somebody who is known asks by it."""
        self.strangers.discard(self)

    def end(self) -> None:
        """Now, whatever is on its way."""
        self.transport.abort()

    # what the transport tells

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.strangers.add(self, self.app.bounded_address(self.client))
        self._end_in(HEAD_WITHIN)

    def connection_lost(self, exc: Exception | None) -> None:
        self._end_in(None)
        self.strangers.discard(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._in_head and self._head_size > MOST_HEAD:
            self.send_400_response("The head of the request is too large.")
            return
        super().data_received(data)
        if self._in_head:
            self._head_size += len(data)

    def eof_received(self) -> bool:  # type: ignore[override]
        """Nothing more comes: who is owed an answer still gets it."""
        if self.is_waited_for and not self._in_body:
            return False
        self.cycle.keep_alive = False
        if self._in_body:
            self.is_cut = True
            self.on_message_complete()
        return True

    def pause_writing(self) -> None:
        super().pause_writing()
        self._end_in(READ_WITHIN)

    def resume_writing(self) -> None:
        super().resume_writing()
        self._end_in(BODY_WITHIN if self._in_body else None)

    # what the parser tells

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["state"]["connection"] = self
        self._in_head, self._head_size, self.is_waited_for = True, 0, True
        self._end_in(LEAVES_WITHIN if self.strangers.is_leaving else HEAD_WITHIN)

    def on_headers_complete(self) -> None:
        self._in_head, self._in_body, self._body_size = False, True, 0
        length = next((value for name, value in self.headers if name == b"content-length"), b"0")
        self._end_in(LEAVES_WITHIN if self.strangers.is_leaving else BODY_WITHIN + int(length) / SLOWEST)
        super().on_headers_complete()
        if self.strangers.is_leaving:
            self.cycle.keep_alive = False

    def on_body(self, body: bytes) -> None:
        self._body_size += len(body)
        if self._body_size > MOST_BODY:
            self.end()
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._in_body = False
        is_answered = self.cycle is None or self.cycle.response_complete
        self.is_waited_for = is_answered
        self._end_in(self.timeout_keep_alive if is_answered else None)
        super().on_message_complete()

    # what uvicorn asks for

    def on_response_complete(self) -> None:
        self.is_waited_for = True
        super().on_response_complete()

    def timeout_keep_alive_handler(self) -> None:
        if self.transport.get_write_buffer_size():
            self.end()  # it never took its last answer
        super().timeout_keep_alive_handler()

    def shutdown(self) -> None:
        """The process ends: what is on its way is answered, then nothing more is taken by this connection."""
        self.strangers.is_leaving = True
        if not self.is_waited_for:
            super().shutdown()
        elif self._in_body:
            self.cycle.keep_alive = False
            self._end_in(LEAVES_WITHIN)
        else:
            self._end_in(LINGERS, self.transport.close)

    def _end_in(self, seconds: float | None, end: Any = None) -> None:
        """Have this deadline instead of the last one; None: nothing is waited for."""
        if self._deadline is not None:
            self._deadline.cancel()
        self._deadline = self.loop.call_later(seconds, end or self.end) if seconds is not None else None
