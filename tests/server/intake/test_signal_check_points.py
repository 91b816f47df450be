"""Check points of 5G: a point that cannot be counts nowhere until somebody looks; whose it is, the server says."""

import csv
import uuid
from collections.abc import Mapping
from pathlib import Path

import pytest
import shapely
import sqlalchemy as sa
from flask import Flask
from shapely.geometry.base import BaseGeometry

from server import clock, migrate
from server.db import db
from server.intake import receive_submission
from server.intake.receive_submission import Receipt
from server.intake.submission_sender import Sender
from server.models import Finding, FormVersion, Village
from server.places import communes
from tests import survey
from tests.survey import Survey

CASES = Path(__file__).parents[2] / "data" / "points"
SENT = (CASES / "points-01-sent.xml").read_text()
POINT = "20.82463 106.60423 0 5"
OUTLINES = {
    "11629004": shapely.box(106.590, 20.820, 106.620, 20.82978),
    "11629005": shapely.box(106.590, 20.800, 106.620, 20.820),
    "10930001": shapely.box(106.200, 20.940, 106.215, 20.950),
}
"""Where the points of the table lie: in 4, in 5, 20 m and over 100 m north of both, in the other commune."""


@pytest.fixture
def place(app: Flask) -> Survey:
    made = survey.begin(("diem_5g",))
    _outline(OUTLINES)
    return made


def _outline(outlines: Mapping[str, BaseGeometry]) -> None:
    for code, shape in outlines.items():
        outline = sa.update(Village).where(Village.code == code)
        db.session.execute(outline.values(outline=shapely.to_wkb(shape), outline_source=f"{clock.now()}"))
    db.session.commit()
    communes.forget_index()


def measure(sender: Sender, point: str = POINT, thon: str = "11629004", **leaves: str) -> Receipt:
    text = SENT.replace(POINT, point).replace("<thon>11629004</thon>", f"<thon>{thon}</thon>")
    text = text.replace("00000001-00bb-4000-8000-000000000003", str(uuid.uuid4()))
    for name, value in leaves.items():
        text = text.replace(f"<{name}>", f"<{name}>{value}<!--", 1).replace(f"</{name}>", f"--></{name}>", 1)
    return receive_submission.accept(text.encode(), [], sender)


def counted() -> set[str]:
    """The thôn in whose sums the one point is."""
    return {code for code in OUTLINES for _ in [0] if survey.sums(_id(code)).get("phu_song_5g_diem")}


def _id(code: str) -> int:
    return db.session.scalars(sa.select(Village.id).where(Village.code == code)).one()


with (CASES / "points-01.tsv").open(encoding="utf-8") as table:
    ROWS = list(csv.DictReader(table, delimiter="\t", quoting=csv.QUOTE_NONE))
REASONS = {
    "points-01.4": "point_outside_commune",
    "points-01.5": "point_zero",
    "points-01.6": "point_outside_commune",
    "points-01.7": "point_unreadable",
    "points-01.8": "point_unreadable",
    "points-01.9": "point_unreadable",
    "points-01.10": "point_vague",
    "points-01.12": "outside_village",
}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["id"])
def test_a_point_counts_where_it_can_be(place: Survey, row: dict[str, str]) -> None:
    """R13, points-01: in its thôn, or nowhere until an officer decides."""
    sent = survey.submission(measure(place.every, row["diem"]).submission_id)
    assert sent.quarantine == REASONS.get(row["id"])
    where = "11629005" if row["id"] == "points-01.2" else "11629004"
    assert counted() == (set() if row["id"] in REASONS else {where})
    flags = [flag["code"] for flag in sent.flags or () if flag["code"] != "misfit"]
    assert flags == []


@pytest.mark.parametrize("identity", ["points-01.4", "points-01.5", "points-01.7", "points-01.10"])
def test_an_officer_lets_an_impossible_point_count_in_the_declared_thon(place: Survey, identity: str) -> None:
    row = next(each for each in ROWS if each["id"] == identity)
    sent = measure(place.every, row["diem"]).submission_id
    survey.decide(place, sent, "approved")
    assert counted() == {"11629004"}
    drawn = survey.submission(sent).latitude
    assert (drawn is not None) == (identity in ("points-01.4", "points-01.10"))
    assert survey.differences() == []


def _share_a_border() -> None:
    """The outlines of a thôn of each commune meet within one cell of 100 m."""
    border = (
        shapely.box(106.590, 20.820, 106.60424, 20.82978),
        shapely.box(106.60424, 20.820, 106.62, 20.82978),
    )
    for code, shape in zip(("11629004", "10930001"), border, strict=True):
        outline = sa.update(Village).where(Village.code == code)
        db.session.execute(outline.values(outline=shapely.to_wkb(shape), outline_source="border"))
    db.session.commit()
    communes.forget_index()


def test_two_communes_have_a_point_each_in_a_cell_that_both_measure(place: Survey) -> None:
    """R13, trust-01: the later one does not take it from the other, whatever the phone calls its subject."""
    _share_a_border()
    measure(place.every, "20.82463 106.60423 0 5")
    measure(place.abroad, "20.82463 106.60425 0 5", "10930001")
    assert counted() == {"11629004", "10930001"}
    measure(place.every, "20.82469 106.60421 0 5")
    assert survey.sums()["phu_song_5g_diem"] == (2, 2, 2)
    assert survey.differences() == []


def test_a_forged_subject_moves_no_other_point(place: Survey) -> None:
    """R13: the subject that a phone sends is not believed."""
    measure(place.every)
    measure(place.every, "20.82563 106.60523 0 5", mang="4g", phu_song_5g_diem_done="0")
    assert survey.sums()["phu_song_5g_diem"] == (1, 2, 2)
    with db.engine.connect() as connection:
        assert len(set(connection.scalars(sa.select(Finding.subject)))) == 2


