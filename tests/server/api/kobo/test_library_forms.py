"""K25: what Kobo's door tells of each form of the library is what our own export has, filled in as a phone does."""

import contextlib
import csv
import io
import random
from collections import Counter
from collections.abc import Mapping

import pytest
import sqlalchemy as sa
from flask import Flask

from forms import library
from forms.engine import engine
from forms.engine.fill_visit import AnswerRefused, Filling
from server import audit
from server.accounts import person_keys
from server.api.kobo import kobo_ids
from server.db import db
from server.exports import form_columns, select_submissions
from server.intake import catch_up, receive_submission
from server.intake.submission_sender import Sender
from server.models import FormVersion, Person, Submission
from server.plans import load_plans
from server.published_forms import library_forms
from tests import sample
from tests.forms.test_library import MEDIA
from tests.people import bearing, make_person
from tests.server.api.conftest import Client

VALUES = {
    "integer": "3", "decimal": "2.5", "geopoint": "20.82 106.54 0 5", "date": "2026-11-20", "binary": "1.jpg",
}  # fmt: skip
UNTOLD = frozenset({"note", "geotrace", "geoshape"})


def fill(filling: Filling, kinds: Mapping[str, str], chance: random.Random) -> None:
    """Something in every question that is asked: a choice, or a value of its kind."""
    for node in list(filling.questions()):
        with contextlib.suppress(AnswerRefused):
            offered = [each.name for each in filling.choices(node.address)]
            usual = VALUES.get(kinds.get(node.path.partition("/data/")[2], ""), "Nguyễn Văn Ấm; x")
            filling.answer(node.address, chance.choice(offered) if offered else usual)


def _as_number(text: str) -> str:
    """A table has the number that a text says: `3` of a decimal question is 3.0 there."""
    return str(float(text)) if text else ""


@pytest.mark.parametrize("form_id", library.LIBRARY)
def test_a_form_of_the_library_is_told_as_our_own_export_has_it(app: Flask, form_id: str) -> None:
    commune = sample.make_commune()
    village = sample.make_village(commune)
    make_person("officer", "officer", commune)
    load_plans.load_indicators()
    library_forms.publish_library([form_id])
    collector = sample.make_collector(commune, [village]).collector
    sender = Sender(collector.id, commune.id, {village.code: village.id}, decides=True)
    person = db.session.scalars(sa.select(Person)).unique().one()
    key = person_keys.add(person, "Máy", person_keys.OF_PERSONS, by=audit.SHELL).token
    xform = db.session.scalars(sa.select(FormVersion.xform).order_by(FormVersion.id.desc())).first() or b""
    form_key = db.session.scalars(sa.select(FormVersion.form_id)).first() or 0
    db.session.commit()
    definition = form_columns.merged(select_submissions.definitions(form_key))
    db.session.rollback()
    media = {name: content.replace(b"31162901", village.code.encode()) for name, content in MEDIA.items()}
    kinds = {each.path: each.kind for each in definition.fields}
    for seed in range(4):
        filling = engine.open_form(xform, media).start()
        fill(filling, kinds, random.Random(f"{form_id} {seed}"))
        receive_submission.accept(filling.submission(), (), sender)
    catch_up.settle()
    db.session.rollback()
    db.session.execute(sa.update(Submission).values(quarantine=None))
    db.session.commit()

    client = Client(app, bearing(key))
    told = client.json(f"/api/v2/assets/{kobo_ids.uid('a', form_id)}/data.json")["results"]
    assert client.browser.sign_in("officer").status_code == 302
    page = f"/xa/{commune.code}/tai-ve/phieu?bieu_mau={form_id}&dang=kobo&nhan=0&ca_nhan=1"
    rows = list(csv.DictReader(io.StringIO(client.browser.get(page).text), delimiter=";"))
    asked = [each for each in definition.fields if each.repeat is None and each.kind not in UNTOLD]
    once = {name for name, number in Counter(each.name for each in asked).items() if number == 1}
    shared = [(each.name, each.path) for each in asked if each.name in once and each.name in rows[0]]
    assert [row["_id"] for row in rows] == [str(each["_id"]) for each in told]
    assert len(rows) == 4
    decimals = {each.path for each in asked if each.kind == "decimal"}
    pairs = [
        (path, row[name], _as_number(each.get(path, "")) if path in decimals else each.get(path, ""))
        for row, each in zip(rows, told, strict=True)
        for name, path in shared
    ]
    assert [pair for pair in pairs if pair[1] != pair[2]] == []
    assert sum(bool(value) for _, value, _ in pairs) > 4 * 5
