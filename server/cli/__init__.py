"""Administration by `flask <group> <verb>`; every command says in one sentence what went wrong."""

from flask import Flask

from server.cli import backup, demo, doctor, nightly
from server.cli.groups import Group

GROUPS = (
    Group("db", "server.cli.database", "Bảng dữ liệu: tạo, cập nhật, kiểm tra."),
    Group("forms", "server.cli.forms", "Biểu mẫu: kiểm tra, phát hành, liệt kê."),
    Group("boundaries", "server.cli.boundaries", "Ranh giới xã và thôn: nạp từ tệp bản đồ."),
    Group("plans", "server.cli.plans", "Kế hoạch của xã và các con số phải đạt."),
    Group("households", "server.cli.households", "Hộ dân: nạp danh sách từ Excel, CSV."),
    Group("people", "server.cli.people", "Người đăng nhập: thêm, liệt kê, cấp lại, ngừng, cho dùng lại."),
    Group("tokens", "server.cli.tokens", "Khóa truy cập cho chương trình (/api/v1)."),
    Group("audit", "server.cli.audit", "Nhật ký: xóa phần đã quá hạn lưu."),
    Group(
        "privacy", "server.cli.privacy", "Dữ liệu cá nhân: xóa phần quá hạn lưu, xóa lại sau khi khôi phục."
    ),
    Group("bin", "server.cli.bin", "Thùng rác: những gì đã xóa theo hạn trong 30 ngày, đưa trở lại được."),
    Group("collectors", "server.cli.collectors", "Người đi khảo sát và mã QR của họ."),
    Group("submissions", "server.cli.submissions", "Phiếu đã nhận và còn chờ người xem."),
    Group("coverage", "server.cli.coverage", "Tỷ lệ phủ: xem, dồn số, đếm lại."),
    Group("hooks", "server.cli.hooks", "Gửi phiếu sang hệ thống khác: gửi ngay, liệt kê."),
    Group("rollup", "server.cli.rollup", "Gói số liệu có ký, giữa máy riêng của xã và máy thành phố."),
    Group("docs", "server.cli.docs", "Tài liệu làm từ mã nguồn.", hidden=True),
)


def register(app: Flask) -> None:
    """Add all commands to the application; each group's file is read when it is first used."""
    for group in GROUPS:
        app.cli.add_command(group)
    app.cli.add_command(demo.command)
    app.cli.add_command(nightly.command)
    for command in (backup.command, backup.restore, backup.make_key, doctor.command, doctor.preflight):
        app.cli.add_command(command)
