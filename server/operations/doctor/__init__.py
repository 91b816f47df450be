"""What is wrong with this installation, and what to do about it: `flask doctor` and the administrators' page."""

from collections.abc import Callable, Iterator

from sqlalchemy.exc import SQLAlchemyError

from server.db import db
from server.operations.doctor import data, machine, stored_photos, upgrade
from server.operations.doctor.finding import ERROR, OK, WARNING, Diagnosis

__all__ = ["ERROR", "OK", "WARNING", "Diagnosis", "examine"]

QUICK: tuple[tuple[str, Callable[[], Iterator[Diagnosis]]], ...] = (
    ("settings", machine.settings),
    ("secrets", machine.secrets),
    ("disk", machine.disk),
    ("database", data.database),
    ("log", data.log),
    ("doubts", data.looked_at),
    ("clock", data.clock_),
    ("deletion", data.deletions),
    ("fonts", machine.fonts),
    ("key", data.key),
    ("backup", upgrade.backups),
)
"""What a page can afford to ask whenever it is opened."""
NO_ANSWER = "Chưa kiểm tra được vì ổ đĩa hoặc kho ảnh không trả lời ({why}): hãy xem TUNGNHA_BLOBS và ổ đĩa."
THOROUGH = (("blobs", stored_photos.every), ("tally", data.counts))
"""What reads everything: minutes where there are millions of visits."""


NIGHTLY = (("blobs", stored_photos.sample),)
"""What a night can afford besides."""


def examine(*, thorough: bool, nightly: bool = False) -> list[Diagnosis]:
    """Every check once; one that finds nothing wrong says so. What is away fails what asks it."""
    findings: list[Diagnosis] = []
    for subject, check in (*QUICK, *(THOROUGH if thorough else NIGHTLY if nightly else ())):
        try:
            findings += check()
        except SQLAlchemyError:
            db.session.rollback()
            findings.append(Diagnosis(subject, ERROR, data.NOT_ASKED))
        except OSError as error:
            findings.append(Diagnosis(subject, ERROR, NO_ANSWER, {"why": error.strerror or error}))
    return findings
