"""The cells of a table from outside, read by the reading process."""

from server.files import reading_process
from server.files.reading_process import Stopped
from server.files.tables import excel_and_csv
from server.files.tables.excel_and_csv import SheetCells, TableRejected

_REMEDY = "Hãy bỏ ảnh, định dạng, trang tính thừa, hoặc tách thành nhiều tệp nhỏ hơn, rồi lưu lại dạng .xlsx."


def of_file(content: bytes, filename: str) -> tuple[SheetCells, ...]:
    """The sheets of a workbook or of a text file. Raises TableRejected."""
    try:
        return reading_process.read(excel_and_csv.of_file, content, filename)
    except Stopped as stopped:
        raise TableRejected([stopped.sentence(_REMEDY)]) from stopped


def of_text(text: str) -> tuple[SheetCells, ...]:
    """The one sheet of pasted cells. Raises TableRejected."""
    try:
        return reading_process.read(excel_and_csv.of_text, text)
    except Stopped as stopped:
        raise TableRejected([stopped.sentence(_REMEDY)]) from stopped
