"""`flask hooks`: what is sent on to other systems."""

import os

import click
import sqlalchemy as sa
from flask.cli import with_appcontext

from server.cli.groups import JSON, as_json, with_visits
from server.db import db
from server.hooks import delivery, hook_register, outbox
from server.models import Hook


@click.group("hooks")
def group() -> None:
    """Hooks."""


@group.command()
@JSON
@with_visits
def send(wants_json: bool) -> None:
    """Gửi ngay những gì đang chờ và đến lượt, rồi thôi; máy chủ đang chạy tự làm việc này."""
    holder = f"{os.getpid()}.{outbox.uid('')}"
    try:
        taken = delivery.send_due(holder)
    finally:
        delivery.let_go(holder)
    if wants_json:
        as_json({"sent": taken})
    else:
        click.echo(f"Đã gửi {taken} thay đổi.")


@group.command("list")
@JSON
@with_appcontext
def list_hooks(wants_json: bool) -> None:
    """Liệt kê các địa chỉ nhận phiếu, đã gửi, đang chờ và hỏng bao nhiêu."""
    hooks = db.session.scalars(sa.select(Hook).order_by(Hook.id)).unique().all()
    counts = hook_register.counts([each.id for each in hooks])
    if wants_json:
        as_json([_told(each) | vars(counts[each.id]) for each in hooks])
        return
    for each in hooks:
        found = counts[each.id]
        state = "tạm dừng" if each.paused_at else "đang gửi" if each.active else "tắt"
        numbers = f"đã gửi {found.sent}, chờ {found.waiting}, hỏng {found.failed}"
        click.echo(f"{each.commune.code}\t{each.form.form_id}\t{each.name}\t{state}\t{numbers}")


def _told(hook: Hook) -> dict[str, object]:
    return {
        "uid": hook.uid, "commune": hook.commune.code, "form_id": hook.form.form_id, "name": hook.name,
        "active": hook.active, "paused_at": hook.paused_at, "why": hook.paused_why,
    }  # fmt: skip
