"""Tells on the terminal how far the demonstration is."""

import sys
import threading
import time

import click


class StepProgress:
    """Steps with the seconds since the start; a count on one line that is written over where there is a terminal."""

    def __init__(self) -> None:
        self._begun = time.monotonic()
        self._lock = threading.Lock()
        self._alive = sys.stdout.isatty()
        self._count = 0

    def step(self, sentence: str) -> None:
        """A step that begins."""
        click.echo(f"[{time.monotonic() - self._begun:4.0f} giây] {sentence}")

    def counting(self, total: int) -> None:
        """A count of visits begins; without a terminal every tenth of it gets a line."""
        self._count, self._total = 0, total
        self._every = 10 if self._alive else max(1, total // 10)

    def one(self) -> None:
        """One visit more has been taken; called by many threads."""
        with self._lock:
            self._count += 1
            if self._count % self._every == 0 or self._count == self._total:
                self._show()

    def _show(self) -> None:
        line = f"[{time.monotonic() - self._begun:4.0f} giây] Đã gửi {self._count}/{self._total} phiếu"
        last = self._count == self._total
        click.echo(f"\r{line}" if self._alive else line, nl=not self._alive or last)
