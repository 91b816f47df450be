"""What may be wrong with a collector's code."""

from server.errors import ProblemKind


class PhoneProblem(ProblemKind):
    """Kinds of this room; a member's name in small letters is its code."""

    KEY_UNKNOWN = 403, "Mã QR này không còn dùng được. Xin tổ trưởng mã mới rồi quét lại."
    KEY_CHANGED = 403, "Mã QR này đã được đổi. Phiếu đã điền vẫn gửi được; xin tổ trưởng mã mới rồi quét lại."
    PASSWORD_WRONG = (
        403,
        "Tên hoặc mật khẩu chưa đúng. Xem lại tờ mã QR: mật khẩu phân biệt chữ hoa, chữ thường.",
    )
    NO_PDF = 503, "{why}"
    COLLECTOR_UNKNOWN = 404, "Ở đây không có thành viên ấy."
