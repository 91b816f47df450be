"""What an auditor asks about personal data, in tables without a name: the same for page, CSV and XLSX."""

import datetime as dt
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import sqlalchemy as sa
from sqlalchemy.orm import Session

from forms.definition import PERSONAL, SENSITIVE, Definition
from geo import vietnamese_writing
from server import clock
from server.models import Audit, Form, FormVersion
from server.privacy import breaches, held_records, privacy_requests
from server.privacy.held_records import RecordCounts
from server.privacy.household_extract import READINGS

_YEAR = dt.timedelta(days=365)


ReportCell = str | int
"""A number is a number, so that a workbook can add it up and a page can write it as people do."""


@dataclass(frozen=True)
class PrivacyTable:
    """One table of the report; `note` says as of when, where that is not now."""

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[ReportCell, ...], ...]
    note: str = ""

    def is_counted(self, place: int) -> bool:
        """Whether a column has numbers."""
        return any(isinstance(row[place], int) for row in self.rows)


@dataclass(frozen=True)
class AuditNames:
    """What acts and records of the audit are called."""

    acts: Mapping[str, str]
    of_record: Callable[[str], str]


def tables(session: Session, communes: Collection[int] | None, names: AuditNames) -> list[PrivacyTable]:
    """The whole report for some communes; None: for the installation."""
    held = held_records.known(session, communes)
    note = f"Đếm lúc {_moment(held.at)}; mỗi đêm đếm lại." if communes is None else ""
    found = [
        replace(_forms(session, communes, held), note=note),
        replace(_held(held), note=note),
        replace(_consent(session, held), note=note),
        _requests(session, communes),
        _breaches(session, communes),
    ]
    return found if communes is not None else [*found, _retention(session, names), _readings(session, names)]


def _forms(session: Session, communes: Collection[int] | None, held: RecordCounts) -> PrivacyTable:
    rows = []
    query = sa.select(Form).order_by(Form.form_id)
    if communes is not None:
        query = query.where(sa.or_(Form.commune_id.is_(None), Form.commune_id.in_(list(communes))))
    for form in session.scalars(query):
        newest = form.versions[-1] if form.versions else None
        classes = _classes(newest)
        rows.append(
            (
                form.form_id, form.title, form.purpose or "chưa ghi", form.legal_basis or "chưa ghi",
                f"{form.retention_months} tháng" if form.retention_months else "chưa ghi",
                newest.version if newest else "", classes[PERSONAL], classes[SENSITIVE],
                "có" if newest and newest.exact_points else "không", held.of_form(form.id),
            )
        )  # fmt: skip
    header = ("Biểu mẫu", "Tên", "Mục đích", "Căn cứ", "Lưu", "Phiên bản", "Câu cá nhân", "Câu nhạy cảm",
              "Vị trí chính xác của hộ", "Phiếu đang giữ")  # fmt: skip
    return PrivacyTable("Biểu mẫu, mục đích, căn cứ, thời hạn lưu", header, tuple(rows))


def _classes(version: FormVersion | None) -> dict[str, int]:
    fields = Definition.from_json(version.definition).fields if version else ()
    return {each: sum(field.sensitivity == each for field in fields) for each in (PERSONAL, SENSITIVE)}


def _held(held: RecordCounts) -> PrivacyTable:
    """How many households are in the data, and of how many the position is (level 3 from 10.000 of these)."""
    rows = (
        ("Hộ trong danh sách", held.households),
        ("Hộ, điểm có vị trí (của hộ: làm tròn khoảng 110 m)", held.placed),
    )
    return PrivacyTable("Dữ liệu đang giữ", ("Nội dung", "Số lượng"), rows)


def _consent(session: Session, held: RecordCounts) -> PrivacyTable:
    """How often consent was given and refused, by version: what was read out is that version's text."""
    rows = []
    query = sa.select(FormVersion.id, FormVersion.version, FormVersion.definition, Form.form_id)
    for version in session.execute(
        query.join(Form, Form.id == FormVersion.form_id).order_by(Form.form_id, FormVersion.id)
    ):
        for field in held_records.asking(Definition.from_json(version.definition)):
            given = held.of_consent(version.id, field.path)
            question = field.labels.get("Tiếng Việt (vi)") or next(iter(field.labels.values()), field.name)
            rows.append((version.form_id, version.version, question, given.agreed, given.refused))
    header = ("Biểu mẫu", "Phiên bản", "Câu hỏi đồng ý", "Đồng ý", "Không đồng ý")
    return PrivacyTable(
        "Đồng ý (mỗi phiếu là một bản ghi: ai hỏi, lúc nào, lời nào, trả lời gì)", header, tuple(rows)
    )


def _requests(session: Session, communes: Collection[int] | None) -> PrivacyTable:
    found = privacy_requests.listed(session, communes)
    rows: list[tuple[ReportCell, ...]] = []
    for kind, words in privacy_requests.KINDS.items():
        ours = [each for each in found if each.row.kind == kind]
        states = [sum(each.row.state == state for each in ours) for state in ("open", "done", "refused")]
        late = sum(each.is_late or each.is_unanswered for each in ours)
        rows.append((words, len(ours), *states, late))
    header = ("Yêu cầu của hộ", "Đã nhận", "Đang xử lý", "Đã xong", "Từ chối", "Trễ hạn")
    return PrivacyTable("Yêu cầu về dữ liệu", header, tuple(rows))


def _breaches(session: Session, communes: Collection[int] | None) -> PrivacyTable:
    rows = tuple(
        (
            _moment(row.found_at), row.subjects if row.subjects is not None else "chưa rõ",
            "có" if row.is_sensitive else "không", _moment(row.due), _moment(row.reported_at),
            _moment(row.told_at), "có" if breaches.is_late(row) else "không",
        )
        for row in breaches.listed(session, communes)
    )  # fmt: skip
    header = ("Phát hiện", "Số hộ", "Có vị trí", "Hạn 72 giờ", "Báo cơ quan", "Báo hộ", "Trễ")
    return PrivacyTable("Sự cố dữ liệu cá nhân", header, rows)


def _retention(session: Session, names: AuditNames) -> PrivacyTable:
    query = sa.select(Audit.at, Audit.record, Audit.detail).where(
        Audit.act == "retention.delete", Audit.at >= clock.now() - _YEAR
    )
    rows = tuple(
        (_moment(row.at), names.of_record(row.record or ""), (row.detail or {}).get("rows", ""))
        for row in session.execute(query.order_by(Audit.id.desc()).limit(500))
    )
    return PrivacyTable("Xóa khi hết hạn lưu (12 tháng)", ("Lúc", "Của", "Số dòng"), rows)


def _readings(session: Session, names: AuditNames) -> PrivacyTable:
    query = sa.select(Audit.act, sa.func.count()).where(
        Audit.act.in_(READINGS), Audit.at >= clock.now() - _YEAR
    )
    counted = session.execute(query.group_by(Audit.act).order_by(Audit.act))
    rows = tuple((names.acts.get(row[0], row[0]), row[1]) for row in counted)
    return PrivacyTable("Lượt xem dữ liệu của hộ (12 tháng; từng lượt ở Nhật ký)", ("Việc", "Số lượt"), rows)


def _moment(value: dt.datetime | None) -> str:
    return vietnamese_writing.moment(value) if value else ""


def lines(found: Sequence[PrivacyTable]) -> list[tuple[ReportCell, ...]]:
    """All tables below each other, for a CSV."""
    told: list[tuple[ReportCell, ...]] = []
    for table in found:
        title = (table.title, table.note) if table.note else (table.title,)
        told += [title, table.header, *table.rows, ()]
    return told
