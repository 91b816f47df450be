"""Forms that programs bring and publish: as drafts, checked and published by the one way that pages use (K18, O5)."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from forms import personal_data
from forms.errors import FormRejected, SheetError
from server import audit
from server.db import begin_writing, db
from server.models import Commune, Form, FormDraft
from server.published_forms import form_drafts, publishing
from server.published_forms.publish_answers import Terms

_NO_PURPOSE = (
    "biểu mẫu chưa nói hỏi để làm gì. Hãy thêm trang muc_dich (muc_dich, can_cu, luu_thang), hoặc phát hành ở trang "
    "Biểu mẫu."
)
_BLANK = "biểu mẫu còn ghi nhận chỉ tiêu khi chưa ai trả lời."


class WorkbookRefused(Exception):
    """A workbook that cannot be taken, with what is wrong in it."""

    def __init__(self, errors: Sequence[SheetError]) -> None:
        self.errors = tuple(errors)
        super().__init__("; ".join(map(str, errors)))

    def told(self) -> str:
        """In Kobo's shape: the row first, then our sentence with sheet, row and column."""
        return "\n".join(f"[row : {each.row}] {each}" if each.row else str(each) for each in self.errors)

    def listed(self) -> list[dict[str, Any]]:
        """Each for a program, with its place."""
        return [
            {
                "sheet": each.sheet,
                "row": each.row,
                "column": each.column,
                "cell": each.cell,
                "message": each.sentence,
            }
            for each in self.errors
        ]


def bring(content: bytes, filename: str, commune_id: int, actor: str, form_id: str = "") -> FormDraft:
    """A workbook as a draft of the commune, committed; `form_id`: of that form alone. Raises WorkbookRefused."""
    try:
        checked = form_drafts.check(content, filename)
        found = checked.converted.definition.form_id
        if form_id and found != form_id:
            sentence = f"mã “{found}” không phải mã của biểu mẫu này (“{form_id}”)."
            raise FormRejected([SheetError("settings", 2, "form_id", sentence, found)])
        begin_writing()
        draft = form_drafts.save(content, filename, db.session.get_one(Commune, commune_id), actor, checked)
    except FormRejected as rejected:
        db.session.rollback()
        raise WorkbookRefused(rejected.errors) from rejected
    audit.note("form.upload", f"form_draft:{draft.id}", {"form_id": draft.form_id, "md5": draft.md5})
    db.session.commit()
    return draft


def publish(draft: FormDraft, actor: str) -> Form:
    """The draft as a version, its questions classed as their words suggest where the workbook says nothing; committed.

    Raises WorkbookRefused.
    """
    definition = form_drafts.definition(draft)
    known = db.session.scalars(sa.select(Form).where(Form.form_id == draft.form_id)).first()
    if definition.purpose is None and (known is None or not known.purpose):
        raise WorkbookRefused([SheetError("muc_dich", None, None, _NO_PURPOSE)])
    if draft.blank:
        raise WorkbookRefused([SheetError("survey", None, "calculation", f"{_BLANK} {draft.blank[0]}")])
    missing = publishing.missing_files(definition, [each.name for each in draft.files])
    if missing:
        raise WorkbookRefused([SheetError("survey", None, None, f"còn thiếu tệp {', '.join(missing)}.")])
    terms = Terms(classes=personal_data.guessed(definition), kept=frozenset())
    number = draft.id
    try:
        read = form_drafts.ready(draft, terms)
        begin_writing()
        draft = db.session.get_one(FormDraft, number)
        published = form_drafts.publish(draft, terms, exact_points=False, actor=actor, read=read)
    except FormRejected as rejected:
        db.session.rollback()
        raise WorkbookRefused(rejected.errors) from rejected
    form = published.form_version.form
    db.session.commit()
    return form
