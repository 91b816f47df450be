"""Plans and indicators from data files into the tables, as often as wanted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from forms import plans
from server import audit
from server.db import db
from server.models import Commune, Indicator, Plan, Target, Task
from server.places import communes
from server.plans.tasks import joined_names


class PlanRefused(Exception):
    """A readable plan that cannot be stored; the message is one Vietnamese sentence."""


@dataclass(frozen=True)
class Outcome:
    """What loading did, by codes; `absent` are stored ones that the file does not name."""

    added: tuple[str, ...]
    changed: tuple[str, ...]
    unchanged: tuple[str, ...]
    absent: tuple[str, ...]


@dataclass(frozen=True)
class Loaded(Outcome):
    """What loading did to a plan's figures, and to its tasks."""

    plan: Plan
    tasks: Outcome


def load(plan: plans.PlanFile, actor: str = audit.SYSTEM) -> Loaded:
    """Store a plan of a commune that is known, and the indicators of our own list; the caller commits.

    Loading the same again changes nothing; a figure or task that differs becomes what the file says. How far a
    task is stands. Raises PlanRefused, or Problem COMMUNE_UNKNOWN.
    """
    commune = communes.commune(plan.commune_code)
    load_indicators()
    indicators = _keys(plan)
    row = _row(plan, commune)
    figures = {t.id: _values(t, n, indicators) for n, t in enumerate(plan.targets, start=1)}
    outcome = _settle(row.targets, Target, figures)
    db.session.flush()
    targets = {target.code: target.id for target in row.targets}
    tasks = {t.id: _task_values(t, n, targets) for n, t in enumerate(plan.tasks, start=1)}
    loaded = Loaded(**vars(outcome), plan=row, tasks=_settle(row.tasks, Task, tasks))
    db.session.flush()
    _audit(loaded, plan.id, actor)
    return loaded


def of_targets(targets: Sequence[plans.FigureInPlan], commune: Commune, year: int) -> plans.PlanFile:
    """Figures of a table as a plan; the title is that of the plan that is there, or a plain one."""
    own = f"{commune.kind} {commune.name}"
    known = sa.select(Plan).where(Plan.commune_id == commune.id, Plan.year == year)
    row = db.session.scalars(known).first()
    title = row.title if row else f"Chuyển đổi số {own} năm {year}"
    document = plans.Document(
        kind="Kế hoạch", number=row.number if row else None, issued=None, place_date=None,
        issuer=f"Ủy ban nhân dân {own}", title=title, year=year, signatory=plans.Signatory(None, None, "", ""),
        recipients=(), standing_office=None,
    )  # fmt: skip
    return plans.PlanFile(f"x{commune.code}_{year}", commune.code, own, document, (), tuple(targets), ())


def taken_codes(plan: plans.PlanFile, commune: Commune) -> list[str]:
    """Codes of the plan that other plans have, each in a sentence."""
    codes = [target.id for target in plan.targets]
    taken = sa.select(Target.code).join(Plan).where(
        Target.code.in_(codes), sa.or_(Plan.commune_id != commune.id, Plan.year != plan.document.year)
    )  # fmt: skip
    return [f"Mã {code} đã dùng ở một kế hoạch khác; hãy đổi mã." for code in db.session.scalars(taken)]


def own_indicators() -> dict[str, str]:
    """Indicators that forms of communes have brought, code → label."""
    rows = db.session.execute(sa.select(Indicator.code, Indicator.label_vi))
    return {row.code: row.label_vi for row in rows}


def load_indicators() -> int:
    """Store the indicators of our own list, in its order; how many were added or changed.

    An indicator that visits have counted keeps its unit and kind: its sums would mean two things at once.
    """
    known = {row.code: row for row in db.session.scalars(sa.select(Indicator))}
    changed = 0
    for position, spec in enumerate(plans.indicators(), start=1):
        row = known.get(spec.code)
        if row is None:
            row = Indicator(code=spec.code, unit=spec.unit, kind=spec.kind)
            db.session.add(row)
        elif (row.unit, row.kind) != (spec.unit, spec.kind):
            _refuse_new_meaning(row, spec)
        changed += _write(row, _meaning(spec, position))
    db.session.flush()
    return changed


def _refuse_new_meaning(row: Indicator, spec: plans.IndicatorSpec) -> None:
    """Only what no visit ever counted (an office's figure, a derived one) may come to mean something else."""
    if row.kind in ("state", "event"):
        raise PlanRefused(
            f"Chỉ tiêu {row.code} đang đếm theo đơn vị “{row.unit}”, loại “{row.kind}”; "
            f"không đổi thành “{spec.unit}”, “{spec.kind}” được."
        )


