"""A collector's code reads and changes nothing of another thôn, by any URL that phones have (R23, E6, C12)."""

import uuid
from collections.abc import Iterator
from itertools import product
from urllib.parse import quote, unquote

import pytest
from flask import Flask
from werkzeug.routing import Rule

from server.db import db
from server.intake import catch_up, submission_place
from server.models import Entity, Finding, Tally
from server.phones.collectors import NewCollector
from tests import sample
from tests.phone import InProcess, Phone, multipart, part, statuses

SECRETS = ("Bà Kín", "Ngõ Vắng", "uuid:00000000-0000-4000-8000-00000000beef", "Thôn Đoài")
PRIVATE = "uuid:00000000-0000-4000-8000-00000000beef"


class Neighbours:
    """Two thôn of one commune and one of another, each with a collector, a household and a sent form."""

    def __init__(self, app: Flask, mine: NewCollector) -> None:
        commune = mine.collector.commune
        self.village = sample.make_village(commune, "11629002", "Thôn Đoài")
        self.theirs = sample.make_collector(commune, [self.village], "Người khác")
        self.household = sample.make_entity(
            self.village, "Bà Kín", data={"dia_chi": "Ngõ Vắng", "thon": "11629002"}
        )
        self.household_id = self.household.id
        sample.publish_visit()
        sample.publish_plain()
        elsewhere = sample.make_commune("10930", "Mao Điền")
        sample.publish_plain(form_id="cua_mao_dien", commune=elsewhere, title="Bà Kín")
        self.phone = Phone(InProcess(app), f"http://localhost/key/{self.theirs.token}")
        sent = sample.filled("<so>3</so><anh>1.jpg</anh>", instance_id=PRIVATE)
        assert statuses(self.phone.send(sent, {"1.jpg": sample.JPEG})) == [201]


@pytest.fixture
def neighbours(app: Flask, collector: NewCollector) -> Neighbours:
    return Neighbours(app, collector)


def _phone_rules(app: Flask) -> Iterator[tuple[Rule, str]]:
    for rule in app.url_map.iter_rules():
        if rule.endpoint.startswith("phones_by_"):
            yield from ((rule, method) for method in sorted(rule.methods or ()) if method != "OPTIONS")


def _values(rule: Rule, other: Neighbours) -> Iterator[dict[str, str]]:
    """Everything that could name what is another's, in every place of a path."""
    choices = {
        "form_id": ("tham", "don_gian", "cua_mao_dien", PRIVATE),
        "version": ("1",),
        "name": ("ho_dan.csv", "ho_dan", "thon.csv", "diem_cong_cong.csv", "1.jpg", str(other.household_id)),
        "signed": ("1", "MQ", PRIVATE),
    }
    wanted = [name for name in rule.arguments if name != "token"]
    for chosen in product(*(choices[name] for name in wanted)):
        yield dict(zip(wanted, chosen, strict=True))


QUERIES = (
    "",
    "id={household}",
    "formId=don_gian&cursor=0&includeIncomplete=true",
    "formId=tham",
    "formId=don_gian%2Fdata%5B%40key%3D{instance}%5D",
    "formID=cua_mao_dien",
)


def test_no_url_tells_a_phone_anything_of_another_thon(
    app: Flask, any_phone: Phone, neighbours: Neighbours
) -> None:
    """Every route of phones, every method, with the others' ids in path and query."""
    named = [each.format(household=neighbours.household_id, instance=quote(PRIVATE)) for each in QUERIES]
    asked = 0
    for rule, method in _phone_rules(app):
        by_token = "token" in rule.arguments
        if by_token != ("/key/" in any_phone.server_url):
            continue
        key = any_phone.server_url.rpartition("/")[2]
        for values, query in product(_values(rule, neighbours), named):
            built = rule.build({**values, **({"token": key} if by_token else {})}, append_unknown=False)
            assert built is not None
            url = f"http://localhost{built[1]}" + (f"?{query}" if query else "")
            answer = any_phone.request(method, url)
            asked += 1
            assert answer.status < 500, url
            told = answer.body.decode("utf-8", "replace")
            # what stands in the question may be said back
            assert not [each for each in SECRETS if each in told and each not in unquote(url)], url
            assert sample.JPEG not in answer.body
    assert asked > 100


