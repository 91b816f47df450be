"""What a person decides about a submission: what counts, what a household is, and what phones see of it."""

import contextlib
import dataclasses
import datetime as dt
import uuid

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from server.db import db
from server.errors import Problem
from server.households.rebuild_entity import EntityChange, tell
from server.models import Audit, Entity, EntityVersion, Submission
from server.published_forms import publishing
from server.review import decisions, submission_states
from server.review.decisions import Reviewer
from server.review.review_problems import ReviewProblem
from tests.server.intake.test_receive_submission import (
    FORM,
    NOON,
    Place,
    Visit,
    differences,
    place,
    send,
    sums,
    visits,
)

__all__ = ["place"]  # a fixture is found by its name


def decide(place: Place, submission: int, state: str, expected: str = "received", comment: str = "") -> None:
    reviewer = Reviewer("person:1", "Nguyễn Thị Hạnh", place.both.commune_id)
    db.session.close()
    with db.engine.connect().execution_options(writes=True) as connection:
        decisions.decide(connection, submission, state, expected=expected, reviewer=reviewer, comment=comment)
        connection.commit()


def household(number: int = 1) -> Entity:
    db.session.close()
    return db.session.get_one(Entity, uuid.UUID(int=number, version=4))


def test_a_rejected_visit_counts_no_more_and_its_household_is_what_it_was(place: Place) -> None:
    """R5: its own fields go back, a new version tells the phones."""
    send(
        Visit(create=True, network="4g", result="vang", stated=(None,) * 4, end=NOON - dt.timedelta(3)),
        place.both,
    )
    met = send(Visit(network="5g"), place.both)
    assert (household().data["tinh_trang"], household().data["g5_viettel"]) == ("da_gap", "5g")
    decide(place, met.submission_id, "rejected", comment="Hỏi nhầm nhà")
    after = household()
    assert (after.data["tinh_trang"], after.data["g5_viettel"], after.data["lan_tham"]) == ("vang", "4g", "1")
    assert after.version == 3
    assert sums()["tham_ho"] == (0, 0, 0)
    assert differences() == []


def test_a_visit_that_is_accepted_again_counts_again(place: Place) -> None:
    send(
        Visit(create=True, network="4g", result="vang", stated=(None,) * 4, end=NOON - dt.timedelta(3)),
        place.both,
    )
    met = send(Visit(network="5g"), place.both)
    before = (dict(household().data), sums())
    decide(place, met.submission_id, "rejected")
    decide(place, met.submission_id, "approved", expected="rejected")
    assert (dict(household().data), sums()) == before
    assert differences() == []


def test_what_came_after_a_rejected_visit_stays(place: Place) -> None:
    first = send(Visit(create=True, network="4g", end=NOON - dt.timedelta(3)), place.both)
    send(Visit(network="5g", stated=((1, 1), (1, 3), None, None)), place.both)
    decide(place, first.submission_id, "rejected")
    assert household().data["g5_viettel"] == "5g"
    assert household().ended_at is None
    assert sums()["vneid_nguoi_dan"] == (1, 3, 1)
    assert differences() == []


def test_a_household_that_only_a_rejected_visit_registered_leaves_the_list_and_comes_back(
    place: Place,
) -> None:
    """E17: never deleted, a draft on a phone may name it."""
    made = send(Visit(create=True), place.both)
    decide(place, made.submission_id, "rejected")
    assert household().ended_reason == "rejected"
    decide(place, made.submission_id, "has_issues", expected="rejected")
    assert household().ended_at is None
    assert sums()["tham_ho"] == (1, 1, 1)
    assert differences() == []


