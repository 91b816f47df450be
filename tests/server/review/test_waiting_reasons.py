"""What waits for a person, as an officer lists it: which visits, why, in which words, and nothing answered."""

import ast
import datetime as dt
import json
import re
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import Result
from flask import Flask

from server import clock
from server.db import db
from server.intake import signal_check_points, submission_place
from server.intake.edited_submission import EDIT_FOREIGN, EDIT_OF_REJECTED, EDIT_OUTDATED
from server.intake.submission_effects import SAME_DAY
from server.models import Submission
from server.phones.collectors import NewCollector
from server.published_forms.read_submission import BOUNDS
from server.review import waiting_reasons
from server.review.waiting_reasons import Waiting
from tests import sample
from tests.phone import InProcess, Phone

ROOT = Path(__file__).parents[3]
NOON = dt.datetime(2026, 11, 20, 5, tzinfo=dt.UTC)
SECRET = "Bà Nguyễn Thị Kín, ngõ 7"

FORM = """
| survey |
| | type | name | label | save_to | calculation |
| | end | end | | | |
| | text | ho | Hộ | | |
| | text | ten | Tên | | |
| | image | anh | Ảnh | | |
| | begin group | chi_tieu | Chỉ tiêu | | |
| | calculate | viec_thu_done | | | 1 |
| | calculate | viec_thu_of | | | 1 |
| | note | ket_luan | Đã ghi nhận | | |
| | end group | | | | |
| settings |
| | form_title | form_id | version |
| | Thử | phieu_thu | 1 |
| entities |
| | list_name | label | entity_id | create_if | update_if |
| | ho_dan | ${ten} | ${ho} | ${ho} = '' | ${ho} != '' |
| chi_tieu |
| | indicator | label::Tiếng Việt | label::English | unit | kind |
| | viec_thu | Việc thử | A try | household | state |
"""

Run = Callable[..., Result]


@pytest.fixture(autouse=True)
def _published(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOON - dt.timedelta(days=30))
    sample.publish(FORM)
    monkeypatch.setattr(clock, "now", lambda: NOON)


@pytest.fixture
def collector(app: Flask) -> NewCollector:
    return sample.make_collector()


@pytest.fixture
def phone(app: Flask, collector: NewCollector) -> Phone:
    return _phone(app, collector)


def _phone(app: Flask, collector: NewCollector) -> Phone:
    return Phone(InProcess(app), f"http://localhost/key/{collector.token}")


@pytest.fixture
def run(app: Flask) -> Run:
    """`flask submissions list …`, ended with this exit code."""

    def invoke(*args: str, code: int = 0) -> Result:
        db.session.commit()
        result = app.test_cli_runner().invoke(args=["submissions", "list", *args])
        db.session.rollback()
        assert result.exit_code == code, (result.output, result.exception)
        return result

    return invoke


def xml(
    *,
    version: str = "1",
    end: dt.datetime = NOON,
    pair: tuple[object, object] = (1, 1),
    photo: str = "",
    household: str | None = None,
    deprecated: str = "",
    instance: str = "",
) -> bytes:
    """A visit; of a new household of his own thôn where none is named."""
    entity = household or str(uuid.uuid4())
    act = "update" if household else "create"
    edits = f"<deprecatedID>{deprecated}</deprecatedID>" if deprecated else ""
    return (
        f'<data id="phieu_thu" version="{version}"><end>{end.isoformat()}</end><ho>{household or ""}</ho>'
        f"<ten>{SECRET}</ten><anh>{photo}</anh><chi_tieu><viec_thu_done>{pair[0]}</viec_thu_done>"
        f"<viec_thu_of>{pair[1]}</viec_thu_of></chi_tieu>"
        f"<meta><instanceID>{instance or f'uuid:{uuid.uuid4()}'}</instanceID>{edits}"
        f'<entity dataset="ho_dan" id="{entity}" {act}="1"><label>{SECRET}</label></entity></meta></data>'
    ).encode()


def send(phone: Phone, *visits: bytes) -> None:
    for visit in visits:
        assert phone.post(visit).status == 201
    db.session.rollback()  # what others have written since is seen by a new transaction


