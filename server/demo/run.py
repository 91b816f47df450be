"""The demonstration from start to end: make it if it is not there, serve it, say how to use it."""

import sys
from collections.abc import Mapping
from multiprocessing.context import ForkProcess as Process
from typing import Any

import click
import segno

from server import clock, migrate
from server.db import db
from server.demo import NotPossible, demo_json, demo_mark, fill, people, serve
from server.demo.progress import StepProgress
from server.demo.scale import Scale
from server.settings import Settings

_LIMIT = 12
"""Collectors that the table on the terminal shows; demo.json has them all."""


def run(settings: Settings, port: int, visits: int, households: int, *, stay: bool) -> None:
    """Make the demonstration where it is not there yet, and serve it until told to end (where we `stay`).

    Raises NotPossible; what was half made is made anew by the next run.
    """
    serve.check_port(port)
    settings.instance.mkdir(parents=True, exist_ok=True)
    known = demo_json.read(settings.instance) if fill.is_there() else None
    if known is not None:
        demo_mark.forbid_other(settings)
        migrate.upgrade()
        found = demo_json.moved(known, serve.address(port), people.qr_text)
        demo_json.write(settings.instance, found)
        demo_mark.finish()
        _hang_up()
        if stay:
            _serve(settings, port, found)
        return
    try:
        _make(settings, Scale(visits, households, clock.today()), port, stay=stay)
    except KeyboardInterrupt as error:
        raise NotPossible("Đã dừng giữa chừng; lần chạy sau làm lại từ đầu.") from error


def _make(settings: Settings, scale: Scale, port: int, *, stay: bool) -> None:
    progress = StepProgress()
    fill.clear(settings)
    everyone = fill.tables(scale, progress)
    progress.step("Khởi động máy chủ …")
    _hang_up()
    with serve.serving(settings, port) as child:
        url = serve.address(port)
        fill.visits(scale, everyone, url, progress)
        found = demo_json.described(everyone, url, people.qr_text)
        demo_json.write(settings.instance, found)
        demo_mark.finish()
        progress.step("Xong.")
        if stay:
            _stay(settings, child, found)


def _hang_up() -> None:
    """No connection of ours may go with the process that is about to part from us."""
    db.session.close()
    db.dispose()


def _serve(settings: Settings, port: int, found: Mapping[str, Any]) -> None:
    with serve.serving(settings, port) as child:
        _stay(settings, child, found)


def _stay(settings: Settings, child: Process, found: Mapping[str, Any]) -> None:
    click.echo(told(settings, found))
    if sys.stdout.isatty():
        collector = found["collectors"][0]
        click.echo(f"Mã QR của {collector['name']} (quét bằng ODK Collect):")
        segno.make_qr(collector["qr"], error="l").terminal(compact=True)
    click.echo("Nhấn Ctrl-C để dừng.")
    try:
        child.join()
    except KeyboardInterrupt:
        click.echo("Đã dừng.")


def told(settings: Settings, found: Mapping[str, Any]) -> str:
    """The address, the accounts and where the rest is written."""
    accounts = [(key, each["username"], each["password"]) for key, each in found["accounts"].items()]
    collectors = found["collectors"][:_LIMIT]
    more = len(found["collectors"]) - len(collectors)
    lines = [
        "",
        f"Từng Nhà (bản dùng thử): mở {found['url']}/dang-nhap",
        "",
        f"  {'tài khoản':<22} mật khẩu",
        *(f"  {username:<22} {password}" for _key, username, password in accounts),
        "",
        "  thành viên tổ (điện thoại)",
        *(f"  {each['name']:<22} {', '.join(each['villages'])}" for each in collectors),
        *([f"  … và {more} người nữa"] if more else []),
        "",
        f"Mã QR, mật khẩu của thành viên và khóa /api/v1: {settings.instance / demo_json.NAME}",
    ]
    return "\n".join(lines)
