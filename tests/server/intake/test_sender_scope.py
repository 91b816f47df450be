"""What a submission may touch (R13): foreign ids in every place of it change nothing outside its sender's thôn."""

import dataclasses
import uuid
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from flask import Flask

from server.counting import tally
from server.db import db
from server.errors import Problem
from server.intake import receive_submission
from server.intake.submission_sender import Sender
from server.models import Entity, Finding, Submission, Village
from server.published_forms import publishing
from tests import sample, survey
from tests.conftest import Template, begun_once
from tests.survey import Survey

FORM = """
| survey |
| | type | name | label | save_to | calculation |
| | end | end | | | |
| | text | thon | Thôn | ho_dan#thon | |
| | text | ho | Mã hộ | | |
| | text | dia_chi | Địa chỉ | ho_dan#dia_chi | |
| | text | ket_qua | Kết quả | | |
| | begin repeat | nguoi | Người | | |
| | text | ma | Mã | | |
| | text | ten | Tên | nguoi_ho#ten | |
| | end repeat | | | | |
| | begin group | chi_tieu | Chỉ tiêu | | |
| | calculate | doi_tuong | | | 1 |
| | calculate | tham_ho_done | | | 1 |
| | calculate | tham_ho_of | | | 1 |
| | note | ket_luan | Đã ghi nhận | | |
| | end group | | | | |
| entities |
| | list_name | label | entity_id | create_if | update_if | repeat |
| | ho_dan | ${dia_chi} | ${ho} | ${ho} = '' | ${ho} != '' | |
| | nguoi_ho | ${ten} | ${ma} | ${ma} = '' | ${ma} != '' | ${nguoi} |
| settings |
| | form_title | form_id | version |
| | Thăm hộ | hai_danh_sach | 1 |
| chi_tieu |
| | indicator | label::Tiếng Việt | label::English | unit | kind |
| | tham_ho | Hộ đã thăm | Households met | household | state |
"""
ACTS = ('create="1"', 'update="1" baseVersion="1"', 'create="1" update="1"', "")


@dataclasses.dataclass(frozen=True)
class Sent:
    """A submission as somebody might write it: which ids stand in which place."""

    household: uuid.UUID
    thon: str
    act: str = ACTS[1]
    dataset: str = "ho_dan"
    people: tuple[tuple[str, uuid.UUID], ...] = ()
    """List and id of each block in the repeat."""
    subject: str = ""
    edits: str = ""
    label: str = "Tên mới"
    name: str = "Người mới"

    def xml(self) -> bytes:
        edits = f"<deprecatedID>{self.edits}</deprecatedID>" if self.edits else ""
        people = "".join(
            f'<nguoi><ma>{each}</ma><ten>{self.name}</ten><meta><entity dataset="{listed}" id="{each}" '
            f"{self.act or ACTS[1]}><label>{self.name}</label></entity></meta></nguoi>"
            for listed, each in self.people
        )
        return (
            f'<data id="hai_danh_sach" version="1"><thon>{self.thon}</thon><ho>{self.household}</ho>'
            f"<dia_chi>{self.label}</dia_chi><ket_qua>gap</ket_qua>{people}<chi_tieu><doi_tuong>{self.subject}</doi_tuong>"
            f"<tham_ho_done>0</tham_ho_done><tham_ho_of>1</tham_ho_of></chi_tieu><meta>"
            f'<entity dataset="{self.dataset}" id="{self.household}" {self.act}><label>{self.label}</label></entity>'
            f"{edits}<instanceID>uuid:{uuid.uuid4()}</instanceID></meta></data>"
        ).encode()


@dataclasses.dataclass(frozen=True)
class Ground:
    """Households, people and visits of three thôn in two communes."""

    place: Survey
    households: dict[str, uuid.UUID]
    people: dict[str, uuid.UUID]
    visits: dict[str, str]
    public: uuid.UUID
    points: dict[str, uuid.UUID]
    """Subjects of findings that are no entities, as those of check points are, by their thôn."""


@pytest.fixture(scope="module")
def begun(
    template_database: Template, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Template, Ground]]:
    with begun_once(template_database, tmp_path_factory.mktemp("ground"), _begin) as found:
        yield found


@pytest.fixture(scope="module")
def prepared(begun: tuple[Template, Ground]) -> Template:
    return begun[0]


@pytest.fixture
def ground(app: Flask, begun: tuple[Template, Ground]) -> Ground:
    return begun[1]


