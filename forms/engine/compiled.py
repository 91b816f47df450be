"""A published XForm, read and compiled for the engine: nodes, binds, controls, actions, texts and lists."""

import csv
import io
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import PurePosixPath
from typing import Any

from lxml import etree

from forms.engine.xpath import Expression, Unfillable, compile_expression

XFORMS = "http://www.w3.org/2002/xforms"
HTML = "http://www.w3.org/1999/xhtml"
_NS = {"x": XFORMS, "h": HTML}
_JR = "{http://openrosa.org/javarosa}"
_ITEXT = re.compile(r"jr:itext\(\s*['\"](.+?)['\"]\s*\)")
_ITEXT_COLUMN = re.compile(r"^jr:itext\((.+)\)$")
_RANDOM = re.compile(r"^\s*randomize\((.*?)(?:,[^,\])]*)?\)\s*$")
_COLUMN = re.compile(r"[^\W\d][\w.-]*")
_CONTROLS = frozenset({"input", "select", "select1", "upload", "rank", "range", "trigger", "secret"})


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
class Node:
    """One node of the primary instance, an attribute if its last step begins with @; `tag` as it is sent."""

    path: str
    parent: str
    tag: str
    default: str
    children: tuple[str, ...]
    attributes: tuple[tuple[str, str], ...]
    bind: Bind

    @property
    def name(self) -> str:
        """The last step of the path."""
        return self.path.rpartition("/")[2]


@dataclass(frozen=True)
class Choice:
    """One answer offered: the code that is sent and the label that is read."""

    name: str
    label: str


@dataclass(frozen=True)
class Control:
    """One question or note on the screen."""

    path: str
    kind: str
    label: str
    listed: Expression | None = None
    value: str = "name"
    shown: str = "label"
    inline: tuple[Choice, ...] = ()
    changes: tuple["SetValue", ...] = ()


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
class Form:
    """A form that can be filled: `order` lists the nodes so that each comes after those it depends on."""

    root: str
    declarations: str
    nodes: Mapping[str, Node]
    controls: Mapping[str, Control]
    texts: Mapping[str, Text]
    first_load: tuple[SetValue, ...]
    lists: Mapping[str, Any] = field(repr=False)

    @cached_property
    def order(self) -> tuple[str, ...]:
        """All nodes, each after those that it depends on."""
        return tuple(_sorted(self.nodes))

    @cached_property
    def readers(self) -> Mapping[str, tuple[str, ...]]:
        """For each node, the nodes that must be worked out again when it changes."""
        found: dict[str, list[str]] = {path: [] for path in self.nodes}
        for path in self.order:
            for source in depends_on(self.nodes[path]):
                if source in found:
                    found[source].append(path)
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


def depends_on(node: Node) -> frozenset[str]:
    """The nodes whose value or relevance decides this node's."""
    expressions = [expression for expression in (node.bind.relevant, node.bind.calculate) if expression]
    sources = {path for expression in expressions for path in expression.paths} | {node.parent}
    return frozenset(sources - {node.path, ""})


def _sorted(nodes: Mapping[str, Node]) -> Iterator[str]:
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


def read(xform: bytes, media: Mapping[str, bytes], uuid: Callable[[], str]) -> Form:
    """Compile `xform` with the files it names; Unfillable if a phone would refuse it (C23, C27)."""
    return _Reader(_parse(xform), media, uuid).form()


def _parse(xml: bytes) -> Any:
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True, remove_pis=True
    )
    try:
        root: Any = etree.fromstring(xml, parser)
    except (etree.XMLSyntaxError, ValueError) as wrong:
        raise Unfillable(f"not XML: {wrong}") from wrong
    if root.getroottree().docinfo.doctype:
        raise Unfillable("the form has a DOCTYPE")
    return root


