"""What a collector types into the rarer forms: loudspeakers, schools, businesses, satisfaction, difficulties."""

from collections.abc import Callable
from random import Random

from forms.engine.engine import Filling
from server.demo.schedule import ErrandKind
from server.demo.village_differences import Character

_KINDS = {
    "song_mang": (
        "Cuối ngõ sóng rất yếu, gọi điện hay bị ngắt, tối không vào được mạng.",
        "Internet cáp quang trong ngõ chập chờn từ đầu tháng, đã báo nhà mạng chưa thấy đến.",
        "Chưa nhà mạng nào kéo cáp quang vào xóm trong.",
    ),
    "dvc": (
        "Nộp hồ sơ đăng ký khai sinh trên mạng báo lỗi khi tải ảnh giấy tờ lên.",
        "Hồ sơ nộp trực tuyến đã hai tuần vẫn ghi đang xử lý, không biết hỏi ai.",
    ),
    "vneid": (
        "Người già trong nhà bị mất dấu vân tay, không kích hoạt được VNeID.",
        "Đổi điện thoại rồi không đăng nhập lại được VNeID.",
    ),
    "wifi": ("Wi-Fi nhà văn hóa bắt được nhưng không vào được mạng.",),
    "smart": ("Gửi phản ánh đèn đường hỏng trên Smart Hải Phòng chưa thấy trả lời.",),
    "thiet_bi": ("Hai ông bà ở với nhau, không có điện thoại thông minh để dùng dịch vụ số.",),
    "lua_dao": ("Có người gọi điện tự xưng là công an, bảo cài ứng dụng lạ để cập nhật căn cước.",),
    "loa": ("Cụm loa đầu ngõ rè, không nghe rõ buổi sáng.",),
}
_TECHNOLOGIES = ("hoa_don", "ke_toan", "ban_hang", "thanh_toan", "ban_qua_mang", "chu_ky_so")
_LEVELS = ("rat_hai_long", "hai_long", "binh_thuong", "khong_hai_long")


def fill(
    kind: ErrandKind, filling: Filling, village: str, character: Character, dice: Random
) -> dict[str, bytes]:
    """Fill one of the rarer forms; no photos."""
    filling.answer("thon", village)
    if kind in _OF_PEOPLE:
        _OF_PEOPLE[kind](filling, dice)
    else:
        _OF_PLACES[kind](filling, character, dice)
    return {}


def _loudspeaker(filling: Filling, character: Character, dice: Random) -> None:
    filling.answer("dia_diem", dice.choice(filling.choices("dia_diem")).name)
    filling.answer("loai_loa", dice.choices(("cntt_vt", "fm", "co_day"), (5, 4, 1))[0])
    plays = dice.random() < character.wifi
    filling.answer("phat_duoc", "co" if plays else "khong")
    if plays:
        filling.answer("nghe_ro", "co" if dice.random() < 0.8 else "khong")
    else:
        filling.answer("hong_gi", dice.choice(("mat_mang", "hong_loa", "hong_bo_thu", "mat_dien")))
    filling.answer("so_loa", dice.choice((2, 2, 3, 4)))
    filling.answer("so_loa_hong", 0 if plays else dice.choice((1, 2)))


def _school(filling: Filling, character: Character, dice: Random) -> None:
    """A school of the list where the thôn has one, else a branch that nobody listed."""
    listed = filling.choices("dia_diem")
    if listed:
        filling.answer("dia_diem", dice.choice(listed).name)
    else:
        filling.answer("tim_noi", "moi")
        filling.answer("ten_moi", "Điểm trường Mầm non")
    filling.answer("cap_hoc", "mam_non" if not listed else dice.choice(("tieu_hoc", "thcs")))
    filling.answer("internet", "cap_quang" if dice.random() < 0.9 else "loai_khac")
    filling.answer("mang_day_hoc", "co" if dice.random() < character.wifi else "khong")
    rooms = dice.randint(4, 18)
    filling.answer("so_phong", rooms)
    filling.answer("so_phong_mang", dice.randint(rooms // 2, rooms))
    filling.answer("so_phong_man_hinh", dice.randint(0, rooms))
    filling.answer("can_truong", dice.sample(("duong_truyen", "wifi_lop", "may_tinh", "tap_huan"), 2))


def _business(filling: Filling, character: Character, dice: Random) -> None:
    filling.answer("co_so", dice.choice(filling.choices("co_so")).name)
    answers = dice.choices(("co", "vang", "tu_choi"), (85, 12, 3))[0]
    filling.answer("tra_loi", answers)
    if answers != "co":
        return
    form = dice.choices(("doanh_nghiep", "ho_kinh_doanh", "hop_tac_xa"), (7, 2, 1))[0]
    filling.answer("loai_hinh", form)
    if form == "doanh_nghiep":
        filling.answer("quy_mo", dice.choices(("sieu_nho", "nho", "vua", "lon"), (60, 28, 10, 2))[0])
    used = (
        dice.sample(_TECHNOLOGIES, dice.randint(1, 3)) if dice.random() < 0.3 + character.gbps else ["khong"]
    )
    filling.answer("cong_nghe", used)
    filling.answer("can_co_so", dice.sample(("ban_qua_mang", "hoa_don", "chu_ky_so", "tap_huan"), 1))


def _satisfaction(filling: Filling, dice: Random) -> None:
    filling.answer("dong_y", "co" if dice.random() < 0.95 else "khong")
    if not filling.relevant("nhom_tuoi"):
        return
    filling.answer("nhom_tuoi", dice.choice(("18_30", "31_45", "46_60", "tren_60")))
    for used, level, chance in (("dvc_da_dung", "dvc_muc", 0.5), ("tthc_da_lam", "tthc_muc", 0.7)):
        has = dice.random() < chance
        filling.answer(used, "co" if has else "khong")
        if has:
            filling.answer(level, dice.choices(_LEVELS, (35, 55, 8, 2))[0])


def _difficulty(filling: Filling, dice: Random) -> None:
    kind = dice.choice(tuple(_KINDS))
    filling.answer("loai", kind)
    filling.answer("noi_dung", dice.choice(_KINDS[kind]))
    if dice.random() < 0.5:
        filling.answer("o_dau", f"Ngõ {dice.randint(1, 9)}")
    filling.answer("muon_tra_loi", "co" if dice.random() < 0.6 else "khong")
    households = filling.choices("ho") if filling.relevant("ho") else ()
    if households:
        filling.answer("ho", dice.choice(households).name)


_OF_PLACES: dict[ErrandKind, Callable[[Filling, Character, Random], None]] = {
    ErrandKind.LOUDSPEAKER: _loudspeaker,
    ErrandKind.SCHOOL: _school,
    ErrandKind.BUSINESS: _business,
}
_OF_PEOPLE: dict[ErrandKind, Callable[[Filling, Random], None]] = {
    ErrandKind.SATISFACTION: _satisfaction,
    ErrandKind.DIFFICULTY: _difficulty,
}
