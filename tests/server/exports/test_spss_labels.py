"""Labels for SPSS, whatever a form calls its questions and answers."""

import dataclasses
import datetime as dt
import functools
import re

from hypothesis import given, settings
from hypothesis import strategies as st

from forms.convert_workbook import FreeVersions, convert
from forms.definition import Choice, Definition, Field
from server.exports import spss_labels
from server.exports.presets import KOBO, ExportWish

TEXT = "'(?:[^'\n]|'')*'"
COMMANDS = re.compile(
    r"\* Encoding: UTF-8\.\n"
    rf"VARIABLE LABELS\n [A-Za-z@][\w.@#$]* {TEXT}(?:\n /[A-Za-z@][\w.@#$]* {TEXT})*\.\n"
    rf"VALUE LABELS\n [A-Za-z@][\w.@#$]*(?:\n  {TEXT} {TEXT})+\.\n",
    re.ASCII,
)
PLAIN = """
| survey |
| | type | name | label |
| | text | a    | A     |
| settings |
| | form_title | form_id | version |
| | T          | t       | 1       |
"""


@functools.cache
def plain() -> Definition:
    return convert(PLAIN.encode(), "t.md", {}, FreeVersions({}, dt.date(2026, 11, 29), None), 20).definition


NAMES = st.from_regex(r"[a-zà-ỹ_][a-zà-ỹ_.0-9-]{0,80}", fullmatch=True)


@given(label=st.text(max_size=300), code=st.text("ab'/ạ ", min_size=1, max_size=90), name=NAMES)
@settings(max_examples=60, deadline=None)
def test_no_label_breaks_a_command(label: str, code: str, name: str) -> None:
    """Quotes are doubled, lines stay whole and short enough, columns are called as SPSS calls them."""
    choices = (Choice(code, {"": label}),)
    said = spss_labels.syntax(
        dataclasses.replace(
            plain(),
            fields=(
                Field(f"g/{name}", name, "select_one", {"": label}, choices=choices),
                Field("nhieu", "nhieu", "select_multiple", {"": label}, choices=choices),
            ),
        ),
        ExportWish(preset=KOBO),
    )
    assert COMMANDS.fullmatch(said)
    assert max(len(line.encode()) for line in said.splitlines()) <= 256
