"""Letters of a map as a picture: one hand for all of them, whatever marks a name has."""

import io

import pytest
from PIL import Image, ImageChops

from dashboards.maps import map_picture
from dashboards.maps.map_picture import MapSvg


def drawn(name: str, weight: int) -> Image.Image:
    """A name as maps write them, and of it the first letter."""
    text = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="40" height="60" font-family="{map_picture.FONTS}, sans-serif">'
        f'<text x="4" y="40" font-size="30" font-weight="{weight}">{name}</text></svg>'
    )
    picture = map_picture.png(MapSvg(text, 40, 60), name, 1)
    return Image.open(io.BytesIO(picture.png)).convert("L").crop((0, 0, 26, 60))


@pytest.mark.parametrize("weight", [400, 700])
@pytest.mark.parametrize("name", ["Mường", "Mễ Sở", "Một", "Mỹ Ổ", "Mữ"])
def test_a_name_with_marks_is_written_in_the_hand_of_one_without(name: str, weight: int) -> None:
    """A font that lacks one letter of a name has the whole name written in another one, often with serifs."""
    plain = drawn("Man", weight)
    assert plain.getextrema()[0] < 64, "there is a letter"
    assert ImageChops.difference(plain, drawn(name, weight)).getextrema()[1] < 40