def test_operators_and_indoors_are_points_of_their_own(place: Survey) -> None:
    measure(place.every)
    measure(place.every, nha_mang="mobifone")
    measure(place.every, trong_ngoai="trong_nha")
    measure(place.every)
    assert survey.sums()["phu_song_5g_diem"] == (3, 3, 3)


def test_a_commune_without_outlines_counts_by_the_declared_thon(app: Flask) -> None:
    made = survey.begin(("diem_5g",))
    sent = survey.submission(measure(made.every, "20.83069 106.60597 0 5").submission_id)
    assert (sent.quarantine, sent.village_id) == (None, made.villages["11629004"])


@pytest.mark.parametrize("point", ["48.85 2.35 0 5", "-20.82463 106.60423 0 5", "0.0001 0.0001 0 5"])
def test_without_outlines_a_point_of_another_country_waits_and_is_never_drawn(app: Flask, point: str) -> None:
    """R13: a commune that began with a table has no outline to hold it against."""
    made = survey.begin(("diem_5g",))
    sent = measure(made.every, point).submission_id
    assert survey.submission(sent).quarantine == "point_outside_commune"
    assert counted() == set()
    survey.decide(made, sent, "approved")
    assert counted() == {"11629004"}
    assert survey.submission(sent).latitude is None


def test_points_that_were_stored_before_get_their_own_subjects(place: Survey) -> None:
    """R13: the migration gives each commune its point and brings the tally along; back, they share one again."""
    _share_a_border()
    measure(place.every, "20.82463 106.60423 0 5")
    measure(place.abroad, "20.82463 106.60425 0 5", "10930001")
    with db.engine.connect() as connection:
        made = set(connection.scalars(sa.select(Finding.subject)))
    db.session.close()
    migrate.downgrade("0024")
    with db.engine.connect() as connection:
        assert len(set(connection.scalars(sa.select(Finding.subject)))) == 1
    assert survey.sums()["phu_song_5g_diem"] == (1, 1, 1)
    migrate.upgrade()
    with db.engine.connect() as connection:
        assert set(connection.scalars(sa.select(Finding.subject))) == made
    assert survey.sums()["phu_song_5g_diem"] == (2, 2, 2)
    assert survey.differences() == []
    measure(place.every, "20.82469 106.60421 0 5")
    assert survey.sums()["phu_song_5g_diem"] == (2, 2, 2)


ABROAD = ("48.85 2.35 0 5", "0.0 0.0 0 5", "-20.82463 106.60423 0 5", "20.82463 -106.60423 0 5")


def _of_household(point: str) -> bytes:
    sent = survey.xml("ho-register", cho_vi_tri="co").decode()
    return sent.replace("</cho_vi_tri>", f"</cho_vi_tri><vi_tri>{point}</vi_tri>").encode()


@pytest.mark.parametrize("has_outlines", [True, False])
@pytest.mark.parametrize("point", ABROAD)
def test_a_households_point_in_another_country_is_flagged_and_never_drawn(
    app: Flask, point: str, has_outlines: bool
) -> None:
    """R21: with outlines or without, it counts in the thôn of its household and a person looks."""
    made = survey.begin()
    if has_outlines:
        _outline({"11629002": shapely.box(106.590, 20.820, 106.620, 20.830)})
    sent = survey.submission(survey.received(_of_household(point), made.second).submission_id)
    assert [flag["code"] for flag in sent.flags or ()] == ["point_abroad"]
    assert (sent.quarantine, sent.latitude, sent.longitude) == (None, None, None)
    assert sent.village_id == made.villages["11629002"]
    assert survey.differences() == []


def test_without_outlines_a_point_of_this_country_raises_no_flag(app: Flask) -> None:
    made = survey.begin()
    sent = survey.submission(survey.received(_of_household("20.825 106.6 0 5"), made.second).submission_id)
    assert (list(sent.flags or ()), sent.latitude) == ([], 20.825)


WIFI = (
    '<data xmlns:orx="http://openrosa.org/xforms" id="wifi_cong_cong" version="{version}">'
    "<start>2026-11-26T10:05:00.000+07:00</start><end>2026-11-26T10:09:00.000+07:00</end><thon>11629004</thon>"
    "<diem>{point}</diem><meta><instanceID>uuid:{identity}</instanceID></meta></data>"
)


@pytest.mark.parametrize(
    ("point", "flags", "is_kept"),
    [
        ("20.82463 106.60423 0 5", [], True),
        ("20.83069 106.60597 0 5", ["place_outside_commune"], True),
        ("20.82996 106.60419 0 30", [], True),
        *((point, ["point_abroad"], False) for point in ABROAD),
    ],
)
def test_a_place_that_lies_in_no_thon_is_flagged_and_counts_in_the_one_named(
    app: Flask, point: str, flags: list[str], is_kept: bool
) -> None:
    """R4: in the thôn of its point; one that has none is no number to lose."""
    made = survey.begin(("wifi_cong_cong",))
    _outline(OUTLINES)
    version = db.session.scalars(sa.select(FormVersion.version)).one()
    sent = WIFI.format(version=version, point=point, identity=uuid.uuid4())
    kept = survey.submission(survey.received(sent.encode(), made.every).submission_id)
    assert [flag["code"] for flag in kept.flags or ()] == flags
    assert (kept.quarantine, kept.latitude is not None) == (None, is_kept)
    assert kept.village_id == made.villages["11629004"]
