"""What may be wrong with the register of requests and of breaches."""

from server.errors import ProblemKind


class PrivacyProblem(ProblemKind):
    """Kinds of this room; a member's name in small letters is its code."""

    REQUEST_UNKNOWN = 404, "Không có yêu cầu này trong sổ."
    BREACH_UNKNOWN = 404, "Không có sự cố này trong sổ."
    REQUEST_IMPOSSIBLE = 422, "Chưa làm được: {why}"
    NOT_IN_BIN = 404, "Thùng rác không còn mục này: đã được đưa lại, hoặc đã quá 30 ngày."
    PLACE_TAKEN = 409, "Chưa đưa lại được: {why}."
