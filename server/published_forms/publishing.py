"""Publishing a form: an officer's workbook becomes a version that phones load, kept byte for byte."""

import dataclasses
import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from flask import current_app

from forms.convert_workbook import Converted, FreeVersions
from forms.definition import HOUSEHOLD_LIST, Definition, IndicatorDeclaration
from forms.errors import FormRejected, SheetError
from forms.sheets import Sheet
from server import audit, clock
from server.db import db
from server.models import Commune, EntityList, Form, FormFile, FormVersion, Indicator
from server.published_forms import form_versions, read_workbook, self_answers
from server.published_forms.publish_answers import AS_WRITTEN, Terms, undecided

ENTITY_LISTS = (HOUSEHOLD_LIST, "diem_cong_cong", "doanh_nghiep")
MADE = frozenset({"thon.csv", "phuc_tra.csv", *(f"{name}.csv" for name in ENTITY_LISTS)})
"""Files that forms open and that are made from the tables for each phone, so that nobody uploads them."""


@dataclass(frozen=True)
class MediaFile:
    """A picture, a sound or a list that comes with a workbook."""

    name: str
    content: bytes
    media_type: str = "application/octet-stream"


@dataclass(frozen=True)
class ReadyForm:
    """A workbook that was read and may become a version, with what was answered about it."""

    workbook: bytes
    converted: Converted
    terms: Terms


@dataclass(frozen=True)
class Published:
    """The version that is now in the list of forms; not `new` where the same content was there already."""

    form_version: FormVersion
    warnings: tuple[SheetError, ...]
    new: bool


def publish(
    workbook: bytes,
    filename: str,
    *,
    commune: Commune | None = None,
    files: Sequence[MediaFile] = (),
    exact_points: bool = False,
    actor: str = "system",
    terms: Terms = AS_WRITTEN,
    version: str | None = None,
) -> Published:
    """Read a workbook (`ready`) and add it (`add`); raises FormRejected. The caller commits."""
    read = ready(workbook, filename, terms, version)
    return add(read, commune=commune, files=files, exact_points=exact_points, actor=actor)


def ready(workbook: bytes, filename: str, terms: Terms = AS_WRITTEN, version: str | None = None) -> ReadyForm:
    """A workbook read and checked, before the transaction that adds it.

    `version` is that of a workbook which names none itself, while no other content has it. Raises FormRejected where
    it is no form, or where an indicator has no unit or another one than it had (R10).
    """
    workbook, filename = terms.workbook(workbook, filename)
    converted = checked(workbook, filename, terms.declared, version=version)
    return ReadyForm(
        workbook, dataclasses.replace(converted, definition=terms.confirmed(converted.definition)), terms
    )


def add(
    read: ReadyForm,
    *,
    commune: Commune | None = None,
    files: Sequence[MediaFile] = (),
    exact_points: bool = False,
    actor: str = "system",
) -> Published:
    """Add a form, or a version of one, for a commune (None: for all); the caller commits.

    Raises FormRejected, with nothing added, where the version exists with other content (C17), where the form is
    somebody else's, where an indicator has another unit than it has by now (R10), or where its meaning was not decided
    (R9). The same content again changes nothing.
    """
    workbook, converted, terms = read.workbook, read.converted, read.terms
    redefined = list(_redefined(converted.definition, _known(terms.declared)))
    if redefined:
        raise FormRejected(redefined)
    form = owned(converted.definition, commune)
    form_versions.refuse_taken(form, workbook, converted)
    known = form_versions.published_before(form, workbook, converted)
    if known is not None:
        return Published(known, converted.warnings, new=False)
    open_questions = undecided(converted.xform, converted.definition, terms)
    if open_questions:
        raise FormRejected(open_questions)
    added = FormVersion(
        version=converted.definition.version,
        workbook=workbook,
        xform=converted.xform,
        md5=md5(converted.xform),
        definition=converted.definition.to_json(),
        exact_points=exact_points,
        published_at=clock.now(),
        form=form,
    )
    db.session.add(added)
    db.session.flush()
    _describe(form, converted.definition)
    _add_indicators(converted.definition)
    self_answers.keep_apart(form.id)
    _add_lists(converted.definition)
    _add_files(added, files)
    _audit(added, actor)
    return Published(added, (*converted.warnings, *_remarks(converted.definition, files)), new=True)


