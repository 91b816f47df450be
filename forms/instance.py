"""A submission's XML as values: its ids, typed answers, entity blocks, file names and times."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import UUID

from lxml import etree

from forms.answer_layout import Branch
from forms.definition import Definition
from forms.errors import Fault, Unreadable
from forms.file_names import file_name
from forms.typed_values import integer, text

MAX_BYTES = 5_000_000
MAX_DEPTH = 64
MAX_ID = 255
_DOCTYPE = b"<!DOCTYPE"
_BOM = b"\xef\xbb\xbf"
_CONTROLS = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_CONTROL_REFERENCE = re.compile(
    rb"&#(?:0*(?:[0-8]|1[1245-9]|2[0-9]|3[01])|x0*(?:[0-8bcefBCEF]|1[0-9a-fA-F]));"
)
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_UUID = re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")
_TOO_DEEP = etree.XPath("boolean(" + "/*" * (MAX_DEPTH + 1) + ")")
# Namespaces that many forms share, so they cannot stand for a form's id (C34).
_SHARED_NAMESPACES = (
    "http://www.w3.org/", "http://openrosa.org/", "http://opendatakit.org/", "http://www.opendatakit.org/",
)  # fmt: skip


class Answers(dict[str, Any]):
    """Path → value; a repeat's path → list of such dicts. `misfits` are paths whose text is not of its kind."""

    misfits: tuple[str, ...] = ()


@dataclass
class FoundTexts:
    """The texts of one submission, or of one round of a repeat, by path; blanks are ''."""

    texts: dict[str, str] = field(default_factory=dict)
    repeats: dict[str, list["FoundTexts"]] = field(default_factory=dict)
    entities: list[tuple[str, Any]] = field(default_factory=list)


@dataclass(frozen=True)
class Instance:
    """A submission that can be read. `version` is '' where there is none; ids are trimmed, `xml` as received."""

    form_id: str
    version: str
    instance_id: str
    deprecated_id: str | None
    encrypted: bool
    xml: bytes = field(repr=False)
    root: Any = field(repr=False, compare=False)
    _found: list[tuple[Definition, FoundTexts]] = field(default_factory=list, repr=False, compare=False)

    def found(self, definition: Definition) -> FoundTexts:
        """The texts by path, collected once for all who ask."""
        if not self._found or self._found[0][0] is not definition:
            found = FoundTexts()
            _collect(self.root, definition.layout.tree, found)
            self._found[:] = [(definition, found)]
        return self._found[0][1]


@dataclass(frozen=True)
class EntityBlock:
    """What a submission says to do with one entity (E2, E9); versions are None where blank."""

    list_name: str
    id: UUID
    create: bool
    update: bool
    base_version: int | None
    trunk_version: int | None
    branch_id: UUID | None
    label: str | None
    properties: dict[str, str]


class EntityBlocks(NamedTuple):
    """The blocks that may be applied, and what is wrong with them or with others."""

    blocks: tuple[EntityBlock, ...]
    faults: tuple[Fault, ...]


class Times(NamedTuple):
    """When the form was opened and finished by the phone's clock, in UTC, or None (C48)."""

    start: datetime | None
    end: datetime | None
    faults: tuple[Fault, ...]


def read(xml: bytes) -> Instance:
    """The submission in `xml` as received; raises Unreadable and nothing else (C34, C44, C47)."""
    root = _parse(xml)
    form_id = _form_id(root)
    meta = _child(root, "meta")
    instance_id = _id(meta, "instanceID")
    if instance_id is None:
        raise Unreadable("no_instance_id")
    version = (root.get("version") or "").strip()
    if len(version) > MAX_ID:
        raise Unreadable("bad_version", version[:40])
    encrypted = root.get("encrypted") == "yes"
    return Instance(form_id, version, instance_id, _id(meta, "deprecatedID"), encrypted, xml, root)


def stored_texts(xml: bytes, tree: Branch) -> FoundTexts:
    """The texts of a stored submission along a tree, as they were sent; it was looked at when it came."""
    found = FoundTexts()
    _collect(etree.fromstring(xml.removeprefix(_BOM), _parser()), tree, found)
    return found


def entity_label(element: Any) -> str | None:
    """What an entity block calls its household or place; None where it does not."""
    return _label(element)


