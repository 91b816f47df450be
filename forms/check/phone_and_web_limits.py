"""What needs which phone, and what the web form cannot do: the one table of it."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from forms.errors import SheetError
from forms.sheets import Sheet

Version = tuple[int, ...]
NOT_YET: Version = (9999,)
"""No version that is known has it."""
COLLECT, KOBO = "ODK Collect", "KoboCollect"
KOBO_READ = "v2025.3.3"
"""The newest KoboCollect whose source was read."""


@dataclass(frozen=True)
class Need:
    """Something that a form uses: its words, the first versions of both apps that know it, whether the web form does.

    An empty version: any that is still in use.
    """

    code: str
    words: str
    found: Callable[[str], bool]
    collect: Version = ()
    kobo: Version = ()
    web: bool = True

    @property
    def of_phones(self) -> bool:
        """Whether some phones in use do not know it."""
        return bool(self.collect or self.kobo)

    def first(self, app: str) -> Version:
        """The first version of an app that knows it."""
        return self.kobo if app == KOBO else self.collect

    def sentence(self) -> str:
        """What it asks of phones."""
        collect = ".".join(map(str, self.collect))
        kobo = f"; KoboCollect (đến {KOBO_READ}) không mở được" if self.kobo == NOT_YET else ""
        return f"{self.words[0].upper()}{self.words[1:]}: cần ODK Collect từ {collect}{kobo}."


def _has(pattern: str) -> Callable[[str], bool]:
    compiled = re.compile(pattern)
    return lambda xform: compiled.search(xform) is not None


def _calls(name: str) -> Callable[[str], bool]:
    return _has(rf"""=["'][^"<>]*(?<![\w:.-]){re.escape(name)}\s*\(""")


_ACTS = re.compile(r'<bind nodeset="([^"]*/meta/entity)/@(create|update)" calculate="([^"]*)"')
_ALWAYS = frozenset({"true()", "1", "'1'", "'true'"})


def _makes_and_changes(xform: str) -> bool:
    """One entity block that may be `create` and `update` at once (E2): by one condition, or by one that always holds.

    Two conditions that differ are taken for the two sides of a choice, as forms of the library have them.
    """
    acts: dict[str, dict[str, str]] = {}
    for block, act, condition in _ACTS.findall(xform):
        acts.setdefault(block, {})[act] = "".join(condition.split())
    both = [each for each in acts.values() if len(each) == 2]
    return any(each["create"] == each["update"] or _ALWAYS & set(each.values()) for each in both)


NEEDS: tuple[Need, ...] = (
    Need("entities_2025", "biểu mẫu ghi nhiều danh sách, hoặc ghi danh sách trong phần lặp",
         _has(r'entities-version="2025\.1'), (2026, 1), NOT_YET),
    Need("upsert", "biểu mẫu vừa tạo vừa sửa cùng một bản ghi (create_if và update_if)",
         _makes_and_changes, (2026, 3), NOT_YET),
    Need("reference_geometry", "biểu mẫu dùng reference-geometry", _has(r"reference-geometry"), (2026, 1), NOT_YET,
         web=False),
    Need("intersects", "biểu mẫu dùng hàm intersects", _calls("intersects"), (2026, 1), NOT_YET, web=False),
    Need("search", "bảng của search()", _has(r"""appearance="[^"]*\bsearch\("""), web=False),
    Need("sealed", "phiếu mã hóa", _has(r"base64RsaPublicKey="), web=False),
    Need("last_saved", "câu trả lời của phiếu trước (last-saved)", _has(r"__last-saved"), web=False),
    Need("audit", "nhật ký điền phiếu (audit)", _has(r"<audit[ />]"), web=False),
    Need("background_audio", "ghi âm nền (background-audio)", _has(r"<odk:recordaudio\b"), web=False),
    Need("annotate", "vẽ lên ảnh", _has(r'appearance="[^"]*\bannotate\b'), web=False),
    Need("weekday", "thứ trong tuần của format-date() (%a)", _has(r'="[^"]*\bformat-date(?:-time)?\([^"]*%a'),
         web=False),
    *(
        Need(name, f"hàm {name}()", _calls(name), web=False)
        for name in ("version", "property", "depend", "is-selected", "extract-signed", "decimal-time")
    ),
)  # fmt: skip
"""Each thing in one row: read in the sources of both apps (E1), and of the web form's engine."""


def of(xform: bytes) -> tuple[Need, ...]:
    """What a form uses of the table."""
    text = xform.decode()
    return tuple(need for need in NEEDS if need.found(text))


def remarks(xform: bytes) -> Iterator[SheetError]:
    """What a form asks of phones, for the officer who checks it."""
    for need in of(xform):
        if need.of_phones:
            yield SheetError("survey", None, None, need.sentence())


_MEGABYTES_A_SECOND = 2
"""Of a film as phones take it at first, 1920 × 1080."""


def film_words(megabytes: int) -> str:
    """How long a film may be where a request has at most so many MB."""
    return (
        f"một phim tối đa {megabytes} MB, khoảng {max(megabytes // _MEGABYTES_A_SECOND, 1)} giây quay thường; "
        "phim lớn hơn không gửi được. Mã QR của máy chủ đặt điện thoại quay chất lượng thấp để được lâu hơn."
    )


def takes_films(xform: bytes) -> bool:
    """Whether a published form asks for films."""
    return b'mediatype="video/' in xform


def film_remarks(book: Mapping[str, Sheet], megabytes: int) -> Iterator[SheetError]:
    """How long a film may be, at each question for one: a larger file is refused for ever (C30)."""
    survey = book["survey"]
    for row in survey.rows:
        if row["type"].strip() in {"video", "add video prompt", "q video"}:
            yield survey.error(row, "type", film_words(megabytes), row["name"])


def older(need: Need, app: str, version: Version) -> bool:
    """Whether an app of that version does not know it."""
    return version < need.first(app)
