"""What a soak records of its server, and whether it stays flat.

Under load all that is held differs from second to second, and files of all that is stored grow with what is stored. So
the load rests at one third, at two thirds and at the end; the same requests of the same answers are asked, and what the
server then holds is compared.
"""

import contextlib
import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

MEGABYTE = 2**20
MEMORY_GROWTH, MEMORY_SLACK = 1.05, 16.0
"""Flat memory: from one third to the end what each process holds grows at most by a twentieth and these megabytes (four
processes warm up). What they cease to share is no leak: it ends when nothing is shared any more …"""
DESCRIPTORS_MORE = 20
"""… flat descriptors: at most so many more …"""
WAL_MOST = {"sqlite": 32.0, "postgresql": 1024.0, "patroni": 1024.0}
"""… a flat write-ahead log: at most so many megabytes, whenever it is looked at between nights (PostgreSQL keeps up to
its max_wal_size for the next) …"""
LOG_GROWTH, LOG_SLACK = 1.25, 50.0
"""… and flat logs: the last third's bytes a request at most a quarter and so many more than the second's."""


@dataclass(frozen=True)
class HeldAtRest:
    """What the processes of the server and its database's log hold at one moment."""

    memory_mb: float
    """What all of them take of the machine: a page that several hold counts once."""
    resident_mb: float
    """The same pages counted in each: this grows with what is held alone. The first also grows as processes come to
    write, be it a count of references, to what they were forked with, until nothing is shared any more."""
    descriptors: int
    wal_mb: float
    processes: int


@dataclass(frozen=True)
class Sample:
    """What there was at one moment under load."""

    seconds: float
    held: HeldAtRest
    log_bytes: int
    requests: int


@dataclass(frozen=True)
class Rest:
    """What there was while the load rested, after the same requests each time; `visits` had been stored by then."""

    hour: int
    visits: int
    held: HeldAtRest


@dataclass(frozen=True)
class Verdict:
    """One sentence about one kind of thing, and whether it is flat."""

    name: str
    told: str
    is_flat: bool


def held(processes: Sequence[int], wal_bytes: int) -> HeldAtRest:
    """Megabytes (PSS and RSS), open files, and the log."""
    memory = resident = descriptors = there = 0
    for each in processes:
        with contextlib.suppress(OSError):
            lines = Path(f"/proc/{each}/smaps_rollup").read_text().splitlines()[1:]
            kilobytes = {line.split()[0]: int(line.split()[1]) for line in lines}
            memory += kilobytes["Pss:"]
            resident += kilobytes["Rss:"]
            descriptors += sum(1 for _ in Path(f"/proc/{each}/fd").iterdir())
            there += 1
    return HeldAtRest(memory / 1024, resident / 1024, descriptors, wal_bytes / MEGABYTE, there)


def verdicts(samples: Sequence[Sample], rests: Sequence[Rest], database: str) -> Iterator[Verdict]:
    """What is flat, of a soak that rested at least twice."""
    first, last = rests[0].held, rests[-1].held
    yield Verdict(
        "memory",
        " → ".join(
            f"{each.held.memory_mb:.0f} MB (in each {each.held.resident_mb:.0f}) after {each.visits:,} visits"
            for each in rests
        ),
        last.resident_mb <= first.resident_mb * MEMORY_GROWTH + MEMORY_SLACK,
    )
    yield Verdict(
        "descriptors",
        " → ".join(str(each.held.descriptors) for each in rests),
        last.descriptors <= first.descriptors + DESCRIPTORS_MORE,
    )
    most = WAL_MOST[database]
    highest = max(each.held.wal_mb for each in samples)
    yield Verdict(
        "wal",
        " → ".join(f"{each.held.wal_mb:.0f} MB" for each in rests)
        + f"; at most {highest:.0f} MB under load; may be {most:.0f} MB at rest",
        all(each.held.wal_mb <= most for each in rests),
    )
    second, third = (_log_bytes_a_request(part) for part in _thirds(samples)[1:])
    yield Verdict(
        "log bytes a request",
        f"{second:.0f} in the second third, {third:.0f} in the last",
        third <= second * LOG_GROWTH + LOG_SLACK,
    )


def under_load(samples: Sequence[Sample]) -> Iterator[str]:
    """Medians of the second and the last third: for the book, and no verdict, for files of all that is stored grow."""
    for name in ("memory_mb", "resident_mb", "descriptors", "wal_mb", "processes"):
        second, last = (
            statistics.median(getattr(each.held, name) for each in part) for part in _thirds(samples)[1:]
        )
        yield f"{name} under load: {second:.1f} in the second third, {last:.1f} in the last"


def _thirds(samples: Sequence[Sample]) -> list[Sequence[Sample]]:
    return [samples[len(samples) * n // 3 : len(samples) * (n + 1) // 3] for n in range(3)]


def _log_bytes_a_request(part: Sequence[Sample]) -> float:
    return (part[-1].log_bytes - part[0].log_bytes) / max(1, part[-1].requests - part[0].requests)
