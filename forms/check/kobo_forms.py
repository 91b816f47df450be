"""Forms made in KoboToolbox's builder: its extra columns left out, its own question types made standard ones."""

import dataclasses
import re
from collections.abc import Callable, Iterator, Mapping

from forms.errors import FormRejected, SheetError
from forms.sheets import Sheet, SheetRow

_OWN_COLUMN = re.compile(r"\$|kobo--|_xml|_isrepeat|_isgroup|kuid$")
_OWN_SHEETS = frozenset({"_kobo", "locking_profiles", "cascades", "library"})
_BEGIN = re.compile(r"begin[ _](score|rank|kobomatrix)")
_END = re.compile(r"end[ _](score|rank|kobomatrix)")
_INSIDE = re.compile(r"(score)__row|(rank)__level")
_OTHERS = re.compile(r"(score|rank|kobomatrix)$|kobomatrix|.*__(row|level|header)$")
_LIST = {"score": "kobo--score-choices", "rank": "kobo--rank-items", "kobomatrix": "kobo--matrix_list"}
_COLUMNS_OF_A_MATRIX = re.compile(r"(select_one|select_multiple|text|integer|decimal|date)\b")
_MOST_ROWS = 5_000


def standard(book: Mapping[str, Sheet]) -> Mapping[str, Sheet]:
    """The same sheets as any XLSForm would have them; others than Kobo's come back as they are.

    Raises FormRejected, with the row, for a question of Kobo's own that cannot be made into standard ones.
    New rows carry the number of the row that they come from.
    """
    if "survey" not in book:
        return book
    survey = book["survey"]
    if not any(_is_own(row) for row in survey.rows):
        return {name: _plain(sheet) for name, sheet in book.items() if name not in _OWN_SHEETS}
    rows = tuple(_expanded(survey, book.get("choices", Sheet("choices"))))
    if len(rows) > _MOST_ROWS:
        sentence = f"ma trận của Kobo thành hơn {_MOST_ROWS} câu hỏi. Hãy chia nhỏ ma trận."
        raise FormRejected([SheetError(survey.name, None, None, sentence)])
    used = dict.fromkeys(heading for row in rows for heading in row.cells)
    headings = (*survey.headings, *(heading for heading in used if heading not in survey.headings))
    made = {**book, "survey": Sheet(survey.name, headings, rows)}
    return {name: _plain(sheet) for name, sheet in made.items() if name not in _OWN_SHEETS}


def _is_own(row: SheetRow) -> bool:
    kind = row["type"].strip()
    return any(pattern.fullmatch(kind) for pattern in (_BEGIN, _END, _INSIDE, _OTHERS))


def _plain(sheet: Sheet) -> Sheet:
    """Without Kobo's own columns, and with a version that may stand in an address."""
    own = {each for each in sheet.headings if each and _OWN_COLUMN.match(each.strip().lower())}
    rows = sheet.rows
    if sheet.name.strip().lower() == "settings":
        rows = tuple(_with_plain_version(sheet, row) for row in rows)
    if not own:
        return dataclasses.replace(sheet, rows=rows)
    # a column keeps its place, so that a cell's address stays Excel's
    headings = tuple(None if heading in own else heading for heading in sheet.headings)
    kept = tuple(
        SheetRow(row.number, {h: text for h, text in row.cells.items() if h not in own}) for row in rows
    )
    return Sheet(sheet.name, headings, tuple(row for row in kept if row.cells))


_KOBO_VERSION = re.compile(r"(\d+) \((\d{4})-(\d\d)-(\d\d) (\d\d):(\d\d):(\d\d)\)")


def _with_plain_version(sheet: Sheet, row: SheetRow) -> SheetRow:
    """Kobo writes `3 (2026-11-20 08:15:00)`."""
    written = _KOBO_VERSION.fullmatch(row["version"])
    heading = sheet.columns.get("version")
    if not written or not heading:
        return row
    return SheetRow(row.number, {**row.cells, heading: "-".join((written[1], "".join(written.groups()[1:])))})


@dataclasses.dataclass(frozen=True)
class _Block:
    """One of Kobo's questions: where it begins, the rows in it, and the choices that it names."""

    kind: str
    survey: Sheet
    begin: SheetRow
    inside: tuple[SheetRow, ...]
    choices: tuple[SheetRow, ...]

    @property
    def name(self) -> str:
        return self.begin["name"] or self.begin["$autoname"]

    @property
    def list_name(self) -> str:
        return self.begin[_LIST[self.kind]]

    def row(self, source: SheetRow, **cells: str) -> SheetRow:
        """A standard row with the labels of a row of Kobo's."""
        texts = {
            heading: text
            for heading, text in source.cells.items()
            if heading.lower().partition("::")[0].strip() in {"label", "hint"}
        }
        columns = {self._heading(column): text for column, text in cells.items() if text}
        return SheetRow(self.begin.number if source in self.choices else source.number, {**texts, **columns})

    def _heading(self, column: str) -> str:
        """The heading as written; a text of ours stands in the form's first language."""
        if column == "constraint_message" and column not in self.survey.columns:
            labels = (each for each in self.survey.headings if each and each.lower().startswith("label"))
            _, colons, language = next(labels, "").partition("::")
            return f"{column}{colons}{language}"
        return self.survey.columns.get(column, column)

    def group(self, rows: list[SheetRow]) -> list[SheetRow]:
        appearance = "w5" if self.kind == "kobomatrix" else "field-list"
        cells = {"type": "begin group", "name": self.name, "appearance": appearance}
        relevant = {"relevant": self.begin["relevant"]} if self.begin["relevant"] else {}
        last = self.inside[-1].number if self.inside else self.begin.number
        end = SheetRow(last, {self.survey.columns.get("type", "type"): "end group"})
        return [self.row(self.begin, **cells, **relevant), *rows, end]


