"""What makes an export stand alone: the questions with their choices, and where the rows come from (X17)."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from forms.definition import NONE, Definition, Field
from geo import vietnamese_writing
from server import clock
from server.exports.presets import ExportWish
from server.exports.select_submissions import SubmissionFilter
from server.exports.who_columns import WORDS
from server.review import submission_states

MOST_NAMED = 50
CLASSES = {"none": "", "personal": "cá nhân", "sensitive": "nhạy cảm"}


def rows(form: Definition, wish: ExportWish) -> Iterator[Sequence[Any]]:
    """A row for each question, and one for each choice of its list; header first."""
    yield ("Câu hỏi", "Kiểu", "Nhãn", "Phân loại", "Mã trả lời", "Nhãn trả lời")
    for field in form.fields:
        yield (field.path, field.kind, field.label, _kept(field, wish), None, None)
        for code, label in wish.lists.get(field.path, {}).items():
            yield (field.path, field.kind, None, None, code, label)
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


def _kept(field: Field, wish: ExportWish) -> str:
    """How personal a question is, and whether the file leaves it out."""
    told = CLASSES[field.sensitivity]
    if field.sensitivity != NONE and not wish.personal:
        return f"{told}, không đưa vào tệp"
    is_chosen = not wish.questions or field.path in wish.questions
    return told if is_chosen else f"{told}, không chọn".removeprefix(", ")


def about(
    choice: SubmissionFilter, form: Definition, wish: ExportWish, count: int | None, digest: str | None
) -> Iterator[Sequence[Any]]:
    """Form and version, what was chosen, when and by whom; the number and the SHA-256 where they are known."""
    yield ("Biểu mẫu", f"{form.title} ({form.form_id})")
    yield ("Phiên bản mới nhất", form.version)
    yield ("Xã, phường", f"{choice.commune.name} ({choice.commune.code})")
    yield ("Từ ngày", choice.since.isoformat() if choice.since else "đầu")
    yield ("Đến hết ngày", choice.until.isoformat() if choice.until else "nay")
    yield (
        "Phiếu",
        _states(choice),
    )
    if choice.villages is not None:
        yield ("Thôn", _listed(choice.villages))
    if choice.ids is not None:
        yield ("Chỉ trong các phiếu số", _listed(choice.ids))
    if wish.questions:
        yield ("Chỉ các câu hỏi", _listed(wish.questions))
    yield ("Cột cá nhân, nhạy cảm", "có, theo yêu cầu của người tải" if wish.personal else "không đưa vào")
    yield ("Kiểu tệp", f"{wish.preset.name}, {'nhãn' if wish.labels else 'mã'}")
    yield ("Người tải", wish.made_by)
    yield ("Tải lúc", f"{vietnamese_writing.moment(clock.now())} (UTC+7)")
    if count is not None:
        yield ("Số phiếu", count)
    if digest is not None:
        yield ("SHA-256 của các câu trả lời", digest)


def _states(choice: SubmissionFilter) -> str:
    """Which states of submissions are in the file."""
    decided = ", ".join(word for state, word in submission_states.WORDS.items() if state in choice.states)
    if choice.all_states:
        return decided or "mọi tình trạng"
    return (
        decided
        or "đang được tính (không có phiếu "
        + submission_states.WORDS[submission_states.REJECTED]
        + ", đã sửa, chờ xem)"
    )


def _listed(values: Iterable[object]) -> str:
    """Some of them, and how many there are."""
    every = sorted(values, key=str)
    told = ", ".join(map(str, every[:MOST_NAMED]))
    return told if len(every) <= MOST_NAMED else f"{told} và {len(every) - MOST_NAMED} nữa"
