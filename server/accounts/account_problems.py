"""What may be wrong with signing in, with accounts and with keys of programs."""

from server.errors import ProblemKind


class AccountProblem(ProblemKind):
    """Kinds of this room; a member's name in small letters is its code."""

    TOKEN_UNKNOWN = 401, "Khóa truy cập không đúng hoặc đã hết hạn."
    SIGN_IN_TOO_OFTEN = (
        429,
        "Tài khoản này tạm khóa vì đã nhập sai 5 lần. Hãy đợi {wait} rồi thử lại, hoặc nhờ quản trị viên "
        "mở khóa (trang Tài khoản, hoặc lệnh “flask people unlock”); máy đã từng đăng nhập thì không bị khóa theo.",
    )
    OWN_DUTY_FIRST = 403, "Trước khi làm tiếp, hãy vào trang Tài khoản của tôi để {what}."
    TOKEN_GONE = 404, "Không có khóa truy cập này trong những khóa anh/chị quản lý."
    PERSON_UNKNOWN = 404, "Không có tài khoản này trong những tài khoản anh/chị quản lý."
    LINK_UNKNOWN = 404, "Liên kết này không đúng. Hãy chép lại trọn liên kết, hoặc xin người gửi gửi lại."
    LINK_ENDED = 410, "Liên kết này đã hết hạn hoặc bị thu hồi. Hãy xin người gửi một liên kết mới."
