"""Whether a form works without a list: each question that chooses from it is asked only where the list has rows."""

import re
from collections.abc import Iterator

from lxml import etree

_XF = "{http://www.w3.org/2002/xforms}"
_PARSER = etree.XMLParser(resolve_entities=False, no_network=True)


def works_without(xform: bytes, name: str) -> bool:
    """Whether a published form can be filled in with an empty list of that name, nothing of it asked.

    So it is where somebody chooses from the list at least once, and each such question, or a group around it, is
    relevant only for `count(instance('name')/root/item) > 0`, alone or with `and`.
    """
    root = etree.fromstring(xform, _PARSER)
    relevance = {bind.get("nodeset"): bind.get("relevant") or "" for bind in root.iter(f"{_XF}bind")}
    chosen = list(_questions(root, name))
    return bool(chosen) and all(_is_guarded(path, relevance, name) for path in chosen)


def _questions(root: etree._Element, name: str) -> Iterator[str]:
    wanted = re.compile(rf"instance\(\s*['\"]{re.escape(name)}['\"]\s*\)")
    for itemset in root.iter(f"{_XF}itemset"):
        control = itemset.getparent()
        if wanted.search(itemset.get("nodeset") or "") and control is not None:
            yield control.get("ref") or ""


def _is_guarded(path: str, relevance: dict[str | None, str], name: str) -> bool:
    rows = re.compile(
        rf"count\(\s*instance\(\s*['\"]{re.escape(name)}['\"]\s*\)\s*/root/item\s*\)\s*(?:>|!=)\s*0(?![\d.])"
    )
    steps = path.split("/")
    around = ("/".join(steps[:end]) for end in range(2, len(steps) + 1))
    return any(_holds_always(rows, relevance.get(each, "")) for each in around)


def _holds_always(rows: re.Pattern[str], condition: str) -> bool:
    """Whether a condition can hold only where the list has rows: one part of several that all have to."""
    return " or " not in condition and "not(" not in condition and rows.search(condition) is not None
