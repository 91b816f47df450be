"""A plan's figures as a table of Excel: one row a figure, in the words that offices write."""

import datetime as dt
import re
from collections.abc import Mapping

from forms import plans
from forms.plans import LONGEST_WORDING
from geo.plain_words import words
from server.files.tables.read_table import RowFault, TableRead, TableRow
from server.files.tables.table_kinds import TableColumn, TableKind
from server.models import Commune

PLAN_TABLE = TableKind(
    "ke-hoach",
    (
        TableColumn("target_code", "Mã"),
        TableColumn("section", "Mục", "I.2"),
        TableColumn("target_label", "Chỉ tiêu", "Hồ sơ thủ tục hành chính trực tuyến"),
        TableColumn("wording", "Nguyên văn", "Tỷ lệ hồ sơ trực tuyến đạt từ 85% trở lên"),
        TableColumn("indicator_code", "Mã chỉ số", "ho_so_tthc_truc_tuyen"),
        TableColumn("comparator", "So sánh", "≥"),
        TableColumn("target_value", "Mức giao", "85%"),
        TableColumn("measure", "Đơn vị tính", "%"),
        TableColumn("period", "Kỳ", "năm"),
        TableColumn("deadline", "Hạn", "31/12/2026"),
        TableColumn("how", "Số lấy từ", "đơn vị báo cáo"),
        TableColumn("office", "Đơn vị báo cáo", "Trung tâm Phục vụ hành chính công xã"),
        TableColumn("over", "Tính trên", "đã hỏi"),
        TableColumn("note", "Ghi chú"),
    ),
    (("target_label",), ("target_value",)),
)

_COMPARATORS = {
    "": ">=", "≥": ">=", ">=": ">=", "tu": ">=", "dat": ">=", "toi thieu": ">=", "it nhat": ">=", ">": ">", "tren": ">",
    "hon": ">", "=": "=", "bang": "=", "≤": "<=", "<=": "<=", "khong qua": "<=", "toi da": "<=", "<": "<", "duoi": "<",
}  # fmt: skip
_UNITS = {
    "": "", "%": "percent", "phan tram": "percent", "ty le": "percent", "percent": "percent", "so luong": "count",
    "so": "count", "count": "count", "cai": "count", "tin": "count", "tin bai": "count",
}  # fmt: skip
_PERIODS = {"": "year", "nam": "year", "quy": "quarter", "thang": "month", "tuan": "week",
            "year": "year", "quarter": "quarter", "month": "month", "week": "week"}  # fmt: skip
_HOW = {
    "khao sat": "survey", "survey": "survey", "don vi bao cao": "office", "don vi": "office", "bao cao": "office",
    "office": "office", "ca hai": "both", "khao sat va don vi bao cao": "both", "both": "both",
}  # fmt: skip
_OVER = {
    "": False,
    "da hoi": False,
    "asked": False,
    "tat ca ho": True,
    "tat ca cac ho": True,
    "households": True,
}
_VALUE = re.compile(r"([0-9]{1,3}(?:\.[0-9]{3})+|[0-9]{1,12})(?:,([0-9]{1,6}))?\s*(%?)")
_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]{0,31}")


def targets(
    reading: TableRead, commune: Commune, year: int, indicators: Mapping[str, str]
) -> tuple[list[plans.FigureInPlan], list[RowFault]]:
    """The figures of a table; `indicators` are the known ones, code → label. All that is wrong stands in the faults."""
    by_label = {words(label): code for code, label in indicators.items()}
    found: list[plans.FigureInPlan] = []
    wrong: list[RowFault] = []
    rows: dict[str, TableRow] = {}
    for number, row in enumerate(reading.rows, start=1):
        before = len(wrong)
        wrong += row.uncomputed(reading.kind)
        target = _target(row, number, commune, year, indicators, by_label, wrong)
        if target is None or len(wrong) > before:
            continue
        if target.id in rows:
            wrong.append(
                RowFault(row, f"mã {target.id} đã có ở {rows[target.id].where.lower()}", "target_code")
            )
        rows.setdefault(target.id, row)
        found.append(target)
    return found, wrong


