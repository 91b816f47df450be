"""What may be wrong in the sheet `survey`, found before pyxform so that row and column can be named."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches

from pyxform import aliases
from pyxform.question_type_dictionary import QUESTION_TYPE_DICT
from pyxform.xls2json import RE_BEGIN_CONTROL, RE_END_CONTROL, RE_SELECT

from forms.check import column_names, named_files
from forms.check.formulas import bad_reference, cycle, references
from forms.check.mend_workbook import EXCEL_ERRORS
from forms.definition import SENSITIVITIES
from forms.errors import SheetError
from forms.plain_words import unaccented
from forms.sheets import Sheet, SheetRow, canonical

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.\-]*")
_FILE = re.compile(r"[A-Za-z0-9_.\-]+\.(csv|xml|geojson)")
_UNSEEN = frozenset(kind for kind, made in QUESTION_TYPE_DICT.items() if "control" not in made) | {
    "start-geopoint", "background-geopoint", "background-audio",
}  # fmt: skip
_OLD_TYPES = frozenset({"imei", "image"}) | {
    f"add {kind} prompt" for kind in ("image", "photo", "audio", "video", "file")
}
"""Spellings of types that pyxform turns into others without listing them."""
_TYPES = frozenset(QUESTION_TYPE_DICT) | _OLD_TYPES | frozenset(aliases.settings_header)
_USUAL_TYPES = (
    "text", "integer", "decimal", "date", "time", "dateTime", "select_one", "select_multiple", "note", "geopoint",
    "geotrace", "geoshape", "image", "audio", "video", "file", "barcode", "calculate", "acknowledge", "hidden",
    "range", "rank", "start", "end", "today", "deviceid", "audit", "begin group", "end group", "begin repeat",
    "end repeat", "select_one_from_file", "select_multiple_from_file",
)  # fmt: skip
_KNOWN_COLUMNS = (
    "type", "name", "label", "hint", "guidance_hint", "required", "required_message", "relevant", "constraint",
    "constraint_message", "calculation", "default", "choice_filter", "appearance", "parameters", "save_to",
    "readonly", "repeat_count", "trigger", "image", "audio", "video", "big-image", "media", "bind", "phan_loai",
)  # fmt: skip


_WAIT = ("calculation", "relevant", "required", "readonly")
"""The columns whose formulas phones keep up to date: two that read each other wait for ever."""
_TEXT_COLUMNS = frozenset(
    {"label", "hint", "guidance_hint", "required_message", "constraint_message", "image", "audio", "video",
     "big-image", "media"}
)  # fmt: skip


def survey_errors(sheets: Mapping[str, Sheet]) -> Iterator[SheetError]:
    """Everything that would stop the form, row by row."""
    survey = sheets["survey"]
    if "type" not in survey.columns:
        yield survey.error(None, "type", "thiếu cột “type” ở dòng đầu. Dòng 1 phải là tên các cột.")
        return
    rows = [row for row in survey.rows if row["type"] or row["name"] or row.has("label")]
    if not any(row["type"] and not _is_end(row) for row in rows):
        yield survey.error(None, None, "chưa có câu hỏi nào.")
        return
    lists, outside = _list_names(sheets, "choices"), _list_names(sheets, "external_choices")
    names = frozenset(row["name"] for row in rows if not _is_end(row)) | {"instanceID"}
    for row in rows:
        yield from _type_errors(survey, row, outside if "external" in row["type"] else lists)
        yield from _name_errors(survey, row)
        yield from _label_errors(survey, row)
        yield from _cell_errors(survey, row, names)
    yield from _heading_errors(survey, _prefixes(sheets))
    yield from _root_errors(sheets)
    yield from _nesting_errors(survey)
    yield from _cycle_errors(survey)


def _list_names(sheets: Mapping[str, Sheet], name: str) -> frozenset[str]:
    return frozenset(row["list_name"] for row in sheets.get(name, Sheet(name)).rows)


def survey_warnings(sheets: Mapping[str, Sheet]) -> Iterator[SheetError]:
    """What the officer should look at, though the form works: headings that look misspelt, columns called alike."""
    survey = sheets["survey"]
    yield from column_names.remarks(survey)
    for column, heading in survey.columns.items():
        stem = column.partition("::")[0]
        near = get_close_matches(stem, _KNOWN_COLUMNS, n=1, cutoff=0.8)
        if near and stem not in _KNOWN_COLUMNS and stem not in aliases.survey_header:
            sentence = f"cột lạ nên bị bỏ qua. Có phải “{near[0]}”?"
            yield SheetError(survey.name, 1, heading, sentence, heading)


def _is_end(row: SheetRow) -> bool:
    return RE_END_CONTROL.search(row["type"]) is not None


def _is_begin(row: SheetRow) -> bool:
    return RE_BEGIN_CONTROL.search(row["type"]) is not None


def _type_errors(survey: Sheet, row: SheetRow, lists: frozenset[str]) -> Iterator[SheetError]:
    kind = " ".join(row["type"].split())
    if not kind:
        yield survey.error(
            row, "type", "cột type trống. Hãy ghi loại câu hỏi, ví dụ text, integer, select_one."
        )
        return
    select = RE_SELECT.search(kind)
    if spaced := named_files.spaced_file(kind):
        yield survey.error(row, "type", _file_sentence(spaced), spaced)
    elif select:
        yield from _list_errors(survey, row, select["select_command"], select["list_name"], lists)
    elif re.fullmatch(r"select[ _](one|multiple)(_from_file)?|rank", kind):
        yield survey.error(row, "type", f"“{kind}” thiếu tên danh sách. Viết “{kind} ten_danh_sach”.", kind)
    elif not (_is_begin(row) or _is_end(row) or kind in _TYPES or kind.startswith("osm ")):
        near = get_close_matches(kind, _USUAL_TYPES, n=1, cutoff=0.6)
        advice = (
            f" Có phải “{near[0]}”?" if near else " Ví dụ: text, integer, select_one ten_danh_sach, note."
        )
        yield survey.error(row, "type", f"không có loại câu hỏi “{kind}”.{advice}", kind)


def _file_sentence(name: str) -> str:
    return f"“{name}” phải là tên file .csv, không dấu, không dấu cách, ví dụ thon.csv."


def _list_errors(
    survey: Sheet, row: SheetRow, command: str, name: str, lists: frozenset[str]
) -> Iterator[SheetError]:
    if "file" in command:
        if not _FILE.fullmatch(name):
            yield survey.error(row, "type", _file_sentence(name), name)
    elif "${" not in name and name not in lists:
        near = get_close_matches(name, lists, n=1, cutoff=0.6)
        sheet = "external_choices" if "external" in command else "choices"
        advice = f"Có phải “{near[0]}”?" if near else f"Hãy thêm danh sách đó vào trang {sheet}."
        yield survey.error(row, "type", f"danh sách “{name}” không có trong trang {sheet}. {advice}", name)


def _name_errors(survey: Sheet, row: SheetRow) -> Iterator[SheetError]:
    name = row["name"]
    if _is_end(row) or (row["type"] in {"audit", "note"} and not name):
        return
    if not name:
        yield survey.error(row, "name", "câu hỏi hoặc nhóm chưa có tên ở cột name.")
    elif not NAME.fullmatch(name):
        better = re.sub(r"[^a-z0-9_]+", "_", unaccented(name)).strip("_") or "ten_cau_hoi"
        better = better if better[0].isalpha() else f"c_{better}"
        sentence = f"tên chỉ gồm chữ không dấu, số và dấu _, bắt đầu bằng chữ. Có thể đặt là “{better}”."
        yield survey.error(row, "name", sentence, name)
    elif name == "meta":
        yield survey.error(row, "name", "tên “meta” dành riêng cho hệ thống. Hãy đặt tên khác.", name)


_ATTRIBUTE_COLUMNS = frozenset({"bind", "body", "control", "instance"})
_ATTRIBUTE = re.compile(r"(?:(?P<prefix>[A-Za-z_][\w.-]*):)?[A-Za-z_][\w.-]*", re.ASCII)
_PREFIXES = frozenset({"jr", "odk", "orx", "entities", "ev", "h", "xsd"})
"""Those that pyxform declares in every form."""


def _prefixes(sheets: Mapping[str, Sheet]) -> frozenset[str]:
    """The namespaces that a form has, its own ones (`namespaces` of the settings) among them."""
    own = (row["namespaces"] for row in sheets.get("settings", Sheet("settings")).rows[:1])
    return _PREFIXES.union(*(re.findall(r"([\w.-]+)\s*=", text) for text in own))


def _heading_errors(survey: Sheet, prefixes: frozenset[str]) -> Iterator[SheetError]:
    """Texts have one language each: `label::Tiếng Việt (vi)`; what a picture is for stands before it."""
    for heading in filter(None, survey.headings):
        parts = [part.strip() for part in heading.split("::")]
        most = 3 if canonical(parts[0]) == "media" else 2
        if canonical(parts[0]) in _TEXT_COLUMNS and len(parts) > most:
            better = "::".join([*parts[: most - 1], f"{parts[most - 1]} ({parts[most]})"])
            sentence = f"tên cột có hai lần “::” nên không đọc được. Viết “{better}”."
            yield survey.error(SheetRow(1, {}), heading, sentence, heading)
        if canonical(parts[0]) in _ATTRIBUTE_COLUMNS:
            names = [_ATTRIBUTE.fullmatch(part) for part in parts[1:]]
            if not all(name and (name["prefix"] or "jr") in prefixes for name in names):
                sentence = (
                    f"sau “{parts[0]}::” phải là một tên không dấu, không có dấu cách, phần trước dấu hai chấm (nếu "
                    "có) có trong cột namespaces của settings; ví dụ bind::relevant."
                )
                yield survey.error(SheetRow(1, {}), heading, sentence, heading)


def _root_errors(sheets: Mapping[str, Sheet]) -> Iterator[SheetError]:
    """A question named like the form's root: a reference to it would have two meanings."""
    survey, settings = sheets["survey"], sheets.get("settings", Sheet("settings"))
    root = next((row["name"] for row in settings.rows[:1]), "") or "data"
    called = {name for row in survey.rows for text in row.cells.values() for name in references(text)}
    for row in survey.rows:
        if row["name"] == root and root in called and not _is_end(row):
            sentence = (
                f"“{root}” là tên riêng của phần mềm. Hãy đổi tên câu, ở đây và trong các công thức dùng nó."
            )
            yield survey.error(row, "name", sentence, root)


