"""Posters for tests: a commune with two thôn, a form of opinions, and people who answer it."""

import io
from dataclasses import dataclass

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from forms import library
from server import clock
from server.db import db
from server.models import Commune, FormVersion, Poster, Village
from server.posters import poster_acts
from server.published_forms import self_answers
from tests.sample import filled, make_commune, make_village, publish

OPINION = """
| survey |
| | type | name | label | required | calculation |
| | start | start | | | |
| | end | end | | | |
| | select_one_from_file thon.csv | thon | Thôn | | |
| | select_one muc | muc | Ông/bà thấy thế nào? | yes | |
| | text | gop_y | Góp ý | | |
| | image | anh | Ảnh | | |
| | begin group | chi_tieu | Ghi nhận | | |
| | calculate | hai_long_xa_of | | | if(${muc} = 'tot' or ${muc} = 'chua', 1, '') |
| | calculate | hai_long_xa_done | | | if(${hai_long_xa_of} = '', '', if(${muc} = 'tot', 1, 0)) |
| | note | ghi_nhan | Xin cảm ơn | | |
| | end group | | | | |
| choices |
| | list_name | name | label |
| | muc | tot | Tốt |
| | muc | chua | Chưa tốt |
| settings |
| | form_title | form_id | version |
| | Ý kiến | y_kien | {version} |
| chi_tieu |
| | indicator | label::Tiếng Việt | label::English | unit | kind |
| | hai_long_xa | Người hài lòng với xã | People satisfied with the commune | person | state |
| muc_dich |
| | muc_dich | can_cu | luu_thang |
| | Biết người dân nghĩ gì | Điều 19 khoản 1 điểm c Luật 91/2025/QH15 | 12 |
"""
"""A short form of opinions, with a photo, which states one indicator."""


@dataclass(frozen=True)
class Hung:
    """A commune with two thôn, the form of opinions, and a poster of it in the first thôn."""

    commune: Commune
    own: Village
    other: Village
    version: FormVersion
    poster: Poster


def hang(commune: Commune | None = None) -> Hung:
    """All of it, stored."""
    commune = commune or make_commune("11629")
    own, other = make_village(commune), make_village(commune, "11629002", "Thôn Đoài")
    version = publish(OPINION, version="1")
    return Hung(commune, own, other, version, make_poster(commune, version, own))


def make_poster(commune: Commune, version: FormVersion, village: Village | None, code: str = "") -> Poster:
    """A poster in a thôn, or at a counter that may be answered from the whole commune, stored."""
    self_answers.count_apart(version.form_id)
    label = village.name if village else "Bộ phận một cửa"
    poster = Poster(
        code=code or poster_acts.new_code(), commune_id=commune.id, form_id=version.form_id, label=label,
        village_id=village.id if village else None, created_at=clock.now(),
    )  # fmt: skip
    db.session.add(poster)
    db.session.commit()
    return poster


def opinion(level: str = "tot", *, thon: str = "11629001", more: str = "", **filled_with: str) -> bytes:
    """A filled form of opinions, as the page sends it."""
    done = {"tot": "<hai_long_xa_of>1</hai_long_xa_of><hai_long_xa_done>1</hai_long_xa_done>"}
    stated = done.get(level, "<hai_long_xa_of>1</hai_long_xa_of><hai_long_xa_done>0</hai_long_xa_done>")
    answers = f"<thon>{thon}</thon><muc>{level}</muc>{more}<chi_tieu>{stated}</chi_tieu>"
    return filled(answers, form_id=filled_with.pop("form_id", "y_kien"), **filled_with)


def answer(
    client: FlaskClient, poster: Poster | str, xml: bytes, address: str = "203.0.113.7", **files: bytes
) -> TestResponse:
    """Post an answer, with photos by their names (`_` for the dot), from an address of the network."""
    code = poster if isinstance(poster, str) else poster.code
    data: dict[str, object] = {
        "xml_submission_file": (io.BytesIO(xml), "xml_submission_file.xml", "text/xml")
    }
    for name, content in files.items():
        named = name.replace("_", ".")
        data[named] = (io.BytesIO(content), named, "image/jpeg")
    return client.post(f"/khao-sat/{code}/submission", data=data, environ_base={"REMOTE_ADDR": address})


def from_library(form_id: str) -> FormVersion:
    """A form of the library, published."""
    return publish(library.read(form_id))
