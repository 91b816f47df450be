"""A photo in a smaller size, for those who look over many; called in the reading process alone."""

import io

from PIL import Image, ImageOps

QUALITY = 82
MOST_PIXELS = 60_000_000
"""A photo that claims more is none."""


def smaller(content: bytes, longest: int) -> bytes:
    """The picture as JPEG, no side longer than so many pixels, upright. Raises ValueError where it is none."""
    try:
        with Image.open(io.BytesIO(content)) as picture:
            if picture.width * picture.height > MOST_PIXELS:
                raise ValueError("too many pixels")
            upright = ImageOps.exif_transpose(picture)
            upright.thumbnail((longest, longest))
            out = io.BytesIO()
            upright.convert("RGB").save(out, "JPEG", quality=QUALITY)
    except (OSError, SyntaxError, Image.DecompressionBombError) as error:
        raise ValueError(str(error)) from error
    return out.getvalue()
