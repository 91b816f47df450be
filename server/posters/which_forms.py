"""Which forms may hang on a wall: what everybody may see, what the web can show, and what is one person's opinion."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import sqlalchemy as sa

from forms.check import phone_and_web_limits
from forms.check.works_without import works_without
from forms.definition import Definition
from forms.personal_data import is_personal
from geo.plain_words import unaccented
from server.db import db
from server.models import Form, FormFile, FormVersion
from server.published_forms.publishing import MADE
from server.published_forms.registry import OF_PEOPLE, registry

PUBLIC_LISTS = frozenset({"thon", "diem_cong_cong"})
"""Lists of the server that name no person."""


@dataclass(frozen=True)
class ServedForm:
    """The version of a form that posters show now, and why they cannot, each a part of a sentence."""

    version: FormVersion
    definition: Definition
    obstacles: tuple[str, ...]


def served(form_pk: int) -> ServedForm | None:
    """The newest version of a form as posters show it; None where it has none or is out of use."""
    newest = (
        sa.select(FormVersion)
        .join(Form, Form.id == FormVersion.form_id)
        .where(FormVersion.form_id == form_pk, Form.retired_at.is_(None))
        .order_by(FormVersion.id.desc())
        .limit(1)
    )
    version = db.session.scalars(newest).first()
    if version is None:
        return None
    definition = Definition.from_json(version.definition)
    has_purpose = version.form.purpose is not None and version.form.legal_basis is not None
    return ServedForm(
        version,
        definition,
        tuple(obstacles(version.xform, definition, _uploaded(version.id), has_purpose=has_purpose)),
    )


def obstacles(
    xform: bytes, definition: Definition, uploaded: Mapping[str, bytes], *, has_purpose: bool
) -> Iterator[str]:
    """Why a form, published or about to be, cannot hang on a wall: each a part of a sentence."""
    for need in phone_and_web_limits.of(xform):
        if not need.web:
            yield f"biểu mẫu dùng thứ mà trang web chưa làm được ({need.words})"
    if definition.entities:
        yield "biểu mẫu ghi vào danh sách hộ, điểm hoặc doanh nghiệp"
    stated = map(registry().indicator, definition.indicators)
    if any(known is not None and known.unit not in OF_PEOPLE for known in stated):
        yield "biểu mẫu đo tại điểm, nơi công cộng hoặc doanh nghiệp, không phải ý kiến của người dân"
    for name in _lists_of_people(definition, uploaded):
        if not works_without(xform, name.removesuffix(".csv")):
            yield f"biểu mẫu đính kèm danh sách có người trong đó ({name}), không được treo cho mọi người xem"
    if not has_purpose:
        yield "biểu mẫu chưa ghi mục đích và căn cứ pháp lý (trang muc_dich)"


def lists_of_people(version: FormVersion, definition: Definition) -> list[str]:
    """Files of a version that may name persons: lists of the server but those of places, tables with such columns."""
    return _lists_of_people(definition, _uploaded(version.id))


def _uploaded(version_id: int) -> dict[str, bytes]:
    rows = db.session.execute(
        sa.select(FormFile.name, FormFile.content).where(FormFile.form_version_id == version_id)
    )
    return {row.name: bytes(row.content) for row in rows if row.name not in MADE}


def _lists_of_people(definition: Definition, uploaded: Mapping[str, bytes]) -> list[str]:
    return [name for name in definition.media if _names_people(name, uploaded.get(name))]


def _names_people(name: str, uploaded: bytes | None) -> bool:
    if name.removesuffix(".csv") in PUBLIC_LISTS:
        return False
    if uploaded is None:
        return name.endswith(".csv")
    if not name.endswith((".csv", ".xml", ".geojson")):
        return False
    if not name.endswith(".csv"):
        return is_personal(unaccented(uploaded.decode("utf-8-sig", "replace")).replace("_", " "))
    heading = uploaded.decode("utf-8-sig", "replace").partition("\n")[0]
    return is_personal(unaccented(heading).replace("_", " "))
