"""What the properties of an entity list are called, and their values: for pages, which show no code."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from forms.definition import Definition, Field
from server.db import db
from server.households import household_states, next_try
from server.models import FormVersion, Village

_OPERATORS = {"viettel": "Viettel", "vinaphone": "VinaPhone", "mobifone": "MobiFone", "khac": "nhà mạng khác"}
_MEASURED = {"5g": "có", "khong": "không"}
_RESULTS = {code: household_states.result_word(code) for code in household_states.OF_RESULT}
_NAMES: Mapping[str, str] = {
    "thon": "Thôn",
    "dia_chi": "Địa chỉ",
    "ma_ho": "Mã hộ",
    "tinh_trang": "Tình trạng",
    "ket_qua": "Kết quả lần cuối",
    "lan_tham": "Số lần đến",
    "ngay_cuoi": "Lần cuối",
    next_try.DAY: "Hẹn ngày",
    next_try.PART: "Hẹn buổi",
    next_try.REOPENED: "Mở lại sau số lần đến",
    **{f"g5_{code}": f"5G {name}" for code, name in _OPERATORS.items()},
}
_VALUES: Mapping[str, Mapping[str, str]] = {
    "tinh_trang": household_states.WORDS,
    "ket_qua": _RESULTS,
    next_try.PART: next_try.PARTS,
    **{f"g5_{code}": _MEASURED for code in _OPERATORS},
}
UNSAID = frozenset({"tim", "hien_ten", "loi_nhan", "marker-color"})
"""Properties that are made for phones alone."""
OTHER = "Thông tin khác"


@dataclass(frozen=True)
class PropertyWords:
    """The names of properties, and those of their values that are choices."""

    names: Mapping[str, str]
    values: Mapping[str, Mapping[str, str]]

    def name(self, code: str) -> str:
        """What a property is called; one that no form in use declares has no name of its own."""
        return self.names.get(code, OTHER)

    def value(self, code: str, text: object) -> str:
        """A value in words; days as people write them, blanks as a dash."""
        plain = str(text or "")
        if code in ("ngay_cuoi", next_try.DAY) and plain.count("-") == 2:
            return "/".join(reversed(plain.split("-")))
        return self.values.get(code, {}).get(plain, plain) or "–"


def of_list(list_name: str, commune_id: int) -> PropertyWords:
    """The words for a list's properties: those of the server's own, then of the questions that fill the others."""
    names, values = dict(_NAMES), dict(_VALUES)
    newest = sa.select(sa.func.max(FormVersion.id)).group_by(FormVersion.form_id)
    definitions = sa.select(FormVersion.definition).where(FormVersion.id.in_(newest))
    stored: dict[str, Any]
    for stored in db.session.scalars(definitions):
        definition = Definition.from_json(stored)
        for field in definition.fields:
            if field.save_to and field.save_to_list == list_name and field.labels:
                names.setdefault(field.save_to, _said(field.labels, definition))
                values.setdefault(field.save_to, _choices(field, definition))
    villages = sa.select(Village.code, Village.name).where(Village.commune_id == commune_id)
    values["thon"] = {row.code: row.name for row in db.session.execute(villages)}
    return PropertyWords(names, values)


def _choices(field: Field, definition: Definition) -> dict[str, str]:
    return {each.name: _said(each.labels, definition) or each.name for each in field.choices}


def _said(labels: Mapping[str, str], definition: Definition) -> str:
    return labels.get(definition.default_language) or next(iter(labels.values()), "")
