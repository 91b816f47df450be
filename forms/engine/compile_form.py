"""A published XForm, read and compiled for the engine: nodes, binds, controls, actions, texts and lists."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from lxml import etree

from forms.engine import choice_lists
from forms.engine.choice_lists import Table
from forms.engine.expression import Expression, compile_expression
from forms.engine.formula_sources import Source
from forms.engine.offered_range import OfferedRange, offered_range
from forms.engine.unfillable import Unfillable

XFORMS = "http://www.w3.org/2002/xforms"
HTML = "http://www.w3.org/1999/xhtml"
_NS = {"x": XFORMS, "h": HTML}
_JR = "{http://openrosa.org/javarosa}"
_ITEXT = re.compile(r"jr:itext\(\s*['\"](.+?)['\"]\s*\)")
_ITEXT_COLUMN = re.compile(r"^jr:itext\((.+)\)$")
_RANDOM = re.compile(r"^\s*randomize\((.*?)(?:,[^,\])]*)?\)\s*$", re.DOTALL)
_CONTROLS = frozenset({"input", "select", "select1", "upload", "rank", "range", "trigger", "secret"})
_FIRST_LOAD, _NEW_ROUND, _CHANGED = "odk-instance-first-load", "odk-new-repeat", "xforms-value-changed"


@dataclass(frozen=True)
class Bind:
    """What the form rules for one node; texts are plain or the id of a translated text."""

    type: str = "string"
    relevant: Expression | None = None
    calculate: Expression | None = None
    constraint: Expression | None = None
    required: Expression | None = None
    constraint_text: str = ""
    required_text: str = ""
    preload: str = ""
    readonly: bool = False


@dataclass(frozen=True)
class FormNode:
    """One node of the primary instance, an attribute if its last step begins with @; `tag` as it is sent.

    `rounds` is None for what does not repeat, else the rounds that a visit begins with (a round that is added
    begins with none of what repeats in it); `count` the answer that says how many there are, if one does.
    """

    path: str
    parent: str
    tag: str
    default: str
    children: tuple[str, ...]
    attributes: tuple[tuple[str, str], ...]
    bind: Bind
    rounds: int | None = None
    count: Expression | None = None

    @property
    def name(self) -> str:
        """The last step of the path."""
        return self.path.rpartition("/")[2]


@dataclass(frozen=True)
class OfferedChoice:
    """One answer offered: the code that is sent and the label that is read."""

    name: str
    label: str


@dataclass(frozen=True)
class ShownControl:
    """One question or note on the screen."""

    path: str
    kind: str
    label: str
    listed: Expression | None = None
    value: str = "name"
    shown: str = "label"
    inline: tuple[OfferedChoice, ...] = ()
    changes: tuple["SetValue", ...] = ()
    mediatype: str = ""
    """What files an upload takes, "image/*"."""
    offered: OfferedRange | None = None
    """The numbers that a range offers."""


@dataclass(frozen=True)
class SetValue:
    """Set the node at `path` to a result, or to fixed text."""

    path: str
    value: Expression | None
    fixed: str = ""


@dataclass(frozen=True)
class Text:
    """A text shown to people: fixed parts and answers, by turns."""

    parts: tuple[str | Expression, ...]


@dataclass(frozen=True)
class FillableForm:
    """A form that can be filled. `groups` has the labels of groups and repeats, `new_round` the actions of each."""

    root: str
    version: str
    declarations: str
    nodes: Mapping[str, FormNode]
    controls: Mapping[str, ShownControl]
    groups: Mapping[str, str]
    texts: Mapping[str, Text]
    first_load: tuple[SetValue, ...]
    new_round: Mapping[str, tuple[SetValue, ...]]
    lists: Mapping[str, Table] = field(repr=False)

    @cached_property
    def order(self) -> tuple[str, ...]:
        """All nodes, each after those that it depends on."""
        return tuple(_sorted(self.nodes))

    @cached_property
    def readers(self) -> Mapping[str, tuple[Source, ...]]:
        """For each node, the nodes that must be worked out again when it changes, and what they share with it."""
        found: dict[str, list[Source]] = {path: [] for path in self.nodes}
        for path in self.order:
            for source in _read_by(self.nodes[path]):
                if source.path in found:
                    found[source.path].append(Source(path, source.shared))
        return {path: tuple(readers) for path, readers in found.items()}

    @cached_property
    def places(self) -> Mapping[str, int]:
        """For each node, its place in `order`."""
        return {path: place for place, path in enumerate(self.order)}

    @cached_property
    def names(self) -> Mapping[str, tuple[str, ...]]:
        """The paths that end in a name."""
        found: dict[str, tuple[str, ...]] = {}
        for path, node in self.nodes.items():
            found[node.name] = (*found.get(node.name, ()), path)
        return found

    @cached_property
    def repeats(self) -> tuple[FormNode, ...]:
        """The repeats, outer ones first."""
        return tuple(
            sorted((n for n in self.nodes.values() if n.rounds is not None), key=lambda n: n.path.count("/"))
        )


def depends_on(node: FormNode) -> frozenset[str]:
    """The nodes whose value or relevance decides this node's."""
    return frozenset(source.path for source in _read_by(node)) - {node.path, ""}


