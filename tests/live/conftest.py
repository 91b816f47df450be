"""A served program on each test's own database."""

from collections.abc import Iterator

import pytest
from flask import Flask

from server.settings import Settings
from tests.live.served import Served


@pytest.fixture
def served(app: Flask, settings: Settings) -> Iterator[Served]:
    """The program behind gunicorn; `app`, in this process, stores and reads the same rows."""
    with Served(settings) as found:
        yield found
