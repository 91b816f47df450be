"""CPU, seconds and memory that an export of many submissions takes, through the page's address.

python -m bench.exports [--full 100000] [--runs 3] [--only CSV]

Visits of one form with all their answers (45 questions), a household form, in one commune; CPU is that of all server
processes and of PostgreSQL; memory is the most that the server's processes hold beside what they held idle.
"""

import contextlib
import http.client
import statistics
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from bench import machine, wide
from bench.pages import sign_in

EXPORTS = {
    "CSV, codes": "dang=csv&nhan=0&ca_nhan=1",
    "CSV, labels": "dang=csv&nhan=1&ca_nhan=1",
    "CSV as ODK Central (zip)": "dang=zip&ca_nhan=1",
    "CSV as Kobo": "dang=kobo&nhan=0&ca_nhan=1",
    "GeoJSON with thôn and answers": "dang=geojson&ca_nhan=1",
    "XLSX, labels": "dang=xlsx&ca_nhan=1",
}


def main() -> None:
    parser = wide.arguments(__doc__, communes=1, villages=38, households=11_000, full=100_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--only", default="", help="only kinds of file whose title begins so")
    options = parser.parse_args()
    print(machine.describe())
    with (
        wide.built(wide.chosen(options)) as found,
        machine.served(found.url, found.folder, workers=1) as served,
    ):
        cookie = sign_in(served.port, "can_bo")
        for title, words in EXPORTS.items():
            if not title.startswith(options.only):
                continue
            path = f"/xa/{wide.FIRST}/tai-ve/phieu?bieu_mau=bench_ho&{words}"
            runs = [measure(served, found.postgres, path, cookie) for _ in range(options.runs)]
            machine.show(title, summary(runs))


def measure(
    served: machine.Served, database: machine.Postgres, path: str, cookie: str
) -> tuple[float, float, float, int, int]:
    """CPU seconds, seconds, seconds to the first byte, bytes, and bytes of memory above idle."""
    idle, before, began = (
        memory(served.process.pid),
        machine.cpu_seconds(served, database),
        time.perf_counter(),
    )
    peak = Peak(served.process.pid)
    connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=600)
    connection.request("GET", path, headers={"Cookie": cookie})
    answer = connection.getresponse()
    if answer.status != 200:
        raise SystemExit(f"{path}: {answer.status}")
    size, first = len(answer.read(1)), time.perf_counter() - began
    while piece := answer.read(1 << 20):
        size += len(piece)
    took = time.perf_counter() - began
    return machine.cpu_seconds(served, database) - before, took, first, size, peak.stop() - idle


class Peak:
    """The most memory that a program's processes held together, looked at every 20 ms."""

    def __init__(self, pid: int) -> None:
        self._pid, self._most, self._over = pid, 0, threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()

    def _watch(self) -> None:
        while not self._over.wait(0.02):
            self._most = max(self._most, memory(self._pid))

    def stop(self) -> int:
        self._over.set()
        self._thread.join()
        return self._most


def memory(pid: int) -> int:
    """Resident bytes of a program's first process and of those that it started."""
    pages = 0
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            parent = (folder / "stat").read_text().rpartition(")")[2].split()[1]
            if pid in (int(folder.name), int(parent)):
                pages += int((folder / "statm").read_text().split()[1])
    return pages * 4096


def summary(runs: Sequence[tuple[float, float, float, int, int]]) -> dict[str, object]:
    cpu, seconds, first, size, above = zip(*runs, strict=True)
    return {
        "cpu_seconds": round(statistics.median(cpu), 2),
        "seconds_cold": round(seconds[0], 2),
        "seconds": round(statistics.median(seconds), 2),
        "first_byte": round(statistics.median(first), 3),
        "megabytes": round(size[0] / 1e6, 1),
        "megabytes_above_idle": round(max(above) / 1e6),
    }


if __name__ == "__main__":
    main()
