"""300 households by phone, then the list of the same 300, changed as lists change: none of them is listed twice."""

import io
import itertools
from collections.abc import Callable, Sequence

import pytest
import sqlalchemy as sa
import xlsxwriter

from server.db import db
from server.households import list_import
from server.households.same_household import Likeness
from server.models import Commune, Entity, Village
from tests import sample
from tests.server.intake.test_receive import Place, differences, place

__all__ = ["place"]  # a fixture is found by its name

FAMILIES = ("Nguyễn", "Trần", "Lê", "Phạm", "Hoàng", "Vũ", "Đặng", "Bùi", "Đỗ", "Ngô")
GIVEN = (
    "An", "Bình", "Chi", "Dung", "Đạt", "Giang", "Hòa", "Khánh", "Lan", "Minh", "Nụ", "Oanh", "Phúc", "Quý", "Sơn",
    "Tâm", "Uyên", "Vinh", "Xuân", "Yến",
)  # fmt: skip
Home = tuple[str, int, int]
"""Name, lane, number."""
PEOPLE = [
    f"{family} {middle} {given}"
    for middle, family, given in itertools.product(("Thị", "Văn"), FAMILIES, GIVEN)
]
BY_PHONE: list[Home] = [(PEOPLE[n], n % 25 + 1, n // 25 + 1) for n in range(300)]
RENAMED, MOVED, GONE = range(15), range(15, 25), range(25, 30)
LATER: list[Home] = [
    *((PEOPLE[380 + n], *BY_PHONE[n][1:]) for n in RENAMED),
    *((BY_PHONE[n][0], 40, n) for n in MOVED),
    *(BY_PHONE[n] for n in range(30, 300)),
    *((PEOPLE[300 + n], 50, n + 1) for n in range(20)),
]
"""20 new, 15 with another head, 10 in another lane, 5 gone."""

LAYOUTS: dict[str, tuple[Sequence[str], Callable[[Home], Sequence[object]]]] = {
    "parts": (
        ("Họ tên chủ hộ", "Thôn", "Ngõ", "Số nhà"),
        lambda home: (home[0], "Thôn 1", home[1], home[2]),
    ),
    "one column": (("Chủ hộ", "Thôn"), lambda home: (f"{home[0]}, Ngõ {home[1]}, số {home[2]}", "Thôn 1")),
    "police": (
        ("STT", "HỌ VÀ TÊN CHỦ HỘ", "NƠI Ở HIỆN NAY", "THÔN"),
        lambda home: (
            1,
            home[0].upper(),
            f"Số nhà {home[2]:02}, ngõ {home[1]:02}, thôn 1, xã An Lão",
            "THÔN 1",
        ),
    ),
}


def workbook(head: Sequence[object], rows: Sequence[Sequence[object]]) -> bytes:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out) as book:
        sheet = book.add_worksheet("Danh sách")
        for number, row in enumerate([head, *rows]):
            sheet.write_row(number, 0, row)
    return out.getvalue()


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_list_of_the_same_three_hundred_doubles_nobody(place: Place, layout: str) -> None:
    """Only those are new who are new; whoever has another head or another lane is asked about."""
    village = db.session.scalars(sa.select(Village).where(Village.code == "11629001")).one()
    for name, lane, number in BY_PHONE:
        address = f"Ngõ {lane}, số {number}"
        sample.make_entity(village, f"{name}, {address}", data={"dia_chi": address, "thon": village.code})
    head, written = LAYOUTS[layout]
    content = workbook(head, [written(home) for home in LATER])
    commune = db.session.scalars(sa.select(Commune)).one()
    found = list_import.compare(list_import.read(content, "ho.xlsx"), commune)
    assert {each.row.parts.label for each in found.new} == {
        f"{name}, Ngõ {lane}, số {number}" for name, lane, number in LATER[-20:]
    }
    likeness = [twin.likeness for twin in found.twins]
    counted = {level: likeness.count(level) for level in set(likeness)}
    assert counted == {Likeness.SAME: 270, Likeness.NEIGHBOUR: 15, Likeness.NAMESAKE: 10}
    assert len({twin.other_id for twin in found.twins}) == 295
    kept = list_import.keep(commune, content, "ho.xlsx", actor="person:1", name="Hạnh")
    assert list_import.store(kept, commune) == 20
    db.session.commit()
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Entity)) == 320
    assert list_import.undo(kept) == 20
    db.session.commit()
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Entity)) == 300
    db.session.close()
    assert differences() == []
