"""What may be wrong with an act on a household or a list of them."""

from server.errors import ProblemKind


class HouseholdProblem(ProblemKind):
    """Kinds of this room; a member's name in small letters is its code."""

    HOUSEHOLD_UNKNOWN = 404, "Không có hộ này trong danh sách."
    IMPORT_UNKNOWN = 404, "Danh sách này không có, đã nạp xong hoặc đã hoàn tác. Hãy tải tệp lên lại."
    CONFLICT_SETTLED = 409, "Chỗ lệch này vừa được người khác xử lý. Hãy tải lại trang để xem phần còn lại."
    ACT_IMPOSSIBLE = 409, "Chưa làm được với hộ này: {why}"
    PLACE_IMPOSSIBLE = 409, "Chưa làm được với điểm này: {why}"
    WALKING_AREA_UNKNOWN = 404, "Thôn không có phần đi này; có thể vừa được chia lại."
    WALKING_AREA_IMPOSSIBLE = 409, "Chưa chia được như vậy: {why}"
    OVERTAKEN = 409, "Dòng này vừa được sửa (bản {version}). Hãy đọc lại rồi sửa trên bản ấy."
