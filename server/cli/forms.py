"""`flask forms`: check an officer's workbook, publish it, list what is published."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click
import sqlalchemy as sa
from flask.cli import with_appcontext

from forms import form_blocks
from forms.definition import Purpose
from forms.errors import FormRejected, SheetError
from server.answers import indexed_questions
from server.answers.indexed_questions import IndexRejected
from server.cli.arguments import FILE, WRITTEN
from server.cli.groups import JSON, as_json, refuse
from server.db import begin_writing, db
from server.models import Form, FormVersion
from server.places import communes
from server.published_forms import (
    catalogue,
    form_drafts,
    household_blocks,
    library_forms,
    publishing,
    version_files,
)
from server.published_forms.publish_answers import Terms


@click.group("forms")
def group() -> None:
    """Forms."""


@group.command()
@click.argument("workbook", type=click.Path(exists=True, path_type=Path))
@JSON
@with_appcontext
def check(workbook: Path, wants_json: bool) -> None:
    """Xem một tệp XLSForm có phát hành được không; không ghi gì. Một thư mục: mọi tệp Excel trong đó, mỗi tệp một dòng.

    Nêu mọi lỗi kèm trang tính, dòng, cột; thử điền câu trả lời trống và “không biết”: khi ấy biểu mẫu không
    được ghi nhận chỉ tiêu nào. Có Java thì ODK Validate, phần mềm của điện thoại, cũng mở thử.
    """
    if workbook.is_dir():
        _check_all(workbook, wants_json)
        return
    checked = form_drafts.check(workbook.read_bytes(), workbook.name, with_java=True)
    if wants_json:
        as_json(_checked(checked))
    else:
        _say(checked.converted.warnings)
    if checked.blank:
        refuse(*checked.blank)
    if not wants_json:
        definition = checked.converted.definition
        stated = ", ".join(definition.indicators) or "không có"
        click.echo(
            f"Dùng được: {definition.title} ({definition.form_id}, phiên bản {definition.version}); "
            f"{len(definition.fields)} mục; chỉ tiêu: {stated}."
        )
        click.echo(f"Đã kiểm: {'; '.join(form_drafts.CHECKS[code] for code in checked.ran)}.")


def _check_all(folder: Path, wants_json: bool) -> None:
    """One line a file, and how many can be published; exits with 1 where some cannot."""
    found = [
        (str(path.relative_to(folder)), _reasons(path))
        for path in sorted(folder.rglob("*"))
        if path.suffix.lower() in {".xlsx", ".xls"} and not path.name.startswith("~$")
    ]
    if wants_json:
        as_json([{"file": name, "errors": reasons} for name, reasons in found])
    else:
        for name, reasons in found:
            more = f" (và {len(reasons) - 1} chỗ nữa)" if len(reasons) > 1 else ""
            click.echo(f"{name}\t{f'không: {reasons[0]}{more}' if reasons else 'dùng được'}")
        click.echo(f"{sum(not reasons for _, reasons in found)} trong {len(found)} tệp dùng được.")
    if any(reasons for _, reasons in found):
        raise SystemExit(1)


def _reasons(path: Path) -> list[str]:
    """What keeps a file from being published, each at its place."""
    try:
        return form_drafts.check(path.read_bytes(), path.name, with_java=True).blank
    except FormRejected as rejected:
        return [str(error) for error in rejected.errors]


def _checked(checked: form_drafts.CheckedWorkbook) -> dict[str, object]:
    definition = checked.converted.definition
    return {
        "form_id": definition.form_id,
        "version": definition.version,
        "title": definition.title,
        "indicators": list(definition.indicators),
        "warnings": [str(warning) for warning in checked.converted.warnings],
        "blank_findings": checked.blank,
        "checks": list(checked.ran),
    }


NO_PURPOSE = (
    "Chưa phát hành: biểu mẫu chưa nói hỏi để làm gì. Hãy thêm trang muc_dich vào tệp (mục đích, căn cứ "
    "pháp lý, số tháng lưu), hoặc nêu --purpose, --legal-basis và --retention."
)


@group.command()
@click.argument("workbook", type=FILE, required=False)
@click.option("--commune", "code", type=WRITTEN, help="Mã xã có biểu mẫu này; bỏ trống: dùng cho mọi xã.")
@click.option("--file", "files", type=FILE, multiple=True, help="Ảnh, âm thanh, danh sách đi kèm.")
@click.option(
    "--exact-points", is_flag=True, help="Giữ vị trí hộ chính xác; chỉ khi căn cứ pháp lý cho phép."
)
@click.option(
    "--library",
    "from_library",
    is_flag=True,
    help="Phát hành các biểu mẫu có sẵn của Từng Nhà; biểu mẫu mà cán bộ đã sửa thì giữ bản ấy.",
)
@click.option(
    "--block",
    "blocks",
    type=click.Choice(form_blocks.BLOCKS),
    multiple=True,
    help="Phiếu hộ gia đình có sẵn, thêm khối câu hỏi này (docs/ready-sets.md); lặp lại được.",
)
@click.option("--purpose", help="Hỏi để làm gì; thay cho trang muc_dich.")
@click.option("--legal-basis", help="Căn cứ pháp lý; thay cho trang muc_dich.")
@click.option("--retention", type=click.IntRange(1, 999), help="Lưu phiếu bao nhiêu tháng.")
@click.option("--same-meaning", "kept", multiple=True, help="Chỉ tiêu đổi công thức mà giữ ý nghĩa.")
@click.option(
    "--new-code", "new_codes", multiple=True, help="CŨ=MỚI: chỉ tiêu đổi ý nghĩa nên bắt đầu mã mới."
)
@click.option("--only", multiple=True, help="Mã xã dùng biểu mẫu này của thành phố; lặp lại được.")
@JSON
@with_appcontext
def publish(
    workbook: Path | None,
    code: str | None,
    files: tuple[Path, ...],
    exact_points: bool,
    from_library: bool,
    blocks: tuple[str, ...],
    wants_json: bool,
    **answers: Any,
) -> None:
    """Phát hành một tệp XLSForm (hoặc cả thư viện): điện thoại sẽ thấy ở lần cập nhật tới.

    Khi công thức của một chỉ tiêu khác bản đang dùng, phải nêu --same-meaning hoặc --new-code.
    """
    if sum((from_library, workbook is not None, bool(blocks))) != 1:
        refuse("Hãy nêu một tệp XLSForm, hoặc --library để phát hành các biểu mẫu có sẵn, hoặc --block.")
    if from_library:
        library = library_forms.library_ready()
        begin_writing()
        published = tuple(map(publishing.add, library.ready))
        _say_kept(library.kept)
    else:
        read = publishing.ready(*_workbook(workbook, blocks, code), _terms(answers))
        media = [publishing.MediaFile(path.name, path.read_bytes()) for path in files]
        published = (_add(read, code, media, exact_points, answers["only"]),)
    db.session.commit()
    if wants_json:
        as_json([_published(each) for each in published])
        return
    for each in published:
        _say(each.warnings)
        version = each.form_version
        done = "Đã phát hành" if each.new else "Đã có từ trước, không đổi gì"
        click.echo(f"{done}: {version.form.title} ({version.form.form_id}, phiên bản {version.version}).")


def _terms(answers: Mapping[str, Any]) -> Terms:
    """What the options of `publish` answer about the form."""
    return Terms(
        purpose=_purpose(answers["purpose"], answers["legal_basis"], answers["retention"]),
        kept=frozenset(answers["kept"]),
        new_codes=_codes(answers["new_codes"]),
    )


def _add(
    read: publishing.ReadyForm,
    code: str | None,
    files: Sequence[publishing.MediaFile],
    exact_points: bool,
    only: Sequence[str],
) -> publishing.Published:
    """Add what was read to the forms in use, of one commune or, where none is named, of all or those of `only`."""
    version_files.refuse_unreadable(files)
    begin_writing()
    commune = communes.commune(code) if code else None
    made = publishing.add(read, commune=commune, files=files, exact_points=exact_points)
    if made.new and made.form_version.form.purpose is None:
        refuse(NO_PURPOSE)
    if only:
        _give(made.form_version.form, only)
    return made


def _workbook(file: Path | None, blocks: Sequence[str], code: str | None) -> tuple[bytes, str]:
    """What is to be published, with its file's name: a file, or the household form with blocks."""
    if file is not None:
        return file.read_bytes(), file.name
    return household_blocks.workbook(blocks, communes.commune(code) if code else None)