def _parse(xml: bytes) -> Any:
    if len(xml) > MAX_BYTES:
        raise Unreadable("too_large", str(len(xml)))
    # Outside the prolog these letters can only stand in a comment or CDATA, which no client writes.
    if _DOCTYPE in xml:
        raise Unreadable("doctype")
    try:
        xml.decode("utf-8")
    except UnicodeDecodeError as problem:
        raise Unreadable("not_xml", str(problem)) from problem
    try:
        root = etree.fromstring(xml.removeprefix(_BOM), _parser())
    except (etree.XMLSyntaxError, ValueError) as problem:
        raise Unreadable(_why(xml, str(problem)), str(problem)[:200]) from problem
    if _TOO_DEEP(root):
        raise Unreadable("too_deep")
    return root


def _parser() -> Any:
    """A parser without DTD, entities or network; one a call, since threads would wait for a shared one."""
    return etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        remove_comments=True,
        remove_pis=True,
        collect_ids=False,
    )


def _why(xml: bytes, problem: str) -> str:
    if "depth" in problem.lower():
        return "too_deep"
    if _CONTROLS.search(xml) or _CONTROL_REFERENCE.search(xml):
        return "control_characters"
    return "not_xml"


def _form_id(root: Any) -> str:
    form_id = (root.get("id") or "").strip()
    if not form_id and root.tag[0] == "{":
        namespace = root.tag[1 : root.tag.index("}")]
        form_id = "" if namespace.startswith(_SHARED_NAMESPACES) else namespace
    if not form_id:
        raise Unreadable("no_id")
    if len(form_id) > MAX_ID or _UNPRINTABLE.search(form_id):
        raise Unreadable("bad_id", form_id[:40])
    return form_id


def _child(parent: Any, name: str) -> Any | None:
    """The first child of that local name, whatever its namespace (C34)."""
    return None if parent is None else next(iter(parent.iterchildren("{*}" + name)), None)


def _id(meta: Any | None, name: str) -> str | None:
    """The trimmed id, None where absent or blank; only "scheme:value" is promised, so anything short passes."""
    element = _child(meta, name)
    plain = (element.text or "").strip() if element is not None else ""
    if len(plain) > MAX_ID or _UNPRINTABLE.search(plain):
        raise Unreadable("bad_instance_id", plain[:40])
    return plain or None


def _collect(parent: Any, branch: Branch, found: FoundTexts) -> None:
    """Walks along the definition, so no deeper than it; the first of two equal leaves counts."""
    inside, texts = branch.inside, found.texts
    for child in parent:
        tag = child.tag
        known = inside.get(tag) or inside.get(name := tag[tag.find("}") + 1 :])
        if known is None:
            if name == "entity" and branch.is_meta:
                found.entities.append((branch.path + "/entity", child))
        elif isinstance(known, str):
            if known not in texts:
                raw = child.text
                texts[known] = raw if raw and not raw.isspace() else ""
        elif known.is_repeat:
            one_round = FoundTexts()
            _collect(child, known, one_round)
            found.repeats.setdefault(known.path, []).append(one_round)
        else:
            _collect(child, known, found)


def answers(instance: Instance, definition: Definition) -> Answers:
    """Typed answers by path: int, float, str, list for several choices, {"lat","lon","alt","acc"} for a point.

    Blank answers are absent (missing is never 0). A text that is not of its question's kind stays as text
    and its path stands in `misfits`.
    """
    misfits: dict[str, None] = {}
    typed = _typed(instance.found(definition), definition, misfits)
    typed.misfits = tuple(misfits)
    return typed


def _typed(found: FoundTexts, definition: Definition, misfits: dict[str, None]) -> Answers:
    readers = definition.layout.readers
    typed = Answers()
    for path, raw in found.texts.items():
        if not raw:
            continue
        try:
            value = readers[path](raw)
        except ValueError:
            value = text(raw)
            misfits[path] = None
        if value is not None:
            typed[path] = value
    for path, rounds in found.repeats.items():
        typed[path] = [_typed(one_round, definition, misfits) for one_round in rounds]
    return typed


