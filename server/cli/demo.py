"""`flask demo`: everything made and served, to try it."""

import importlib

import click
from flask import current_app
from flask.cli import with_appcontext

from server.cli.groups import SpokenCommand, refuse
from server.demo import NotPossible


@click.command("demo", cls=SpokenCommand)
@click.option(
    "--serve/--no-serve", "stay", default=True, help="Làm xong thì phục vụ đến khi dừng, hoặc thôi."
)
@click.option("--port", type=click.IntRange(1, 65535), default=8000, show_default=True, help="Cổng phục vụ.")
@click.option("--visits", type=click.IntRange(0, 50_000), default=3000, show_default=True, help="Số phiếu.")
@click.option(
    "--households", type=click.IntRange(50, 20_000), default=2000, show_default=True, help="Số hộ mỗi xã."
)
@with_appcontext
def command(stay: bool, port: int, visits: int, households: int) -> None:
    """Bản dùng thử: hai xã với kế hoạch, thôn, hộ và phiếu gửi qua đường của điện thoại.

    Lần đầu làm mọi thứ trong thư mục dữ liệu; các lần sau chỉ phục vụ những gì đã có.
    """
    demonstration = importlib.import_module(
        "server.demo.run"
    )  # maps and form tools: no other process needs them
    try:
        demonstration.run(current_app.config["SETTINGS"], port, visits, households, stay=stay)
    except NotPossible as reason:
        refuse(str(reason), cause=reason)
