"""Reads a published XForm into what `definition` needs: nodes, binds, controls, choices and media."""

import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from lxml import etree

from forms.errors import Unreadable

Labels = Mapping[str, str]
# Files that the server hands out with the form; last-saved is made by the phone and never listed (C29).
_MEDIA = re.compile(r"jr://(?:file-csv|file|images|audio|video)/([^\s'\"<>]+)")
_FILE = re.compile(r"jr://(?:file-csv|file|images|audio|video)/([^<>\n]+)")
_SEARCH = re.compile(r"\bsearch\(\s*['\"]([^'\"]+)['\"]")
_INSTANCE = re.compile(r"instance\(\s*['\"]([^'\"]+)['\"]\s*\)")
_ITEXT = re.compile(r"jr:itext\(\s*['\"](.+?)['\"]\s*\)")
_PLAIN_LANGUAGE = "default"
_CONTROLS = frozenset({"input", "select", "select1", "upload", "rank", "range", "trigger", "secret"})


def local(element: Any) -> str:
    """The element's name without its namespace; '' for comments and processing instructions."""
    tag = element.tag
    if not isinstance(tag, str):
        return ""
    return tag[tag.index("}") + 1 :] if tag[0] == "{" else tag


def attribute(element: Any, name: str) -> str | None:
    """The attribute of that local name in any namespace, or None."""
    for key, value in element.attrib.items():
        if key == name or key.endswith("}" + name):
            return str(value)
    return None


@dataclass(frozen=True)
class InstanceLeaf:
    """A leaf of the primary instance; `path` has no root, `repeat` is the nearest repeat's path."""

    path: str
    name: str
    repeat: str | None


@dataclass(frozen=True)
class EntityNode:
    """A `meta/entity` of the primary instance."""

    path: str
    list_name: str
    creates: bool
    updates: bool
    repeat: str | None


@dataclass(frozen=True)
class Control:
    """What the body shows for a question."""

    kind: str
    labels: Labels = field(default_factory=dict)
    hints: Labels = field(default_factory=dict)
    choices: tuple[tuple[str, Labels], ...] = ()
    choices_file: str | None = None


