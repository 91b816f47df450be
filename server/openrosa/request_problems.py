"""What may be wrong with what a phone asks or sends, before its submission is read."""

from server.errors import ProblemKind


class PhoneRequestProblem(ProblemKind):
    """Kinds of this room; a member's name in small letters is its code."""

    SUBMISSION_MISSING = 400, "Yêu cầu không có phiếu (xml_submission_file)."
    SUBMISSION_TWICE = 400, "Yêu cầu có hơn một phiếu (xml_submission_file)."
    PUSH_REFUSED = 403, "Biểu mẫu do cán bộ đăng trên trang quản trị, không đẩy lên từ đây."
    SENT_SUBMISSION_UNKNOWN = 404, "Không có phiếu ấy trong các phiếu anh/chị đã gửi."
