"""An edit is the same visit said anew (R12): what it registered lives, decisions and files follow the chain."""

import io
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from server.db import db
from server.errors import Problem
from server.files.attachments import Upload
from server.households import household_acts, merge_households
from server.households.act_rows import Officer
from server.intake import receive_submission
from server.intake.intake_problems import IntakeProblem
from server.models import Attachment, EntityVersion, Submission
from server.review import one_submission
from tests import sample, survey
from tests.conftest import Template, begun_once
from tests.survey import HOUSEHOLD, Survey

ADDRESS = {"dia_chi": "Ngõ 14, số 3", "thon": "11629002", "tinh_trang": "da_gap", "lan_tham": "1"}


@pytest.fixture(scope="module")
def begun(
    template_database: Template, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Template, Survey]]:
    with begun_once(template_database, tmp_path_factory.mktemp("survey"), survey.begin) as found:
        yield found


@pytest.fixture(scope="module")
def prepared(begun: tuple[Template, Survey]) -> Template:
    return begun[0]


@pytest.fixture
def place(app: Flask, begun: tuple[Template, Survey]) -> Survey:
    return begun[1]


def _has(data: dict[str, str], **expected: str) -> None:
    assert {name: data.get(name) for name in expected} == expected


def test_the_edit_of_a_registering_visit_keeps_its_household(place: Survey) -> None:
    """edit-01: the household that the visit registered lives, with its address; the answer is the corrected one."""
    survey.send("ho-register", place.second)
    before = survey.sums()
    edit = survey.send("ho-edit-gbps", place.second)
    household = survey.entity()
    assert (household.label, household.ended_at) == ("Lương Thị Nụ, Ngõ 14, số 3", None)
    _has(household.data, **ADDRESS)
    assert survey.stated(edit.submission_id)["bang_rong_1gbps"] == (1, 1, True)
    assert survey.sums() == before | {"bang_rong_1gbps": (1, 1, 1)}
    assert survey.differences() == []


def test_the_edit_of_a_name_and_a_number_names_the_same_household(place: Survey) -> None:
    """edit-03."""
    survey.send("ho-register", place.second)
    survey.send("ho-edit-name", place.second)
    household = survey.entity()
    assert (household.label, household.ended_at) == ("Lương Thị Nụ Em, Ngõ 14, số 3A", None)
    _has(household.data, **ADDRESS | {"dia_chi": "Ngõ 14, số 3A"})


def test_an_edit_that_comes_after_other_visits_takes_nothing_from_them(place: Survey) -> None:
    """edit-04: and it is no conflict that the same visit was said anew."""
    for name in ("ho-register", "ho-visit1-no5g", "ho-visit2-5g", "ho-edit-gbps"):
        survey.send(name, place.second)
    _has(survey.entity().data, **ADDRESS | {"g5_viettel": "5g", "lan_tham": "3", "ngay_cuoi": "2026-11-25"})
    assert db.session.scalars(sa.select(EntityVersion.conflict)).all() == [None] * survey.entity().version
    assert survey.differences() == []


@pytest.mark.parametrize("order", [("ho-edit-name", "ho-edit-gbps"), ("ho-edit-gbps", "ho-edit-name")])
def test_an_edit_of_an_edit_says_it_all_anew(place: Survey, order: tuple[str, str]) -> None:
    """A chain of edits is one visit: the last one's name stands, though an earlier one had given another."""
    survey.send("ho-register", place.second)
    survey.send(order[0], place.second, instanceID="uuid:first-edit")
    survey.send(order[1], place.second, deprecatedID="uuid:first-edit")
    household = survey.entity()
    number = "3A" if order[1] == "ho-edit-name" else "3"
    assert household.ended_at is None
    _has(household.data, **ADDRESS | {"dia_chi": f"Ngõ 14, số {number}"})
    assert household.label.endswith(number)
    assert survey.differences() == []


