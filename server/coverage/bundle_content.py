"""What a bundle says: each indicator's row of the city's table for one commune, as the city would read it here."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from geo.indicator_cell import CountedIndicator
from geo.plain_values import NotPlain, of_plain, to_plain
from server import clock
from server.coverage.bundle_problems import BundleProblem
from server.coverage.commune_row import CommuneRow
from server.errors import Problem

FORMAT = 1


@dataclass(frozen=True)
class BundleRow:
    """An indicator over the whole commune; small cells were hidden before it was written (R25)."""

    indicator: CountedIndicator
    row: CommuneRow


@dataclass(frozen=True)
class BundleContent:
    """The sums of a commune as of a day, never a record; `number` grows from each bundle to the next."""

    format: int
    commune: str
    number: int
    as_of: dt.date
    written_at: str
    rows: tuple[BundleRow, ...]


def to_json(content: BundleContent) -> dict[str, Any]:
    """The content as JSON knows it."""
    plain: dict[str, Any] = to_plain(content)
    return plain


def of_json(plain: Mapping[str, Any]) -> BundleContent:
    """The content again; Problem BUNDLE_UNREADABLE where it holds anything else."""
    try:
        found = of_plain(BundleContent, plain)
        moment = dt.datetime.fromisoformat(found.written_at)
    except (NotPlain, ValueError) as error:
        why = "bản ghi số liệu không đúng, có thể do máy xã chạy bản mới hơn hoặc cũ hơn"
        raise Problem(BundleProblem.BUNDLE_UNREADABLE, why=why) from error
    if found.format != FORMAT or moment.tzinfo is None:
        raise Problem(BundleProblem.BUNDLE_UNREADABLE, why=f"dạng {found.format} không đọc được ở đây")
    if found.as_of > clock.today() or any(each.row.code != found.commune for each in found.rows):
        raise Problem(BundleProblem.BUNDLE_UNREADABLE, why="ngày ở tương lai, hoặc có số liệu của xã khác")
    return found
