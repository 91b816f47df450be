"""A line of TCP that can be cut like a cable: what is sent goes nowhere, and nobody is told."""

import asyncio
import contextlib
import threading
from types import TracebackType

from tests.ports import free_port


class Gate:
    """Listens on a port of loopback and hands on to another, while it is open."""

    def __init__(self, target: int) -> None:
        self.target, self.port = target, free_port()
        self._loop = asyncio.new_event_loop()
        self._open = asyncio.Event()
        self._open.set()
        self._sinks: set[asyncio.StreamWriter] = set()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> "Gate":
        self._thread.start()
        assert self._ready.wait(20)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(20)

    def cut(self) -> None:
        self._loop.call_soon_threadsafe(self._open.clear)

    def mend(self) -> None:
        """What waited meanwhile arrives now, as after a cable was plugged in again."""
        self._loop.call_soon_threadsafe(self._open.set)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(asyncio.start_server(self._take, "127.0.0.1", self.port))
        self._ready.set()
        self._loop.run_forever()
        server.close()
        self._loop.run_until_complete(self._end())
        self._loop.close()

    async def _end(self) -> None:
        for each in self._sinks:
            each.transport.abort()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        await asyncio.sleep(0.05)  # transports close in the loop's next turns

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._sinks.add(writer)
        with contextlib.suppress(OSError, asyncio.CancelledError):
            await self._open.wait()
            far, back = await asyncio.open_connection("127.0.0.1", self.target)
            self._sinks.add(back)
            await asyncio.gather(self._hand_on(reader, back), self._hand_on(far, writer))
            self._sinks.discard(back)
        writer.close()
        self._sinks.discard(writer)

    async def _hand_on(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.CancelledError):
            while part := await source.read(65536):
                await self._open.wait()
                sink.write(part)
                await sink.drain()
        with contextlib.suppress(OSError, asyncio.CancelledError):
            await self._open.wait()  # that the other side has ended is a message as well
            sink.close()
