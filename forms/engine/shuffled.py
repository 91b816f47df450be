"""The order that randomize() gives: that of JavaRosa for the same seed, to the place."""

import hashlib
import math
import random
from collections.abc import Callable, Sequence
from typing import Any

from forms.engine.java_values import Mismatch, Nodes, plain, to_number

_MODULUS, _MULTIPLIER = 2**31 - 1, 16_807
_LONG_MOST, _LONG_LEAST = 2**63 - 1, -(2**63)


def randomize(nodes: Any, *seed: Any) -> Nodes:
    """The nodes in another order: by chance, or always the same for a seed. Mismatch for what is no nodes."""
    if not isinstance(nodes, Nodes):
        raise Mismatch("randomize() cần một câu của nhóm lặp hoặc một danh sách")
    return Nodes(_shuffled(nodes, _park_miller(_whole_seed(seed[0])) if seed else random.random))


def _shuffled(nodes: Sequence[Any], chance: Callable[[], float]) -> list[Any]:
    """Fisher and Yates's shuffle from the inside out (Knuth, The Art of Computer Programming, 3.4.2)."""
    found: list[Any] = []
    for at, node in enumerate(nodes):
        other = int(chance() * (at + 1))
        found.append(node)
        found[at], found[other] = found[other], node
    return found


def _park_miller(seed: int) -> Callable[[], float]:
    """Numbers from 0 up to 1 (Park and Miller 1988); Java takes the rest of a negative seed with its sign."""
    state = math.fmod(float(seed), _MODULUS)
    if state <= 0:
        state += _MODULUS - 1

    def following() -> float:
        nonlocal state
        state = math.fmod(state * _MULTIPLIER, _MODULUS)
        return (int(state) - 1) / (_MODULUS - 1)

    return following


def _whole_seed(seed: Any) -> int:
    """A number's whole part within a Java long; of a text that is none the first eight bytes of its SHA-256."""
    number = to_number(seed)
    if not math.isnan(number):
        return int(max(_LONG_LEAST, min(_LONG_MOST, number)))
    text = plain(seed)
    if not isinstance(text, str):
        raise Mismatch("hạt giống của randomize() không phải số, cũng không phải chữ")
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], signed=True) if text else 0
