"""Members of a commune beside all visits of the same thôn, and shares beyond a threshold that an officer set."""

import datetime as dt
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from forms.visit_checks import CALL, VisitCheck
from geo import visit_shares
from geo.signal import wilson
from geo.vietnamese_order import sort_key
from geo.visit_shares import AlikeVisits, ComparedShare, VisitTrait
from server import clock
from server.db import db
from server.models import Collector, Commune, Form, Interview, SettledPattern, Submission, Village
from server.places import merged_villages
from server.published_forms.registry import registry
from server.review.doubt_acts import ProposedAct

SHOWN_DAYS = 91
TRAITS: Mapping[VisitTrait, str] = {
    VisitTrait.ABSENT: "vắng nhà",
    VisitTrait.REFUSED: "từ chối",
    VisitTrait.UNKNOWN: "nhiều “không biết” hơn thường lệ",
}
_WEIGHTS = {VisitTrait.ABSENT: 2, VisitTrait.REFUSED: 3, VisitTrait.UNKNOWN: 3}
ASK = "Gọi hỏi người đi xem có khó khăn gì"


@dataclass(frozen=True)
class NamedShare:
    """A collector in a thôn, by name."""

    collector: str
    village: str
    share: ComparedShare


@dataclass(frozen=True)
class DoubtfulPattern:
    """Something that holds of many visits of one collector, told as one doubt; `key` settles it."""

    key: str
    collector_id: int
    collector: str
    sentence: str
    found: int
    of: int
    interval: tuple[float, float]
    proposed: ProposedAct


@dataclass(frozen=True)
class _Group:
    """Visits that are alike in all that is asked here; `number` of them stands in `alike`."""

    alike: AlikeVisits
    settled_before: int
    """How many of the times at which somebody spoke to their collector they came after."""
    checked: Mapping[str, bool]
    checks: tuple[VisitCheck, ...]
    form: str
    form_title: str


@dataclass(frozen=True)
class ComparedVisits:
    """The visits of a commune of the last thirteen weeks, each since its collector was last spoken to."""

    groups: tuple[_Group, ...]
    """The one that has the newest visit last."""
    collectors: Mapping[int, str]
    villages: Mapping[int, str]
    settled: Mapping[tuple[int, str], int]
    """By collector and pattern: which of the times at which they were spoken to it was, counted from 1."""

    def shares(self, trait: VisitTrait) -> list[NamedShare]:
        """Each member in each thôn, by the names of both: nobody is ranked."""
        compared = visit_shares.compared([each.alike for each in self.groups], trait)
        named = (
            NamedShare(self.collectors[each.collector], self.villages.get(each.village, "không rõ"), each)
            for each in compared
        )
        return sorted(
            named, key=lambda each: (sort_key(each.village), sort_key(each.collector), each.share.collector)
        )

    def patterns(self) -> list[DoubtfulPattern]:
        """What stands out beyond chance or an officer's threshold, the heaviest first."""
        found = [*self._outside(), *self._over_thresholds()]
        return sorted(found, key=lambda each: (-each.proposed.weight, sort_key(each.collector), each.key))

    def _outside(self) -> Iterable[DoubtfulPattern]:
        for trait, words in TRAITS.items():
            for share in visit_shares.compared(self._since(trait.value), trait):
                if share.is_outside and share.interval is not None:
                    village = self.villages.get(share.village, "không rõ thôn")
                    sentence = (
                        f"{share.found}/{share.of} lần đến ở {village} {words}; cả thôn {share.marked}/{share.whole}, "
                        f"ngẫu nhiên cho nhiều nhất {share.limit}"
                    )
                    yield DoubtfulPattern(
                        trait.value, share.collector, self.collectors[share.collector], sentence, share.found,
                        share.of, share.interval, ProposedAct(_WEIGHTS[trait], CALL, ASK),
                    )  # fmt: skip

    def _since(self, key: str) -> list[AlikeVisits]:
        """Without what a collector was spoken to about."""
        return [each.alike for each in self.groups if self._is_open(each, key)]

    def _is_open(self, group: _Group, key: str) -> bool:
        return group.settled_before >= self.settled.get((group.alike.collector, key), 0)

    def _over_thresholds(self) -> Iterable[DoubtfulPattern]:
        counts: dict[tuple[int, str], list[int]] = defaultdict(lambda: [0, 0])
        newest: dict[str, tuple[VisitCheck, str]] = {}
        for group in self.groups:
            for check in group.checks:
                key = f"{group.form}:{check.code}"
                if check.threshold is not None and check.code in group.checked and self._is_open(group, key):
                    newest[key] = check, group.form_title
                    number = group.alike.number
                    counts[group.alike.collector, key][0] += number if group.checked[check.code] else 0
                    counts[group.alike.collector, key][1] += number
        for (collector, key), (found, of) in counts.items():
            check, title = newest[key]
            if check.threshold is not None and visit_shares.exceeds(found, of, check.threshold, check.least):
                sentence = f"{check.message} ({title}: {found}/{of} phiếu)"
                yield DoubtfulPattern(
                    key, collector, self.collectors[collector], sentence, found, of, wilson(found, of),
                    ProposedAct(check.weight, check.act, check.message),
                )  # fmt: skip


