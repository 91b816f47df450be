"""Members of a commune beside all visits of the same thôn, and shares beyond a threshold that an officer set."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from forms.visit_checks import CALL, VisitCheck
from geo import visit_shares
from geo.signal import wilson
from geo.vietnamese_order import sort_key
from geo.visit_shares import ComparedShare, CountedVisit, VisitTrait
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
class _Visit:
    collector: int
    received_at: dt.datetime
    counted: CountedVisit
    checked: Mapping[str, bool]
    checks: tuple[VisitCheck, ...]
    form: str
    form_title: str


@dataclass(frozen=True)
class ComparedVisits:
    """The visits of a commune of the last thirteen weeks, each since its collector was last spoken to."""

    visits: tuple[_Visit, ...]
    collectors: Mapping[int, str]
    villages: Mapping[int, str]
    settled: Mapping[tuple[int, str], dt.datetime]

    def shares(self, trait: VisitTrait) -> list[NamedShare]:
        """Each member in each thôn, by the names of both: nobody is ranked."""
        compared = visit_shares.compared([each.counted for each in self.visits], trait)
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

    def _since(self, key: str) -> list[CountedVisit]:
        """Without what a collector was spoken to about."""
        return [each.counted for each in self.visits if self._is_open(each, key)]

    def _is_open(self, visit: _Visit, key: str) -> bool:
        settled = self.settled.get((visit.collector, key))
        return settled is None or visit.received_at > settled

    def _over_thresholds(self) -> Iterable[DoubtfulPattern]:
        counts: dict[tuple[int, str], list[int]] = defaultdict(lambda: [0, 0])
        newest: dict[str, tuple[VisitCheck, str]] = {}
        for visit in self.visits:
            for check in visit.checks:
                key = f"{visit.form}:{check.code}"
                if check.threshold is not None and check.code in visit.checked and self._is_open(visit, key):
                    newest[key] = check, visit.form_title
                    counts[visit.collector, key][0] += visit.checked[check.code]
                    counts[visit.collector, key][1] += 1
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
    since = clock.today() - dt.timedelta(days=SHOWN_DAYS)
    query = (
        sa.select(
            Interview.collector_id, Interview.unknown, Interview.could_be_unknown, Interview.checked,
            Submission.village_id, Submission.result, Submission.received_at, Submission.version,
            Form.form_id, Form.title,
        )
        .join(Submission, Submission.id == Interview.submission_id)
        .join(Form, Form.id == Submission.form_id)
        .where(
            Interview.collector_id.in_(sa.select(Collector.id).where(Collector.commune_id == commune.id)),
            Interview.day >= since,
            Submission.replaced_by_id.is_(None),
            Submission.quarantine.is_(None),
            Submission.review != "rejected",
            Submission.result.is_not(None),
        )
    )  # fmt: skip
    rows = db.session.execute(query).all()
    villages, homes = _villages(commune)
    names = sa.select(Collector.id, Collector.name).where(Collector.commune_id == commune.id)
    settled = sa.select(SettledPattern).join(Collector).where(Collector.commune_id == commune.id)
    return ComparedVisits(
        tuple(_visit(row, homes) for row in rows),
        {row.id: row.name for row in db.session.execute(names)},
        villages,
        {(each.collector_id, each.key): each.at for each in db.session.scalars(settled)},
    )


def _visit(row: Any, homes: Mapping[int, int]) -> _Visit:
    form = registry().form(row.form_id)
    version = registry().version(form, row.version) if form and row.checked else None
    return _Visit(
        row.collector_id,
        row.received_at,
        CountedVisit(
            row.collector_id, homes.get(row.village_id, row.village_id or 0), row.result == "vang",
            row.result == "tu_choi", row.unknown or 0, row.could_be_unknown or 0,
        ),
        row.checked or {},
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
