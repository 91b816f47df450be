"""Every problem that a client may meet: its status, its code, its sentence; and who says it in which words."""

import dataclasses
import logging
from collections.abc import Callable
from typing import Any

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

log = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True)
class Kind:
    """One kind of problem; `sentence` is Vietnamese and may hold `{fields}`."""

    status: int
    code: str
    sentence: str


class Problem(Exception):
    """Raised anywhere above the pure packages; answered in the words of the protocol that asked."""

    def __init__(self, kind: Kind, headers: tuple[tuple[str, str], ...] = (), **fields: object) -> None:
        self.kind = kind
        self.headers = headers
        self.fields = fields
        super().__init__(f"{kind.code}: {self.sentence}")

    @property
    def sentence(self) -> str:
        return self.kind.sentence.format(**self.fields)


AUTHENTICATION_NEEDED = Kind(401, "authentication_needed", "Cần đăng nhập: tên hoặc mật khẩu chưa đúng.")
KEY_UNKNOWN = Kind(403, "key_unknown", "Mã QR này không còn dùng được. Xin tổ trưởng mã mới rồi quét lại.")
KEY_CHANGED = Kind(
    403,
    "key_changed",
    "Mã QR này đã được đổi. Phiếu đã điền vẫn gửi được; xin tổ trưởng mã mới rồi quét lại.",
)
TOKEN_UNKNOWN = Kind(401, "token_unknown", "Khóa truy cập không đúng hoặc đã hết hạn.")
NOT_ALLOWED = Kind(403, "not_allowed", "Tài khoản này không có quyền xem mục này.")
NOT_FOUND = Kind(404, "not_found", "Không có trang hay dữ liệu ở địa chỉ này.")
METHOD_NOT_ALLOWED = Kind(405, "method_not_allowed", "Địa chỉ này không nhận kiểu yêu cầu đó.")
TOO_LARGE = Kind(
    413, "too_large", "Phiếu hoặc ảnh quá lớn (tối đa {limit_mb} MB). Hãy giảm cỡ ảnh rồi gửi lại."
)
TOO_MANY_REQUESTS = Kind(
    429, "too_many_requests", "Quá nhiều yêu cầu trong một lúc. Xin thử lại sau ít phút."
)
BAD_REQUEST = Kind(400, "bad_request", "Yêu cầu không đọc được: {why}")
INTERNAL = Kind(500, "internal", "Máy chủ gặp lỗi. Dữ liệu trên máy anh/chị còn nguyên; xin thử lại sau.")
UNAVAILABLE = Kind(
    503, "unavailable", "Máy chủ đang bận hoặc bảo trì. Phiếu vẫn còn trong máy; xin gửi lại sau."
)
DISK_FULL = Kind(
    503,
    "disk_full",
    "Máy chủ hết chỗ lưu nên chưa nhận được. Dữ liệu trên máy anh/chị còn nguyên; xin báo quản trị và gửi lại sau.",
)

