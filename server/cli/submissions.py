"""`flask submissions`: what arrived and waits for a person."""

from pathlib import Path

import click
from flask.cli import with_appcontext

from forms import sealed
from forms.file_names import file_name
from forms.instance import read
from server import clock
from server.cli import arguments
from server.cli.groups import JSON, as_json, refuse, with_visits
from server.db import db
from server.intake import catch_up, not_applied
from server.places import communes
from server.review import doubts, waiting_reasons
from server.review.waiting_reasons import Waiter, Waiting, WaitingPage


@click.group("submissions")
def group() -> None:
    """Submissions."""


@group.command("list")
@click.option("--commune", "code", type=arguments.WRITTEN, help="Mã xã của người gửi; bỏ trống: mọi xã.")
@click.option("--quarantined", is_flag=True, help="Chỉ các phiếu được giữ riêng, chưa tính vào đâu.")
@click.option("--flagged", is_flag=True, help="Chỉ các phiếu có dấu hiệu cần xem lại.")
@click.option("--before", type=arguments.KEY, help="Trang tiếp: các phiếu có số nhỏ hơn số này.")
@click.option("--limit", type=click.IntRange(1, 1000), default=waiting_reasons.PAGE, show_default=True,
              help="Số phiếu mỗi trang.")  # fmt: skip
@JSON
@with_visits
def list_submissions(
    *,
    code: str | None,
    quarantined: bool,
    flagged: bool,
    before: int | None,
    limit: int,
    wants_json: bool,
) -> None:
    """Liệt kê các phiếu chờ người xem: giữ riêng, có dấu hiệu lạ, còn thiếu ảnh; mới nhất trước.

    Không có câu trả lời nào của người dân ở đây.
    """
    commune = communes.commune(code) if code else None
    page = waiting_reasons.listed(
        commune, quarantined=quarantined, flagged=flagged, before=before, limit=limit
    )
    counts = waiting_reasons.waiting(commune)
    if wants_json:
        as_json(_told(page, counts))
        return
    for waiter in page.waiters:
        click.echo(_line(waiter))
    click.echo(
        f"Đang chờ: {counts.quarantined} phiếu giữ riêng, {counts.flagged} phiếu có dấu hiệu, "
        f"{counts.incomplete} phiếu thiếu ảnh."
    )
    if page.before is not None:
        click.echo(f"Còn nữa: thêm --before {page.before}.")


@group.command("check")
@JSON
@with_visits
def check(*, wants_json: bool) -> None:
    """Soát ngay các phiếu mới: quá ngắn, trùng vị trí, trả lời giống nhau. Máy chủ tự làm việc này theo giờ."""
    looked_at = doubts.once()
    if wants_json:
        as_json({"checked": looked_at})
        return
    click.echo(f"Đã soát {looked_at} phiếu mới.")


@group.command("apply")
@click.option(
    "--again", is_flag=True, help="Cho xử lý lại cả những phiếu mà lần trước chương trình không xử lý được."
)
@JSON
@with_appcontext
def apply_log(*, again: bool, wants_json: bool) -> None:
    """Ghi ngay mọi phiếu đã nhận vào danh sách và số liệu. Máy chủ tự làm việc này trong chưa đầy một giây.

    Phiếu nào chương trình không xử lý được thì còn nguyên và được nêu ra kèm lý do.
    """
    tried = not_applied.try_again() if again else 0
    catch_up.caught_up()
    with db.engine.connect() as connection:
        left, failed = not_applied.backlog(connection), not_applied.failures(connection)
    if wants_json:
        told = [
            {"id": each.id, "received_at": each.received_at.isoformat(), "reason": each.reason}
            for each in failed
        ]
        as_json({"tried_again": tried, "waiting": left.waiting, "failed": told})
    else:
        for each in failed:
            click.echo(
                f"Phiếu {each.id}, nhận {each.received_at.astimezone(clock.LOCAL):%d/%m/%Y %H:%M}: {each.reason}"
            )
        click.echo(f"Còn chờ {left.waiting} phiếu, không xử lý được {left.failed} phiếu.")
    if left.waiting or left.failed:
        raise SystemExit(1)


def _line(waiter: Waiter) -> str:
    received = f"{waiter.received_at.astimezone(clock.LOCAL):%d/%m/%Y %H:%M}"
    form = f"{waiter.form_id} {waiter.version}".strip()
    words = "; ".join(reason.sentence for reason in waiter.reasons)
    place = waiter.village_name or "không rõ thôn"
    return "\t".join((str(waiter.id), received, form, place, waiter.collector or "?", words))


def _told(page: WaitingPage, counts: Waiting) -> dict[str, object]:
    return {
        "waiting": {
            "quarantined": counts.quarantined,
            "flagged": counts.flagged,
            "incomplete": counts.incomplete,
        },
        "submissions": [_submission(waiter) for waiter in page.waiters],
        "before": page.before,
    }


def _submission(waiter: Waiter) -> dict[str, object]:
    return {
        "id": waiter.id,
        "form_id": waiter.form_id,
        "version": waiter.version,
        "village": {"code": waiter.village_code, "name": waiter.village_name}
        if waiter.village_code
        else None,
        "collector": waiter.collector,
        "observed_at": waiter.observed_at.isoformat(),
        "received_at": waiter.received_at.isoformat(),
        "reasons": [{"code": reason.code, "sentence": reason.sentence} for reason in waiter.reasons],
    }


WHY = {
    "bad_key": "tệp khóa không phải khóa riêng RSA không mật khẩu (PEM hay DER).",
    "other_key": "khóa này không phải khóa của biểu mẫu ấy.",
    "damaged": "nội dung không khớp chữ ký: phiếu hoặc tệp đã bị đổi.",
    "missing": "chưa có đủ các tệp của phiếu.",
}


@group.command()
@click.option("--key", "key_file", required=True, type=arguments.FILE, help="Tệp khóa riêng; không lưu lại.")
@click.option(
    "--out", required=True, type=click.Path(file_okay=False, path_type=Path), help="Thư mục ghi ra."
)
@click.option("--form", "form_id", help="Chỉ các phiếu của biểu mẫu này.")
@with_visits
def unseal(key_file: Path, out: Path, form_id: str | None) -> None:
    """Mở các phiếu mã hóa bằng khóa riêng, ghi vào thư mục; không gửi gì đi, không đổi gì trong cơ sở dữ liệu."""
    try:
        key = sealed.private_key(key_file.read_bytes())
    except sealed.NotOpened as error:
        refuse(f"{key_file}: {WHY[error.code]}", cause=error)
    opened, left = 0, []
    for submission in waiting_reasons.sealed(form_id):
        try:
            found = sealed.unseal(read(submission.xml), waiting_reasons.files(submission), key)
        except sealed.NotOpened as error:
            left.append(f"Phiếu {submission.id}: {WHY.get(error.code, error.code)}")
            continue
        _write(out / str(submission.id), found)
        opened += 1
    click.echo(f"Đã mở {opened} phiếu vào {out}.")
    if left:
        refuse(*left)


def _write(folder: Path, found: sealed.Unsealed) -> None:
    """Names come from phones: only their last part is used."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / sealed.FORM).write_bytes(found.xml)
    for name, content in found.files.items():
        plain = file_name(name)
        (folder / (plain if plain != sealed.FORM else f"{plain}.1")).write_bytes(content)
