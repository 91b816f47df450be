"""In whose words a file is written: our own, those of ODK Central, those of KoboToolbox; and what its reader chose."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

SUMMARY, DETAILS, BOTH = "summary", "details", "both"
"""A question with several answers is one column, one for each choice, or both (X4)."""

UNTRANSLATED = "-"
"""What pyxform writes where a form has no text in one of its languages."""


@dataclass(frozen=True, kw_only=True)
class Preset:
    """How columns are named and cells written (X1 to X15)."""

    name: str
    separator: str = ","
    quotes_all: bool = False
    line_end: str = "\r\n"
    bom: bool = False
    guards: bool = False
    """An apostrophe before what a spreadsheet would compute: only in CSV that Excel opens (X14)."""
    path_separator: str = ""
    """Between groups and question in every header; "": the question's own name unless the reader asks for groups."""
    point_names: tuple[str, ...]
    """Headers of a point's parts, `{}` is the question."""
    keeps_point: bool = False
    """The point as one text stands before its parts."""
    keeps_notes: bool = False
    multiple: str = SUMMARY
    """What becomes of a question with several answers unless the reader says it."""
    joint: str = " "
    """Between the labels of several answers in one cell."""
    tells_apart: bool = True
    """Labels that several questions share get the question's path beside them."""
    gone: str = "đã xóa"
    """Stands for the address of a file that was removed (X7)."""
    awaited: str = "chưa gửi lên"
    """Stands for the address of a file that the phone has not sent yet."""


EXCEL_VI = Preset(
    name="excel-vi",
    bom=True,
    guards=True,
    joint=", ",
    point_names=("{} (vĩ độ)", "{} (kinh độ)", "{} (độ cao)", "{} (sai số m)"),
)
CENTRAL = Preset(
    name="central",
    line_end="\n",
    path_separator="-",
    point_names=("{}-Latitude", "{}-Longitude", "{}-Altitude", "{}-Accuracy"),
)
WORKBOOK = replace(EXCEL_VI, guards=False)
"""In a workbook a text is a string cell, and needs no apostrophe."""
KOBO = Preset(
    name="kobo",
    separator=";",
    quotes_all=True,
    keeps_point=True,
    keeps_notes=True,
    multiple=BOTH,
    tells_apart=False,
    gone="Deleted",
    awaited="",
    point_names=("_{}_latitude", "_{}_longitude", "_{}_altitude", "_{}_precision"),
)
PRESETS = {preset.name: preset for preset in (EXCEL_VI, CENTRAL, KOBO)}


@dataclass(frozen=True, kw_only=True)
class ExportWish:
    """What the exporting person has chosen; `places` gives the names of thôn by code for lists on file."""

    preset: Preset
    labels: bool = False
    language: str = ""
    """Of the labels, as the form calls it; "" is the form's first (X3)."""
    personal: bool = False
    made_by: str = ""
    media_url: str = ""
    """Before `<submission>/<file>`; "" leaves the column of addresses out (X7)."""
    media_of: Callable[[str, str], str] | None = None
    """Makes the rest of that address from the id of a submission and the name of its file; None: as above."""
    photos: bool = False
    """A zip takes the files along (X15)."""
    multiple: str = ""
    """SUMMARY, DETAILS or BOTH; "" is the preset's own (X4)."""
    group_separator: str = "/"
    """Between groups, question and choice in headers (X4)."""
    groups: bool | None = None
    """Whether headers name the groups around a question; None: as the preset does (X1, X15)."""
    group_labels: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Of groups and repeats by path and language; those without one are called by their name."""
    newest_only: bool = False
    """Only what the newest version asks: no questions and choices of older ones (X4)."""
    questions: frozenset[str] = frozenset()
    """Paths of the questions that are wanted; none named: all (X13)."""
    as_text: bool = False
    """In a workbook: numbers and dates as text, as a program may want them (X9)."""
    typed: bool = False
    """A workbook's cells hold days and moments, not their text (X9)."""
    flat: bool = True
    """GeoJSON as one collection; else a list of one for each submission (X12)."""
    places: Mapping[str, str] = field(default_factory=dict)
    lists: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Labels of choices that come from files, by path of the question and code."""
    shared: frozenset[str] = frozenset()
    """Paths of questions whose name another question of their table has too: their header names the groups (X1)."""

    changed_kinds: frozenset[str] = frozenset()
    """Paths of questions that another version asked in another way: their answers may be no places, or no codes."""

    repeats: frozenset[str] = frozenset()
    """Paths of the repeats of all versions."""

    @property
    def separator(self) -> str:
        """`/` where the reader chose none."""
        return self.group_separator or "/"

    @property
    def splits(self) -> str:
        return self.multiple or self.preset.multiple

    def word(self, labels: Mapping[str, str], name: str) -> str:
        """The label in the chosen language; the name where there is none, or where codes are wanted (X3)."""
        if not self.labels:
            return name
        wanted = (labels.get(self.language, ""),) if self.language else labels.values()
        return next((label for label in wanted if label and label != UNTRANSLATED), name)