def _meaning(spec: plans.IndicatorSpec, position: int) -> dict[str, Any]:
    return {
        "label_vi": spec.label_vi,
        "label_en": spec.label_en,
        "unit": spec.unit,
        "kind": spec.kind,
        "valid_days": spec.valid_days,
        "explanation": spec.explanation_vi,
        "position": position,
    }


def _keys(plan: plans.PlanFile) -> Mapping[str, int]:
    """The keys of the indicators that the plan names."""
    wanted = {target.indicator for target in plan.targets if target.indicator}
    rows = db.session.execute(sa.select(Indicator.code, Indicator.id).where(Indicator.code.in_(wanted)))
    keys: dict[str, int] = {row.code: row.id for row in rows}
    for target in plan.targets:
        if target.indicator and target.indicator not in keys:
            raise PlanRefused(
                f"{target.id}: chưa có chỉ tiêu mang mã “{target.indicator}”. "
                "Hãy phát hành biểu mẫu khai chỉ tiêu ấy trước."
            )
    return keys


def _row(plan: plans.PlanFile, commune: Commune) -> Plan:
    document = plan.document
    known = sa.select(Plan).where(Plan.commune_id == commune.id, Plan.year == document.year)
    row = db.session.scalars(known).first()
    if row is None:
        row = Plan(commune=commune, year=document.year, title=document.title, targets=[], tasks=[])
        db.session.add(row)
    row.title, row.number = document.title, document.number
    db.session.flush()
    _refuse_taken_codes(plan, row)
    return row


def _refuse_taken_codes(plan: plans.PlanFile, row: Plan) -> None:
    for table, items in ((Target, plan.targets), (Task, plan.tasks)):
        codes = [item.id for item in items]
        taken = sa.select(table.code).where(table.code.in_(codes), table.plan_id != row.id)
        for code in db.session.scalars(taken.order_by(table.code)):
            raise PlanRefused(
                f"Mã {code} đã dùng ở một kế hoạch khác; mỗi con số, nhiệm vụ của kế hoạch cần mã riêng."
            )


def _values(target: plans.FigureInPlan, position: int, indicators: Mapping[str, int]) -> dict[str, Any]:
    return {
        "indicator_id": indicators[target.indicator] if target.indicator else None,
        "position": position,
        "section": target.section,
        "label": target.label_vi,
        "wording": target.wording_vi,
        "comparator": target.comparator,
        "value": target.value,
        "unit": target.unit,
        "period": target.period,
        "start": target.start,
        "deadline": target.deadline,
        "how": target.how,
        "office": target.office,
        "over_households": target.over_households,
        "note": target.note_vi,
    }


def _task_values(task: plans.PlannedTask, position: int, targets: Mapping[str, int]) -> dict[str, Any]:
    """How far a task is stands in its own column, which loading never touches."""
    return {
        "target_id": targets.get(task.target or ""),
        "position": position,
        "section": task.section,
        "kind": task.kind,
        "text": task.text_vi,
        "lead": joined_names(office.name_vi for office in task.lead),
        "coordinating": joined_names(office.name_vi for office in task.coordinating),
        "deadline": task.deadline_vi,
        "due": task.due,
        "note": task.note_vi,
    }


def _settle(
    stored: list[Any], table: type[Target] | type[Task], wanted: Mapping[str, Mapping[str, Any]]
) -> Outcome:
    """Write what the file says of one kind of row."""
    known = {row.code: row for row in stored}
    changed = [code for code, values in wanted.items() if code in known and _write(known[code], values)]
    added = [code for code in wanted if code not in known]
    stored.extend(table(code=code, **wanted[code]) for code in added)
    return Outcome(
        added=tuple(added),
        changed=tuple(changed),
        unchanged=tuple(code for code in wanted if code in known and code not in changed),
        absent=tuple(sorted(known.keys() - wanted.keys())),
    )


def _write(row: Target | Task | Indicator, values: Mapping[str, Any]) -> bool:
    """Set what differs; whether anything did."""
    differing = {name: value for name, value in values.items() if getattr(row, name) != value}
    for name, value in differing.items():
        setattr(row, name, value)
    return bool(differing)


def _audit(loaded: Loaded, plan_id: str, actor: str) -> None:
    added, changed = (*loaded.added, *loaded.tasks.added), (*loaded.changed, *loaded.tasks.changed)
    if added or changed:
        detail = {"plan": plan_id, "added": len(added), "changed": list(changed)}
        record = f"plan:{loaded.plan.id}"
        audit.add(actor, "plan.load", record, detail)