def test_the_same_name_said_again_stays(place: Survey) -> None:
    """A second edit that leaves the corrected name as it is does not bring the first name back."""
    survey.send("ho-register", place.second)
    survey.send("ho-edit-name", place.second, instanceID="uuid:first-edit")
    survey.send(
        "ho-edit-name", place.second, instanceID="uuid:second", deprecatedID="uuid:first-edit", gbps="co"
    )
    assert survey.entity().label == "Lương Thị Nụ Em, Ngõ 14, số 3A"


@pytest.mark.parametrize(
    ("form", "ids", "name"),
    [("doanh_nghiep", "11629002", "Cơ sở may Bắc"), ("diem_loa", "11629002", "Cụm loa đầu làng")],
)
def test_places_and_businesses_live_through_an_edit(place: Survey, form: str, ids: str, name: str) -> None:
    """edit-06: the other lists follow the same rule."""
    new = uuid.uuid4()

    def sent(label: str, instance: str, deprecated: str = "") -> bytes:
        edits = f"<deprecatedID>{deprecated}</deprecatedID>" if deprecated else ""
        dataset = "doanh_nghiep" if form == "doanh_nghiep" else "diem_cong_cong"
        version = db.session.scalar(sa.text("SELECT version FROM form_version v JOIN form f ON f.id = v.form_id "
                                            "WHERE f.form_id = :form"), {"form": form})  # fmt: skip
        return (
            f'<data id="{form}" version="{version}"><thon>{ids}</thon><tim_noi>moi</tim_noi>'
            f"<noi_id>{new}</noi_id><dang_ky><ten>{label}</ten><nhan>{label}</nhan><thon_moi>{ids}</thon_moi>"
            f"</dang_ky><chi_tieu><doi_tuong>{new}</doi_tuong></chi_tieu><meta>"
            f'<entity dataset="{dataset}" id="{new}" create="1"><label>{label}</label></entity>'
            f"{edits}<instanceID>{instance}</instanceID></meta></data>"
        ).encode()

    receive_submission.accept(sent("Tên cũ", "uuid:one"), [], place.second)
    assert survey.entity(new).label == "Tên cũ"
    receive_submission.accept(sent(name, "uuid:two", "uuid:one"), [], place.second)
    found = survey.entity(new)
    assert (found.label, found.ended_at) == (name, None)
    assert found.village_id == place.villages[ids]
    assert found.data.get("thon") == ids


def test_what_a_merged_household_was_called_by_an_edit_comes_back_with_it(place: Survey) -> None:
    """edit-07: register, merge, edit the registering visit, undo the merge."""
    survey.send("ho-register", place.second)
    kept = _registered_beside(place)
    officer = Officer("person:1", "Cán bộ", place.commune.id)
    act = _act(lambda connection: merge_households.merge(connection, kept, HOUSEHOLD, officer))
    survey.send("ho-edit-name", place.second)
    assert survey.entity(kept).label == "Người khác, Ngõ 9, số 1"
    assert survey.differences() == []
    _act(lambda connection: household_acts.undo(connection, act, officer))
    household = survey.entity()
    assert (household.label, household.ended_at) == ("Lương Thị Nụ Em, Ngõ 14, số 3A", None)
    _has(household.data, **ADDRESS | {"dia_chi": "Ngõ 14, số 3A"})
    _has(survey.entity(kept).data, dia_chi="Ngõ 9, số 1", lan_tham="1")
    assert survey.differences() == []


def _registered_beside(place: Survey) -> uuid.UUID:
    """Another household of the thôn, as a second visit registered it."""
    other = uuid.uuid4()
    text = survey.xml("ho-register", dia_chi="Ngõ 9, số 1", chu_ho="Người khác", instanceID=f"uuid:{other}")
    text = text.replace(str(HOUSEHOLD).encode(), str(other).encode())
    text = text.replace(
        "<label>Lương Thị Nụ, Ngõ 14, số 3<".encode(), "<label>Người khác, Ngõ 9, số 1<".encode()
    )
    receive_submission.accept(text, [], place.second)
    return other


def _act(act: Callable[[sa.Connection], Any]) -> Any:
    with db.engine.connect().execution_options(writes=True) as connection:
        found = act(connection)
        connection.commit()
    return found


