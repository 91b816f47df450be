"""Whose an address is: phones', programs' or people's; problems and headers are worded by it."""

OF_PHONES = (
    "/key/", "/formList", "/submission", "/forms/", "/lists/", "/view/", "/thu/", "/upload", "/formUpload"
)  # fmt: skip
OF_PROGRAMS = "/api/"


def is_of_phones(path: str) -> bool:
    """Whether a path is one that phones ask for."""
    return path.startswith(OF_PHONES)


def is_of_programs(path: str) -> bool:
    """Whether a path belongs to programs."""
    return path.startswith(OF_PROGRAMS)
