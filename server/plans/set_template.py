"""A ready set of indicators as the table of a plan that a commune fills and loads, and what each line rests on."""

from collections.abc import Iterator

from forms.indicator_sets import IndicatorSet, SetIndicator
from server.files.tables import table_workbooks
from server.models import Commune
from server.plans.plan_table import PLAN_TABLE

ORIGINS = {
    "doors": "hỏi tại nhà", "form": "phiếu khác của Từng Nhà", "office": "đơn vị báo cáo",
    "none": "không từ Từng Nhà",
}  # fmt: skip
UNKNOWN = "chưa rõ nguồn"
NO_GOAL = "chưa rõ mức: chép thành một dòng ở trang Bảng và ghi mức được giao"
ASKED_FOR = "Mức gợi ý, hãy thay bằng mức được giao"
SIGNS = {">=": "≥", ">": ">", "=": "=", "<=": "≤", "<": "<"}
_HOW = {"doors": "khảo sát", "form": "khảo sát", "office": "đơn vị báo cáo"}
_COLUMNS = ("Nhóm", "Chỉ số", "Mã chỉ số", "Lấy số từ đâu", "Nguồn văn bản", "Mức đọc được")
_ABBREVIATION = {"binh_dan_hoc_vu_so": "BD", "cong_dan_so": "CD", "dti_xa": "DTI"}


def workbook(found: IndicatorSet, commune: Commune, year: int) -> bytes:
    """The lines with a goal as a plan's table, codes of their own; on a second sheet all lines with their sources."""
    rows = [
        _row(line, f"{commune.code}.{year}-{_ABBREVIATION[found.code]}{number:02}")
        for number, line in enumerate(found.indicators, start=1)
        if line.spec and line.goal
    ]
    return table_workbooks.filled(PLAN_TABLE, rows, {"Nguồn": _sources(found)})


def _row(line: SetIndicator, code: str) -> tuple[str, ...]:
    """In the order of PLAN_TABLE's columns."""
    goal = line.goal
    told: dict[str, str] = {
        "target_code": code,
        "section": line.group_vi,
        "target_label": line.label_vi,
        "indicator_code": line.spec.code if line.spec else "",
        "comparator": SIGNS[goal.comparator] if goal else "",
        "target_value": f"{goal.value}%" if goal else "",
        "measure": "%",
        "period": "năm",
        "how": _HOW[line.origin],
        "office": line.office_vi if line.origin == "office" else "",
        "over": "đã hỏi",
        "note": f"{ASKED_FOR} ({goal.basis_vi})" if goal else "",
    }
    return tuple(told.get(column.meaning, "") for column in PLAN_TABLE.columns)


def _sources(found: IndicatorSet) -> Iterator[tuple[str, ...]]:
    yield _COLUMNS
    for line in found.indicators:
        yield (
            line.group_vi,
            line.label_vi,
            line.spec.code if line.spec else "",
            ORIGINS[line.origin],
            line.source.words if line.source else UNKNOWN,
            goal_words(line),
        )
    for document in found.documents:
        yield ("Văn bản", document.told)
    yield ("Chưa đọc được", found.unread_vi)


def goal_words(line: SetIndicator) -> str:
    """The goal with what it stands in; a sentence where none is known; "" for what is not counted here."""
    if line.goal:
        return f"{SIGNS[line.goal.comparator]} {line.goal.value.replace('.', ',')} %: {line.goal.basis_vi}"
    return NO_GOAL if line.spec else ""
