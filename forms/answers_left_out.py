"""A submission's XML without some of its answers: for readers who may not have them."""

from collections.abc import Iterable

from lxml import etree

from forms.instance import read


def without(xml: bytes, paths: Iterable[str], *, labels: bool) -> bytes:
    """The XML without what stands at these paths ('nhom/ten', without the root), in every round of a repeat.

    `labels`: also without what entity blocks call their household or place. Nothing else changes; where nothing is
    left out, not a byte does. Raises Unreadable.
    """
    root = read(xml).root
    gone = [element for path in paths for element in _at(root, path.split("/"))]
    if labels:
        gone += [each for each in root.iter() if _is_label(each)]
    for element in gone:
        parent = element.getparent()
        if parent is not None:
            parent.remove(element)
    if not gone:
        return xml
    made: bytes = etree.tostring(root, encoding="utf-8", xml_declaration=True)
    return made


def _at(root: etree._Element, names: list[str]) -> list[etree._Element]:
    found = [root]
    for name in names:
        found = [child for each in found for child in each if _name(child) == name]
    return found


def _is_label(element: etree._Element) -> bool:
    parent = element.getparent()
    return _name(element) == "label" and parent is not None and _name(parent) == "entity"


def _name(element: etree._Element) -> str:
    """Without its namespace; "" for what is no element."""
    return etree.QName(element).localname if isinstance(element.tag, str) else ""
