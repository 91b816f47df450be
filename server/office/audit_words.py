"""What acts are called on the page of the audit, and what is told of the record and the details."""

import unicodedata
from collections.abc import Mapping

from server.accounts.roles import ROLES
from server.households import household_states
from server.review import submission_states

ACTS: Mapping[str, str] = {
    "attachment.read": "Mở ảnh từ tệp xuất",
    "bundle.distrust": "Thôi tin khóa gói số liệu của xã",
    "bundle.key": "Tạo khóa ký gói số liệu",
    "bundle.take": "Nhận gói số liệu của xã",
    "bundle.trust": "Tin khóa gói số liệu của xã",
    "bundle.write": "Ghi gói số liệu có ký",
    "city.export": "Tải số liệu các xã về Excel",
    "changes.read": "Đọc các phiếu đã thay đổi",
    "audit.export": "Tải nhật ký về",
    "audit.prune": "Xóa nhật ký quá hạn lưu",
    "backcheck.draw": "Bốc thăm phúc tra",
    "sample.draw": "Bốc thăm mẫu hộ",
    "sample.end": "Cho thôn sang đi mọi nhà",
    "backcheck.list": "Xem kết quả phúc tra",
    "backcheck.read": "Xem hai lần đến cạnh nhau",
    "bin.bring_back": "Đưa trở lại dữ liệu đã xóa theo hạn",
    "bin.put_back": "Đưa lại thứ cán bộ đã bỏ",
    "bin.empty": "Xóa hẳn thùng rác quá 30 ngày",
    "backup.make": "Sao lưu dữ liệu",
    "backup.restore": "Phục hồi từ bản sao lưu",
    "backup.verify": "Phục hồi thử bản sao lưu",
    "breach.add": "Ghi sự cố dữ liệu cá nhân",
    "breach.note": "Ghi thêm về sự cố dữ liệu cá nhân",
    "collector.add": "Thêm thành viên tổ",
    "collector.assign": "Giao thôn cho thành viên tổ",
    "collector.print": "Xem, in mã QR",
    "collector.revoke": "Thu hồi mã QR",
    "collector.rotate": "Đổi mã QR",
    "deletion.confirm": "Đồng ý xóa theo hạn sau khi xem lại",
    "deletion.passed": "Việc đã dừng để hỏi nay chạy xong",
    "deletion.stopped": "Dừng việc hằng ngày để hỏi",
    "difficulty.answer": "Trả lời phản ánh",
    "difficulty.close": "Đóng phản ánh",
    "difficulty.list": "Xem các phản ánh",
    "difficulty.read": "Xem một phản ánh",
    "difficulty.reopen": "Mở lại phản ánh",
    "difficulty.take": "Nhận xử lý phản ánh",
    "doubt.list": "Xem danh sách phiếu đáng ngờ",
    "doubt.members": "Xem thành viên so với thôn",
    "doubt.settle": "Ghi đã hỏi người đi về nhiều phiếu đáng ngờ",
    "doubt.setting": "Đặt cách kiểm tra của biểu mẫu hỏi lại",
    "export_setting.add": "Lưu cách xuất phiếu",
    "export_setting.change": "Sửa cách xuất phiếu",
    "export_setting.remove": "Xóa cách xuất phiếu",
    "entity.list": "Đọc danh sách điểm, doanh nghiệp",
    "form.attach": "Thêm tệp vào bản nháp biểu mẫu",
    "form.communes": "Chọn xã dùng biểu mẫu",
    "form.discard": "Bỏ bản nháp biểu mẫu",
    "form.file_add": "Thêm tệp vào biểu mẫu đang dùng",
    "form.file_remove": "Bỏ tệp của biểu mẫu đang dùng",
    "form.publish": "Phát hành biểu mẫu",
    "form.restore": "Dùng lại biểu mẫu",
    "form.retire": "Ngừng biểu mẫu",
    "form.upload": "Tải lên biểu mẫu",
    "household.fix": "Sửa thôn của hộ",
    "household.conflicts": "Xem các chỗ lệch của hộ",
    "household.doubles": "Xem các hộ có vẻ trùng nhau",
    "household.end": "Ghi hộ chuyển đi, không còn",
    "household.import": "Nạp danh sách hộ",
    "household.import_look": "Xem danh sách hộ trước khi nạp",
    "household.list": "Xem danh sách hộ có tên",
    "household.list_file": "Tải danh sách hộ về Excel",
    "household.list_paper": "In danh sách hộ",
    "household.merge": "Gộp hộ trùng",
    "household.move": "Chuyển hộ sang thôn khác",
    "household.read": "Xem tên một hộ",
    "household.appoint": "Hẹn ngày đến một hộ",
    "household.reopen": "Mở lại một hộ để đến",
    "household.undo_appoint": "Hoàn tác lần hẹn một hộ",
    "household.undo_reopen": "Hoàn tác việc mở lại một hộ",
    "household.remark": "Nhắn người đi về một hộ",
    "household.settle": "Chọn một trong hai lần ghi",
    "household.settle_overdue": "Ghi hộ mà phiếu đăng ký không tới",
    "household.split": "Tách hộ",
    "household.undo_end": "Hoàn tác việc ghi hộ không còn",
    "household.undo_fix": "Hoàn tác việc sửa thôn của hộ",
    "household.undo_import": "Hoàn tác nạp danh sách hộ",
    "household.undo_list": "Hoàn tác việc sửa hộ theo danh sách",
    "household.undo_merge": "Hoàn tác việc gộp hộ",
    "household.undo_move": "Hoàn tác việc chuyển hộ",
    "household.undo_remark": "Thu lời nhắn về một hộ",
    "household.undo_visit": "Hoàn tác việc chuyển phiếu sang hộ khác",
    "household.visit": "Chuyển phiếu sang hộ khác",
    "household.undo_split": "Hoàn tác việc tách hộ",
    "hook.add": "Thêm nơi nhận phiếu",
    "hook.change": "Sửa nơi nhận phiếu",
    "hook.go_on": "Cho gửi phiếu tiếp",
    "hook.remove": "Xóa nơi nhận phiếu",
    "hook.retry": "Gửi lại phiếu đã hỏng",
    "hook.send": "Gửi phiếu sang hệ thống khác",
    "link.add": "Tạo liên kết xem bảng số",
    "link.read": "Mở bảng số bằng liên kết",
    "link.revoke": "Thu hồi liên kết xem bảng số",
    "walk.assign": "Giao phần đi cho thành viên",
    "walk.join": "Bỏ chia phần đi của thôn",
    "walk.move_lane": "Đổi ngõ sang phần đi khác",
    "walk.name": "Đặt tên phần đi",
    "walk.read": "Xem phần đi của thôn",
    "walk.sheet": "In tờ đi của một phần",
    "walk.split": "Chia thôn thành phần đi",
    "pay.issue": "Chốt bảng ngày công",
    "pay.rates": "Đặt mức chi ngày công",
    "pay.read": "Xem bảng ngày công",
    "person.add": "Thêm tài khoản",
    "person.change": "Đổi vai trò, phạm vi của tài khoản",
    "person.disable": "Ngừng tài khoản",
    "person.enable": "Cho dùng lại tài khoản",
    "person.end_sessions": "Đăng xuất khỏi các nơi",
    "person.password": "Đổi mật khẩu của mình",
    "person.reset": "Cấp lại mật khẩu",
    "person.second_factor": "Cài mã xác thực",
    "person.sign_in": "Đăng nhập",
    "person.sign_in_failed": "Đăng nhập sai",
    "person.sign_out": "Đăng xuất",
    "person.unlock": "Mở khóa tài khoản",
    "photo.read": "Xem ảnh của phiếu",
    "place.end": "Ghi điểm, doanh nghiệp không còn",
    "place.list": "Sửa điểm, doanh nghiệp theo danh sách",
    "place.undo_end": "Hoàn tác việc ghi điểm không còn",
    "places.list": "Nạp danh sách điểm, doanh nghiệp",
    "places.bring_back": "Trở lại ranh giới cũ",
    "places.figures": "Nạp số hộ của các thôn",
    "places.open": "Mở xã, phường",
    "places.villages": "Nạp bảng thôn",
    "places.import": "Nạp ranh giới",
    "places.merge": "Hợp nhất thôn",
    "plan.load": "Nạp kế hoạch",
    "poster.close": "Đóng áp phích",
    "poster.delete_answer": "Xóa một câu trả lời của áp phích",
    "poster.end": "Đổi ngày cuối của áp phích",
    "poster.judge": "Chọn có so câu tự trả lời với mức giao",
    "poster.make": "Tạo áp phích",
    "poster.print": "Xem, in áp phích",
    "poster.renew": "Thay mã áp phích",
    "privacy.act_answer": "Ghi đã trả lời yêu cầu về dữ liệu",
    "privacy.act_correct": "Sửa dữ liệu theo yêu cầu của hộ",
    "privacy.act_delete": "Xóa dữ liệu theo yêu cầu của hộ",
    "privacy.act_extend": "Gia hạn yêu cầu về dữ liệu",
    "privacy.act_refuse": "Từ chối yêu cầu về dữ liệu",
    "privacy.act_view": "Trao bản trích dữ liệu cho hộ",
    "privacy.act_withdraw": "Xóa vị trí nhà theo yêu cầu của hộ",
    "privacy.correct": "Nhận yêu cầu sửa dữ liệu",
    "privacy.delete": "Nhận yêu cầu xóa dữ liệu",
    "privacy.extract": "Mở bản trích dữ liệu của hộ",
    "privacy.view": "Nhận yêu cầu xem dữ liệu",
    "privacy.withdraw": "Nhận yêu cầu rút đồng ý",
    "reported.correct": "Sửa số liệu báo cáo",
    "reported.enter": "Nhập số liệu báo cáo",
    "reported.take_back": "Rút số liệu báo cáo",
    "retention.delete": "Xóa dữ liệu hết hạn lưu",
    "submission.comment": "Ghi chú vào phiếu",
    "submission.correct": "Sửa câu trả lời của phiếu",
    "submission.list": "Xem danh sách phiếu có tên hộ",
    "submission.read": "Xem một phiếu",
    "submission.receive": "Nhận phiếu từ điện thoại",
    "submission.send_on": "Tổ trưởng chuyển phiếu cho cán bộ",
    "submission.first_look": "Đặt tổ trưởng xem trước",
    "submission.hold_share": "Đặt phần phiếu giữ ngẫu nhiên để xem",
    "submission.review": "Duyệt, xem lại, không nhận phiếu",
    "submissions.export": "Xuất phiếu",
    "submissions.read": "Chương trình khác đọc các phiếu",
    "task.update": "Cập nhật nhiệm vụ",
    "token.add": "Tạo khóa truy cập",
    "token.revoke": "Thu hồi khóa truy cập",
}
"""An act that is not here is shown by its code."""

