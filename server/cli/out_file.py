"""A file that a command writes: whole under its name, or not there."""

from collections.abc import Callable
from pathlib import Path

from server.cli.groups import refuse


def replace(out: Path, write: Callable[[Path], object]) -> None:
    """Write beside the file and put it in its place when it is whole: a reader meanwhile has the old one, and so
    does everybody where the disk was full. Refuses with what the disk says.
    """
    half = out.with_name(f".{out.stem}.dang-viet{out.suffix}")
    try:
        write(half)
        half.replace(out)
    except OSError as error:
        refuse(f"{out}: không ghi được tệp ({error.strerror or error}).", cause=error)
    finally:
        half.unlink(missing_ok=True)


def write(out: Path, content: bytes) -> None:
    """The same with what is ready."""
    replace(out, lambda path: path.write_bytes(content))
