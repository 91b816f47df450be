"""What a soak tells: a leak as such, and not what only more stored visits cost."""

import dataclasses
import os

from bench import soak_figures
from bench.soak_figures import HeldAtRest, Rest, Sample

HELD = HeldAtRest(memory_mb=500, resident_mb=900, descriptors=100, wal_mb=6, processes=4)


def _is_flat(
    last: HeldAtRest, *, sample: HeldAtRest = HELD, log_bytes_in_last_third: int = 0
) -> dict[str, bool]:
    rests = [Rest(56, 1_000, HELD), Rest(112, 2_000, HELD), Rest(168, 3_000, last)]
    samples = [
        Sample(number, sample, number * 150 + max(0, number - 20) * log_bytes_in_last_third, number)
        for number in range(30)
    ]
    return {each.name: each.is_flat for each in soak_figures.verdicts(samples, rests, "sqlite")}


def test_what_only_warms_up_is_flat() -> None:
    assert all(_is_flat(dataclasses.replace(HELD, resident_mb=940, descriptors=110)).values())


def test_what_processes_cease_to_share_is_no_leak() -> None:
    assert all(_is_flat(dataclasses.replace(HELD, memory_mb=700)).values())


def test_a_file_of_all_that_is_stored_does_not_count_as_a_leak() -> None:
    assert all(_is_flat(HELD, sample=dataclasses.replace(HELD, memory_mb=2_000, processes=6)).values())


def test_each_kind_that_grows_is_told_by_its_name() -> None:
    assert not _is_flat(dataclasses.replace(HELD, resident_mb=970))["memory"]
    assert not _is_flat(dataclasses.replace(HELD, descriptors=150))["descriptors"]
    assert not _is_flat(dataclasses.replace(HELD, wal_mb=60))["wal"]
    assert not _is_flat(HELD, log_bytes_in_last_third=200)["log bytes a request"]


def test_what_processes_hold_is_read_from_the_system_and_those_that_ended_hold_nothing() -> None:
    mine = soak_figures.held([os.getpid(), 2**22 + 1], 3 * soak_figures.MEGABYTE)
    assert mine.processes == 1
    assert mine.resident_mb >= mine.memory_mb > 5
    assert mine.descriptors > 2
    assert mine.wal_mb == 3