SUBMISSION_MISSING = Kind(400, "submission_missing", "Yêu cầu không có phiếu (xml_submission_file).")
SUBMISSION_TWICE = Kind(400, "submission_twice", "Yêu cầu có hơn một phiếu (xml_submission_file).")
SUBMISSION_UNREADABLE = Kind(400, "submission_unreadable", "Phiếu không đọc được: {why}")
SUBMISSION_CONFLICT = Kind(
    409,
    "submission_conflict",
    "Đã có một phiếu khác cùng mã này. Phiếu trong máy chưa được ghi nhận; xin báo tổ trưởng.",
)
ATTACHMENT_CONFLICT = Kind(
    409, "attachment_conflict", "Ảnh {name} của phiếu này đã có trên máy chủ với nội dung khác."
)
FORM_UNKNOWN = Kind(
    404, "form_unknown", "Máy chủ không có biểu mẫu “{form_id}”. Hãy cập nhật danh sách biểu mẫu."
)
VERSION_UNKNOWN = Kind(404, "version_unknown", "Biểu mẫu “{form_id}” không có phiên bản “{version}”.")
FILE_UNKNOWN = Kind(404, "file_unknown", "Biểu mẫu không có tệp “{name}”.")
SUBMISSION_UNKNOWN = Kind(404, "submission_unknown", "Không có phiếu ấy trong các phiếu anh/chị đã gửi.")
PUSH_REFUSED = Kind(403, "push_refused", "Biểu mẫu do cán bộ đăng trên trang quản trị, không đẩy lên từ đây.")
EDIT_OF_UNKNOWN = Kind(404, "edit_of_unknown", "Không thấy phiếu gốc mà phiếu này sửa lại.")
SUBMISSION_UNKNOWN = Kind(404, "submission_unknown", "Không có phiếu này.")
REVIEW_OVERTAKEN = Kind(
    409,
    "review_overtaken",
    "Phiếu này vừa được người khác xử lý: hiện là “{state}”. Hãy tải lại trang để xem rồi quyết định.",
)
REVIEW_IMPOSSIBLE = Kind(409, "review_impossible", "Chưa làm được với phiếu này: {why}")
CORRECTION_IMPOSSIBLE = Kind(409, "correction_impossible", "Chưa sửa được phiếu này: {why}")
EDIT_OF_REPLACED = Kind(409, "edit_of_replaced", "Phiếu này đã được sửa ở một bản mới hơn.")

HOUSEHOLD_UNKNOWN = Kind(404, "household_unknown", "Không có hộ này trong danh sách của xã.")
REQUEST_UNKNOWN = Kind(404, "request_unknown", "Không có yêu cầu này trong sổ của xã.")
BREACH_UNKNOWN = Kind(404, "breach_unknown", "Không có sự cố này trong sổ.")
REQUEST_IMPOSSIBLE = Kind(422, "request_impossible", "Chưa làm được: {why}")
IMPORT_UNKNOWN = Kind(
    404, "import_unknown", "Danh sách này không có, đã nạp xong hoặc đã hoàn tác. Hãy tải tệp lên lại."
)
IMPORT_KEPT = Kind(
    409,
    "import_kept",
    "Đã có {count} hộ của danh sách được thăm hoặc sửa nên không hoàn tác cả danh sách được.",
)
CONFLICT_SETTLED = Kind(
    409, "conflict_settled", "Chỗ lệch này vừa được người khác xử lý. Hãy tải lại trang để xem phần còn lại."
)
ACT_IMPOSSIBLE = Kind(409, "act_impossible", "Chưa làm được với hộ này: {why}")

COMMUNE_UNKNOWN = Kind(404, "commune_unknown", "Không có xã, phường nào mang mã {code}.")
COLLECTOR_UNKNOWN = Kind(404, "collector_unknown", "Xã này không có thành viên ấy.")
INDICATOR_UNKNOWN = Kind(404, "indicator_unknown", "Không có chỉ tiêu “{code}”.")
DAY_UNREADABLE = Kind(422, "day_unreadable", "Ngày “{day}” không đọc được; hãy viết dạng 2026-11-22.")
WISH_UNREADABLE = Kind(422, "wish_unreadable", "Không hiểu lựa chọn {name}=“{value}” của tệp cần tải.")
DIFFICULTY_UNKNOWN = Kind(404, "difficulty_unknown", "Không có phản ánh này, hoặc phiếu của nó đã bị loại.")
DIFFICULTY_CHANGED = Kind(
    409, "difficulty_changed", "Phản ánh này vừa được người khác xử lý. Hãy mở lại trang để xem rồi làm tiếp."
)
REPORT_UNKNOWN = Kind(404, "report_unknown", "Xã này không có báo cáo ấy.")
PERIOD_UNKNOWN = Kind(
    422, "period_unknown", "Kỳ “{period}” không đọc được hoặc chưa đến; hãy chọn một kỳ trong danh sách."
)
REPORT_EMPTY = Kind(
    409, "report_empty", "Xã chưa có thôn nào nên chưa lập được báo cáo. Hãy nạp ranh giới và số hộ trước."
)
PDF_IMPOSSIBLE = Kind(
    503, "pdf_impossible", "Máy chủ chưa có thư viện Pango để tạo PDF. Hãy nhờ quản trị viên cài rồi làm lại."
)
PHOTO_UNKNOWN = Kind(404, "photo_unknown", "Không có ảnh này, hoặc ảnh đã được xóa.")
FILE_UNREADABLE = Kind(422, "file_unreadable", "Không đọc được tệp. {why}")
FILE_EXPIRED = Kind(
    410, "file_expired", "Tệp này đã được nạp, hoặc chờ quá 24 giờ nên đã bỏ. Hãy gửi lại tệp."
)
PAGE_EXPIRED = Kind(
    400, "page_expired", "Trang này mở đã lâu nên không còn hiệu lực. Hãy tải lại trang rồi làm lại."
)
SIGN_IN_TOO_OFTEN = Kind(
    429,
    "sign_in_too_often",
    "Tài khoản này tạm khóa vì đã nhập sai 5 lần. Hãy đợi {wait} rồi thử lại, hoặc nhờ quản trị viên "
    "mở khóa.",
)
OWN_DUTY_FIRST = Kind(403, "own_duty_first", "Trước khi làm tiếp, hãy vào trang Tài khoản của tôi để {what}.")
TOKEN_GONE = Kind(404, "token_gone", "Không có khóa truy cập này trong những khóa anh/chị quản lý.")
PERSON_UNKNOWN = Kind(404, "person_unknown", "Không có tài khoản này trong những tài khoản anh/chị quản lý.")

