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
    LIST_BY_VISITS = (
        409,
        "Danh sách “{name}” do phiếu của biểu mẫu ghi nên không sửa qua API; ở đây sửa được hộ dân, điểm công cộng "
        "và doanh nghiệp.",
    )
    PROPERTIES_FIXED = (
        409,
        "Danh sách và thuộc tính của danh sách do biểu mẫu đã phát hành đặt ra; hãy thêm vào biểu mẫu rồi phát hành.",
    )
    WORKBOOK_NEEDED = (
        400,
        "Hãy gửi biểu mẫu là tệp Excel (XLSForm .xlsx hoặc .xls); máy chủ không nhận XForm XML.",
    )
    FORM_THERE = 409, "Đã có biểu mẫu mã “{form_id}”. Bản mới của nó thì gửi vào draft của biểu mẫu ấy."
    VERSION_THERE = (
        409,
        "Bản “{version}” đã phát hành. Hãy đổi version ở trang settings của biểu mẫu rồi gửi lại.",
    )
    VERSION_IN_WORKBOOK = (
        409,
        "Phiên bản là version ở trang settings của biểu mẫu (“{version}”). Hãy đổi ở đó rồi gửi lại biểu mẫu.",
    )
    VILLAGES_NEEDED = (
        409,
        "Người đi thu thập cần có thôn: hãy ghi thôn trong ngoặc sau tên, như “Lê Thị Tư (Thôn Đông; {example})”, hoặc "
        "thêm “villages” là danh sách mã thôn.",
    )
    COLLECTOR_REFUSED = 400, "Chưa thêm được người này: {why}"
