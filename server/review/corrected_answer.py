"""One answer that an officer types or brings in place of another: what it may be, and the sentence where it is not."""

import io
import re
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO, cast
from uuid import uuid4

from werkzeug.datastructures import FileStorage

from forms.engine.answer_tree import without_rounds
from forms.engine.correction import Correction
from forms.engine.engine import AnswerRefused
from forms.engine.typed_answer import TEMPORAL
from server.files import attachments
from server.review.correctable_questions import FILE, RANKED, CorrectableQuestion, typed

NOT_OFFERED = "Câu trả lời này không có trong các lựa chọn."
NOT_TAKEN = {
    "int": "Câu này cần một số nguyên nhiều nhất 9 chữ số, không có dấu phẩy hay dấu chấm, ví dụ 12.",
    "decimal": "Câu này cần một số; phần lẻ viết sau dấu chấm, ví dụ 2.5.",
    "date": "Câu này cần một ngày có thật, ví dụ 31/12/1980.",
    "time": "Câu này cần một giờ có thật, ví dụ 07:45.",
    "dateTime": "Câu này cần một ngày và giờ có thật, ví dụ 31/12/2026 07:45.",
    "range": "Số này không có trên thang của câu hỏi: nhỏ quá, lớn quá, hoặc nằm giữa hai nấc.",
    RANKED: "Hãy xếp đủ mọi mục, mỗi thứ hạng một mục.",
    "image": "Tệp này không phải là ảnh.",
    "audio": "Tệp này không phải là ghi âm.",
    "video": "Tệp này không phải là phim.",
    "large": "Tệp này lớn hơn 10 MB; hãy chọn tệp nhỏ hơn.",
}
"""Why an answer is not taken, by what was refused."""
MOST_FILE = 10_000_000
"""Bytes of a file that a correction may bring: a photo of today's phones has 3 to 8 million."""
_DAY = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})(?:[ ,]+(\d{1,2}:\d\d))?", re.ASCII)
"""31/12/1980, or 31/12/2026 07:45: typed where what was sent cannot be read, so that the page shows it as a text."""
REMOVED = "xoa"
"""What the page sends for a file that is to be taken away."""


def put(
    filling: Correction,
    uploads: list[attachments.Upload],
    question: CorrectableQuestion,
    given: Sequence[str],
    file: FileStorage | None,
) -> None:
    """Put in one answer where it says another thing, its file among `uploads`; AnswerRefused where it is none."""
    text = _file(filling, uploads, question, given, file) if question.kind == FILE else typed(question, given)
    if text is not None:
        bind = filling.form.nodes[without_rounds(question.path)].bind
        filling.correct(question.path, _as_day(text) if bind.type in TEMPORAL else text)


def _as_day(text: str) -> str:
    """A day as people here write it, with a time or without, as phones do; anything else as it is."""
    written = _DAY.fullmatch(text)
    if written is None:
        return text
    day, month, year, clock = written.groups()
    return f"{year}-{month:0>2}-{day:0>2}" + (f"T{clock}" if clock else "")


def why_not_taken(refused: AnswerRefused) -> str:
    """The sentence for an answer that is refused."""
    return NOT_TAKEN.get(refused.wanted or str(refused), NOT_OFFERED)


def _file(
    filling: Correction,
    uploads: list[attachments.Upload],
    question: CorrectableQuestion,
    given: Sequence[str],
    sent: FileStorage | None,
) -> str | None:
    """The name of the file that is put in, "" where it is taken away, None where it stays.

    AnswerRefused where it is of another kind than the question asks for, or too large.
    """
    if sent is None:
        return "" if REMOVED in given and question.value else None
    if sent.stream.seek(0, io.SEEK_END) > MOST_FILE:
        raise AnswerRefused("large")
    sent.stream.seek(0)
    head = sent.stream.read(16)
    sent.stream.seek(0)
    wanted = filling.form.controls[without_rounds(question.path)].mediatype.partition("/")[0]
    kind = attachments.type_of(head, sent.filename or "")
    if wanted in ("image", "audio", "video") and kind.partition("/")[0] != wanted:
        raise AnswerRefused(wanted)
    ending = Path(sent.filename or "").suffix.lower()
    name = f"sua-{uuid4().hex[:16]}{ending if ending.isascii() and ending[1:].isalnum() else ''}"
    uploads.append(attachments.Upload(name, cast(BinaryIO, sent.stream), kind))
    return name
