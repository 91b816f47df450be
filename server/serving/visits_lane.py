"""The lane of visits: one thread reads all that known phones have sent meanwhile, and has it kept by one statement."""

import asyncio
import logging
import queue
from dataclasses import dataclass, field

from flask import Flask

from server import background
from server.intake import receive_submission
from server.intake.submission_log import Sent
from server.openrosa.submission_request import KEPT_TOGETHER, told
from server.serving.wsgi_calls import WsgiCall

log = logging.getLogger(__name__)

MOST = 50
"""Visits that are read before their phones are answered: some 40 ms."""


@dataclass
class VisitOnItsWay:
    """A visit in the lane; `left` is what of it is to be kept, none where it was answered without."""

    call: WsgiCall
    is_answered: "asyncio.Future[bool]"
    left: list[Sent] = field(default_factory=list)
    is_done: bool = False


class VisitsLane:
    """What phones of known keys send without photos. Strangers never come here, so nobody has to wait for them."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._waiting: queue.SimpleQueue[VisitOnItsWay] = queue.SimpleQueue()

    def start(self) -> None:
        """In a process that serves, for as long as it lives."""
        background.for_ever(self._turn, "visits")

    async def answered(self, call: WsgiCall) -> bool:
        """Whether the call has its answer, a visit being durable; else it begins again alone, where it may wait."""
        visit = VisitOnItsWay(call, asyncio.get_running_loop().create_future())
        call.environ[KEPT_TOGETHER] = visit.left
        self._waiting.put(visit)
        return await visit.is_answered

    def _turn(self) -> None:
        visits = [self._waiting.get()]
        while len(visits) < MOST and not self._waiting.empty():
            visits.append(self._waiting.get())
        try:
            self._read_and_keep(visits)
        except Exception:
            log.exception("visits begin again alone")
        finally:
            visits[0].is_answered.get_loop().call_soon_threadsafe(_answer, visits)

    def _read_and_keep(self, visits: list[VisitOnItsWay]) -> None:
        for visit in visits:
            visit.call.begin()
            visit.is_done = not visit.left
        waiting = [visit for visit in visits if visit.left]
        if not waiting:
            return
        with self._app.app_context():
            receipts = receive_submission.keep_together([visit.left[0] for visit in waiting])
        for visit, receipt in zip(waiting, receipts, strict=True):
            if receipt is not None:
                visit.call.tell(told(receipt))
                visit.is_done = True


def _answer(visits: list[VisitOnItsWay]) -> None:
    for visit in visits:
        if not visit.is_answered.done():
            visit.is_answered.set_result(visit.is_done)