def _read_by(node: FormNode) -> Iterator[Source]:
    for expression in (node.bind.relevant, node.bind.calculate):
        yield from expression.sources if expression else ()
    yield Source(node.parent, node.path.count("/"))


def _sorted(nodes: Mapping[str, FormNode]) -> Iterator[str]:
    done: set[str] = set()
    for start in nodes:
        open_paths: dict[str, Iterator[str]] = {}
        stack = [start] if start not in done else []
        while stack:
            path = stack[-1]
            if path not in open_paths:
                open_paths[path] = iter(sorted(depends_on(nodes[path])))
            ahead = next((p for p in open_paths[path] if p in nodes and p not in done), None)
            if ahead is None:
                done.add(stack.pop())
                yield path
            elif ahead in open_paths:
                raise Unfillable(f"{path} and {ahead} depend on each other")
            else:
                stack.append(ahead)


def read(xform: bytes, media: Mapping[str, bytes], uuid: Callable[[], str]) -> FillableForm:
    """Compile `xform` with the files it names; Unfillable if a phone would refuse it (C23, C27)."""
    return _FormReader(choice_lists.parsed(xform), media, uuid).form()


class _FormReader:
    """Walks one XForm; what it finds goes into a Form."""

    def __init__(self, document: Any, media: Mapping[str, bytes], uuid: Callable[[], str]) -> None:
        self.document, self.media, self.uuid = document, media, uuid
        model = document.find("h:head/x:model", _NS)
        primary = None if model is None else model.find("x:instance", _NS)
        if primary is None or len(primary) == 0:
            raise Unfillable("không có mô hình với phần trả lời")
        self.model, self.primary = model, primary[0]
        self.context = "/" + etree.QName(self.primary).localname
        self.untranslated: dict[str, Text] = {}
        self.binds = {b.get("nodeset", "").strip(): b for b in model.iterfind("x:bind", _NS)}
        self.repeats = {
            (r.get("nodeset") or "").strip(): r for r in document.iterfind("h:body//x:repeat", _NS)
        }

    def form(self) -> FillableForm:
        nodes: dict[str, FormNode] = {}
        self._walk(self.primary, "", nodes, 0)
        if not self.primary.get("id"):
            raise Unfillable("phần trả lời không có id (C23)")
        names = {p: u for p, u in self.document.nsmap.items() if p}
        controls = {control.path: control for control in self._controls()}
        groups = self._groups()
        return FillableForm(
            root=self.context,
            version=self.primary.get("version") or "",
            declarations="".join(f' xmlns:{prefix}="{uri}"' for prefix, uri in sorted(names.items())),
            nodes=nodes,
            controls=controls,
            groups=groups,
            texts=self._texts() | self.untranslated,
            first_load=tuple(self._actions(self.model, _FIRST_LOAD)),
            new_round={path: tuple(self._actions(r, _NEW_ROUND)) for path, r in self.repeats.items()},
            lists={i.get("id"): self._list(i) for i in self.model.iterfind("x:instance[@id]", _NS)},
        )

    def _walk(self, element: Any, parent: str, nodes: dict[str, FormNode], rounds: int) -> str:
        name = etree.QName(element)
        path = f"{parent}/{name.localname}"
        prefix = element.prefix + ":" if element.prefix and name.namespace != XFORMS else ""
        attributes = tuple((k, v) for k, v in element.attrib.items() if not k.startswith(_JR))
        own = {
            f"{path}/@{key}": (key, value)
            for key, value in attributes
            if f"{path}/@{key}" in self.binds or (len(element) and key[0] != "{")
        }
        for at, (key, value) in own.items():
            nodes[at] = FormNode(at, path, key, value, (), (), self._bind(at))
        fixed = tuple((self._prefixed(k), v) for k, v in attributes if f"{path}/@{k}" not in own)
        children = tuple(self._walk(child, path, nodes, count) for child, count in _by_name(element))
        default = "" if children else element.text or ""
        repeat = self.repeats.get(path)
        count = None if repeat is None else repeat.get(_JR + "count")
        nodes[path] = FormNode(
            path,
            parent,
            prefix + name.localname,
            default,
            (*own, *children),
            fixed,
            self._bind(path),
            rounds=None if repeat is None else rounds,
            count=self._expression(count, path),
        )
        return path

    def _prefixed(self, key: str) -> str:
        name = etree.QName(key)
        prefix = next((p for p, uri in self.document.nsmap.items() if p and uri == name.namespace), "")
        return f"{prefix}:{name.localname}" if prefix else name.localname

    def _bind(self, path: str) -> Bind:
        bind = self.binds.get(path)
        if bind is None:
            return Bind()
        found = {
            n: self._expression(bind.get(n), path)
            for n in ("relevant", "calculate", "constraint", "required")
        }
        preload = (bind.get(_JR + "preload") or "", bind.get(_JR + "preloadParams") or "")
        return Bind(
            type=(bind.get("type") or "string").rpartition(":")[2],
            constraint_text=bind.get(_JR + "constraintMsg") or "",
            required_text=bind.get(_JR + "requiredMsg") or "",
            preload=" ".join(preload).strip(),
            readonly=(bind.get("readonly") or "").strip() == "true()",
            **found,
        )

    def _expression(self, source: str | None, context: str) -> Expression | None:
        return compile_expression(source, context) if source and source.strip() else None

    def _controls(self) -> Iterator[ShownControl]:
        for element in self.document.iterfind("h:body//*", _NS):
            kind = etree.QName(element).localname
            path = (element.get("ref") or "").strip()
            if kind in _CONTROLS and path.startswith("/"):
                yield self._control(element, kind, path)

    def _control(self, element: Any, kind: str, path: str) -> ShownControl:
        itemset = element.find("x:itemset", _NS)
        items = [] if itemset is not None else element.iterfind("x:item", _NS)
        changes = tuple(self._actions(element, _CHANGED))
        inline = tuple(OfferedChoice(i.findtext("x:value", "", _NS), self._label(i, path)) for i in items)
        if itemset is None:
            label, mediatype = self._label(element, path), element.get("mediatype") or ""
            return ShownControl(
                path,
                kind,
                label,
                inline=inline,
                changes=changes,
                mediatype=mediatype,
                offered=offered_range(element),
            )
        refs = {etree.QName(part).localname: (part.get("ref") or "").strip() for part in itemset}
        shown = _ITEXT_COLUMN.sub(r"\1", refs.get("label", "label"))
        value = refs.get("value", "name")
        listed = self._expression(_RANDOM.sub(r"\1", itemset.get("nodeset") or ""), path)
        return ShownControl(path, kind, self._label(element, path), listed, value, shown, changes=changes)

    def _groups(self) -> Mapping[str, str]:
        found = {}
        for group in self.document.iterfind("h:body//x:group", _NS):
            path = (group.get("ref") or "").strip()
            if path.startswith("/"):
                found[path] = self._label(group, path)
        return found

    def _label(self, element: Any, context: str) -> str:
        label = element.find("x:label", _NS)
        if label is None or label.get("ref") or len(label) == 0:
            return "" if label is None else label.get("ref") or label.text or ""
        key = f"label {len(self.untranslated)}"
        self.untranslated[key] = Text(tuple(self._parts(label, context)))
        return f"jr:itext('{key}')"

    def _actions(self, element: Any, event: str) -> Iterator[SetValue]:
        for action in element.iterfind("x:setvalue", _NS):
            if event in (action.get("event") or "").split():
                path = action.get("ref", "").strip()
                yield SetValue(path, self._expression(action.get("value"), path), action.text or "")

    def _texts(self) -> dict[str, Text]:
        translations = self.model.findall("x:itext/x:translation", _NS)
        chosen = next((t for t in translations if t.get("default")), translations[0] if translations else ())
        texts: dict[str, Text] = {}
        for text in chosen:
            plain = next((v for v in text.iterfind("x:value", _NS) if not v.get("form")), None)
            if plain is not None:
                context = (text.get("id") or "").rpartition(":")[0]
                texts[text.get("id")] = Text(tuple(self._parts(plain, context or self.context)))
        return texts

    def _parts(self, value: Any, context: str) -> Iterator[str | Expression]:
        yield value.text or ""
        for output in value:
            shown = self._expression(output.get("value"), context)
            yield shown or ""
            yield output.tail or ""

    def _list(self, instance: Any) -> Table:
        source = instance.get("src")
        if source:
            return choice_lists.of_file(source, self.media, self.uuid)
        return choice_lists.of_element(instance[0] if len(instance) else instance)


def _by_name(element: Any) -> Iterator[tuple[Any, int]]:
    """One child of each name and how many there are without templates: a repeat stands as template, round or both."""
    tags = dict.fromkeys(etree.QName(child).localname for child in element)
    for tag in tags:
        same = [child for child in element if etree.QName(child).localname == tag]
        rounds = [child for child in same if child.get(_JR + "template") is None]
        yield (rounds or same)[0], len(rounds)


def itext_id(text: str) -> str | None:
    """The id in `jr:itext('id')`, or None for plain text."""
    found = _ITEXT.fullmatch(text.strip())
    return found[1] if found else None
