"""A clean Debian in a folder (debootstrap), in which what the documents say is typed word for word."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

WAYS = ("PIP_", "UV_", "NPM_", "npm_", "SSL_CERT_", "NODE_EXTRA_CA_", "REQUESTS_CA_")
"""How a machine reaches its package registries; the rest of the environment stays outside."""


def typed(debian: Path, text: str, *, folder: str = "/", seconds: float = 1800) -> str:
    """What a root shell prints there; fails with it where a command fails."""
    script = f"cd {folder}\n{text}"
    ended = subprocess.run(
        ["chroot", str(debian), "/bin/bash", "-euo", "pipefail", "-c", script], capture_output=True, text=True,
        timeout=seconds, check=False, env=environment(), cwd="/",
    )  # fmt: skip
    assert ended.returncode == 0, (text, ended.stdout[-3000:], ended.stderr[-3000:])
    return ended.stdout


def environment() -> dict[str, str]:
    """How this machine reaches its registries, and the path of a root shell."""
    ways = {name: value for name, value in os.environ.items() if name.startswith(WAYS)}
    root = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root"}
    return ways | root | {"DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"}


@contextmanager
def opened(debian: Path) -> Iterator[Path]:
    """The folder with what a running system has: processes and devices."""
    mounted = []
    for kind, place in (("proc", "proc"), ("", "dev"), ("", "dev/shm")):
        command = ["mount", "-t", kind, kind] if kind else ["mount", "--bind", f"/{place}"]
        if not (debian / place).is_mount():
            subprocess.run([*command, str(debian / place)], check=True)
            mounted.append(debian / place)
    try:
        yield debian
    finally:
        for place in reversed(mounted):
            subprocess.run(["umount", "--lazy", str(place)], check=False)


def unpack_sources(root: Path, archive: Path) -> None:
    """The committed sources as a tar whose folder is `tung-nha/`."""
    subprocess.run(["git", "archive", "--prefix=tung-nha/", "-o", str(archive), "HEAD"], cwd=root, check=True)
