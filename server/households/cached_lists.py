"""Lists for phones as a process last made them, as many as fit into some megabytes."""

import zlib
from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass
from threading import Lock

MOST_BYTES = 8_000_000
"""Of a process, packed: a thousand lists of 60 KB, which pack to an eighth."""


@dataclass(frozen=True)
class _KeptList:
    mark: str
    packed: bytes


class KeptLists:
    """Lists by what they are of; where room runs out those that nobody asked for the longest go first."""

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most_bytes = most_bytes
        self._lists: OrderedDict[Hashable, _KeptList] = OrderedDict()
        self._lock = Lock()
        self.size = 0
        """Bytes that they take."""

    def find(self, of: Hashable, mark: str) -> bytes | None:
        """The list, where it was made of what this mark stands for."""
        with self._lock:
            found = self._lists.get(of)
            if found is None or found.mark != mark:
                return None
            self._lists.move_to_end(of)
        return zlib.decompress(found.packed)

    def keep(self, of: Hashable, mark: str, content: bytes) -> None:
        """In place of what was kept of the same; nothing where it alone would take more than there is room for."""
        packed = zlib.compress(content, 1)
        with self._lock:
            self._forget(of)
            if len(packed) > self._most_bytes:
                return
            self._lists[of] = _KeptList(mark, packed)
            self.size += len(packed)
            while self.size > self._most_bytes:
                self._forget(next(iter(self._lists)))

    def _forget(self, of: Hashable) -> None:
        gone = self._lists.pop(of, None)
        self.size -= len(gone.packed) if gone else 0
