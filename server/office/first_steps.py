"""What a commune needs before its first visit counts, step by step: what is done, what is missing, where it is done."""

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from flask import Blueprint, render_template, url_for

from server import clock
from server.accounts import access
from server.accounts.roles import Right
from server.db import db
from server.models import (
    Audit,
    Collector,
    Commune,
    Form,
    FormCommune,
    Plan,
    Submission,
    Target,
    Village,
    VillageFigure,
)

blueprint = Blueprint("first_steps", __name__)


@dataclass(frozen=True)
class FirstStep:
    """One step: its name, whether it is done and how far, what it is for, and the page on which it is done."""

    name: str
    title: str
    is_done: bool
    told: str
    why: str
    url: str
    link: str


@dataclass(frozen=True)
class FirstSteps:
    """All steps of a commune in their order."""

    steps: tuple[FirstStep, ...]

    @property
    def missing(self) -> tuple[FirstStep, ...]:
        return tuple(step for step in self.steps if not step.is_done)

    @property
    def is_new(self) -> bool:
        """Whether pages have nothing to show yet: no thôn, no plan, no form, or nobody has been visited."""
        return any(step.name in ("thon", "ke-hoach", "bieu-mau") for step in self.missing) and not (
            self.step("phieu").is_done
        )

    def step(self, name: str) -> FirstStep:
        return next(step for step in self.steps if step.name == name)


@blueprint.get("/quan-tri/xa/<code>/bat-dau")
@access.needs(Right.PREPARE_COMMUNE)
def show(code: str) -> str:
    """The list of first steps with what is done."""
    commune = access.open_commune(code)
    return render_template("office/first_steps.html", commune=commune, first=of(commune))


@dataclass(frozen=True)
class _Counts:
    """What a commune has, counted: thôn and those with a number of households, figures of the plan, forms, people."""

    villages: int
    told: int
    figures: int
    forms: int
    collectors: int
    printed: bool
    visited: bool


def of(commune: Commune) -> FirstSteps:
    """How far a commune is."""
    year = clock.today().year
    has = _counted(commune, year)
    return FirstSteps(
        (
            FirstStep(
                "thon", "Thôn, tổ dân phố", has.villages > 0, f"{has.villages} thôn" if has.villages else "chưa có",
                "Dán hoặc tải lên bảng các thôn; chưa cần ranh giới, chưa cần mã.", _table(commune, "thon"),
                "Nạp bảng thôn",
            ),
            FirstStep(
                "so-ho", "Số hộ của các thôn", 0 < has.villages <= has.told,
                f"{has.told}/{has.villages} thôn có số hộ" if has.villages else "chưa có",
                f"Tỷ lệ đã thăm, đã đạt của thôn và {commune.kind} lấy số này làm mẫu số.", _table(commune, "so-ho"),
                "Nạp số hộ",
            ),
            FirstStep(
                "ke-hoach", f"Kế hoạch năm {year}", has.figures > 0,
                f"{has.figures} con số" if has.figures else f"{commune.kind} chưa nạp kế hoạch",
                "Chọn một kế hoạch có sẵn để bắt đầu, hoặc tải lên kế hoạch riêng.",
                url_for("plan_upload.choose", code=commune.code), "Nạp kế hoạch",
            ),
            FirstStep(
                "bieu-mau", "Biểu mẫu", has.forms > 0, f"{has.forms} biểu mẫu đang dùng" if has.forms else "chưa có",
                "Biểu mẫu của thành phố có ngay ở mọi nơi; cũng phát hành được biểu mẫu riêng.",
                url_for("form_pages.listing"), "Mở trang Biểu mẫu",
            ),
            FirstStep(
                "thanh-vien", "Thành viên Tổ công nghệ số", has.collectors > 0,
                f"{has.collectors} người" if has.collectors else "chưa có",
                "Những người đi từng nhà: họ tên và thôn được giao.", _table(commune, "thanh-vien"),
                "Nạp danh sách thành viên",
            ),
            FirstStep(
                "ma-qr", "In tờ mã QR", has.printed, "đã in" if has.printed else "chưa in",
                "Mỗi người quét mã của mình một lần là điện thoại sẵn sàng.",
                url_for("collector_pages.sheet", code=commune.code), "Mở tờ mã QR",
            ),
            FirstStep(
                "phieu", "Phiếu đầu tiên", has.visited, "đã nhận" if has.visited else "chưa nhận phiếu nào",
                "Hộ chưa có trong danh sách thì đăng ký ngay trên điện thoại; danh sách hộ nạp sau cũng được.",
                url_for("household_import.choose", code=commune.code), "Nạp danh sách hộ (nếu đã có)",
            ),
        )
    )  # fmt: skip


def _counted(commune: Commune, year: int) -> _Counts:
    """A handful of counts, each by an index."""
    here = sa.select(Village.id).where(Village.commune_id == commune.id, Village.valid_to.is_(None))
    told = sa.select(sa.func.count(sa.distinct(VillageFigure.village_id))).where(
        VillageFigure.village_id.in_(here)
    )
    figures = sa.select(sa.func.count(Target.id)).join(Plan)
    printed = sa.exists().where(Audit.act == "collector.print", Audit.record == f"commune:{commune.code}")
    return _Counts(
        villages=_count(Village, Village.commune_id == commune.id, Village.valid_to.is_(None)),
        told=db.session.scalar(told) or 0,
        figures=db.session.scalar(figures.where(Plan.commune_id == commune.id, Plan.year == year)) or 0,
        forms=_forms(commune),
        collectors=_count(Collector, Collector.commune_id == commune.id, Collector.revoked_at.is_(None)),
        printed=bool(db.session.scalar(sa.select(printed))),
        visited=bool(db.session.scalar(sa.select(sa.exists().where(Submission.village_id.in_(here))))),
    )


def _table(commune: Commune, subject: str) -> str:
    return url_for("table_pages.choose", code=commune.code, subject=subject)


def _count(table: type[Village] | type[Collector], *which: sa.ColumnElement[bool]) -> int:
    return db.session.scalar(sa.select(sa.func.count()).select_from(table).where(*which)) or 0


def _forms(commune: Commune) -> int:
    """Forms in use that the commune has: its own, and those of the city that are for all or for it."""
    given = sa.select(FormCommune.form_id)
    mine = given.where(FormCommune.commune_id == commune.id)
    of_city = sa.and_(Form.commune_id.is_(None), sa.or_(Form.id.not_in(given), Form.id.in_(mine)))
    query = sa.select(sa.func.count()).select_from(Form)
    return (
        db.session.scalar(
            query.where(Form.retired_at.is_(None), sa.or_(of_city, Form.commune_id == commune.id))
        )
        or 0
    )


def missing(commune: Commune, names: Sequence[str]) -> list[FirstStep]:
    """Which of these steps a page waits for; for templates. Links are for readers who may take them (`may_prepare`)."""
    return [step for step in of(commune).missing if step.name in names]


def may_prepare(commune: Commune) -> bool:
    """Whether the reader of a page may take the steps."""
    return access.may(Right.PREPARE_COMMUNE, commune)
