"""What may be wrong with a month's sheet of days walked."""

from server.errors import ProblemKind


class PayProblem(ProblemKind):
    """Kinds of this room; a member's name in small letters is its code."""

    PAY_MONTH_UNKNOWN = 404, "Không có bảng ngày công của tháng này."
    PAY_MONTH_NOT_OVER = 409, "Tháng này chưa hết nên chưa chốt được bảng ngày công."
    PAY_MONTH_ISSUED = (
        409,
        "Tháng này đã chốt. Thay đổi về sau nằm ở bảng chốt tiếp theo.",
    )
