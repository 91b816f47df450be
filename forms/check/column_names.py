"""Questions whose columns would bear one name in the table for Excel and Power BI: told at upload (O19)."""

import re
from collections.abc import Iterator

from forms.errors import SheetError
from forms.odata_names import identifier, unique
from forms.sheets import Sheet

OWN = (
    "__id", "submission_date", "observed_at", "xa_code", "thon_code", "thon_name", "review_state", "form_version"
)  # fmt: skip
"""The columns that stand in the flat table before those of answers."""
_REPEAT = re.compile(r"begin[ _]repeat")
_NO_COLUMN = ("begin", "end ", "end_", "note", "audit")


def remarks(survey: Sheet) -> Iterator[SheetError]:
    """Of two columns that would be called alike the later gets a number: which one, and what it is called."""
    every = list(survey.questions())
    rounds = tuple(f"{path}/" for path, row in every if _REPEAT.match(row["type"]))
    asked = [
        (path, row)
        for path, row in every
        if not row["type"].startswith(_NO_COLUMN) and not path.startswith(rounds)
    ]
    wanted = [identifier("_".join(map(identifier, path.split("/")))) for path, _ in asked]
    made = unique([*OWN, *wanted])[len(OWN) :]
    for (_, row), plain, name in zip(asked, wanted, made, strict=True):
        if name != plain:
            sentence = (
                f"trong bảng cho Excel, Power BI (OData) đã có một cột tên “{plain}”, nên câu này mang tên “{name}”. "
                "Đặt tên khác nếu muốn cột dễ nhận ra."
            )
            yield survey.error(row, "name", sentence, row["name"])
