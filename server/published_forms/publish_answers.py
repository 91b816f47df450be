"""What an officer answers when a form is published: why it asks, about whom, and what its figures mean from now on."""

import dataclasses
from collections.abc import Mapping
from pathlib import PurePath

import sqlalchemy as sa

from forms import personal_data, version_changes
from forms.definition import Definition, IndicatorDeclaration, Purpose
from forms.errors import SheetError
from server.db import db
from server.models import Form, FormVersion, Indicator, Target
from server.published_forms import read_workbook


@dataclasses.dataclass(frozen=True)
class Terms:
    """The answers; without any, a form is published as its own sheets say."""

    purpose: Purpose | None = None
    classes: Mapping[str, str] = dataclasses.field(default_factory=dict)
    """Path of a question → none, personal, sensitive (R20)."""
    declared: tuple[IndicatorDeclaration, ...] = ()
    """Indicators that the workbook states without naming them (R10)."""
    kept: frozenset[str] | None = None
    """Indicators whose expression changed and whose meaning did not; None: all of them."""
    new_codes: Mapping[str, str] = dataclasses.field(default_factory=dict)
    """Old code → new code of those that mean something else from now on (R9)."""

    def workbook(self, content: bytes, filename: str) -> tuple[bytes, str]:
        """The workbook to publish, with its new codes."""
        if not self.new_codes:
            return content, filename
        return read_workbook.renamed(content, filename, self.new_codes), f"{PurePath(filename).stem}.xlsx"

    def confirmed(self, definition: Definition) -> Definition:
        """The definition with what the officer has answered."""
        found = personal_data.confirmed(definition, self.classes)
        return dataclasses.replace(found, purpose=self.purpose) if self.purpose else found


AS_WRITTEN = Terms()
"""Nothing answered: the workbook's own sheets hold, and every meaning stays."""


def newest(form_id: str) -> version_changes.ComparedVersion | None:
    """The version of a form that phones get now; None where none was published."""
    query = (
        sa.select(FormVersion.xform, FormVersion.definition)
        .join(Form, Form.id == FormVersion.form_id)
        .where(Form.form_id == form_id)
        .order_by(FormVersion.id.desc())
        .limit(1)
    )
    row = db.session.execute(query).first()
    return version_changes.ComparedVersion(row.xform, Definition.from_json(row.definition)) if row else None


def undecided(xform: bytes, definition: Definition, terms: Terms) -> list[SheetError]:
    """Indicators whose expression changed and of which nobody has said whether the meaning did (R9)."""
    before = newest(definition.form_id)
    if before is None or terms.kept is None:
        return []
    changed = version_changes.compare(
        before, version_changes.ComparedVersion(xform, definition)
    ).indicators_changed
    return [_ask(code) for code in changed if code not in terms.kept]


def _ask(code: str) -> SheetError:
    sentence = (
        f"công thức của chỉ tiêu “{code}” khác bản đang dùng. Hãy cho biết: ý nghĩa giữ nguyên, "
        "hay từ nay là một chỉ tiêu mới với mã mới."
    )
    return SheetError("survey", None, "calculation", sentence, code)


def without_target(definition: Definition) -> tuple[IndicatorDeclaration, ...]:
    """Indicators that the form states and that no plan's target names: they are shown, and judged by nothing."""
    query = (
        sa.select(Indicator.code)
        .join(Target, Target.indicator_id == Indicator.id)
        .where(Indicator.code.in_(definition.indicators))
    )
    left = frozenset(definition.indicators) - frozenset(db.session.scalars(query))
    return tuple(each for each in definition.declared if each.code in left)
