"""What may be wrong with a request about a commune or thôn."""

from server.errors import ProblemKind


class PlaceProblem(ProblemKind):
    """Kinds of this room; a member's name in small letters is its code."""

    COMMUNE_UNKNOWN = 404, "Không có xã, phường nào mang mã {code}."
