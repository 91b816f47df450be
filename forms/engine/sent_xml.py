"""What a phone has sent, read with the place of each node among its bytes."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.parsers import expat

from forms.engine.unfillable import Unfillable

_DEEPEST = 100


@dataclass
class SentNode:
    """An element as sent: its bytes are `start` to `end`, what it holds `inner` to `close` (all one for `<a/>`)."""

    name: str
    tag: str
    attributes: dict[str, str]
    start: int
    inner: int
    close: int = 0
    end: int = 0
    pieces: list[str] = field(default_factory=list)
    children: list["SentNode"] = field(default_factory=list)

    @property
    def text(self) -> str:
        """Its text; that between elements is none."""
        return "" if self.children else "".join(self.pieces)

    @property
    def empty(self) -> bool:
        """Whether it is written as `<a/>`."""
        return self.inner == self.end

    def named(self, name: str) -> list["SentNode"]:
        """The elements of that name that it holds."""
        return [child for child in self.children if child.name == name]

    def below(self) -> Iterator["SentNode"]:
        """Itself and all elements below."""
        yield self
        for child in self.children:
            yield from child.below()


def read_sent(sent: bytes) -> SentNode:
    """The root of what was sent. Unfillable for what is no XML, has a DOCTYPE, or is not written in UTF-8."""
    reader = _SentReader(sent)
    try:
        return reader.root()
    except expat.ExpatError as wrong:
        raise Unfillable(f"phiếu không phải XML: {wrong}") from wrong


class _SentReader:
    """Reads the document once, from start to end."""

    def __init__(self, sent: bytes) -> None:
        self.sent, self.open, self.top = sent, list[SentNode](), list[SentNode]()
        self.parser = expat.ParserCreate()
        self.parser.ordered_attributes = True
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text
        self.parser.StartDoctypeDeclHandler = self._doctype
        self.parser.XmlDeclHandler = self._declaration

    def root(self) -> SentNode:
        if self.sent[:2] in {b"\xff\xfe", b"\xfe\xff"}:
            raise Unfillable("phiếu không viết bằng UTF-8")
        self.parser.Parse(self.sent, True)
        return self.top[0]

    def _start(self, tag: str, attributes: list[str]) -> None:
        at = self.parser.CurrentByteIndex
        pairs = zip(attributes[::2], attributes[1::2], strict=True)
        named = {name.rpartition(":")[2]: value for name, value in pairs if not name.startswith("xmlns")}
        found = SentNode(tag.rpartition(":")[2], tag, named, at, self._tag_end(at))
        (self.open[-1].children if self.open else self.top).append(found)
        if len(self.open) > _DEEPEST:
            raise Unfillable(f"phiếu lồng quá {_DEEPEST} lớp")
        self.open.append(found)

    def _tag_end(self, at: int) -> int:
        """Where the start tag at `at` ends, whatever stands in its attributes."""
        quote = 0
        while True:
            letter = self.sent[at]
            if quote:
                quote = 0 if letter == quote else quote
            elif letter in b"'\"":
                quote = letter
            elif letter == ord(">"):
                return at + 1
            at += 1

    def _end(self, _tag: str) -> None:
        found = self.open.pop()
        if self.sent[found.inner - 2 : found.inner] == b"/>":
            found.close = found.end = found.inner
        else:
            found.close = self.parser.CurrentByteIndex
            found.end = self.sent.index(b">", found.close) + 1

    def _text(self, text: str) -> None:
        self.open[-1].pieces.append(text)

    def _doctype(self, *_declared: object) -> None:
        raise Unfillable("phiếu có DOCTYPE")

    def _declaration(self, _version: str, encoding: str | None, _standalone: int) -> None:
        if encoding and encoding.lower() not in {"utf-8", "us-ascii"}:
            raise Unfillable(f"phiếu viết bằng {encoding}, không phải UTF-8")
