"""Words that stand over columns of officers' tables and boundary files: one list, by what the column holds."""

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import product

from geo import village_kinds
from geo.plain_words import unaccented, words

_KINDS = (
    *village_kinds.ALL, "khu", "tổ", "thôn tổ dân phố", "thôn tdp", "thôn khu dân cư", "thôn kdc", "thôn tổ",
    "thôn xóm", "thôn ấp", "tổ thôn", "thôn làng", "thôn bản", "địa bàn", "địa bàn thôn", "địa bàn dân cư", "dp",
    "khu ấp",
)  # fmt: skip


def _each(before: Sequence[str], kinds: Sequence[str]) -> tuple[str, ...]:
    return tuple(f"{first} {kind}".strip() for first, kind in product(before, kinds))


WORDS: Mapping[str, tuple[str, ...]] = {
    "village_code": (*_each(("mã", "mã số", "mã đơn vị"), _KINDS), "village code", "mã", "mã số", "code", "id"),
    "village": (
        *_each(("tên", "tên gọi"), _KINDS), *_each(("", "thuộc", "ở", "nơi ở"), _KINDS),
        *(f"{kind} {behind}" for kind in _KINDS for behind in ("số", "cư trú", "đang cư trú")),
        "village name", "village", "tên đơn vị", "đơn vị", "tên", "name",
    ),
    "commune_code": ("mã xã", "mã phường", "mã phường xã", "mã xã phường", "mã ĐVHC", "ward code", "commune code",
                     "mã", "code", "id"),
    "commune": ("tên xã", "tên phường", "tên phường xã", "tên xã phường", "xã", "phường", "xã phường", "commune name",
                "ward name", "tên", "name"),
    "household_head": (
        "họ tên chủ hộ", "họ và tên chủ hộ", "tên chủ hộ", "chủ hộ", "chủ hộ gia đình",
        "họ tên chủ hộ gia đình",
        "họ và tên người đại diện", "người đại diện hộ", "họ tên người đại diện hộ", "đại diện hộ", "tên hộ",
        "hộ gia đình",
        "hộ", "họ tên", "họ và tên", "họ tên hộ", "họ và tên hộ", "họ tên chủ nhà", "chủ nhà",
        "họ và đệm", "họ đệm", "họ lót", "họ và tên đệm", "họ tên đệm", "họ và chữ đệm", "head of household",
        "household head",
    ),
    "relation": (
        "quan hệ với chủ hộ", "quan hệ chủ hộ", "quan hệ", "QH với chủ hộ", "mối quan hệ với chủ hộ", "mối quan hệ",
        "quan hệ trong hộ", "vai trò trong hộ", "là chủ hộ",
    ),
    "household_code": ("mã hộ", "mã số hộ", "mã hộ gia đình", "số hộ khẩu", "mã hộ khẩu", "số sổ hộ khẩu",
                       "household code", "household id"),
    "collector": (
        "họ tên", "họ và tên", "họ tên thành viên", "họ và tên thành viên", "tên thành viên", "thành viên",
        "thành viên tổ", "họ tên thành viên tổ", "họ tên cộng tác viên", "họ và tên cộng tác viên",
        "tên cộng tác viên",
        "cộng tác viên", "họ tên người đi thu thập", "người đi thu thập", "tuyên truyền viên", "họ tên tổ viên",
        "tổ viên",
        "họ tên cán bộ", "tên cán bộ", "điều tra viên", "họ tên điều tra viên", "người phụ trách",
        "họ tên người phụ trách",
        "họ và đệm", "họ đệm", "họ lót", "họ và tên đệm", "họ tên đệm", "họ và chữ đệm", "họ",
        "tên", "collector", "full name", "name",
    ),
    "address": (
        "địa chỉ", "nơi ở", "nơi ở hiện nay", "nơi ở hiện tại", "địa chỉ nơi ở", "địa chỉ nhà",
        "địa chỉ hiện nay",
        "địa chỉ hiện tại", "địa chỉ cụ thể", "địa chỉ chi tiết", "nơi cư trú", "chỗ ở", "chỗ ở hiện nay",
        "nơi thường trú",
        "địa chỉ thường trú", "địa chỉ cư trú", "nơi ĐKTT", "nơi đăng ký thường trú", "hộ khẩu thường trú",
        "vị trí", "address",
    ),
    "lane": (
        "ngõ", "ngõ xóm", "xóm", "đường", "đường ngõ", "ngõ đường", "tên đường", "tên ngõ", "đường phố", "phố",
        "ngách", "ngõ ngách", "hẻm", "đường ngõ xóm", "lane", "street",
    ),
    "side_lane": ("ngách", "hẻm", "số ngách", "ngách hẻm"),
    "house_number": ("số nhà", "số", "nhà số", "house number"),
    "households": (
        "số hộ", "tổng số hộ", "số hộ dân", "tổng số hộ dân", "số hộ gia đình", "tổng số hộ gia đình",
        "tổng hộ", "hộ dân",
        "hộ gia đình", "hộ", "số lượng hộ", "số hộ tổng số", "hộ tổng số", "số hộ dân tổng số",
        "số hộ tổng", "hộ tổng", "số hộ tổng cộng", "hộ tổng cộng", "households",
    ),
    "people": (
        "nhân khẩu", "số nhân khẩu", "tổng số nhân khẩu", "tổng nhân khẩu", "dân số", "số dân", "tổng dân số",
        "số khẩu", "tổng số khẩu", "khẩu", "số người", "tổng số người", "người", "nhân khẩu tổng số",
        "số nhân khẩu tổng số", "dân số tổng số", "nhân khẩu tổng", "số nhân khẩu tổng", "số khẩu tổng số",
        "số khẩu tổng", "khẩu tổng số", "khẩu tổng", "dân số tổng", "tổng khẩu", "persons", "people", "population",
    ),
    "adults": (
        "người lớn", "số người lớn", "người từ 18 tuổi", "người từ đủ 18 tuổi", "số người từ 18 tuổi",
        "số người từ đủ 18 tuổi", "số người từ đủ 18 tuổi trở lên", "người từ đủ 18 tuổi trở lên", "từ 18 tuổi",
        "từ đủ 18 tuổi",
        "từ 18 tuổi trở lên", "từ đủ 18 tuổi trở lên", "người trên 18 tuổi", "số người trên 18 tuổi",
        "trên 18 tuổi",
        "người 18", "số người 18", "người trưởng thành", "số người trưởng thành", "tu 18 tuoi", "adults",
    ),
    "target_code": ("mã", "mã chỉ tiêu", "ký hiệu"),
    "section": ("mục", "phần", "mục của kế hoạch", "mục kế hoạch"),
    "target_label": ("chỉ tiêu", "tên chỉ tiêu", "nội dung chỉ tiêu", "nội dung", "nhiệm vụ chỉ tiêu"),
    "wording": ("nguyên văn", "diễn giải", "nội dung đầy đủ"),
    "indicator_code": ("mã chỉ số", "chỉ số"),
    "comparator": ("so sánh", "dấu", "phép so sánh"),
    "target_value": ("mức giao", "mức", "chỉ tiêu giao", "kế hoạch giao", "giá trị", "mục tiêu", "mức chỉ tiêu"),
    "measure": ("đơn vị tính", "ĐVT", "đơn vị đo"),
    "period": ("kỳ", "kỳ báo cáo", "theo kỳ", "chu kỳ"),
    "deadline": ("hạn", "thời hạn", "hạn hoàn thành", "thời hạn hoàn thành", "thời gian hoàn thành"),
    "how": ("số lấy từ", "nguồn số", "nguồn số liệu", "cách đo"),
    "office": (
        "đơn vị báo cáo", "cơ quan báo cáo", "đơn vị phụ trách", "đơn vị chủ trì", "cơ quan chủ trì",
        "đơn vị thực hiện",
    ),
    "over": ("tính trên", "mẫu số tính trên"),
    "note": ("ghi chú", "lưu ý", "chú thích"),
    "done": ("tử số", "số đã đạt", "đã thực hiện", "số thực hiện", "thực hiện", "số đạt", "kết quả"),
    "of": ("mẫu số", "tổng số", "tổng", "tổng số phải tính", "tổng số phải thực hiện"),
    "value": ("giá trị", "số liệu", "tỷ lệ", "tỷ lệ %", "kết quả", "số đạt được"),
    "source": ("nguồn", "văn bản", "căn cứ", "báo cáo số", "nguồn văn bản hoặc hệ thống"),
    "link": ("liên kết", "minh chứng", "link"),
    "why": ("lý do sửa", "lý do"),
    "place_name": (
        "tên điểm", "tên", "tên địa điểm", "địa điểm", "tên nhà văn hóa", "nhà văn hóa", "tên trường", "trường",
        "tên cơ sở",         "điểm công cộng", "tên điểm công cộng",
    ),
    "place_kind": ("loại", "loại điểm", "loại hình", "loại địa điểm", "loại cơ sở"),
    "business_name": (
        "tên doanh nghiệp", "doanh nghiệp", "tên", "tên công ty", "tên cơ sở", "tên hộ kinh doanh", "tên đơn vị",
    ),
    "trade": ("ngành", "ngành nghề", "ngành nghề kinh doanh", "lĩnh vực", "lĩnh vực hoạt động"),
    "illustrative": ("minh họa", "illustrative"),
}  # fmt: skip
"""What a column holds → its headings, the usual ones first; matched without case, marks and signs."""

