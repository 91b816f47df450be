"""Formulas of an XLSForm: what an officer may have typed wrong, told in Vietnamese."""

import re
from collections.abc import Iterator, Mapping
from difflib import get_close_matches

REFERENCE = re.compile(r"\$\{([^{}]*)\}")
_NAME = re.compile(r"(?:last-saved#)?([A-Za-z_À-ỹ][\w.\-]*)")
_TEXTS = re.compile(r"'[^']*'|\"[^\"]*\"")
_OTHER_SPELLINGS = (
    (re.compile(r"&&"), "Thay && bằng and."),
    (re.compile(r"\|\|"), "Thay || bằng or."),
    (re.compile(r"=="), "Thay == bằng một dấu =."),
    (re.compile(r"=>"), "Thay => bằng >=."),
    (re.compile(r"=<"), "Thay =< bằng <=."),
    (re.compile(r"<>"), "Thay <> bằng !=."),
    (re.compile(r";"), "Thay dấu ; giữa các tham số bằng dấu phẩy."),
    (re.compile(r"^\s*="), "Bỏ dấu = ở đầu công thức (đó là cách viết của Excel)."),
    (re.compile(r"\d,\d"), "Số thập phân viết với dấu chấm, không phải dấu phẩy."),
    (re.compile(r"[≤≥≠]"), "Viết <=, >=, != thay cho ≤, ≥, ≠."),
)


def references(text: str) -> Iterator[str]:
    """Names of the questions whose present answers a cell refers to, without a check."""
    for inner in REFERENCE.findall(text):
        if inner.strip().startswith("last-saved#"):
            continue  # what the visit before said waits for nothing
        found = _NAME.fullmatch(inner.strip())
        yield found[1] if found else inner


def bad_reference(text: str, names: frozenset[str]) -> str | None:
    """A sentence about the first reference in a cell that names no question, or None."""
    for inner in REFERENCE.findall(text):
        found = _NAME.fullmatch(inner)
        if found is None:
            return f"“${{{inner}}}” viết sai. Trong ngoặc nhọn chỉ có tên câu hỏi, không có dấu cách."
        if found[1] not in names:
            return f"“${{{found[1]}}}” không phải tên câu hỏi nào trong trang survey.{_hint(found[1], names)}"
    if "${" in REFERENCE.sub("", text):
        return "có “${” mà thiếu dấu “}”. Viết đúng là ${ten_cau_hoi}."
    return None


def _hint(name: str, names: frozenset[str]) -> str:
    near = get_close_matches(name, names, n=1, cutoff=0.7)
    return f" Có phải ${{{near[0]}}}?" if near else " Hãy sửa tên hoặc thêm câu hỏi đó."


def malformed(formula: str) -> str:
    """A sentence about a formula that no phone can read."""
    return _explained(_TEXTS.sub("''", REFERENCE.sub("/x/y", formula)))


def _explained(bare: str) -> str:
    if bare.count("(") != bare.count(")"):
        return f"công thức có {bare.count('(')} dấu “(” mà có {bare.count(')')} dấu “)”."
    if bare.count("'") % 2 or bare.count('"') % 2:
        return "công thức thiếu một dấu nháy đóng hoặc mở."
    for pattern, advice in _OTHER_SPELLINGS:
        if pattern.search(bare):
            return f"công thức viết sai. {advice}"
    return "công thức viết sai. Hãy so với một công thức đang chạy được, nhất là dấu phẩy, ngoặc và dấu nháy."


def cycle(calculations: Mapping[str, str]) -> list[str]:
    """Names of calculations that wait for each other (the first name again at the end), or an empty list.

    A phone cannot open such a form.
    """
    edges = {
        name: [each for each in references(text) if each in calculations]
        for name, text in calculations.items()
    }
    done: set[str] = set()
    for start in edges:
        found = _cycle_from(start, edges, done)
        if found:
            return found
    return []


def _cycle_from(start: str, edges: Mapping[str, list[str]], done: set[str]) -> list[str]:
    """Depth first without recursion: a hostile sheet may chain thousands of calculations."""
    trail: list[str] = []
    waiting = [(start, True)]
    while waiting:
        name, entering = waiting.pop()
        if not entering:
            trail.remove(name)
            done.add(name)
        elif name in trail:
            return [*trail[trail.index(name) :], name]
        elif name not in done:
            trail.append(name)
            waiting.append((name, False))
            waiting += [(each, True) for each in edges[name]]
    return []
