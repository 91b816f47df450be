"""`flask backup`, `flask restore`, `flask backup-key`: everything in one file, and back."""

import contextlib
import importlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
from flask.cli import with_appcontext
from sqlalchemy.exc import SQLAlchemyError

from server import audit
from server.answers import indexed_questions
from server.cli.arguments import FILE
from server.cli.groups import JSON, SpokenCommand, as_json, refuse, told
from server.db import begin_writing, db


@contextlib.contextmanager
def _sentences() -> Iterator[None]:
    """Age and archives are read when first used; a visit needs none of it."""
    archive = importlib.import_module("server.operations.backup.archive")
    with told():
        try:
            yield
        except archive.Unusable as error:
            refuse(str(error), cause=error)
        except OSError as error:
            refuse(f"Không ghi hoặc đọc được tệp: {error.strerror or error}.", cause=error)


@click.command("backup", cls=SpokenCommand)
@click.argument("out", type=click.Path(path_type=Path))
@click.option("--keep", type=click.IntRange(1), help="OUT là thư mục: chỉ giữ chừng này bản mới nhất.")
@JSON
@with_appcontext
def command(*, out: Path, keep: int | None, wants_json: bool) -> None:
    """Sao lưu mọi dữ liệu, trong khi máy chủ vẫn chạy.

    OUT là thư mục (nên dùng): mỗi lần một tệp mang ngày giờ, ảnh nằm bên cạnh và chỉ ảnh mới được chép thêm; hoặc một
    tệp mới chứa tất cả. Gồm cơ sở dữ liệu (cả biểu mẫu), ảnh, bảng kê có mã băm. Có TUNGNHA_BACKUP_KEY thì mọi thứ
    được mã hóa và gồm cả khóa bí mật của máy chủ.
    """
    with _sentences():
        if out.exists() and not out.is_dir():
            refuse(f"{out} đã có: hãy chọn tên khác hoặc một thư mục.")
        if keep is not None and not out.is_dir():
            refuse(f"--keep cần một thư mục có sẵn, mà {out} không phải.")
        make = importlib.import_module("server.operations.backup.make_backup")
        made = make.backup(out)
        forgotten = make.forget_older(out, keep) if keep else 0
        begin_writing()
        detail = {"file": made.path.name, "bytes": made.size, "rows": made.rows, "blobs": made.blobs,
                  "copied": made.copied, "encrypted": made.is_encrypted,
                  "lost": len(made.missing) + len(made.damaged)}  # fmt: skip
        audit.add(audit.SYSTEM, "backup.make", "backup", detail)
        db.session.commit()
    if wants_json:
        as_json({**detail, "file": str(made.path), "missing": len(made.missing), "damaged": made.damaged})
        return
    photos = f"{made.blobs} ảnh ({made.copied} ảnh mới)" if out.is_dir() else f"{made.blobs} ảnh"
    click.echo(f"Đã sao lưu {made.rows} dòng, {photos} vào {made.path} ({made.size / 1e6:.1f} MB).")
    for names, what in ((made.missing, "Thiếu"), (made.damaged, "Hỏng, nên không sao lưu được,")):
        if names:
            click.echo(f"{what} {len(names)} ảnh mà phiếu có nêu: {', '.join(names)}.", err=True)
    if made.missing or made.damaged:
        click.echo(
            "Hãy lấy lại từ bản sao lưu cũ, hoặc để điện thoại gửi lại phiếu; xem “flask doctor”.", err=True
        )
    if forgotten:
        click.echo(f"Đã xóa {forgotten} bản cũ.")
    if not made.is_encrypted:
        click.echo(
            "Tệp không mã hóa và không có khóa bí mật: hãy giữ riêng tệp secret_key, xem “flask backup-key”."
        )