def reasons(**wanted: bool) -> list[list[str]]:
    page = waiting_reasons.listed(**wanted)
    return [[reason.code for reason in waiter.reasons] for waiter in page.waiters]


def test_a_good_visit_waits_for_nobody(phone: Phone) -> None:
    send(phone, xml())
    assert waiting_reasons.waiting() == Waiting(0, 0, 0, 0, 0)
    assert reasons() == []


@pytest.mark.parametrize(
    ("visit", "code", "words"),
    [
        ({"version": "2031"}, "version_unknown", "phiên bản"),
        ({"end": NOON.replace(year=2027)}, "clock_ahead", "12:00 20/11/2027"),
        ({"end": NOON.replace(year=1970)}, "clock_behind", "20/11/1970"),
        ({"pair": (4, 3)}, "done_exceeds_of", "viec_thu"),
        ({"pair": (-1, 3)}, "done_exceeds_of", "viec_thu"),
        ({"pair": ("NaN", 3)}, "not_a_count", "viec_thu"),
        ({"pair": (1, 2000)}, "too_many", "viec_thu"),
        ({"photo": "a.jpg"}, "missing_files", "1 tệp"),
    ],
)
def test_each_reason_to_wait_is_told_in_words(
    phone: Phone, run: Run, visit: dict[str, object], code: str, words: str
) -> None:
    """C36, C39, R2, R9: what the collector cannot cure is kept, and an officer is told why."""
    send(phone, xml(**visit))  # type: ignore[arg-type]
    assert reasons() == [[code]]
    told = run().stdout
    assert words in told
    assert "phieu_thu" in told
    assert "Nguyễn Văn Ấm" in told


def test_a_household_of_another_thon_waits_at_the_commune_of_its_collector(app: Flask, phone: Phone) -> None:
    """R23: quarantined; the officer who can give the collector another thôn is his own."""
    elsewhere = sample.make_commune("10930", "Mao Điền")
    village = sample.make_village(elsewhere, "10930001", "Thôn Tây")
    household = sample.make_entity(village, SECRET)
    send(phone, xml(household=str(household.id)))
    here = db.session.scalars(
        sa.select(waiting_reasons.Commune).where(waiting_reasons.Commune.code == "11629")
    ).one()
    assert waiting_reasons.waiting(here) == Waiting(1, 0, 0, 0, 1)
    assert waiting_reasons.waiting(elsewhere) == Waiting(0, 0, 0, 0, 0)
    [waiter] = waiting_reasons.listed(here, quarantined=True).waiters
    assert [reason.code for reason in waiter.reasons] == ["outside_village"]
    assert (waiter.village_code, waiter.collector) == ("10930001", "Nguyễn Văn Ấm")
    assert waiting_reasons.listed(elsewhere).waiters == ()


def test_options_choose_and_add_up(phone: Phone, run: Run) -> None:
    send(phone, xml(version="2031"), xml(pair=(4, 3)), xml(photo="a.jpg"))
    assert reasons() == [["missing_files"], ["done_exceeds_of"], ["version_unknown"]]
    assert reasons(quarantined=True) == [["version_unknown"]]
    assert reasons(flagged=True) == [["done_exceeds_of"]]
    assert reasons(quarantined=True, flagged=True) == [["done_exceeds_of"], ["version_unknown"]]
    told = json.loads(run("--quarantined", "--json").stdout)
    assert told["waiting"] == {"quarantined": 1, "flagged": 1, "incomplete": 1}
    assert [each["reasons"][0]["code"] for each in told["submissions"]] == ["version_unknown"]


def test_one_visit_may_wait_for_several_reasons(phone: Phone) -> None:
    send(phone, xml(pair=(4, 3), end=NOON.replace(year=2027), photo="a.jpg"))
    assert reasons() == [["done_exceeds_of", "clock_ahead", "missing_files"]]
    assert waiting_reasons.waiting() == Waiting(0, 1, 1, 0, 1)


def test_pages_follow_each_other_without_gap_or_repetition(phone: Phone, run: Run) -> None:
    send(phone, *(xml(pair=(4, 3)) for _ in range(5)))
    seen: list[int] = []
    more: list[str] = []
    for size in (2, 2, 1):
        told = json.loads(run("--limit", "2", "--json", *more).stdout)
        assert len(told["submissions"]) == size
        seen += [each["id"] for each in told["submissions"]]
        more = ["--before", str(told["before"])]
    assert told["before"] is None
    assert seen == sorted(seen, reverse=True)
    assert len(set(seen)) == 5
    assert "--before" in run("--limit", "2").stdout


