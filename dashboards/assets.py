"""Fetches what browsers need of others' work (package-lock.json) and copies it, with licences, to static/vendor.

The engine of the web form goes where that form lies. Run as `python -m dashboards.assets`; does nothing where the lock
has not changed since the last time.
"""

import gzip
import hashlib
import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

ROOT = Path(__file__).parent.parent
VENDOR = Path(__file__).parent / "static" / "vendor"
MODULES = ROOT / "node_modules"
NODE_LOCK = ROOT / "requirements-node.lock"  # npm for machines without one

WEIGHTS = ("400", "600", "700")
SUBSETS = ("vietnamese", "latin-ext", "latin")
FONT = "@fontsource/be-vietnam-pro"

FILES = {
    "leaflet/dist/leaflet.js": "leaflet/leaflet.js",
    "leaflet/dist/leaflet.css": "leaflet/leaflet.css",
    "leaflet/LICENSE": "leaflet/LICENSE",
    f"{FONT}/LICENSE": "be-vietnam-pro/LICENSE",
} | {
    f"{FONT}/files/be-vietnam-pro-{subset}-{weight}-normal.woff2": f"be-vietnam-pro/{subset}-{weight}.woff2"
    for subset in SUBSETS
    for weight in WEIGHTS
}
"""From a path under node_modules to one under static/vendor."""

ENGINE = ROOT / "server" / "webform" / "static" / "engine.js"
ENGINE_SOURCE = "@getodk/xforms-engine/dist/index.js"
OLDEST = "safari15"
"""The browser that the engine of the web form is written down for: iPhones since iOS 15.4 (docs/webform.md)."""

FONT_SOURCE = re.compile(
    r"url\(\./files/be-vietnam-pro-([a-z-]+)-(\d+)-normal\.woff2\) format\('woff2'\)"
    r", url\([^)]+\.woff\) format\('woff'\)"
)
FACE = re.compile(r"@font-face \{[^}]*\}")


class AssetsMissing(Exception):
    """What was fetched is not what this file expects, or could not be fetched."""


def main() -> None:
    """Bring static/vendor up to date; one sentence on what was done."""
    if is_current():
        return
    print("Lấy bản đồ và phông chữ (package-lock.json) …")  # noqa: T201
    try:
        fetch()
        copy()
    except AssetsMissing as error:
        sys.exit(f"Không lấy được tệp cho trình duyệt: {error}")


def is_current() -> bool:
    """Whether every file is there, copied from the present lock by the present version of this file."""
    stamp = VENDOR / ".stamp"
    made = (*FILES.values(), "be-vietnam-pro/font.css")
    has_files = ENGINE.exists() and all((VENDOR / name).exists() for name in made)
    return stamp.exists() and stamp.read_text() == _version() and has_files


def _version() -> str:
    sources = (ROOT / "package-lock.json", Path(__file__))
    return hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()


def fetch() -> None:
    """Install the locked packages into node_modules; their install scripts are not run."""
    run([*npm(), "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"])


def npm() -> list[str]:
    """The command npm: the system's, else that of a wheel, which is installed only now."""
    found = shutil.which("npm")
    if found:
        return [found]
    wheel = Path(sysconfig.get_path("scripts")) / "npm"
    if not wheel.exists():
        run([sys.executable, "-m", "pip", "install", "--quiet", "--require-hashes", "-r", str(NODE_LOCK)])
    return [str(wheel)]


def run(command: list[str]) -> None:
    """Run it in the project's root; AssetsMissing, with what it said, where it fails."""
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise AssetsMissing(f"{Path(command[0]).name}: {(done.stderr or done.stdout).strip()[-800:]}")


def copy() -> None:
    """Copy the files of FILES, write the font's stylesheet, and mark it done."""
    shutil.rmtree(VENDOR, ignore_errors=True)
    for source, name in FILES.items():
        _place(name, _read(source))
    faces = "\n".join(_faces(_read(f"{FONT}/{weight}.css").decode(), weight) for weight in WEIGHTS)
    _place("be-vietnam-pro/font.css", faces.encode())
    _write_engine()
    (VENDOR / ".stamp").write_text(_version())


def _write_engine() -> None:
    """The engine of the web form as one small module: as published it is a third larger and too new for old iPhones."""
    _read(ENGINE_SOURCE)
    source = str(MODULES / ENGINE_SOURCE)
    asked = ["--minify", "--format=esm", f"--target={OLDEST}", "--legal-comments=eof", "--log-level=error"]
    run([_esbuild(), source, *asked, f"--outfile={ENGINE}"])


def _esbuild() -> str:
    """The program esbuild for this machine, by itself: its package's own command would need Node."""
    found = next(MODULES.glob("@esbuild/*/bin/esbuild"), None)
    if found is None:
        raise AssetsMissing("thiếu node_modules/@esbuild")
    return str(found)


def _read(source: str) -> bytes:
    path = MODULES / source
    if not path.is_file():
        raise AssetsMissing(f"thiếu node_modules/{source}")
    return path.read_bytes()


def _place(name: str, content: bytes) -> None:
    """Store it, and beside it a compressed copy, which `pages.asset` sends to browsers that take one."""
    path = VENDOR / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    if path.suffix in (".js", ".css"):
        path.with_name(path.name + ".gz").write_bytes(gzip.compress(content, mtime=0))


def _faces(css: str, weight: str) -> str:
    """The font's own @font-face rules (they know which letters each file holds), woff2 alone, our paths.

    Where two files hold a letter (ă, đ, ư) browsers take the rule that stands last: the Vietnamese one, so that pages
    in Vietnamese do not load the other languages' letters too.
    """
    rewritten, count = FONT_SOURCE.subn(r"url(\1-\2.woff2) format('woff2')", css)
    if count != len(SUBSETS):
        raise AssetsMissing(f"{FONT}/{weight}.css: {count} @font-face, chờ {len(SUBSETS)}")
    faces = FACE.findall(rewritten)
    return "\n".join(sorted(faces, key=lambda face: "url(vietnamese-" in face))


if __name__ == "__main__":
    main()
