"""Rows for tests: a commune with thôn, a collector with a token, households, a published form, a filled one."""

import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path

import sqlalchemy as sa

from server import clock
from server.db import db
from server.files.blobs import Folder, place
from server.models import Attachment, Commune, Entity, EntityList, FormVersion, Submission, Village
from server.phones import collectors
from server.phones.collectors import NewCollector
from server.published_forms import publishing


def photo(drawn: bytes = b"") -> bytes:
    """A photo, as far as anybody looks, with these bytes (none of them 0xFF) among what is drawn."""
    head = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00"
    scan = b"\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00"
    return head + scan + b"photo" * 20 + drawn + b"\xff\xd9"


JPEG = photo()

VISIT = """
| survey |
|        | type                        | name          | label      | save_to | required |
|        | select_one_from_file thon.csv | thon        | Thôn       |         |          |
|        | select_one_from_file ho_dan.csv | ho        | Hộ         |         |          |
|        | select_one_from_file diem_cong_cong.csv | noi | Nơi      |         |          |
|        | select_one gap_hay_khong    | ket_qua       | Kết quả    |         |          |
|        | text                        | dia_chi       | Ngõ, số    | dia_chi |          |
|        | image                       | anh           | Ảnh        |         |          |
|        | begin group                 | chi_tieu      | Chỉ tiêu   |         |          |
|        | note                        | nhac          | Xin cảm ơn |         |          |
|        | end group                   |               |            |         |          |
| choices |
|        | list_name     | name | label    |
|        | gap_hay_khong | gap  | Gặp      |
|        | gap_hay_khong | vang | Vắng     |
| entities |
|        | list_name | entity_id | update_if |
|        | ho_dan    | ${ho}     | ${ho} != '' |
| settings |
|        | form_title      | form_id | version    |
|        | Từng Nhà & thử  | {form_id} | {version} |
"""
"""A form with lists, an entity list, a photo, and a title that XML has to escape."""

PLAIN = """
| survey |
|        | type    | name | label |
|        | integer | so   | Số    |
|        | image   | anh  | Ảnh   |
| settings |
|        | form_title | form_id   | version   |
|        | {title}    | {form_id} | {version} |
"""
"""The smallest form: no media."""


def make_commune(code: str = "11629", name: str = "An Lão") -> Commune:
    """A commune, stored."""
    commune = Commune(code=code, name=name)
    db.session.add(commune)
    db.session.commit()
    return commune


def make_village(commune: Commune, code: str = "11629001", name: str = "Thôn Đông") -> Village:
    """A thôn without an outline, stored."""
    village = Village(commune_id=commune.id, code=code, name=name)
    db.session.add(village)
    db.session.commit()
    return village


def make_collector(
    commune: Commune | None = None, villages: Sequence[Village] = (), name: str = "Nguyễn Văn Ấm"
) -> NewCollector:
    """A collector with his token and password; of a new commune with one thôn where none are given."""
    commune = commune or make_commune()
    made = collectors.add(name, commune, villages or [make_village(commune)])
    db.session.commit()
    return made


def publish(markdown: str, *, commune: Commune | None = None, **fields: str) -> FormVersion:
    """A published version of a form; `fields` fill the {places} of its Markdown."""
    for name, text in fields.items():
        markdown = markdown.replace("{" + name + "}", text)
    published = publishing.publish(markdown.encode(), "thu.md", commune=commune)
    db.session.commit()
    return published.form_version


def publish_visit(version: str = "1", form_id: str = "tham", commune: Commune | None = None) -> FormVersion:
    """A version of VISIT, published."""
    return publish(VISIT, commune=commune, form_id=form_id, version=version)


def publish_plain(
    version: str = "1", form_id: str = "don_gian", commune: Commune | None = None, title: str = "Đơn giản"
) -> FormVersion:
    """A version of PLAIN, published."""
    return publish(PLAIN, commune=commune, form_id=form_id, version=version, title=title)


def make_entity(
    village: Village, label: str, list_name: str = "ho_dan", data: Mapping[str, str] | None = None
) -> Entity:
    """A household (or a place) of a thôn, stored in its first version."""
    found = db.session.scalar(sa.select(EntityList).where(EntityList.name == list_name))
    listed = found or EntityList(name=list_name)
    entity = Entity(
        id=uuid.uuid4(),
        list=listed,
        village_id=village.id,
        label=label,
        data=dict(data or {}),
        version=1,
        created_at=clock.now(),
        changed_at=clock.now(),
    )
    db.session.add(entity)
    db.session.commit()
    return entity


def filled(
    answers: str = "<so>3</so><anh/>",
    *,
    form_id: str = "don_gian",
    version: str = "1",
    instance_id: str | None = None,
) -> bytes:
    """A filled form as Collect writes it (C34)."""
    instance_id = instance_id or f"uuid:{uuid.uuid4()}"
    return (
        f'<?xml version=\'1.0\' ?><data id="{form_id}" version="{version}" '
        'xmlns:h="http://www.w3.org/1999/xhtml" xmlns:jr="http://openrosa.org/javarosa" '
        f'xmlns:orx="http://openrosa.org/xforms">{answers}'
        f"<meta><instanceID>{instance_id}</instanceID></meta></data>"
    ).encode()


def arrived() -> list[Submission]:
    """What is stored, in the order of arrival."""
    db.session.rollback()  # what others have written since is seen by a new transaction
    return list(db.session.scalars(sa.select(Submission).order_by(Submission.id)))


def arrived_files() -> dict[str, bytes]:
    """What is on disk of every attachment, by name."""
    db.session.rollback()
    rows = db.session.scalars(sa.select(Attachment))
    return {row.name: path_of(row.stored_sha256).read_bytes() for row in rows}


def path_of(sha256: bytes) -> Path:
    """Where a blob lies; in tests, in a folder."""
    found = place()
    assert isinstance(found, Folder)
    return found.path_of(sha256)
