"""What may be wrong with a request at Central's door."""

from server.errors import ProblemKind


class CentralProblem(ProblemKind):
    """Kinds of this door; a member's name in small letters is its code."""

    VALUE_WRONG = 400, "Giá trị “{value}” của {field} không dùng được."
