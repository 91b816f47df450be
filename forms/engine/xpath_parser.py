"""XPath as phones read it: the words of a formula, and the tree made of them (JavaRosa's grammar, C23)."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from forms.engine.unfillable import TooMuch, Unfillable
from forms.engine.xpath_tree import BinaryOperation, Call, Literal, Negative, Path, Step, Tree, Unsupported

LONGEST_FORMULA = 20_000
"""Letters; the longest formula of a public form that was seen has 6,200."""
_DEEPEST = 60
"""Brackets within brackets."""
_SIGNS = re.compile(r"!=|<=|>=|//|\.\.(?!\d)|::|[=<>+\-*|/\[\]()@,.]")
_NUMBER = re.compile(r"\d+\.?\d*|\.\d+")
_SPACE = " \n\t\f\r"
_WORDS = ("and", "or", "div", "mod")
_LEVELS = {
    "or": 1, "and": 2, "=": 3, "!=": 3, "<": 4, "<=": 4, ">": 4, ">=": 4, "+": 5, "-": 5, "×": 6, "div": 6, "mod": 6
}  # fmt: skip
_FROM_RIGHT = frozenset({"or", "and"})
_ENDS_A_VALUE = frozenset({"name", "number", "text", "variable"})
_VALUE_SIGNS = frozenset({"]", ")", ".", "..", "*"})
_NODE_TESTS = frozenset({"node", "text", "comment", "processing-instruction"})


@dataclass(frozen=True)
class Token:
    """A word of a formula: `kind` is sign, name, number, text or variable."""

    kind: str
    text: str


@lru_cache(maxsize=4096)
def parse(formula: str) -> Tree:
    """The tree of a formula; Unfillable names the formula that no phone could read."""
    if len(formula) > LONGEST_FORMULA:
        raise TooMuch(f"công thức dài {len(formula)} chữ, quá {LONGEST_FORMULA}")
    try:
        reader = _PathReader(list(tokens(formula)))
        tree = reader.expression()
        reader.end()
    except _Wrong as wrong:
        raise Unfillable(f"không đọc được công thức {formula} ({wrong})") from None
    except RecursionError:
        raise TooMuch(f"công thức lồng quá sâu: {formula[:80]}") from None
    return tree


class _Wrong(Exception):
    """What is wrong, in a few words."""


def tokens(formula: str) -> Iterator[Token]:
    """The words of a formula. A name or a sign is told from an operator by what stands before it."""
    at, after_value = 0, False
    while at < len(formula):
        if formula[at] in _SPACE:
            at += 1
            continue
        token, at = _next(formula, at, after_value)
        after_value = token.kind in _ENDS_A_VALUE or (token.kind == "sign" and token.text in _VALUE_SIGNS)
        yield token


def _next(formula: str, at: int, after_value: bool) -> tuple[Token, int]:
    letter = formula[at]
    if letter in "'\"":
        end = formula.find(letter, at + 1)
        if end < 0:
            raise _Wrong("thiếu dấu nháy đóng")
        return Token("text", formula[at + 1 : end]), end + 1
    number = _NUMBER.match(formula, at)
    if number:
        return Token("number", number.group()), number.end()
    return _sign(formula, at, after_value) or _named(formula, at, after_value)


def _sign(formula: str, at: int, after_value: bool) -> tuple[Token, int] | None:
    word = next((w for w in _WORDS if after_value and formula.startswith(w, at)), None)
    if word:
        return Token("operator", word), at + len(word)
    sign = _SIGNS.match(formula, at)
    if sign is None:
        return None
    if sign.group() == "*" and after_value:
        return Token("operator", "×"), sign.end()
    return Token("sign", sign.group()), sign.end()


def _named(formula: str, at: int, after_value: bool) -> tuple[Token, int]:
    if formula[at] == "$":
        end = _name_end(formula, at + 1)
        return Token("variable", formula[at + 1 : end]), end
    end = _name_end(formula, at)
    if end == at or after_value:
        raise _Wrong(f"không hiểu từ “{formula[at : at + 15]}”")
    return Token("name", formula[at:end]), end


def _name_end(formula: str, at: int) -> int:
    end = _simple_name_end(formula, at)
    if end > at and formula[end : end + 1] == ":" and formula[end + 1 : end + 2] != ":":
        longer = _simple_name_end(formula, end + 1)
        return longer if longer > end + 1 else end
    return end


def _simple_name_end(formula: str, at: int) -> int:
    end = at
    while end < len(formula):
        letter = formula[end]
        inside = end > at and (letter.isdigit() or letter in ".-")
        if not (letter.islower() or letter.isupper() or letter == "_" or inside):
            break
        end += 1
    return end


class _PathReader:
    """Reads words from left to right; each method reads one kind of part."""

    def __init__(self, words: list[Token]) -> None:
        self.words, self.at, self.depth = words, 0, 0

    def end(self) -> None:
        if self.at < len(self.words):
            raise _Wrong(f"thừa từ “{self.words[self.at].text}”")

    def _is(self, *texts: str, ahead: int = 0) -> bool:
        at = self.at + ahead
        return (
            at < len(self.words)
            and self.words[at].kind in {"sign", "operator"}
            and self.words[at].text in texts
        )

    def _kind(self, ahead: int = 0) -> str:
        at = self.at + ahead
        return self.words[at].kind if at < len(self.words) else ""

    def _take(self) -> str:
        if self.at >= len(self.words):
            raise _Wrong("thiếu phần cuối")
        self.at += 1
        return self.words[self.at - 1].text

    def _need(self, text: str) -> None:
        if not self._is(text):
            raise _Wrong(f"thiếu “{text}”")
        self.at += 1

    def expression(self) -> Tree:
        self.depth += 1
        if self.depth > _DEEPEST:
            raise TooMuch(f"công thức lồng quá {_DEEPEST} lớp ngoặc")
        found = self._operations(1)
        self.depth -= 1
        return found

    def _operations(self, least: int) -> Tree:
        """Values with signs between them that bind at least so tightly."""
        found = self._signed()
        while self._level() >= least:
            level, sign = self._level(), self._take()
            right = self._operations(level if sign in _FROM_RIGHT else level + 1)
            found = BinaryOperation(sign, found, right)
        return found

    def _level(self) -> int:
        """How tightly the next sign binds; 0 where none stands."""
        if self.at < len(self.words) and self.words[self.at].kind in {"sign", "operator"}:
            return _LEVELS.get(self.words[self.at].text, 0)
        return 0

    def _signed(self) -> Tree:
        minus = 0
        while self._is("-"):
            self._take()
            minus += 1
        if minus > _DEEPEST:
            raise TooMuch("công thức có quá nhiều dấu trừ liền nhau")
        found = self._union()
        for _ in range(minus):
            found = Negative(found)
        return found

    def _union(self) -> Tree:
        found = self._path()
        while self._is("|"):
            self._take()
            self._path()
            found = Unsupported("phép hợp |")
        return found

    def _path(self) -> Tree:
        if self._is("//"):
            raise _Wrong("điện thoại không hiểu //")
        if self._is("/"):
            self._take()
            return self._steps("root") if self._starts_step() else Path("root")
        if self._starts_step():
            return self._steps("here")
        return self._filtered(self._primary())

    def _starts_step(self) -> bool:
        if self._kind() == "name":
            called = self._is("(", ahead=1)
            return not called or self.words[self.at].text in _NODE_TESTS
        return self._is("*", "@", ".", "..")

    def _primary(self) -> Tree:
        kind = self._kind()
        if self._is("("):
            self._take()
            inner = self.expression()
            self._need(")")
            return inner
        if kind == "number":
            return Literal(float(self._take()))
        if kind == "text":
            return Literal(self._take())
        if kind == "variable":
            return Unsupported(f"biến ${self._take()}")
        if kind == "name":
            return self._call()
        raise _Wrong(f"không hiểu từ “{self._take()}”")

    def _call(self) -> Tree:
        name, arguments = self._take(), []
        self._need("(")
        while not self._is(")"):
            arguments.append(self.expression())
            if not self._is(")"):
                self._need(",")
                if self._is(")"):
                    raise _Wrong("thiếu tham số sau dấu phẩy")
        self._take()
        return Call(name, tuple(arguments))

    def _filtered(self, start: Tree) -> Tree:
        """What follows a value: predicates and steps, which only instance() and current() may have."""
        filtered = bool(self._predicates())
        if not self._is("/"):
            return Unsupported("lọc một giá trị bằng [ ]") if filtered else start
        self._take()
        if isinstance(start, Call) and start.name == "current" and not start.arguments:
            return self._steps("current")
        if isinstance(start, Call) and start.name == "instance" and len(start.arguments) == 1:
            name = start.arguments[0]
            if isinstance(name, Literal) and isinstance(name.value, str):
                return self._steps("instance", name.value)
        self._steps("here")
        return Unsupported("đường dẫn sau một giá trị")

    def _steps(self, start: str, instance: str = "") -> Tree:
        up, steps = 0, list[Step]()
        while True:
            step = self._step()
            if step == "..":
                if start in {"root", "instance"} and not steps:
                    return self._rest_unsupported()
                up += start not in {"root", "instance"}
            elif isinstance(step, Step):
                steps.append(step)
            elif step != ".":
                return self._rest_unsupported()
            if self._is("//"):
                raise _Wrong("điện thoại không hiểu //")
            if not self._is("/"):
                return Path(start, tuple(steps), up, instance)
            self._take()

    def _rest_unsupported(self) -> Tree:
        while self._is("/"):
            self._take()
            self._step()
        return Unsupported("bước đường dẫn này")

    def _step(self) -> Step | str:
        """A step, "." or "..", or "" for one that phones do not follow."""
        if self._is(".", ".."):
            return self._take()
        attribute = self._is("@")
        if attribute:
            self._take()
        if self._is("*"):
            self._take()
            return Step("*", attribute, self._predicates())
        if self._kind() != "name":
            raise _Wrong("đường dẫn thiếu tên")
        name = self._take()
        if self._is("::"):
            self._take()
            return self._axis(name)
        if self._is("("):
            self._call_rest()
            self._predicates()
            return ""
        return Step(name, attribute, self._predicates())

    def _axis(self, axis: str) -> Step | str:
        step = self._step()
        if axis == "child" and isinstance(step, Step):
            return step
        if axis == "attribute" and isinstance(step, Step):
            return Step(step.name, True, step.predicates)
        return ""

    def _call_rest(self) -> None:
        self._need("(")
        if not self._is(")"):
            self.expression()
        self._need(")")

    def _predicates(self) -> tuple[Tree, ...]:
        found = []
        while self._is("["):
            self._take()
            found.append(self.expression())
            self._need("]")
        return tuple(found)
