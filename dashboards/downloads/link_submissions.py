"""The submissions of a form as a shared link shows them: those that count, until yesterday, nothing personal."""

from typing import Any

from server import clock
from server.answers.expression import Compare, Own, Sign
from server.api.odata import form_routes
from server.api.odata.form_service import FormService
from server.coverage import coverage_table
from server.errors import CommonProblem, Problem
from server.exports import select_submissions, stream_submissions
from server.exports.export_problems import ExportProblem
from server.exports.flat_table import FlatColumn, FlatTable
from server.exports.presets import EXCEL_VI, WORKBOOK
from server.exports.stream_submissions import Export
from server.models import Commune, Form, SharedLink

MOST_ROWS = 5_000
"""Of a workbook that is made while somebody waits: two seconds of work."""


def export_of(link: SharedLink, *, is_workbook: bool) -> Export:
    """Made ready to be written; Problem TABLE_TOO_LONG for a workbook of more than MOST_ROWS."""
    commune, form = _subject(link)
    export = stream_submissions.prepare(
        select_submissions.choice(commune, form, until=coverage_table.day_of_feed()),
        WORKBOOK if is_workbook else EXCEL_VI,
        labels=True,
        made_by=f"liên kết {link.name}",
        typed=is_workbook,
    )
    if is_workbook and (count := select_submissions.count(export.choice)) > MOST_ROWS:
        raise Problem(ExportProblem.TABLE_TOO_LONG, count=count, most=MOST_ROWS)
    return export


def table_of(link: SharedLink) -> FlatTable:
    """The main table, its moments as text."""
    export = export_of(link, is_workbook=True)
    heads = stream_submissions.header(export, export.main)
    columns = tuple(FlatColumn(f"cot_{number}", head) for number, head in enumerate(heads, 1))
    rows: list[list[Any]] = list(stream_submissions.main_rows(export))
    return FlatTable("phieu", export.form.title, columns, rows)


def service_of(link: SharedLink, root: str) -> FormService:
    """The same as OData, filtered and by pages in the database, however many there are."""
    commune, form = _subject(link)
    today = clock.start_of(clock.today())
    return FormService(form_routes.reading(commune), form, root, Compare(Own.OBSERVED, Sign.LESS, today))


def _subject(link: SharedLink) -> tuple[Commune, Form]:
    if link.commune is None or link.form is None:
        raise Problem(CommonProblem.NOT_FOUND)
    return link.commune, link.form