def _begin() -> Ground:
    place = survey.begin(("ho_gia_dinh",))
    publishing.publish(FORM.encode(), "hai.md", commune=None)
    db.session.commit()
    villages = {row.code: row for row in db.session.scalars(sa.select(Village))}
    far = sample.make_entity(
        villages["10930001"], "Nhà văn hóa Xa", "diem_cong_cong", {"thon": "10930001"}
    ).id
    db.session.close()
    senders = {"11629002": place.second, "11629003": place.third, "10930001": place.abroad}
    households = {code: uuid.uuid4() for code in senders}
    people = {code: uuid.uuid4() for code in senders}
    visits, points = {}, {code: uuid.uuid4() for code in senders}
    for code, sender in senders.items():
        receive_submission.accept(Sent(uuid.uuid4(), code, "", subject=str(points[code])).xml(), [], sender)
        sent = Sent(households[code], code, ACTS[0], people=(("nguoi_ho", people[code]),)).xml()
        receive_submission.accept(sent, [], sender)
        visits[code] = sent.split(b"<instanceID>")[1].split(b"<")[0].decode()
    return Ground(place, households, people, visits, far, points)


def outside(sender: Sender) -> object:
    """All that lies outside a sender's thôn: entities, visits, what counts."""
    own = list(sender.villages.values())
    with db.engine.connect() as connection:
        entities = sa.select(Entity.id, Entity.label, Entity.data, Entity.version, Entity.ended_at)
        visits = sa.select(Submission.id, Submission.replaced_by_id, Submission.review, Submission.village_id)
        others = sa.or_(Submission.collector_id != sender.collector_id, Submission.village_id.not_in(own))
        rows = tally.tally_rows().subquery()
        sums = sa.select(
            rows.c.village_id, sa.func.sum(rows.c.done), sa.func.sum(rows.c.of), sa.func.sum(rows.c.subjects)
        )
        return [
            connection.execute(query).all()
            for query in (
                entities.where(Entity.village_id.not_in(own)).order_by(Entity.id),
                visits.where(others, Submission.quarantine.is_(None)).order_by(Submission.id),
                sums.where(rows.c.village_id.not_in(own))
                .group_by(rows.c.village_id)
                .order_by(rows.c.village_id),
                sa.select(Finding.submission_id, Finding.counts).where(Finding.village_id.not_in(own)),
            )
        ]


PLACES = (
    "root", "repeat", "blank root", "subject", "point subject", "edited", "edited and root", "everywhere"
)  # fmt: skip
SCOPES = {
    "one thôn": ("11629002", ["11629003", "10930001"]),
    "another thôn": ("11629003", ["11629002", "10930001"]),
    "another commune": ("10930001", ["11629002", "11629003"]),
    "every thôn": ("11629002", ["10930001"]),
    "no thôn": ("11629003", ["11629002", "10930001"]),
}
"""What a collector may reach: the thôn that their submissions claim, and those whose ids they forge."""


def forged(ground: Ground, own: str, victim: str, where: str, act: str) -> Sent:
    """A submission of thôn `own` with ids of thôn `victim` in that place; all claim the sender's own thôn."""
    home, theirs, person = ground.households[own], ground.households[victim], ground.people[victim]
    sent = Sent(home, own, act)
    changes: dict[str, dict[str, object]] = {
        "root": {"household": theirs},
        "repeat": {"people": (("nguoi_ho", ground.people[own]), ("nguoi_ho", person))},
        "blank root": {"act": "", "people": (("nguoi_ho", person),)},
        "subject": {"subject": str(theirs)},
        "point subject": {"act": "", "household": uuid.uuid4(), "subject": str(ground.points[victim])},
        "edited": {"edits": ground.visits[victim]},
        "edited and root": {"edits": ground.visits[victim], "household": theirs},
        "everywhere": {
            "edits": ground.visits[victim], "household": theirs, "subject": str(theirs),
            "people": (("nguoi_ho", person), ("ho_dan", theirs), ("diem_cong_cong", ground.public)),
        },
    }  # fmt: skip
    return dataclasses.replace(sent, **changes[where])  # type: ignore[arg-type]


