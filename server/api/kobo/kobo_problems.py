"""What may be wrong with a request at Kobo's door, beside what every request may meet."""

from server.errors import ProblemKind


class KoboProblem(ProblemKind):
    """Kinds of this room; `field` is the word that clients look for, `why` its sentence, in English as Kobo's."""

    FIELD_WRONG = 400, "Yêu cầu có chỗ không dùng được: {why}"
    NO_TWIN = 403, "Một phiếu là một lần thăm, nhân đôi là đếm hai lần; hãy nhờ người đi thăm gửi phiếu mới."
    EXPORT_BUSY = 503, "Máy chủ đang làm một tệp Excel khác; xin tải lại sau mươi giây."
    ROLES_DECIDE = (
        403,
        "Ai được làm gì do vai trò của tài khoản quyết định; hãy đổi vai trò ở trang Tài khoản.",
    )
