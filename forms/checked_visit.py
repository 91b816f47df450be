"""Which of its form's own checks a visit meets: conditions worked out over the answers as they were sent."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from forms.check import empty_form_files
from forms.check.formulas import REFERENCE
from forms.definition import Definition
from forms.engine.correction import Correction
from forms.engine.engine import Fillable, Filling, open_form
from forms.engine.expression import Expression, compile_expression
from forms.engine.unfillable import TooMuch, Unfillable
from forms.visit_checks import VisitCheck


@dataclass(frozen=True)
class PreparedChecks:
    """The checks of one version of a form, compiled once for all its visits."""

    opened: Fillable
    checks: tuple[tuple[VisitCheck, Expression], ...]

    def met(self, sent: bytes, now: datetime) -> Mapping[str, bool]:
        """By code whether a visit, as its phone sent it, is doubtful; without those that cannot be worked out, and
        without those after one that asks for too much.

        `now` is the moment of the visit. Unfillable for what is no visit of this form, or is sealed.
        """
        return dict(self._each(Correction(self.opened.form, sent, now)))

    def met_by_nothing(self) -> Mapping[str, bool]:
        """The same of a blank visit: a check that is met by it suspects everybody who was not at home."""
        return dict(self._each(self.opened.start()))

    def _each(self, filling: Filling) -> Iterator[tuple[str, bool]]:
        for check, condition in self.checks:
            try:
                yield check.code, condition.truth(filling, filling.root)
            except TooMuch:
                return  # what follows may take as long: a check without an end is paid for once in a visit
            except Unfillable:
                continue


def prepare(xform: bytes, definition: Definition) -> PreparedChecks:
    """Compile a version's checks; Unfillable where phones could not open the form, or a condition is malformed."""
    opened = open_form(xform, empty_form_files.empty(definition))
    paths = {name: found[0] for name, found in opened.form.names.items()}
    compiled = (
        (check, compile_expression(_resolved(check.condition, paths.__getitem__), opened.form.root))
        for check in definition.checks
    )
    return PreparedChecks(opened, tuple(compiled))


def _resolved(condition: str, path_of: Callable[[str], str]) -> str:
    """With a path in place of each ${name}; Unfillable for a name that the form does not have."""
    try:
        return REFERENCE.sub(lambda found: f" {path_of(found[1].strip())} ", condition)
    except KeyError as unknown:
        raise Unfillable(f"biểu mẫu không có câu “{unknown.args[0]}”") from unknown
