"""Forms on trial: what an officer uploads, with its files and its test link, until it is published or discarded."""

import dataclasses
import datetime as dt
import hashlib
import secrets
import string
import subprocess
import unicodedata
from collections.abc import Sequence

import sqlalchemy as sa

from forms.check import odk_validate
from forms.convert_workbook import Converted
from forms.definition import Definition
from forms.engine.engine import Unfillable
from forms.errors import FormRejected, SheetError
from server import clock
from server.db import db
from server.models import Commune, DraftFile, DraftSubmission, FormDraft
from server.phones.app_settings import GENERAL, packed
from server.phones.collectors import TOKEN_LENGTH
from server.published_forms import form_versions, publishing, read_workbook, version_files
from server.published_forms.publish_answers import Terms
from server.published_forms.publishing import MediaFile, Published, ReadyForm
from server.sealed_secrets import seal, unseal

MOST_FIELDS = 1_500
"""A form with more is published without having been filled in blank: trying it would take minutes."""
MOST_FILE_BYTES = 10_000_000
MOST_FILES = 50
CHECKS = {
    "rules": "cách viết XLSForm",
    "formulas": "hàm, tham số, phần lặp, danh sách như điện thoại hiểu (JavaRosa 5.1)",
    "filled": "điền trống một lần, mọi công thức đều chạy",
    "blank": "chỉ tiêu khi để trống hoặc “không biết”",
    "validate": "ODK Validate, phần mềm của chính điện thoại",
}
"""Each check by its code, in the order in which they run."""
_LETTERS = string.ascii_letters + string.digits


@dataclasses.dataclass(frozen=True)
class Tried:
    """How many trial submissions of a draft are kept, and when the first and the last of them came."""

    count: int
    first: dt.datetime | None
    last: dt.datetime | None


@dataclasses.dataclass(frozen=True)
class CheckedWorkbook:
    """A workbook that went through the checks; `ran` are the codes of those that could run."""

    workbook: bytes
    filename: str
    converted: Converted
    blank: list[str]
    ran: tuple[str, ...]


def check(workbook: bytes, filename: str, *, with_java: bool = False) -> CheckedWorkbook:
    """Read a workbook as a form and try it; FormRejected for what phones would not open. Nothing is written.

    With Java, ODK Validate opens it too: half a second, so that it runs before a transaction begins to write.
    """
    converted = publishing.checked(workbook, filename, names_all=False)
    stated, tried = blank(converted)
    ran = ["rules", "formulas", *(["filled"] if converted.filled else []), *(["blank"] if tried else [])]
    if with_java and odk_validate.installed():
        try:
            said = odk_validate.refusal(converted.xform)
        except (subprocess.TimeoutExpired, odk_validate.NotJudged):
            said = None
        else:
            ran.append("validate")
        if said is not None:
            raise FormRejected([odk_validate.error(said, read_workbook.sheets_of(workbook, filename))])
    return CheckedWorkbook(workbook, filename, converted, stated, tuple(ran))


def save(
    workbook: bytes,
    filename: str,
    commune: Commune | None,
    actor: str,
    checked: CheckedWorkbook | None = None,
) -> FormDraft:
    """Keep an upload as the draft of its form, in place of the one before; the caller commits.

    Raises FormRejected for what could never be published. The test link and the files stay, what test phones
    sent goes: it was said to another form. `checked` is the same workbook, where it was tried before.
    """
    checked = checked or check(workbook, filename)
    converted = checked.converted
    form = publishing.owned(converted.definition, commune)
    form_versions.refuse_taken(form, workbook, converted)
    draft = _of(converted.definition, commune) or _new(commune)
    if draft.id is not None:
        clear(draft)
    draft.form_id, draft.title = converted.definition.form_id, converted.definition.title
    draft.filename, draft.workbook = filename[:200], workbook
    draft.xform, draft.md5 = converted.xform, publishing.md5(converted.xform)
    draft.definition = converted.definition.to_json()
    draft.remarks = [dataclasses.asdict(each) for each in converted.warnings]
    draft.blank, draft.checks = checked.blank, list(checked.ran)
    draft.uploaded_by, draft.uploaded_at = actor, clock.now()
    db.session.add(draft)
    db.session.flush()
    return draft


def _of(definition: Definition, commune: Commune | None) -> FormDraft | None:
    owner = commune.id if commune else None
    query = sa.select(FormDraft).where(
        FormDraft.form_id == definition.form_id, FormDraft.commune_id.is_not_distinct_from(owner)
    )
    return db.session.scalars(query.order_by(FormDraft.id)).first()


