"""ODK Validate, where Java is: the phones' own software opens the form and goes through it once."""

import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from pyxform.validators.odk_validate import ODK_VALIDATE_PATH

from forms.errors import SheetError
from forms.sheets import Sheet

MOST_SECONDS = 60
"""For one form; the largest public forms that were tried take three."""
_MEMORY = "-Xmx512m"
_PLACE = re.compile(
    r"Error evaluating field '[^']*' \(/\w+([^)]*)\)|attached to \"/\w+/([^\"]*)\""
    r"|loop:\s*/\w+/(\S+)|expression for /\w+/(\S+)"
)
_LACKS = "java.lang.NoClassDefFoundError"
"""What it says where it comes to a part of its own that is missing: phones have it."""
_ROUND = re.compile(r"\[\d+\]")
_WORDS = (
    (r"Cycle detected", "công thức chờ nhau mãi"),
    (r"This field is repeated", "công thức dùng một câu của phần lặp từ ngoài phần lặp"),
    (
        r"cannot handle function '(?P<x>[^']+)'",
        "điện thoại không có hàm “{x}”, hoặc hàm ấy nhận tham số khác",
    ),
    (r"must be in quotes", "mã lựa chọn trong selected() phải nằm trong dấu nháy"),
    (r"Instance referenced by (?P<x>\S+)", "biểu mẫu không có danh sách mà “{x}” dùng"),
    (r"type mismatch", "công thức nhận một giá trị khác loại"),
    (r"unsupported construct", "công thức có cách viết điện thoại không hiểu"),
    (r"Couldn't understand the expression|Bad node|Mismatched", "công thức viết sai"),
    (r"escape in date format", "cách viết ngày có chữ điện thoại không biết"),
    (r"near index \d+", "mẫu của regex viết sai"),
)


class NotJudged(Exception):
    """It could not go through a form that phones may open."""


def installed() -> bool:
    """Whether there is a Java to run it with."""
    return shutil.which("java") is not None and Path(ODK_VALIDATE_PATH).is_file()


def refusal(xform: bytes) -> str | None:
    """What it says of a form that it cannot open, in English; None where it opens it.

    TimeoutExpired after a minute; NotJudged where it stops itself: no SHA-256 for a text seeding randomize().
    """
    said = next(iter(refusals([xform], MOST_SECONDS).values()))
    if said is not None and _LACKS in said:
        raise NotJudged(said)
    return said


def refusals(xforms: list[bytes], seconds: int) -> Mapping[int, str | None]:
    """Of many forms at once, by their place: one start of Java for all."""
    with tempfile.TemporaryDirectory(prefix="tungnha-validate-") as folder:
        paths = [Path(folder) / f"{place}.xml" for place in range(len(xforms))]
        for path, xform in zip(paths, xforms, strict=True):
            path.write_bytes(xform)
        command = ["java", _MEMORY, "-Djava.awt.headless=true", "-jar", ODK_VALIDATE_PATH, *map(str, paths)]
        said = subprocess.run(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, timeout=seconds
        ).stdout
    return dict(_told(said, len(xforms)))


def _told(said: str, count: int) -> Iterator[tuple[int, str | None]]:
    parts = re.split(r"^Validating: \S*?(\d+)\.xml$", said, flags=re.MULTILINE)[1:]
    told = {int(place): text for place, text in zip(parts[::2], parts[1::2], strict=True)}
    for place in range(count):
        text = told.get(place, said)
        yield place, None if "Xform is valid" in text else " ".join(text.split())[:2_000]


def error(said: str, book: Mapping[str, Sheet]) -> SheetError:
    """What it says, for an officer, at the row that it names; its own words only where none of ours fit."""
    found = _PLACE.search(said)
    named = _ROUND.sub("", next((each for each in found.groups() if each), "") if found else "").strip("/")
    survey = book["survey"]
    row = dict(survey.questions()).get(named)
    sentence, value = "phần mềm của điện thoại (ODK Validate) không mở được biểu mẫu", said[:300]
    for pattern, words in _WORDS:
        match = re.search(pattern, said)
        if match:
            sentence, value = f"{sentence}: {words.format(**match.groupdict())}", named
            break
    column = next(
        (each for each in ("calculation", "relevant", "choice_filter") if row and row[each]), "name"
    )
    return survey.error(row, column, f"{sentence}.", value)