def test_an_edit_that_no_longer_registers_takes_the_household_off_the_list(place: Survey) -> None:
    """R12: what only the edited version said is gone (R5): here the household itself."""
    survey.send("ho-register", place.second)
    other = _registered_beside(place)
    moved = survey.xml("ho-edit-gbps", tim_ho="co_san").replace(str(HOUSEHOLD).encode(), str(other).encode())
    receive_submission.accept(
        moved.replace(b'create="1" update="0"', b'create="0" update="1"'), [], place.second
    )
    assert survey.entity().ended_at is not None
    assert survey.entity(other).data["lan_tham"] == "2"
    assert survey.differences() == []


@pytest.mark.parametrize("visited", ["before", "after"])
@pytest.mark.parametrize("lost", ["edited", "rejected"])
def test_a_household_that_somebody_was_at_is_on_the_list_whenever_its_registration_was_lost(
    place: Survey, visited: str, lost: str
) -> None:
    """R5: a visit that counts says that it is there; in whatever order the two reach the office."""
    first = survey.send("ho-register", place.second)
    other = _registered_beside(place)
    if visited == "before":
        survey.send("ho-visit2-5g", place.second)
    if lost == "rejected":
        survey.decide(place, first.submission_id, "rejected", comment="Trùng")
    else:
        moved = survey.xml("ho-edit-gbps", tim_ho="co_san").replace(
            str(HOUSEHOLD).encode(), str(other).encode()
        )
        receive_submission.accept(
            moved.replace(b'create="1" update="0"', b'create="0" update="1"'), [], place.second
        )
    if visited == "after":
        assert survey.entity().ended_at is not None
        survey.send("ho-visit2-5g", place.second)
    household = survey.entity()
    assert (household.label, household.ended_at) == ("Lương Thị Nụ, Ngõ 14, số 3", None)
    _has(household.data, tinh_trang="da_gap", lan_tham="1", g5_viettel="5g")
    assert survey.differences() == []


def test_an_edit_of_what_was_not_accepted_waits_with_that_decision(place: Survey) -> None:
    """edit-22: it counts nowhere until somebody has looked; then as the edit says."""
    first = survey.send("ho-register", place.second)
    survey.decide(place, first.submission_id, "rejected", comment="Hỏi nhầm nhà")
    edit = survey.send("ho-edit-gbps", place.second)
    row = survey.submission(edit.submission_id)
    assert (row.review, row.quarantine, row.root_id) == ("received", "edit_of_rejected", first.submission_id)
    assert survey.sums() == {}
    assert survey.entity().ended_at is not None
    survey.decide(place, edit.submission_id, "approved")
    assert survey.entity().ended_at is None
    _has(survey.entity().data, **ADDRESS)
    assert survey.sums()["bang_rong_1gbps"] == (1, 1, 1)
    assert survey.differences() == []


def test_an_edit_of_an_edit_of_what_was_not_accepted_waits_too(place: Survey) -> None:
    first = survey.send("ho-register", place.second)
    survey.decide(place, first.submission_id, "rejected")
    survey.send("ho-edit-gbps", place.second, instanceID="uuid:two")
    third = survey.send("ho-edit-name", place.second, deprecatedID="uuid:two")
    assert survey.submission(third.submission_id).quarantine == "edit_of_rejected"
    assert survey.sums() == {}


@pytest.mark.parametrize("decided", ["approved", "has_issues"])
def test_an_edit_of_what_was_decided_waits_and_counts(place: Survey, decided: str) -> None:
    """edit-23."""
    first = survey.send("ho-register", place.second)
    survey.decide(place, first.submission_id, decided)
    edit = survey.send("ho-edit-gbps", place.second)
    row = survey.submission(edit.submission_id)
    assert (row.review, row.quarantine) == ("received", None)
    assert [flag["code"] for flag in row.flags or ()] == ["edited_after_decision"]
    assert survey.sums()["bang_rong_1gbps"] == (1, 1, 1)


