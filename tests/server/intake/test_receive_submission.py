"""What a submission does to the tables: stored once, placed, counted; the tally always equals the recount."""

import contextlib
import dataclasses
import datetime as dt
import threading
import uuid

import pytest
import sqlalchemy as sa
from flask import Flask
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from geo.series import Rule
from server import clock
from server.counting import folding, tally
from server.db import db
from server.errors import Problem
from server.intake import receive_submission
from server.intake.receive_submission import Receipt
from server.intake.submission_sender import Sender
from server.models import Audit, Entity, EntityVersion, Finding, Indicator, Submission, Tally, TallyDay
from server.published_forms import publishing
from server.published_forms.registry import registry
from tests import sample

NOON = dt.datetime(2026, 11, 20, 5, tzinfo=dt.UTC)

FORM = """
| survey |
| | type | name | label | save_to | calculation |
| | start | start | | | |
| | end | end | | | |
| | text | thon | Thôn | thon | |
| | text | ho | Hộ | | |
| | text | id_ho | Mã | | |
| | text | ket_qua | Kết quả | | |
| | text | mang | Mạng | g5_viettel | |
| | begin group | chi_tieu | Chỉ tiêu | | |
| | calculate | tham_ho_done | | | 1 |
| | calculate | tham_ho_of | | | 1 |
| | calculate | vneid_nguoi_dan_done | | | 1 |
| | calculate | vneid_nguoi_dan_of | | | 1 |
| | calculate | kich_hoat_vneid_done | | | 1 |
| | calculate | kich_hoat_vneid_of | | | 1 |
| | calculate | phu_song_5g_diem_done | | | 1 |
| | calculate | phu_song_5g_diem_of | | | 1 |
| | note | ket_luan | Đã ghi nhận | | |
| | end group | | | | |
| | geopoint | vi_tri | Vị trí | | |
| settings |
| | form_title | form_id | version |
| | Thăm hộ | tham_thu | 1 |
| entities |
| | list_name | label | entity_id | create_if | update_if |
| | ho_dan | ${ho} | ${id_ho} | ${ho} = '' | ${ho} != '' |
| chi_tieu |
| | indicator | label::Tiếng Việt | label::English | unit | kind |
| | tham_ho | Hộ đã thăm | Households met | household | state |
| | vneid_nguoi_dan | VNeID | VNeID | person | state |
| | kich_hoat_vneid | Kích hoạt hôm nay | Activated today | person | event |
| | phu_song_5g_diem | 5G tại điểm | 5G at points | household | state |
"""
INDICATORS = ("tham_ho", "vneid_nguoi_dan", "kich_hoat_vneid", "phu_song_5g_diem")


@dataclasses.dataclass(frozen=True)
class Place:
    """A commune with two thôn, one collector for both and one for the first alone."""

    both: Sender
    first: Sender


@dataclasses.dataclass(frozen=True)
class Visit:
    """One visit as a phone sends it; `stated` are (done, of) by the place of the indicator."""

    household: int = 1
    create: bool = False
    village: str = "11629001"
    result: str = "gap"
    stated: tuple[tuple[object, object] | None, ...] = ((1, 1), (2, 3), None, None)
    end: dt.datetime | None = NOON
    instance: str = ""
    deprecated: str | None = None
    version: str = "1"
    point: str = ""
    network: str = "5g"

    def xml(self) -> bytes:
        entity = uuid.UUID(int=self.household, version=4)
        act = 'create="1"' if self.create else 'update="1" baseVersion="1"'
        pairs = "".join(
            f"<{code}_done>{pair[0]}</{code}_done><{code}_of>{pair[1]}</{code}_of>"
            for code, pair in zip(INDICATORS, self.stated, strict=True)
            if pair is not None
        )
        end = self.end.isoformat() if self.end else ""
        deprecated = f"<deprecatedID>{self.deprecated}</deprecatedID>" if self.deprecated else ""
        return (
            f'<data id="tham_thu" version="{self.version}"><end>{end}</end><thon>{self.village}</thon>'
            f"<ho>{'' if self.create else entity}</ho><id_ho>{entity}</id_ho><ket_qua>{self.result}</ket_qua>"
            f"<mang>{self.network}</mang><chi_tieu>{pairs}</chi_tieu><vi_tri>{self.point}</vi_tri>"
            f"<meta><instanceID>{self.instance or 'uuid:' + str(uuid.uuid4())}</instanceID>{deprecated}"
            f'<entity dataset="ho_dan" id="{entity}" {act}><label>Hộ {self.household}</label></entity></meta></data>'
        ).encode()


