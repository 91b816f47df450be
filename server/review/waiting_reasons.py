"""What waits for a person: submissions set aside, doubtful or still without their files, and why, in words."""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import undefer

from forms.visit_checks import LONGEST
from geo import vietnamese_writing
from server.db import db
from server.files import blobs
from server.intake import edited_submission, floods, signal_check_points, submission_effects, submission_place
from server.models import Attachment, Collector, Commune, Form, Poster, Submission, Village
from server.posters import poster_names
from server.published_forms.read_submission import TOO_LONG, TOO_MANY, TWICE, UNREAD
from server.review import form_checks, submission_states

WORDS: Mapping[str, str] = {
    submission_place.PENDING: "máy chủ vừa nhận, đang xử lý",
    submission_place.FAILED: "máy chủ chưa xử lý được; phiếu còn nguyên, quản trị viên sẽ cho xử lý lại",
    submission_place.OUTSIDE: "biểu mẫu, hộ hoặc điểm này không thuộc nơi được giao cho người gửi",
    submission_place.VERSION_UNKNOWN: "máy chủ chưa có phiên bản này của biểu mẫu",
    edited_submission.SEALED: "phiếu đã mã hóa, máy chủ không đọc được",
    TOO_MANY: "phiếu ghi vào nhiều hộ hoặc điểm (quá 50, hoặc quá một ở ngoài nhóm lặp); duyệt thì ghi tất cả",
    TWICE: "phiếu ghi hai lần vào cùng một hộ hoặc điểm; duyệt thì lần sau đè lên lần trước",
    UNREAD: "phiếu ghi vào hơn 1.000 hộ hoặc điểm: máy chủ không đọc, chỉ giữ nguyên",
    TOO_LONG: "tên dài hơn 200 chữ hoặc nội dung dài hơn 2.000 chữ; duyệt thì phần dài hơn bị cắt",
    signal_check_points.OUTSIDE_COMMUNE: "điểm đo nằm ngoài xã, phường; chưa tính ở đâu",
    signal_check_points.ZERO: "điểm đo ở tọa độ 0, 0: máy chưa có vị trí; chưa tính ở đâu",
    signal_check_points.VAGUE: "vị trí điểm đo có sai số lớn (trên 100 m); chưa tính ở đâu",
    signal_check_points.UNREADABLE: "vị trí điểm đo không đọc được; chưa tính ở đâu",
    floods.FLOOD: "một máy gửi nhiều hộ, điểm mới hơn mức người đi kịp; cả loạt chưa tính ở đâu",
    edited_submission.EDIT_FOREIGN: "bản sửa này là của một phiếu do người khác gửi",
    edited_submission.EDIT_OUTDATED: "bản sửa này là của một bản cũ; phiếu đã có bản mới hơn",
    edited_submission.EDIT_OF_SEALED: "bản sửa không mã hóa của một phiếu đã mã hóa; phiếu mã hóa vẫn đứng",
    edited_submission.EDIT_OF_REJECTED: "bản sửa của phiếu đã quyết định không nhận; chưa tính ở đâu",
    submission_place.EDITED_AFTER_DECISION: "đã sửa sau khi duyệt; quyết định trước: {about}",
    "clock_ahead": "đồng hồ điện thoại chạy trước giờ thật ({about}); lấy lúc máy chủ nhận làm giờ thăm",
    "clock_behind": "đồng hồ điện thoại ghi một ngày trước khi có biểu mẫu ({about}); "
    "lấy lúc máy chủ nhận làm giờ thăm",
    "bad_time": "mục {about} ghi giờ không đọc được",
    "clock_backwards": "giờ kết thúc trước giờ bắt đầu: đồng hồ điện thoại bị chỉnh trong khi điền",
    "point_elsewhere": "vị trí đo được cách thôn của hộ {about}, trong khi máy báo sai số {detail}",
    "point_abroad": "vị trí đo được nằm ngoài Việt Nam hoặc ở tọa độ 0, 0: máy chưa có vị trí thật; không vẽ ở đâu",
    "place_outside_commune": "vị trí của địa điểm nằm ngoài xã, phường; tính vào thôn đã ghi",
    "too_short": "phiếu điền trong {about}, thường mất {detail}",
    "log_short": "theo nhật ký điền phiếu, các câu chỉ mở trong {about}, thường {detail}",
    "changed_late": "theo nhật ký điền phiếu, {about} câu bị sửa sau khi đã tới cuối phiếu",
    "same_point": "{about} hộ do cùng một người ghi trong ngày đều ở một vị trí (ô khoảng 110 m); "
    "có thể phiếu không điền tại nhà",
    "same_answers": "trả lời giống hệt {about} hộ khác do cùng một người ghi trong 7 ngày",
    form_checks.CODE: "{detail} (kiểm tra “{about}” của biểu mẫu)",
    submission_effects.SAME_DAY: "cùng hộ, cùng ngày: việc giúp đã ghi ở một phiếu khác trong ngày; "
    "lần này chưa tính cho đến khi duyệt",
    submission_effects.SAYS_MOVED: "báo hộ đã chuyển đi; hộ vẫn ở trong danh sách và chọn được cho đến khi duyệt",
    submission_effects.OTHER_VILLAGE: "phiếu ghi hộ ở thôn khác với trước; hộ vẫn tính ở thôn cũ. "
    "Nếu lúc đăng ký ghi nhầm: sửa thôn ở trang Hộ dân",
    submission_effects.REGISTERS_KNOWN: "phiếu đăng ký lại một hộ hoặc điểm đã có trong danh sách; tên, địa chỉ "
    "trong danh sách giữ như cũ. Nếu là hai nơi khác nhau: chọn Không nhận và nhờ đăng ký lại",
    submission_states.HAS_ISSUES: "có người đã ghi phiếu này cần xem lại",
    "held_by_chance": "được bốc ngẫu nhiên để xem, không phải vì có dấu hiệu gì",
    "no_village": "không rõ thuộc thôn nào; chỉ tính vào tổng chung",
    "not_a_count": "chỉ tiêu {about} không phải số đếm; không tính",
    "done_exceeds_of": "chỉ tiêu {about} có số đạt âm hoặc lớn hơn tổng số; không tính",
    "too_many": "chỉ tiêu {about} có số đếm lớn quá mức; không tính",
    "unknown_indicator": "chỉ tiêu {about} chưa được khai báo; không tính",
    "bad_subject": "mã của hộ hoặc điểm (doi_tuong) không đúng dạng",
    "bad_entity_id": "mã của hộ hoặc điểm không đúng dạng; chưa ghi vào danh sách",
    "undeclared_list": "phiếu ghi vào một danh sách mà biểu mẫu không khai báo",
    "undeclared_act": "phiếu thêm hoặc sửa một dòng mà biểu mẫu không cho phép",
    "no_label": "hộ hoặc điểm mới chưa có tên",
    "bad_version": "số lần sửa của hộ hoặc điểm không đọc được",
    "photo_broken": "ảnh {about} bị hỏng hoặc đứt giữa chừng, chỉ giữ được phần đọc được",
    "photo_refused": (
        "tệp {about} thuộc loại mà vị trí, máy chụp không gỡ ra được nên không giữ; hãy đặt máy ảnh của điện thoại "
        "chụp JPEG, quay MP4 (“Tương thích nhất”) rồi làm lại"
    ),
    "misfit": "câu trả lời ở mục {about} không đúng kiểu",
}
"""Why a submission waits, by the code stored with it; `{about}` is an indicator, a path, an amount or a time.

What the collector answered never stands here, nor anything else that they typed (R23); a check's words are an
officer's.
"""

