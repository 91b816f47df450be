"""What a phone has sent, node by node, for the engine to open again."""

from collections.abc import Iterator
from typing import Any

from lxml import etree

from forms.engine.compiled import Form
from forms.engine.xpath import Unfillable


def sent_values(sent: bytes, form: Form) -> dict[str, str]:
    """The text of every node of the form that was sent, by path, whatever namespaces it is written with.

    Raises Unfillable for what is no XML or no instance of the form, and where a node stands twice.
    """
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True, remove_pis=True
    )
    try:
        root: Any = etree.fromstring(sent, parser)
    except (etree.XMLSyntaxError, ValueError) as wrong:
        raise Unfillable(f"not XML: {wrong}") from wrong
    found: dict[str, str] = {}
    for path, text in _texts(root, ""):
        if path in found:
            raise Unfillable(f"{path} stands more than once")
        found[path] = text
    kept = {path: text for path, text in found.items() if path in form.nodes}
    if form.root not in kept:
        raise Unfillable("an instance of another form")
    return {path: text for path, text in kept.items() if not form.nodes[path].children}


def _texts(element: Any, above: str) -> Iterator[tuple[str, str]]:
    """Each element and attribute below, deepest last, with its path."""
    path = f"{above}/{etree.QName(element).localname}"
    yield path, (element.text or "").strip()
    for name, value in element.attrib.items():
        yield f"{path}/@{etree.QName(name).localname}", value
    for child in element:
        yield from _texts(child, path)
