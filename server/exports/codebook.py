"""What makes an export stand alone: the questions with their choices, and where the rows come from (X17)."""

from collections.abc import Iterator, Sequence
from typing import Any

from forms.definition import Definition
from server import clock
from server.exports.columns import Wish
from server.exports.identity import WORDS
from server.exports.select import Choice

CLASSES = {"none": "", "personal": "cá nhân", "sensitive": "nhạy cảm"}


def rows(form: Definition, wish: Wish) -> Iterator[Sequence[Any]]:
    """A row for each question, and one for each choice of its list; header first."""
    yield ("Câu hỏi", "Kiểu", "Nhãn", "Phân loại", "Mã trả lời", "Nhãn trả lời")
    for field in form.fields:
        left_out = field.sensitivity != "none" and not wish.personal
        kept = f"{CLASSES[field.sensitivity]}, không đưa vào tệp" if left_out else CLASSES[field.sensitivity]
        yield (field.path, field.kind, field.label, kept, None, None)
        for choice in field.choices:
            yield (
                field.path,
                field.kind,
                None,
                None,
                choice.name,
                next(iter(choice.labels.values()), choice.name),
            )
    for name, meaning in WORDS.items():
        yield (name, "của máy chủ", meaning, None, None, None)


def about(
    choice: Choice, form: Definition, wish: Wish, count: int | None, digest: str | None
) -> Iterator[Sequence[Any]]:
    """Form and version, what was chosen, when and by whom; the number and the SHA-256 where they are known."""
    yield ("Biểu mẫu", f"{form.title} ({form.form_id})")
    yield ("Phiên bản mới nhất", form.version)
    yield ("Xã, phường", f"{choice.commune.name} ({choice.commune.code})")
    yield ("Từ ngày", choice.since.isoformat() if choice.since else "đầu")
    yield ("Đến hết ngày", choice.until.isoformat() if choice.until else "nay")
    yield (
        "Phiếu",
        "mọi tình trạng" if choice.all_states else "đang được tính (không có phiếu bị trả, đã sửa, chờ xem)",
    )
    yield ("Cột cá nhân, nhạy cảm", "có, theo yêu cầu của người tải" if wish.personal else "không đưa vào")
    yield ("Kiểu tệp", f"{wish.preset.name}, {'nhãn' if wish.labels else 'mã'}")
    yield ("Người tải", wish.made_by)
    yield ("Tải lúc", f"{clock.now().astimezone(clock.LOCAL):%H:%M %d/%m/%Y} (UTC+7)")
    if count is not None:
        yield ("Số phiếu", count)
    if digest is not None:
        yield ("SHA-256 của các câu trả lời", digest)
