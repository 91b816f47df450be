"""The list of households on paper: to print and walk with, boxes to tick, lines for what is found on the way."""

from collections.abc import Mapping
from itertools import accumulate

from flask import Blueprint, render_template, request

from geo import village_names
from server import audit, clock
from server.accounts import access
from server.accounts.roles import Right
from server.db import db
from server.households import door_remarks, household_states, list_export
from server.models import Village
from server.office.household_workbook_pages import BASE, chosen_village, narrowed_to
from server.places import communes

blueprint = Blueprint("paper_lists", __name__)
EMPTY_LINES = 6
"""For households that are found on the way."""
WANTED = {
    "chua_tham": household_states.word(household_states.NOT_VISITED),
    "con_phai_den": ", ".join(map(household_states.word, list_export.TO_VISIT["con_phai_den"])),
    "tat_ca": "mọi hộ",
}
MOST_ON_PAPER = 1_000
"""Households on a page of paper lists, but for a thôn that has more by itself."""


@blueprint.get(f"{BASE}/danh-sach-giay")
@access.needs(Right.MANAGE_HOUSEHOLDS, records=True)
def paper(code: str) -> str:
    """A list to print and walk with: lane by lane, boxes to tick, lines for what is written by hand. Of a large commune
    some thôn at once, from the one with code `tu` on."""
    commune = access.open_commune(code)
    village, chosen = chosen_village(commune), request.args.get("loc", "")
    chosen = chosen if chosen in WANTED else "chua_tham"
    audit.note_reading(
        "household.list_paper", f"commune:{commune.code}", {"labels": True, **narrowed_to(village)}
    )
    numbers = list_export.numbers(commune, list_export.TO_VISIT[chosen])
    shown = [village] if village else _on_this_page(numbers, request.args.get("tu", ""))
    ids = {each.id for each in shown}
    found = list_export.households(commune, ids, list_export.TO_VISIT[chosen], with_closed=chosen == "tat_ca")
    villages = communes.villages(commune)
    return render_template(
        "office/household_paper.html",
        commune=commune, village=village, villages=villages, chosen=chosen,
        called=village_names.told_apart({each.code: each.name for each in (*villages, *numbers)}), wanted=WANTED,
        parts=list_export.on_paper(found), remarks=door_remarks.waiting(db.session.connection(), ids),
        states=household_states.WORDS, today=clock.today(), empty=EMPTY_LINES, shown=shown,
        rest=[] if village else [each for each in numbers if shown and each.code > shown[-1].code],
    )  # fmt: skip


def _on_this_page(numbers: Mapping[Village, int], first: str) -> list[Village]:
    """The thôn from a code on, as many as a page has room for, and one at least."""
    left = [village for village in numbers if village.code >= first]
    so_far = accumulate(numbers[village] for village in left)
    return [
        village
        for at, (village, sum_of_all) in enumerate(zip(left, so_far, strict=True))
        if at == 0 or sum_of_all <= MOST_ON_PAPER
    ]
