"""The kinds of tables that officers load, one by one: what is checked, what is shown before, what is stored."""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from forms import plans
from geo import vietnamese_writing
from server import clock
from server.accounts.callers import Caller
from server.files.tables.read_table import RowFault, TableRead
from server.files.tables.table_kinds import TableKind
from server.households import place_list_import
from server.models import Commune
from server.phones import collectors_import
from server.places import communes, household_numbers_import, villages_import
from server.plans import load_plans, month_of_figures, office_figures, plan_table

NOT_SAID = "bảng do cán bộ nạp"


@dataclass(frozen=True)
class SentTable:
    """A table that was read, whose it is, what else the form said, and who sends it."""

    reading: TableRead
    commune: Commune
    given: Mapping[str, str]
    by: Caller


@dataclass(frozen=True)
class CheckedRow:
    """A row as it will be stored: its place in the table, its cells as people read them, what is new about it."""

    where: str
    cells: tuple[str, ...]
    remark: str = ""


@dataclass(frozen=True)
class StoredTable:
    """What is said when a table was stored, and what the next page is to be asked for."""

    said: str
    query: Mapping[str, int]


@dataclass(frozen=True)
class CheckedTable:
    """What a table will do: its rows under their titles, what is wrong, what else is to be told, and the doing."""

    titles: tuple[str, ...]
    rows: tuple[CheckedRow, ...]
    faults: tuple[RowFault, ...]
    told: tuple[str, ...]
    store: Callable[[], str | StoredTable]
    """Stores it and says so; the caller commits."""
    question: str = ""
    """What has to be agreed to before it is stored."""


@dataclass(frozen=True)
class AskedField:
    """Something that the page asks besides the table: a field of its form."""

    name: str
    label: str
    kind: str = "text"
    hint: str = ""


@dataclass(frozen=True)
class TableSubject:
    """A kind of table on its page: its name in addresses, the words, and its work."""

    name: str
    title: str
    intro: str
    kind: TableKind
    check: Callable[[SentTable], CheckedTable]
    after: str
    """The view to go to when it is stored."""
    asked: tuple[AskedField, ...] = ()


SOURCE = AskedField("nguon", "Nguồn số liệu", hint="Ví dụ: Công an, Văn phòng HĐND và UBND.")
DAY = AskedField("ngay", "Số liệu của ngày", "date", "Bỏ trống là hôm nay.")


def _villages(sent: SentTable) -> CheckedTable:
    found = villages_import.plan(sent.reading, sent.commune)
    told = [f"{found.new} thôn mới, {len(found.rows) - found.new} thôn đã có."]
    if found.numbered:
        told.append(
            f"Bảng không ghi đủ mã nên phần mềm đặt mã theo thứ tự dòng: mã {sent.commune.kind} và ba chữ số tiếp theo "
            f"({found.numbered[0]}{f' đến {found.numbered[-1]}' if len(found.numbered) > 1 else ''})."
        )
    if found.renamed:
        told.append(f"{found.renamed} thôn sẽ đổi tên theo bảng.")
    is_odd = 2 * found.renamed > len(found.rows) - found.new > 1
    day, source = _day(sent.given), sent.given.get("nguon", "").strip()[:200] or NOT_SAID

    def store() -> str:
        villages_import.store(found, sent.commune, source=source, day=day, actor=sent.by.actor)
        return f"Đã lưu {len(found.rows)} thôn ({found.new} thôn mới)."

    return CheckedTable(
        ("Mã", "Tên thôn", "Số hộ", "Nhân khẩu", "Người từ đủ 18 tuổi"),
        tuple(
            CheckedRow(
                row.row.where.removeprefix("Dòng "),
                (row.code, row.name, *map(_number, (row.figures.households, row.figures.people, row.figures.adults))),
                row.remark,
            )
            for row in found.rows
        ),
        found.faults,
        tuple(told),
        store,
        "Phần lớn thôn đổi tên: có thể bảng này của nơi khác. Tôi đã xem, vẫn đổi tên." if is_odd else "",
    )  # fmt: skip


