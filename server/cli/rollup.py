"""`flask rollup`: a commune's sums for a city's installation that is not this one, signed, sent or carried."""

from pathlib import Path

import click
from flask import current_app
from flask.cli import with_appcontext

from server.cli import arguments, out_file
from server.cli.groups import JSON, as_json, refuse, with_visits
from server.coverage import bundle_file, bundles_in, bundles_out
from server.db import begin_writing, db
from server.hooks import signed_request
from server.places import communes
from server.settings import Settings


@click.group("rollup")
def group() -> None:
    """Sums of communes on installations of their own."""


@group.command()
@click.option(
    "--renew", is_flag=True, help="Làm khóa mới; từ đó thành phố chỉ nhận gói sau khi tin khóa mới."
)
@JSON
@with_appcontext
def key(renew: bool, wants_json: bool) -> None:
    """In khóa công khai của máy này, để máy thành phố tin; khóa bí mật không rời máy."""
    begin_writing()
    signer = bundles_out.renew_key() if renew else bundles_out.own_key()
    public = signer.public_key
    db.session.commit()
    told = {"key": bundle_file.key_to_text(public), "fingerprint": bundle_file.fingerprint(public)}
    if wants_json:
        as_json(told)
    else:
        click.echo(f"Khóa công khai: {told['key']}\nDấu của khóa: {told['fingerprint']}")


@group.command()
@click.option("--commune", "code", type=arguments.WRITTEN, help="Mã xã; bỏ trống khi máy chỉ có một xã.")
@click.option(
    "--to", "path", type=click.Path(path_type=Path), help="Tệp hoặc thư mục để ghi, mang đi bằng USB."
)
@with_visits
def write(code: str | None, path: Path | None) -> None:
    """Ghi gói số liệu đã ký của xã, đến hết hôm qua; gửi đến TUNGNHA_ROLLUP_URL nếu có, hoặc ghi ra tệp."""
    settings: Settings = current_app.config["SETTINGS"]
    if path is None and not settings.rollup_url:
        refuse("Hãy nêu --to để ghi ra tệp, hoặc đặt TUNGNHA_ROLLUP_URL để gửi đến máy thành phố.")
    click.echo(written(code, path))


def written(code: str | None, path: Path | None) -> str:
    """Write a bundle to a file, or send it; what became of it, in words."""
    begin_writing()
    commune = bundles_out.commune_of_here(code)
    name = bundles_out.file_name(commune)
    signed = bundles_out.write(commune)
    db.session.commit()
    if path is None:
        return _sent(signed.whole)
    target = path / name if path.is_dir() else path
    out_file.write(target, signed.whole)
    return f"Đã ghi {target}"


def _sent(whole: bytes) -> str:
    settings: Settings = current_app.config["SETTINGS"]
    url = f"{settings.rollup_url.rstrip('/')}/api/v1/rollup"
    posted = signed_request.post(url, whole, {"Content-Type": bundle_file.MEDIA_TYPE}, settings)
    if not posted.is_taken:
        refuse(f"Máy thành phố chưa nhận gói số liệu: {posted.answer}")
    return f"Đã gửi gói số liệu đến {settings.rollup_url}"


@group.command()
@click.argument("path", type=click.Path(path_type=Path))
@with_appcontext
def take(path: Path) -> None:
    """Nhận gói số liệu của một xã từ tệp; gói lạ, sửa hay cũ thì không nhận và không đổi gì."""
    try:
        with path.open("rb") as file:
            whole = file.read(bundle_file.LARGEST + 1)
    except OSError as error:
        refuse(f"Không đọc được {path}: {error.strerror}.", cause=error)
    begin_writing()
    taken = bundles_in.take(whole)
    db.session.commit()
    already = "" if taken.new else " (đã nhận từ trước)"
    click.echo(f"Xã {taken.commune}: số liệu đến {taken.as_of:%d/%m/%Y}{already}")


@group.command()
@click.argument("code")
@click.argument("public_key")
@with_appcontext
def trust(code: str, public_key: str) -> None:
    """Tin gói số liệu của xã CODE ký bằng khóa này; so dấu của khóa qua điện thoại trước khi tin."""
    begin_writing()
    source = bundles_in.trust(communes.commune(code), public_key)
    mark = bundle_file.fingerprint(source.public_key)
    db.session.commit()
    click.echo(f"Đã tin khóa {mark} cho xã {code}.")


@group.command()
@click.argument("code")
@with_appcontext
def distrust(code: str) -> None:
    """Thôi tin khóa của xã CODE và bỏ số liệu đã nhận."""
    begin_writing()
    if not bundles_in.distrust(communes.commune(code)):
        refuse(f"Xã {code} không có khóa nào được tin.")
    db.session.commit()
    click.echo(f"Đã thôi tin khóa của xã {code}.")


@group.command("list")
@JSON
@with_appcontext
def list_sources(wants_json: bool) -> None:
    """Liệt kê các xã chạy máy riêng, dấu của khóa, và số liệu nhận gần nhất."""
    rows = [
        {
            "commune": source.commune.code,
            "name": source.commune.name,
            "fingerprint": bundle_file.fingerprint(source.public_key),
            "as_of": source.as_of,
            "taken_at": source.taken_at,
        }
        for source in bundles_in.listed()
    ]
    if wants_json:
        as_json(rows)
        return
    for row in rows:
        click.echo(f"{row['commune']}\t{row['name']}\t{row['fingerprint']}\t{row['as_of'] or 'chưa gửi'}")
