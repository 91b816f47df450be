"""pyxform's English messages as sentences for an officer, with the sheet, row and column they name."""

import logging
import re
from collections.abc import Mapping
from string import Formatter

from pyxform.errors import ErrorCode

from forms.errors import SheetError
from forms.sheets import Sheet, SheetRow

_ROW = re.compile(r"\[row : (\d+)\]")
_SHEET = re.compile(r"[Oo]n the '(\w+)' sheet|for sheet: '(\w+)'|the (\w+) sheet")
_COLUMN = re.compile(r"the '([^']+)' (?:value|column)|the (\w+) column")
_ELEMENT = re.compile(r"element named '([^']*)'|Question '([^']*)' (?:is|uses)")
_PARAMETER = re.compile(
    r"\b(location-priority|location-min-interval|location-max-age|track-changes(?:-reasons)?|identify-user|max-pixels"
    r"|randomize|seed|rows|quality)\b"
)
_GIVEN = re.compile(r"'([^']*)' is an invalid value")
_UNKNOWN = (
    "phần mềm chuyển biểu mẫu không nhận chỗ này. Hãy so với file mẫu, hoặc hỏi người quản trị máy chủ."
)
_log = logging.getLogger(__name__)

_BY_CODE = {
    "ENTITY_001": "có save_to mà chưa có trang “entities”. Thêm trang đó, hoặc xoá save_to.",
    "ENTITY_002": "save_to “{saveto}” đã dùng ở dòng {other_row}. Đổi hoặc xoá một chỗ.",
    "ENTITY_003": "nhóm và phần lặp không lưu được vào danh sách. Chuyển save_to sang một câu hỏi.",
    "ENTITY_004": "danh sách “{dataset}” trong save_to không có ở trang entities.",
    "ENTITY_005": "danh sách “{dataset}” tạo bản ghi mới nên phải có label.",
    "ENTITY_006": "danh sách “{dataset}” có create_if và entity_id nên phải có cả update_if.",
    "ENTITY_007": "danh sách “{dataset}” có update_if nên phải có entity_id.",
    "ENTITY_008": "có nhiều danh sách, nên save_to phải viết ten_danh_sach#ten_thuoc_tinh.",
    "ENTITY_009": "mỗi nhóm hoặc phần lặp chỉ ghi vào một danh sách; trùng với dòng {other_row}.",
    "ENTITY_011": "danh sách “{dataset}” được ghi từ hai chỗ không đi cùng nhau (trong và ngoài phần lặp).",
    "ENTITY_012": "danh sách “{dataset}” dùng câu “{question}” ở chỗ không đi cùng nhau (trong và ngoài phần lặp).",
    "ENTITY_013": "save_to chỉ được có một dấu #.",
    "HEADER_001": "dòng đầu của trang không phải tên cột. Hãy chép dòng tên cột từ file mẫu.",
    "HEADER_002": "hai cột “{other}” và “{header}” là một. Xoá hoặc đổi tên một cột.",
    "HEADER_003": "thiếu cột bắt buộc {missing} ở dòng đầu.",
    "HEADER_004": "tên cột “{column}” không được trống và không có dấu cách; cột này bị bỏ qua.",
    "HEADER_005": "trang entities có cột lạ: {columns}. Sửa chính tả hoặc xoá cột.",
    "LABEL_001": "lựa chọn chưa có tên hiện ra ở cột label.",
    "NAMES_001": "tên “{value}” dùng hai lần trong cùng một nhóm.",
    "NAMES_002": "tên “{value}” chỉ khác một tên khác ở chữ hoa, chữ thường; dễ nhầm khi xuất số liệu.",
    "NAMES_003": "tên phần lặp “{value}” trùng tên gốc của biểu mẫu. Đặt tên khác.",
    "NAMES_004": "tên phần lặp “{value}” dùng hai lần. Mỗi phần lặp cần một tên riêng.",
    "NAMES_005": "tên “meta” dành riêng cho hệ thống. Đặt tên khác.",
    "NAMES_006": "lựa chọn chưa có mã ở cột name.",
    "NAMES_007": "mã lựa chọn dùng hai lần trong một danh sách.",
    "NAMES_008": "tên phải bắt đầu bằng chữ, chỉ gồm chữ, số và dấu _ - .",
    "NAMES_009": "tên “{name}” phải bắt đầu bằng chữ, chỉ gồm chữ, số và dấu _ - .",
    "NAMES_010": "tên ở đây không được bắt đầu bằng hai dấu __.",
    "NAMES_011": "tên ở đây không được có dấu chấm.",
    "NAMES_012": "tên thuộc tính không được là name hoặc label.",
    "NAMES_013": "không thấy trang “{sheet}” nhưng có trang tên gần giống: {candidates}. Có phải gõ nhầm?",
    "NAMES_014": "danh sách khai hai lần ở trang entities.",
    "NAMES_015": "dòng này ở trang entities chưa có list_name.",
    "PYREF_001": "viết sai ${…}: bên trong chỉ có tên một câu hỏi.",
    "PYREF_002": "cần dấu phẩy giữa các ${…}.",
    "PYREF_003": "không có câu hỏi nào tên “{q}”.",
    "PYREF_004": "có nhiều câu hỏi cùng tên “{q}” nên không biết chọn câu nào. Đổi tên cho khác nhau.",
    "RANGE_001": "{name} của câu range phải là một số.",
    "RANGE_002": "{name} của câu range không được là 0.",
    "RANGE_003": "{name} của câu range lớn hơn cả khoảng từ start đến end.",
    "RANGE_004": "{name} của câu range phải là bội số của step.",
    "RANGE_005": "{name} của câu range phải nằm giữa start và end.",
    "RANGE_006": "tick_labelset phải là tên một danh sách ở trang choices.",
    "RANGE_007": "với no-ticks, danh sách của tick_labelset chỉ được có hai lựa chọn.",
    "RANGE_008": "tick_interval, placeholder và tick_labelset chỉ dùng khi appearance trống, vertical hoặc no-ticks.",
    "RANGE_009": "mã các lựa chọn của tick_labelset phải là số.",
    "RANGE_010": "mã các lựa chọn của tick_labelset phải nằm giữa start và end.",
    "RANGE_011": "mã mỗi lựa chọn của tick_labelset phải bằng start cộng một số lần {name}.",
    "RANGE_012": "với no-ticks, mã hai lựa chọn của tick_labelset phải là start và end.",
    "SURVEY_001": "end {type} không có begin {type} tương ứng.",
    "SURVEY_002": "begin {type} “{name}” không có end {type}.",
    "SURVEY_003": "tham số incremental chỉ nhận true.",
    "SURVEY_004": "cột parameters viết dạng ten=gia_tri, cách nhau bằng dấu cách.",
    "SURVEY_005": "tham số {rejected} không dùng được ở đây; chỉ nhận {accepted}.",
    "SURVEY_006": "reference-geometry phải là tên một danh sách hoặc một phần lặp.",
    "SURVEY_007": "capture-accuracy phải là số (mét).",
    "SURVEY_008": "warning-accuracy phải là số (mét).",
    "SURVEY_009": "allow-mock-accuracy chỉ nhận true hoặc false.",
}
_BY_WORDS = (
    (r"Unknown question type '(?P<x>[^']*)'", "không có loại câu hỏi “{x}”."),
    (r"element named '(?P<x>[^']*)' has no label or hint", "câu “{x}” chưa có nội dung ở cột label."),
    (r"Missing calculation", "dòng calculate chưa có công thức."),
    (r"(Repeat|Loop) has no label", "phần lặp chưa có tên ở cột label."),
    (r"Group has no label", "nhóm chưa có tên ở cột label."),
    (r"Question with no type", "dòng này chưa có loại câu hỏi ở cột type."),
    (r"Question or group with no name", "câu hỏi hoặc nhóm chưa có tên ở cột name."),
    (
        r"There are multiple survey elements named '(?P<x>[^']*)'",
        "có nhiều câu cùng tên “{x}”. Đổi tên cho khác nhau.",
    ),
    (r"There is no survey element named '(?P<x>[^']*)'", "không có câu hỏi nào tên “{x}”."),
    (
        r"specify an image for the survey element named (?P<x>\S+)",
        "câu “{x}” có big-image nên phải có cả image.",
    ),
    (r"There should be choices for this question", "câu chọn chưa có lựa chọn nào."),
    (r"File name for '(?P<x>[^']*)' should end with", "“{x}” phải nêu tên file .csv, .geojson hoặc .xml."),
    (r"select one external is only meant for filtered", "select_one_external phải có choice_filter."),
    (r"List name not in (?P<x>[\w ]+) sheet: (?P<y>.*)", "danh sách “{y}” không có trong trang {x}."),
    (r"Repeat loop without list name", "begin loop chưa nêu danh sách."),
    (r"ensure that the (?P<x>\w+) sheet has", "trang {x} thiếu cột bắt buộc (list_name, name, label)."),
    (r"Choice names with spaces", "mã lựa chọn không được có dấu cách ở câu chọn nhiều ý."),
    (r"cascading_select", "cascading_select đã cũ. Hãy dùng select_one với choice_filter."),
    (r"form_id and id_string column headers", "trang settings có cả form_id và id_string. Chỉ giữ form_id."),
    (r"Cannot omit instanceID", "phiếu mã hóa cần mã phiếu (instanceID)."),
    (r"must be set to on-form-edit", "tham số này của audit chỉ nhận on-form-edit."),
    (
        r"location information in the audit",
        "audit thiếu một tham số vị trí (location-priority, location-min-interval, location-max-age).",
    ),
    (
        r"location-priority must be set to",
        "location-priority chỉ nhận no-power, low-power, balanced hoặc high-accuracy.",
    ),
    (r"(?P<x>[\w-]+) must be greater\s+than or equal to zero", "{x} không được nhỏ hơn 0."),
    (r"(?P<x>[\w-]+) must be greater\s+than or equal to (?P<y>[\w-]+)", "{x} không được nhỏ hơn {y}."),
    (r"(?P<x>[\w-]+) must be set to true or false", "{x} chỉ nhận true hoặc false."),
    (r"(?P<x>[\w-]+) value must be a number or a reference", "{x} phải là một số hoặc một câu hỏi."),
    (r"Parameters must include (?P<x>\S+)=true", "cột parameters phải có {x}=true."),
    (r"Invalid value for (?P<x>[\w-]+)", "giá trị của {x} không dùng được ở đây."),
    (r"Media type: (?P<x>\S+) not supported", "không có loại tệp “{x}”."),
    (
        r"max-pixels parameter to speed up",
        "thêm max-pixels=1280 ở cột parameters, ảnh sẽ nhẹ và gửi nhanh hơn.",
    ),
    (r"Row without name, text, or label", "dòng không có loại, tên và nội dung nên bị bỏ qua."),
    (
        r"Language '(?P<x>[^']*)' is missing the (?P<y>\w+) (?P<z>\S+) column",
        "ngôn ngữ “{x}” thiếu cột {z} ở {y}.",
    ),
    (
        r"Language '(?P<x>[^']*)' is missing the (?P<y>\w+) columns (?P<z>.+)",
        "ngôn ngữ “{x}” thiếu ở {y}: {z}",
    ),
    (r"machine-readable codes: (?P<x>[^.]*)", "tên ngôn ngữ thiếu mã, nên viết như Tiếng Việt (vi): {x}."),
    (r"'disabled' column", "cột disabled đã cũ; hãy dùng relevant."),
    (
        r"or_other and translations",
        "lựa chọn “or_other” không có bản dịch. Hãy thêm lựa chọn khac và một câu hỏi.",
    ),
    (
        r"Choice filter not supported with or_other",
        "or_other không đi cùng choice_filter. Hãy bỏ or_other, thêm lựa chọn khac và một câu hỏi.",
    ),
    (r"no longer supported on most devices", "điện thoại mới không còn cho lấy thông tin này."),
    (r"list names don't match", "các câu trong bảng table-list phải dùng cùng một danh sách."),
    (r"(?P<x>[\w-]+) must have an integer value", "{x} phải là một số nguyên."),
    (r"Audits must always be named", "dòng audit để trống cột name."),
    (
        r"Question '(?P<x>[^']*)' uses 'search\(\)', and its select type references the choice list name "
        r"'(?P<y>[^']*)'",
        "câu “{x}” dùng search() với danh sách “{y}”, mà câu khác cũng dùng danh sách ấy không qua search(). "
        "Hãy cho câu này một danh sách riêng.",
    ),
    (
        r"Question '(?P<x>[^']*)' is a select from file type, using 'search\(\)'",
        "câu “{x}” chọn từ tệp thì không dùng search(). Chọn một trong hai.",
    ),
    (r"Duplicate column header: (?P<x>.*)", "có hai cột cùng tên “{x}”."),
)