def _expanded(survey: Sheet, choices: Sheet) -> Iterator[SheetRow]:
    rows = iter(survey.rows)
    for row in rows:
        begin = _BEGIN.fullmatch(row["type"])
        if begin:
            yield from _made(_block(begin[1], survey, row, rows, choices))
        elif _is_own(row):
            raise _refused(survey, row)
        else:
            yield row


def _refused(survey: Sheet, row: SheetRow, why: str = "") -> FormRejected:
    advice = why or "Hãy tải lại file từ Kobo, hoặc thay bằng các câu select_one trong một nhóm."
    sentence = f"“{row['type']}” là loại câu hỏi riêng của KoboToolbox mà máy chủ không chuyển được. {advice}"
    return FormRejected([survey.error(row, "type", sentence, row["name"] or row["type"])])


def _block(kind: str, survey: Sheet, begin: SheetRow, rows: Iterator[SheetRow], choices: Sheet) -> _Block:
    inside: list[SheetRow] = []
    for row in rows:
        end = _END.fullmatch(row["type"])
        if end and end[1] == kind:
            return _checked(
                _Block(
                    kind,
                    survey,
                    begin,
                    tuple(inside),
                    tuple(each for each in choices.rows if each["list_name"] == begin[_LIST[kind]]),
                )
            )
        inside.append(row)
    raise _refused(survey, begin, f"Thiếu dòng end_{kind} để kết thúc.")


def _checked(block: _Block) -> _Block:
    if not block.name:
        raise _refused(block.survey, block.begin, "Dòng này chưa có tên ở cột name.")
    if not block.list_name or not block.choices:
        why = f"Cột {_LIST[block.kind]} phải nêu một danh sách có trong trang choices."
        raise _refused(block.survey, block.begin, why)
    for row in block.inside:
        _check_inside(block, row)
    if not block.inside:
        raise _refused(block.survey, block.begin, "Bên trong chưa có dòng nào.")
    return block


def _check_inside(block: _Block, row: SheetRow) -> None:
    found = _INSIDE.fullmatch(row["type"])
    fits = block.kind in found.groups() if found else False
    if block.kind == "kobomatrix":
        fits = _COLUMNS_OF_A_MATRIX.match(row["type"]) is not None
    if not fits:
        raise _refused(block.survey, row, "Loại này không đứng được ở đây.")
    if not (row["name"] or row["$autoname"]):
        raise _refused(block.survey, row, "Dòng này chưa có tên ở cột name.")


def _made(block: _Block) -> list[SheetRow]:
    return block.group(list(_MAKERS[block.kind](block)))


def _score(block: _Block) -> Iterator[SheetRow]:
    """A heading with the choices, then each row as a line of the same choices."""
    kind = f"select_one {block.list_name}"
    yield block.row(block.begin, type=kind, name=f"{block.name}_header", appearance="label")
    for row in block.inside:
        yield block.row(row, type=kind, name=_name(row), appearance="list-nolabel", required=row["required"])


def _rank(block: _Block) -> Iterator[SheetRow]:
    """Each level picks one thing, none twice."""
    yield block.row(block.begin, type="note", name=f"{block.name}_label")
    before: list[str] = []
    message = block.begin["kobo--rank-constraint-message"] or "Mỗi mục chỉ chọn một lần."
    for row in block.inside:
        rule = " and ".join(f". != ${{{name}}}" for name in before)
        cells = {"constraint": rule, "constraint_message": message} if rule else {}
        yield block.row(
            row,
            type=f"select_one {block.list_name}",
            name=_name(row),
            appearance="minimal",
            required=row["required"],
            **cells,
        )
        before.append(_name(row))


def _matrix(block: _Block) -> Iterator[SheetRow]:
    """For each choice a line: its label, then a question for each column, `<matrix>_<choice>_<column>`."""
    for choice in block.choices:
        stem = f"{block.name}_{choice['name']}"
        yield block.row(choice, type="note", name=f"{stem}_note", appearance="w1")
        for column in block.inside:
            name = f"{stem}_{_name(column)}"
            yield block.row(
                column, type=column["type"], name=name, appearance="w1", required=column["required"]
            )


_MAKERS: Mapping[str, Callable[[_Block], Iterator[SheetRow]]] = {
    "score": _score,
    "rank": _rank,
    "kobomatrix": _matrix,
}


def _name(row: SheetRow) -> str:
    return row["name"] or row["$autoname"]
