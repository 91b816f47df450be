"""What is wrong with this installation, and what to do about it: `flask doctor` and the administrators' page."""

from collections.abc import Callable, Iterator

from sqlalchemy.exc import SQLAlchemyError

from server.db import db
from server.operations.doctor import backup_checks, data_checks, machine_checks, stored_photos
from server.operations.doctor.finding import ERROR, OK, WARNING, Diagnosis

__all__ = ["ERROR", "OK", "WARNING", "Diagnosis", "examine"]

QUICK: tuple[tuple[str, Callable[[], Iterator[Diagnosis]]], ...] = (
    ("settings", machine_checks.settings),
    ("secrets", machine_checks.secrets),
    ("disk", machine_checks.disk),
    ("database", data_checks.database),
    ("log", data_checks.log),
    ("doubts", data_checks.looked_at),
    ("clock", data_checks.clock_),
    ("deletion", data_checks.deletions),
    ("fonts", machine_checks.fonts),
    ("key", data_checks.key),
    ("backup", backup_checks.backups),
)
"""What a page can afford to ask whenever it is opened."""
NO_ANSWER = "Chưa kiểm tra được vì ổ đĩa hoặc kho ảnh không trả lời ({why}): hãy xem TUNGNHA_BLOBS và ổ đĩa."
THOROUGH = (("blobs", stored_photos.every), ("tally", data_checks.counts))
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
            findings.append(Diagnosis(subject, ERROR, data_checks.NOT_ASKED))
        except OSError as error:
            findings.append(Diagnosis(subject, ERROR, NO_ANSWER, {"why": error.strerror or error}))
    return findings