ACTORS: Mapping[str, str] = {"system": "máy chủ (dòng lệnh)", "unknown": "chưa đăng nhập"}

_LEVELS = ("xã", "phường", "đặc khu")
"""What people call a commune that they look for."""
_RECORDS: Mapping[str, str] = {
    "attachment": "ảnh",
    "collector": "thành viên tổ",
    "commune": "xã, phường",
    "difficulty": "phản ánh",
    "entity": "hộ",
    "form": "biểu mẫu",
    "form_draft": "bản nháp",
    "form_version": "phiên bản biểu mẫu",
    "hook": "nơi nhận phiếu",
    "household_import": "danh sách hộ",
    "link": "liên kết",
    "list": "danh sách",
    "person": "tài khoản",
    "plan": "kế hoạch",
    "poster": "áp phích",
    "submission": "phiếu",
    "task": "nhiệm vụ",
    "token": "khóa truy cập",
    "village": "thôn",
}


_DETAILS: Mapping[str, str] = {
    "added": "thêm", "after": "sau", "all_states": "mọi tình trạng", "as": "dạng", "before": "trước",
    "changed": "thay đổi", "days": "số ngày", "reads": "được đọc",
    "commune": "xã, phường", "form_id": "biểu mẫu", "label": "có tên hộ", "labels": "có tên hộ",
    "more_communes": "xã, phường khác",
    "name": "tên", "personal": "có dữ liệu cá nhân", "plan": "kế hoạch", "record": "bản ghi", "roles": "vai trò",
    "rows": "số dòng", "sessions": "số phiên", "since": "từ ngày", "source": "nguồn", "state": "tình trạng",
    "subject": "bảng", "task": "nhiệm vụ", "tries": "lần thử", "until": "đến hết", "username": "tên đăng nhập",
    "villages": "thôn", "what": "sai ở", "where": "gửi tới", "active": "đang bật",
    "address": "địa chỉ", "asks": "hỏi", "by": "bởi", "collectors": "thành viên", "files": "tệp", "form": "biểu mẫu",
    "list": "danh sách", "locks": "số lần khóa", "md5": "MD5", "month": "tháng", "on": "bật", "part": "phần",
    "parts": "số phần", "pattern": "dấu hiệu", "request": "yêu cầu", "sha256": "SHA-256", "step": "bước",
    "version": "phiên bản",
    "day": "ngày", "judged": "so với mức giao", "old": "tờ cũ", "who": "ai", "why": "vì sao",
}  # fmt: skip


