"""Problems that maps and other readers of /ogc may meet."""

from server.errors import ProblemKind


class OgcProblem(ProblemKind):
    """What is wrong with a question about a layer."""

    LAYER_UNKNOWN = 404, "Không có lớp bản đồ “{name}”."
    FEATURE_UNKNOWN = 404, "Lớp này không có đối tượng “{name}”, hoặc tài khoản không được xem."
    PARAMETER_UNKNOWN = 400, "Lớp này không có tham số “{name}”."
    VALUE_UNREADABLE = 400, "Tham số “{name}” là {what}, không đọc được “{value}”."
    BOX_UNREADABLE = 400, "bbox cần 4 số: tây, nam, đông, bắc (theo trục của hệ tọa độ đã chọn)."
    CRS_UNKNOWN = 400, "Hệ tọa độ “{name}” không có ở đây; các hệ dùng được nằm trong mô tả của lớp."
    TIME_UNREADABLE = (
        400,
        "datetime “{value}” không đọc được; hãy viết 2026-11-22 hoặc 2026-11-01/2026-11-22.",
    )
    FILTER_UNREADABLE = 400, "{why}"
    FILTER_TOO_WIDE = (
        400,
        "Lọc theo số liệu ({name}) thì mỗi lần nhiều nhất {most} xã, phường: hãy lọc thêm theo commune, commune_name "
        "hay code (commune = '11629' AND …), hoặc nêu bbox hẹp hơn; hoặc đọc cả lớp không lọc, theo liên kết next, rồi "
        "lọc ở máy mình.",
    )
