"""What befalls the machine itself while phones send: a clock that jumps, a disk that is full for a while."""

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

LASTS_SECONDS = 0.7
"""So long a jump or a full disk lasts."""


class ShiftedClock:
    """The clock of the program that runs with `environ`, shifted at will; the monotonic one goes on as it does."""

    def __init__(self, folder: Path) -> None:
        self._told = folder / "clock"
        self.set_hours(0)
        here = Path(__file__).parent
        self.environ = {
            "PYTHONPATH": str(here / "shifted_clock"),
            "SHIFTED_CLOCK_FILE": str(self._told),
            "SHIFTED_CLOCK_ROOT": str(here.parents[1]),
        }

    def set_hours(self, hours: int) -> None:
        """So many hours ahead of the machine's own clock, behind where negative."""
        new = self._told.with_suffix(".new")
        new.write_text(f"{hours * 3600:+d}")
        new.replace(self._told)

    def jump(self, hours: int) -> None:
        """Away and back again."""
        self.set_hours(hours)
        time.sleep(LASTS_SECONDS)
        self.set_hours(0)


@contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[Path]:
    """A file system of its own of this size, in memory; only root may make one."""
    subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=0755", "tmpfs", folder], check=True
    )
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


def fill(folder: Path) -> None:
    """Leave no byte free on the disk of a folder, and give the room back a moment later."""
    ballast = folder / "ballast"
    with ballast.open("wb") as file:
        handle = file.fileno()
        for step in (2**20, 2**12):
            while _takes(handle, step):
                pass
    time.sleep(LASTS_SECONDS)
    ballast.unlink()


def _takes(handle: int, count: int) -> bool:
    try:
        return os.write(handle, bytes(count)) == count
    except OSError:
        return False
