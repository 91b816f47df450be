"""Plans that people bring, read as every file from outside is: by the reading process, before anything is locked."""

from pathlib import Path

from forms import plans
from forms.yaml_parts import PlanError, PlanRejected
from server.files import reading_process
from server.files.reading_process import Stopped

_REMEDY = "Hãy bớt nội dung của tệp."


def read(source: bytes | Path) -> plans.PlanFile:
    """A plan of YAML, or of its file. Raises PlanRejected: all lines that are wrong, or why it was not read."""
    try:
        return reading_process.read(plans.load, source.absolute() if isinstance(source, Path) else source)
    except Stopped as stopped:
        raise PlanRejected([PlanError("", 1, stopped.sentence(_REMEDY))]) from stopped
