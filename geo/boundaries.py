"""Boundary files of a land office → checked outlines with official codes, in EPSG:4326."""

import re
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import shapely
from shapely.geometry.base import BaseGeometry

from geo import boundary_columns, boundary_formats, check_outlines, match_names
from geo import crs as crs_choices
from geo.boundary_columns import Columns, Figures, Level
from geo.boundary_problems import Label, OutlineProblem, SeveralLayers, UnreadableBoundaries
from geo.boundary_rows import Layer
from geo.crs import Crs
from geo.match_names import READ_AS_IT_SAYS, Draft, ReadAs, Registered

__all__ = [
    "BoundaryReading",
    "Crs",
    "Figures",
    "Level",
    "Outline",
    "OutlineProblem",
    "ReadAs",
    "Registered",
    "UnreadableBoundaries",
    "candidates",
    "read",
]  # fmt: skip

_CODE = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]{0,31}")
_LONGEST_NAME = 200
_MOST_PROBLEMS = 200


@dataclass(frozen=True, slots=True)
class Outline:
    """One commune or thôn: its code and name, its valid outline (EPSG:4326, longitude first) and area in m²."""

    code: str
    name: str
    geometry: shapely.MultiPolygon
    area_m2: float
    row: int
    figures: Figures = Figures()
    illustrative: bool = False


@dataclass(frozen=True, slots=True)
class BoundaryReading:
    """What a file says and what is wrong with it. Nothing is stored of it while there are errors.

    `shapes` are all rows that have one, by number, EPSG:4326, also those that are refused: to be drawn.
    """

    outlines: tuple[Outline, ...]
    problems: tuple[OutlineProblem, ...]
    crs: Crs | None
    unmatched: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()
    shapes: Mapping[int, BaseGeometry] = field(default_factory=dict)
    labels: tuple[Label, ...] = ()
    layers: tuple[str, ...] = ()
    """The layers to choose from, where there are several."""
    columns: tuple[str, ...] = ()

    @property
    def errors(self) -> tuple[OutlineProblem, ...]:
        return tuple(problem for problem in self.problems if problem.severity == "error")

    @property
    def warnings(self) -> tuple[OutlineProblem, ...]:
        return tuple(problem for problem in self.problems if problem.severity == "warning")


def read(
    path: Path,
    *,
    level: Level,
    commune_outline: BaseGeometry | None = None,
    near: BaseGeometry | None = None,
    how: ReadAs = READ_AS_IT_SAYS,
    known_codes: Collection[str] | None = None,
    registered: Mapping[str, Registered] | None = None,
    chosen: Mapping[int, str] | None = None,
) -> BoundaryReading:
    """Reads and checks a file of communes or thôn.

    `commune_outline` is the official outline in EPSG:4326, longitude first, or None where it is unknown or only
    illustrative; `near` is about where the commune lies, which is enough to tell zones apart; `how` what a person
    says of the file; `known_codes` the places already registered: `Reading.unmatched` are codes of the
    file that are not among them, `absent` those the file leaves out. `registered` are the same by code with name
    and outline: rows without a code are matched by a name that is unique, and outlines that the file leaves out
    are checked against its own. `chosen` are codes that a person gave to rows, by number.
    Raises UnreadableBoundaries where there is no layer to judge (hostile, truncated, several sets).
    """
    try:
        layer = _straightened(boundary_formats.load(path, how.layer), how)
    except SeveralLayers as several:
        return BoundaryReading(
            (), (OutlineProblem("several_layers", several.sentence),), None, layers=several.names
        )
    found = boundary_columns.find(layer.columns, level, how.code_column, how.name_column)
    missing = _missing_columns(layer, found, how, bool(registered))
    if missing:
        return BoundaryReading((), missing, None, columns=layer.columns)
    used = _settle([row.geometry for row in layer.rows], layer.declared, how.crs, commune_outline or near)
    if isinstance(used, OutlineProblem):
        return BoundaryReading((), (used,), None, columns=layer.columns)
    known = registered or {}
    reading, drafts = _judged(layer, found, level, used, commune_outline, known, chosen=chosen or {}, how=how)
    codes = known_codes if known_codes is not None else registered
    return reading if codes is None else _matched(reading, drafts, codes)


