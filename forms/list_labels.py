"""What the codes of choice lists that come as files are called: from a form's XForm and its files."""

import posixpath
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from forms.engine import choice_lists
from forms.engine.unfillable import Unfillable
from forms.engine.xform import XForm, local
from forms.errors import Unreadable

Labels = Mapping[str, str]


@dataclass(frozen=True)
class FileList:
    """Where a question's choices come from: the file, its column of codes and its column of labels."""

    file: str
    code: str
    label: str


def file_lists(xform: bytes) -> Mapping[str, FileList]:
    """Path of a question (without the root) → its list; {} for what is no XForm."""
    try:
        form = XForm(xform)
    except Unreadable:
        return {}
    sources = {
        each.get("id") or "": posixpath.basename(each.get("src") or "")
        for each in form.model.iter("{*}instance")
    }
    found = {}
    for itemset in form.document.iter("{*}itemset"):
        name = next((name for name in sources if sources[name] and f"'{name}'" in _source(itemset)), None)
        control: Any = itemset.getparent()
        if name is not None and control is not None and control.get("ref"):
            refs = {local(part): (part.get("ref") or "").strip() for part in itemset}
            columns = refs.get("value", "name"), refs.get("label", "label")
            found[form.short(control.get("ref"))] = FileList(sources[name], *columns)
    return found


def _source(itemset: Any) -> str:
    return str(itemset.get("nodeset") or "").replace('"', "'")


def labels(listed: FileList, content: bytes) -> Labels:
    """Code → label of a list's rows, in their order; {} for a file that cannot be read."""
    try:
        table = choice_lists.of_file(f"jr://file/{listed.file}", {listed.file: content}, lambda: "")
    except Unfillable:
        return {}
    found: dict[str, str] = {}
    for row in table.named("item"):
        codes, names = row.named(listed.code), row.named(listed.label)
        if codes and codes[0].value:
            found.setdefault(codes[0].value, names[0].value if names and names[0].value else codes[0].value)
    return found
