"""YAML from outside, read as nodes with their lines: nothing is constructed, and every fault names its place."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import yaml

MOST_BYTES = 256 * 1024  # the larger of our two plans takes 40 kB

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_NULL = "tag:yaml.org,2002:null"


@dataclass(frozen=True)
class PlanError:
    """One thing wrong: where in the file (`targets[3].unit`), on which line (from 1), and what, in Vietnamese."""

    path: str
    line: int
    sentence: str

    def __str__(self) -> str:
        return f"dòng {self.line}, {self.path or 'cả tệp'}: {self.sentence}"


class PlanRejected(Exception):
    """A plan file that cannot be used; `errors` names all that was found wrong in one reading."""

    def __init__(self, errors: Iterable[PlanError]) -> None:
        self.errors = tuple(errors)
        super().__init__("; ".join(map(str, self.errors)))


def compose(source: str | bytes | Path) -> yaml.Node:
    """The YAML as nodes with their lines: no object is made from it, and no alias or tag is followed."""
    try:
        raw = _bytes(source)
        if len(raw) > MOST_BYTES:
            raise PlanRejected([PlanError("", 1, f"tệp lớn hơn {MOST_BYTES // 1024} kB")])
        node = yaml.compose(raw.decode("utf-8-sig"), Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise PlanRejected(
            [PlanError("", line, "không đọc được YAML: xem lại thụt dòng, dấu hai chấm")]
        ) from error
    except (yaml.YAMLError, ValueError, OverflowError, RecursionError, OSError) as error:
        raise PlanRejected([PlanError("", 1, "không phải tệp YAML viết bằng UTF-8")]) from error
    if node is None:
        raise PlanRejected([PlanError("", 1, "tệp trống")])
    _refuse_tricks(node)
    return node


def _bytes(source: str | bytes | Path) -> bytes:
    if isinstance(source, Path):
        with source.open("rb") as file:
            return file.read(MOST_BYTES + 1)
    return source.encode() if isinstance(source, str) else source


def _refuse_tricks(root: yaml.Node) -> None:
    """Aliases can make a small file endless, and tags make it mean something else than it says."""
    seen: set[int] = set()
    waiting = [root]
    while waiting:
        node = waiting.pop()
        line = node.start_mark.line + 1
        if id(node) in seen:
            raise PlanRejected([PlanError("", line, "không dùng “&” và “*” để nhắc lại một phần của tệp")])
        if not node.tag.startswith("tag:yaml.org,2002:") or "/" in node.tag:
            raise PlanRejected([PlanError("", line, "không dùng thẻ bắt đầu bằng “!”")])
        seen.add(id(node))
        if isinstance(node, yaml.MappingNode):
            waiting += [part for pair in node.value for part in pair]
        elif isinstance(node, yaml.SequenceNode):
            waiting += node.value


class YamlMapping:
    """A mapping of the file being read: hands out its values by key, and notes what is wrong with them."""

    def __init__(self, node: yaml.Node, path: str, errors: list[PlanError]) -> None:
        self.node, self.path, self.errors = node, path, errors
        self._rest: dict[str, yaml.Node] = {}
        if not isinstance(node, yaml.MappingNode):
            self.wrong("", "cần các dòng “khóa: giá trị”")
            return
        for key, value in node.value:
            name = key.value if isinstance(key, yaml.ScalarNode) else "?"
            if name in self._rest:
                self.wrong(name, "khóa này có hai lần", value)
            self._rest[name] = value

    def wrong(self, key: str, sentence: str, node: yaml.Node | None = None) -> None:
        path = ".".join(part for part in (self.path, key) if part)
        self.errors.append(PlanError(path, (node or self.node).start_mark.line + 1, sentence))

    def maybe(self, key: str) -> str | None:
        """The text of a key, None where it is missing or null."""
        node = self._rest.pop(key, None)
        if node is None or node.tag == _NULL:
            return None
        if not isinstance(node, yaml.ScalarNode) or not node.value.strip():
            self.wrong(key, "cần một dòng chữ", node)
            return None
        return str(node.value).strip()

    def text(self, key: str, *, form: re.Pattern[str] | None = None, longest: int = 4000) -> str:
        node = self._rest.get(key)
        value = self.maybe(key)
        if value is None:
            if node is None or node.tag == _NULL:
                self.wrong(key, "thiếu giá trị", node)
            return ""
        if len(value) > longest:
            self.wrong(key, f"dài quá {longest} chữ", node)
        elif form and not form.fullmatch(value):
            self.wrong(key, f"“{value[:40]}” không đúng dạng", node)
        return value

    def choice(self, key: str, among: Iterable[str], default: str | None = None) -> str:
        node = self._rest.get(key)
        if node is None and default is not None:
            return default
        value, allowed = self.text(key), tuple(among)
        if value and value not in allowed:
            self.wrong(key, f"“{value[:40]}” không có; dùng một trong: {', '.join(allowed)}", node)
        return value

    def day(self, key: str) -> date | None:
        node = self._rest.get(key)
        value = self.maybe(key)
        try:
            if value is not None and not _DAY.fullmatch(value):
                raise ValueError(value)
            return None if value is None else date.fromisoformat(value)
        except ValueError:
            self.wrong(key, f"“{(value or '')[:40]}” không phải ngày dạng 2026-12-31", node)
            return None

    def whole_number(self, key: str, least: int, most: int, *, required: bool = False) -> int | None:
        node = self._rest.get(key)
        value = self.text(key) if required else self.maybe(key)
        if not value:
            return None
        if not re.fullmatch(r"[0-9]{1,6}", value) or not least <= int(value) <= most:
            self.wrong(key, f"cần một số nguyên từ {least} đến {most}", node)
            return None
        return int(value)

    def _list(self, key: str) -> list[yaml.Node]:
        node = self._rest.pop(key, None)
        if node is None or node.tag == _NULL:
            return []
        if not isinstance(node, yaml.SequenceNode):
            self.wrong(key, "cần một danh sách, mỗi dòng bắt đầu bằng “- ”", node)
            return []
        return list(node.value)

    def texts(self, key: str) -> tuple[str, ...]:
        nodes = self._list(key)
        for node in nodes:
            if not isinstance(node, yaml.ScalarNode) or not node.value.strip():
                self.wrong(key, "mỗi mục của danh sách cần một dòng chữ", node)
        return tuple(node.value.strip() for node in nodes if isinstance(node, yaml.ScalarNode))

    def parts(self, key: str) -> "list[YamlMapping]":
        nodes = self._list(key)
        return [YamlMapping(node, f"{self._under(key)}[{n}]", self.errors) for n, node in enumerate(nodes)]

    def part(self, key: str) -> "YamlMapping":
        node = self._rest.pop(key, None)
        if node is None:
            self.wrong(key, "thiếu phần này")
            node = yaml.MappingNode("tag:yaml.org,2002:map", [], self.node.start_mark, self.node.end_mark)
        return YamlMapping(node, self._under(key), self.errors)

    def names(self) -> tuple[str, ...]:
        """The keys not asked for yet."""
        return tuple(self._rest)

    def close(self) -> None:
        """Whatever has not been asked for by now is a key that nobody knows."""
        for key, node in self._rest.items():
            self.wrong(key[:40], "khóa này không được dùng; kiểm tra chính tả", node)

    def _under(self, key: str) -> str:
        return f"{self.path}.{key}" if self.path else key
