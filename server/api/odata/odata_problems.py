"""What may be wrong with a request to an OData service."""

from server.errors import ProblemKind


class ODataProblem(ProblemKind):
    """Kinds of this room; a member's name in small letters is its code."""

    OPTION_UNSUPPORTED = 501, "Dịch vụ OData này không có {option}."
    OPTION_WRONG = 400, "Không đọc được {option}: {why}"
    FORMAT_REFUSED = 406, "Địa chỉ này không trả lời ở dạng {wanted}."
    VERSION_TOO_OLD = 404, "Chỉ có OData bản 4.0 trở lên; chương trình xin bản {wanted}."
    SET_UNKNOWN = 404, "Dịch vụ này không có bảng “{name}”."
