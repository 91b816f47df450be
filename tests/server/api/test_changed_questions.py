"""O13, X4: a question that another version asked in another way stops no program: feeds come whole."""

import json
from typing import Any

import pytest
from flask import Flask

from server.api.kobo import kobo_ids
from tests import sample
from tests.people import PASSWORD
from tests.server.api.conftest import Client, basic
from tests.server.review.test_corrections_of_own_forms import Office

PLACE = "20.8 106.4 0 5"
LINE = "20.8 106.4 0 0; 20.9 106.5 0 0"
ASKED = {
    "text": ("text", "một hai"), "one": ("select_one k", "a"), "many": ("select_multiple k", "a b"),
    "integer": ("integer", "7"), "place": ("geopoint", PLACE), "line": ("geotrace", LINE),
    "rounds": ("", "<ngo>Ngõ 1</ngo></nha><nha><ngo>Ngõ 2</ngo>"),
}  # fmt: skip
"""Ways to ask the question `nha`: its type, "" for a repeat, and an answer."""
REPEAT = "| | begin repeat | nha | Nhà |\n| | text | ngo | Ngõ |\n| | end repeat | | |"
FORM = """
| survey |
| | type | name | label |
{asked}
| choices |
| | list_name | name | label |
| | k | a | An |
| | k | b | Bình |
| settings |
| | form_title | form_id | version |
| | Giếng | gieng | {version} |
"""
CENTRAL = "/v1/projects/11629/forms/gieng"
KOBO = f"/api/v2/assets/{kobo_ids.uid('a', 'gieng')}"
FEEDS = (
    f"{CENTRAL}.svc/Submissions", f"{CENTRAL}.svc/Submissions?$expand=*", f"{CENTRAL}.svc/Submissions_flat",
    f"{CENTRAL}/submissions.csv", f"{CENTRAL}/submissions.csv.zip", f"{KOBO}/data.json", f"{KOBO}/data.geojson",
    f'{KOBO}/data.json?query={{"nha": {{"$exists": true}}}}',
)  # fmt: skip


def asked_twice(app: Flask, *ways: str) -> Client:
    """An officer's program, after a version and a visit for each way to ask."""
    office = Office(app)
    for version, way in enumerate(ways, 1):
        kind, answer = ASKED[way]
        asked = f"| | {kind} | nha | Nhà |" if kind else REPEAT
        sample.publish(FORM, asked=asked, version=str(version))
        xml = sample.filled(
            f"<nha>{answer}</nha>", form_id="gieng", version=str(version), instance_id=f"uuid:{version}"
        )
        [receipt] = office.phone.send(xml)
        assert receipt.status == 201, receipt.message
    return Client(app, basic("can.bo", PASSWORD))


@pytest.mark.parametrize(
    "ways",
    [("text", "rounds"), ("many", "rounds"), ("rounds", "one"), ("rounds", "line"), ("text", "line"), ("place", "many"),
     ("line", "place"), ("text", "integer")],
    ids="-".join,
)  # fmt: skip
def test_every_feed_comes_whole(app: Flask, ways: tuple[str, str]) -> None:
    program = asked_twice(app, *ways)
    for feed in FEEDS:
        answer = program.get(feed)
        assert answer.status_code == 200, (feed, answer.text[:200])
        assert answer.data
    if "rounds" in ways:
        rounds = program.json(f"{CENTRAL}.svc/Submissions.nha")["value"]
        assert [each["ngo"] for each in rounds] == ["Ngõ 1", "Ngõ 2"]


@pytest.mark.parametrize(
    ("ways", "told"),
    [
        (("text", "integer"), [None, 7]),
        (("integer", "text"), [7, "một hai"]),
        (("text", "line"), [None, {"type": "LineString", "coordinates": [[106.4, 20.8, 0.0], [106.5, 20.9, 0.0]]}]),
        (("place", "text"), [PLACE, "một hai"]),
        (("place", "many"), [PLACE, "a b"]),
    ],
)  # fmt: skip
def test_a_column_of_one_kind_holds_that_kind_alone(
    app: Flask, ways: tuple[str, str], told: list[Any]
) -> None:
    """O13: a client stops at a text where numbers were promised."""
    rows = asked_twice(app, *ways).json(f"{CENTRAL}.svc/Submissions")["value"]
    assert [each["nha"] for each in rows] == told, json.dumps(rows)
