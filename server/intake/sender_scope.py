"""Whether everything that a submission acts on is its sender's to change, asked before anything is (R13)."""

import uuid
from collections.abc import Mapping, Set
from typing import Protocol

from forms.instance import EntityBlock
from server.households.phone_lists import WHOLE_COMMUNE
from server.intake.edited_submission import Edited
from server.intake.submission_sender import Sender
from server.published_forms.read_submission import SubmissionReading
from server.published_forms.registry import registry


class EntityHome(Protocol):
    """What of an entity decides where a submission about it belongs, and who may change it."""

    @property
    def id(self) -> uuid.UUID: ...
    @property
    def list_id(self) -> int: ...
    @property
    def village_id(self) -> int | None: ...


def reaches_out(
    reading: SubmissionReading,
    known: Mapping[uuid.UUID, EntityHome],
    sender: Sender,
    edited: Edited | None,
    stated_in: Set[int | None],
) -> bool:
    """Whether its form, an entity that it names, its subject, or what it edits is of another thôn or commune.

    `known` holds all of these that are entities; `stated_in` are the thôn in which something counts about a subject
    that is none (yet).
    """
    if reading.form.commune_id not in (None, sender.commune_id):
        return True
    if any(_is_foreign(block, known.get(block.id), sender) for block in reading.blocks):
        return True
    subject = known.get(reading.subject) if reading.subject else None
    if subject is not None and not may_change(subject, sender):
        return True
    about_people = any(block.list_name not in WHOLE_COMMUNE for block in reading.blocks) or any(
        each.indicator.of_people for each in reading.statements
    )
    registers = any(block.create and block.id == reading.subject for block in reading.blocks)
    if not registers and any(
        not _may_change_in(village_id, sender, at_home=about_people) for village_id in stated_in
    ):
        return True
    return edited is not None and edited.is_theirs and _was_elsewhere(edited, known, sender)


def may_change(entity: EntityHome, sender: Sender) -> bool:
    """What phones have of the whole commune within the commune; anything else, households first, within their thôn."""
    is_at_home = not _is_of_commune(entity)
    if entity.village_id is None:
        return not is_at_home
    return _may_change_in(entity.village_id, sender, at_home=is_at_home)


def _is_of_commune(entity: EntityHome) -> bool:
    return entity.list_id in {registry().list_id(name) for name in WHOLE_COMMUNE}


def _may_change_in(village_id: int | None, sender: Sender, *, at_home: bool) -> bool:
    if village_id is None or village_id in sender.villages.values():
        return True
    return not at_home and registry().commune_of(village_id) == sender.commune_id


def _is_foreign(block: EntityBlock, entity: EntityHome | None, sender: Sender) -> bool:
    """A new entity counts where its own property `thon` says; one of another list is not the one that is meant."""
    if entity is not None:
        return entity.list_id != registry().list_id(block.list_name) or not may_change(entity, sender)
    code = block.properties.get("thon")
    return bool(code) and block.list_name not in WHOLE_COMMUNE and code not in sender.villages


def _was_elsewhere(edited: Edited, known: Mapping[uuid.UUID, EntityHome], sender: Sender) -> bool:
    """Whether what the edit would take out of the counts stands in a thôn that is not the sender's (any more)."""
    entities = [known[each] for each in edited.touched if each in known]
    if any(not may_change(each, sender) for each in entities):
        return True
    is_at_home = any(not _is_of_commune(each) for each in entities)
    return edited.counts and not _may_change_in(edited.village_id, sender, at_home=is_at_home)
