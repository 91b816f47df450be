"""What tests of pages, files and reports begin with."""

from collections.abc import Iterator

import pytest

from server import clock
from tests.leaders import NOON


@pytest.fixture(scope="module")
def noon() -> Iterator[None]:
    """The clock stands at noon of the day that `tests.leaders` fills a commune up to, for all of a module."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clock, "now", lambda: NOON)
        yield
