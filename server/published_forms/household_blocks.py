"""The household form with optional blocks: whose form it is, and its workbook."""

from collections.abc import Iterable

from forms import form_blocks
from server.models import Commune


def form_id(commune: Commune | None) -> str:
    """The form into which blocks go: the library's own for the city (None), one of its own beside it for a commune."""
    return f"{form_blocks.HOUSEHOLD_FORM}_{commune.code}" if commune else form_blocks.HOUSEHOLD_FORM


def workbook(codes: Iterable[str], commune: Commune | None) -> tuple[bytes, str]:
    """The form with these blocks as a workbook, and its file's name."""
    title = f"Phiếu hộ gia đình {commune.kind} {commune.name}" if commune else ""
    found = form_id(commune)
    return form_blocks.composed(codes, found, title), f"{found}.xlsx"
