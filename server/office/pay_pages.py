"""The page of days walked: a month's sheet to look at, sign and take away, and what is paid for what."""

import datetime as dt
import re

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from server import audit, clock
from server.accounts import access
from server.accounts.roles import Right
from server.counting import writer_lock
from server.db import begin_writing, db
from server.errors import CommonProblem, Problem
from server.models import Commune
from server.pay import pay_sheet, pay_workbook, signed_sheets
from server.pay.pay_problems import PayProblem
from server.pay.pay_sheet import AgreedRates, MonthSheet
from server.published_forms.read_workbook import XLSX

blueprint = Blueprint("pay_pages", __name__)

BASE = "/quan-tri/xa/<code>/ngay-cong"
_MONTH = re.compile(r"(20\d\d)-(0[1-9]|1[0-2])")


@blueprint.get(BASE)
@access.needs(Right.MANAGE_COLLECTORS, records=True)
def show(code: str) -> str:
    """A month, the last one unless `thang` names another: as it was signed, else as it would be now."""
    commune = access.open_own_commune(code)
    month = _month(request.args.get("thang", "")) or signed_sheets.before(clock.today())
    made, is_signed = _sheet(commune, month)
    audit.note_reading("pay.read", f"commune:{commune.code}", {"month": f"{month:%Y-%m}"})
    return render_template(
        "office/pay.html",
        commune=commune,
        month=month,
        words=pay_workbook.month_words(month),
        made=made,
        is_signed=is_signed,
        may_issue=not is_signed and signed_sheets.following(month) <= clock.today(),
        matter=pay_workbook.matter,
        rates_words=pay_workbook.rates_words,
        rates=signed_sheets.rates(commune),
        signed=signed_sheets.signed(commune),
        before=signed_sheets.before(month),
        after=signed_sheets.following(month) if signed_sheets.following(month) <= clock.today() else None,
        most=signed_sheets.MOST,
    )


@blueprint.get(f"{BASE}/<month_key>.xlsx")
@access.needs(Right.MANAGE_COLLECTORS, records=True)
def file(code: str, month_key: str) -> Response:
    """The sheet to print and sign, byte for byte as it was signed; before that a draft, marked as one."""
    commune = access.open_own_commune(code)
    month = _month(month_key)
    if month is None:
        raise Problem(PayProblem.PAY_MONTH_UNKNOWN)
    stored = signed_sheets.of_month(commune, month)
    if stored is not None:
        content = stored.xlsx
    else:
        made = signed_sheets.draft(commune, month)
        content = pay_workbook.workbook(made, f"{commune.kind} {commune.name}", is_draft=True)
    audit.note_reading("pay.read", f"commune:{commune.code}", {"month": f"{month:%Y-%m}", "file": True})
    name = f"ngay-cong-{commune.code}-{month:%Y-%m}{'' if stored else '-nhap'}.xlsx"
    return Response(content, mimetype=XLSX, headers={"Content-Disposition": f'attachment; filename="{name}"'})


@blueprint.post(f"{BASE}/muc-chi")
@access.needs(Right.MANAGE_COLLECTORS)
def set_rates(code: str) -> BaseResponse:
    """What is paid from the next sheet on."""
    begin_writing()
    commune = access.open_own_commune(code)
    signed_sheets.set_rates(commune, AgreedRates(*(_amount(name) for name in ("ngay", "luot", "giup"))))
    db.session.commit()
    flash("Đã lưu mức chi; các bảng đã chốt giữ mức cũ.")
    return redirect(url_for(".show", code=code))


@blueprint.post(f"{BASE}/<month_key>")
@access.needs(Right.MANAGE_COLLECTORS, records=True)
def issue(code: str, month_key: str) -> BaseResponse:
    """Sign a month; whatever changes of it later stands in the next one."""
    begin_writing()
    writer_lock.hold(db.session.connection())  # nothing is counted, and nobody else signs, meanwhile
    commune = access.open_own_commune(code)
    month = _month(month_key)
    if month is None:
        raise Problem(PayProblem.PAY_MONTH_UNKNOWN)
    signed_sheets.issue(commune, month, access.signed_in())
    db.session.commit()
    flash(
        f"Đã chốt bảng ngày công {pay_workbook.month_words(month)}. Thay đổi về sau nằm ở bảng tháng tiếp theo."
    )
    return redirect(url_for(".show", code=code, thang=f"{month:%Y-%m}"))


def _sheet(commune: Commune, month: dt.date) -> tuple[MonthSheet, bool]:
    """The sheet, and whether it is signed."""
    stored = signed_sheets.of_month(commune, month)
    if stored is not None:
        return pay_sheet.read(stored.content), True
    return signed_sheets.draft(commune, month), False


def _month(text: str) -> dt.date | None:
    found = _MONTH.fullmatch(text)
    return dt.date(int(found[1]), int(found[2]), 1) if found else None


def _amount(name: str) -> int:
    text = request.form.get(name, "").replace(".", "").replace(" ", "") or "0"
    if not (text.isascii() and text.isdigit() and int(text) <= signed_sheets.MOST):
        raise Problem(CommonProblem.BAD_REQUEST, why="mức chi là số đồng, từ 0 đến 1.000.000.000.")
    return int(text)
