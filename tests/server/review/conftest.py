"""A thôn whose form has checks of its own, and what its collectors send."""

import csv
import datetime as dt
import io
import uuid

import pytest
from flask import Flask

from server import clock
from server.db import db
from server.models import Commune, Entity, Village
from tests import sample
from tests.phone import InProcess, Phone

CHECKED_FORM = """
| survey |
| | type | name | label | calculation |
| | start | start | | |
| | end | end | | |
| | select_one_from_file thon.csv | thon | Thôn | |
| | select_one_from_file ho_dan.csv | ho | Hộ | |
| | select_one kq | ket_qua | Kết quả | |
| | integer | so_nguoi | Số người | |
| | select_one biet | wifi | Wi-Fi | |
| | select_one biet | vneid | VNeID | |
| | begin repeat | nguoi | Người | |
| | integer | tuoi | Tuổi | |
| | end repeat | | | |
| | begin group | chi_tieu | Chỉ tiêu | |
| | calculate | doi_tuong | | ${ho} |
| | note | ghi | Xong | |
| | end group | | | |
| choices |
| | list_name | name | label |
| | kq | gap | Gặp |
| | kq | vang | Vắng |
| | kq | tu_choi | Từ chối |
| | biet | co | Có |
| | biet | khong | Không |
| | biet | khong_biet | Không biết |
| settings |
| | form_title | form_id | version |
| | Thăm | tham | {version} |
| kiem_tra |
| | ma | dieu_kien | loi_nhan | viec | muc | nguong | tu_phieu |
| | dong | ${ket_qua} = 'gap' and ${so_nguoi} > 15 | Hỏi lại số người, ghi hơn 15 | hỏi lại | 2 | | |
| | gia | count(${nguoi}[${tuoi} > 100]) > 0 | Có người hơn 100 tuổi: đến lại xem | phúc tra | 5 | | |
| | vang | ${ket_qua} = 'vang' | Hơn 60 % lần đến là vắng: gọi hỏi người đi | gọi điện | 3 | 60 % | 12 |
"""


class CheckedThon:
    """A thôn of the commune 11629 with households, and two collectors who visit them with CHECKED_FORM."""

    def __init__(self, app: Flask, homes: int = 30) -> None:
        self.app = app
        self.form = sample.publish(CHECKED_FORM, version="1")
        self.commune: Commune = sample.make_commune()
        self.village: Village = sample.make_village(self.commune)
        self.first = sample.make_collector(self.commune, [self.village])
        self.second = sample.make_collector(self.commune, [self.village], name="Trần Thị Bé")
        self.homes: list[Entity] = [
            sample.make_entity(self.village, f"Nhà {at}", data={"thon": "11629001"}) for at in range(homes)
        ]
        self.keys = [str(home.id) for home in self.homes]

    def phone(self, second: bool = False) -> Phone:
        token = (self.second if second else self.first).token
        return Phone(InProcess(self.app), f"http://localhost/key/{token}")

    def visit(
        self,
        home: int = 0,
        result: str = "gap",
        *,
        people: int = 3,
        ages: tuple[int, ...] = (),
        wifi: str = "co",
        vneid: str = "co",
        second: bool = False,
        version: str = "1",
        edits: str = "",
        began: dt.datetime | None = None,
        files: dict[str, bytes] | None = None,
        named: str = "",
    ) -> str:
        """Send one visit; its instanceID. `edits` names the visit that it says anew, `named` the file of its log."""
        key = f"uuid:{uuid.uuid4()}"
        start = began or clock.now() - dt.timedelta(minutes=30)
        met = result == "gap"
        told = f"<so_nguoi>{people}</so_nguoi><wifi>{wifi}</wifi><vneid>{vneid}</vneid>" if met else ""
        rounds = "".join(f"<nguoi><tuoi>{age}</tuoi></nguoi>" for age in ages)
        before = f"<deprecatedID>{edits}</deprecatedID>" if edits else ""
        log = f"<audit>{named}</audit>" if named else ""
        xml = (
            f'<data id="tham" version="{version}"><start>{start.isoformat()}</start>'
            f"<end>{(start + dt.timedelta(minutes=5)).isoformat()}</end><thon>11629001</thon>"
            f"<ho>{self.keys[home]}</ho><ket_qua>{result}</ket_qua>{told}{rounds}"
            f"<chi_tieu><doi_tuong>{self.keys[home]}</doi_tuong></chi_tieu>"
            f"<meta><instanceID>{key}</instanceID>{before}{log}</meta></data>"
        )
        [answer] = self.phone(second).send(xml.encode(), files or {})
        assert answer.status == 201, answer.message
        db.session.rollback()
        return key


@pytest.fixture
def thon(app: Flask, monkeypatch: pytest.MonkeyPatch) -> CheckedThon:
    """The form is in use for a month: visits of today are not from before it."""
    now = clock.now
    with monkeypatch.context() as then:
        then.setattr(clock, "now", lambda: now() - dt.timedelta(days=30))
        return CheckedThon(app)


def remarks_on(phone: Phone) -> dict[str, str]:
    """What a phone reads beside each household of its list at its next sync, by the household's id; none left out."""
    _, media = phone.sync()["tham"]
    content = media["ho_dan.csv"]
    rows = csv.DictReader(io.StringIO(content.decode("utf-8-sig")))
    return {row["name"]: row["loi_nhan"] for row in rows if row["loi_nhan"]}
