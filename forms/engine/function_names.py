"""Which functions phones have, and how many arguments each takes."""

from forms.engine.functions import ELSEWHERE, FUNCTIONS, IN_PATHS
from forms.engine.xpath_tree import Call

LAZY = {"if": 3, "coalesce": 2}
"""Functions that work out only the argument that they need, with how many they have."""


def wrong_arguments(call: Call) -> str | None:
    """What is wrong with one call, in a sentence; None for one that phones take."""
    name, count = call.name, len(call.arguments)
    if name in IN_PATHS or name in ELSEWHERE:
        return None
    if name in LAZY:
        return None if count == LAZY[name] else f"hàm {name}() cần {LAZY[name]} tham số, ở đây có {count}"
    if name == "indexed-repeat":
        return (
            None
            if count in {3, 5, 7, 9, 11}
            else f"hàm indexed-repeat() cần 3 hoặc 5 tham số, ở đây có {count}"
        )
    known = FUNCTIONS.get(name)
    if known is None:
        return f"điện thoại không có hàm “{name}”"
    if known.takes(count):
        return None
    wanted = f"{known.least}" if known.least == known.most else f"từ {known.least}"
    return f"hàm {name}() cần {wanted} tham số, ở đây có {count}"