def test_approving_a_visit_from_outside_places_and_counts_it(place: Place) -> None:
    """R23: kept aside until a person decides; then as if it had just been accepted."""
    send(Visit(create=True, village="11629002", network="4g", end=NOON - dt.timedelta(5)), place.both)
    outside = send(Visit(village="11629002", network="5g", stated=((1, 1), (0, 3), None, None)), place.first)
    assert sums()["vneid_nguoi_dan"] == (2, 3, 1)
    decide(place, outside.submission_id, "approved")
    row = db.session.get_one(Submission, outside.submission_id)
    assert (row.quarantine, row.review, row.entity_id) == (None, "approved", household().id)
    assert household().data["g5_viettel"] == "5g"
    assert household().data["lan_tham"] == "2"
    assert sums()["vneid_nguoi_dan"] == (0, 3, 1)
    assert differences() == []


def test_a_quarantined_visit_that_is_rejected_changes_nothing(place: Place) -> None:
    send(Visit(create=True, village="11629002"), place.both)
    outside = send(Visit(village="11629002"), place.first)
    before = (sums(), household().version)
    decide(place, outside.submission_id, "rejected")
    assert (sums(), household().version) == before


def test_an_unknown_version_counts_once_it_is_published_and_approved(place: Place) -> None:
    """C39, C42: accepted and set aside; approving needs the version to be known."""
    kept = send(Visit(create=True, version="2"), place.both)
    with pytest.raises(Problem) as problem:
        decide(place, kept.submission_id, "approved")
    assert problem.value.kind is ReviewProblem.REVIEW_IMPOSSIBLE
    publishing.publish(FORM.replace("| tham_thu | 1 |", "| tham_thu | 2 |").encode(), "hai.md", commune=None)
    db.session.commit()
    decide(place, kept.submission_id, "approved")
    assert sums()["tham_ho"] == (1, 1, 1)
    assert differences() == []


def test_the_slower_of_two_reviewers_is_told(place: Place) -> None:
    made = send(Visit(create=True), place.both)
    decide(place, made.submission_id, "approved")
    with pytest.raises(Problem) as problem:
        decide(place, made.submission_id, "rejected")
    assert problem.value.kind is ReviewProblem.REVIEW_OVERTAKEN
    assert "đã duyệt" in problem.value.sentence


def test_what_an_edit_has_replaced_is_not_decided_on(place: Place) -> None:
    made = send(Visit(create=True, instance="uuid:a"), place.both)
    send(Visit(instance="uuid:b", deprecated="uuid:a"), place.both)
    with pytest.raises(Problem) as problem:
        decide(place, made.submission_id, "rejected")
    assert problem.value.kind is ReviewProblem.REVIEW_IMPOSSIBLE
    with pytest.raises(Problem) as problem:
        decide(place, 999, "rejected")
    assert problem.value.kind is ReviewProblem.SUBMISSION_UNKNOWN


def test_an_edit_takes_back_what_only_the_edited_visit_said(place: Place) -> None:
    """C43 and R5: also of a household that the edit no longer names."""
    send(
        Visit(create=True, network="4g", result="vang", stated=(None,) * 4, end=NOON - dt.timedelta(3)),
        place.both,
    )
    send(Visit(household=2, create=True), place.both)
    send(Visit(instance="uuid:a", network="5g"), place.both)
    assert household().data["tinh_trang"] == "da_gap"
    send(Visit(household=2, instance="uuid:b", deprecated="uuid:a"), place.both)
    assert (household().data["tinh_trang"], household().data["g5_viettel"]) == ("vang", "4g")
    assert household(2).data["lan_tham"] == "2"
    assert differences() == []


def test_a_household_listed_without_a_first_version_stays_when_its_only_visit_is_rejected(
    place: Place,
) -> None:
    """Lists that others stored long ago: the visit goes, the household was there before it."""
    send(
        Visit(create=True, network="", result="vang", stated=(None,) * 4, end=NOON - dt.timedelta(9)),
        place.both,
    )
    with db.engine.connect().execution_options(writes=True) as connection:
        connection.execute(sa.delete(EntityVersion))
        connection.execute(sa.update(Submission).values(entity_id=None))
        connection.execute(sa.update(Entity).values(data={"dia_chi": "Ngõ 3", "tinh_trang": "chua_tham"}))
        connection.commit()
    met = send(Visit(network="5g"), place.both)
    decide(place, met.submission_id, "rejected")
    after = household()
    assert (after.ended_at, after.data["tinh_trang"]) == (None, "chua_tham")
    assert "g5_viettel" not in after.data
    assert after.data["dia_chi"] == "Ngõ 3"


