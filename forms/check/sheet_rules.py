"""What may be wrong in the sheets `choices`, `settings`, `chi_tieu` and `muc_dich`; beside them the rules of others."""

import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from difflib import get_close_matches

from pyxform.validators.pyxform.sheet_misspellings import find_sheet_misspellings
from pyxform.xls2json import RE_SELECT

from forms.answer_layout import POINT_KINDS
from forms.check import check_rules, formula_cells, named_files
from forms.check.formulas import bad_reference
from forms.check.mend_workbook import EXCEL_ERRORS
from forms.check.survey_rules import NAME, survey_errors, survey_warnings
from forms.definition import HOUSEHOLD_LIST, KINDS, UNITS
from forms.errors import SheetError
from forms.sheets import Sheet, SheetRow

_INDICATOR = re.compile(r"[a-z][a-z0-9_]{1,63}")
_KNOWN_SHEETS = ("survey", "choices", "settings", "entities", "chi_tieu", "muc_dich", "kiem_tra")


def errors(sheets: Mapping[str, Sheet]) -> Iterator[SheetError]:
    """Everything that keeps the workbook from being published, in the order of its sheets."""
    if "survey" not in sheets:
        yield SheetError("", None, None, f"thiếu trang tính “survey”.{_near_sheet('survey', sheets)}")
        return
    yield from survey_errors(sheets)
    yield from _choice_errors(sheets, "choices")
    yield from _choice_errors(sheets, "external_choices")
    yield from _setting_errors(sheets)
    yield from _reference_errors(sheets, "entities", ("label", "entity_id", "create_if", "update_if"))
    yield from _reference_errors(sheets, "settings", ("instance_name",))
    yield from _home_errors(sheets)
    yield from formula_cells.errors(sheets)
    yield from named_files.errors(sheets)
    yield from _pair_errors(sheets["survey"])
    yield from _declaration_errors(sheets)
    yield from _purpose_errors(sheets)
    yield from check_rules.errors(sheets)


def warnings(sheets: Mapping[str, Sheet], known: Collection[str]) -> Iterator[SheetError]:
    """What should be looked at before the form is published; `known` are codes of the library's indicators."""
    yield from survey_warnings(sheets)
    yield from formula_cells.remarks(sheets)
    yield from _listless_choices(sheets)
    yield from _indicator_warnings(sheets, known)
    if "muc_dich" not in sheets or not sheets["muc_dich"].rows:
        sentence = "thiếu trang tính “muc_dich” (muc_dich, can_cu, luu_thang): khi công bố phải ghi mục đích, căn cứ."
        yield SheetError("muc_dich", None, None, sentence)
    for name, sheet in sheets.items():
        near = get_close_matches(name, _KNOWN_SHEETS, n=1, cutoff=0.75)
        if near and name not in _KNOWN_SHEETS and near[0] not in sheets:
            yield SheetError(sheet.name, None, None, f"trang tính lạ nên bị bỏ qua. Có phải “{near[0]}”?")


def _near_sheet(name: str, sheets: Mapping[str, Sheet]) -> str:
    similar = find_sheet_misspellings(key=name, keys=list(sheets))
    return " Có một trang tên gần giống; hãy đổi lại tên." if similar else " Hãy lấy file mẫu và làm theo."


_TRANSLATED = re.compile(r"label::|media::|image|audio|video|big-image", re.IGNORECASE)
"""Headings of texts that a form keeps apart from its lists."""


def _choice_errors(sheets: Mapping[str, Sheet], name: str) -> Iterator[SheetError]:
    """Of `choices` or `external_choices`; the latter repeats its codes under each place above."""
    choices = sheets.get(name)
    if choices is None or not choices.rows:
        return
    for column in ("list_name", "name"):
        if column not in choices.columns:
            yield choices.error(None, column, f"thiếu cột “{column}” ở dòng đầu.")
            return
    spaceless = _lists_of_several(sheets["survey"])
    if name == "choices":
        yield from _first_without_label(sheets)
    seen: dict[tuple[str, str], SheetRow] = {}
    names = frozenset(row["name"] for row in sheets["survey"].rows) | {"instanceID"}
    may_repeat = name == "external_choices" or _allows_duplicates(sheets)
    for row in choices.rows:
        yield from _one_choice(choices, row, spaceless)
        yield from _label_references(choices, row, names)
        first = seen.setdefault((row["list_name"], row["name"]), row)
        if first is not row and row["name"] and not may_repeat:
            sentence = f"mã “{row['name']}” đã có ở dòng {first.number} trong danh sách “{row['list_name']}”."
            yield choices.error(row, "name", sentence, row["name"])