def checked(
    workbook: bytes,
    filename: str,
    declared: Sequence[IndicatorDeclaration] = (),
    *,
    names_all: bool = True,
    version: str | None = None,
) -> Converted:
    """The workbook as a form that could be published as far as its indicators go; FormRejected otherwise.

    `declared` are indicators named elsewhere than in the workbook; where not `names_all`, those that nobody has
    named yet are let pass, to be asked for at publication. `version` as for `publish`.
    """
    known = _known(declared)
    most = current_app.config["SETTINGS"].max_submission_mb
    versions = FreeVersions(form_versions.taken_versions(), clock.today(), version)
    converted = read_workbook.convert_workbook(workbook, filename, known, versions, most)
    unnamed = _undeclared(converted) if names_all else ()
    redefined = list(_redefined(converted.definition, known))
    if redefined:
        rows = _rows_of_indicators(read_workbook.sheets_of(workbook, filename))
        redefined = list(_redefined(converted.definition, known, rows))
    wrong = [*unnamed, *redefined, *_reserved(converted.definition)]
    if wrong:
        raise FormRejected(wrong)
    return converted


def _known(declared: Sequence[IndicatorDeclaration]) -> dict[str, IndicatorDeclaration]:
    """Indicators by their codes: those declared now, and as they are where they are there already."""
    rows = db.session.scalars(sa.select(Indicator).where(Indicator.self_of_id.is_(None)))
    return {each.code: each for each in declared} | {row.code: _declaration(row) for row in rows}


def _declaration(row: Indicator) -> IndicatorDeclaration:
    return IndicatorDeclaration(row.code, row.label_vi, row.label_en, row.unit, row.kind)


def _undeclared(converted: Converted) -> Iterator[SheetError]:
    """Indicators that are stated and that nobody has given a name and a unit, each with its row."""
    declared = {each.code for each in converted.definition.declared}
    rows = {warning.value: warning for warning in converted.warnings if warning.row is not None}
    for code in converted.definition.indicators:
        if code not in declared:
            sentence = (
                f"chỉ tiêu “{code}” chưa có ở trang chi_tieu. Hãy thêm một dòng: mã, tên, đơn vị, loại."
            )
            place = rows.get(code, SheetError("survey", None, "name", sentence, code))
            yield dataclasses.replace(place, sentence=sentence)


def _reserved(definition: Definition) -> Iterator[SheetError]:
    """Codes that stand for what people answer by themselves: a form cannot say that it was."""
    for code in definition.indicators:
        if self_answers.is_reserved(code):
            sentence = (
                f"mã “{code}” không được kết thúc bằng {self_answers.ENDING}: đuôi ấy dành cho áp phích."
            )
            yield SheetError("survey", None, "name", sentence, code)


def _redefined(
    definition: Definition, known: Mapping[str, IndicatorDeclaration], rows: Mapping[str, int] | None = None
) -> Iterator[SheetError]:
    """Indicators that exist with another unit or kind: their sums would mean two things at once."""
    for declared in definition.declared:
        before = known.get(declared.code, declared)
        for column in ("unit", "kind"):
            was, now = getattr(before, column), getattr(declared, column)
            if was != now:
                sentence = (
                    f"chỉ tiêu “{declared.code}” đã có với {column} là “{was}”, không đổi thành “{now}” được. "
                    "Hãy giữ như cũ hoặc đặt mã chỉ tiêu mới."
                )
                yield SheetError("chi_tieu", (rows or {}).get(declared.code), column, sentence, now)


