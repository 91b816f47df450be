"""What may be wrong with a question about coverage or reports."""

from server.errors import ProblemKind


class CoverageProblem(ProblemKind):
    """Kinds of this room; a member's name in small letters is its code."""

    INDICATOR_UNKNOWN = 404, "Không có chỉ tiêu “{code}”."
    NOTHING_TO_DRAW = (
        404,
        "Chưa có chỉ tiêu khảo sát nào nên chưa có gì để vẽ; trang Bản đồ nói còn thiếu gì.",
    )
    REPORT_UNKNOWN = 404, "Ở đây không có báo cáo ấy."
    PERIOD_UNKNOWN = 422, "Kỳ “{period}” không đọc được hoặc chưa đến; hãy chọn một kỳ trong danh sách."
    REPORT_EMPTY = (
        409,
        "Chưa có thôn nào nên chưa lập được báo cáo. Hãy nạp bảng thôn và số hộ ở trang Bắt đầu.",
    )
    REPORT_UNSIGNED = 422, "Báo cáo cần họ tên người ký và dấu tích “đã đọc dự thảo” mới phát hành được."
    PDF_IMPOSSIBLE = 503, "Máy chủ chưa có thư viện Pango để tạo PDF. Hãy nhờ quản trị viên cài rồi làm lại."
