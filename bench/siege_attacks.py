"""All attacks of a siege, by who makes them."""

from collections.abc import Sequence
from dataclasses import replace

from bench import (
    siege_below_bounds,
    siege_beside,
    siege_by_files,
    siege_by_members,
    siege_by_offices,
    siege_by_phones,
    siege_by_programs,
    siege_by_strangers,
    siege_of_the_machine,
)
from bench.siege_place import Attack

GROUPS = {
    "strangers": siege_by_strangers.ATTACKS, "phones": siege_by_phones.ATTACKS, "members": siege_by_members.ATTACKS,
    "offices": siege_by_offices.ATTACKS, "files": siege_by_files.ATTACKS,
    "programs": siege_by_programs.ATTACKS, "below": siege_below_bounds.ATTACKS, "beside": siege_beside.ATTACKS,
    "machine": siege_of_the_machine.ATTACKS,
}  # fmt: skip


def chosen(words: Sequence[str]) -> list[Attack]:
    """Those whose name, case or group has one of these words; all where there is none."""
    every = [replace(each, group=group) for group, attacks in GROUPS.items() for each in attacks]
    return [each for each in every if not words or any(_is_meant(each, word) for word in words)]


def _is_meant(attack: Attack, word: str) -> bool:
    return word == attack.group if word in GROUPS else word in attack.name or word in attack.case.split(", ")
