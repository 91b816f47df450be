"""How long a visit with the household form takes: worked out from what a usual household is asked."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache

from forms import form_blocks
from forms.convert_workbook import convert
from forms.engine import engine
from forms.engine.fill_visit import Filling

MOST_MINUTES = 8
"""A visit should not take longer: people have their own work, and the last answers become careless."""
SYLLABLES_A_SECOND = 3.0
"""Read aloud at a door, unhurried: 180 syllables a minute."""
ANSWERING = {"select1": 4, "select": 8, "int": 6, "decimal": 6, "string": 15, "geopoint": 20, "date": 8}
"""Seconds until an answer is said and typed, by the kind of question; nothing for what is only read."""
LISTED = 15
"""Seconds to find a household in the list."""

_THON, _HOUSEHOLD = "usual-thon", "usual-household"
_MEDIA = {
    "thon.csv": f"name,label\n{_THON},Thôn\n".encode(),
    "ho_dan.csv": f"name,label,thon,hien_ten\n{_HOUSEHOLD},Hộ,{_THON},Hộ\n".encode(),
}
USUAL = {
    "thon": _THON, "ho": _HOUSEHOLD, "ket_qua": "gap", "giup_gi": "smart", "giup_smart": "1",
    "nguoi_0_5": "0", "nguoi_6_13": "1", "nguoi_14_17": "0", "nguoi_18": "3",
    "vneid_6_13": "0", "vneid_18": "3", "vneid_muc2_18": "3", "vneid_dung_18": "2", "chu_ky_so_18": "1",
    "smart_mo": "co", "smart_30": "co", "internet": "cap_quang", "gbps": "khong_biet", "wifi_nha": "co",
    "nha_mang_do": "viettel", "may_viettel": "co", "mang_viettel": "5g", "dvc_12_thang": "co",
    "can_giup": "chu_ky_so", "cho_vi_tri": "co", "vi_tri": "20.82 106.55 0 5",
}  # fmt: skip
USUAL_VI = (
    "một hộ thường gặp: ba người lớn, một trẻ 6 đến 13 tuổi, có cáp quang, đo một nhà mạng, được giúp một việc, đồng ý "
    "ghi vị trí"
)
_BLOCKS_ANSWERED = {"integer": "1", "select_one": "co"}


@dataclass(frozen=True)
class VisitLength:
    """Seconds of a usual visit: of the form as it is in the library, and of each block beside it."""

    form: float
    blocks: Mapping[str, float]

    def seconds(self, codes: Iterable[str] = ()) -> float:
        """Of the form with these blocks."""
        return self.form + sum(self.blocks[code] for code in form_blocks.in_order(codes))


@cache
def worked_out() -> VisitLength:
    """By the seconds above, for a household as USUAL; the same every time (half a second, once a process)."""
    converted = convert(form_blocks.composed(form_blocks.BLOCKS), "ho_gia_dinh.xlsx")
    filling = engine.open_form(converted.xform, _MEDIA).start()
    for question, answer in (USUAL | _answers_of_blocks()).items():
        filling.answer(question, answer)
    told = dict(_told(filling))
    blocks = {
        each.code: sum(told.pop(name, 0.0) for name in (*each.question_names, *each.note_names))
        for each in form_blocks.every()
    }
    return VisitLength(sum(told.values()), blocks)


def _answers_of_blocks() -> dict[str, str]:
    return {
        name: _BLOCKS_ANSWERED[kind.split()[0]]
        for each in form_blocks.every()
        for name, kind in zip(each.question_names, each.question_kinds, strict=True)
    }


def _told(filling: Filling) -> Iterable[tuple[str, float]]:
    """Each thing that is shown, by its name, and how long it takes."""
    for node in filling.questions():
        if not node.live:
            continue
        control, bind = filling.form.controls[node.path], filling.form.nodes[node.path].bind
        kind = control.kind if control.kind in ANSWERING else bind.type
        answering = 0 if bind.readonly else LISTED if node.name == "ho" else ANSWERING.get(kind, 0)
        yield node.name, len(filling.text(node.address).split()) / SYLLABLES_A_SECOND + answering


def minutes(seconds: float) -> float:
    """Minutes with one decimal, never told as fewer than they are."""
    return math.ceil(seconds / 6) / 10


def to_leave_out(codes: Iterable[str], seconds: float) -> tuple[str, ...]:
    """Which of the chosen blocks to leave out so that the visit stays within MOST_MINUTES: as few as will do.

    `seconds` are those with all of them. The longest go first; all of them where even that is not enough.
    """
    length, over = worked_out(), seconds - 60 * MOST_MINUTES
    left: list[str] = []
    for code in sorted(form_blocks.in_order(codes), key=lambda each: -length.blocks[each]):
        if over <= 0:
            break
        left.append(code)
        over -= length.blocks[code]
    return form_blocks.in_order(left)