def _numbers(sent: SentTable) -> CheckedTable:
    if not communes.village_codes(sent.commune):
        return _villages(sent)  # a sent.commune that begins tells its thôn by their numbers
    found, faults = household_numbers_import.figures(sent.reading, sent.commune)
    day, source = _day(sent.given), sent.given.get("nguon", "").strip()[:200] or NOT_SAID

    def store() -> str:
        stored = household_numbers_import.store_figures(
            sent.commune, found, source=source, day=day, actor=sent.by.actor
        )
        return f"Đã nạp số hộ của {stored} thôn, nguồn: {source}."

    return CheckedTable(
        ("Mã", "Tên thôn", "Số hộ", "Nhân khẩu", "Người từ đủ 18 tuổi"),
        tuple(
            CheckedRow(
                "", (village.code, village.name, *map(_number, (told.households, told.people, told.adults)))
            )
            for village, told in found
        ),
        tuple(faults),
        (f"Số hộ của {len(found)} thôn, ngày {day:%d/%m/%Y}, nguồn: {source}.",),
        store,
    )


def _collectors(sent: SentTable) -> CheckedTable:
    wanted, faults = collectors_import.plan(collectors_import.lines_of(sent.reading), sent.commune)

    def store() -> StoredTable:
        made = collectors_import.store(wanted, sent.commune, actor=sent.by.actor)
        keys = [each.collector.id for each in made]
        return StoredTable(
            f"Đã thêm {len(made)} thành viên. Đây là mã QR của những người vừa thêm: hãy in, đưa tận tay.",
            {"tu": min(keys, default=0), "den": max(keys, default=0)},
        )

    return CheckedTable(
        ("Họ tên", "Thôn"),
        tuple(
            CheckedRow(
                each.line.where.removeprefix("Dòng "),
                (each.line.name, ", ".join(f"{village.name} ({village.code})" for village in each.villages)),
            )
            for each in wanted
        ),
        tuple(faults),
        (f"{len(wanted)} thành viên mới.",),
        store,
    )


def _plan(sent: SentTable) -> CheckedTable:
    year = clock.today().year
    known = {spec.code: spec.label_vi for spec in plans.indicators()} | load_plans.own_indicators()
    targets, faults = plan_table.targets(sent.reading, sent.commune, year, known)
    whole = load_plans.of_targets(targets, sent.commune, year)

    def store() -> str:
        loaded = load_plans.load(whole, sent.by.actor)
        return f"Đã lưu kế hoạch năm {year}: {len(loaded.added)} con số mới, {len(loaded.changed)} thay đổi."

    taken = load_plans.taken_codes(whole, sent.commune)
    return CheckedTable(
        ("Mã", "Chỉ tiêu", "Mức giao", "Hạn", "Số lấy từ", "Đơn vị báo cáo"),
        tuple(
            CheckedRow("", (
                each.id, each.label_vi,
                f"{each.comparator} {each.value.replace('.', ',')}{' %' if each.unit == 'percent' else ''}",
                f"{each.deadline:%d/%m/%Y}", _HOW[each.how], each.office or "",
            ))
            for each in targets
        ),
        tuple(faults),
        (f"{len(targets)} con số của kế hoạch năm {year}.", *taken),
        store,
    )  # fmt: skip


_HOW = {"survey": "khảo sát", "office": "đơn vị báo cáo", "both": "cả hai"}


def _list(sent: SentTable) -> CheckedTable:
    rows, faults = place_list_import.plan(sent.reading, sent.commune)
    new = sum(not row.is_there for row in rows)

    def store() -> str:
        added = place_list_import.store(
            rows, sent.commune, place_list_import.LISTS[sent.reading.kind.name], actor=sent.by.actor
        )
        return f"Đã thêm {added} dòng. Điện thoại của tổ thấy ở lần cập nhật tới."

    return CheckedTable(
        ("Tên", "Thôn"),
        tuple(
            CheckedRow(
                row.row.where.removeprefix("Dòng "), (row.label, f"{row.village.name} ({row.village.code})"),
                "đã có, bỏ qua" if row.is_there else "",
            )
            for row in rows
        ),
        tuple(faults),
        (f"{new} dòng mới, {len(rows) - new} dòng đã có.",),
        store,
    )  # fmt: skip


