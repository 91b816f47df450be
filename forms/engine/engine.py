"""A phone's form engine without the phone: fills a published XForm as ODK Collect does and writes what it sends."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import uuid4

from forms.engine.compile_form import FillableForm, OfferedChoice, read
from forms.engine.fill_visit import AnswerProblem, Filling
from forms.engine.java_dates import ZONE as HANOI
from forms.engine.typed_answer import AnswerRefused
from forms.engine.unfillable import Unfillable

__all__ = [
    "HANOI",
    "AnswerProblem",
    "AnswerRefused",
    "Fillable",
    "Filling",
    "OfferedChoice",
    "Unfillable",
    "open_form",
    "refusal",
]


@dataclass(frozen=True)
class Fillable:
    """A form opened with its files; any number of visits may be filled from it, at once too."""

    form: FillableForm

    def start(
        self,
        now: datetime | None = None,
        device: str = "collect:tungnha000000000",
        uuid: Callable[[], str] | None = None,
    ) -> Filling:
        """Begin a visit at `now` (with zone; default the present) on `device`."""
        return Filling(self.form, now or datetime.now(HANOI), device, uuid or _random).begin()


def open_form(
    xform: bytes, media: Mapping[str, bytes] | None = None, uuid: Callable[[], str] | None = None
) -> Fillable:
    """Open a published XForm with its external files (name → bytes).

    `uuid` names the branches of the entities in the lists (E8). Raises Unfillable where Collect could not
    open the form (C23, C27).
    """
    form = read(xform, media or {}, uuid or _random)
    _ = form.order, form.readers, form.places
    return Fillable(form)


def refusal(xform: bytes, media: Mapping[str, bytes] | None = None) -> str | None:
    """Why phones would not open a blank visit of this form, or this engine cannot; None where they open it."""
    try:
        open_form(xform, media).start()
    except Unfillable as wrong:
        return str(wrong)
    return None


def _random() -> str:
    return str(uuid4())