def _target(
    row: TableRow, number: int, commune: Commune, year: int, indicators: Mapping[str, str],
    by_label: Mapping[str, str], wrong: list[RowFault],
) -> plans.FigureInPlan | None:  # fmt: skip
    def no(meaning: str, sentence: str) -> None:
        wrong.append(RowFault(row, sentence, meaning))

    label = row.text("target_label")
    if not label or len(label) > LONGEST_WORDING:
        no(
            "target_label",
            "chưa ghi tên chỉ tiêu" if not label else f"tên chỉ tiêu dài quá {LONGEST_WORDING} chữ",
        )
    code = row.text("target_code") or f"{commune.code}.{year}-T{number:02d}"
    if not _CODE.fullmatch(code):
        no("target_code", f"mã “{code[:32]}” chỉ gồm chữ không dấu, chữ số, dấu chấm, gạch nối")
    value, is_percent = _value(row.text("target_value"))
    if value is None:
        no("target_value", f"mức giao “{row.text('target_value')[:40]}” không phải một số, ví dụ 85% hoặc 12")
    unit = _worded(row, "measure", _UNITS, "%, số lượng", wrong) or ("percent" if is_percent else "count")
    if unit == "percent" and value is not None and float(value) > 100:
        no("target_value", f"“{row.text('target_value')[:40]}” lớn hơn 100 %")
    indicator = row.text("indicator_code") or by_label.get(words(label), "")
    if indicator and indicator not in indicators:
        no("indicator_code", f"chưa có chỉ số mang mã “{indicator[:64]}”")
    how = _HOW.get(words(row.text("how")), "")
    if row.text("how") and not how:
        no("how", f"“{row.text('how')[:40]}” không rõ; ghi: khảo sát, đơn vị báo cáo hoặc cả hai")
    office = row.text("office")
    how = how or ("office" if office or not indicator else "survey")
    if how != "office" and not indicator:
        no("indicator_code", "chỉ tiêu có khảo sát cần mã chỉ số")
    if how != "survey" and not office:
        no("office", "chỉ tiêu do đơn vị báo cáo cần tên đơn vị")
    return plans.FigureInPlan(
        id=code.upper(), section=row.text("section") or "I", label_vi=label,
        wording_vi=(row.text("wording") or label)[:LONGEST_WORDING], indicator=indicator,
        comparator=_worded(row, "comparator", _COMPARATORS, "≥, >, =, ≤, <", wrong), value=value or "0", unit=unit,
        period=_worded(row, "period", _PERIODS, "năm, quý, tháng, tuần", wrong), start=dt.date(year, 1, 1),
        deadline=_deadline(row, year, wrong),
        over_households=bool(_worded(row, "over", _OVER, "đã hỏi, tất cả hộ", wrong)), how=how,
        offices=(plans.Office("don_vi", office),) if office else (), forms=(), note_vi=row.text("note") or None,
    )  # fmt: skip


def _worded(
    row: TableRow, meaning: str, known: Mapping[str, "str | bool"], told: str, wrong: list[RowFault]
) -> str:
    """What a cell of few words means; "" where it means nothing known, which is noted."""
    text = row.text(meaning)
    for key in (text.strip(), words(text)):
        if key in known:
            return str(known[key] or "")
    wrong.append(RowFault(row, f"“{text[:40]}” không rõ; ghi một trong: {told}", meaning))
    return ""


def _value(text: str) -> tuple[str | None, bool]:
    """An exact decimal as text, with a point, and whether it is written as a percent."""
    found = _VALUE.fullmatch(text.strip())
    if found is None:
        plain = re.fullmatch(r"([0-9]{1,12}\.[0-9]{1,2})\s*(%?)", text.strip())
        return (plain[1], bool(plain[2])) if plain else (None, False)
    whole, part, sign = found.groups()
    return whole.replace(".", "") + (f".{part}" if part else ""), bool(sign)


def _deadline(row: TableRow, year: int, wrong: list[RowFault]) -> dt.date:
    text = row.text("deadline")
    last = dt.date(year, 12, 31)
    if not text:
        return last
    for form in ("%d/%m/%Y", "%Y-%m-%d", "%d-%m-%Y", "%d.%m.%Y"):
        try:
            found = dt.datetime.strptime(text, form).date()  # noqa: DTZ007 (a day, no moment)
        except ValueError:
            continue
        if found.year == year:
            return found
        wrong.append(RowFault(row, f"hạn {text} không nằm trong năm {year}", "deadline"))
        return last
    wrong.append(RowFault(row, f"“{text[:40]}” không phải ngày dạng 31/12/{year}", "deadline"))
    return last
