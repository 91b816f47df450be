"""What the demonstration stands on: sketched communes and thôn, both plans, indicators and the library's forms."""

import dataclasses
from collections.abc import Iterable

from forms import plans
from geo import illustrative_outlines
from geo.boundaries import Outline
from geo.illustrative_outlines import VillageSketch
from server.boundaries import stored_outlines
from server.demo.scale import COMMUNES, SOURCE, Scale
from server.places import communes
from server.plans import load_plans
from server.published_forms import publishing
from server.published_forms.publishing import ReadyForm


def villages(commune_code: str, scale: Scale) -> tuple[VillageSketch, ...]:
    """The sketched thôn of a commune, their figures grown or shrunk to the scale; none has fewer than 2 households."""
    sketches = illustrative_outlines.villages(commune_code)
    factor = scale.households / sum(sketch.households for sketch in sketches)
    if factor == 1:
        return sketches
    return tuple(_resized(sketch, factor) for sketch in sketches)


def _resized(sketch: VillageSketch, factor: float) -> VillageSketch:
    households = max(2, round(sketch.households * factor))
    ratio = households / sketch.households
    people, adults = round(sketch.people * ratio), round(sketch.adults * ratio)
    return dataclasses.replace(sketch, households=households, people=people, adults=adults)


def make(scale: Scale, forms: Iterable[ReadyForm]) -> None:
    """Store all of it, and publish the forms that were read; the caller commits."""
    _communes()
    for code in COMMUNES:
        _villages(code, scale)
    for plan_id in plans.PLANS:
        load_plans.load(plans.read(plan_id))
    for published in map(publishing.add, forms):
        published.form_version.published_at = scale.published_at


def _communes() -> None:
    sketches = illustrative_outlines.communes()
    kinds = {sketch.code: sketch.kind for sketch in sketches}
    drawn = stored_outlines.sketched(sketches)
    stored_outlines.store_outlines(drawn, "commune", source=SOURCE, illustrative=True, kinds=kinds)


def _villages(code: str, scale: Scale) -> None:
    drawn: tuple[Outline, ...] = stored_outlines.sketched(villages(code, scale))
    stored_outlines.store_outlines(
        drawn,
        "village",
        commune=communes.commune(code),
        source=SOURCE,
        day=scale.first_day,
        illustrative=True,
    )
