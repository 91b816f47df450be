"""What citizens answered by themselves, beside what teams asked at doors and never together with it (R27)."""

from collections.abc import Iterable, Sequence

from dashboards import words
from dashboards.maps.map_colours import target_of
from dashboards.village_lines import IndicatorColumn
from geo.compute_coverage import CoverageTable, IndicatorRow
from server.published_forms.self_answers import WORD


def columns(table: CoverageTable, asked: Sequence[IndicatorColumn]) -> tuple[IndicatorColumn, ...]:
    """These columns, each followed by one of its own for what people answered by themselves, where anybody did."""
    return tuple(shown for column in asked for shown in (column, *_own(table, column)))


def _own(table: CoverageTable, column: IndicatorColumn) -> Iterable[IndicatorColumn]:
    row = table.self_answered(column.code)
    if row is not None and row.has_data:
        yield IndicatorColumn(
            code=row.indicator.code,
            label=f"{column.label} ({WORD})",
            required=words.required(row.target) if row.target else "",
            target=target_of(table, row.indicator.code),
            over_all="",
            is_empty=False,
        )


def told(row: IndicatorRow | None) -> str:
    """`người dân tự trả lời, tính riêng: 66,6 %, đã hỏi 12 người`; "" where nobody did."""
    if row is None or not row.has_data:
        return ""
    reach = words.reach(row.cell, row.indicator)
    number = words.cell(row.cell)
    state = words.state(row.judgement) if row.judgement else "không so với mức giao"
    asked = f", {reach.replace('đã hỏi', 'có', 1)}" if reach else ""
    return f"{words.SELF_ANSWERED}, tính riêng: {number}{asked} ({state})"


def by_target(table: CoverageTable) -> dict[str, str]:
    """By the id of a figure, what people answered by themselves, for a column of its own: `66,6 % (12 người)`."""
    found = {}
    for row in table.targets:
        own = table.self_answered(row.target.indicator) if row.target.indicator else None
        if own is not None and own.has_data:
            asked = words.short_reach(own.cell, own.indicator)
            found[row.target.id] = words.cell(own.cell) + (f" ({asked})" if asked else "")
    return found
