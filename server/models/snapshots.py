"""Reports that were issued: what each said, and its files, as they were on that day."""

import datetime as dt
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from server.db import BIG, Base
from server.models.places import Commune


class Snapshot(Base):
    """An issued report. Rows are only added: what was issued is never changed nor taken away."""

    __tablename__ = "snapshot"
    __table_args__ = (
        UniqueConstraint("commune_id", "number"),
        Index(None, "commune_id", "issued_at"),
        CheckConstraint("number > 0", name="number"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    commune_id: Mapped[int] = mapped_column(ForeignKey("commune.id"))
    number: Mapped[int]
    """Counted in each commune from 1; the number in the office's register of documents is given by hand."""
    period: Mapped[str]
    """`2026-11`, `2026-Q4`, `2026-H2` or `2026`."""
    cut_off: Mapped[dt.date]
    """The day its numbers are those of."""
    received_until: Mapped[dt.datetime | None]
    last_submission_id: Mapped[int] = mapped_column(BIG)
    """The newest submission that had come in, anywhere: what came later has a greater key."""
    content: Mapped[dict[str, Any]] = mapped_column()
    """All that it says (dashboards.reports.report_content), and the coverage table it was made from."""
    docx: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)
    docx_sha256: Mapped[str]
    pdf: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)
    pdf_sha256: Mapped[str]
    issued_at: Mapped[dt.datetime]
    issued_by: Mapped[str]
    """`person:3`, as the audit writes it."""
    issued_name: Mapped[str]
    commune: Mapped[Commune] = relationship(lazy="joined")
