"""Where households are, for maps: the point of the newest visit that counts, lane by lane (R21)."""

import datetime as dt
import uuid

import pytest
from flask import Flask

from server import clock
from server.coverage import household_points
from server.db import db
from server.models import Entity, Submission, Village
from tests import sample


@pytest.fixture
def village(app: Flask) -> Village:
    return sample.make_village(sample.make_commune())


def household(village: Village, address: str, **data: str) -> Entity:
    return sample.make_entity(village, f"Lê Thị Tám, {address}", data={"dia_chi": address, **data})


def visited(home: Entity, day: int, point: tuple[float, float] | None, **values: object) -> None:
    moment = clock.now() - dt.timedelta(days=30 - day)
    latitude, longitude = point or (None, None)
    db.session.add(
        Submission(
            instance_id=f"uuid:{uuid.uuid4()}", form_id=1, version="1", sha256=b"", xml=b"", answers={},
            village_id=home.village_id, entity_id=home.id, latitude=latitude, longitude=longitude,
            observed_at=moment, received_at=moment, **values,
        )
    )  # fmt: skip
    db.session.commit()


def test_a_household_is_where_its_newest_visit_that_counts_says(village: Village) -> None:
    home, unknown = household(village, "Ngõ 2, số 1"), household(village, "Ngõ 2, số 3")
    visited(home, 3, (20.813, 106.553))
    visited(home, 1, (20.811, 106.551))
    visited(home, 4, None)
    visited(home, 5, (20.815, 106.555), review="rejected")
    visited(home, 6, (20.816, 106.556), quarantine="somebody else's")
    visited(home, 7, (20.817, 106.557), replaced_by_id=1)
    found = household_points.of_villages([village.id])
    assert {each.id: each.point for each in found} == {home.id: (20.813, 106.553), unknown.id: None}
    [placed] = household_points.of_villages([village.id], only_with_point=True)
    assert placed.id == home.id


def test_households_are_told_lane_by_lane_and_by_state(village: Village) -> None:
    homes = [
        household(village, address, tinh_trang=state)
        for address, state in (("Ngõ 10, số 2", "vang"), ("Ngõ 2, số 10", "da_gap"), ("Ngõ 2, số 9", ""))
    ]
    ended = household(village, "Ngõ 1, số 1")
    ended.ended_at = clock.now()
    db.session.commit()
    keys = [each.id for each in homes]
    assert [each.id for each in household_points.of_villages([village.id])] == keys[::-1]
    to_visit = household_points.of_villages([village.id], ("chua_tham", "vang"))
    assert [each.id for each in to_visit] == [keys[2], keys[0]]
    known = household_points.known(keys[:2], [village.id])
    assert {key: (each.state, each.parts.number) for key, each in known.items()} == {
        keys[0]: ("vang", "2"), keys[1]: ("da_gap", "10"),
    }  # fmt: skip