def _judged(
    layer: Layer,
    found: Columns,
    level: Level,
    used: Crs,
    commune_outline: BaseGeometry | None,
    registered: Mapping[str, Registered],
    *,
    chosen: Mapping[int, str],
    how: ReadAs,
) -> tuple[BoundaryReading, list[Draft]]:
    """The rows of a layer whose columns and system are known, checked; and the rows on their way."""
    drafts, problems = _draft(layer, found, level, used)
    drafts, matched = match_names.coded(drafts, registered, chosen, how, trusted=layer.trusted)
    kept = _kept(drafts, registered)
    outlines, faults = _check(drafts, commune_outline, kept)
    if level == "village" and outlines and not _errors(faults):
        everything = [outline.geometry for outline in outlines] + [shape for _, shape in kept]
        faults += check_outlines.gaps(everything, commune_outline)
    problems = [*_letters(layer, found), *problems, *matched, *_codes(drafts), *_names(drafts), *faults]
    problems.sort(key=lambda problem: problem.severity != "error")
    reading = BoundaryReading(
        outlines,
        tuple(problems[:_MOST_PROBLEMS]),
        used,
        shapes={draft.label.row: draft.shape for draft in drafts if draft.shape is not None},
        labels=tuple(draft.label for draft in drafts),
        columns=layer.columns,
    )
    return reading, drafts


def candidates(
    path: Path, near: BaseGeometry | None, how: ReadAs = READ_AS_IT_SAYS
) -> tuple[crs_choices.Candidate, ...]:
    """The coordinate systems that a file may be in, each with the file as it would place it."""
    layer = _straightened(boundary_formats.load(path, how.layer), how)
    return crs_choices.candidates([row.geometry for row in layer.rows], near)


def _straightened(layer: Layer, how: ReadAs) -> Layer:
    """The layer with east first and in metres or degrees."""
    shapes = crs_choices.straightened([row.geometry for row in layer.rows], how.north_first, how.per_metre)
    rows = tuple(replace(row, geometry=shape) for row, shape in zip(layer.rows, shapes, strict=True))
    return replace(layer, rows=rows)


def _settle(
    shapes: Sequence[BaseGeometry | None],
    declared: str | None,
    given: int | None,
    outline: BaseGeometry | None,
) -> Crs | OutlineProblem:
    return crs_choices.settle([shape for shape in shapes if shape is not None], declared, given, outline)


def _missing_columns(
    layer: Layer, found: Columns, how: ReadAs, has_names: bool
) -> tuple[OutlineProblem, ...]:
    """Codes are the identity (names repeat inside a commune), so a file without them is not guessed at.

    Unless there are registered names to match its names with.
    """
    have = ", ".join(layer.columns[:30]) or "không có cột nào"
    problems = []
    if found.code is None and (how.code_column or not has_names):
        what = f"cột mã «{how.code_column}»" if how.code_column else "cột mã (ma_thon, ma_xa, code…)"
        problems.append(
            OutlineProblem("no_code_column", f"Không thấy {what}; các cột trong tệp: {have}. Hãy chọn cột.")
        )
    if found.name is None:
        what = f"cột tên «{how.name_column}»" if how.name_column else "cột tên (ten_thon, ten_xa, name…)"
        problems.append(
            OutlineProblem("no_name_column", f"Không thấy {what}; các cột trong tệp: {have}. Hãy chọn cột.")
        )
    return tuple(problems)


def _draft(layer: Layer, found: Columns, level: Level, used: Crs) -> tuple[list[Draft], list[OutlineProblem]]:
    shapes = crs_choices.to_wgs84([row.geometry for row in layer.rows], used.epsg)
    drafts, problems = [], []
    for row, shape in zip(layer.rows, shapes, strict=True):
        code = boundary_columns.code_of(row.values.get(found.code or ""), level)
        label = Label(
            row.number, code, boundary_columns.text_of(row.values.get(found.name or ""))[: _LONGEST_NAME + 1]
        )
        figures, wrong = boundary_columns.figures_of(row.values, found)
        if wrong:
            problems.append(label.problem("figures", wrong, "warning"))
        illustrative = boundary_columns.is_true(row.values.get(found.illustrative or ""))
        drafts.append(Draft(label, shape, figures, illustrative))
    return drafts, problems


def _kept(drafts: Sequence[Draft], registered: Mapping[str, Registered]) -> list[tuple[Label, BaseGeometry]]:
    """The stored outlines that stay beside those of the file."""
    told = {draft.label.code for draft in drafts}
    return [
        (Label(0, code, each.name), each.outline)
        for code, each in registered.items()
        if each.outline is not None and code not in told
    ]


