"""What may be wrong with a question about what changed."""

from server.errors import ProblemKind


class FeedProblem(ProblemKind):
    """Kinds of this room; a member's name in small letters is its code."""

    FEED_BEGUN_ANEW = (
        410,
        "Máy chủ đã khôi phục từ bản sao lưu sau mốc này: hãy bỏ bản sao đang giữ rồi đọc lại từ đầu (after=0).",
    )
    FEED_OF_ANOTHER = (
        410,
        "Mốc này máy chủ chưa từng cấp (có thể là của máy chủ khác): hãy bỏ bản sao đang giữ rồi đọc lại từ đầu "
        "(after=0).",
    )
