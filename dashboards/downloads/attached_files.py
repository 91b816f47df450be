"""A file that a page hands out: written to a path of its own, and named in the header of the answer."""

import tempfile
import unicodedata
from collections.abc import Callable, Iterable
from pathlib import Path
from urllib.parse import quote

from flask import Response
from werkzeug.http import dump_options_header


def written(write: Callable[[Path], object]) -> bytes:
    """What a writer of files writes."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file.gpkg"
        write(path)
        return path.read_bytes()


def attached(content: bytes | Iterable[bytes], media_type: str, name: str) -> Response:
    """An answer that browsers save under this name."""
    return named(Response(content, mimetype=media_type.partition(";")[0]), name)


def named(response: Response, name: str) -> Response:
    """The same answer, to be saved under this name."""
    response.headers["Content-Disposition"] = dump_options_header("attachment", _names(name))
    return response


def _names(name: str) -> dict[str, str]:
    """A file's name for a header, which holds ASCII alone: with its marks for browsers, without for the others."""
    if name.isascii():
        return {"filename": name}
    bare = unicodedata.normalize("NFKD", name.translate(_D)).encode("ascii", "ignore").decode()
    return {"filename": bare, "filename*": f"UTF-8''{quote(name, safe='!#$&+-.^_`|~')}"}


_D = str.maketrans("Đđ", "Dd")
"""The letter that has no mark to be taken off."""
