"""What may be wrong with a submission before it is known what it says."""

from server.errors import ProblemKind


class FormProblem(ProblemKind):
    """Kinds of this room; a member's name in small letters is its code."""

    VERSION_UNKNOWN = 404, "Biểu mẫu “{form_id}” không có phiên bản “{version}”."
    SUBMISSION_UNREADABLE = 400, "Phiếu không đọc được: {why}"
    FORM_FILE_REFUSED = 400, "Chưa nhận được tệp này: {why}"