def test_an_edit_of_an_outdated_version_is_kept_beside_the_newest(place: Survey) -> None:
    """R12, edit-24: stored, waiting, and the version that stands stays; approved, it takes its place."""
    first = survey.send("ho-register", place.second)
    newer = survey.send("ho-edit-name", place.second)
    late = survey.send("ho-edit-gbps", place.second)
    row = survey.submission(late.submission_id)
    assert (row.quarantine, row.root_id, row.replaced_by_id) == ("edit_outdated", first.submission_id, None)
    assert survey.entity().label == "Lương Thị Nụ Em, Ngõ 14, số 3A"
    assert survey.stated(late.submission_id) == {}
    for each in (first, newer, late):
        shown = one_submission.chain(each.submission_id, names=False)
        assert [step.id for step in shown] == [first.submission_id, newer.submission_id, late.submission_id]
    db.session.close()
    survey.decide(place, late.submission_id, "approved")
    assert survey.submission(newer.submission_id).replaced_by_id == late.submission_id
    assert survey.entity().label == "Lương Thị Nụ, Ngõ 14, số 3"
    assert survey.sums()["bang_rong_1gbps"] == (1, 1, 1)
    assert survey.differences() == []


def test_an_edit_of_an_edit_that_waits_beside_takes_that_ones_place(place: Survey) -> None:
    survey.send("ho-register", place.second)
    survey.send("ho-edit-name", place.second)
    aside = survey.send("ho-edit-gbps", place.second, instanceID="uuid:aside")
    again = survey.send("ho-edit-gbps", place.second, instanceID="uuid:again", deprecatedID="uuid:aside")
    assert survey.submission(again.submission_id).quarantine == "edit_outdated"
    assert survey.submission(aside.submission_id).replaced_by_id == again.submission_id
    assert survey.entity().label == "Lương Thị Nụ Em, Ngõ 14, số 3A"


def test_the_edit_of_another_collectors_visit_waits(place: Survey) -> None:
    """R13: what is edited is judged too; no file of the other's visit goes along."""
    first = survey.send("ho-register", place.second)
    before = survey.sums()
    edit = survey.send("ho-edit-gbps", place.every)
    row = survey.submission(edit.submission_id)
    assert (row.quarantine, row.root_id) == ("edit_foreign", None)
    assert survey.submission(first.submission_id).replaced_by_id is None
    assert survey.sums() == before
    survey.decide(place, edit.submission_id, "approved")
    assert survey.submission(first.submission_id).replaced_by_id == edit.submission_id
    assert survey.submission(edit.submission_id).root_id == first.submission_id
    assert survey.differences() == []


def test_an_edit_of_what_never_came_is_refused(place: Survey) -> None:
    with pytest.raises(Problem) as problem:
        survey.send("ho-edit-gbps", place.second)
    assert problem.value.kind is IntakeProblem.EDIT_OF_UNKNOWN


def test_photos_that_come_late_belong_to_the_newest_version_too(place: Survey) -> None:
    """edit-21: sent first without its photo, edited, then sent again with it."""
    sample.publish_plain()
    first = sample.filled("<so>3</so><anh>a.jpg</anh>", instance_id="uuid:one")
    edit = sample.filled("<so>4</so><anh>a.jpg</anh>", instance_id="uuid:two")
    edit = edit.replace(b"<instanceID>", b"<deprecatedID>uuid:one</deprecatedID><instanceID>")
    again = (
        edit.replace(b"uuid:one", b"uuid:to")
        .replace(b"uuid:two", b"uuid:three")
        .replace(b"uuid:to", b"uuid:two")
    )
    for each in (first, edit, again):
        receive_submission.accept(each, [], place.second)
    late = receive_submission.accept(
        first, [Upload("a.jpg", io.BytesIO(sample.JPEG), "image/jpeg")], place.second
    )
    assert late.new
    db.session.close()
    rows = db.session.scalars(sa.select(Submission).order_by(Submission.id)).all()
    assert [row.missing_files for row in rows] == [None, None, None]
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Attachment)) == 3
