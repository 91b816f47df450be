"""Edits of sent forms: chains with history, files carried over, what is unknown or outdated (C43)."""

import uuid

import pytest

from server.db import db
from server.models import Attachment
from tests import sample
from tests.phone import Phone, statuses

FIRST = "uuid:00000000-0000-4000-8000-000000000001"


def edit(of: str, answers: str = "<so>4</so><anh>1.jpg</anh>") -> tuple[str, bytes]:
    """A new instance id, and a form that replaces another."""
    instance = f"uuid:{uuid.uuid4()}"
    xml = sample.filled(answers, instance_id=f"{instance}</instanceID><deprecatedID>{of}")
    return instance, xml.replace(b"</deprecatedID></instanceID>", b"</deprecatedID>").replace(
        f"{of}</instanceID>".encode(), f"{of}</deprecatedID>".encode()
    )


@pytest.fixture
def sent(phone: Phone) -> str:
    """A form with its photo, sent."""
    sample.publish_plain()
    xml = sample.filled("<so>3</so><anh>1.jpg</anh>", instance_id=FIRST)
    assert statuses(phone.send(xml, {"1.jpg": sample.JPEG})) == [201]
    return FIRST


def test_edits_of_edits_keep_history_root_and_first_date(phone: Phone, sent: str) -> None:
    """C43: each version stays, the newest stands, and all know the first."""
    second, xml = edit(sent)
    assert statuses(phone.send(xml)) == [201]
    _third, xml = edit(second, "<so>5</so><anh/>")
    assert statuses(phone.send(xml)) == [201]
    first, middle, last = sample.arrived()
    assert (first.replaced_by_id, middle.replaced_by_id, last.replaced_by_id) == (middle.id, last.id, None)
    assert (middle.root_id, last.root_id) == (first.id, first.id)
    assert first.observed_at == middle.observed_at == last.observed_at
    assert [each.answers["so"] for each in (first, middle, last)] == [3, 4, 5]


def test_files_that_are_not_sent_again_are_carried_over(phone: Phone, sent: str) -> None:
    """C43: as long as the edit still names them."""
    second, xml = edit(sent)
    phone.send(xml)
    _, middle = sample.arrived()
    assert middle.missing_files is None
    [kept] = db.session.query(Attachment).filter_by(submission_id=middle.id)
    assert (kept.name, kept.size) == ("1.jpg", len(sample.JPEG))
    _, xml = edit(second, "<so>5</so><anh>2.jpg</anh>")
    phone.send(xml)
    last = sample.arrived()[-1]
    assert last.missing_files == ["2.jpg"]
    assert db.session.query(Attachment).filter_by(submission_id=last.id).count() == 0


def test_the_same_edit_again_is_202(any_phone: Phone, sent: str) -> None:
    """C40, C43."""
    _, xml = edit(sent)
    assert statuses(any_phone.send(xml) + any_phone.send(xml)) == [201, 202]
    assert len(sample.arrived()) == 2


def test_what_an_edit_replaced_can_still_be_sent_again(phone: Phone, sent: str) -> None:
    """C40: a lost answer, then an edit, then the first form once more."""
    _, xml = edit(sent)
    phone.send(xml)
    again = sample.filled("<so>3</so><anh>1.jpg</anh>", instance_id=FIRST)
    assert statuses(phone.send(again)) == [202]


def test_an_edit_of_what_never_came_is_404_and_of_what_was_edited_waits(phone: Phone, sent: str) -> None:
    """C43: the phone keeps the one, told in a sentence (C39); the other is kept beside the newest (R12)."""
    _, orphan = edit(f"uuid:{uuid.uuid4()}")
    [answer] = phone.send(orphan)
    assert (answer.status, answer.message) == (404, "Không thấy phiếu gốc mà phiếu này sửa lại.")
    phone.send(edit(sent)[1])
    [answer] = phone.send(edit(sent, "<so>9</so><anh/>")[1])
    assert answer.status == 201
    assert [each.quarantine for each in sample.arrived()] == [None, None, "edit_outdated"]