@pytest.mark.parametrize("where", PLACES)
@pytest.mark.parametrize(
    ("scope", "victim"), [(scope, victim) for scope, (_, victims) in SCOPES.items() for victim in victims]
)
def test_foreign_ids_change_nothing_outside_the_senders_thon(
    ground: Ground, where: str, scope: str, victim: str
) -> None:
    """R13: whichever place the id of another thôn or commune stands in, whatever the block would do."""
    senders = {
        "one thôn": ground.place.second,
        "another thôn": ground.place.third,
        "another commune": ground.place.abroad,
        "every thôn": ground.place.every,
        "no thôn": dataclasses.replace(ground.place.second, villages={}),
    }
    sender, own = senders[scope], SCOPES[scope][0]
    for act in ACTS:
        before = outside(sender)
        receive_submission.accept(forged(ground, own, victim, where, act).xml(), [], sender)
        assert outside(sender) == before
        row = sample.arrived()[-1]
        assert row.quarantine in ("outside_village", "edit_foreign") or (where == "root" and not act)
    assert survey.differences() == []


def test_a_block_that_names_another_lists_entity_sets_all_aside(ground: Ground) -> None:
    """A household is no place, whatever list its block claims."""
    sender = ground.place.second
    sent = dataclasses.replace(
        Sent(ground.households["11629002"], "11629002"), people=(("nguoi_ho", ground.households["11629002"]),)
    )
    receive_submission.accept(sent.xml(), [], sender)
    assert sample.arrived()[-1].quarantine == "entity_twice"
    sent = Sent(ground.people["11629002"], "11629002")
    receive_submission.accept(sent.xml(), [], sender)
    assert sample.arrived()[-1].quarantine == "outside_village"


def test_a_collector_who_moved_on_edits_an_old_visit_in_vain(ground: Ground) -> None:
    """trust-01: the edit waits for an officer, and the old thôn's sums stay."""
    moved = dataclasses.replace(ground.place.second, villages={"11629003": ground.place.villages["11629003"]})
    before = survey.sums(ground.place.villages["11629002"])
    edit = Sent(ground.households["11629002"], "11629002", ACTS[0], edits=ground.visits["11629002"])
    receive_submission.accept(edit.xml(), [], moved)
    row = sample.arrived()[-1]
    assert (row.quarantine, row.root_id is not None) == ("outside_village", True)
    assert survey.sums(ground.place.villages["11629002"]) == before
    survey.decide(ground.place, row.id, "approved")
    assert survey.sums(ground.place.villages["11629002"]) == before
    assert survey.differences() == []


def test_what_waited_for_a_household_of_another_thon_is_set_aside(ground: Ground) -> None:
    """R13, E14: a visit that came before its household was registered says nothing about it elsewhere."""
    new, before = uuid.uuid4(), survey.sums(ground.place.villages["11629003"])
    receive_submission.accept(Sent(new, "11629003", label="Chiếm").xml(), [], ground.place.third)
    early = sample.arrived()[-1]
    assert early.quarantine is None
    receive_submission.accept(Sent(new, "11629002", ACTS[0], label="Thật").xml(), [], ground.place.second)
    household = survey.entity(new)
    assert (household.label, household.data["dia_chi"], household.data["lan_tham"]) == ("Thật", "Thật", "1")
    assert survey.submission(early.id).quarantine == "outside_village"
    assert survey.sums(ground.place.villages["11629003"]) == before
    assert survey.differences() == []


def test_an_honest_form_with_three_people_is_taken(ground: Ground) -> None:
    """trust-02."""
    people = tuple(("nguoi_ho", uuid.uuid4()) for _ in range(3))
    receive_submission.accept(
        Sent(uuid.uuid4(), "11629002", ACTS[0], people=people).xml(), [], ground.place.second
    )
    assert sample.arrived()[-1].quarantine is None
    assert survey.entity(people[2][1]).village_id == ground.place.villages["11629002"]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        (
            {"people": tuple(("nguoi_ho", uuid.UUID(int=n, version=4)) for n in range(50))},
            "too_many_entities",
        ),
        ({"people": (("nguoi_ho", uuid.UUID(int=1)),) * 2}, "entity_twice"),
        ({"label": "Ạ" * 201}, "entity_too_long"),
        ({"people": (("nguoi_ho", uuid.UUID(int=1)),), "name": "Ạ" * 2001}, "entity_too_long"),
    ],
)
def test_what_is_beyond_the_bounds_waits(ground: Ground, changes: dict[str, object], reason: str) -> None:
    """trust-02: 50 blocks, one entity once, labels of 200 and properties of 2,000 letters."""
    sent = dataclasses.replace(Sent(uuid.uuid4(), "11629002", ACTS[0]), **changes)  # type: ignore[arg-type]
    receive_submission.accept(sent.xml(), [], ground.place.second)
    row = sample.arrived()[-1]
    assert row.quarantine == reason
    with db.engine.connect() as connection:
        assert connection.scalar(sa.select(Entity.id).where(Entity.id == sent.household)) is None