@pytest.fixture
def place(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Place:
    """Two thôn, the form published two months ago, and the clock at noon of 20 November 2026."""
    stop_clock(monkeypatch)
    return begin()


def stop_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """An hour after noon of 20 November 2026."""
    monkeypatch.setattr(clock, "now", lambda: NOON + dt.timedelta(hours=1))


def begin() -> Place:
    """What the fixture `place` stores, for a module that fills a database once."""
    commune = sample.make_commune()
    villages = [sample.make_village(commune, f"1162900{n}", f"Thôn {n}") for n in (1, 2)]
    codes = {village.code: village.id for village in villages}
    publishing.publish(FORM.encode(), "thu.md", commune=None)
    db.session.execute(
        sa.text("UPDATE form_version SET published_at = :day"), {"day": "2026-09-20 00:00:00+00:00"}
    )
    db.session.execute(sa.update(Indicator).where(Indicator.code == "phu_song_5g_diem").values(valid_days=10))
    db.session.commit()
    only = {"11629001": codes["11629001"]}
    found = Place(Sender(1, commune.id, codes), Sender(2, commune.id, only))
    db.session.close()
    return found


def send(visit: Visit, sender: Sender) -> Receipt:
    return receive_submission.accept(visit.xml(), [], sender)


def count(table: type) -> int:
    with db.engine.connect() as connection:
        return connection.scalar(sa.select(sa.func.count()).select_from(table)) or 0


def sums(day: dt.date | None = None) -> dict[str, tuple[int, int, int]]:
    """(done, of, subjects) of each indicator up to a day, from the tally."""
    rows = tally.tally_rows().subquery()
    query = sa.select(Indicator.code, *(sa.func.sum(rows.c[name]) for name in ("done", "of", "subjects")))
    query = query.join(Indicator, Indicator.id == rows.c.indicator_id).group_by(Indicator.code)
    if day is not None:
        query = query.where(rows.c.day <= day)
    with db.engine.connect() as connection:
        return {row[0]: (int(row[1]), int(row[2]), int(row[3])) for row in connection.execute(query)}


def differences() -> list[tally.TallyDifference]:
    with db.engine.connect() as connection:
        return tally.recount(connection)


def test_a_visit_is_stored_placed_and_counted(place: Place) -> None:
    receipt = send(Visit(create=True), place.both)
    assert receipt.new
    submission = db.session.get_one(Submission, receipt.submission_id)
    assert (submission.quarantine, submission.flags, submission.result) == (None, None, "gap")
    assert submission.village_id == place.both.villages["11629001"]
    assert sums() == {"tham_ho": (1, 1, 1), "vneid_nguoi_dan": (2, 3, 1)}
    assert (
        db.session.scalar(sa.select(Audit.record).where(Audit.act == "submission.receive"))
        == f"submission:{submission.id}"
    )


def test_sending_twenty_times_at_once_stores_once(app: Flask, place: Place) -> None:
    """C40, C46: one record, and every answer is a success."""
    xml = Visit(create=True, instance="uuid:same").xml()
    receipts: list[Receipt] = []

    def phone() -> None:
        with app.app_context():
            receipts.append(receive_submission.accept(xml, [], place.both))

    phones = [threading.Thread(target=phone) for _ in range(20)]
    for each in phones:
        each.start()
    for each in phones:
        each.join()
    assert sorted(receipt.new for receipt in receipts) == [False] * 19 + [True]
    assert (count(Submission), count(Finding), count(Entity)) == (1, 2, 1)
    assert sums()["tham_ho"] == (1, 1, 1)


def test_the_same_id_with_other_content_is_a_conflict_that_changes_nothing(place: Place) -> None:
    """C45."""
    send(Visit(create=True, instance="uuid:same"), place.both)
    with pytest.raises(Problem) as problem:
        send(Visit(create=True, instance="uuid:same", result="vang"), place.both)
    assert problem.value.kind.status == 409
    assert count(Submission) == 1


def test_a_new_visit_replaces_the_state_from_its_day_on(place: Place) -> None:
    """R2, R8: past days keep what was true then."""
    send(Visit(create=True, stated=((1, 1), (1, 3), None, None), end=NOON - dt.timedelta(days=5)), place.both)
    send(Visit(stated=((1, 1), (3, 3), None, None)), place.both)
    assert sums(NOON.date() - dt.timedelta(days=1))["vneid_nguoi_dan"] == (1, 3, 1)
    assert sums(NOON.date())["vneid_nguoi_dan"] == (3, 3, 1)


def test_a_visit_that_arrives_late_counts_in_its_own_days_only(place: Place) -> None:
    send(Visit(create=True, stated=((1, 1), (3, 3), None, None)), place.both)
    send(Visit(stated=((1, 1), (1, 3), None, None), end=NOON - dt.timedelta(days=5)), place.both)
    assert sums(NOON.date() - dt.timedelta(days=2))["vneid_nguoi_dan"] == (1, 3, 1)
    assert sums(NOON.date())["vneid_nguoi_dan"] == (3, 3, 1)


def test_events_add_up_and_states_do_not(place: Place) -> None:
    for days in (2, 1, 0):
        visit = Visit(
            create=days == 2, stated=((1, 1), None, (2, 2), None), end=NOON - dt.timedelta(days=days)
        )
        send(visit, place.both)
    assert sums() == {"tham_ho": (1, 1, 1), "kich_hoat_vneid": (6, 6, 3)}


def test_a_state_expires_after_its_valid_days(place: Place) -> None:
    """R16: of a check point the newest of its last days counts, and then nothing does."""
    send(Visit(create=True, stated=(None, None, None, (1, 1)), end=NOON - dt.timedelta(days=30)), place.both)
    assert sums(NOON.date() - dt.timedelta(days=21))["phu_song_5g_diem"] == (1, 1, 1)
    assert sums(NOON.date() - dt.timedelta(days=20))["phu_song_5g_diem"] == (0, 0, 0)


def test_a_household_of_another_thon_is_accepted_and_changes_nothing_there(place: Place) -> None:
    """R23: answered, stored, quarantined."""
    send(Visit(create=True, village="11629002"), place.both)
    before = sums()
    receipt = send(Visit(stated=((1, 1), (0, 3), None, None)), place.first)
    assert receipt.new
    assert "chờ cán bộ" in receipt.sentence
    assert db.session.get_one(Submission, receipt.submission_id).quarantine == "outside_village"
    assert sums() == before
    assert count(EntityVersion) == 1


def test_an_unknown_version_is_kept_and_counts_nowhere(place: Place) -> None:
    """C42, C39: the collector cannot cure it, so it is not refused."""
    receipt = send(Visit(create=True, version="2031"), place.both)
    stored = db.session.get_one(Submission, receipt.submission_id)
    assert (stored.quarantine, stored.form_version_id, stored.version) == ("version_unknown", None, "2031")
    assert (count(Finding), count(Entity)) == (0, 0)


@pytest.mark.parametrize(
    ("end", "flag"),
    [
        (NOON.replace(year=2027), "clock_ahead"),
        (NOON.replace(year=1970), "clock_behind"),
        (NOON + dt.timedelta(hours=1, minutes=9), None),
        (None, None),
    ],
)
def test_a_clock_that_cannot_be_right_is_flagged_and_not_believed(
    place: Place, end: dt.datetime | None, flag: str | None
) -> None:
    """R2: the time of arrival is used instead."""
    receipt = send(Visit(create=True, end=end), place.both)
    stored = db.session.get_one(Submission, receipt.submission_id)
    assert [each["code"] for each in stored.flags or []] == ([flag] if flag else [])
    assert stored.observed_at == NOON + dt.timedelta(hours=1)


@pytest.mark.parametrize("pair", [(4, 3), ("NaN", 3), (-1, 3), (2, 1001), ("1e3", 3), ("", 3), (0.5, 1)])
def test_nonsense_states_nothing_and_the_visit_is_kept_with_a_flag(
    place: Place, pair: tuple[object, object]
) -> None:
    """R9."""
    receipt = send(Visit(create=True, stated=((1, 1), pair, None, None)), place.both)
    stored = db.session.get_one(Submission, receipt.submission_id)
    assert [each["about"] for each in stored.flags or []] == ["vneid_nguoi_dan"]
    assert sums() == {"tham_ho": (1, 1, 1)}


def test_an_edit_replaces_what_it_edits_and_keeps_its_day(place: Place) -> None:
    """C43, R2."""
    first = Visit(
        create=True, instance="uuid:a", end=NOON - dt.timedelta(days=3), stated=((1, 1), (3, 3), None, None)
    )
    send(first, place.both)
    receipt = send(
        Visit(instance="uuid:b", deprecated="uuid:a", stated=((1, 1), (1, 3), None, None)), place.both
    )
    assert db.session.get_one(Submission, receipt.submission_id).observed_at == NOON - dt.timedelta(days=3)
    assert sums(NOON.date() - dt.timedelta(days=3))["vneid_nguoi_dan"] == (1, 3, 1)
    late = send(Visit(instance="uuid:c", deprecated="uuid:a"), place.both)
    db.session.close()
    assert db.session.get_one(Submission, late.submission_id).quarantine == "edit_outdated"
    assert sums()["vneid_nguoi_dan"] == (1, 3, 1)
    assert differences() == []


def test_an_edit_that_names_another_household_leaves_the_first(place: Place) -> None:
    send(Visit(create=True), place.both)
    send(Visit(household=2, create=True), place.both)
    send(Visit(instance="uuid:a"), place.both)
    send(
        Visit(household=2, instance="uuid:b", deprecated="uuid:a", stated=((1, 1), (0, 3), None, None)),
        place.both,
    )
    assert sums()["vneid_nguoi_dan"] == (2, 6, 2)
    assert differences() == []


def test_a_household_carries_the_status_that_its_visits_give_it(place: Place) -> None:
    """R5: computed, a new version for the phones with each visit."""
    send(Visit(create=True, result="vang", stated=(None,) * 4, end=NOON - dt.timedelta(days=4)), place.both)
    entity = db.session.scalars(sa.select(Entity)).one()
    assert (entity.data["tinh_trang"], entity.data["lan_tham"], entity.version) == ("vang", "1", 1)
    send(Visit(end=NOON - dt.timedelta(days=2)), place.both)
    send(Visit(result="vang", stated=(None,) * 4), place.both)
    db.session.rollback()  # SQLite would go on reading what it began to read
    db.session.refresh(entity)
    assert (entity.data["tinh_trang"], entity.data["ket_qua"], entity.data["lan_tham"]) == (
        "da_gap",
        "vang",
        "3",
    )
    assert entity.data["ngay_cuoi"] == "2026-11-20"
    assert entity.version == 3


def test_a_late_older_visit_does_not_become_the_last(place: Place) -> None:
    send(Visit(create=True), place.both)
    send(Visit(result="vang", stated=(None,) * 4, end=NOON - dt.timedelta(days=2)), place.both)
    entity = db.session.scalars(sa.select(Entity)).one()
    assert (entity.data["ket_qua"], entity.data["lan_tham"]) == ("gap", "2")


def test_a_household_point_is_kept_with_three_decimals_everywhere(place: Place) -> None:
    """R21: used once, then cut in XML, answers and columns."""
    receipt = send(Visit(create=True, point="20.8234567 106.5498765 3.2 8.5"), place.both)
    stored = db.session.get_one(Submission, receipt.submission_id)
    assert (stored.latitude, stored.longitude, stored.accuracy) == (20.823, 106.55, 8.5)
    assert b"20.8234" not in stored.xml
    assert stored.answers["vi_tri"]["lat"] == 20.823
    again = receive_submission.accept(
        Visit(create=True, point="20.8234567 106.5498765 3.2 8.5", instance=stored.instance_id).xml(),
        [],
        place.both,
    )
    assert not again.new


def test_a_collector_who_was_revoked_a_moment_ago_sends_nothing(place: Place) -> None:
    """R23: whatever a process remembers of his token, the visit's own transaction asks."""
    commune = sample.make_commune("10930", "Mao Điền")
    made = sample.make_collector(commune, [sample.make_village(commune, "10930001")])
    made.collector.revoked_at = clock.now()
    db.session.commit()
    sender = dataclasses.replace(place.both, collector_id=made.collector.id)
    db.session.close()
    with pytest.raises(Problem) as problem:
        send(Visit(create=True), sender)
    assert problem.value.kind.status == 403
    assert count(Submission) == 0


def test_folding_changes_no_sum(place: Place) -> None:
    send(Visit(create=True), place.both)
    send(Visit(stated=((1, 1), (3, 3), (1, 1), None), end=NOON - dt.timedelta(days=2)), place.both)
    before = sums()
    assert folding.fold_waiting() > 0
    assert count(Tally) == 0
    assert count(TallyDay) > 0
    assert sums() == before
    send(Visit(stated=((1, 1), (0, 3), None, None)), place.both)
    folding.once()
    assert differences() == []


def test_a_recount_finds_and_mends_a_tally_that_is_wrong(place: Place) -> None:
    send(Visit(create=True), place.both)
    with db.engine.connect().execution_options(writes=True) as connection:
        connection.execute(sa.update(Tally).values(done=Tally.done + 1))
        wrong = tally.recount(connection)
        assert len(wrong) == 2
        tally.correct(connection, wrong)
        connection.commit()
    assert differences() == []


stated = st.one_of(
    st.none(),
    st.tuples(st.integers(0, 3), st.integers(1, 3)).map(lambda pair: (min(pair), pair[1])),
    st.tuples(st.integers(-1, 5), st.integers(-1, 2000)),
)
moments = st.one_of(
    st.none(),
    st.integers(-50, 2).map(lambda days: NOON + dt.timedelta(days=days)),
    st.sampled_from([NOON.replace(year=1970), NOON.replace(year=2027)]),
)
visits = st.builds(
    Visit,
    household=st.integers(1, 3),
    create=st.booleans(),
    village=st.sampled_from(["11629001", "11629002", "11629003"]),
    result=st.sampled_from(["gap", "vang", "tu_choi", "da_chuyen"]),
    stated=st.tuples(stated, stated, stated, stated),
    end=moments,
)
acts = st.lists(
    st.tuples(visits, st.one_of(st.none(), st.integers(0, 9)), st.booleans()), min_size=1, max_size=10
)


@given(acts=acts)
@hypothesis_settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_the_tally_equals_the_recount_after_every_visit(
    place: Place, acts: list[tuple[Visit, int | None, bool]]
) -> None:
    """R3, with late arrivals, edits and broken clocks; some of it folded on the way."""
    sent: list[str] = []
    for visit, edited, fold in acts:
        instance = f"uuid:{uuid.uuid4()}"
        deprecated = sent[edited % len(sent)] if edited is not None and sent else None
        this = dataclasses.replace(visit, instance=instance, deprecated=deprecated)
        with contextlib.suppress(Problem):  # an edit of what is already replaced
            send(this, place.both)
            sent.append(instance)
        if fold:
            folding.once()
        assert differences() == []


def test_rules_are_those_of_the_indicators(place: Place) -> None:
    send(Visit(create=True, stated=((1, 1), (1, 1), (1, 1), (1, 1))), place.both)
    with db.engine.connect() as connection:
        rules = set(registry().rules(connection).values())
    assert rules == {Rule(), Rule(of_persons=True), Rule(event=True, of_persons=True), Rule(valid_days=10)}