def _first_without_label(sheets: Mapping[str, Sheet]) -> Iterator[SheetError]:
    """Phones look for the label at the first choice of a list, unless its texts stand in translations or media."""
    choices = sheets["choices"]
    asked = {
        found["list_name"]: row
        for row in sheets["survey"].rows
        if (found := RE_SELECT.search(row["type"])) and "search(" not in row["appearance"]
    }
    lists: dict[str, list[SheetRow]] = {}
    for row in choices.rows:
        lists.setdefault(row["list_name"], []).append(row)
    for name in asked.keys() & lists.keys():
        first = lists[name][0]
        is_translated = any(_TRANSLATED.match(heading) for row in lists[name] for heading in row.cells)
        if not is_translated and not first["label"]:
            sentence = (
                f"lựa chọn đầu tiên của danh sách “{name}” chưa có label: điện thoại không mở được biểu mẫu."
            )
            yield choices.error(first, "label", sentence, first["name"])


def _one_choice(choices: Sheet, row: SheetRow, spaceless: frozenset[str]) -> Iterator[SheetError]:
    name = row["name"]
    if not row["list_name"]:
        return
    if not name:
        yield choices.error(row, "name", "lựa chọn chưa có mã ở cột name.", row["list_name"])
    elif name in EXCEL_ERRORS:
        yield choices.error(row, "name", f"ô này đang báo lỗi Excel {name}. Hãy gõ lại nội dung.", name)
    elif " " in name and row["list_name"] in spaceless:
        sentence = "mã lựa chọn không được có dấu cách vì câu này chọn được nhiều ý. Thay bằng dấu _."
        yield choices.error(row, "name", sentence, name)


def _listless_choices(sheets: Mapping[str, Sheet]) -> Iterator[SheetError]:
    choices = sheets.get("choices", Sheet("choices"))
    for row in choices.rows:
        if not row["list_name"] and (row["name"] or row.has("label")):
            sentence = "lựa chọn chưa ghi thuộc danh sách nào nên bị bỏ qua."
            yield choices.error(row, "list_name", sentence, row["name"])


def _lists_of_several(survey: Sheet) -> frozenset[str]:
    selects = (RE_SELECT.search(row["type"]) for row in survey.rows)
    many = ("multiple", "all that apply", "rank")
    return frozenset(
        found["list_name"] for found in selects if found and any(w in found["select_command"] for w in many)
    )


def _label_references(choices: Sheet, row: SheetRow, names: frozenset[str]) -> Iterator[SheetError]:
    for heading, text in row.cells.items():
        wrong = bad_reference(text, names) if heading.lower().startswith("label") else None
        if wrong:
            yield choices.error(row, heading, wrong, text)


def _settings(sheets: Mapping[str, Sheet]) -> SheetRow:
    rows = sheets["settings"].rows if "settings" in sheets else ()
    return rows[0] if rows else SheetRow(2, {})


def _allows_duplicates(sheets: Mapping[str, Sheet]) -> bool:
    return _settings(sheets)["allow_choice_duplicates"].lower() in {"yes", "true", "true()"}


def _setting_errors(sheets: Mapping[str, Sheet]) -> Iterator[SheetError]:
    settings, row = sheets.get("settings", Sheet("settings")), _settings(sheets)
    if row["name"] and not NAME.fullmatch(row["name"]):
        yield settings.error(row, "name", "chỉ gồm chữ không dấu, số và dấu _.", row["name"])
    for heading, text in row.cells.items():
        if text in EXCEL_ERRORS:
            yield settings.error(row, heading, f"ô này đang báo lỗi Excel {text}. Hãy gõ lại nội dung.", text)


def _reference_errors(
    sheets: Mapping[str, Sheet], name: str, columns: tuple[str, ...]
) -> Iterator[SheetError]:
    """Cells outside the survey that name questions."""
    sheet = sheets.get(name, Sheet(name))
    names = frozenset(row["name"] for row in sheets["survey"].rows) | {"instanceID"}
    for row in sheet.rows:
        for column in columns:
            wrong = bad_reference(row[column], names)
            if wrong:
                yield sheet.error(row, column, wrong, row[column])


def _home_errors(sheets: Mapping[str, Sheet]) -> Iterator[SheetError]:
    """The exact place of a home is on no list of phones, so it cannot be saved to one (R21)."""
    survey, entities = sheets["survey"], sheets.get("entities", Sheet("entities"))
    lists = {row["list_name"] or row["dataset"] for row in entities.rows}
    for row in survey.rows:
        saved = row["save_to"]
        named = saved.partition("#")[0] if "#" in saved else next(iter(lists), "")
        if saved and named == HOUSEHOLD_LIST and row["type"].replace("start-", "") in POINT_KINDS:
            sentence = "vị trí nhà không lên danh sách hộ của điện thoại được. Hãy xóa ô save_to này."
            yield survey.error(row, "save_to", sentence, saved)


