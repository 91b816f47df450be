"""Whether the colours of maps stay apart for people who see fewer of them.

Simulated by the matrices of Machado, Oliveira and Fernandes, "A Physiologically-based Model for Simulation of Color
Vision Deficiency" (IEEE Transactions on Visualization and Computer Graphics, 2009), severity 1, applied to linear
RGB; distances are Euclidean in CIELAB (D65).
"""

import itertools

import pytest

from dashboards.maps.map_colours import COLOURS, PLAIN, UNKNOWN, WITHHELD
from dashboards.maps.signal_map import COLOURS as SURFACE
from dashboards.maps.signal_map import MARKS

Triple = tuple[float, float, float]

WHOLE = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))
SEEN = {
    "all colours": WHOLE,
    "no red (protanopia)": (
        (0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998),
    ),
    "no green (deuteranopia)": (
        (0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881),
    ),
    "no blue (tritanopia)": (
        (1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.303900),
    ),
}  # fmt: skip
TO_XYZ = ((0.4124, 0.3576, 0.1805), (0.2126, 0.7152, 0.0722), (0.0193, 0.1192, 0.9505))
WHITE = (0.9505, 1.0, 1.089)
CLEAR = 15.0
"""Units of CIELAB: some six times what can just be told apart side by side."""


def times(matrix: tuple[Triple, ...], colour: Triple) -> Triple:
    first, second, third = (sum(a * b for a, b in zip(row, colour, strict=True)) for row in matrix)
    return first, second, third


def linear(hexed: str) -> Triple:
    parts = [int(hexed[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    first, second, third = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return first, second, third


def lab(colour: Triple) -> Triple:
    clipped = times(WHOLE, colour)
    xyz = times(TO_XYZ, tuple(min(1.0, max(0.0, part)) for part in clipped))  # type: ignore[arg-type]
    scaled = [part / white for part, white in zip(xyz, WHITE, strict=True)]
    x, y, z = (part ** (1 / 3) if part > 0.008856 else 7.787 * part + 16 / 116 for part in scaled)
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


def apart(one: str, other: str, seen: tuple[Triple, ...]) -> float:
    points = [lab(times(seen, linear(colour))) for colour in (one, other)]
    return float(sum((a - b) ** 2 for a, b in zip(*points, strict=True)) ** 0.5)


STATES = {name: colour for name, colour in COLOURS.items() if name not in (UNKNOWN, WITHHELD)}
MAPS = {
    "states": tuple(STATES.values()),
    "fifths": PLAIN,
    "5G": tuple(SURFACE.values()),
    "Wi-Fi": tuple(mark.main for mark in MARKS.values()),
}


@pytest.mark.parametrize("seen", SEEN.values(), ids=SEEN.keys())
@pytest.mark.parametrize("colours", MAPS.values(), ids=MAPS.keys())
def test_no_two_colours_of_a_map_look_alike(colours: tuple[str, ...], seen: tuple[Triple, ...]) -> None:
    for one, other in itertools.combinations(colours, 2):
        assert apart(one, other, seen) >= CLEAR, (one, other)


def test_marks_of_public_places_differ_by_shape_as_well() -> None:
    """On grey paper too: full, a ring, and small."""
    shapes = {(mark.is_ring, mark.radius) for mark in MARKS.values()}
    assert len(shapes) == len(MARKS)
