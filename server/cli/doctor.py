"""`flask doctor`, `flask preflight`: what is wrong here, what is in the way of an upgrade, and what to do."""

import importlib
from collections.abc import Sequence
from typing import Any

import click
from flask.cli import with_appcontext

from server.cli.groups import JSON, SpokenCommand, as_json, refuse

SIGNS = {"ok": "✓", "warning": "!", "error": "✗"}


@click.command("doctor", cls=SpokenCommand)
@click.option("--quick", is_flag=True, help="Bỏ qua việc đối chiếu ảnh và đếm lại (lâu khi có nhiều phiếu).")
@JSON
@with_appcontext
def command(*, quick: bool, wants_json: bool) -> None:
    """Khám máy chủ: thiết lập, quyền tệp, ổ đĩa, cơ sở dữ liệu, đồng hồ, phông chữ, khóa, sao lưu, ảnh, số đếm.

    Mỗi dòng một kết quả và việc cần làm. Có lỗi (✗) thì thoát với mã 1; nhắc nhở (!) thì không.
    """
    doctor = importlib.import_module("server.operations.doctor")  # a visit needs none of it
    _tell(doctor.examine(thorough=not quick), wants_json=wants_json)


def by_night() -> None:
    """The quick part and some photos by chance, for `flask nightly`."""
    doctor = importlib.import_module("server.operations.doctor")
    _tell(doctor.examine(thorough=False, nightly=True), wants_json=False)


@click.command("preflight", cls=SpokenCommand)
@JSON
@with_appcontext
def preflight(*, wants_json: bool) -> None:
    """Trước khi cập nhật chương trình: bản của bảng, bản sao lưu mới, chỗ trống. Có lỗi (✗) thì thoát với mã 1."""
    upgrade = importlib.import_module("server.operations.doctor.before_upgrade")
    _tell(upgrade.preflight(), wants_json=wants_json)


def _tell(findings: Sequence[Any], *, wants_json: bool) -> None:
    if wants_json:
        as_json([{"subject": each.subject, "level": each.level, "words": each.words} for each in findings])
    else:
        for each in findings:
            click.echo(f"{SIGNS[each.level]} {each.words}")
    errors = sum(each.level == "error" for each in findings)
    if errors:
        refuse(f"Có {errors} lỗi cần sửa.")
