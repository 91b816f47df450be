"""Which words stand in which thôn of a still map: as many numbers as have room, then names; none over another."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

Box = tuple[float, float, float, float]
"""Left, upper, right and lower edge, in pixels of the drawing."""


@dataclass(frozen=True)
class LabelSize:
    """Letters of labels, in pixels of the drawing: `height`, and the mean width of one; `has_names` or only numbers."""

    height: float
    letter: float
    has_names: bool = True

    @property
    def line(self) -> float:
        """From one line of a label to the next."""
        return self.height * 1.1


PLAIN_LABEL = LabelSize(9, 4.9)
HALF = LabelSize(13, 7.1)
"""Of a map that is half as wide as a sheet, as large there as all labels elsewhere."""
SMALL = LabelSize(19, 10.4, has_names=False)
"""Of a map that is printed a quarter as wide as a sheet: only numbers, as large there as all labels elsewhere."""


@dataclass(frozen=True)
class Wish:
    """What a thôn would say, from the least to the most, around (x, y), within `width` by `height` pixels."""

    code: str
    x: float
    y: float
    width: float
    height: float
    texts: tuple[tuple[str, ...], ...]


def placed(wishes: Sequence[Wish], size: LabelSize) -> Mapping[str, tuple[str, ...]]:
    """The lines of each thôn by its code, () without room. The largest thôn come first, and the least is said by all
    before any says more."""
    told: dict[str, tuple[str, ...]] = {wish.code: () for wish in wishes}
    boxes: dict[str, Box] = {}
    largest = sorted(wishes, key=lambda wish: (-wish.width * wish.height, wish.code))
    for step in range(max((len(wish.texts) for wish in wishes), default=0)):
        for wish in largest:
            lines = wish.texts[step] if step < len(wish.texts) else ()
            if not lines or not _has_room(lines, wish, size):
                continue
            box = _box(lines, wish, size)
            if not any(_meet(box, other) for code, other in boxes.items() if code != wish.code):
                told[wish.code], boxes[wish.code] = lines, box
    return told


def _has_room(lines: Sequence[str], wish: Wish, size: LabelSize) -> bool:
    """A label may reach a little over the edge: the place inside that it stands around is the widest."""
    return (
        max(map(len, lines)) * size.letter < wish.width * 1.1 and len(lines) * size.line < wish.height * 1.1
    )


def _box(lines: Sequence[str], wish: Wish, size: LabelSize) -> Box:
    across, up = max(map(len, lines)) * size.letter / 2, len(lines) * size.line / 2
    return wish.x - across, wish.y - up, wish.x + across, wish.y + up


def _meet(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