_NEUTRAL = frozenset(
    [
        "cua",
        "cac",
        "nguoi",
        "day",
        "du",
        "viet",
        "in",
        "hoa",
        "hien",
        "tai",
        "nay",
        "dang",
        "phu",
        "trach",
        "duoc",
        "giao",
        "quan",
        "ly",
        "theo",
        "thuoc",
        "ghi",
        "ro",
        "neu",
        "co",
        "bat",
        "buoc",
        "dia",
        "phuong",
        "noi",
        "trong",
        "do",
        "toan",
        "thuc",
        "te",
        "den",
        "nam",
        "thang",
        "ngay",
        "o",
    ]
)
"""Words that may stand around a heading without changing what it means."""
_PARTED = re.compile(r"[/,;()\[\]&+–-]| va | hoac ")
_BRACKETS = re.compile(r"[(\[].*?[)\]]")
_DAY = re.compile(r"\b([0-9]{1,2})\s*[/.-]\s*([0-9]{1,2})\s*[/.-]\s*(20[0-9]{2})\b")
_AS_OF = re.compile(rf"(?:\b(?:tính|có|tại|thời điểm|đến|ngày|hết|mốc)\s+)*{_DAY.pattern}", re.IGNORECASE)
_PERIOD = re.compile(
    r"\b(tháng|quý)\s*([0-9]{1,2}|I{1,3}|IV)\s*(?:[/-]|năm)?\s*(20[0-9]{2})\b", re.IGNORECASE
)
"""When it was counted: "tính đến ngày 30/6/2026", "quý II/2026" change nothing of what a column holds."""
_QUARTERS = {"I": 1, "II": 2, "III": 3, "IV": 4}
_NUMBERED = re.compile(r"^\s*[(\[]?(?:[0-9]{1,2}|[IVX]{1,4})\s*[.)\]:]\s*(?=\D)")
"""The number of a column before its heading: "(2) Chủ hộ", "3. Thôn"."""
_PARTS_OF_ADDRESS = ("house_number", "lane", "address", "village")

