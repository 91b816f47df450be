"""Files from outside are read by a child with bounds; what it raises comes back, what it costs does not."""

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from flask import Flask

from forms.errors import FormRejected, SheetError
from geo import gdal_drivers
from geo.boundary_problems import SeveralLayers, UnreadableBoundaries
from server.db import begin_writing, db
from server.files import reading_process
from server.files.reading_process import Bounds, Busy, Stopped
from server.files.tables import cells_by_reading_process, excel_and_csv
from server.files.tables.excel_and_csv import TableRejected
from tests.server.files import readers

ROOT = Path(__file__).parents[3]
SHORT = Bounds(cpu=1, clock=20, turn=5)


def test_what_a_reader_returns_comes_back() -> None:
    assert reading_process.read(excel_and_csv.of_text, "Tên;Số\nAn;2") == excel_and_csv.of_text(
        "Tên;Số\nAn;2"
    )


def test_a_small_file_is_read_quickly_once_the_child_is_there() -> None:
    reading_process.read(readers.own_process)
    begun = time.monotonic()
    for _ in range(20):
        cells_by_reading_process.of_text("Tên;Số\nAn;2")
    assert time.monotonic() - begun < 2, "a child for each would take a second or two"


@pytest.mark.parametrize(
    "error",
    [
        TableRejected(["một", "hai"]),
        FormRejected([SheetError("survey", 3, "name", "sai", "x", "B3")]),
        SeveralLayers(["thon", "xa"]),
        UnreadableBoundaries("Tệp trống."),
    ],
    ids=lambda error: type(error).__name__,
)
def test_what_a_reader_raises_comes_back_with_all_its_parts(error: Exception) -> None:
    with pytest.raises(type(error)) as raised:
        reading_process.read(readers.fail_with, type(error), error.__dict__, error.args)
    told = {name: value for name, value in vars(raised.value).items() if name != "__notes__"}
    assert (told, str(raised.value)) == (vars(error), str(error))


def test_a_reading_without_an_end_is_ended_by_its_seconds_of_cpu() -> None:
    with pytest.raises(Stopped, match="đọc lâu quá mức cho phép"):
        reading_process.read_within(SHORT, readers.compute_for_ever)
    assert reading_process.read(readers.own_process) > 0, "the next one is read by another child"


def test_a_reading_that_only_waits_is_ended_by_the_clock() -> None:
    reading_process.read(readers.own_process)
    with pytest.raises(Busy, match="Máy chủ đang quá bận"):
        reading_process.read_within(Bounds(cpu=10, clock=0.3, turn=5), time.sleep, 60)


@pytest.mark.parametrize("reader", [readers.hold_everything, readers.answer_everything, readers.crash])
def test_a_reading_that_asks_for_too_much_memory_is_ended(reader: readers.Endless) -> None:
    with pytest.raises(Stopped, match="cần nhiều bộ nhớ"):
        reading_process.read(reader)
    assert reading_process.read(readers.own_process) > 0


def test_whoever_is_not_given_a_turn_is_told_to_try_again() -> None:
    reading_process.read(readers.own_process)
    with_a_long_file = threading.Thread(target=reading_process.read, args=(time.sleep, 2))

    def read_meanwhile() -> None:
        while with_a_long_file.is_alive():
            reading_process.read_within(Bounds(cpu=5, clock=60, turn=0.1), readers.own_process)

    with_a_long_file.start()
    with pytest.raises(Busy) as busy:
        read_meanwhile()
    with_a_long_file.join()
    assert busy.value.sentence("Hãy bớt câu hỏi.") == "Máy chủ đang đọc tệp khác: hãy thử lại sau một phút."


def test_nothing_is_read_within_a_transaction_that_writes(app: Flask) -> None:
    begin_writing()
    with pytest.raises(RuntimeError, match="before the transaction"):
        cells_by_reading_process.of_text("Tên;Số\nAn;2")
    db.session.rollback()
    assert cells_by_reading_process.of_text("Tên;Số\nAn;2")


def test_the_child_is_given_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TUNGNHA_SECRET_KEY", "khóa")
    with pytest.raises(Stopped):
        reading_process.read(readers.crash)
    assert reading_process.read(readers.secrets_of_the_environment) == []


def test_the_child_has_no_driver_that_follows_a_file_elsewhere() -> None:
    assert reading_process.read(os.getenv, "GDAL_SKIP") == gdal_drivers.ENVIRONMENT["GDAL_SKIP"]


def test_the_child_that_is_ended_leaves_no_file() -> None:
    [folder] = reading_process.read(readers.leave_a_file)
    assert Path(folder).exists()
    with pytest.raises(Stopped):
        reading_process.read(readers.crash)
    assert not Path(folder).exists()


def test_a_process_that_was_forked_has_a_child_of_its_own() -> None:
    """As gunicorn's are, which are made of one that has imported everything."""
    program = (
        "import os\n"
        "from server.files import reading_process\n"
        "from tests.server.files import readers\n"
        "print(reading_process.read(readers.own_process), flush=True)\n"
        "forked = os.fork()\n"
        "print(reading_process.read(readers.own_process), flush=True)\n"
        "if forked: os.waitpid(forked, 0)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, check=True)
    told = done.stdout.split()
    assert len(told) == 3
    assert len(set(told)) == 2, "the parent keeps its child"


def test_the_child_ends_with_whoever_asked() -> None:
    """Also where that was killed and could tell nobody."""
    program = (
        "import os, signal\n"
        "from server.files import reading_process\n"
        "from tests.server.files import readers\n"
        "print(reading_process.read(readers.own_process), flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    told = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, check=False).stdout
    ends = time.monotonic() + 60
    while Path(f"/proc/{int(told)}").exists():
        assert time.monotonic() < ends
        time.sleep(0.05)