def _new(commune: Commune | None) -> FormDraft:
    token = "".join(secrets.choice(_LETTERS) for _ in range(TOKEN_LENGTH))
    return FormDraft(
        commune_id=commune.id if commune else None,
        token_hash=hashlib.sha256(token.encode()).digest(),
        token_sealed=seal(token),
        files=[],
    )


def blank(converted: Converted) -> tuple[list[str], bool]:
    """What the form states although its questions are blank or "không biết" (R9), and whether it could be tried."""
    if len(converted.definition.fields) > MOST_FIELDS:
        return [], False
    try:
        found = read_workbook.stated_when_blank(converted)
    except Unfillable:
        return [], False  # what the check did not find wrong, the engine cannot work out
    return [str(each) for each in found], True


def definition(draft: FormDraft) -> Definition:
    """What the draft asks and states."""
    return Definition.from_json(draft.definition)


def remarks(draft: FormDraft) -> list[SheetError]:
    """What the officer should look at before publication."""
    return [SheetError(**each) for each in draft.remarks]


def attach(draft: FormDraft, files: Sequence[MediaFile]) -> None:
    """Add the files that the draft names, each in place of one of its name; the caller commits.

    The same letters may be written in two ways (a, and a mark over it): a file is called as the form calls it.
    Problem FORM_FILE_REFUSED for a list with which no phone would open the form.
    """
    version_files.refuse_unreadable(files)
    named = {unicodedata.normalize("NFC", name): name for name in definition(draft).media}
    kept = {file.name: file for file in draft.files}
    for sent in files:
        plain = unicodedata.normalize("NFC", sent.name)
        file = dataclasses.replace(sent, name=named.get(plain, plain))
        row = kept.get(file.name) or DraftFile(draft_id=draft.id, name=file.name)
        row.content, row.media_type, row.md5 = file.content, file.media_type, publishing.md5(file.content)
        if file.name not in kept:
            draft.files.append(row)
    db.session.flush()


def tried(draft: FormDraft) -> Tried:
    """What test phones sent to the draft as it was last uploaded: one that nobody tried has a count of 0."""
    sent = sa.select(
        sa.func.count(), sa.func.min(DraftSubmission.received_at), sa.func.max(DraftSubmission.received_at)
    ).where(DraftSubmission.draft_id == draft.id)
    return Tried(*db.session.execute(sent).one())


def clear(draft: FormDraft) -> None:
    """Forget what test phones sent."""
    db.session.execute(sa.delete(DraftSubmission).where(DraftSubmission.draft_id == draft.id))


def discard(draft: FormDraft) -> None:
    """Throw the draft away with all that belongs to it; the caller commits."""
    clear(draft)
    db.session.delete(draft)
    db.session.flush()


def ready(draft: FormDraft, terms: Terms) -> ReadyForm:
    """The draft read once more as it was answered, before the transaction that publishes it. Raises FormRejected."""
    return publishing.ready(draft.workbook, draft.filename, terms, definition(draft).version)


def publish(
    draft: FormDraft, terms: Terms, *, exact_points: bool, actor: str, read: ReadyForm | None = None
) -> Published:
    """Make the draft a version that phones load, and the draft go; raises FormRejected. The caller commits.

    `read` is what `ready` gave, where that was asked before.
    """
    named = frozenset(definition(draft).media)
    files = [
        MediaFile(each.name, each.content, each.media_type) for each in draft.files if each.name in named
    ]
    published = publishing.add(
        read or ready(draft, terms),
        commune=draft.commune,
        files=files,
        exact_points=exact_points,
        actor=actor,
    )
    discard(draft)
    return published


def test_url(draft: FormDraft, base_url: str) -> str:
    """What a test phone has as its server."""
    return f"{base_url.rstrip('/')}/thu/{unseal(draft.token_sealed)}"


def screen_url(draft: FormDraft, base_url: str) -> str:
    """Where the draft is filled in on a screen; the link's secret stands in the fragment, which is never sent."""
    return f"{base_url.rstrip('/')}/phieu/#thu={unseal(draft.token_sealed)}"


def qr_text(draft: FormDraft, base_url: str) -> str:
    """The text of the draft's QR code: a project of its own on the phone, open to be changed or deleted (C59)."""
    # a title may be that of another draft, or of this form's trial before: the mark tells their projects apart
    name = f"Thử: {draft.title[:40]} ({draft.token_hash.hex()[:4]})"
    settings = {
        "general": {"server_url": test_url(draft, base_url), **GENERAL},
        "admin": {},
        "project": {"name": name, "icon": "🧪", "color": "#8a5300"},
    }
    return packed(settings)