LONGEST = 120
"""Letters of a heading; what is longer is a sentence."""
_LONGEST_PHRASE = 12
"""Words."""
_BY_PHRASE: dict[str, dict[str, int]] = {}
"""A phrase without marks and spaces → its meanings, and how usual it is among the phrases of each."""
for _meaning, _phrases in WORDS.items():
    for _rank, _phrase in enumerate(_phrases):
        _BY_PHRASE.setdefault(words(_phrase).replace(" ", ""), {}).setdefault(_meaning, _rank)
_VOCABULARY = frozenset(
    word for phrases in WORDS.values() for phrase in phrases for word in words(phrase).split()
)


def exact(headings: Sequence[str], meaning: str) -> str | None:
    """The heading that is one of the usual words for this, the most usual first; for names of fields in files."""
    found = [(ranks[meaning], heading) for heading in headings if meaning in (ranks := _ranks(heading))]
    return min(found, key=lambda each: each[0])[1] if found else None


def without_number(heading: str) -> str:
    """A heading without the number of its column."""
    return _NUMBERED.sub("", heading)


@lru_cache(maxsize=20_000)
def fits(heading: str) -> Mapping[str, float]:
    """How surely a heading means each thing that it may mean: up to 100 where it is the most usual word."""
    if len(heading) > LONGEST or not _VOCABULARY.intersection(words(heading).split()):
        return {meaning: 100 - rank / 10 for meaning, rank in _ranks(heading).items()}
    heading = without_number(_PERIOD.sub(r"\3", _AS_OF.sub(r"\3", heading)))
    bare = _BRACKETS.sub(" ", heading)
    parts = [part for part in _PARTED.split(unaccented(" ".join(heading.split()))) if words(part)]
    of_parts = [_ranks(part) for part in parts] if len(parts) > 1 else []
    found = dict.fromkeys(_covered(words(bare).split()), 60.0)
    if of_parts:
        found |= dict.fromkeys(frozenset.intersection(*(frozenset(each) for each in of_parts)), 80.0)
        if _is_address(of_parts):
            found["address"] = 85.0
    found |= {meaning: 90 - rank / 10 for meaning, rank in _ranks(bare).items()}
    if "address" in found and _names_village(heading):
        found["village"] = 70.0
    return found | {meaning: 100 - rank / 10 for meaning, rank in _ranks(heading).items()}


