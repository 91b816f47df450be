"""Households that were listed before labels had addresses are called as all others after an update."""

import sqlalchemy as sa

from server import migrate
from server.db import db
from server.models import Entity, EntityVersion
from tests import sample
from tests.server.intake.test_receive_submission import Place, place

__all__ = ["place"]  # a fixture is found by its name


def test_an_update_names_listed_households_by_their_addresses_and_no_other(place: Place) -> None:
    """docs/rules.md R14: what cannot be told stays whole; what a phone named stays as it is."""
    migrate.downgrade("0026")
    village = sample.make_village(sample.make_commune("10930", "Mao Điền"), "10930001", "Thôn Mao")
    listed = {
        "Phạm Thị Hoa": "2, Ngõ 5",
        "Ứng Văn Dậu": "9, Xóm Đình",
        "Đoàn Thị Hòa": "cạnh đình, sau chùa",
        "Mạc Tấu": "",
        "Bùi Thị Na, Ngõ 2, số 1": "Ngõ 2, số 1",
    }
    for label, address in listed.items():
        entity = sample.make_entity(village, label, data={"dia_chi": address})
        entity.import_id = 1
    sample.make_entity(village, "Vũ Na", data={"dia_chi": "2, Ngõ 5"})
    db.session.commit()
    db.session.close()
    migrate.upgrade()
    rows = db.session.execute(sa.select(Entity.label, Entity.data["dia_chi"].as_string(), Entity.version))
    assert {tuple(row) for row in rows} == {
        ("Phạm Thị Hoa, Ngõ 5, số 2", "Ngõ 5, số 2", 2),
        ("Ứng Văn Dậu, Xóm Đình, số 9", "Xóm Đình, số 9", 2),
        ("Đoàn Thị Hòa, cạnh đình, sau chùa", "cạnh đình, sau chùa", 2),
        ("Mạc Tấu", "", 1),
        ("Bùi Thị Na, Ngõ 2, số 1", "Ngõ 2, số 1", 1),
        ("Vũ Na", "2, Ngõ 5", 1),
    }
    assert db.session.scalar(sa.select(sa.func.count()).select_from(EntityVersion)) == 3
