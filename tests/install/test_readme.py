"""README's commands, typed word for word on clean Debians: they set everything up and run.

Needs root, `debootstrap --variant=minbase SUITE FOLDER` for each Debian, and whatever that machine needs to reach its
package registries set there; TUNGNHA_TEST_DEBIANS names the folders, with colons between them. Minutes and a GB each.
"""

import os
import re
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.install import clean_debian

ROOT = Path(__file__).parents[2]
NAMED = [Path(each) for each in os.environ.get("TUNGNHA_TEST_DEBIANS", "").split(":") if each]
SOURCES = "/root/tung-nha"

pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(
        os.geteuid() != 0 or not NAMED, reason="no clean Debian (TUNGNHA_TEST_DEBIANS names folders)"
    ),
]


def commands() -> list[str]:
    """The packages that README names, and the command that runs the main job."""
    page = (ROOT / "README.md").read_text(encoding="utf-8")
    part = page[page.index("\n## Dùng thử") : page.index("Lệnh này cài mọi thứ")]
    return [block.strip() for block in re.findall(r"^```sh\n(.*?)^```", part, re.MULTILINE | re.DOTALL)]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture(params=NAMED or [Path("/nowhere")], ids=lambda path: path.name)
def debian(request: pytest.FixtureRequest) -> Iterator[Path]:
    with clean_debian.opened(request.param) as folder:
        clean_debian.unpack_sources(ROOT, folder / "root" / "tung-nha.tar.gz")
        clean_debian.typed(folder, "rm -rf tung-nha && tar -xzf tung-nha.tar.gz", folder="/root")
        yield folder


def test_make_demo_and_make_test_run_with_what_the_readme_names(debian: Path) -> None:
    packages, demo = commands()
    clean_debian.typed(debian, f"apt-get update -qq\n{packages} --no-install-recommends")
    port = free_port()
    running = subprocess.Popen(
        ["chroot", str(debian), "/bin/bash", "-c", f"cd {SOURCES} && exec {demo} PORT={port}"],
        env=clean_debian.environment(), start_new_session=True,
    )  # fmt: skip
    try:
        asked = (
            "import json, pathlib, time, urllib.request\n"
            f"made = pathlib.Path('{SOURCES}/instance/demo.json')\n"
            "for _ in range(1200):\n"
            "    if made.exists(): break\n"
            "    time.sleep(1)\n"
            "told = json.loads(made.read_text())\n"
            "print(urllib.request.urlopen(told['url'] + '/healthz').status, *told['communes'])\n"
        )
        (debian / "root" / "ask.py").write_text(asked, encoding="utf-8")
        assert clean_debian.typed(debian, "python3 /root/ask.py") == "200 11629 10930\n"
    finally:
        os.killpg(running.pid, 15)
        running.wait(60)
    told = clean_debian.typed(
        debian, "export PYTEST_ADDOPTS='tests/forms tests/geo --database sqlite'\nmake test", folder=SOURCES
    )
    assert "failed" not in told
    assert "passed" in told or "100%" in told
