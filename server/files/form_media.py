"""What a form shows or reads (pictures, sounds, tables): which kinds, and whether they are what their names say."""

from pathlib import PurePath

from server.errors import CommonProblem, Problem
from server.files import attachments

BY_BYTES = {
    ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".png": "image/png", ".gif": "image/gif", ".webp": "image/webp",
    ".mp3": "audio/mpeg", ".wav": "audio/wav", ".m4a": "audio/mp4", ".ogg": "audio/ogg", ".amr": "audio/amr",
    ".mp4": "video/mp4", ".3gp": "video/mp4", ".pdf": "application/pdf",
}  # fmt: skip
BY_LETTERS = {
    ".csv": "text/csv; charset=utf-8", ".xml": "text/xml; charset=utf-8", ".geojson": "application/geo+json",
    ".svg": "image/svg+xml",
}  # fmt: skip
"""Text has no first bytes to be known by. Phones alone are given these, with a policy that lets no script run."""


def type_of(name: str, content: bytes) -> str:
    """The media type of a form's file; Problem BAD_REQUEST where it is of no such kind, or not what it is called."""
    ending, shown = PurePath(name).suffix.lower(), name[:80]
    if ending in BY_LETTERS:
        if _is_text(content):
            return BY_LETTERS[ending]
        raise Problem(
            CommonProblem.BAD_REQUEST, why=f"tệp “{shown}” không phải tệp chữ UTF-8. Hãy lưu lại rồi tải lên."
        )
    if ending not in BY_BYTES:
        kinds = ", ".join(kind.removeprefix(".") for kind in (*BY_BYTES, *BY_LETTERS))
        raise Problem(
            CommonProblem.BAD_REQUEST,
            why=f"biểu mẫu không dùng loại tệp của “{shown}”. Loại nhận được: {kinds}.",
        )
    if attachments.type_of(content[:16], name) != BY_BYTES[ending]:
        raise Problem(
            CommonProblem.BAD_REQUEST,
            why=f"tệp “{shown}” không đúng loại mà đuôi tên nói. Hãy lưu lại đúng loại rồi tải lên.",
        )
    return BY_BYTES[ending]


def _is_text(content: bytes) -> bool:
    try:
        return "\0" not in content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return False
