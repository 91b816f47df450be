"""The functions that phones have, with their arguments: each tried with JavaRosa 5.1; what Excel calls otherwise."""

from collections.abc import Mapping
from dataclasses import dataclass

MANY = 10_000
"""As good as any number of arguments."""


@dataclass(frozen=True)
class Signature:
    """How many arguments a function takes, and which of them are no single values.

    `nodes` are the places (from 0) that must be questions, groups or lists; `whole` is the number of arguments
    with which the last one may be all rounds of a repeat at once.
    """

    least: int
    most: int
    nodes: frozenset[int] = frozenset()
    whole: int | None = None
    even: bool = False

    def takes(self, count: int) -> bool:
        """Whether it may be called with so many arguments."""
        return self.least <= count <= self.most and not (self.even and count % 2)

    def wanted(self) -> str:
        """The number of its arguments in words."""
        if self.least == self.most:
            return "không nhận tham số nào" if self.most == 0 else f"cần đúng {self.most} tham số"
        if self.most == MANY:
            return f"cần ít nhất {self.least} tham số"
        return f"cần {self.least} đến {self.most} tham số"


def _exactly(names: str, count: int, nodes: frozenset[int] = frozenset()) -> dict[str, Signature]:
    return {name: Signature(count, count, nodes) for name in names.split()}


FUNCTIONS: Mapping[str, Signature] = {
    **_exactly("false now pi random today true version", 0),
    **_exactly(
        "abs acos asin atan base64-decode boolean boolean-from-string cos count-selected date date-time "
        "decimal-date-time decimal-time exp exp10 instance int intersects jr:itext log log10 not number once "
        "property sin sqrt string tan",
        1,
    ),
    **_exactly("area count count-non-empty enclosed-area sum", 1, nodes=frozenset({0})),
    **_exactly(
        "atan2 coalesce contains ends-with extract-signed format-date format-date-time is-selected jr:choice-name "
        "pow regex selected selected-at starts-with substring-after substring-before",
        2,
    ),
    **_exactly("geofence", 2),
    **_exactly("if translate", 3),
    "checklist": Signature(2, MANY, whole=3),
    "concat": Signature(0, MANY, whole=1),
    "current": Signature(0, 0),
    "depend": Signature(1, MANY),
    "digest": Signature(2, 3),
    "distance": Signature(1, MANY, whole=1),
    "indexed-repeat": Signature(3, 11, frozenset({0, 1, 3, 5, 7, 9})),
    "join": Signature(1, MANY, whole=2),
    "max": Signature(0, MANY, whole=1),
    "min": Signature(0, MANY, whole=1),
    "normalize-space": Signature(0, 1),
    "position": Signature(0, 1, frozenset({0})),
    "pulldata": Signature(1, MANY),
    "randomize": Signature(1, 2, frozenset({0})),
    "round": Signature(1, 2),
    "string-length": Signature(0, 1),
    "substr": Signature(2, 3),
    "uuid": Signature(0, 1),
    "weighted-checklist": Signature(4, MANY, even=True),
}
"""Each function by its name. Of XPath's own, phones lack ceiling, floor, id, last, local-name, name, substring."""

DATE_LETTERS = frozenset("YymnbdeHhMS3aW%")
"""What may follow % in a format of dates."""
DIGESTS = frozenset({"MD5", "SHA-1", "SHA-256", "SHA-384", "SHA-512"})
ENCODINGS = frozenset({"BASE64", "HEX"})
PROPERTIES = frozenset({"deviceid", "email", "phonenumber", "simserial", "subscriberid", "username"})
"""What property() knows of a phone."""
OF_A_DATE = frozenset(
    {"date", "date-time", "decimal-date-time", "decimal-time", "format-date", "format-date-time"}
)
"""Functions whose first argument is a day or a moment."""
GIVES_NODES = frozenset({"randomize", "instance", "current", "if"})
"""Functions whose result may stand where questions must."""

_LENGTH, _MEAN = "string-length(${cau})", "sum(${cau}) div count-non-empty(${cau})"
_LOOKED_UP = "instance('ten_danh_sach')/root/item[name = ${cau}]/label"
_CASES = "if(${cau} = 1, 'A', if(${cau} = 2, 'B', 'C'))"
IN_EXCEL: Mapping[str, str] = {
    "len": _LENGTH, "length": _LENGTH, "strlen": _LENGTH, "left": "substr(${cau}, 0, 3)", "right": "substr(${cau}, -3)",
    "mid": "substr(${cau}, 2, 5)", "concatenate": "concat(${cau}, ' ', ${cau_khac})", "trim": "normalize-space(${cau})",
    "find": "contains(${cau}, 'chữ')", "search": "contains(${cau}, 'chữ')", "value": "number(${cau})",
    "average": _MEAN, "avg": _MEAN, "mean": _MEAN, "counta": "count-non-empty(${cau})",
    "countif": "count(${nhom_lap}[tuoi > 5])", "sumif": "sum(${nhom_lap}[tuoi > 5]/so)",
    "iferror": "coalesce(${cau}, 0)", "isblank": "${cau} = ''", "ifs": _CASES, "switch": _CASES, "choose": _CASES,
    "vlookup": _LOOKED_UP, "hlookup": _LOOKED_UP, "xlookup": _LOOKED_UP, "index": _LOOKED_UP, "match": _LOOKED_UP,
    "text": "format-date(${ngay}, '%d/%m/%Y')", "year": "format-date(${ngay}, '%Y')",
    "month": "format-date(${ngay}, '%m')", "day": "format-date(${ngay}, '%d')",
    "datedif": "int((today() - ${ngay}) div 365.25)", "floor": "int(${cau})", "rounddown": "int(${cau})",
    "mod": "${cau} mod 2", "power": "pow(${cau}, 2)",
}  # fmt: skip
"""What Excel calls otherwise (in small letters): how phones are told the same."""