_ABOUT_A_QUESTION = frozenset({"misfit", "bad_time"})
MISSING_FILES = "missing_files"
_MISSING_WORDS = "còn thiếu {count} tệp (ảnh, ghi âm…) chưa gửi tới"
PAGE = 50

IS_QUARANTINED = Submission.quarantine.is_not(None)
IS_FLAGGED = Submission.flags.is_not(sa.null())
IS_INCOMPLETE = Submission.missing_files.is_not(sa.null())
NEEDS_A_LOOK = sa.or_(IS_QUARANTINED, IS_FLAGGED, IS_INCOMPLETE)
IS_MARKED = Submission.review == submission_states.HAS_ISSUES
IS_OPEN = sa.or_(
    Submission.review == sa.literal_column(f"'{submission_states.HAS_ISSUES}'"),
    sa.and_(NEEDS_A_LOOK, Submission.review == sa.literal_column(f"'{submission_states.RECEIVED}'")),
)
"""Not decided on: marked by a person, or with something to look at; word for word as the index of these says it."""
OPEN = sa.and_(IS_OPEN, Submission.replaced_by_id.is_(None))
"""An edit takes the place of what it edits; what a person approved or rejected waits no more."""


@dataclass(frozen=True)
class Waiting:
    """How many submissions wait, and for which reasons; one may wait for several."""

    quarantined: int
    flagged: int
    incomplete: int
    marked: int
    """Those that a person wants looked at again, flagged or not."""
    every: int


@dataclass(frozen=True)
class Reason:
    """One thing that a person should look at."""

    code: str
    sentence: str


@dataclass(frozen=True)
class Waiter:
    """A submission that waits, without anything that was answered; times in UTC, None where unknown."""

    id: int
    form_id: str
    version: str
    village_code: str | None
    village_name: str | None
    collector: str | None
    observed_at: dt.datetime
    received_at: dt.datetime
    reasons: tuple[Reason, ...]


@dataclass(frozen=True)
class WaitingPage:
    """Some of those that wait, the newest first; `before` is where the next page begins, None at the end."""

    waiters: tuple[Waiter, ...]
    before: int | None


def waiting(commune: Commune | None = None) -> Waiting:
    """What waits in a commune (None: in the city), in one statement."""
    reasons = (IS_QUARANTINED, IS_FLAGGED, IS_INCOMPLETE, IS_MARKED)
    counted = (sa.func.count().filter(each) for each in reasons)
    query: sa.Select[*tuple[Any, ...]] = (
        sa.select(*counted, sa.func.count()).select_from(Submission).where(OPEN, *of_commune(commune))
    )
    row = db.session.execute(query).one()
    return Waiting(row[0], row[1], row[2], row[3], row[4])


