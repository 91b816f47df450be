"""Both communes' plans and the list of indicators into the tables, any number of times."""

import dataclasses

import pytest
import sqlalchemy as sa
from flask import Flask

from forms import plans
from server import clock
from server.coverage import coverage_table
from server.db import db
from server.errors import Problem
from server.models import Indicator, Plan, Target, Task
from server.plans import load_plans
from server.published_forms import library_forms
from tests.leaders import NOON
from tests.people import make_commune

COMMUNES = {"an_lao_2026": ("11629", "An Lão", 28), "mao_dien_2026": ("10930", "Mao Điền", 8)}


@pytest.mark.parametrize("plan_id", plans.PLANS)
def test_every_figure_of_a_plan_is_stored_and_shown(
    app: Flask, plan_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOON)
    code, name, figures = COMMUNES[plan_id]
    commune = make_commune(code, name, thon=1)
    loaded = load_plans.load(plans.read(plan_id))
    db.session.commit()
    assert len(loaded.added) == figures
    rows = coverage_table.table(commune).targets
    assert [row.target.id for row in rows] == [target.id for target in plans.read(plan_id).targets]
    assert all(row.target.indicator for row in rows)


def test_loading_again_changes_nothing(app: Flask) -> None:
    make_commune()
    plan = plans.read("an_lao_2026")
    load_plans.load(plan)
    db.session.commit()
    again = load_plans.load(plan)
    db.session.commit()
    assert (again.added, again.changed, len(again.unchanged), again.absent) == ((), (), 28, ())
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Target)) == 28
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Plan)) == 1


def test_a_changed_figure_is_changed_in_place(app: Flask) -> None:
    make_commune()
    plan = plans.read("an_lao_2026")
    load_plans.load(plan)
    first = dataclasses.replace(plan.targets[0], value="85", comparator=">")
    loaded = load_plans.load(dataclasses.replace(plan, targets=(first, *plan.targets[2:])))
    db.session.commit()
    assert (loaded.changed[0], loaded.absent) == (first.id, (plan.targets[1].id,))
    stored = db.session.scalars(sa.select(Target).where(Target.code == first.id)).one()
    assert (stored.value, stored.comparator) == ("85", ">")


def test_every_task_and_responsibility_of_both_plans_is_stored(app: Flask) -> None:
    """8 of An Lão's appendix, 29 + 39 tasks (three of them in two parts more), and the responsibilities."""
    for code, name, _figures in COMMUNES.values():
        make_commune(code, name)
    for plan_id in plans.PLANS:
        load_plans.load(plans.read(plan_id))
    db.session.commit()
    rows = db.session.execute(
        sa.select(Plan.id, Task.kind, sa.func.count()).join(Plan).group_by(Plan.id, Task.kind)
    )
    assert {(plan, kind): number for plan, kind, number in rows} == {
        (1, "task"): 29,
        (1, "appendix"): 8,
        (1, "responsibility"): 32,
        (2, "task"): 42,
        (2, "responsibility"): 30,
    }


def test_loading_again_leaves_how_far_a_task_is(app: Flask) -> None:
    make_commune()
    plan = plans.read("an_lao_2026")
    load_plans.load(plan)
    db.session.execute(sa.update(Task).where(Task.code == "AL-P02").values(state="doing"))
    again = load_plans.load(plan)
    assert (again.tasks.added, again.tasks.changed) == ((), ())
    assert db.session.scalar(sa.select(Task.state).where(Task.code == "AL-P02")) == "doing"


def test_a_plan_needs_its_commune(app: Flask) -> None:
    with pytest.raises(Problem) as problem:
        load_plans.load(plans.read("an_lao_2026"))
    assert "11629" in problem.value.sentence


def test_an_indicator_that_nobody_knows_is_named(app: Flask) -> None:
    make_commune()
    plan = plans.read("an_lao_2026")
    strange = dataclasses.replace(plan.targets[0], indicator="chua_ai_khai")
    with pytest.raises(load_plans.PlanRefused, match=f"{strange.id}.*chua_ai_khai"):
        load_plans.load(dataclasses.replace(plan, targets=(strange,)))


def test_a_figures_id_is_used_by_one_plan_alone(app: Flask) -> None:
    make_commune()
    make_commune("10930", "Mao Điền")
    plan = plans.read("an_lao_2026")
    load_plans.load(plan)
    with pytest.raises(load_plans.PlanRefused, match=plan.targets[0].id):
        load_plans.load(dataclasses.replace(plan, commune_code="10930"))


def test_all_indicators_are_loaded_in_their_order(app: Flask) -> None:
    assert load_plans.load_indicators() == len(plans.indicators())
    assert load_plans.load_indicators() == 0
    rows = db.session.scalars(sa.select(Indicator).order_by(Indicator.position)).all()
    assert [row.code for row in rows] == [spec.code for spec in plans.indicators()]


def test_the_library_and_the_list_agree_on_every_indicator(app: Flask) -> None:
    """Whichever comes first, the other finds the same unit and kind."""
    library_forms.publish_library()
    load_plans.load_indicators()
    db.session.commit()
    points = db.session.scalars(sa.select(Indicator).where(Indicator.code == "phu_song_5g_diem")).one()
    assert points.valid_days == 90


def test_an_indicator_that_visits_count_keeps_its_meaning(app: Flask) -> None:
    spec = next(spec for spec in plans.indicators() if spec.code == "tham_ho")
    db.session.add(Indicator(code=spec.code, label_vi="x", label_en="x", unit="person", kind="state"))
    db.session.flush()
    with pytest.raises(load_plans.PlanRefused, match="tham_ho"):
        load_plans.load_indicators()
