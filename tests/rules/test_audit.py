"""The audit of libraries fails on a known vulnerability, and says so where nobody can be asked (.ci/audit.py)."""

import json
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
VULNERABLE = "werkzeug"
VULNERABILITY = {
    "id": "GHSA-test", "summary": "for this test", "aliases": ["CVE-2026-0000"],
    "affected": [
        {
            "package": {"name": VULNERABLE, "ecosystem": "PyPI"},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "99.1"}]}],
        }
    ],
}  # fmt: skip


class Feed(BaseHTTPRequestHandler):
    """A feed of vulnerabilities in the words of OSV, on this machine."""

    vulnerable = ""

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        hit = asked["package"]["name"] == self.vulnerable
        body = json.dumps({"vulns": [VULNERABILITY]} if hit else {}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def feed(vulnerable: str) -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), type("One", (Feed,), {"vulnerable": vulnerable}))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    thread.join()
    server.server_close()


def _audit(url: str, folder: Path) -> subprocess.CompletedProcess[str]:
    options = ["--vulnerability-service", "osv", "--osv-url", url, "--cache-dir", str(folder)]
    return subprocess.run(
        [sys.executable, str(ROOT / ".ci" / "audit.py"), *options], capture_output=True, text=True, check=False,
        timeout=120,
    )  # fmt: skip


def test_a_known_vulnerability_fails_and_is_named_with_its_repair(tmp_path: Path) -> None:
    with feed(VULNERABLE) as url:
        told = _audit(url, tmp_path)
    assert told.returncode == 1
    assert re.fullmatch(
        rf"audit: {VULNERABLE} \S+: (GHSA-test|CVE-2026-0000), repaired in 99\.1\n", told.stdout
    ), told.stdout


def test_without_one_it_passes_and_says_how_many_were_looked_at(tmp_path: Path) -> None:
    with feed("") as url:
        told = _audit(url, tmp_path)
    assert told.returncode == 0
    assert re.fullmatch(r"audit: no known vulnerability in \d{2,} libraries\n", told.stdout), told.stdout


def test_where_nobody_answers_it_passes_and_says_that_nothing_was_looked_at(tmp_path: Path) -> None:
    told = _audit("http://127.0.0.1:9/", tmp_path)
    assert (told.returncode, "were NOT looked at" in told.stdout) == (0, True), told.stderr


def test_a_lock_file_that_cannot_be_read_fails(tmp_path: Path) -> None:
    broken = tmp_path / "broken.lock"
    broken.write_text("this is >>> no requirement")
    told = subprocess.run(
        [sys.executable, str(ROOT / ".ci" / "audit.py"), "--requirement", str(broken)],
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert told.returncode == 2


@pytest.mark.parametrize("place", [".ci/run", "Makefile"])
def test_it_is_part_of_what_ci_runs(place: str) -> None:
    assert "audit" in (ROOT / place).read_text()