def listed(
    commune: Commune | None = None,
    *,
    quarantined: bool = False,
    flagged: bool = False,
    before: int | None = None,
    limit: int = PAGE,
) -> WaitingPage:
    """Those that wait, newest first: all of them, or those set aside, or those with flags, or both of these.

    `before` is the id below which the page begins. One statement, whose cost is the page's.
    """
    wanted = [each for each, asked in ((IS_QUARANTINED, quarantined), (IS_FLAGGED, flagged)) if asked]
    query = _QUERY.where(*of_commune(commune)).limit(limit + 1)
    if wanted:
        query = query.where(sa.or_(*wanted))
    if before is not None:
        query = query.where(Submission.id < before)
    rows = db.session.execute(query).all()
    shown = tuple(_waiter(row) for row in rows[:limit])
    return WaitingPage(shown, shown[-1].id if len(rows) > limit else None)


def sealed(form_id: str | None = None) -> Iterator[Submission]:
    """Encrypted submissions, of one form or of all, with their XML; one after the other (C44)."""
    query = (
        sa.select(Submission).where(Submission.quarantine == edited_submission.SEALED).order_by(Submission.id)
    )
    if form_id is not None:
        query = query.join(Form, Form.id == Submission.form_id).where(Form.form_id == form_id)
    yield from db.session.scalars(query.options(undefer(Submission.xml)).execution_options(yield_per=20))


def files(submission: Submission) -> dict[str, bytes]:
    """What came with a submission and is there, by name."""
    rows = db.session.execute(
        sa.select(Attachment.name, Attachment.stored_sha256).where(Attachment.submission_id == submission.id)
    )
    found = {row.name: blobs.get_readable(row.stored_sha256) for row in rows}
    return {name: content for name, content in found.items() if content is not None}


_QUERY: sa.Select[*tuple[Any, ...]] = (
    sa.select(
        Submission.id,
        Form.form_id,
        Submission.version,
        Village.code.label("village_code"),
        Village.name.label("village_name"),
        poster_names.SENDER.label("collector"),
        Submission.observed_at,
        Submission.received_at,
        Submission.quarantine,
        Submission.flags,
        Submission.missing_files,
    )
    .join(Form, Form.id == Submission.form_id)
    .outerjoin(Village, Village.id == Submission.village_id)
    .outerjoin(Collector, Collector.id == Submission.collector_id)
    .outerjoin(Poster, Poster.id == Submission.poster_id)
    .where(OPEN)
    .order_by(Submission.id.desc())
)


def of_commune(commune: Commune | None) -> Sequence[sa.ColumnElement[bool]]:
    """A submission waits for the commune of its collector or poster: one that is set aside may lie in another."""
    if commune is None:
        return ()
    return (
        sa.or_(
            Submission.collector_id.in_(sa.select(Collector.id).where(Collector.commune_id == commune.id)),
            Submission.poster_id.in_(sa.select(Poster.id).where(Poster.commune_id == commune.id)),
        ),
    )


def _waiter(row: sa.Row[*tuple[Any, ...]]) -> Waiter:
    return Waiter(
        row.id,
        row.form_id,
        _printable(row.version),
        row.village_code,
        row.village_name,
        row.collector,
        row.observed_at,
        row.received_at,
        reasons(row.quarantine, row.flags or (), len(row.missing_files or ())),
    )


def reasons(
    quarantine: str | None,
    flags: Sequence[Mapping[str, str]],
    missing: int,
    called: Mapping[str, str] = MappingProxyType({}),
) -> tuple[Reason, ...]:
    """Why a submission waits: set aside, with flags, or without so many of its files.

    `called` are the questions of its form by path, where they are known: flags about one name it so.
    """
    found = [reason(quarantine)] if quarantine else []
    for flag in flags:
        about = flag.get("about", "")
        if flag["code"] in _ABOUT_A_QUESTION and about in called:
            about = f"“{called[about]}”"
        found.append(reason(flag["code"], about, flag.get("detail", "")))
    if missing:
        found.append(Reason(MISSING_FILES, _MISSING_WORDS.format(count=missing)))
    return tuple(dict.fromkeys(found))


def reason(code: str, about: str = "", detail: str = "") -> Reason:
    """A code in words; one that has none yet is still told."""
    words = WORDS.get(code, f"dấu hiệu “{code}”")
    if code == submission_place.EDITED_AFTER_DECISION:
        about = submission_states.word(about)
    return Reason(code, words.replace("{about}", _shown(about)).replace("{detail}", _shown(detail)))


def _shown(about: str) -> str:
    """A time as people here read it; anything else as one short printable word."""
    try:
        return vietnamese_writing.moment(dt.datetime.fromisoformat(about))
    except (ValueError, OverflowError):
        return _printable(about)[:LONGEST]


def _printable(text: str) -> str:
    """What a phone wrote, without what would move a terminal's cursor."""
    return "".join(filter(str.isprintable, text))
