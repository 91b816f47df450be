"""`flask forms`: check an officer's workbook, publish it, list what is published."""

from collections.abc import Sequence
from pathlib import Path

import click
import sqlalchemy as sa
from flask.cli import with_appcontext

from forms.check import BlankFinding, blank_findings
from forms.convert import Converted
from forms.engine import Unfillable
from forms.errors import SheetError
from server import places, publishing
from server.cli.arguments import FILE
from server.cli.groups import JSON, as_json, refuse
from server.db import db, writing
from server.models import Form


@click.group("forms")
def group() -> None:
    """Forms."""


@group.command()
@click.argument("workbook", type=FILE)
@JSON
@with_appcontext
def check(workbook: Path, wants_json: bool) -> None:
    """Xem một tệp XLSForm có phát hành được không; không ghi gì.

    Nêu mọi lỗi kèm trang tính, dòng, cột; thử điền câu trả lời trống và “không biết”: khi ấy biểu mẫu không
    được ghi nhận chỉ tiêu nào.
    """
    converted = publishing.checked(workbook.read_bytes(), workbook.name)
    blank = _blank(converted)
    if wants_json:
        as_json(_checked(converted, blank))
    else:
        _say(converted.warnings)
    if blank:
        refuse(*map(str, blank))
    if not wants_json:
        definition = converted.definition
        stated = ", ".join(definition.indicators) or "không có"
        click.echo(
            f"Dùng được: {definition.title} ({definition.form_id}, phiên bản {definition.version}); "
            f"{len(definition.fields)} mục; chỉ tiêu: {stated}."
        )


def _blank(converted: Converted) -> Sequence[BlankFinding]:
    """DESIGN 6.9; a form that the engine cannot fill (its external lists are missing here) is not held back."""
    try:
        return blank_findings(converted.xform)
    except Unfillable as reason:
        click.echo(f"Chưa thử điền được: {reason}", err=True)
        return ()


def _checked(converted: Converted, blank: Sequence[BlankFinding]) -> dict[str, object]:
    definition = converted.definition
    return {
        "form_id": definition.form_id,
        "version": definition.version,
        "title": definition.title,
        "indicators": list(definition.indicators),
        "warnings": [str(warning) for warning in converted.warnings],
        "blank_findings": [str(finding) for finding in blank],
    }


@group.command()
@click.argument("workbook", type=FILE, required=False)
@click.option("--commune", "code", help="Mã xã có biểu mẫu này; bỏ trống: dùng cho mọi xã.")
@click.option("--file", "files", type=FILE, multiple=True, help="Ảnh, âm thanh, danh sách đi kèm.")
@click.option(
    "--exact-points", is_flag=True, help="Giữ vị trí hộ chính xác; chỉ khi căn cứ pháp lý cho phép."
)
@click.option("--library", "from_library", is_flag=True, help="Phát hành các biểu mẫu có sẵn của Từng Nhà.")
@JSON
@with_appcontext
def publish(
    workbook: Path | None,
    code: str | None,
    files: tuple[Path, ...],
    exact_points: bool,
    from_library: bool,
    wants_json: bool,
) -> None:
    """Phát hành một tệp XLSForm (hoặc cả thư viện): điện thoại sẽ thấy ở lần cập nhật tới."""
    if from_library == (workbook is not None):
        refuse("Hãy nêu một tệp XLSForm, hoặc --library để phát hành các biểu mẫu có sẵn.")
    writing()
    if workbook is None:
        published = publishing.publish_library()
    else:
        made = publishing.publish(
            workbook.read_bytes(),
            workbook.name,
            commune=places.commune(code) if code else None,
            files=[publishing.MediaFile(path.name, path.read_bytes()) for path in files],
            exact_points=exact_points,
        )
        published = (made,)
    db.session.commit()
    if wants_json:
        as_json([_published(each) for each in published])
        return
    for each in published:
        _say(each.warnings)
        version = each.form_version
        done = "Đã phát hành" if each.new else "Đã có từ trước, không đổi gì"
        click.echo(f"{done}: {version.form.title} ({version.form.form_id}, phiên bản {version.version}).")


def _published(each: publishing.Published) -> dict[str, object]:
    version = each.form_version
    return {
        "form_id": version.form.form_id,
        "version": version.version,
        "md5": version.md5,
        "new": each.new,
        "warnings": [str(warning) for warning in each.warnings],
    }


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
