"""A commune of three thôn, of which one is small and one has no list yet, and the phone of their collector."""

import csv
import datetime as dt
import uuid
from collections.abc import Iterator

import pytest
from flask import Flask

from server import clock
from server.db import db
from server.intake import catch_up
from server.models import Commune, Entity, Indicator, Plan, Target, Village
from server.plans import load_plans
from tests import sample
from tests.conftest import Template, filled_once
from tests.people import Office
from tests.phone import InProcess, Phone

VISIT = """
| survey |
|        | type                            | name     | label      | calculation |
|        | select_one_from_file thon.csv   | thon     | Thôn       |             |
|        | select_one_from_file ho_dan.csv | ho       | Hộ         |             |
|        | select_one ket_qua              | ket_qua  | Kết quả    |             |
|        | integer                         | nguoi    | Người lớn  |             |
|        | integer                         | chu_ky   | Có chữ ký  |             |
|        | integer                         | smart    | Smart      |             |
|        | begin group                     | chi_tieu | Ghi nhận   |             |
|        | calculate                       | doi_tuong |           | ${ho}       |
|        | calculate                       | tham_ho_done |        | if(${ket_qua} = 'gap', 1, '') |
|        | calculate                       | tham_ho_of |          | if(${ket_qua} = 'gap', 1, '') |
|        | calculate                       | smart_hai_phong_ho_done |  | ${smart} |
|        | calculate                       | smart_hai_phong_ho_of |  | if(${smart} != '', 1, '') |
|        | calculate                       | chu_ky_so_ca_nhan_18_done |  | ${chu_ky} |
|        | calculate                       | chu_ky_so_ca_nhan_18_of |  | ${nguoi} |
|        | note                            | nhac     | Xin cảm ơn |             |
|        | end group                       |          |            |             |
| choices |
|        | list_name | name      | label    |
|        | ket_qua   | gap       | Gặp      |
|        | ket_qua   | vang      | Vắng     |
|        | ket_qua   | tu_choi   | Từ chối  |
|        | ket_qua   | da_chuyen | Đã chuyển |
| settings |
|        | form_title | form_id | version |
|        | Thăm hộ    | tham    | 1       |
"""
EAST, WEST, SOUTH = "11629001", "11629002", "11629003"
HOMES = {EAST: 60, WEST: 12, SOUTH: 0}


def _fill(app: Flask) -> None:
    commune = sample.make_commune()
    for code, name in ((EAST, "Thôn Đông"), (WEST, "Thôn Tây"), (SOUTH, "Thôn Nam")):
        village = sample.make_village(commune, code, name)
        for number in range(1, HOMES[code] + 1):
            sample.make_entity(village, f"Chủ hộ {name[5:]} {number}, Ngõ {number}", data={"thon": code})
    load_plans.load_indicators()
    db.session.commit()
    sample.publish(VISIT)
    plan = Plan(commune_id=commune.id, year=clock.today().year, title="Kế hoạch")
    db.session.add(plan)
    for place, code in enumerate(("smart_hai_phong_ho", "chu_ky_so_ca_nhan_18")):
        indicator = db.session.query(Indicator).filter_by(code=code).one()
        plan.targets.append(
            Target(
                code=f"T{place}", position=place, section="I", label=code, wording=code, comparator=">=",
                value="50", unit="percent", period="year", start=dt.date(plan.year, 1, 1),
                deadline=dt.date(plan.year, 12, 31), how="survey", indicator_id=indicator.id,
            )
        )  # fmt: skip
    db.session.commit()


@pytest.fixture(scope="module")
def prepared(template_database: Template, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Template]:
    with filled_once(template_database, tmp_path_factory.mktemp("drawn"), _fill) as template:
        yield template


class Drawn(Office):
    """The commune, its officer at their page, and one collector's phone for all thôn."""

    def __init__(self, app: Flask) -> None:
        commune = db.session.query(Commune).one()
        super().__init__(app, commune, f"/quan-tri/xa/{commune.code}/mau")
        self.villages = {each.code: each for each in db.session.query(Village)}
        made = sample.make_collector(self.commune, list(self.villages.values()))
        self.phone = Phone(InProcess(app), f"http://localhost/key/{made.token}")

    def draw(self, *codes: str, status: int = 200, **wish: object) -> str:
        """Draw from these thôn; without more said ± 5 points for all together."""
        shown = self.officer.get(self.page, query_string={"cach": "commune"}).text
        moment = shown.partition('name="moc" value="')[2].partition('"')[0]
        thon = [self.villages[code].id for code in codes]
        return self.post(self.page, status, **({"cach": "commune", "moc": moment, "thon": thon} | wish))

    def rows(self) -> list[dict[str, str]]:
        """The list of households as the phone shows it."""
        _, media = self.phone.sync()["tham"]
        return list(csv.DictReader(media["ho_dan.csv"].decode().splitlines()))

    def marked(self) -> list[str]:
        """The households that the phone shows as those of the sample, in its order."""
        return [row["name"] for row in self.rows() if row["hien_ten"].endswith(" [mẫu]")]

    def visit(
        self, home: str, result: str = "gap", smart: int | str = 1, adults: int = 2, signed: int = 1
    ) -> None:
        """A visit as a phone sends it, applied."""
        self.send(home, result, smart, adults, signed)
        catch_up.caught_up()
        db.session.rollback()

    def send(
        self, home: str, result: str = "gap", smart: int | str = 1, adults: int = 2, signed: int = 1
    ) -> None:
        """The same, left to be applied by who reads."""
        entity = db.session.get_one(Entity, uuid.UUID(home))
        told = (
            f"<nguoi>{adults}</nguoi><chu_ky>{signed}</chu_ky><smart>{smart}</smart>"
            f"<chi_tieu><doi_tuong>{home}</doi_tuong><tham_ho_done>1</tham_ho_done><tham_ho_of>1</tham_ho_of>"
            f"<smart_hai_phong_ho_done>{smart}</smart_hai_phong_ho_done>"
            f"<smart_hai_phong_ho_of>{'' if smart == '' else 1}</smart_hai_phong_ho_of>"
            f"<chu_ky_so_ca_nhan_18_done>{signed}</chu_ky_so_ca_nhan_18_done>"
            f"<chu_ky_so_ca_nhan_18_of>{adults}</chu_ky_so_ca_nhan_18_of></chi_tieu>"
            if result == "gap"
            else f"<chi_tieu><doi_tuong>{home}</doi_tuong></chi_tieu>"
        )
        answers = f"<thon>{entity.data['thon']}</thon><ho>{home}</ho><ket_qua>{result}</ket_qua>{told}"
        [answer] = self.phone.send(sample.filled(answers, form_id="tham"))
        assert answer.status == 201


@pytest.fixture
def drawn(app: Flask) -> Drawn:
    return Drawn(app)