def _label_errors(survey: Sheet, row: SheetRow) -> Iterator[SheetError]:
    """pyxform lets a row without words be where nothing is shown, or where others stand under its choices."""
    kind = " ".join(row["type"].split())
    if not kind or kind in _UNSEEN or _is_end(row) or _is_begin(row) or kind in aliases.settings_header:
        return
    shown = any(
        row.has(column) for column in ("label", "hint", "image", "audio", "video", "media", "caption")
    )
    if not shown and not row["calculation"] and not row["trigger"] and "label" not in row["appearance"]:
        yield survey.error(
            row, "label", "câu hỏi chưa có nội dung. Hãy ghi câu hỏi vào cột label.", row["name"]
        )


def _cell_errors(survey: Sheet, row: SheetRow, names: frozenset[str]) -> Iterator[SheetError]:
    for heading, text in row.cells.items():
        if text in EXCEL_ERRORS:
            yield survey.error(row, heading, f"ô này đang báo lỗi Excel {text}. Hãy gõ lại nội dung.", text)
        elif survey.columns.get("type") != heading and survey.columns.get("name") != heading:
            sentence = bad_reference(text, names)
            if sentence:
                yield survey.error(row, heading, sentence, text)
    if row["type"] == "calculate" and not row["calculation"] and not row["default"]:
        yield survey.error(row, "calculation", "dòng calculate chưa có công thức.", row["name"])
    if row["phan_loai"] not in SENSITIVITIES:
        sentence = "phân loại chỉ nhận: để trống, none, ca_nhan hoặc nhay_cam."
        yield survey.error(row, "phan_loai", sentence, row["phan_loai"])