def _purpose(purpose: str | None, legal_basis: str | None, retention: int | None) -> Purpose | None:
    if purpose is None and legal_basis is None and retention is None:
        return None
    if not (purpose and legal_basis and retention):
        refuse("Hãy nêu đủ ba điều: --purpose, --legal-basis, --retention.")
    return Purpose(purpose, legal_basis, retention)


def _codes(written: Sequence[str]) -> dict[str, str]:
    codes = {}
    for each in written:
        old, sign, new = each.partition("=")
        if not sign or not re.fullmatch(r"[a-z][a-z0-9_]{1,63}", new):
            refuse(f"“{each}” phải viết dạng cu=moi, mã mới chỉ gồm chữ thường không dấu, số và dấu _.")
        codes[old] = new
    return codes


def _give(form: Form, codes: Sequence[str]) -> None:
    if form.commune_id is not None:
        refuse("--only chỉ dùng cho biểu mẫu của thành phố, không đi cùng --commune.")
    catalogue.give(form, [communes.commune(code).id for code in codes])


def _published(each: publishing.Published) -> dict[str, object]:
    version = each.form_version
    return {
        "form_id": version.form.form_id,
        "version": version.version,
        "md5": version.md5,
        "new": each.new,
        "warnings": [str(warning) for warning in each.warnings],
    }