def entities(instance: Instance, definition: Definition) -> EntityBlocks:
    """The entity blocks in document order; what the form does not declare is a fault (E19), never applied.

    A block that neither creates nor updates is left out without a fault: that is how a form says "no change".
    """
    blocks: list[EntityBlock] = []
    faults: list[Fault] = []
    for found in _rounds(instance.found(definition)):
        for path, element in found.entities:
            block = _block(path, element, found, definition, faults)
            if block is not None:
                blocks.append(block)
    return EntityBlocks(tuple(blocks), tuple(faults))


def _rounds(found: FoundTexts) -> Iterator[FoundTexts]:
    yield found
    for rounds in found.repeats.values():
        for one_round in rounds:
            yield from _rounds(one_round)


def _block(
    path: str, element: Any, found: FoundTexts, definition: Definition, faults: list[Fault]
) -> EntityBlock | None:
    list_name = element.get("dataset") or ""
    creates, updates = (element.get(act) in {"1", "true"} for act in ("create", "update"))
    if not creates and not updates:
        return None
    declared = definition.layout.entities.get(path)
    if declared is None or declared.list_name != list_name:
        faults.append(Fault("undeclared_list", list_name[:MAX_ID], path))
        return None
    creates, updates = creates and declared.creates, updates and declared.updates
    if not creates and not updates:
        faults.append(Fault("undeclared_act", list_name, path))
        return None
    entity_id = as_uuid(element.get("id") or "")
    if entity_id is None:
        faults.append(Fault("bad_entity_id", list_name, (element.get("id") or "")[:MAX_ID]))
        return None
    label = _label(element)
    if creates and not updates and label is None:
        faults.append(Fault("no_label", list_name, str(entity_id)))
    return EntityBlock(
        list_name=list_name,
        id=entity_id,
        create=creates,
        update=updates,
        base_version=_version(element, "baseVersion", list_name, faults),
        trunk_version=_version(element, "trunkVersion", list_name, faults),
        branch_id=as_uuid(element.get("branchId") or ""),
        label=label,
        properties={
            name: text(found.texts[answer])
            for name, answer in definition.layout.saved[path]
            if answer in found.texts
        },
    )


def _label(element: Any) -> str | None:
    label = _child(element, "label")
    plain = text(label.text or "").strip() if label is not None else ""
    return plain or None


def _version(element: Any, name: str, list_name: str, faults: list[Fault]) -> int | None:
    raw = element.get(name)
    if not raw:
        return None
    try:
        number = integer(raw)
    except ValueError:
        number = 0
    if number is not None and number >= 1:
        return number
    faults.append(Fault("bad_version", list_name, f"{name}={raw[:40]}"))
    return None


def as_uuid(plain: str) -> UUID | None:
    """The UUID written with its four hyphens, else None."""
    plain = plain.strip()
    return UUID(plain) if _UUID.fullmatch(plain) else None


def binaries(instance: Instance, definition: Definition) -> frozenset[str]:
    """Names of the files that complete the submission: what its answers name, audit included (C35, C36), each as
    phones call the part that brings it.

    An encrypted submission names its sealed files instead (C44).
    """
    if instance.encrypted:
        names = (each.text for each in instance.root.iter("{*}file", "{*}encryptedXmlFile"))
        return frozenset(file_name(name) for name in names if name and name.strip())
    files = definition.layout.files
    return frozenset(
        file_name(found.texts[path])
        for found in _rounds(instance.found(definition))
        for path in files & found.texts.keys()
        if found.texts[path]
    )


def times(instance: Instance, definition: Definition) -> Times:
    """`start` and `end` of the root as the phone wrote them; a time without zone or sense is a fault."""
    found = instance.found(definition)
    faults: list[Fault] = []
    start = _moment(found, definition.start_path, faults)
    end = _moment(found, definition.end_path, faults)
    return Times(start, end, tuple(faults))


def _moment(found: FoundTexts, path: str | None, faults: list[Fault]) -> datetime | None:
    raw = found.texts.get(path or "", "").strip()
    if not raw:
        return None
    try:
        moment = datetime.fromisoformat(raw)
        if moment.tzinfo is None:
            raise ValueError("no zone")
        return moment.astimezone(UTC)
    except (ValueError, OverflowError) as problem:
        faults.append(Fault("bad_time", path or "", f"{raw[:40]}: {problem}"[:100]))
        return None
