"""A form's own checks beside the server's: noted with the visit, again with an edit, by the version that was filled."""

import time
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
import sqlalchemy as sa

from server.backchecks import kept_draws
from server.db import db
from server.models import Interview, Submission
from server.review import doubts, form_checks, waiting_reasons
from tests import sample
from tests.server.review.conftest import CHECKED_FORM, CheckedThon


def noted() -> dict[str, list[str]]:
    """The codes of the checks that each visit meets, by its instanceID, after a look at all."""
    doubts.once()
    db.session.rollback()
    return {
        each.instance_id: [flag["about"] for flag in each.flags or () if flag["code"] == "kiem_tra"]
        for each in sample.arrived()
    }


def test_a_visit_that_meets_a_check_waits_with_its_words_and_one_beside_it_does_not(
    thon: CheckedThon,
) -> None:
    honest, many = thon.visit(0, people=15), thon.visit(1, people=16)
    old = thon.visit(2, people=20, ages=(30, 101))
    assert noted() == {honest: [], many: ["dong"], old: ["gia", "dong"]}
    told = [[reason.sentence for reason in each.reasons] for each in waiting_reasons.listed().waiters]
    assert told[1] == ["Hỏi lại số người, ghi hơn 15 (kiểm tra “dong” của biểu mẫu)"]
    assert told[0][0].startswith("Có người hơn 100 tuổi: đến lại xem")


def test_an_edit_is_looked_at_anew(thon: CheckedThon) -> None:
    """R32."""
    first = thon.visit(0, people=40)
    assert noted()[first] == ["dong"]
    edit = thon.visit(0, people=4, edits=first)
    assert noted() == {first: ["dong"], edit: []}
    assert waiting_reasons.waiting().every == 0
    worse = thon.visit(0, people=41, edits=edit)
    assert noted()[worse] == ["dong"]


def test_a_visit_is_looked_at_by_the_version_it_was_filled_with(thon: CheckedThon) -> None:
    """R32."""
    before = thon.visit(0, people=16)
    noted()
    sample.publish(CHECKED_FORM.replace("${so_nguoi} > 15", "${so_nguoi} > 3"), version="2")
    late, new = thon.visit(1, people=5), thon.visit(2, people=5, version="2")
    assert noted() == {before: ["dong"], late: [], new: ["dong"]}


def test_what_each_check_said_is_kept_for_shares_and_how_much_nobody_knew(thon: CheckedThon) -> None:
    thon.visit(0, "vang")
    thon.visit(1, wifi="khong_biet")
    assert noted()
    assert all(not each for each in noted().values())
    rows = db.session.execute(
        sa.select(Interview.checked, Interview.unknown, Interview.could_be_unknown).order_by(
            Interview.submission_id
        )
    ).all()
    assert [row.checked for row in rows] == [
        {"dong": False, "gia": False, "vang": True},
        {"dong": False, "gia": False, "vang": False},
    ]
    assert [(row.unknown, row.could_be_unknown) for row in rows] == [(None, None), (1, 2)]


def test_what_was_set_aside_is_not_looked_at(thon: CheckedThon) -> None:
    key = thon.visit(0, people=40)
    sample.arrived()[0].quarantine = "outside_village"
    db.session.commit()
    assert noted() == {key: []}


def test_a_form_without_checks_costs_nothing_and_notes_nothing(thon: CheckedThon) -> None:
    sample.publish(CHECKED_FORM.partition("| kiem_tra |")[0], version="3")
    key = thon.visit(0, people=40, version="3")
    assert noted() == {key: []}
    assert db.session.scalars(sa.select(Interview.checked)).all() == [None]


def test_a_check_that_wants_a_second_visit_puts_the_visit_into_the_next_draw(thon: CheckedThon) -> None:
    thon.visit(0, people=40)
    thon.visit(1, ages=(101,))
    noted()
    rows = kept_draws._visits(thon.commune, 0)
    assert [kept_draws._checkable(row).is_doubtful for row in rows] == [False, True]


def test_flags_never_hold_what_was_answered(thon: CheckedThon) -> None:
    thon.visit(0, people=7351)
    noted()
    assert "7351" not in str(db.session.scalars(sa.select(Submission.flags)).all())


SLOW = "".join(
    f"| | cham{n} | regex(${{vneid}}, ${{wifi}}) | Xem lại chữ | gọi điện | 1 | | |\n" for n in range(27)
)
"""Checks of which each tries for ever where the answer is right."""


def test_visits_are_stored_while_others_are_looked_at_by_their_checks(
    thon: CheckedThon, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A commune's own checks may ask for long work: it is done before the transaction that writes."""
    key = thon.visit(0, people=40)
    look = form_checks.met

    def beside_another_visit(connection: sa.Connection, rows: Sequence[Any]) -> dict[int, Mapping[str, bool]]:
        with db.engine.connect().execution_options(writes=True) as other:
            other.execute(sa.update(Submission).values(device="khac"))
            other.commit()
        return look(connection, rows)

    monkeypatch.setattr(form_checks, "met", beside_another_visit)
    assert noted() == {key: ["dong"]}
    assert sample.arrived()[0].device == "khac"


def test_checks_without_an_end_cost_a_moment_and_stop_no_other_before_them(thon: CheckedThon) -> None:
    sample.publish(CHECKED_FORM + SLOW, version="3")
    key = thon.visit(0, people=40, version="3", wifi="(a|aa)+", vneid="a" * 60 + "!")
    began = time.monotonic()
    assert noted() == {key: ["dong"]}
    assert time.monotonic() - began < 3, "each of the 27 takes a quarter of a second"
