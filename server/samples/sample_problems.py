"""What may be wrong with drawing a sample."""

from server.errors import ProblemKind


class SampleProblem(ProblemKind):
    """Kinds of this room; a member's name in small letters is its code."""

    SAMPLE_IMPOSSIBLE = 409, "Chưa bốc thăm được: {why}"
    SAMPLE_UNKNOWN = 404, "Không có lần bốc thăm này, hoặc thôn đã sang đi mọi nhà."
