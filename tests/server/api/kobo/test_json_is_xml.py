"""K25: what is told of a submission as JSON is what its XML says, for every form of the library and for drawn ones."""

import datetime as dt
import random
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from forms import library, sheets
from forms.answer_layout import pruned
from forms.convert_workbook import FreeVersions, convert
from forms.definition import Definition
from forms.instance import stored_texts
from server.api.kobo import submission_json

Json = dict[str, Any]


def shape_of(definition: Definition) -> submission_json.VersionShape:
    return submission_json.shape(definition, frozenset())


def told(xml: bytes, definition: Definition) -> Json:
    """The answers as JSON."""
    shape = shape_of(definition)
    return submission_json.answers(stored_texts(xml, shape.tree), shape, personal=True)


def leaves(tree: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """What the XML says: path with the number of each round, and text. Read without any of ours."""
    count: dict[str, int] = {}
    for child in tree:
        name = etree.QName(child).localname
        count[name] = count.get(name, 0) + 1
        here = f"{path}/{name}[{count[name]}]"
        if len(child):
            yield from leaves(child, here)
        elif child.text and not child.text.isspace():
            yield here, child.text


def flat(found: Json, repeats: frozenset[str], before: str = "", base: str = "") -> Iterator[tuple[str, str]]:
    """The JSON in the same words; counts of repeats are ours and stand in no XML."""
    for path, value in found.items():
        if path.endswith("_count") and path.removesuffix("_count") in repeats:
            continue
        inner = path[len(base) :].lstrip("/")
        if isinstance(value, list):
            for number, each in enumerate(value, 1):
                numbered = "".join(f"/{name}[1]" for name in inner.split("/")[:-1])
                yield from flat(
                    each, repeats, f"{before}{numbered}/{inner.rpartition('/')[2]}[{number}]", path
                )
        else:
            yield before + "".join(f"/{name}[1]" for name in inner.split("/")), value


def padded(said: Mapping[str, str], definition: Definition) -> dict[str, str]:
    """Points with four parts, as they are told."""
    points = {each.path for each in definition.fields if each.kind == "geopoint"}
    found = {}
    for path, text in said.items():
        plain = "/".join(part.partition("[")[0] for part in path.strip("/").split("/"))
        parts = text.split()
        is_short = plain in points and 2 <= len(parts) < 4
        found[path] = " ".join([*parts, *["0"] * (4 - len(parts))]) if is_short else text
    return found


def holds(xml: bytes, definition: Definition) -> None:
    repeats = frozenset(each.repeat for each in definition.fields if each.repeat)
    assert dict(flat(told(xml, definition), repeats)) == padded(
        dict(leaves(etree.fromstring(xml))), definition
    )


TEXTS = [
    "007",
    "1.50",
    " hai  chữ ",
    "Nguyễn & <con>",
    "=1+1",
    "20.1 106.2",
    "20.1 106.2 3",
    "-5",
    "e\u0301",
    "NaN",
    "1e3",
    "😀",
]


def filled(definition: Definition, chance: random.Random) -> bytes:
    """A submission of the form with anything in its leaves, also what is not of a question's kind, and gaps."""
    root = etree.Element(definition.root, id=definition.form_id, version=definition.version)
    for field in definition.fields:
        if field.path.startswith("meta/"):
            continue
        parents = [root]
        walked = ""
        for name in field.path.split("/")[:-1]:
            walked = f"{walked}/{name}".lstrip("/")
            is_repeat = any(each.repeat == walked for each in definition.fields)
            found = []
            for parent in parents:
                there = [each for each in parent if each.tag == name]
                missing = (chance.randrange(1, 3) if is_repeat else 1) if not there else 0
                found += there + [etree.SubElement(parent, name) for _ in range(missing)]
            parents = found
        for parent in parents:
            leaf = etree.SubElement(parent, field.name)
            if chance.random() < 0.8:
                leaf.text = chance.choice(TEXTS)
    meta = etree.SubElement(root, "meta")
    etree.SubElement(meta, "instanceID").text = "uuid:1"
    made: bytes = etree.tostring(root, encoding="utf-8")
    return made


def defined(workbook: bytes, name: str) -> Definition:
    return convert(workbook, name, {}, FreeVersions({}, dt.date(2026, 11, 29), None), 20).definition


@pytest.mark.parametrize("form_id", library.LIBRARY)
def test_json_is_xml_for_each_form_of_the_library(form_id: str) -> None:
    definition = defined(library.workbook(library.read(form_id)), f"{form_id}.xlsx")
    chance = random.Random(form_id)
    for _ in range(40):
        holds(filled(definition, chance), definition)


KINDS = (
    "text",
    "integer",
    "decimal",
    "geopoint",
    "date",
    "image",
    "select_multiple v",
    "select_one v",
    "calculate",
)


@st.composite
def workbooks(draw: st.DrawFn) -> str:
    """A form with groups and repeats in one another."""
    rows = ["| survey |", "| | type | name | label | calculation |"]
    number = 0

    def add(depth: int) -> None:
        nonlocal number
        for kind in draw(st.lists(st.sampled_from((*KINDS, "group", "repeat")), min_size=1, max_size=4)):
            number += 1
            name = f"q{number}"
            if kind in ("group", "repeat"):
                if depth < 3:
                    rows.append(f"| | begin {kind} | {name} | N | |")
                    add(depth + 1)
                    rows.append(
                        f"| | text | {name}_cuoi | L | |"
                    )  # no phone opens a group that shows nothing
                    rows.append(f"| | end {kind} | | | |")
            else:
                rows.append(f"| | {kind} | {name} | L | {'1' if kind == 'calculate' else ''} |")

    add(0)
    rows.append("| | text | cuoi | L | |")
    choices = ["| choices |", "| | list_name | name | label |", "| | v | a | A |", "| | v | b | B |"]
    return "\n".join(
        [*rows, *choices, "| settings |", "| | form_title | form_id | version |", "| | T | thu | 1 |"]
    )


@given(workbook=workbooks(), seed=st.integers(0, 10_000))
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
def test_json_is_xml_for_drawn_forms(workbook: str, seed: int) -> None:
    definition = defined(workbook.encode(), "thu.md")
    chance = random.Random(seed)
    for _ in range(3):
        holds(filled(definition, chance), definition)


def test_what_is_hidden_stands_in_no_shape() -> None:
    """A reader without a question does not meet it, whatever round of a repeat it stands in."""
    text = "| survey |\n| | type | name | label |\n| | begin repeat | r | R |\n| | text | a | A |\n| | text | b | B |\n"
    definition = defined((text + "| | end repeat | | |\n").encode(), "thu.md")
    shape = submission_json.shape(definition, frozenset({"r/a"}))
    xml = f"<{definition.root}><r><a>x</a><b>y</b></r><r><a>z</a></r></{definition.root}>".encode()
    found = submission_json.answers(stored_texts(xml, shape.tree), shape, personal=False)
    assert found == {"r_count": "2", "r": [{"r/b": "y"}, {}]}
    assert pruned(definition.layout.tree, frozenset()).inside.keys() >= {"r", "meta"}
    assert sheets.read(text.encode(), "x.md")
