"""Files of a version that is in use: added and taken away without a new version, as phones look at each file's hash."""

from collections.abc import Iterable, Sequence

import sqlalchemy as sa

from forms.engine import choice_lists
from forms.engine.unfillable import Unfillable
from server import audit
from server.db import db
from server.errors import Problem
from server.models import FormFile, FormVersion
from server.published_forms import publishing
from server.published_forms.form_problems import FormProblem
from server.published_forms.publishing import MADE, MediaFile

MOST = 50
MOST_BYTES = 10_000_000


def listed(version: FormVersion) -> Sequence[FormFile]:
    """The files of a version by name; what the server makes for each phone is none of them."""
    query = sa.select(FormFile).where(FormFile.form_version_id == version.id)
    return db.session.scalars(query.order_by(FormFile.name)).all()


def add(version: FormVersion, file: MediaFile) -> FormFile:
    """Add a file under a name that the version has none of; Problem FORM_FILE_REFUSED. The caller commits."""
    if file.name in MADE:
        raise Problem(
            FormProblem.FORM_FILE_REFUSED, why="tệp ấy do máy chủ tự làm từ danh sách trên máy chủ."
        )
    known = listed(version)
    if any(each.name == file.name for each in known):
        raise Problem(
            FormProblem.FORM_FILE_REFUSED, why=f"đã có tệp “{file.name[:80]}”; hãy xóa tệp cũ trước."
        )
    if len(known) >= MOST or len(file.content) > MOST_BYTES:
        raise Problem(FormProblem.FORM_FILE_REFUSED, why="nhiều nhất 50 tệp, mỗi tệp 10 MB.")
    refuse_unreadable([file])
    row = FormFile(
        form_version_id=version.id, name=file.name, content=file.content, media_type=file.media_type,
        md5=publishing.md5(file.content),
    )  # fmt: skip
    db.session.add(row)
    db.session.flush()
    audit.note("form.file_add", f"form_version:{version.id}", {"name": file.name, "md5": row.md5})
    return row


def remove(version: FormVersion, row: FormFile) -> None:
    """Take a file away; phones lose it at their next update. The caller commits."""
    audit.note("form.file_remove", f"form_version:{version.id}", {"name": row.name, "md5": row.md5})
    db.session.delete(row)


def refuse_unreadable(files: Iterable[MediaFile]) -> None:
    """Problem FORM_FILE_REFUSED for a list with which no phone opens the form that names it."""
    for file in files:
        try:
            choice_lists.check(file.name, file.content)
        except Unfillable as wrong:
            raise Problem(FormProblem.FORM_FILE_REFUSED, why=f"“{file.name[:80]}”: {wrong}.") from wrong
