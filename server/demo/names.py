"""Invented Vietnamese names of people; any likeness is chance."""

from random import Random

_FAMILY = {
    "Nguyễn": 34, "Trần": 11, "Lê": 9, "Phạm": 9, "Vũ": 7, "Hoàng": 5, "Đỗ": 5, "Bùi": 4, "Đặng": 3, "Ngô": 3,
    "Đinh": 2, "Phùng": 2, "Lương": 2, "Đoàn": 2, "Mạc": 1, "Tô": 1,
}  # fmt: skip
_MEN = ("Văn", "Đức", "Hữu", "Quang", "Minh", "Xuân", "Bá", "Đình")
_WOMEN = ("Thị", "Thu", "Ngọc", "Thanh", "Thúy", "Bích")
_MENS = (
    "An", "Bình", "Chiến", "Cường", "Dũng", "Đạt", "Hải", "Hiệp", "Hùng", "Khánh", "Kiên", "Lâm", "Long", "Mạnh",
    "Nghĩa", "Phong", "Quân", "Sơn", "Thắng", "Thịnh", "Tiến", "Toàn", "Trung", "Tuấn", "Việt", "Vượng",
)  # fmt: skip
_WOMENS = (
    "Ánh", "Chi", "Dung", "Duyên", "Giang", "Hà", "Hạnh", "Hiền", "Hoa", "Hồng", "Huệ", "Hương", "Lan", "Liên", "Loan",
    "Mai", "Nga", "Nhung", "Oanh", "Phương", "Quyên", "Thảo", "Thủy", "Trang", "Tuyết", "Yến",
)  # fmt: skip


def person(dice: Random) -> str:
    """Family, middle and given name."""
    family = dice.choices(list(_FAMILY), list(_FAMILY.values()))[0]
    middles, givens = (_MEN, _MENS) if dice.random() < 0.62 else (_WOMEN, _WOMENS)
    return f"{family} {dice.choice(middles)} {dice.choice(givens)}"
