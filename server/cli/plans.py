"""`flask plans`: the plans' figures into the tables."""

from pathlib import Path

import click
from flask.cli import with_appcontext

from forms import plans
from server.cli.arguments import FILE
from server.cli.groups import JSON, as_json, refuse
from server.db import db, writing
from server.plans import load_plans, read_plan


@click.group("plans")
def group() -> None:
    """Plans."""


@group.command()
@click.argument("files", type=FILE, nargs=-1)
@JSON
@with_appcontext
def load(files: tuple[Path, ...], wants_json: bool) -> None:
    """Nạp kế hoạch từ tệp YAML; không nêu tệp thì nạp các kế hoạch có sẵn. Nạp lại không nhân đôi."""
    found = [read_plan.read(path) for path in files] or [plans.read(plan_id) for plan_id in plans.PLANS]
    writing()
    try:
        loaded = [load_plans.load(plan) for plan in found]
    except load_plans.PlanRefused as refused:
        refuse(str(refused), cause=refused)
    db.session.commit()
    if wants_json:
        as_json([_told(each) for each in loaded])
        return
    for each in loaded:
        click.echo(
            f"{each.plan.commune.name}, {each.plan.year}: {len(each.added)} con số mới, "
            f"{len(each.changed)} thay đổi, {len(each.unchanged)} như cũ; "
            f"{len(each.tasks.added)} nhiệm vụ mới, {len(each.tasks.changed)} thay đổi."
        )
        if each.absent:
            click.echo(f"Lưu ý: tệp không còn {', '.join(each.absent)}; các mục ấy được giữ lại.", err=True)


def _told(each: load_plans.Loaded) -> dict[str, object]:
    return {
        "commune": each.plan.commune.code,
        "year": each.plan.year,
        "added": list(each.added),
        "changed": list(each.changed),
        "unchanged": list(each.unchanged),
        "absent": list(each.absent),
        "tasks": {name: list(codes) for name, codes in vars(each.tasks).items()},
    }