@dataclass
class _Container:
    """A group or repeat that has begun: its names, and whether it shows anything."""

    row: SheetRow | None
    kind: str
    names: dict[str, SheetRow] = field(default_factory=dict)
    shows: bool = False


def _nesting_errors(survey: Sheet) -> Iterator[SheetError]:
    """begin and end, names used twice in one container, groups that show nothing."""
    open_ones = [_Container(None, "")]
    for row in survey.rows:
        end = RE_END_CONTROL.search(row["type"])
        if end:
            kind = aliases.control[end["type"]]
            if open_ones[-1].kind != kind:
                yield survey.error(row, "type", _stray_end(kind, open_ones[-1]), row["type"])
                return
            closed = open_ones.pop()
            open_ones[-1].shows |= closed.shows
            if not closed.shows:
                sentence = "nhóm không có câu nào hiện ra nên điện thoại không mở được. Thêm một dòng note."
                yield survey.error(closed.row, "name", sentence, closed.row["name"] if closed.row else "")
            continue
        yield from _repeated_name(survey, row, open_ones[-1])
        begin = RE_BEGIN_CONTROL.search(row["type"])
        if begin:
            open_ones.append(_Container(row, aliases.control[begin["type"]]))
        elif row["type"] and row["type"] not in _UNSEEN and (row.has("label") or row.has("hint")):
            open_ones[-1].shows = True
    for container in open_ones[1:]:
        sentence = f"begin {container.kind} không có end {container.kind} để kết thúc."
        yield survey.error(container.row, "type", sentence, container.row["name"] if container.row else "")