def _pattern(message: str) -> re.Pattern[str]:
    """A pattern that a message made from pyxform's template fits, with the template's fields as groups."""
    pattern, seen = "", set()
    for literal, name, _, _ in Formatter().parse(message):
        pattern += re.escape(literal)
        if name:
            pattern += f"(?P={name})" if name in seen else f"(?P<{name}>.*?)"
            seen.add(name)
    return re.compile(pattern, re.DOTALL)


_PATTERNS = [
    *((_pattern(ErrorCode[code].value.msg), sentence) for code, sentence in _BY_CODE.items()),
    *((re.compile(pattern), sentence) for pattern, sentence in _BY_WORDS),
]


def all_told(message: str, sheets: Mapping[str, Sheet]) -> list[SheetError]:
    """A message of pyxform's as one remark, or as one for each of its lines that says something of its own."""
    lines = [line for line in message.split("\n") if line.strip()]
    known = [line for line in lines if _is_known(line)]
    return [told(line, sheets) for line in known] if len(known) > 1 else [told(message, sheets)]


def _is_known(message: str) -> bool:
    return any(pattern.search(message) for pattern, _ in _PATTERNS)


def told(message: str, sheets: Mapping[str, Sheet]) -> SheetError:
    """One of pyxform's messages in Vietnamese, with the place where it names one; a new one goes to the log."""
    row, column = _group(_ROW, message), _group(_COLUMN, message)
    sheet = sheets.get(_group(_SHEET, message) or "survey", Sheet("survey"))
    sentence, value = _sentence(message)
    named = _row_of_parameter(sheet, message) if row is None else None
    if named is not None:
        return sheet.error(named, "parameters", sentence, named["parameters"])
    number = int(row) if row else _row_of(sheet, _group(_ELEMENT, message))
    found = next((each for each in sheet.rows if each.number == number), None)
    if found is None or not row:
        heading = sheet.columns.get(column or "", column)
        return SheetError(sheet.name, number, heading, sentence, value)
    return sheet.error(found, column, sentence, value or found[column or ""])


