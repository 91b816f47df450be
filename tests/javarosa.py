"""JavaRosa, the engine of phones, as a process that fills forms: the jar that pyxform ships, and Java to run it."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote_plus, unquote_plus

import pytest
from pyxform.validators.odk_validate import ODK_VALIDATE_PATH

DRIVER = Path(__file__).parent / "forms" / "engine" / "javarosa" / "Fill.java"
_OPTIONS = [
    "-XX:TieredStopAtLevel=1",
    "-Duser.timezone=Asia/Ho_Chi_Minh",
    "-Duser.language=en",
    "-Dfile.encoding=UTF-8",
]


class JavaRosa:
    """One process; each command is answered by one line (Fill.java says which there are)."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def ask(self, *words: str) -> tuple[str, str]:
        """("ok" or "refused", what it says)."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write("\t".join(map(quote_plus, words)) + "\n")
        self._process.stdin.flush()
        verdict, _, said = self._process.stdout.readline().rstrip("\n").partition("\t")
        return verdict, unquote_plus(said)

    def must(self, *words: str) -> str:
        """As `ask`, where a refusal is a fault."""
        verdict, said = self.ask(*words)
        assert verdict == "ok", (words, said)
        return said


@contextmanager
def running() -> Iterator[JavaRosa]:
    """A process for as long as the block lasts; the test is skipped where no Java can compile, but not in CI."""
    command = ["java", *_OPTIONS, "-cp", ODK_VALIDATE_PATH, str(DRIVER)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    try:
        process = subprocess.Popen(command, text=True, encoding="utf-8", **pipes)
    except FileNotFoundError:
        _without("Java is not installed")
    try:
        java = JavaRosa(process)
        if java.ask("hello")[0] != "refused":
            _without("this Java cannot compile (default-jdk-headless can)")
        yield java
    finally:
        process.kill()
        process.communicate()


def _without(why: str) -> None:
    assert os.environ.get("CI") != "true", f"CI must compare with JavaRosa: {why}"
    pytest.skip(f"forms are not compared with JavaRosa here: {why}")