def assign(headings: Sequence[str], meanings: Iterable[str], needed: Iterable[str] = ()) -> dict[str, int]:
    """Which column holds what: meaning → place, each at most once: the surest, then the newest, then from the left.

    What is needed and was not found takes a column that could mean it from what is not needed ("Xóm" is a lane
    beside "Thôn", and the thôn without it).
    """
    order = {meaning: number for number, meaning in enumerate(meanings)}
    likely = sorted(
        (-score, -_day(heading), place, order[meaning], meaning)
        for place, heading in enumerate(headings)
        if heading
        for meaning, score in fits(heading).items()
        if meaning in order
    )
    found: dict[str, int] = {}
    for _, _, place, _, meaning in likely:
        if meaning not in found and place not in found.values():
            found[meaning] = place
    wanted = tuple(needed)
    for missing in wanted:
        taken = {place for meaning, place in found.items() if meaning in wanted}
        places = [place for _, _, place, _, meaning in likely if meaning == missing and place not in taken]
        if missing not in found and places:
            found = {meaning: place for meaning, place in found.items() if place != places[0]}
            found[missing] = places[0]
    return found


def _day(heading: str) -> int:
    """The newest day or year that a heading names ("Số hộ năm 2026", "Số hộ 30/6/2026"), as yyyymmdd; else 0."""
    days = [int(year) * 10_000 + int(month) * 100 + int(day) for day, month, year in _DAY.findall(heading)]
    for kind, told, year in _PERIOD.findall(heading):
        number = _QUARTERS.get(told.upper()) or int(told)
        days.append(int(year) * 10_000 + (number if kind.casefold() == "tháng" else 3 * number) * 100 + 31)
    return max([*days, *(int(year) * 10_000 for year in re.findall(r"\b20[0-9]{2}\b", heading))], default=0)


def _covered(heading: Sequence[str]) -> frozenset[str]:
    """What the words mean if they are phrases of one meaning and neutral words, one phrase at least."""
    # to here: the meanings of which a phrase was met; None: neutral words alone do not lead here
    best: list[frozenset[str] | None] = [frozenset()] + [None] * len(heading)
    neutral = [True] + [False] * len(heading)
    for end in range(1, len(heading) + 1):
        word = heading[end - 1]
        met: frozenset[str] = frozenset()
        if word in _NEUTRAL or re.fullmatch(r"20[0-9]{2}", word):
            neutral[end] = neutral[end - 1]
            met = best[end - 1] or met
        for start in range(max(0, end - _LONGEST_PHRASE), end):
            meant = frozenset(_BY_PHRASE.get("".join(heading[start:end]), ()))
            met |= meant if neutral[start] else meant & (best[start] or frozenset())
        best[end] = met
    return best[-1] or frozenset()


def _is_address(parts: Sequence[Mapping[str, int]]) -> bool:
    kinds = [next((each for each in _PARTS_OF_ADDRESS if each in part), "") for part in parts]
    return all(kinds) and kinds[0] != "village"


def _names_village(heading: str) -> bool:
    """Whether brackets say that an address is a thôn's name alone: "Địa chỉ (thôn, xóm)"."""
    said = [
        part for each in _BRACKETS.findall(heading) for part in _PARTED.split(unaccented(each)) if words(part)
    ]
    return bool(said) and all("village" in _ranks(part) for part in said)


def _ranks(text: str) -> Mapping[str, int]:
    """The meanings of which a text is a phrase, and how usual it is there."""
    return _BY_PHRASE.get(words(text).replace(" ", ""), {})
