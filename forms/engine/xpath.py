"""XPath as phones evaluate it: XForms expressions compiled once over named answers, with ODK's functions."""

import hashlib
import math
import re
from base64 import b64encode
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any, Protocol

from lxml import etree

JAVAROSA = "http://openrosa.org/javarosa"
_HERE = etree.Element("here")
_LITERAL = r"'[^']*'|\"[^\"]*\""
_STEPS = r"(?:\.\.|@?[^\W\d][\w.:-]*)"
_DATE_FIELDS = {
    "Y": "%Y",
    "y": "%y",
    "m": "%m",
    "b": "%b",
    "d": "%d",
    "H": "%H",
    "M": "%M",
    "S": "%S",
    "a": "%a",
}
_BARE_DATE_FIELDS = {"n": "month", "e": "day", "h": "hour"}


class Unfillable(Exception):
    """No phone could open or fill this form with these files; the message says why."""


class Surroundings(Protocol):
    """What an expression may ask beside its own answers."""

    now: datetime

    def uuid(self) -> str:
        """Return a fresh UUID, as text."""

    def instance(self, name: str) -> Any:
        """Return the element above `root` of that secondary instance, or None."""

    def choice_label(self, path: str, value: str) -> str:
        """Return the label of that choice of that question in the form's first language."""


@dataclass(frozen=True)
class Asked:
    """One evaluation: who is asked, and the value that the node itself has now (for `once`)."""

    around: Surroundings
    own: str


_asked: ContextVar[Asked] = ContextVar("asked")


@dataclass(frozen=True)
class Expression:
    """A compiled expression: `inputs` are (variable, path of the answer it stands for)."""

    source: str
    run: Any
    inputs: tuple[tuple[str, str], ...]

    @property
    def paths(self) -> frozenset[str]:
        """The answers that it reads."""
        return frozenset(path for _, path in self.inputs)

    def evaluate(self, values: Mapping[str, str | float], around: Surroundings, own: str = "") -> Any:
        """Return text, number, bool or list of elements; an answer that is not there counts as ''."""
        token = _asked.set(Asked(around, own))
        try:
            return self.run(_HERE, **{name: values.get(path, "") for name, path in self.inputs})
        except (etree.XPathError, TypeError, ValueError, OverflowError, re.error) as wrong:
            raise Unfillable(f"{self.source}: {wrong}") from wrong
        finally:
            _asked.reset(token)


def compile_expression(source: str, context: str) -> Expression:
    """Compile `source` for the node at `context` ("/data/a/b").

    References to answers become variables, so that a reference means the same inside a predicate of a
    secondary instance as outside. A repeat is read as its first round.
    """
    paths: dict[str, str] = {}
    text = _with_variables(source, context, paths)
    try:
        run = etree.XPath(text, namespaces={"jr": JAVAROSA}, extensions=_extensions())
    except etree.XPathError as wrong:
        raise Unfillable(f"{source}: {wrong}") from wrong
    return Expression(source, run, tuple((name, path) for path, name in paths.items()))


@cache
def _tokens(root: str) -> re.Pattern[str]:
    absolute = rf"(?<![\w)\]])/{re.escape(root)}(?:\s*/\s*{_STEPS})*(?![\w(])"
    return re.compile(
        rf"(?P<literal>{_LITERAL})|(?P<open>\[)|(?P<close>\])"
        r"|(?P<odk>(?<![\w:-])(?:concat|count|number|round|sum)(?=\s*\())"
        r"|(?P<position>\bposition\(\s*\.[./]*\s*\))"
        rf"|(?P<current>\bcurrent\(\)(?:\s*/\s*{_STEPS})*)|(?P<absolute>{absolute})"
        rf"|(?P<relative>(?<![\w)\].@/])\.\.?(?!\d)(?:\s*/\s*{_STEPS})*)"
    )