def _figures(sent: SentTable) -> CheckedTable:
    month = month_of_figures.month_of(sent.given.get("thang", ""))
    found, faults = month_of_figures.plan(sent.reading, sent.commune, month, sent.given.get("nguon", ""))

    def store() -> str:
        stored = month_of_figures.store(found, sent.by)
        return f"Đã lưu {stored} số liệu tháng {month.month}/{month.year}."

    return CheckedTable(
        ("Mã", "Chỉ tiêu", "Số liệu", "Đến ngày", "Nguồn"),
        tuple(
            CheckedRow(
                each.row.where.removeprefix("Dòng "),
                (
                    each.target.code, each.target.label, _told(each.entry), f"{each.entry.end:%d/%m/%Y}",
                    each.entry.source,
                ),
                f"sửa số cũ: {each.why}" if each.before else "",
            )
            for each in found
        ),
        tuple(faults),
        (f"{len(found)} số liệu của tháng {month.month}/{month.year}.",),
        store,
    )  # fmt: skip


def _told(entry: office_figures.OfficeFigure) -> str:
    if entry.value is not None:
        return entry.value.replace(".", ",")
    return f"{_number(entry.numerator)}/{_number(entry.denominator)}"


def _number(value: int | None) -> str:
    return "" if value is None else vietnamese_writing.number(value)


def _day(given: Mapping[str, str]) -> dt.date:
    try:
        return min(dt.date.fromisoformat(given.get("ngay", "")), clock.today())
    except ValueError:
        return clock.today()


SUBJECTS: Sequence[TableSubject] = (
    TableSubject(
        "thon",
        "Thôn, tổ dân phố",
        "Mỗi dòng một thôn. Không cần ranh giới, không cần mã: thiếu mã thì phần mềm đặt theo thứ tự dòng. "
        "Số hộ, nhân khẩu có thì ghi luôn.",
        villages_import.VILLAGE_TABLE,
        _villages,
        "first_steps.show",
        (SOURCE, DAY),
    ),
    TableSubject(
        "so-ho",
        "Số hộ, nhân khẩu của các thôn",
        "Mỗi dòng một thôn đã có, theo mã hoặc tên. Mọi tỷ lệ lấy số này làm mẫu số.",
        household_numbers_import.NUMBERS_TABLE,
        _numbers,
        "first_steps.show",
        (SOURCE, DAY),
    ),
    TableSubject(
        "thanh-vien",
        "Thành viên Tổ công nghệ số",
        "Mỗi dòng một người và thôn được giao (mã hoặc tên; nhiều thôn cách nhau bằng dấu chấm phẩy).",
        collectors_import.COLLECTOR_TABLE,
        _collectors,
        "collector_pages.sheet",
    ),
    TableSubject(
        "ke-hoach",
        "Bảng kế hoạch",
        "Mỗi dòng một con số của kế hoạch năm nay. Chỉ tiêu do khảo sát đo cần mã chỉ số; chỉ tiêu do đơn vị báo cáo "
        "cần tên đơn vị.",
        plan_table.PLAN_TABLE,
        _plan,
        "first_steps.show",
    ),
    TableSubject(
        "diem-cong-cong",
        "Điểm công cộng",
        "Mỗi dòng một điểm: nhà văn hóa, điểm Wi-Fi, trường học. Danh sách hiện ở điện thoại của mọi thành viên.",
        place_list_import.PLACE_TABLE,
        _list,
        "first_steps.show",
    ),
    TableSubject(
        "doanh-nghiep",
        "Doanh nghiệp",
        "Mỗi dòng một doanh nghiệp, hợp tác xã hoặc hộ kinh doanh và thôn của nó.",
        place_list_import.BUSINESS_TABLE,
        _list,
        "first_steps.show",
    ),
    TableSubject(
        "so-lieu",
        "Số liệu báo cáo của một tháng",
        "Mỗi dòng một chỉ tiêu, theo mã hoặc tên. Ô để trống là chưa báo cáo, không phải 0.",
        month_of_figures.FIGURES_TABLE,
        _figures,
        "reported.listing",
        (
            AskedField("thang", "Tháng", "month", "Bỏ trống là tháng vừa qua."),
            AskedField("nguon", "Nguồn chung", hint="Dùng cho dòng không ghi nguồn riêng."),
        ),
    ),
)
BY_NAME = {subject.name: subject for subject in SUBJECTS}