class _Reader:
    """Walks one XForm; what it finds goes into a Form."""

    def __init__(self, document: Any, media: Mapping[str, bytes], uuid: Callable[[], str]) -> None:
        self.document, self.media, self.uuid = document, media, uuid
        model = document.find("h:head/x:model", _NS)
        primary = None if model is None else model.find("x:instance", _NS)
        if primary is None or len(primary) == 0:
            raise Unfillable("no model with a primary instance")
        self.model, self.primary = model, primary[0]
        self.context = "/" + etree.QName(self.primary).localname
        self.untranslated: dict[str, Text] = {}
        self.binds = {b.get("nodeset", "").strip(): b for b in model.iterfind("x:bind", _NS)}

    def form(self) -> Form:
        nodes: dict[str, Node] = {}
        self._walk(self.primary, "", nodes)
        if not self.primary.get("id"):
            raise Unfillable("the primary instance has no id (C23)")
        names = {p: u for p, u in self.document.nsmap.items() if p}
        controls = {control.path: control for control in self._controls()}
        return Form(
            root=self.context,
            declarations="".join(f' xmlns:{prefix}="{uri}"' for prefix, uri in sorted(names.items())),
            nodes=nodes,
            controls=controls,
            texts=self._texts() | self.untranslated,
            first_load=tuple(self._actions(self.model, "odk-instance-first-load")),
            lists={i.get("id"): self._list(i) for i in self.model.iterfind("x:instance[@id]", _NS)},
        )

    def _walk(self, element: Any, parent: str, nodes: dict[str, Node]) -> str:
        name = etree.QName(element)
        path = f"{parent}/{name.localname}"
        prefix = element.prefix + ":" if element.prefix and name.namespace != XFORMS else ""
        attributes = tuple((k, v) for k, v in element.attrib.items() if not k.startswith(_JR))
        own = {f"{path}/@{key}": (key, value) for key, value in attributes if f"{path}/@{key}" in self.binds}
        for at, (key, value) in own.items():
            nodes[at] = Node(at, path, key, value, (), (), self._bind(at))
        fixed = tuple((self._prefixed(k), v) for k, v in attributes if f"{path}/@{k}" not in own)
        # A repeat stands twice, as template and as first round: one of them is enough here.
        first = {etree.QName(c).localname: c for c in reversed(element) if not c.get(_JR + "template")}
        first = {etree.QName(c).localname: c for c in reversed(element)} | first
        tags = dict.fromkeys(etree.QName(child).localname for child in element)
        children = tuple(self._walk(first[tag], path, nodes) for tag in tags)
        default = "" if children else element.text or ""
        nodes[path] = Node(
            path, parent, prefix + name.localname, default, (*own, *children), fixed, self._bind(path)
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

    def _controls(self) -> Iterator[Control]:
        for element in self.document.iterfind("h:body//*", _NS):
            kind = etree.QName(element).localname
            path = (element.get("ref") or "").strip()
            if kind in _CONTROLS and path.startswith("/"):
                yield self._control(element, kind, path)

    def _control(self, element: Any, kind: str, path: str) -> Control:
        itemset = element.find("x:itemset", _NS)
        items = [] if itemset is not None else element.iterfind("x:item", _NS)
        changes = tuple(self._actions(element, "xforms-value-changed"))
        inline = tuple(Choice(i.findtext("x:value", "", _NS), self._label(i)) for i in items)
        if itemset is None:
            return Control(path, kind, self._label(element), inline=inline, changes=changes)
        refs = {etree.QName(part).localname: (part.get("ref") or "").strip() for part in itemset}
        shown = _ITEXT_COLUMN.sub(r"\1", refs.get("label", "label"))
        value = refs.get("value", "name")
        listed = self._expression(_RANDOM.sub(r"\1", itemset.get("nodeset") or ""), path)
        return Control(path, kind, self._label(element), listed, value, shown, changes=changes)

    def _label(self, element: Any) -> str:
        label = element.find("x:label", _NS)
        if label is None or label.get("ref") or len(label) == 0:
            return "" if label is None else label.get("ref") or label.text or ""
        key = f"label {len(self.untranslated)}"
        self.untranslated[key] = Text(tuple(self._parts(label)))
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
                texts[text.get("id")] = Text(tuple(self._parts(plain)))
        return texts

    def _parts(self, value: Any) -> Iterator[str | Expression]:
        yield value.text or ""
        for output in value:
            shown = self._expression(output.get("value"), self.context)
            yield shown or ""
            yield output.tail or ""

    def _list(self, instance: Any) -> Any:
        source = instance.get("src")
        if not source:
            return _without_namespace(instance)
        name = PurePosixPath(source).name
        if source.startswith("jr://instance/"):
            return etree.Element("instance")
        if name not in self.media:
            raise Unfillable(f"the form names {name}, which is not there (C27)")
        if name.endswith(".csv"):
            return _from_csv(self.media[name], self.uuid)
        holder = etree.Element("instance")
        holder.append(_parse(self.media[name]))
        return holder


def itext_id(text: str) -> str | None:
    """The id in `jr:itext('id')`, or None for plain text."""
    found = _ITEXT.fullmatch(text.strip())
    return found[1] if found else None


def _without_namespace(instance: Any) -> Any:
    copy = etree.Element("instance")
    copy.extend(etree.fromstring(etree.tostring(child)) for child in instance)
    for element in copy.iter(etree.Element):
        element.tag = etree.QName(element).localname
    return copy


def _from_csv(content: bytes, uuid: Callable[[], str]) -> Any:
    """The list as phones keep it: an entity list (E4) gets a trunk version and a branch a row (E8)."""
    try:
        rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True))
    except (UnicodeDecodeError, csv.Error) as wrong:
        raise Unfillable(f"a CSV file cannot be read: {wrong}") from wrong
    header = rows[0] if rows else []
    entities = "__version" in header and "__trunkVersion" not in header
    holder = etree.Element("instance")
    root = etree.SubElement(holder, "root")
    for row in rows[1:]:
        item = etree.SubElement(root, "item")
        cells = dict(zip(header, row, strict=False))
        if entities:
            cells |= {"__trunkVersion": cells["__version"], "__branchId": uuid()}
        for column, cell in cells.items():
            if _COLUMN.fullmatch(column):
                etree.SubElement(item, column).text = cell
    return holder
