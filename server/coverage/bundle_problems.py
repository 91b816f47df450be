"""Why a bundle of sums is not taken, or not written."""

from server.errors import ProblemKind


class BundleProblem(ProblemKind):
    """What may be wrong with a bundle; whichever it is, nothing has changed."""

    BUNDLE_UNREADABLE = 400, "Đây không phải gói số liệu của Từng Nhà, hoặc gói đã hỏng: {why}."
    BUNDLE_STRANGER = (
        403,
        "Gói số liệu ký bằng khóa {fingerprint}, không phải khóa của xã nào được tin ở đây.",
    )
    BUNDLE_ALTERED = 422, "Chữ ký của gói không đúng: gói đã bị sửa hoặc hỏng trên đường. Hãy lấy lại từ xã."
    BUNDLE_OF_ANOTHER = 422, "Gói ghi của xã {told} nhưng khóa này chỉ được tin cho xã {trusted}."
    BUNDLE_OLDER = (
        409,
        "Gói này (số liệu đến {day}) cũ hơn gói đã nhận (đến {kept}); số liệu giữ nguyên. Nếu gói vừa ghi hôm nay, hãy "
        "xem lại ngày giờ của máy xã.",
    )
    BUNDLE_KEY_UNREADABLE = (
        422,
        "Khóa công khai không đọc được; hãy chép cả dòng mà “flask rollup key” in ra ở xã.",
    )
    BUNDLE_KEY_TAKEN = 409, "Khóa này đã được tin cho xã {code}; mỗi xã một khóa."
    BUNDLE_COMMUNE_UNCLEAR = 422, "Máy này có {count} xã; hãy nêu mã xã cần ghi gói."