def _pair_errors(survey: Sheet) -> Iterator[SheetError]:
    """Group `chi_tieu`: every _done has its _of and the other way round, outside repeats (R15, 6.1)."""
    repeats = {path for path, row in survey.questions() if row["type"].replace("_", " ") == "begin repeat"}
    stated = [(path, row) for path, row in survey.questions() if path.split("/")[-2:-1] == ["chi_tieu"]]
    paths = frozenset(path for path, _ in stated)
    for path, row in stated:
        stem, _, end = path.rpartition("_")
        if end not in {"done", "of"}:
            continue
        code, other = stem.rpartition("/")[2], {"done": "of", "of": "done"}[end]
        if f"{stem}_{other}" not in paths:
            sentence = f"thiếu dòng “{code}_{other}”: mỗi chỉ tiêu cần đủ hai dòng _done và _of."
            yield survey.error(row, "name", sentence, row["name"])
        if not _INDICATOR.fullmatch(code):
            sentence = f"mã chỉ tiêu “{code}” chỉ gồm chữ thường không dấu, số và dấu _."
            yield survey.error(row, "name", sentence, row["name"])
        if any(path.startswith(f"{repeat}/") for repeat in repeats):
            sentence = "nhóm chi_tieu không được nằm trong phần lặp (begin repeat). Hãy đưa ra ngoài."
            yield survey.error(row, "name", sentence, row["name"])


def _codes(survey: Sheet) -> dict[str, SheetRow]:
    stated = ((path, row) for path, row in survey.questions() if path.split("/")[-2:-1] == ["chi_tieu"])
    return {row["name"].removesuffix("_done"): row for _, row in stated if row["name"].endswith("_done")}


def _declaration_errors(sheets: Mapping[str, Sheet]) -> Iterator[SheetError]:
    declared = sheets.get("chi_tieu")
    if declared is None or not declared.rows:
        return
    if "indicator" not in declared.columns:
        yield declared.error(None, "indicator", "thiếu cột “indicator” ở dòng đầu.")
        return
    counted = Counter(row["indicator"] for row in declared.rows)
    for row in declared.rows:
        code = row["indicator"]
        if not _INDICATOR.fullmatch(code):
            sentence = "mã chỉ tiêu chỉ gồm chữ thường không dấu, số và dấu _, bắt đầu bằng chữ."
            yield declared.error(row, "indicator", sentence, code)
        elif counted[code] > 1:
            yield declared.error(row, "indicator", f"chỉ tiêu “{code}” khai hai lần.", code)
        if not row.has("label"):
            yield declared.error(row, "label", "chỉ tiêu chưa có tên ở cột label::Tiếng Việt.", code)
        for column, allowed in (("unit", UNITS), ("kind", KINDS)):
            if row[column] not in allowed:
                yield declared.error(row, column, f"chỉ nhận một trong: {', '.join(allowed)}.", row[column])


def _purpose_errors(sheets: Mapping[str, Sheet]) -> Iterator[SheetError]:
    purpose = sheets.get("muc_dich")
    if purpose is None:
        return
    for row in purpose.rows[:1]:
        for column in ("muc_dich", "can_cu"):
            if not row[column]:
                yield purpose.error(row, column, "ô này chưa ghi gì.")
        if not re.fullmatch(r"[1-9][0-9]{0,3}", row["luu_thang"]):
            yield purpose.error(row, "luu_thang", "ghi số tháng lưu trữ, ví dụ 24.", row["luu_thang"])


def _indicator_warnings(sheets: Mapping[str, Sheet], known: Collection[str]) -> Iterator[SheetError]:
    survey, declared = sheets["survey"], sheets.get("chi_tieu")
    rows = {row["indicator"]: row for row in declared.rows} if declared else {}
    stated = _codes(survey)
    for code, row in stated.items():
        if code not in rows and code not in known:
            sentence = f"chỉ tiêu “{code}” chưa khai ở trang chi_tieu (tên, đơn vị) nên chưa lên bản đồ được."
            yield survey.error(row, "name", sentence, code)
    for code, row in rows.items():
        if code not in stated and declared:
            sentence = f"chỉ tiêu “{code}” khai ở đây mà nhóm chi_tieu không có “{code}_done”, “{code}_of”."
            yield declared.error(row, "indicator", sentence, code)