def _stray_end(kind: str, innermost: _Container) -> str:
    if not innermost.kind or innermost.row is None:
        return f"end {kind} mà không có begin {kind} nào ở trên."
    place = f"{innermost.kind} “{innermost.row['name']}” (dòng {innermost.row.number})"
    return f"end {kind} không khớp: đang mở là {place}."


def _repeated_name(survey: Sheet, row: SheetRow, container: _Container) -> Iterator[SheetError]:
    name = row["name"]
    if not name:
        return
    first = container.names.setdefault(name, row)
    if first is not row:
        sentence = f"tên “{name}” đã dùng ở dòng {first.number}. Mỗi câu trong cùng nhóm cần một tên riêng."
        yield survey.error(row, "name", sentence, name)


def _cycle_errors(survey: Sheet) -> Iterator[SheetError]:
    groups: dict[str, str] = {}
    logic: dict[str, str] = {}
    rows: dict[str, SheetRow] = {}
    for path, row in survey.questions():
        around = groups.get(path.rpartition("/")[0], "")
        groups[path] = f"{around} {row['relevant']}"
        logic[row["name"]] = " ".join((*(row[column] for column in _WAIT), groups[path]))
        rows[row["name"]] = row
    found = cycle(logic)
    if found:
        row = rows[found[0]]
        yield waiting_error(survey, row, found, found[1])


def waiting_error(survey: Sheet, row: SheetRow | None, circle: list[str], other: str) -> SheetError:
    """What is said of a circle of questions, at the column by which this row waits for the other one."""
    named = (column for column in _WAIT if row and other in references(row[column]))
    filled = (column for column in _WAIT if row and row[column])
    column = next(named, next(filled, "relevant"))
    advice = "Hãy bỏ một chỗ."
    if column == "required" and len(set(circle)) > 1:
        advice = "Nếu chỉ cần một trong các câu: để required ở câu đứng sau, bỏ ở câu đứng trước."
    return survey.error(row, column, f"công thức chờ nhau mãi: {' → '.join(circle)}. {advice}", circle[0])
