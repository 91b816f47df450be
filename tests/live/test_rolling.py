"""Two groups of processes on one socket that outlives them, by docs/deploy: restarted in turn, and nobody notices."""

import os
import re
import shlex
import signal
import subprocess
import sys
import time
from types import TracebackType

import pytest
from flask import Flask

from server.counting import tally
from server.db import db
from server.settings import Settings
from tests.live.applied import wait_until_applied
from tests.live.rounds import Rounds
from tests.live.served import ROOT, Served
from tests.live.stream import Stream

pytestmark = pytest.mark.live

UNIT = (ROOT / "docs" / "deploy" / "tung-nha-web@.service").read_text()
GUNICORN = "/srv/tung-nha/.venv/bin/gunicorn"
IN_LINE = 3.0
"""Seconds that a visit may take while groups come and go."""


class Group:
    """One instance of the unit: its own command, with the socket that systemd would hand to it."""

    def __init__(self, served: Served, number: int) -> None:
        self._served, self._number = served, number
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Returns when its processes take calls, as `systemctl start` does when it is told so."""
        [command] = re.findall(r"(?m)^ExecStart=(.+)$", UNIT)
        words = shlex.split(command.replace(GUNICORN, f"{sys.executable} -m gunicorn"))
        handle = self._served.listener.fileno()
        activated = f"exec 3<&{handle}; LISTEN_FDS=1 LISTEN_PID=$$ exec {shlex.join(words)}"
        log = self._served.settings.instance / f"group{self._number}.{time.monotonic_ns()}.log"
        with log.open("wb") as file:
            self._process = subprocess.Popen(
                ["bash", "-c", activated], cwd=ROOT, env=self._served.environment(), pass_fds=(handle,),
                start_new_session=True, stdout=file, stderr=file,
            )  # fmt: skip
        until = time.monotonic() + 60
        while len(re.findall("Booting worker", log.read_text())) < 2:
            assert self._process.poll() is None, log.read_text()
            assert time.monotonic() < until, log.read_text()
            time.sleep(0.05)

    def stop(self) -> None:
        """As `systemctl stop`: told to end, and given its time."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(60)
        self._process = None

    def __enter__(self) -> "Group":
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is not None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait(60)


def test_groups_that_are_restarted_in_turn_refuse_and_cut_off_nobody(app: Flask, settings: Settings) -> None:
    """stop-1: not one connection refused, none reset, each visit answered."""
    served = Served(settings)  # its socket, and what it tells a process of its settings
    town = Rounds(served, None, seed=9)
    with Group(served, 1) as one, Group(served, 2) as other:
        with Stream(town.phones, town.households, between=0.1) as stream:
            stream.wait_for(5)
            for group in (one, other, one, other):
                group.stop()
                group.start()
                stream.wait_for(3, time.monotonic())
        wait_until_applied()
    served.listener.close()
    assert {each.status for each in stream.told} == {201}
    assert max(each.seconds for each in stream.told) < IN_LINE
    assert len(stream.told) > 100
    with db.engine.connect() as connection:
        assert tally.recount(connection) == []


def test_the_socket_is_the_one_that_both_groups_are_given() -> None:
    told = (ROOT / "docs" / "deploy" / "tung-nha-web.socket").read_text()
    assert "ListenStream=127.0.0.1:8000" in told
    assert "Sockets=tung-nha-web.socket" in UNIT
    assert "--bind" not in UNIT
