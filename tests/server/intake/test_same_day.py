"""Two visits to one household on one day: it is met once, and help that both tell waits for a person (walker-01)."""

import pytest
from flask import Flask

from tests import survey
from tests.survey import Survey

INSTALLS = "cai_smart_hai_phong"


@pytest.fixture
def place(app: Flask) -> Survey:
    made = survey.begin(("ho_gia_dinh",))
    survey.send("ho-register", made.second)
    return made


def _flags(submission: int) -> list[str]:
    return [flag["code"] for flag in survey.submission(submission).flags or ()]


def test_help_told_twice_on_a_day_counts_once_until_somebody_decides(place: Survey) -> None:
    """walker-01: 2 installs, not 4; the second visit waits with “cùng hộ, cùng ngày”."""
    first, second = (survey.send(name, place.second) for name in ("walker-01-a", "walker-01-b"))
    assert (_flags(first.submission_id), _flags(second.submission_id)) == ([], ["same_day"])
    assert survey.sums()["tham_ho"] == (1, 1, 1)
    assert survey.sums()[INSTALLS] == (2, 2, 1)
    assert survey.sums()["bang_rong_1gbps"] == (1, 1, 1)
    assert survey.differences() == []
    survey.decide(place, second.submission_id, "approved")
    assert survey.sums()[INSTALLS] == (4, 4, 2)
    survey.decide(place, second.submission_id, "rejected", expected="approved")
    assert survey.sums()[INSTALLS] == (2, 2, 1)
    survey.decide(place, second.submission_id, "has_issues", expected="rejected")
    assert survey.sums()[INSTALLS] == (2, 2, 1)
    assert survey.differences() == []


@pytest.mark.parametrize(
    ("changes", "flags"),
    [
        (survey.morning("2026-11-27"), []),
        ({"giup_smart": "", "cai_smart_hai_phong_of": "", "cai_smart_hai_phong_done": ""}, []),
        ({"giup_smart": "1", "cai_smart_hai_phong_of": "1", "cai_smart_hai_phong_done": "1"}, ["same_day"]),
    ],
)
def test_another_day_or_no_help_is_no_doubt(place: Survey, changes: dict[str, str], flags: list[str]) -> None:
    survey.send("walker-01-a", place.second)
    assert _flags(survey.send("walker-01-b", place.second, **changes).submission_id) == flags
    assert survey.differences() == []


def test_an_edit_does_not_meet_what_it_replaces(place: Survey) -> None:
    survey.send("walker-01-a", place.second)
    instance = "uuid:00050000-0000-4000-8000-000000000001"
    edit = survey.send("walker-01-b", place.second, deprecatedID=instance)
    assert _flags(edit.submission_id) == []
    assert survey.sums()[INSTALLS] == (2, 2, 1)
    assert survey.differences() == []
