"""Problems that a client may meet: kinds with status, code and sentence; and who says them in which words."""

import logging
from collections.abc import Callable
from enum import Enum
from typing import Any

from flask import Flask, Response, current_app, request
from werkzeug.exceptions import BadHost, HTTPException, InternalServerError

log = logging.getLogger(__name__)


class ProblemKind(Enum):
    """One kind of problem, in an Enum of the room that it belongs to: its HTTP status and its sentence.

    The sentence is Vietnamese and may hold `{fields}`; the code that programs read is the member's name.
    """

    def __init__(self, status: int, sentence: str) -> None:
        self.status = status
        self.sentence = sentence

    @property
    def code(self) -> str:
        return self.name.lower()


class Problem(Exception):
    """Raised anywhere above the pure packages; answered in the words of the protocol that asked."""

    def __init__(
        self, kind: ProblemKind, headers: tuple[tuple[str, str], ...] = (), **fields: object
    ) -> None:
        self.kind = kind
        self.status = kind.status
        self.headers = headers
        self.fields = fields
        super().__init__(f"{kind.code}: {self.sentence}")

    @property
    def sentence(self) -> str:
        return self.kind.sentence.format(**self.fields)


class CommonProblem(ProblemKind):
    """The kinds that every request may meet."""

    AUTHENTICATION_NEEDED = 401, "Cần đăng nhập: tên hoặc mật khẩu chưa đúng."
    NOT_ALLOWED = 403, "Tài khoản này không có quyền xem mục này."
    NOT_FOUND = 404, "Không có trang hay dữ liệu ở địa chỉ này."
    METHOD_NOT_ALLOWED = 405, "Địa chỉ này không nhận kiểu yêu cầu đó."
    TOO_LARGE = 413, "Phiếu hoặc ảnh quá lớn (tối đa {limit_mb} MB). Hãy giảm cỡ ảnh rồi gửi lại."
    TOO_MANY_PARTS = (
        413,
        "Yêu cầu gửi quá nhiều ô, quá nhiều tệp hoặc một ô quá dài. Hãy chia ra gửi nhiều lần, hoặc gửi bằng tệp.",
    )
    TOO_MANY_REQUESTS = 429, "Quá nhiều yêu cầu trong một lúc. Xin thử lại sau ít phút."
    BAD_REQUEST = 400, "Yêu cầu không đọc được: {why}"
    VALUE_IMPOSSIBLE = (
        400,
        "Yêu cầu có số quá lớn hoặc ký tự không dùng được; hãy xem lại địa chỉ hoặc ô vừa điền.",
    )
    INTERNAL = 500, "Máy chủ gặp lỗi. Dữ liệu trên máy anh/chị còn nguyên; xin thử lại sau."
    UNAVAILABLE = 503, "Máy chủ đang bận hoặc bảo trì. Phiếu vẫn còn trong máy; xin gửi lại sau."
    DISK_FULL = (
        503,
        "Máy chủ hết chỗ lưu nên chưa nhận được. Dữ liệu trên máy anh/chị còn nguyên; xin báo quản trị "
        "và gửi lại sau.",
    )
    DAY_UNREADABLE = 422, "Ngày “{day}” không đọc được; hãy viết dạng 2026-11-22."
    PAGE_EXPIRED = 400, "Trang này mở đã lâu nên không còn hiệu lực. Hãy tải lại trang rồi làm lại."
    FORM_UNKNOWN = 404, "Máy chủ không có biểu mẫu “{form_id}”. Hãy cập nhật danh sách biểu mẫu."
    FILE_UNKNOWN = 404, "Biểu mẫu không có tệp “{name}”."


_OF_FRAMEWORK = ("AUTHENTICATION_NEEDED", "NOT_ALLOWED", "NOT_FOUND", "METHOD_NOT_ALLOWED", "TOO_MANY_REQUESTS",
                 "INTERNAL", "UNAVAILABLE")  # fmt: skip
BY_STATUS = {CommonProblem[name].status: CommonProblem[name] for name in _OF_FRAMEWORK}
"""What the framework's own errors are called here."""

_AFTER_A_MINUTE = (("Retry-After", "60"),)

_PASSING = "tungnha.passing"
Speaker = Callable[[Problem], Response]


def passing(error: BaseException) -> ProblemKind | None:
    """How to tell of a failure that passes, or that is the asker's, where no request is to be answered; else None."""
    found: ProblemKind | None = current_app.extensions[_PASSING](error)
    return found


def later(kind: ProblemKind) -> Problem:
    """A problem of a kind that passes, or is the asker's: when to come again, where that helps."""
    return Problem(kind, _AFTER_A_MINUTE if kind.status == 503 else ())


def register(
    app: Flask,
    speakers: tuple[tuple[Callable[[str], bool], Speaker], ...],
    page: Speaker,
    passing: Callable[[BaseException], ProblemKind | None],
) -> None:
    """Answer every problem, the framework's own ones included, in the words of the protocol of its path.

    What is `passing`, or the asker's (server/operations/outages.py), is told as such; everything else that was not
    foreseen is a bug.

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
        if isinstance(error, InternalServerError) and isinstance(error.original_exception, Exception):
            return on_bug(error.original_exception)  # met after the view: while its answer was dressed
        if error.code is None or error.code < 400 or isinstance(error, BadHost):
            return error.get_response()  # for a host that cannot be, no page's links can be made
        return say(_translate(app, error))

    def on_bug(error: Exception) -> Response:
        kind = passing(error)
        if kind is not None:
            log.error("%s: %s", kind.code, str(error).partition("\n")[0])
            return say(later(kind))
        log.exception("a request failed", exc_info=error)
        return say(Problem(CommonProblem.INTERNAL))

    app.extensions[_PASSING] = passing
    app.register_error_handler(Problem, say)
    app.register_error_handler(HTTPException, on_http)
    app.register_error_handler(Exception, on_bug)


def _translate(app: Flask, error: HTTPException) -> Problem:
    """The framework's error as one of ours, with its headers (Allow, WWW-Authenticate, Retry-After) kept."""
    kept = tuple(
        (k, v) for k, v in error.get_headers(None) if k.lower() not in ("content-type", "content-length")
    )
    if error.code == 413:
        return _too_large(app.config["MAX_CONTENT_LENGTH"], kept)
    status = error.code or 500
    other = CommonProblem.BAD_REQUEST if status < 500 else CommonProblem.INTERNAL
    problem = Problem(BY_STATUS.get(status, other), kept, why=error.description or "")
    problem.status = status
    return problem


def _too_large(most: int, headers: tuple[tuple[str, str], ...]) -> Problem:
    """What is too large of a request: all of it, or its parts where as many bytes may be."""
    if (request.content_length or 0) > most:
        return Problem(CommonProblem.TOO_LARGE, headers, limit_mb=most // 1_000_000)
    return Problem(CommonProblem.TOO_MANY_PARTS, headers)