def _with_variables(source: str, context: str, paths: dict[str, str]) -> str:
    depth = 0

    def swap(match: re.Match[str]) -> str:
        nonlocal depth
        kind, text = match.lastgroup, match.group()
        depth += (kind == "open") - (kind == "close")
        if kind == "position":
            return "1"
        if kind == "odk":
            return "jr:" + text
        if kind == "absolute":
            path = re.sub(r"\s", "", text)
        elif kind == "current" or (kind == "relative" and depth == 0):
            path = _resolve(context, re.sub(r"\s|^current\(\)/?", "", text))
        else:
            return text
        return "$" + paths.setdefault(path, f"v{len(paths)}")

    return _tokens(context.split("/")[1]).sub(swap, source)


def _resolve(context: str, relative: str) -> str:
    steps = context.split("/")
    for step in relative.split("/"):
        if step == "..":
            steps.pop()
        elif step not in {"", "."}:
            steps.append(step)
    return "/".join(steps)


# Turning results into what is stored or asked ---------------------------------------------------------------


def as_text(value: Any) -> str:
    """A result as phones store it: 1/0 for a bool, whole numbers without a point, '' for what is no number."""
    if isinstance(value, list):
        return as_text(value[0]) if value else ""
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, float):
        if not math.isfinite(value):
            return ""
        return str(int(value)) if value.is_integer() else repr(value)
    if isinstance(value, str):
        return str(value)
    return "".join(value.itertext()) if value is not None else ""


def as_truth(value: Any) -> bool:
    """A result as a condition: a list of nodes counts by the text of its first."""
    if isinstance(value, bool):
        return value
    if isinstance(value, float):
        return value != 0 and not math.isnan(value)
    return as_text(value) != ""


def as_number(value: Any) -> float:
    """A result as a number; NaN for text that is none."""
    if isinstance(value, bool | int | float):
        return float(value)
    text = as_text(value).strip()
    if not re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", text):
        return math.nan
    return float(text)


def _each(values: tuple[Any, ...]) -> list[Any]:
    return [node for value in values for node in (value if isinstance(value, list) else [value])]


# ODK's functions --------------------------------------------------------------------------------------------


def _if(_: Any, condition: Any, yes: Any, no: Any) -> Any:
    return yes if as_truth(condition) else no


def _coalesce(_: Any, *values: Any) -> str:
    return next((text for text in map(as_text, values) if text), "")


def _once(_: Any, value: Any) -> str:
    return _asked.get().own or as_text(value)


def _selected(_: Any, chosen: Any, choice: Any) -> bool:
    return as_text(choice).strip() in as_text(chosen).split()


def _selected_at(_: Any, chosen: Any, index: Any) -> str:
    parts, at = as_text(chosen).split(), as_number(index)
    return parts[int(at)] if 0 <= at < len(parts) else ""


def _substr(_: Any, text: Any, start: Any, end: Any = None) -> str:
    whole = as_text(text)
    return whole[int(as_number(start)) : len(whole) if end is None else int(as_number(end))]


def _round(_: Any, value: Any, places: Any = 0.0) -> float:
    number, digits = as_number(value), as_number(places)
    if not math.isfinite(number):
        return number
    scale: float = 10.0 ** int(digits)
    return math.floor(abs(number) * scale + 0.5) / scale * (1 if number >= 0 else -1)


def _int(_: Any, value: Any) -> float:
    number = as_number(value)
    return float(math.trunc(number)) if math.isfinite(number) else number


def _digest(_: Any, text: Any, algorithm: Any, encoding: Any = "base64") -> str:
    names = {"MD5": "md5", "SHA-1": "sha1", "SHA-256": "sha256", "SHA-384": "sha384", "SHA-512": "sha512"}
    name = names.get(as_text(algorithm))
    if name is None:
        raise ValueError(f"unknown digest {as_text(algorithm)}")
    found = hashlib.new(name, as_text(text).encode(), usedforsecurity=False)
    return found.hexdigest() if as_text(encoding) == "hex" else b64encode(found.digest()).decode()


def _instance(_: Any, name: Any) -> list[Any]:
    found = _asked.get().around.instance(as_text(name))
    if found is None:
        raise ValueError(f"no instance {as_text(name)}")
    return [found]


def _pulldata(_: Any, name: Any, column: Any, key: Any, wanted: Any) -> str:
    (root,) = _instance(_, name)
    for item in root.iterfind("root/item"):
        if item.findtext(as_text(key)) == as_text(wanted):
            return item.findtext(as_text(column)) or ""
    return ""


