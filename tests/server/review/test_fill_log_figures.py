"""The log that Collect keeps of a visit: read when it has come, told on the visit's page, without answers or places."""

import datetime as dt

import pytest
import sqlalchemy as sa

from forms import fill_log
from server.db import db
from server.models import Attachment, FillLogFigures, Submission
from server.review import doubts, fill_log_figures
from tests.forms.test_fill_log import FULL, T, log
from tests.people import browser, make_person
from tests.server.review.conftest import CheckedThon


def changed(question: str, at: int, old: str, new: str) -> list[object]:
    return [
        "question",
        f"/data/{question}",
        T + at,
        T + at + 300,
        "20.81234",
        "106.51234",
        "5",
        old,
        new,
        "An",
    ]


def a_log(seconds: int, late: int = 0) -> bytes:
    names = ["so_nguoi", "wifi", "vneid", "ho", "thon"]
    return log(
        ["form start", "", T, "", "", "", "", "", "", "An"],
        [
            "question",
            "/data/so_nguoi",
            T,
            T + seconds * 1000,
            "20.81234",
            "106.51234",
            "5",
            "",
            "987654",
            "An",
        ],
        ["end screen", "", T + seconds * 1000, T + seconds * 1000, "", "", "", "", "", "An"],
        *(changed(names[at], seconds * 1000 + at * 300, "1", "2") for at in range(late)),
        head=FULL,
    )


def codes(key: str) -> list[str]:
    doubts.once()
    db.session.rollback()
    [flags] = db.session.scalars(sa.select(Submission.flags).where(Submission.instance_id == key))
    db.session.rollback()
    return [flag["code"] for flag in flags or ()]


def sent(thon: CheckedThon, home: int, content: bytes, **more: object) -> str:
    return thon.visit(home, files={"audit.csv": content}, named="audit.csv", **more)  # type: ignore[arg-type]


def test_a_visit_filled_in_seconds_is_told_by_its_log_though_its_clock_says_minutes(
    thon: CheckedThon,
) -> None:
    """R38."""
    usual = [sent(thon, home, a_log(240)) for home in range(5)]
    assert [codes(each) for each in usual] == [[]] * 5
    assert codes(sent(thon, 5, a_log(61))) == []
    assert codes(sent(thon, 6, a_log(40))) == ["log_short"]


def test_many_answers_changed_after_the_end_are_told_and_two_are_not(thon: CheckedThon) -> None:
    assert codes(sent(thon, 0, a_log(200, late=2))) == []
    assert codes(sent(thon, 1, a_log(200, late=3))) == ["changed_late"]


def test_the_page_of_the_visit_tells_times_and_late_changes_but_no_answer_and_no_place(
    thon: CheckedThon,
) -> None:
    """R38."""
    key = sent(thon, 0, a_log(200, late=3))
    codes(key)
    make_person("can.bo", "officer", thon.commune)
    officer = browser(thon.app)
    officer.sign_in("can.bo")
    number = db.session.scalar(sa.select(Submission.id).where(Submission.instance_id == key))
    db.session.rollback()
    page = officer.get(f"/quan-tri/xa/11629/phieu/{number}?ho=1").text
    assert "Các câu mở trên màn hình tổng cộng 3 phút" in page
    assert "Sửa sau khi đã tới cuối phiếu: “Số người”, “Wi-Fi”, “VNeID”." in page
    assert "987654" not in page
    [row] = db.session.scalars(sa.select(FillLogFigures))
    stored = repr([getattr(row, column.name) for column in FillLogFigures.__table__.columns])
    assert not any(word in stored for word in ("987654", "20.81", "106.5", "An'"))
    [size] = db.session.scalars(sa.select(Attachment.size).where(Attachment.name == "audit.csv"))
    assert size > 0  # the file itself is kept as the attachment it is


def test_a_log_that_comes_later_is_read_then(thon: CheckedThon) -> None:
    key = thon.visit(0, named="audit.csv")
    assert "changed_late" not in codes(key)
    stored = db.session.scalars(sa.select(Submission).where(Submission.instance_id == key)).one()
    xml = bytes(stored.xml)
    db.session.rollback()
    answers = thon.phone().send(xml, {"audit.csv": a_log(200, late=4)})
    assert all(answer.status in (201, 202) for answer in answers)
    assert codes(key) == ["changed_late"]
    assert codes(key) == ["changed_late"]  # once


@pytest.mark.parametrize(
    "content", [b"\xff\xfe\x00\x01" * 500, b'"' * 5_000, b"event,node,start,end\n", b"\x00"]
)
def test_a_file_that_is_no_log_is_kept_and_stops_nothing(thon: CheckedThon, content: bytes) -> None:
    key = sent(thon, 0, content, people=20)
    good = sent(thon, 1, a_log(200, late=3))
    assert codes(key) == ["kiem_tra"]
    assert codes(good) == ["changed_late"]
    seconds = db.session.scalars(
        sa.select(FillLogFigures.active_seconds).order_by(FillLogFigures.submission_id)
    )
    assert seconds.all()[0] is None


def test_the_edit_of_a_visit_is_not_told_again_by_the_same_log(thon: CheckedThon) -> None:
    key = sent(thon, 0, a_log(200, late=3))
    assert codes(key) == ["changed_late"]
    edit = sent(thon, 0, a_log(200, late=3), edits=key, began=dt.datetime.now(dt.UTC))
    assert codes(edit) == []


def test_visits_are_stored_while_logs_are_read(thon: CheckedThon, monkeypatch: pytest.MonkeyPatch) -> None:
    """A log may be long, and lie in a store that hangs: it is read before the transaction that writes."""
    key = sent(thon, 0, a_log(200, late=3))
    read = fill_log.read

    def beside_another_visit(content: bytes) -> fill_log.FillLog | None:
        with db.engine.connect().execution_options(writes=True) as other:
            other.execute(sa.update(Submission).values(device="khac"))
            other.commit()
        return read(content)

    monkeypatch.setattr(fill_log, "read", beside_another_visit)
    assert codes(key) == ["changed_late"]
    assert db.session.scalars(sa.select(Submission.device)).all() == ["khac"]


def test_a_log_that_comes_while_another_is_read_is_read_next(
    thon: CheckedThon, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However long the first takes, and though nothing is looked at twice."""
    keys = [sent(thon, 0, a_log(200, late=3))]
    read = fill_log.read

    def while_another_comes(content: bytes) -> fill_log.FillLog | None:
        if len(keys) == 1:
            keys.append(sent(thon, 1, a_log(200, late=3)))
        return read(content)

    monkeypatch.setattr(fill_log_figures, "LOOKED_BACK", 0)
    monkeypatch.setattr(fill_log, "read", while_another_comes)
    assert codes(keys[0]) == ["changed_late"]
    assert codes(keys[1]) == ["changed_late"]
