"""Households found by words: however many they name, their commune's list is read once."""

import pytest
import sqlalchemy as sa
from flask import Flask

from server.db import db
from server.households import household_search
from tests import sample
from tests.people import make_commune


def test_words_that_name_many_households_read_the_list_once(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    commune = make_commune(thon=1)
    for number in range(120):
        sample.make_entity(commune.villages[0], f"Nguyễn Văn Tám {number}")
    sample.make_entity(commune.villages[0], "Bùi Thị Chín")
    db.session.commit()
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if " FROM entity" in " ".join(statement.split()):
            seen.append(statement)

    sa.event.listen(db.engine, "before_cursor_execute", note)
    try:
        found = household_search.named(commune, "van tam")
    finally:
        sa.event.remove(db.engine, "before_cursor_execute", note)
    assert (len(found), len(set(found)), len(seen)) == (120, 120, 1)
    monkeypatch.setattr(household_search, "MOST_NAMED", 70)
    assert household_search.named(commune, "van tam") == found[:70]