def _extreme(choose: Callable[[list[float]], float]) -> Callable[..., float]:
    def extreme(_: Any, *values: Any) -> float:
        numbers = [as_number(value) for value in _each(values) if as_text(value)]
        return choose(numbers) if numbers else math.nan

    return extreme


def _count(_: Any, nodes: Any) -> float:
    return float(len(nodes)) if isinstance(nodes, list) else float(as_text(nodes) != "")


def _sum(_: Any, *values: Any) -> float:
    return math.fsum(as_number(value) for value in _each(values))


def _join(_: Any, mark: Any, *values: Any) -> str:
    return as_text(mark).join(as_text(value) for value in _each(values))


def _moment(value: Any) -> datetime | None:
    try:
        found = datetime.fromisoformat(as_text(value))
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=_asked.get().around.now.tzinfo)


def _days(_: Any, value: Any) -> float:
    moment = _moment(value)
    return math.nan if moment is None else moment.astimezone(UTC).timestamp() / 86400


def _format_date(_: Any, value: Any, pattern: Any) -> str:
    moment = _moment(value)
    if moment is None:
        return ""

    def field(match: re.Match[str]) -> str:
        letter = match[1]
        if letter in _BARE_DATE_FIELDS:
            return str(getattr(moment, _BARE_DATE_FIELDS[letter]))
        return moment.strftime(_DATE_FIELDS[letter]) if letter in _DATE_FIELDS else match[0]

    return re.sub("%(.)", field, as_text(pattern))


def _regex(_: Any, text: Any, pattern: Any) -> bool:
    return re.fullmatch(as_text(pattern), as_text(text)) is not None


def _choice_name(_: Any, value: Any, path: Any) -> str:
    return _asked.get().around.choice_label(re.sub(r"\s", "", as_text(path)), as_text(value))


def _unchanged(_: Any, value: Any, *_rest: Any) -> Any:
    return value


def _fixed(work: Callable[[float], float]) -> Callable[[Any, Any], float]:
    return lambda _, value: work(as_number(value))


@cache
def _extensions() -> dict[tuple[str | None, str], Callable[..., Any]]:
    """Each function under its name, and under jr: too, for those that XPath has and libxml2 would not yield."""
    functions: dict[str, Callable[..., Any]] = {
        "if": _if,
        "coalesce": _coalesce,
        "once": _once,
        "uuid": lambda _, *_length: _asked.get().around.uuid(),
        "now": lambda _: _asked.get().around.now.isoformat(timespec="milliseconds"),
        "today": lambda _: _asked.get().around.now.date().isoformat(),
        "instance": _instance,
        "pulldata": _pulldata,
        "indexed-repeat": _unchanged,
        "selected": _selected,
        "selected-at": _selected_at,
        "count-selected": lambda _, chosen: float(len(as_text(chosen).split())),
        "concat": lambda _, *values: _join(_, "", *values),
        "join": _join,
        "substr": _substr,
        "regex": _regex,
        "digest": _digest,
        "number": lambda _, value: as_number(value),
        "int": _int,
        "round": _round,
        "abs": _fixed(abs),
        "sqrt": _fixed(lambda number: math.sqrt(number) if number >= 0 else math.nan),
        "pow": lambda _, base, power: math.pow(as_number(base), as_number(power)),
        "min": _extreme(min),
        "max": _extreme(max),
        "sum": _sum,
        "count": _count,
        "count-non-empty": lambda _, *nodes: float(sum(as_text(node) != "" for node in _each(nodes))),
        "boolean-from-string": lambda _, text: as_text(text) in {"1", "true"},
        "date": lambda _, value: as_text(value),
        "date-time": lambda _, value: as_text(value),
        "decimal-date-time": _days,
        "decimal-time": lambda _, value: _days(_, value) % 1,
        "format-date": _format_date,
        "format-date-time": _format_date,
    }
    known: dict[tuple[str | None, str], Callable[..., Any]] = {(None, n): f for n, f in functions.items()}
    known |= {(JAVAROSA, n): f for n, f in functions.items()}
    return known | {(JAVAROSA, "choice-name"): _choice_name}