def test_what_was_decided_or_edited_waits_no_more(phone: Phone) -> None:
    """R17, 6.5: approved, rejected, replaced by an edit."""
    send(phone, xml(pair=(4, 3), instance="uuid:a"), *(xml(pair=(4, 3)) for _ in range(2)))
    send(phone, xml(instance="uuid:b", deprecated="uuid:a"))
    assert waiting_reasons.waiting().flagged == 2
    kept = [stored for stored in sample.arrived() if stored.flags and stored.instance_id != "uuid:a"]
    for stored, review in zip(kept, ("approved", "rejected"), strict=True):
        stored.review = review
    db.session.commit()
    assert waiting_reasons.waiting() == Waiting(0, 0, 0, 0, 0)


def test_no_answer_and_no_name_of_a_household_is_shown(phone: Phone, run: Run) -> None:
    """R24: not in words, not in JSON; nor what stands where a number should."""
    send(phone, xml(pair=(SECRET, 3)), xml(version=f"{SECRET[:6]}\x85x"), xml(photo=f"{SECRET}.jpg"))
    for told in (run().stdout, run("--json").stdout):
        assert "Kín" not in told
        assert "ngõ 7" not in told
        assert "\x85" not in told
    assert all(line.isprintable() for line in run().stdout.replace("\t", "").splitlines())


def test_bad_options_are_refused_in_one_sentence(run: Run) -> None:
    for args in (("--commune", "99999"), ("--limit", "0"), ("--before", "x"), ("--rejected",)):
        result = run(*args, code=1)
        assert result.stdout == ""
        assert re.search("[à-ỹđ]", result.stderr)


def test_the_cost_of_a_page_does_not_grow_with_what_waits(phone: Phone) -> None:
    """STYLE: the number of statements is asserted; the counts are one, a page is one."""
    send(phone, *(xml(pair=(4, 3)) for _ in range(3)))
    seen: list[str] = []
    note: Callable[..., None] = lambda *args: seen.append(args[2])  # noqa: E731
    sa.event.listen(db.engine, "before_cursor_execute", note)
    waiting_reasons.waiting()
    waiting_reasons.listed()
    sa.event.remove(db.engine, "before_cursor_execute", note)
    assert len([statement for statement in seen if not statement.startswith("BEGIN")]) == 2
    assert not any("xml" in statement or "answers" in statement for statement in seen)
    db.session.scalars(sa.select(Submission.id)).all()


def codes() -> Iterator[str]:
    """Every code that reading, placing and comparing a submission can store with it."""
    names = (
        "forms/instance.py",
        "forms/indicators.py",
        "geo/visit_doubts.py",
        "server/published_forms/read_submission.py",
        "server/intake/submission_place.py",
    )
    for name in names:
        tree = ast.parse((ROOT / name).read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in ("Fault", "Doubt"):
                if isinstance(node.args[0], ast.Constant):
                    yield ast.literal_eval(node.args[0])
            elif isinstance(node, ast.Dict):
                pairs = zip(node.keys, node.values, strict=True)
                yield from (
                    value.value
                    for key, value in pairs
                    if ast.unparse(key or value) == "'code'" and isinstance(value, ast.Constant)
                )
            elif isinstance(node, ast.Return) and isinstance(node.value, ast.Tuple):
                last = node.value.elts[-1]
                if isinstance(last, ast.Constant) and isinstance(last.value, str):
                    yield last.value


def test_every_code_that_may_be_stored_has_its_words() -> None:
    named = {SAME_DAY, submission_place.EDITED_AFTER_DECISION, EDIT_FOREIGN, EDIT_OUTDATED, EDIT_OF_REJECTED}
    found = set(codes()) | BOUNDS | signal_check_points.IMPOSSIBLE | named
    assert found >= {"clock_ahead", "clock_behind", "point_elsewhere", "no_village", "not_a_count", "misfit"}
    assert found <= set(waiting_reasons.WORDS)
