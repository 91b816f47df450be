"""What the doctor asks of the machine: settings, who may read secrets, disks, fonts."""

import ctypes
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import sqlalchemy as sa
from flask import current_app

from server.files import blobs
from server.operations import health
from server.operations.doctor.finding import Diagnosis, bad, doubtful, fine
from server.settings import Settings, variables

SHORTEST_KEY = 32
PANGO = ("libpango-1.0.so.0", "libpangoft2-1.0.so.0")
"""What WeasyPrint loads; asking for it takes no second as loading WeasyPrint itself does."""
FONT = "vendor/be-vietnam-pro/font.css"
OTHERS = stat.S_IRWXG | stat.S_IRWXO
OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH

_DISKS = {"data": "dữ liệu", "blobs": "ảnh"}


def _settings() -> Settings:
    found: Settings = current_app.config["SETTINGS"]
    return found


def settings() -> Iterator[Diagnosis]:
    """Names that nobody reads, and values that would not pass level 2."""
    found = list(_doubts(_settings()))
    yield from found or [fine("settings", "Thiết lập hợp lệ.")]


def _doubts(settings: Settings) -> Iterator[Diagnosis]:
    known = variables()
    for name in sorted(os.environ):
        if name.startswith("TUNGNHA_") and not name.startswith("TUNGNHA_TEST_") and name not in known:
            yield doubtful(
                "settings", "Không có thiết lập nào tên {name}: hãy sửa tên theo docs/settings.md.", name=name
            )
    if settings.demo:
        yield doubtful("settings", "Đang chạy bản dùng thử (TUNGNHA_DEMO): đừng dùng cho dữ liệu thật.")
    if settings.second_factor == "none":
        yield doubtful(
            "settings", "Không ai phải dùng mã xác thực (TUNGNHA_SECOND_FACTOR=none): cấp độ 2 cần có."
        )
    if settings.idle_minutes > 15 or settings.admin_idle_minutes > 5:
        yield doubtful(
            "settings",
            "Để trống quá 15 phút (quản trị: 5 phút) mới phải đăng nhập lại: dài hơn cấp độ 2 cho phép.",
        )
    if settings.proxies and not settings.https:
        yield doubtful(
            "settings",
            "Có máy chủ web đứng trước (TUNGNHA_PROXIES) mà chưa bật TUNGNHA_HTTPS: nếu đã có HTTPS thì bật.",
        )
    if settings.base_map and not settings.tiles:
        yield doubtful(
            "settings",
            "Địa chỉ bản đồ nền (TUNGNHA_BASE_MAP) không dùng được nên không vẽ: cần {{z}}, {{x}}, {{y}} và không có "
            "chỗ trống nào khác, ví dụ https://ban-do.example.vn/{{z}}/{{x}}/{{y}}.png.",
        )
    elif settings.base_map and not settings.base_map_attribution:
        yield doubtful(
            "settings",
            "Bản đồ nền (TUNGNHA_BASE_MAP) chưa có lời ghi nguồn: nơi cấp bản đồ thường đòi, hãy ghi vào "
            "TUNGNHA_BASE_MAP_ATTRIBUTION.",
        )
    if settings.log_format not in ("text", "json"):
        yield bad("settings", "TUNGNHA_LOG_FORMAT chỉ nhận text hoặc json.")


def secrets() -> Iterator[Diagnosis]:
    """The files that open everything are the owner's alone."""
    settings = _settings()
    if len(current_app.config["SECRET_KEY"]) < SHORTEST_KEY:
        yield bad(
            "secrets",
            "Khóa bí mật ngắn hơn {length} ký tự, đoán được: hãy đặt TUNGNHA_SECRET_KEY dài hơn rồi cấp lại mã QR.",
            length=SHORTEST_KEY,
        )
    found = list(_open_files(settings))
    yield from found or [fine("secrets", "Chỉ chủ máy chủ đọc được khóa và cơ sở dữ liệu.")]


def _open_files(settings: Settings) -> Iterator[Diagnosis]:
    private = [settings.instance / "secret_key", *_databases(settings)]
    for path in private:
        if path.exists() and path.stat().st_mode & OTHERS:
            yield bad(
                "secrets", "Người khác trên máy này đọc được {path}: hãy chạy “chmod 600 {path}”.", path=path
            )
    folders = {settings.instance} if blobs.is_bucket(settings) else {settings.instance, settings.blob_folder}
    for folder in folders:
        if folder.exists() and folder.stat().st_mode & OTHERS_WRITE:
            yield bad(
                "secrets",
                "Người khác trên máy này ghi được vào {path}: hãy chạy “chmod go-w {path}”.",
                path=folder,
            )


def _databases(settings: Settings) -> list[Path]:
    if not settings.database.startswith("sqlite:///"):
        return []
    return [Path(sa.make_url(settings.database).database or "")]


def disk() -> Iterator[Diagnosis]:
    """How much is left where visits go."""
    settings = _settings()
    for space in health.spaces(settings):
        told = {
            "what": _DISKS[space.name], "free": f"{space.free / 1e9:.1f}".replace(".", ","),
            "total": f"{space.total / 1e9:.0f}", "folder": space.folder,
        }  # fmt: skip
        if space.free < health.full_below(settings):
            yield bad(
                "disk",
                "Ổ đĩa của {what} ({folder}) đã đầy, chỉ còn {free} GB: điện thoại không gửi được. Hãy xóa bớt tệp "
                "khác trên ổ hoặc thêm ổ đĩa ngay.",
                **told,
            )
        elif space.free < settings.min_free_mb * 1_000_000:
            yield doubtful(
                "disk",
                "Ổ đĩa của {what} ({folder}) còn {free} GB trong {total} GB: hãy dọn hoặc thêm ổ đĩa.",
                **told,
            )
        else:
            yield fine("disk", "Ổ đĩa của {what} còn {free} GB trong {total} GB.", **told)


def fonts() -> Iterator[Diagnosis]:
    """What pages and printed sheets are set in."""
    folders = [each.static_folder for each in current_app.blueprints.values() if each.static_folder]
    if folders and not any((Path(folder) / FONT).exists() for folder in folders):
        yield bad("fonts", "Thiếu phông chữ và bản đồ của trang web: hãy chạy “make assets”.")
    try:
        for library in PANGO:
            ctypes.CDLL(library)
    except OSError:
        yield doubtful(
            "fonts",
            "Máy chưa có Pango nên không làm được tệp PDF: hãy cài libpango-1.0-0, libpangoft2-1.0-0 và "
            "fonts-noto-core.",
        )
    else:
        yield fine("fonts", "Làm được tệp PDF.")
