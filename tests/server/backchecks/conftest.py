"""A commune whose two collectors have walked one thôn, and what is needed to visit again."""

from collections.abc import Iterator

import pytest
from flask import Flask

from forms.engine import engine
from server.db import db
from server.models import Commune, Entity, Village
from server.phones.collectors import NewCollector
from server.published_forms import library_forms
from tests import sample
from tests.conftest import Template, filled_once
from tests.people import Office
from tests.phone import InProcess, Phone

VISIT = """
| survey |
|        | type                          | name         | label      | calculation |
|        | select_one_from_file thon.csv | thon         | Thôn       |             |
|        | select_one_from_file ho_dan.csv | ho         | Hộ         |             |
|        | select_one ket_qua            | ket_qua      | Kết quả    |             |
|        | integer                       | nguoi_18     | Người lớn  |             |
|        | integer                       | nguoi_6_13   | Trẻ em     |             |
|        | select_one internet           | internet     | Internet   |             |
|        | integer                       | chu_ky_so_18 | Chữ ký     |             |
|        | begin group                   | chi_tieu     | Ghi nhận   |             |
|        | calculate                     | doi_tuong    |            | ${ho}       |
|        | note                          | nhac         | Xin cảm ơn |             |
|        | end group                     |              |            |             |
| choices |
|        | list_name | name      | label    |
|        | ket_qua   | gap       | Gặp      |
|        | ket_qua   | vang      | Vắng     |
|        | ket_qua   | tu_choi   | Từ chối  |
|        | internet  | cap_quang | Cáp quang |
|        | internet  | khong     | Chưa có  |
| settings |
|        | form_title | form_id | version |
|        | Thăm hộ    | tham    | 1       |
"""
HOMES = 55


def _fill(app: Flask) -> None:
    commune = sample.make_commune()
    village = sample.make_village(commune)
    for number in range(1, HOMES + 1):
        sample.make_entity(village, f"Nhà {number}, Ngõ {number}", data={"thon": village.code})
    sample.publish(VISIT)
    library_forms.publish_library(["phuc_tra"])
    db.session.commit()


@pytest.fixture(scope="module")
def prepared(template_database: Template, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Template]:
    with filled_once(template_database, tmp_path_factory.mktemp("walked"), _fill) as template:
        yield template


class Walked(Office):
    """The commune, its thôn, an honest collector and another of the same team."""

    def __init__(self, app: Flask) -> None:
        commune = db.session.query(Commune).one()
        super().__init__(app, commune, f"/quan-tri/xa/{commune.code}/phuc-tra")
        self.village = db.session.query(Village).one()
        self.homes = db.session.query(Entity).order_by(Entity.label).all()
        self.first = sample.make_collector(self.commune, [self.village], "Nguyễn Văn Ấm")
        self.second = sample.make_collector(self.commune, [self.village], "Trần Thị Bưởi")

    def phone(self, collector: NewCollector) -> Phone:
        return Phone(InProcess(self.app), f"http://localhost/key/{collector.token}")

    def visit(
        self, home: Entity, result: str = "gap", adults: int = 3, by: NewCollector | None = None
    ) -> str:
        """A visit as a phone sends it; its key."""
        answers = (
            f"<thon>{self.village.code}</thon><ho>{home.id}</ho><ket_qua>{result}</ket_qua>"
            f"<nguoi_18>{adults}</nguoi_18><nguoi_6_13>1</nguoi_6_13><internet>cap_quang</internet>"
            f"<chu_ky_so_18>1</chu_ky_so_18><chi_tieu><doi_tuong>{home.id}</doi_tuong></chi_tieu>"
        )
        xml = sample.filled(answers, form_id="tham")
        [answer] = self.phone(by or self.first).send(xml)
        assert answer.status == 201
        return xml.decode().partition("<instanceID>")[2].partition("<")[0]

    def waiting(self, collector: NewCollector) -> dict[str, str]:
        """The households that a phone lists for a second visit, label by id."""
        _, media = self.phone(collector).sync()["phuc_tra"]
        lines = media["phuc_tra.csv"].decode().splitlines()
        assert lines[0] == "name,label,thon,ngay"
        return {line.partition(",")[0]: line for line in lines[1:]}

    def again(self, collector: NewCollector, home: str, **answers: object) -> None:
        """A second visit, filled by the phone's engine and sent."""
        phone = self.phone(collector)
        xform, media = phone.sync()["phuc_tra"]
        filling = engine.open_form(xform, media).start()
        given = {"thon": self.village.code, "ho": home, "gap_lai": "gap"} | answers
        for question, answer in given.items():
            filling.answer(question, answer)
        assert filling.problems() == ()
        [answer] = phone.send(filling.submission())
        assert answer.status == 201

    def draw(self) -> str:
        """Press the officers' button; the page that follows."""
        return self.post(self.page)


@pytest.fixture
def walked(app: Flask) -> Walked:
    return Walked(app)
