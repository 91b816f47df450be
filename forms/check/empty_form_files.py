"""Empty files in place of those that a form opens, so that it can be filled before anyone has uploaded them."""

from collections.abc import Mapping
from pathlib import PurePath

from forms.definition import Definition

_EMPTY = {
    ".csv": b"name,label,__version\n",
    ".geojson": b'{"type": "FeatureCollection", "features": []}',
    ".xml": b"<root/>",
}


def empty(definition: Definition) -> Mapping[str, bytes]:
    """Each file that the form opens, with nothing in it."""
    return {name: _EMPTY.get(PurePath(name).suffix.lower(), b"") for name in definition.media}
