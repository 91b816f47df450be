"""What is taken out of an archive: no more than a server can read beside its other work."""

import io
import time
import tracemalloc
import zipfile

import pytest

from geo import unpack
from geo.problems import UnreadableBoundaries


@pytest.mark.parametrize("name", ["doc.kml", "thon/ranh.KML"])
def test_a_kml_that_unpacks_to_hundreds_of_megabytes_is_refused_before_it_is_read(name: str) -> None:
    """file-4: 0.75 MB that took 3.9 GB."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, b"<kml>" + b" " * 245_000_000)
    tracemalloc.start()
    began = time.monotonic()
    with pytest.raises(UnreadableBoundaries, match="KML trong tệp nén quá lớn"):
        unpack.unpack(packed.getvalue())
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 5_000_000
    assert time.monotonic() - began < 20
