"""docs/install.md, part A, followed word for word on a clean Debian.

Needs root and a folder with a fresh Debian that nobody has touched, named by TUNGNHA_TEST_DEBIAN:
`debootstrap --variant=minbase bookworm FOLDER`; whatever that machine needs to reach its package registries has to be
set there (certificates, pip's and npm's settings). Takes minutes and a GB, so it is asked for by name.
"""

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.install import clean_debian

ROOT = Path(__file__).parents[2]
DEBIAN = Path(os.environ.get("TUNGNHA_TEST_DEBIAN", "/nowhere"))
NAMED = "Environment=SITE_NAME=tungnha.example.vn"
BY_ITSELF = f'{NAMED}\nEnvironment="SITE_TLS=tls internal"'
"""No authority on the Internet can be asked for a certificate here; the page tells of this setting below the step."""

pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(
        os.geteuid() != 0 or not DEBIAN.is_dir(), reason="no clean Debian (TUNGNHA_TEST_DEBIAN)"
    ),
]


def blocks() -> list[str]:
    """What part A has somebody type, in its order."""
    page = (ROOT / "docs" / "install.md").read_text()
    part = page[page.index("\n## A.") : page.index("\n## B.")]
    return re.findall(r"^```sh\n(.*?)^```", part, re.MULTILINE | re.DOTALL)


def typed(text: str) -> str:
    return clean_debian.typed(DEBIAN, text)


@pytest.fixture(scope="module")
def debian() -> Iterator[Path]:
    with clean_debian.opened(DEBIAN):
        clean_debian.unpack_sources(ROOT, DEBIAN / "root" / "tung-nha.tar.gz")
        shim = DEBIAN / "usr" / "local" / "bin" / "systemctl"
        shutil.copy(Path(__file__).parent / "systemctl.py", shim)
        shim.chmod(0o755)
        yield DEBIAN
        typed("systemctl stop caddy || true; systemctl stop tung-nha || true")


def test_part_a_gives_a_running_system(debian: Path) -> None:
    steps = blocks()
    assert len(steps) == 7
    told = [typed(step.replace(NAMED, BY_ITSELF)) for step in steps]
    assert '"status":"ok"' in told[3]
    assert "quan.tri" in told[4]
    [kept] = told[6].split()[-1:]
    assert kept.endswith(".tar.age")
    verified = typed(f"tung-nha restore {kept} --key /var/lib/tung-nha/khoa-sao-luu --verify")
    assert verified

    # it runs as its own account, and has written for that account alone
    assert typed(
        "stat -c '%U %a' /var/lib/tung-nha/secret_key /var/lib/tung-nha/tungnha.sqlite3 /var/lib/tung-nha"
    ) == ("tungnha 600\ntungnha 600\ntungnha 700\n")
    owner = typed("stat -c %U /proc/$(cat /run/units/tung-nha.service.pid)")
    assert owner.strip() == "tungnha"

    # over TLS, by the name, with everything that a browser is told
    asked = (
        "curl --silent --show-error --fail --retry 30 --retry-delay 1 --retry-all-errors --dump-header - "
        "--output /tmp/page "
        "--cacert /var/lib/caddy/.local/share/caddy/pki/authorities/local/root.crt "
        "--resolve tungnha.example.vn:443:127.0.0.1 https://tungnha.example.vn/dang-nhap"
    )
    headers = typed(asked).lower()
    assert "strict-transport-security: max-age=31536000" in headers
    assert re.search(r"set-cookie: session=.*secure", headers)
    assert "Đăng nhập" in typed("cat /tmp/page")

    # the other commands of the page
    typed("systemctl start tung-nha-daily")
    assert "doctor" in typed("tung-nha --help")
    typed("systemctl stop tung-nha && cd /srv/tung-nha && make setup && systemctl start tung-nha")
    typed("curl --silent --fail --retry 30 --retry-delay 1 --retry-connrefused http://127.0.0.1:8000/healthz")
    assert "quan.tri" in typed("tung-nha people list")
