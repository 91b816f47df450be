"""Where a formula is worked out: at which node of a visit, and what it may ask of the visit."""

import posixpath
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from forms.engine.java_dates import JavaMoment
from forms.engine.java_values import Value, held
from forms.engine.unfillable import Unfillable


class Surroundings(Protocol):
    """What a formula may ask beside its own answers: the visit."""

    root: Any

    @property
    def now(self) -> JavaMoment: ...
    @property
    def version(self) -> str: ...
    def uuid(self) -> str: ...
    def device(self, name: str) -> str: ...
    def instance(self, name: str) -> Any: ...
    def spend(self, steps: int) -> None: ...
    def choice_label(self, path: str, value: str, near: Any) -> str: ...


@dataclass
class Scope:
    """One working out: at which node, and where current() is; `place` counts from 0 in a filtered list."""

    visit: Surroundings
    node: Any
    current: Any
    at: int = -1

    @property
    def now(self) -> JavaMoment:
        return self.visit.now

    @property
    def version(self) -> str:
        return self.visit.version

    @property
    def own(self) -> Value:
        """What the node itself has now."""
        return held(self.node)

    @property
    def place(self) -> int:
        return self.at if self.at >= 0 else int(self.node.index)

    def uuid(self) -> str:
        return self.visit.uuid()

    def device(self, name: str) -> str:
        return self.visit.device(name)

    def choice_label(self, path: str, value: str) -> str:
        """A question in the same round is named from here: "../loai"."""
        asked = posixpath.join(self.node.path, path.removeprefix("current()/"))
        return self.visit.choice_label(posixpath.normpath(asked), value, self.node)

    def row(self, instance: str, column: str, wanted: str) -> Any:
        """The first row of a list that has that text in a column, or None."""
        found = self.visit.instance(instance)
        if found is None:
            raise Unfillable(f"biểu mẫu không có danh sách “{instance}”")
        return next(iter(found.rows_with("item", column, wanted)), None)


Work = Callable[[Scope], Any]
"""A compiled part of a formula: its value in a scope."""