def test_integrity_says_that_anothers_household_is_not_his(phone: Phone, neighbours: Neighbours) -> None:
    """E6, E10: gone from his list, whether or not it ever was in it."""
    answer = phone.get(f"{phone.server_url}/lists/ho_dan/integrity?id={neighbours.household_id}")
    assert answer.root.findtext("entities/entity/deleted") == "true"


def test_nothing_that_is_sent_changes_another_thons_household(phone: Phone, neighbours: Neighbours) -> None:
    """R23: answered, stored, quarantined; household, findings and sums stay as they were."""
    before = _state(neighbours)
    own = neighbours.village.code
    for act in ('update="1" baseVersion="1"', 'create="1"', 'create="1" update="1" baseVersion="1"'):
        entity = (
            f'<entity dataset="ho_dan" id="{neighbours.household_id}" {act} trunkVersion="" branchId="">'
            "<label>Của tôi</label></entity>"
        )
        answers = (
            f"<thon>{own}</thon><ho>{neighbours.household_id}</ho><ket_qua>gap</ket_qua><dia_chi>x</dia_chi>"
        )
        xml = sample.filled(answers, form_id="tham", instance_id=f"uuid:{uuid.uuid4()}")
        xml = xml.replace(b"<meta>", f"<meta>{entity}".encode())
        assert set(statuses(phone.send(xml))) <= {201, 202}
    assert [each.quarantine for each in sample.arrived()[1:]] == ["outside_village"] * 3
    assert _state(neighbours) == before


def test_nothing_that_is_sent_replaces_or_adds_to_anothers_form(phone: Phone, neighbours: Neighbours) -> None:
    """C43, C45, R12: an edit of another's form is kept aside; other bytes under its id are a conflict."""
    edit = sample.filled("<so>9</so><anh/>").replace(
        b"</instanceID>", f"</instanceID><deprecatedID>{PRIVATE}</deprecatedID>".encode()
    )
    assert statuses(phone.send(edit)) == [201]
    other = sample.filled("<so>9</so><anh>1.jpg</anh>", instance_id=PRIVATE)
    body = multipart("b", [part("xml_submission_file", other, "a.xml", "text/xml")])
    assert phone.post_raw(body, "multipart/form-data; boundary=b").status == 409
    stored, aside = sample.arrived()
    assert stored.replaced_by_id is None
    assert aside.quarantine == "edit_foreign"
    assert sample.arrived_files() == {"1.jpg": sample.JPEG}


def _state(neighbours: Neighbours) -> tuple[object, ...]:
    db.session.rollback()
    household = db.session.get(Entity, neighbours.household_id)
    assert household is not None
    sums = (db.session.query(Finding).count(), db.session.query(Tally).count())
    return household.label, household.version, dict(household.data), household.village_id, sums


def test_a_visit_by_another_communes_form_is_kept_and_counts_nowhere(app: Flask) -> None:
    """R13: its id can be guessed though no phone of other communes is given it; a person decides."""
    collector = sample.make_collector()
    other = sample.make_commune("11630", "Xã Khác")
    theirs, ours = sample.publish_plain(form_id="rieng", commune=other), sample.publish_plain()
    own = sample.publish_plain(form_id="cua_minh", commune=collector.collector.commune)
    phone = Phone(InProcess(app), f"http://localhost/key/{collector.token}")
    for version in (theirs, ours, own):
        phone.post(sample.filled(form_id=version.form.form_id))
    catch_up.caught_up()
    told = [each.quarantine for each in sample.arrived()]
    assert told == [submission_place.OUTSIDE, None, None]