BY_STATUS = {
    kind.status: kind
    for kind in (
        AUTHENTICATION_NEEDED, NOT_ALLOWED, NOT_FOUND, METHOD_NOT_ALLOWED, TOO_MANY_REQUESTS, INTERNAL, UNAVAILABLE
    )
}  # fmt: skip

_LATER = (("Retry-After", "60"),)

Speaker = Callable[[Problem], Response]


def register(
    app: Flask,
    speakers: tuple[tuple[Callable[[str], bool], Speaker], ...],
    page: Speaker,
    passing: Callable[[BaseException], Kind | None],
) -> None:
    """Answer every problem, the framework's own ones included, in the words of the protocol of its path.

    What is `passing` (server/operations/outages.py) is told as such; everything else that was not foreseen is a bug.

    Paths decide, not blueprints: a phone that asks for `/key/…/nonsense` matches no route and still has to
    be told in OpenRosa's words (C39).
    """

    def say(problem: Problem) -> Response:
        speaker = next((speaker for speaks, speaker in speakers if speaks(request.path)), page)
        response = speaker(problem)
        for name, value in problem.headers:
            response.headers.add(name, value)
        return response

    def on_http(error: HTTPException) -> Any:
        if error.code is None or error.code < 400:
            return error.get_response()
        return say(_translate(app, error))

    def on_bug(error: Exception) -> Response:
        kind = passing(error)
        if kind is not None:
            log.error("%s: %s", kind.code, str(error).partition("\n")[0])
            return say(Problem(kind, _LATER))
        log.exception("a request failed", exc_info=error)
        return say(Problem(INTERNAL))

    app.register_error_handler(Problem, say)
    app.register_error_handler(HTTPException, on_http)
    app.register_error_handler(Exception, on_bug)


def _translate(app: Flask, error: HTTPException) -> Problem:
    """The framework's error as one of ours, with its headers (Allow, WWW-Authenticate, Retry-After) kept."""
    kept = tuple(
        (k, v) for k, v in error.get_headers(None) if k.lower() not in ("content-type", "content-length")
    )
    if error.code == 413:
        return Problem(TOO_LARGE, kept, limit_mb=(app.config["MAX_CONTENT_LENGTH"] or 0) // 1_000_000)
    kind = BY_STATUS.get(error.code or 500)
    if kind is None:
        kind = dataclasses.replace(
            BAD_REQUEST if (error.code or 500) < 500 else INTERNAL, status=error.code or 500
        )
    return Problem(kind, kept, why=error.description or "")
