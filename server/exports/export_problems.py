"""What may be wrong with the wishes for a file of submissions."""

from server.errors import ProblemKind


class ExportProblem(ProblemKind):
    """Kinds of this room; a member's name in small letters is its code."""

    WISH_UNREADABLE = 422, "Không hiểu lựa chọn {name}=“{value}” của tệp cần tải."
    TABLE_TOO_LONG = (
        422,
        "Có {count} phiếu, nhiều hơn {most} nên không tạo tệp Excel ngay được. Hãy dùng CSV của cùng liên kết.",
    )
