"""The pages of ready sets of indicators: each line with where its number comes from, and the plan's table to fill."""

from flask import Blueprint, Response, render_template

from forms import form_blocks, indicator_sets
from forms.indicator_sets import IndicatorSet
from server import clock
from server.accounts import access
from server.accounts.roles import Right
from server.errors import CommonProblem, Problem
from server.office import table_pages
from server.plans import set_template

blueprint = Blueprint("indicator_set_pages", __name__)
BASE = "/quan-tri/xa/<code>/bo-chi-tieu/<name>"


@blueprint.get(BASE)
@access.needs(Right.PREPARE_COMMUNE)
def show(code: str, name: str) -> str:
    """One set: its lines by group, what of it comes from doors, and which blocks of the form it needs."""
    commune, found = access.open_commune(code), _set(name)
    return render_template(
        "office/indicator_set.html",
        commune=commune,
        found=found,
        others=[each for each in indicator_sets.every() if each is not found],
        origins=set_template.ORIGINS,
        counts={
            word: sum(line.origin == origin for line in found.indicators)
            for origin, word in set_template.ORIGINS.items()
        },
        goal_words=set_template.goal_words,
        unknown=set_template.UNKNOWN,
        blocks=[form_blocks.block(each) for each in found.blocks],
        may_compose=access.may(Right.MANAGE_FORMS, commune),
        year=clock.today().year,
    )


@blueprint.get(f"{BASE}.xlsx")
@access.needs(Right.PREPARE_COMMUNE)
def template(code: str, name: str) -> Response:
    """The set as the table of a plan, for this commune and year."""
    commune, found = access.open_commune(code), _set(name)
    year = clock.today().year
    content = set_template.workbook(found, commune, year)
    return table_pages.file(content, f"ke-hoach-{commune.code}-{found.code.replace('_', '-')}.xlsx")


def _set(name: str) -> IndicatorSet:
    found = indicator_sets.one(name)
    if found is None:
        raise Problem(CommonProblem.NOT_FOUND)
    return found
