"""Why a submission that could be read cannot be taken in."""

from server.errors import ProblemKind


class IntakeProblem(ProblemKind):
    """Kinds of this room; a member's name in small letters is its code."""

    SUBMISSION_CONFLICT = (
        409,
        "Đã có một phiếu khác cùng mã này. Phiếu trong máy chưa được ghi nhận; xin báo tổ trưởng.",
    )
    ATTACHMENT_CONFLICT = 409, "Ảnh {name} của phiếu này đã có trên máy chủ với nội dung khác."
    EDIT_OF_UNKNOWN = 404, "Không thấy phiếu gốc mà phiếu này sửa lại."