def _say_kept(kept: Sequence[FormVersion]) -> None:
    for version in kept:
        click.echo(
            f"Giữ bản đang dùng: {version.form.title} ({version.form.form_id}, phiên bản {version.version}) không phải "
            "bản của thư viện. Muốn thay bằng bản của thư viện: tải tệp mẫu ở trang Biểu mẫu, đặt số phiên bản mới rồi "
            "phát hành.",
            err=True,
        )


def _say(warnings: Sequence[SheetError]) -> None:
    for warning in warnings:
        click.echo(f"Lưu ý: {warning}", err=True)


@group.command("list")
@JSON
@with_appcontext
def list_forms(wants_json: bool) -> None:
    """Liệt kê biểu mẫu và các phiên bản đã phát hành."""
    forms = db.session.scalars(sa.select(Form).order_by(Form.form_id)).all()
    if wants_json:
        as_json([_listed(form) for form in forms])
        return
    for form in forms:
        versions = ", ".join(version.version for version in form.versions)
        click.echo(f"{form.form_id}\t{form.title}\t{versions}{' (đã ngừng)' if form.retired_at else ''}")


def _listed(form: Form) -> dict[str, object]:
    return {
        "form_id": form.form_id,
        "title": form.title,
        "retired": form.retired_at is not None,
        "versions": [
            {"version": each.version, "md5": each.md5, "published_at": each.published_at.isoformat()}
            for each in form.versions
        ],
    }


@group.command("index")
@click.argument("form_id")
@click.argument("question", required=False)
@click.option("--drop", is_flag=True, help="Bỏ chỉ mục của câu hỏi.")
@with_appcontext
def index_question(form_id: str, question: str | None, drop: bool) -> None:
    """Lập chỉ mục cho câu trả lời của một câu hỏi, để chương trình khác lọc phiếu theo nó thật nhanh (docs/kobo.md).

    Không nêu câu hỏi: liệt kê những câu hỏi đã có chỉ mục.
    """
    form = db.session.scalars(sa.select(Form).where(Form.form_id == form_id)).first()
    if form is None:
        refuse(f"Không có biểu mẫu “{form_id}”.")
    if question is None:
        click.echo("\n".join(indexed_questions.listed(form)) or "Chưa có câu hỏi nào.")
        return
    try:
        (indexed_questions.drop if drop else indexed_questions.add)(form, question)
    except IndexRejected as rejected:
        refuse(str(rejected))
    click.echo(f"{form_id}: {question} {'không còn' if drop else 'đã có'} chỉ mục.")
