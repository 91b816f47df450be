"""What may be wrong with a decision, a correction or an answer to a difficulty."""

from server.errors import ProblemKind


class ReviewProblem(ProblemKind):
    """Kinds of this room; a member's name in small letters is its code."""

    REASON_NEEDED = 422, "Không nhận phiếu thì số liệu bớt đi: hãy ghi lý do, đã hỏi lại ai."
    SUBMISSION_UNKNOWN = 404, "Không có phiếu này."
    REVIEW_OVERTAKEN = (
        409,
        "Phiếu này vừa được người khác xử lý: hiện là “{state}”. Hãy tải lại trang để xem rồi quyết định.",
    )
    REVIEW_IMPOSSIBLE = 409, "Chưa làm được với phiếu này: {why}"
    CORRECTION_IMPOSSIBLE = 409, "Chưa sửa được phiếu này: {why}"
    NOT_THE_LEADERS = (
        409,
        "Phiếu này không còn chờ tổ trưởng: cán bộ đang xem, hoặc đã có người quyết định.",
    )
    DIFFICULTY_UNKNOWN = 404, "Không có phản ánh này, hoặc phiếu của nó đã bị loại."
    DIFFICULTY_CHANGED = 409, "Phản ánh này vừa được người khác xử lý. Hãy mở lại trang để xem rồi làm tiếp."
