"""What may be wrong with a file that is sent or asked for."""

from server.errors import ProblemKind


class FileProblem(ProblemKind):
    """Kinds of this room; a member's name in small letters is its code."""

    PHOTO_UNKNOWN = 404, "Không có ảnh này, hoặc ảnh đã được xóa."
    FILE_UNREADABLE = 422, "Không đọc được tệp. {why}"
    FILE_FORGOTTEN = (
        410,
        "Không còn tệp này: tệp được giữ 24 giờ, và bị bỏ khi dữ liệu trong đó bị xóa. Hãy tạo lại.",
    )
    FILE_EXPIRED = 410, "Tệp này đã được nạp, hoặc chờ quá 24 giờ nên đã bỏ. Hãy gửi lại tệp."
