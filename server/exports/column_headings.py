"""What stands at the head of a column: name or label, with or without the groups around it (X1, X3, X4, X15)."""

from collections.abc import Iterator

from forms.definition import Choice, Field
from server.exports.disarmed_cells import guarded
from server.exports.presets import CENTRAL, KOBO, ExportWish


def of(field: Field, wish: ExportWish) -> str:
    """The header of a question's own column."""
    return _guarded(wish, _joined(wish, [*_groups(field, wish), _own(field, wish)]))


def of_choice(header: str, choice: Choice, wish: ExportWish) -> str:
    """The header of one choice of a question that has several answers; Central always writes `/` (X4, X15)."""
    separator = "/" if wish.preset.name == CENTRAL.name else wish.separator
    return f"{header}{separator}{' '.join(wish.word(choice.labels, choice.name).split())}"


def of_point(field: Field, wish: ExportWish) -> Iterator[str]:
    """The header of a point as a whole, then those of its four parts.

    Kobo writes the groups before the parts, never before the whole (X1).
    """
    groups, own = list(_groups(field, wish)), _own(field, wish)
    whole = own if wish.preset.name == KOBO.name else _joined(wish, [*groups, own])
    yield _guarded(wish, whole)
    for name in wish.preset.point_names:
        yield _guarded(wish, _joined(wish, [*groups, name.format(own)]))


def _own(field: Field, wish: ExportWish) -> str:
    return " ".join(wish.word(field.labels, field.name).split())


def _groups(field: Field, wish: ExportWish) -> Iterator[str]:
    """The groups around a question, outermost first; none where its header is its own name."""
    wanted = bool(wish.preset.path_separator) if wish.groups is None else wish.groups
    if not wanted and field.path not in wish.shared:
        return
    path = ""
    for name in field.path.split("/")[:-1]:
        path = f"{path}/{name}" if path else name
        yield " ".join(wish.word(wish.group_labels.get(path, {}), name).split())


def _joined(wish: ExportWish, parts: list[str]) -> str:
    return (wish.preset.path_separator or wish.separator).join(parts)


def _guarded(wish: ExportWish, header: str) -> str:
    return guarded(header) if wish.preset.guards else header