def test_every_decision_is_kept_with_who_and_why(place: Place) -> None:
    made = send(Visit(create=True), place.both)
    decide(place, made.submission_id, "has_issues", comment=" Thiếu ảnh ")
    decide(place, made.submission_id, "approved", expected="has_issues")
    with db.engine.connect() as connection:
        kept = decisions.history(connection, made.submission_id)
    assert [(each.before, each.after, each.comment) for each in kept] == [
        ("received", "has_issues", "Thiếu ảnh"),
        ("has_issues", "approved", None),
    ]
    acts = db.session.scalars(sa.select(Audit).where(Audit.act == "submission.review")).all()
    assert {each.record for each in acts} == {f"submission:{made.submission_id}"}


STATES = st.sampled_from(sorted(submission_states.WORDS))
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("visit"), visits, st.booleans()),
        st.tuples(st.just("decide"), st.integers(0, 9), STATES),
    ),
    min_size=2,
    max_size=12,
)


@given(acts=STEPS)
@hypothesis_settings(
    max_examples=20,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_the_tally_equals_the_recount_whatever_is_decided(place: Place, acts: list[tuple]) -> None:
    """R3; and a household's status is always that of its accepted visits (R5)."""
    sent: list[int] = []
    for act in acts:
        if act[0] == "visit":
            sent.append(send(act[1], place.first if act[2] else place.both).submission_id)
        elif sent:
            submission = sent[act[1] % len(sent)]
            db.session.close()
            now = db.session.get_one(Submission, submission).review
            with contextlib.suppress(Problem):  # of a thôn that does not exist, it stays aside
                decide(place, submission, act[2], expected=now)
        assert differences() == []
    _statuses_are_those_of_accepted_visits()


def _statuses_are_those_of_accepted_visits() -> None:
    db.session.close()
    for entity in db.session.scalars(sa.select(Entity)):
        accepted = sa.select(sa.func.count()).where(
            Submission.entity_id == entity.id,
            Submission.review != "rejected",
            Submission.quarantine.is_(None),
            Submission.replaced_by_id.is_(None),
        )
        assert entity.data["lan_tham"] == str(db.session.scalar(accepted))
        newest = sa.select(sa.func.max(EntityVersion.version)).where(EntityVersion.entity_id == entity.id)
        assert db.session.scalar(newest) == entity.version


def test_a_label_goes_back_to_what_it_was() -> None:
    first = EntityChange("Hộ 1", {"thon": "1"}, {"thon": "1"}, True, NOON)
    renamed = EntityChange("Hộ Ấm", {"thon": "1", "a": "x"}, {"a": "x"}, True, NOON, named="Hộ Ấm")
    later = EntityChange("Hộ Ấm", {"thon": "1", "a": "x", "b": "y"}, {"b": "y"}, True, NOON)
    assert tell([first, renamed, later]).label == "Hộ Ấm"
    told = tell([first, dataclasses.replace(renamed, counts=False), later])
    assert (told.label, told.data) == ("Hộ 1", {"thon": "1", "b": "y"})


def test_an_imported_household_keeps_what_its_list_said() -> None:
    first = EntityChange("Hộ 1", {"thon": "1", "tinh_trang": "chua_tham"}, None, True, NOON)
    told = tell([first, EntityChange("Hộ 1", {}, {"a": "x"}, False, NOON)])
    assert (told.data, told.exists) == ({"thon": "1"}, True)