def read(commune: Commune) -> ComparedVisits:
    """What counts of the last thirteen weeks: first visits and newest edits, of households; four statements."""
    villages, homes = _villages(commune)
    names = sa.select(Collector.id, Collector.name).where(Collector.commune_id == commune.id)
    return ComparedVisits(
        tuple(_group(row, homes) for row in db.session.execute(_alike(commune))),
        {row.id: row.name for row in db.session.execute(names)},
        villages,
        _settled(commune),
    )


def _alike(commune: Commune) -> sa.Select[*tuple[Any, ...]]:
    """Visits by all that is compared, counted by the database: there are far fewer kinds of them than visits."""
    columns = (
        Interview.collector_id, Interview.unknown, Interview.could_be_unknown,
        sa.cast(Interview.checked, sa.Text).label("checked"), Submission.village_id, Submission.result,
        Submission.version, Form.form_id, Form.title, _settled_before().label("settled_before"),
    )  # fmt: skip
    return (
        sa.select(*columns, sa.func.count().label("number"))
        .join(Submission, Submission.id == Interview.submission_id)
        .join(Form, Form.id == Submission.form_id)
        .where(
            Interview.collector_id.in_(sa.select(Collector.id).where(Collector.commune_id == commune.id)),
            Interview.day >= clock.today() - dt.timedelta(days=SHOWN_DAYS),
            Submission.replaced_by_id.is_(None),
            Submission.quarantine.is_(None),
            Submission.review != "rejected",
            Submission.result.is_not(None),
        )
        .group_by(*(sa.literal_column(str(place + 1)) for place in range(len(columns))))
        .order_by(sa.func.max(Submission.id))
    )


def _settled_before() -> sa.ScalarSelect[int]:
    return (
        sa.select(sa.func.count())
        .where(
            SettledPattern.collector_id == Interview.collector_id,
            SettledPattern.at < Submission.received_at,
        )
        .scalar_subquery()
    )


def _settled(commune: Commune) -> dict[tuple[int, str], int]:
    query = sa.select(SettledPattern).join(Collector).where(Collector.commune_id == commune.id)
    found = db.session.scalars(query).all()
    return {
        (each.collector_id, each.key): sum(
            other.collector_id == each.collector_id and other.at <= each.at for other in found
        )
        for each in found
    }


def _group(row: Any, homes: Mapping[int, int]) -> _Group:
    form = registry().form(row.form_id)
    version = registry().version(form, row.version) if form and row.checked else None
    return _Group(
        AlikeVisits(
            row.collector_id, homes.get(row.village_id, row.village_id or 0), row.result == "vang",
            row.result == "tu_choi", row.unknown or 0, row.could_be_unknown or 0, row.number,
        ),
        row.settled_before,
        json.loads(row.checked) if row.checked else {},
        version.definition.checks if version else (),
        row.form_id,
        row.title,
    )  # fmt: skip


def _villages(commune: Commune) -> tuple[dict[int, str], dict[int, int]]:
    """The names of a commune's thôn, and into which each was merged by now."""
    columns = (Village.id, Village.name, Village.valid_to, Village.merged_into_id)
    rows: Sequence[Any] = db.session.execute(
        sa.select(*columns).where(Village.commune_id == commune.id)
    ).all()
    return {row.id: row.name for row in rows}, dict(merged_villages.on_day(rows, clock.today()))


def settle(collector_id: int, key: str, actor: str) -> None:
    """Somebody has spoken to a collector about it: only visits from now on count. The caller commits."""
    found = db.session.get(SettledPattern, (collector_id, key))
    if found is None:
        db.session.add(SettledPattern(collector_id=collector_id, key=key, at=clock.now(), actor=actor))
    else:
        found.at, found.actor = clock.now(), actor
