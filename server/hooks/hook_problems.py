"""What may be wrong with an address that submissions are sent on to."""

from server.errors import ProblemKind


class HookProblem(ProblemKind):
    """Kinds of this room; a member's name in small letters is its code."""

    HOOK_UNKNOWN = 404, "Không có địa chỉ nhận phiếu này."
    HOOK_REJECTED = 422, "Chưa lưu được địa chỉ nhận phiếu: {why}"
    DELIVERY_UNKNOWN = 404, "Không có lần gửi này."
