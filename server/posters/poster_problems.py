"""What may be wrong with a poster, or with what somebody answers by it; told to citizens, so kindly."""

from server.errors import ProblemKind


class PosterProblem(ProblemKind):
    """Kinds of this room; a member's name in small letters is its code."""

    POSTER_UNKNOWN = (
        404,
        "Không có tờ áp phích nào mang mã này. Xin quét lại mã QR, hoặc hỏi cán bộ nơi treo tờ áp phích.",
    )
    POSTER_CLOSED = (
        410,
        "Tờ áp phích này đã thôi nhận câu trả lời. Cảm ơn ông/bà đã quan tâm; cần góp ý, "
        "xin đến Ủy ban nhân dân xã, phường, đặc khu.",
    )
    POSTER_RENEWED = (
        410,
        "Tờ áp phích này đã được thay bằng tờ mới. Xin quét mã QR trên tờ mới treo cùng chỗ.",
    )
    POSTER_FORM_GONE = (
        410,
        "Phiếu của tờ áp phích này hiện không dùng được trên web. Cần góp ý, "
        "xin đến Ủy ban nhân dân xã, phường, đặc khu.",
    )
    POSTER_OFFICE = 404, "Ở đây không có tờ áp phích ấy."
    ANSWER_UNKNOWN = 404, "Không có câu trả lời tự điền nào ở đây mang số {number}."
    ANSWERS_TOO_MANY = (
        429,
        "Đang có nhiều người trả lời cùng lúc nên chưa nhận thêm được. Câu trả lời của ông/bà còn nguyên trên trang "
        "này: xin chờ {wait} rồi bấm Gửi lại.",
    )
    ANSWER_TOO_LARGE = 413, "Ảnh gửi kèm quá lớn (tối đa {limit_mb} MB cả phiếu). Xin bỏ bớt ảnh rồi gửi lại."
    ANSWER_OF_ANOTHER_FORM = 400, "Tờ áp phích này không nhận phiếu ấy. Xin quét lại mã QR rồi trả lời."
    ANSWER_OUTDATED = 400, "Phiếu đã có bản mới. Xin tải lại trang rồi trả lời."
    ANSWER_REACHES_OUT = (
        400,
        "Phiếu tự trả lời chỉ ghi ý kiến của người gửi, không ghi hay sửa hộ, điểm hoặc phiếu khác.",
    )
