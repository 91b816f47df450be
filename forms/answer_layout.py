"""Lookup tables of one definition, made once: where each answer stands in a submission, and how it is read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from forms.typed_values import Reader, reader

if TYPE_CHECKING:
    from forms.definition import Definition, EntityDeclaration

POINT_KINDS = frozenset({"geopoint", "geotrace", "geoshape"})


@dataclass(frozen=True)
class Branch:
    """A group or repeat: what stands in it by local name, a path for a leaf or a further branch."""

    path: str
    is_repeat: bool = False
    is_meta: bool = False
    inside: dict[str, Branch | str] = field(default_factory=dict)


@dataclass(frozen=True)
class PairPlace:
    """Where an indicator's pair stands."""

    indicator: str
    done: str
    of: str


@dataclass(frozen=True)
class Layout:
    """What reading a submission looks up; every path is without the root."""

    tree: Branch
    readers: Mapping[str, Reader]
    statements: tuple[PairPlace, ...]
    subject: str | None
    files: frozenset[str]
    points: frozenset[str]
    entities: Mapping[str, EntityDeclaration]
    # path of the entity block → (property, path of its answer)
    saved: Mapping[str, tuple[tuple[str, str], ...]]


def lay_out(definition: Definition) -> Layout:
    """The lookup tables of a definition."""
    group = definition.statement_group
    return Layout(
        tree=_tree(definition),
        readers={
            each.path: reader(each.kind, frozenset(choice.name for choice in each.choices))
            for each in definition.fields
        },
        statements=tuple(
            PairPlace(code, f"{group}/{code}_done", f"{group}/{code}_of") for code in definition.indicators
        ),
        subject=definition.subject_path,
        files=frozenset(each.path for each in definition.fields if each.kind == "binary"),
        points=frozenset(each.path for each in definition.fields if each.kind in POINT_KINDS),
        entities={each.path: each for each in definition.entities},
        saved={each.path: _saved(each, definition) for each in definition.entities},
    )


def pruned(tree: Branch, hidden: frozenset[str]) -> Branch:
    """A tree without the leaves at some paths, with the ids that every submission has in its `meta`."""
    inside: dict[str, Branch | str] = {}
    if tree.is_meta:
        inside |= {name: f"{tree.path}/{name}" for name in ("instanceID", "deprecatedID")}
    for name, each in tree.inside.items():
        if isinstance(each, Branch):
            inside[name] = pruned(each, hidden)
        elif each not in hidden:
            inside[name] = each
    return Branch(tree.path, tree.is_repeat, tree.is_meta, inside)


def _tree(definition: Definition) -> Branch:
    repeats = frozenset(each.repeat for each in definition.fields if each.repeat)
    root = Branch("")
    for each in definition.fields:
        _place(root, each.path, repeats)
    for entity in definition.entities:
        _branch(root, entity.path.removesuffix("/entity"), repeats)
    _branch(root, "meta", repeats)
    return root


def _place(root: Branch, path: str, repeats: frozenset[str | None]) -> None:
    container, _, name = path.rpartition("/")
    _branch(root, container, repeats).inside.setdefault(name, path)


def _branch(root: Branch, path: str, repeats: frozenset[str | None]) -> Branch:
    """The branch at a path, made with its parents where it is not there yet."""
    branch = root
    walked: list[str] = []
    for name in path.split("/") if path else ():
        walked.append(name)
        here = "/".join(walked)
        found = branch.inside.get(name)
        if not isinstance(found, Branch):
            found = Branch(here, is_repeat=here in repeats, is_meta=name == "meta")
            branch.inside[name] = found
        branch = found
    return branch


def _saved(entity: EntityDeclaration, definition: Definition) -> tuple[tuple[str, str], ...]:
    """Properties of the block from the fields whose nearest container with an entity is the block's (E2)."""
    containers = [each.path.removesuffix("meta/entity") for each in definition.entities]
    own = entity.path.removesuffix("meta/entity")

    def nearest(path: str) -> str:
        return max((each for each in containers if path.startswith(each)), key=len, default="")

    return tuple(
        (each.save_to, each.path)
        for each in definition.fields
        if each.save_to and each.path.startswith(own) and nearest(each.path) == own
    )