@click.command("restore", cls=SpokenCommand)
@click.argument("file", type=FILE)
@click.option("--key", type=FILE, help="Tệp khóa riêng, nếu bản sao lưu được mã hóa.")
@click.option("--verify", is_flag=True, help="Phục hồi thử vào một nơi tạm rồi bỏ, so từng dòng, từng ảnh.")
@JSON
@with_appcontext
def restore(file: Path, key: Path | None, *, verify: bool, wants_json: bool) -> None:
    """Phục hồi một bản sao lưu vào nơi chưa có dữ liệu; máy chủ phải đang dừng.

    Cả tệp được kiểm tra trước khi ghi dòng đầu tiên; sau đó so lại từng bảng và đếm lại. Hộ đã xóa theo yêu cầu sau lúc
    sao lưu được xóa lần nữa. Lần phục hồi bị ngắt giữa chừng thì chạy lại lệnh, mọi thứ làm lại từ đầu.
    """
    with _sentences():
        told = _rehearsed(file, key) if verify else _restored(file, key)
    for warning in told.warnings:
        click.echo(warning, err=True)
    if wants_json:
        as_json({**told.detail, "warnings": list(told.warnings)})
    else:
        click.echo(told.sentence)


@dataclass(frozen=True)
class _Told:
    detail: dict[str, Any]
    sentence: str
    warnings: Sequence[str]


def _restored(file: Path, key: Path | None) -> _Told:
    identities = importlib.import_module("server.operations.backup.archive").identities(key)
    done = importlib.import_module("server.operations.backup.restore").restore(file, identities)
    indexed_questions.ensure()
    detail = {"file": file.name, "made_at": done.made_at, "rows": done.rows, "blobs": done.blobs,
              "spoilt": len(done.spoilt)}  # fmt: skip
    begin_writing()
    audit.add(audit.SYSTEM, "backup.restore", "backup", detail)
    db.session.commit()
    sentence = f"Đã phục hồi {done.rows} dòng, {done.blobs} ảnh (sao lưu lúc {done.made_at}); mọi dòng khớp."
    return _Told({**detail, "spoilt": list(done.spoilt)}, sentence, done.warnings)


def _rehearsed(file: Path, key: Path | None) -> _Told:
    """Tried in a scratch place; the audit keeps it where there is one, and the doctor asks for it."""
    rehearse = importlib.import_module("server.operations.backup.rehearse_restore")
    last = importlib.import_module("server.operations.backup.last_backup")
    told = rehearse.rehearse(file, key)
    warnings, spoilt = told.pop("warnings"), told.pop("spoilt")
    if spoilt:
        _refuse_spoilt(file, spoilt)
    try:
        begin_writing()
        audit.add(audit.SYSTEM, last.VERIFIED, "backup", told)
        db.session.commit()
    except SQLAlchemyError:  # a backup may be tried on a machine that has no database
        db.session.rollback()
    sentence = (
        f"Tệp còn nguyên: sao lưu lúc {told['made_at']}, phục hồi thử được {told['rows']} dòng, {told['blobs']} ảnh, "
        "mọi mã băm khớp."
    )
    return _Told(told, sentence, warnings)


def _refuse_spoilt(file: Path, names: Sequence[str]) -> None:
    """A backup that does not bring every photo back is not one that was tried; the next one copies these anew."""
    store = importlib.import_module("server.operations.backup.photo_store")
    store.drop(file.parent, names)
    named = ", ".join(name[:12] for name in names[:5])
    refuse(
        f"{len(names)} ảnh trong bản sao lưu mất hoặc hỏng ({named}): hãy xem ổ đĩa sao lưu, rồi chạy “flask backup”: "
        "các ảnh ấy sẽ được chép lại. Mọi thứ khác khớp."
    )


@click.command("backup-key", cls=SpokenCommand)
@click.argument("file", type=click.Path(path_type=Path))
@with_appcontext
def make_key(file: Path) -> None:
    """Tạo cặp khóa sao lưu: khóa riêng vào FILE (giữ ngoài máy chủ), khóa công khai in ra."""
    with _sentences():
        if file.exists():
            refuse(f"{file} đã có: hãy chọn tên khác, đừng ghi đè khóa cũ.")
        public = importlib.import_module("server.operations.backup.archive").make_key(file)
    click.echo(f"TUNGNHA_BACKUP_KEY={public}")
    click.echo(f"Hãy đặt dòng trên cho máy chủ, chép {file} ra nơi khác (USB, két) rồi xóa khỏi máy chủ.")
