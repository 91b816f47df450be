"""Random small workbooks: a draft or places of what is wrong, never anything else."""

import io

import openpyxl
from hypothesis import given, settings
from hypothesis import strategies as st

from forms.convert_workbook import convert
from forms.errors import FormRejected
from server.published_forms import form_drafts

TYPES = ("text", "integer", "select_one ck", "calculate", "note", "begin group", "end group", "begin repeat",
         "end repeat", "begin_score", "score__row", "end_score", "geopoint", "lạ", "")  # fmt: skip
NAMES = ("a", "b", "chi_tieu", "x_done", "x_of", "họ", "", "meta")
TEXTS = (
    "",
    "${a} = 'co'",
    "if(${a} = '', '', 1)",
    "${a",
    "1 div 0",
    "count(${b})",
    "nope()",
    "'",
    "pulldata('a')",
)
HEAD = ("type", "name", "label", "calculation", "relevant", "repeat_count")


def book(rows: list[tuple[str, ...]]) -> bytes:
    made = openpyxl.Workbook()
    made.active.title = "survey"
    for row in (HEAD, *rows):
        made.active.append(row)
    for title, table in (
        ("choices", (("list_name", "name", "label"), ("ck", "co", "Có"), ("ck", "khong_biet", "Không biết"))),
        ("settings", (("form_id", "version"), ("thu", "1"))),
    ):
        sheet = made.create_sheet(title)
        for row in table:
            sheet.append(row)
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


ROWS = st.lists(
    st.tuples(
        st.sampled_from(TYPES),
        st.sampled_from(NAMES),
        st.sampled_from(("", "Câu?")),
        st.sampled_from(TEXTS),
        st.sampled_from(TEXTS),
        st.sampled_from(TEXTS),
    ),
    max_size=7,
)


@settings(max_examples=60, deadline=None)
@given(ROWS)
def test_an_upload_is_a_form_or_told_what_is_wrong(rows: list[tuple[str, ...]]) -> None:
    try:
        converted = convert(book(rows), "phieu.xlsx")
    except FormRejected as rejected:
        told = [str(error) for error in rejected.errors]
    else:
        told = [converted.definition.form_id, *form_drafts.blank(converted)[0]]
    assert all(told)
    assert told