def _sentence(message: str) -> tuple[str, str]:
    for pattern, sentence in _PATTERNS:
        found = pattern.search(message)
        if found:
            return _filled(sentence, found.groupdict()), ""
    _log.warning("pyxform said: %s", " ".join(message.split())[:500])
    return _UNKNOWN, ""


def _filled(sentence: str, names: Mapping[str, str | None]) -> str:
    """The sentence with its names in braces filled in; a ${…} in it stands for itself."""
    return re.sub(r"(?<!\$)\{(\w+)\}", lambda name: names.get(name[1]) or "", sentence)


def _group(pattern: re.Pattern[str], message: str) -> str | None:
    found = pattern.search(message)
    return next((each for each in found.groups() if each), None) if found else None


def _row_of_parameter(sheet: Sheet, message: str) -> SheetRow | None:
    """The only row that has the parameter of which a message speaks, with a value of which it may be said."""
    parameter, given = _group(_PARAMETER, message), _group(_GIVEN, message) or ""
    wrong = r"(?!\d+\b(?!\.))" if "an integer value" in message else re.escape(given)
    rows = [
        row
        for row in sheet.rows
        if parameter and re.search(rf"\b{parameter}\s*=\s*{wrong}", row["parameters"])
    ]
    return rows[0] if len(rows) == 1 else None


def _row_of(sheet: Sheet, name: str | None) -> int | None:
    return next((row.number for row in sheet.rows if name and row["name"] == name), None)