class XForm:
    """An XForm as parsed; every property reads a part of it. Raises Unreadable for what is no XForm."""

    def __init__(self, xform: bytes) -> None:
        if b"<!DOCTYPE" in xform:
            raise Unreadable("doctype")
        parser = etree.XMLParser(
            resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True, remove_pis=True
        )
        try:
            self.document = etree.fromstring(xform, parser)
        except (etree.XMLSyntaxError, ValueError) as problem:
            raise Unreadable("not_xml", str(problem)) from problem
        self.source = xform
        self.model = self._first(self.document, "model")
        instance = self._first(self.model, "instance")
        if not len(instance):
            raise Unreadable("not_xform", "the primary instance is empty")
        self.root = instance[0]
        self.root_name = local(self.root)
        self.form_id = self.root.get("id") or ""
        self.version = self.root.get("version") or ""
        if not self.form_id:
            raise Unreadable("not_xform", "the primary instance has no id")

    @staticmethod
    def _first(parent: Any, name: str) -> Any:
        found = next(parent.iter("{*}" + name), None)
        if found is None:
            raise Unreadable("not_xform", f"no {name}")
        return found

    @property
    def title(self) -> str:
        """The text of h:title, '' if there is none (C23 wants one)."""
        found = next(self.document.iter("{http://www.w3.org/1999/xhtml}title"), None)
        return "" if found is None else (found.text or "").strip()

    @cached_property
    def encrypted(self) -> bool:
        """Whether phones seal what they send with the form's public key (C44)."""
        return any(each.get("base64RsaPublicKey") for each in self.model.iter("{*}submission"))

    @cached_property
    def languages(self) -> tuple[str, ...]:
        """Language names of the texts, the default one first."""
        found = [
            (each.get("default") is None, each.get("lang") or "")
            for each in self.model.iter("{*}translation")
        ]
        return tuple(name for _, name in sorted(found, key=lambda pair: pair[0]))

    @cached_property
    def itext(self) -> Mapping[str, Labels]:
        """Text id → language → text, plain text only."""
        texts: dict[str, dict[str, str]] = {}
        by_language = {each.get("lang") or "": each for each in self.model.iter("{*}translation")}
        for language in self.languages:
            for text in by_language[language].iter("{*}text"):
                value = next((v for v in text.iter("{*}value") if v.get("form") is None), None)
                if value is not None:
                    texts.setdefault(text.get("id") or "", {})[language] = said(value)
        return texts

    @cached_property
    def media(self) -> tuple[str, ...]:
        """Names of the external files that the form opens, sorted (C25, C27); a name may hold spaces."""
        whole = [each.text or "" for each in self.model.iter("{*}value") if each.get("form")]
        whole += [each.get("src") or "" for each in self.model.iter("{*}instance")]
        whole += [each.text or "" for each in self.root.iter()]
        texts = (each.text or "" for each in self.model.iter("{*}value", "{*}label"))
        named = [found[1] for found in map(_FILE.fullmatch, (each.strip() for each in whole)) if found]
        inside = _MEDIA.findall("\n".join(text for text in texts if not _FILE.fullmatch(text.strip())))
        return tuple(sorted({*map(posixpath.basename, (*named, *inside)), *self.searched.values()}))

    @cached_property
    def searched(self) -> Mapping[str, str]:
        """Path of a question → the table that its appearance `search('…')` looks through."""
        body = self._first(self.document, "body")
        found = {}
        for element in body.iter():
            table = _SEARCH.search(element.get("appearance") or "") if element.get("ref") else None
            if table:
                name = table[1] if table[1].endswith(".csv") else f"{table[1]}.csv"
                found[self.short(element.get("ref"))] = name
        return found

    @cached_property
    def binds(self) -> Mapping[str, Any]:
        """Path without root → bind element."""
        return {self.short(bind.get("nodeset") or ""): bind for bind in self.model.iter("{*}bind")}

    def short(self, nodeset: str) -> str:
        """'/data/nhom/ten' → 'nhom/ten'."""
        return nodeset.strip().removeprefix(f"/{self.root_name}").lstrip("/")

    @cached_property
    def repeats(self) -> frozenset[str]:
        """Paths of the repeats."""
        return frozenset(self.short(each.get("nodeset") or "") for each in self.document.iter("{*}repeat"))

    @cached_property
    def nodes(self) -> tuple[InstanceLeaf, ...]:
        """Leaves of the primary instance in order, the entity blocks apart."""
        seen: dict[str, InstanceLeaf] = {}
        for path, element, repeat in self._walk():
            if local(element) != "entity" or not _in_meta(path):
                seen.setdefault(path, InstanceLeaf(path, local(element), repeat))
        return tuple(seen.values())

    @cached_property
    def entities(self) -> tuple[EntityNode, ...]:
        """The `meta/entity` blocks that the form declares."""
        found: dict[str, EntityNode] = {}
        for path, element, repeat in self._walk():
            if local(element) == "entity" and _in_meta(path):
                creates, updates = self._does(element, path, "create"), self._does(element, path, "update")
                found[path] = EntityNode(path, element.get("dataset") or "", creates, updates, repeat)
        return tuple(found.values())

    def _does(self, element: Any, path: str, act: str) -> bool:
        return element.get(act) is not None or f"{path}/@{act}" in self.binds

    def _walk(self) -> Iterator[tuple[str, Any, str | None]]:
        """(path, element, nearest repeat) of every leaf and entity block, in document order."""
        waiting: list[tuple[str, Any, str | None]] = [("", self.root, None)]
        while waiting:
            path, element, repeat = waiting.pop()
            is_entity = local(element) == "entity" and _in_meta(path)
            if path and (is_entity or (not len(element) and path not in self.repeats)):
                yield path, element, repeat
                continue
            inside = path if path in self.repeats else repeat
            prefix = f"{path}/" if path else ""
            waiting.extend((prefix + local(child), child, inside) for child in reversed(element))

    @cached_property
    def controls(self) -> Mapping[str, Control]:
        """Path → what the body shows there."""
        body = self._first(self.document, "body")
        found = {}
        for element in body.iter():
            if local(element) in _CONTROLS and element.get("ref"):
                found[self.short(element.get("ref"))] = self._control(element)
        return found

    @cached_property
    def groups(self) -> Mapping[str, Labels]:
        """Path → labels of the groups and repeats that the body shows with one."""
        body = self._first(self.document, "body")
        found = {
            self.short(each.get("ref") or ""): self._texts(each, "label") for each in body.iter("{*}group")
        }
        return {path: labels for path, labels in found.items() if path and labels}

    def _control(self, element: Any) -> Control:
        choices, choices_file = self._choices(element)
        labels, hints = self._texts(element, "label"), self._texts(element, "hint")
        return Control(local(element), labels, hints, choices, choices_file)

    def _texts(self, parent: Any, name: str) -> Labels:
        element = next((child for child in parent if local(child) == name), None)
        if element is None:
            return {}
        translated = _ITEXT.search(element.get("ref") or "")
        if translated:
            return self.itext.get(translated[1], {})
        text = said(element)
        return {_PLAIN_LANGUAGE: text} if text else {}

    def _choices(self, element: Any) -> tuple[tuple[tuple[str, Labels], ...], str | None]:
        table = self.searched.get(self.short(element.get("ref") or ""))
        if table:
            return (), table  # what stands as its choices are the table's columns
        itemset = next((child for child in element if local(child) == "itemset"), None)
        if itemset is None:
            items = (child for child in element if local(child) == "item")
            return tuple(self._inline(item) for item in items), None
        source = _INSTANCE.search(itemset.get("nodeset") or "")
        if source is None or source[1] not in self._lists:
            return (), None
        return self._lists[source[1]]

    def _inline(self, item: Any) -> tuple[str, Labels]:
        value = next((child.text or "" for child in item if local(child) == "value"), "")
        return value.strip(), self._texts(item, "label")

    @cached_property
    def _lists(self) -> Mapping[str, tuple[tuple[tuple[str, Labels], ...], str | None]]:
        """Secondary instance → its choices, or the file they come from."""
        lists: dict[str, tuple[tuple[tuple[str, Labels], ...], str | None]] = {}
        for instance in self.model.iter("{*}instance"):
            source = instance.get("src") or ""
            items = tuple(self._item(item) for item in instance.iter("{*}item"))
            lists[instance.get("id") or ""] = (items, posixpath.basename(source) or None)
        return lists

    def _item(self, item: Any) -> tuple[str, Labels]:
        parts = {local(child): (child.text or "").strip() for child in item}
        if "itextId" in parts:
            return parts.get("name", ""), self.itext.get(parts["itextId"], {})
        label = parts.get("label", "")
        return parts.get("name", ""), {_PLAIN_LANGUAGE: label} if label else {}


def _in_meta(path: str) -> bool:
    return path == "meta/entity" or path.endswith("/meta/entity")


def said(element: Any) -> str:
    """An element's text, with a question's name in braces where the phone would show its answer."""
    parts = [element.text or ""]
    for child in element:
        name = (child.get("value") or "").strip().rpartition("/")[2]
        parts += [f"{{{name}}}" if name else "", child.tail or ""]
    return " ".join("".join(parts).split())
