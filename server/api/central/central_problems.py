"""What may be wrong with a request at Central's door."""

from server.errors import ProblemKind


class CentralProblem(ProblemKind):
    """Kinds of this door; a member's name in small letters is its code."""

    VALUE_WRONG = 400, "Giá trị “{value}” của {field} không dùng được."
    COLLECTORS_SEND = (
        403,
        "Phiếu và ảnh do người đi thu thập gửi: hãy dùng mã trong mã QR của người ấy thay cho khóa này. Khóa của "
        "cán bộ chỉ sửa phiếu đã có (PUT).",
    )
    BODY_EMPTY = 400, "Hãy gửi “{field}” là một chuỗi không rỗng, dài nhất {most} chữ."
    LIST_BY_FILE = (
        409,
        "Danh sách “{name}” được thêm bằng tệp ở trang Chuẩn bị, không sửa qua API; ở đây sửa được hộ dân.",
    )
    PROPERTIES_FIXED = (
        409,
        "Danh sách và thuộc tính của danh sách do biểu mẫu đã phát hành đặt ra; hãy thêm vào biểu mẫu rồi phát hành.",
    )
