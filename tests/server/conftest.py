"""Two communes with everything in them, made once: each test gets a copy of its own, and may change it."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from server.counting import tally
from server.db import db
from tests import town
from tests.conftest import Template, application, filled_once, on_a_copy


@pytest.fixture(scope="session")
def filled_template(
    template_database: Template, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Template, Path]]:
    """The database of both towns, and the folder with their photos."""
    folder: Path = tmp_path_factory.mktemp("towns")
    with filled_once(template_database, folder, _build) as template:
        yield template, folder


def _build(app: Flask) -> None:
    town.build(app)
    with db.engine.connect().execution_options(writes=True) as connection:
        tally.correct(connection, tally.recount(connection))  # the towns are drawn with sums of their own
        connection.commit()


@pytest.fixture
def filled(filled_template: tuple[Template, Path], tmp_path: Path) -> Iterator[Flask]:
    template, folder = filled_template
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    with on_a_copy(template, tmp_path) as settings, application(settings) as app:
        yield app