def _codes(drafts: Sequence[Draft]) -> list[OutlineProblem]:
    problems = []
    first: dict[str, int] = {}
    for label in (draft.label for draft in drafts):
        if not label.code:
            problems.append(label.problem("no_code", "thiếu mã"))
        elif not _CODE.fullmatch(label.code):
            problems.append(
                replace(label, code="").problem("bad_code", "mã chỉ được gồm chữ không dấu và số")
            )
        elif label.code in first:
            words = (
                f"trùng mã với dòng {first[label.code]}; hai phần của một thôn thì hãy gộp (Dissolve) trước"
            )
            problems.append(label.problem("duplicate_code", words))
        first.setdefault(label.code, label.row)
    return problems


def _names(drafts: Sequence[Draft]) -> list[OutlineProblem]:
    """Names: missing, absurd, or equal, which is only worth a word (a merged commune may have two of one name)."""
    problems = []
    rows = defaultdict(list)
    for label in (draft.label for draft in drafts):
        if not label.name:
            problems.append(label.problem("no_name", "thiếu tên"))
        elif len(label.name) > _LONGEST_NAME or not label.name.isprintable():
            problems.append(
                replace(label, name="").problem("bad_name", "tên quá dài hoặc có ký tự điều khiển")
            )
        else:
            rows[label.name.casefold()].append(label)
    for first, *others in rows.values():
        for label in others:
            words = f"trùng tên với dòng {first.row}, mã {first.code}; hai nơi được phân biệt bằng mã"
            problems.append(label.problem("same_name", words, "warning"))
    return problems


def _check(
    drafts: Sequence[Draft],
    commune_outline: BaseGeometry | None,
    kept: Sequence[tuple[Label, BaseGeometry]],
) -> tuple[tuple[Outline, ...], list[OutlineProblem]]:
    outlines, problems, rows = [], [], []
    for draft in drafts:
        checked = check_outlines.check(draft.label, draft.shape, commune_outline)
        problems += checked.problems
        if checked.outline is not None:
            rows.append((draft.label, checked.outline))
            outlines.append(_outline(draft, checked.outline))
    if rows and sum(problem.kind == "outside_commune" for problem in _errors(problems)) == len(drafts):
        problems = [
            OutlineProblem(
                "outside_commune", "Mọi ranh giới trong tệp đều nằm ngoài xã: sai tệp hoặc sai hệ tọa độ."
            )
        ]
    return tuple(outlines), problems + check_outlines.overlaps(rows, kept)


def _errors(problems: Sequence[OutlineProblem]) -> list[OutlineProblem]:
    return [problem for problem in problems if problem.severity == "error"]


def _outline(draft: Draft, geometry: shapely.MultiPolygon) -> Outline:
    label = draft.label
    area = check_outlines.area_m2(geometry)
    return Outline(label.code, label.name, geometry, area, label.row, draft.figures, draft.illustrative)


def _letters(layer: Layer, found: Columns) -> list[OutlineProblem]:
    """What to look at when the letters of the names were guessed."""
    if layer.encoding is None:
        return []
    sample = boundary_columns.text_of(layer.rows[0].values.get(found.name or ""))[:60]
    words = {"tcvn3": "TCVN3 (ABC)", "vni": "VNI", "cp1258": "Windows-1258", "latin-1": "Latin-1"}[
        layer.encoding
    ]
    if layer.trusted:
        sentence = f"Tệp không ghi bảng mã; tên được đọc theo {words}, ví dụ «{sample}»: hãy xem lại dấu."
    else:
        sentence = f"Không chắc bảng mã của tên (đọc theo {words}: «{sample}»): hãy xuất lại tệp bằng UTF-8."
    return [OutlineProblem("encoding", sentence, "warning")]


def _matched(
    reading: BoundaryReading, drafts: Sequence[Draft], known_codes: Collection[str]
) -> BoundaryReading:
    known = set(known_codes)
    strange = [draft.label for draft in drafts if draft.label.code and draft.label.code not in known]
    absent = sorted(known - {draft.label.code for draft in drafts})
    problems = [label.problem("unmatched", "mã chưa có trong danh mục", "warning") for label in strange]
    if absent:
        named = ", ".join(absent[:10]) + ("…" if len(absent) > 10 else "")
        problems.append(
            OutlineProblem("absent", f"Tệp thiếu {len(absent)} mã đã có trong danh mục: {named}.", "warning")
        )
    unmatched = tuple(label.code for label in strange)
    return replace(
        reading, problems=reading.problems + tuple(problems), unmatched=unmatched, absent=tuple(absent)
    )
