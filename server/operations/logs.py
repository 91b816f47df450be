"""How log lines are written: plain or as JSON, and never with what opens something by itself."""

import datetime as dt
import logging
import re
import sys
from typing import Any
from urllib.parse import unquote

import orjson

_LOOKED_AT = 8_000
"""Letters of an address; what stands behind them would be cut away anyway."""
_MOST_ESCAPES = 5
LONGEST = 400
"""Of a value that somebody else chose: an address, the name of a program."""

_SECRET = re.compile(r"(?i)(?<!/)/++(key|collector|thu|lien-ket|view/++media)/++[^/?\s\"'…]+")
"""What opens something by itself: a collector's code, links to a draft or a table, a photo's address of an hour."""
_LONG = re.compile(r"[A-Za-z0-9_-]{40,}")
_NAME = re.compile(r"[A-Za-z0-9_.$-]{0,32}")
_VALUE = re.compile(r"[A-Za-z0-9._:@/,-]{0,80}")
_PLAIN = frozenset(
    (
        "deviceid",
        "formid",
        "version",
        "ngay",
        "tu",
        "den",
        "trang",
        "chi_tieu",
        "dang",
        "as_of",
        "page",
        "format",
        "verbose",
    )
)
"""What a query may tell: which form, day, page. Whatever else was typed may be somebody's name."""
_LABELLED = re.compile(
    r"(?i)\b(authorization|cookie|set-cookie|x-csrftoken|password|passwd|mat_khau\w*|secret_key|token)"
    r"(['\"]?\s*[:=]\s*['\"]?)((?:token|bearer|basic|digest)\s+)?[^\s'\",;}]+"
)
_URL_PASSWORD = re.compile(r"(?<!\w)(\w++://[^:/\s@]*+:)[^@/\s]++@")
"""Like the others written so that no text, however long, is looked through more than once."""


def redacted(value: str) -> str:
    """A logged value, not too long, with what opens phones' URLs blotted out and nothing unprintable."""
    short = _hidden(value)[:LONGEST].replace('"', "'")
    return short if short.isprintable() else ascii(short)


def asked(method: str, address: str) -> str:
    """The line of a request: its path, however it was spelt, without secrets, and of its query what names nobody."""
    path, _, query = address[:_LOOKED_AT].partition("?")
    plain = _plain(path)
    hidden = _LONG.sub(_without_code, plain)
    if hidden != plain or _SECRET.search(plain):
        path = hidden
    told = "&".join(_parameter(*part.partition("=")) for part in query.split("&"))
    return redacted(f"{method} {path}{'?' if query else ''}{told if query else ''}")


def _plain(path: str) -> str:
    """What a path says, however often it was written in escapes."""
    for _ in range(_MOST_ESCAPES):
        shown = unquote(path) if "%" in path else path
        if shown == path:
            break
        path = shown
    return path


def _without_code(found: re.Match[str]) -> str:
    """Nothing of what is long and of all sorts of letters, as codes are and no id or name of a file."""
    text = found[0]
    return "…" if any(map(str.isdigit, text)) and any(map(str.isupper, text)) else text


def _parameter(name: str, sign: str, value: str) -> str:
    """A part of a query: its value where that can name nobody, and its name where it is one."""
    known = name.lower() in _PLAIN and _VALUE.fullmatch(unquote(value))
    shown = name if _NAME.fullmatch(name) else ""
    return shown + sign + (value if known else "…")


def _hidden(text: str) -> str:
    """Without what opens something by itself, also where it is written in escapes; as it was where it has none."""
    shown = _SECRET.sub(_named, text)
    plain = unquote(shown) if "%" in shown else shown
    return _SECRET.sub(_named, plain) if _SECRET.search(plain) else shown


def _named(found: re.Match[str]) -> str:
    return f"/{found[1].lower()}/…"


def blotted(text: str) -> str:
    """A whole text, a traceback perhaps, without codes, passwords, tokens and cookies."""
    return _URL_PASSWORD.sub(r"\1…@", _LABELLED.sub(r"\1\2…", _hidden(text)))


class Plain(logging.Formatter):
    """A line a person reads. What somebody else chose begins no other line in it, and draws nothing on a terminal."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s [%(process)d] [%(levelname)s] %(message)s", "[%Y-%m-%d %H:%M:%S %z]")

    def format(self, record: logging.LogRecord) -> str:
        first, *more = blotted(super().format(record)).splitlines() or [""]
        return "\n".join((_printable(first), *(f"    {_printable(each)}" for each in more)))


def _printable(line: str) -> str:
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in line)


class JsonLines(logging.Formatter):
    """A line a program reads: one object, times in UTC."""

    def format(self, record: logging.LogRecord) -> str:
        told: dict[str, Any] = {
            "at": dt.datetime.fromtimestamp(record.created, dt.UTC),
            "level": record.levelname.lower(),
            "logger": record.name,
            "process": record.process,
            "message": blotted(record.getMessage()),
        }
        if record.exc_info and record.exc_info[0]:
            told["error"] = record.exc_info[0].__name__
            told["trace"] = blotted(self.formatException(record.exc_info))
        return orjson.dumps(told, option=orjson.OPT_UTC_Z).decode()


def formatter(log_format: str) -> logging.Formatter:
    """By the setting `log_format`."""
    return JsonLines() if log_format == "json" else Plain()


def less() -> None:
    """Have records leave out what no line here shows: which thread, which line of code (logging, "Optimization")."""
    logging.logThreads = False
    logging.logMultiprocessing = False
    logging._srcfile = None


def to_stderr(log_format: str) -> None:
    """What the program itself has to say goes where gunicorn's own errors go, in the same form."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter(log_format))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
