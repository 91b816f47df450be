"""What a collector reads on their phone about what they have sent."""

from server.intake import signal_check_points
from server.intake.edited_submission import (
    EDIT_FOREIGN,
    EDIT_OF_REJECTED,
    EDIT_OF_SEALED,
    EDIT_OUTDATED,
    SEALED,
)
from server.intake.submission_place import OUTSIDE, VERSION_UNKNOWN
from server.published_forms.read_submission import TOO_LONG, TOO_MANY, TWICE, UNREAD

_SET_ASIDE = {
    OUTSIDE: "Đã nhận phiếu, nhưng biểu mẫu, hộ hoặc điểm này không thuộc nơi được giao: phiếu chờ cán bộ xem lại.",
    VERSION_UNKNOWN: "Đã nhận phiếu theo một phiên bản biểu mẫu lạ: phiếu chờ cán bộ xem lại.",
    SEALED: "Đã nhận phiếu mã hóa.",
    TOO_MANY: "Đã nhận phiếu, nhưng phiếu ghi vào quá nhiều hộ hoặc điểm: phiếu chờ cán bộ xem lại.",
    TWICE: "Đã nhận phiếu, nhưng phiếu ghi hai lần vào một hộ hoặc điểm: phiếu chờ cán bộ xem lại.",
    UNREAD: "Đã nhận phiếu, nhưng phiếu ghi vào quá nhiều hộ hoặc điểm: phiếu chờ cán bộ xem lại.",
    TOO_LONG: "Đã nhận phiếu, nhưng tên hoặc nội dung quá dài: phiếu chờ cán bộ xem lại.",
    **dict.fromkeys(
        signal_check_points.IMPOSSIBLE,
        "Đã nhận phiếu, nhưng vị trí đo chưa dùng được: phiếu chờ cán bộ xem lại.",
    ),
    EDIT_FOREIGN: "Đã nhận bản sửa, nhưng phiếu gốc do người khác gửi: bản sửa chờ cán bộ xem lại.",
    EDIT_OUTDATED: "Đã nhận bản sửa, nhưng phiếu đã có bản mới hơn: bản sửa chờ cán bộ xem lại.",
    EDIT_OF_SEALED: "Đã nhận bản sửa, nhưng phiếu gốc đã mã hóa còn bản sửa thì không: bản sửa chờ cán bộ xem lại.",
    EDIT_OF_REJECTED: "Đã nhận bản sửa của phiếu đã quyết định không nhận: bản sửa chờ cán bộ xem lại.",
}

TAKEN = "Đã nhận phiếu. Xin cảm ơn."
DELETED = "Đã nhận. Dữ liệu của phiếu hoặc hộ này đã được xóa theo yêu cầu nên không lưu lại."
MORE_FILES = "Đã nhận thêm ảnh của phiếu."
THERE_ALREADY = "Phiếu này đã có trên máy chủ."


def thanks(quarantine: str | None) -> str:
    """For a submission that is kept now, by why it does not count yet; None where it does."""
    return _SET_ASIDE.get(quarantine or "", TAKEN)