_OF_LISTS: Mapping[str, Mapping[str, str]] = {"roles": ROLES}


def record_words(record: str) -> str:
    """`submission:123` as `phiếu 123`; as it is where its kind has no word."""
    kind, _, number = record.partition(":")
    return f"{_RECORDS[kind]} {number}" if kind in _RECORDS and number else record


def record_key(words: str) -> str:
    """`phiếu 123`, as the page writes a record, as `submission:123`; whatever begins with no such word stays."""
    kinds = {word: kind for kind, word in _RECORDS.items()} | dict.fromkeys(_LEVELS, "commune")
    said = unicodedata.normalize("NFC", " ".join(words.split()))
    for word, kind in sorted(kinds.items(), key=lambda each: -len(each[0])):
        begin, number = said[: len(word)], said[len(word) :].strip()
        if begin.casefold() == word and number and said[len(word)] == " ":
            return f"{kind}:{number}"
    return words


def detail_words(detail: Mapping[str, object]) -> str:
    """`có tên hộ: có; tình trạng: vang`; nested details are told the same way."""
    return "; ".join(
        f"{_DETAILS.get(name, name)}: {_told(_worded(name, value))}" for name, value in detail.items()
    )


def _worded(name: str, value: object) -> object:
    """A state or a role by its word."""
    if name in _OF_LISTS and isinstance(value, list):
        return [_OF_LISTS[name].get(each, each) for each in value]
    if name not in ("before", "after", "state") or not isinstance(value, str):
        return value
    return submission_states.WORDS.get(value) or household_states.WORDS.get(value, value)


def _told(value: object) -> str:
    if isinstance(value, dict):
        return f"({detail_words(value)})"
    if isinstance(value, list):
        return ", ".join(_told(each) for each in value) or "–"
    if value is None:
        return "–"
    return {True: "có", False: "không"}[value] if isinstance(value, bool) else str(value)