BEYOND = {
    "sixty people": {"people": tuple(("nguoi_ho", uuid.UUID(int=n, version=4)) for n in range(60))},
    "one twice": {"people": (("nguoi_ho", uuid.UUID(int=1, version=4)),) * 2},
}


@pytest.mark.parametrize("changes", BEYOND.values(), ids=BEYOND)
def test_what_is_beyond_the_bounds_counts_whole_when_somebody_lets_it(
    ground: Ground, changes: dict[str, object]
) -> None:
    """R13: the bounds ask for a look; who has looked at a visit to a house of sixty people lets it count whole."""
    sent = dataclasses.replace(Sent(uuid.uuid4(), "11629002", ACTS[0]), **changes)  # type: ignore[arg-type]
    receive_submission.accept(sent.xml(), [], ground.place.second)
    row = sample.arrived()[-1]
    assert row.quarantine in ("too_many_entities", "entity_twice")
    assert len(row.answers["nguoi"]) == len(sent.people)  # to be looked at
    survey.decide(ground.place, row.id, "approved")
    assert survey.entity(sent.household).label == "Tên mới"
    for _, person in sent.people:
        assert survey.entity(person).label == "Người mới"
    assert survey.stated(row.id) == {"tham_ho": (0, 1, True)}
    assert survey.differences() == []


def test_two_households_in_one_visit_are_both_told_when_somebody_lets_them(ground: Ground) -> None:
    """R13: one outside repeats; approved, both are registered, and the visit is about the first."""
    first, second = uuid.uuid4(), uuid.uuid4()
    block = f'<entity dataset="ho_dan" id="{second}" create="1"><label>Hộ hai</label></entity>'
    xml = Sent(first, "11629002", ACTS[0]).xml().replace(b"<instanceID>", f"{block}<instanceID>".encode())
    receive_submission.accept(xml, [], ground.place.second)
    row = sample.arrived()[-1]
    assert row.quarantine == "too_many_entities"
    survey.decide(ground.place, row.id, "approved")
    assert (survey.entity(first).label, survey.entity(second).label) == ("Tên mới", "Hộ hai")
    assert survey.submission(row.id).entity_id == first
    assert survey.differences() == []


def test_a_long_name_is_cut_when_somebody_lets_it_count(ground: Ground) -> None:
    new = uuid.uuid4()
    sent = Sent(new, "11629002", ACTS[0], label="Ạ" * 250)
    number = receive_submission.accept(sent.xml(), [], ground.place.second).submission_id
    survey.decide(ground.place, number, "approved")
    household = survey.entity(new)
    assert (household.label, household.data["dia_chi"]) == ("Ạ" * 200, "Ạ" * 250)


def test_a_flood_of_blocks_in_one_submission_is_kept_unread(ground: Ground) -> None:
    """40,000 blocks in one POST: nothing of it is taken apart, and its page and the decision say so."""
    people = tuple(("n", uuid.UUID(int=n, version=4)) for n in range(40_000))
    block = b'<nguoi><meta><entity dataset="nguoi_ho" id="%s" create="1"/></meta></nguoi>'
    rounds = b"".join(block % str(each).encode() for _, each in people)
    xml = Sent(uuid.uuid4(), "11629002", ACTS[0]).xml().replace(b"<chi_tieu>", rounds + b"<chi_tieu>")
    receive_submission.accept(xml, [], ground.place.second)
    row = sample.arrived()[-1]
    assert (row.quarantine, row.answers) == ("entities_unread", {})
    assert row.xml == xml
    with pytest.raises(Problem, match=r"hơn 1\.000 hộ") as problem:
        survey.decide(ground.place, row.id, "approved")
    assert "chia thành nhiều phiếu" in problem.value.sentence
    survey.decide(ground.place, row.id, "rejected")
    assert survey.differences() == []


def test_a_label_of_four_megabytes_waits(ground: Ground) -> None:
    xml = Sent(uuid.uuid4(), "11629002", ACTS[0], label="A" * 2_000_000).xml()
    receive_submission.accept(xml, [], ground.place.second)
    assert sample.arrived()[-1].quarantine == "entity_too_long"
