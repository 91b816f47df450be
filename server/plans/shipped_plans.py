"""The plans that come with the software, made another commune's own: its codes, its name, this year's days."""

import dataclasses
import datetime as dt

from forms import plans
from server.models import Commune


def for_commune(plan: plans.PlanFile, commune: Commune, year: int) -> plans.PlanFile:
    """The same figures and tasks for a commune and year; as it is where it is that commune's plan of that year."""
    if (plan.commune_code, plan.document.year) == (commune.code, year):
        return plan
    own = f"{commune.kind} {commune.name}"
    named = [*(target.id for target in plan.targets), *(task.id for task in plan.tasks)]
    codes = {code: _code(code, commune, year) for code in named}
    document = dataclasses.replace(
        plan.document, number=None, issued=None, year=year, title=f"Chuyển đổi số {own} năm {year}"
    )
    past = plan.document.year
    return dataclasses.replace(
        plan,
        id=f"x{commune.code}_{year}",
        commune_code=commune.code,
        commune_name=own.capitalize(),
        document=document,
        targets=tuple(
            dataclasses.replace(
                each, id=codes[each.id], start=dt.date(year, 1, 1), deadline=_shifted(each.deadline, year - past),
                note_vi=None,
            )
            for each in plan.targets
        ),
        tasks=tuple(
            dataclasses.replace(
                each, id=codes[each.id], target=codes.get(each.target or ""),
                due=_shifted(each.due, year - past) if each.due else None, note_vi=None,
                text_vi=each.text_vi.replace(plan.commune_name.removeprefix("Xã "), commune.name),
            )
            for each in plan.tasks
        ),
    )  # fmt: skip


def _code(code: str, commune: Commune, year: int) -> str:
    """AL-T07 as the commune's own: 10507.2026-T07; codes are known across communes and years."""
    return f"{commune.code}.{year}-{code.partition('-')[2] or code}"


def _shifted(day: dt.date, years: int) -> dt.date:
    return day.replace(year=day.year + years, day=min(day.day, 28) if day.month == 2 else day.day)