def _rows_of_indicators(book: Mapping[str, Sheet]) -> dict[str, int]:
    """The row that declares each indicator."""
    declared = book.get("chi_tieu")
    return {row["indicator"]: row.number for row in (declared.rows if declared else ())}


def owned(definition: Definition, commune: Commune | None) -> Form:
    """The form's row, new or known, if it is this commune's to change; FormRejected where it is another's."""
    form = db.session.scalars(sa.select(Form).where(Form.form_id == definition.form_id)).first()
    owner = commune.id if commune else None
    if form is None:
        return Form(form_id=definition.form_id, title=definition.title, commune_id=owner, versions=[])
    if form.commune_id != owner:
        whose = "biểu mẫu chung của thành phố" if form.commune_id is None else "biểu mẫu của nơi khác"
        sentence = f"mã “{definition.form_id}” đã dùng cho {whose}. Hãy đặt mã khác ở cột form_id."
        raise FormRejected([SheetError("settings", 2, "form_id", sentence, definition.form_id)])
    return form


def _describe(form: Form, definition: Definition) -> None:
    """The newest version says what the form is called and why it is asked."""
    form.title = definition.title
    if definition.purpose is not None:
        form.purpose = definition.purpose.purpose
        form.legal_basis = definition.purpose.legal_basis
        form.retention_months = definition.purpose.retention_months


def _add_indicators(definition: Definition) -> None:
    codes = [each.code for each in definition.declared]
    known = set(db.session.scalars(sa.select(Indicator.code).where(Indicator.code.in_(codes))))
    db.session.add_all(
        Indicator(**dataclasses.asdict(each)) for each in definition.declared if each.code not in known
    )


def _add_lists(definition: Definition) -> None:
    """The entity lists that the form writes or reads, so that what phones send finds them (E19), and what it saves
    to each: columns that phones have from then on (E4)."""
    opened = {name.removesuffix(".csv") for name in definition.media}
    wanted = {each.list_name for each in definition.entities} | (opened & set(ENTITY_LISTS))
    known = {
        each.name: each
        for each in db.session.scalars(sa.select(EntityList).where(EntityList.name.in_(wanted)))
    }
    for name in sorted(wanted):
        row = known.get(name) or EntityList(name=name, properties=[])
        saved = [each.save_to for each in definition.fields if each.save_to and each.save_to_list == name]
        row.properties = list(dict.fromkeys((*row.properties, *saved)))
        db.session.add(row)


def _add_files(version: FormVersion, files: Sequence[MediaFile]) -> None:
    for file in files:
        row = FormFile(
            form_version_id=version.id,
            name=file.name,
            content=file.content,
            media_type=file.media_type,
            md5=md5(file.content),
        )
        db.session.add(row)


def _remarks(definition: Definition, files: Sequence[MediaFile]) -> Iterator[SheetError]:
    """Files that the form opens and that are neither given nor made from tables."""
    for name in missing_files(definition, {file.name for file in files}):
        yield SheetError("survey", None, None, f"biểu mẫu mở tệp “{name}” mà chưa có tệp ấy.", name)


def missing_files(definition: Definition, given: Collection[str]) -> list[str]:
    """Files that the form opens and that are neither given nor made from tables for each phone."""
    lists = {f"{each.list_name}.csv" for each in definition.entities}
    left = [name for name in definition.media if name not in {*given, *lists, *MADE}]
    names = [name.removesuffix(".csv") for name in left]
    known = (
        set(db.session.scalars(sa.select(EntityList.name).where(EntityList.name.in_(names))))
        if left
        else set()
    )
    return [name for name in left if name.removesuffix(".csv") not in known]


def _audit(version: FormVersion, actor: str) -> None:
    detail = {"form_id": version.form.form_id, "version": version.version, "md5": version.md5}
    record = f"form_version:{version.id}"
    audit.add(actor, "form.publish", record, detail)


def md5(content: bytes) -> str:
    """The hash that OpenRosa's lists carry (C16); it guards nothing."""
    return hashlib.md5(content, usedforsecurity=False).hexdigest()
