"""What a question's answer says about people, guessed from its type and its words, for an officer to confirm."""

import dataclasses
import re
from collections.abc import Mapping

from forms.answer_layout import POINT_KINDS
from forms.definition import NONE, PERSONAL, SENSITIVE, Definition, Field
from forms.plain_words import unaccented

# Words as `unaccented` writes them: small letters without marks.
_SENSITIVE = re.compile(
    r"\b(cccd|cmnd|can cuoc|chung minh|dinh danh|mat khau|vneid tai khoan|tai khoan ngan hang|so tai khoan|"
    r"suc khoe|benh|khuyet tat|ton giao|dan toc|dang vien|tien an|khuon mat|van tay)\b"
)
_PERSONAL = re.compile(
    r"\b(ho ten|ho va ten|ten nguoi|ten chu ho|chu ho|nguoi dai dien|dien thoai|sdt|email|thu dien tu|zalo|facebook|"
    r"dia chi|so nha|ngay sinh|nam sinh|gioi tinh|nghe nghiep|bien so)\b"
)
_NO_ANSWER = frozenset({"note", "meta", "calculate"})
CLASSES = (NONE, PERSONAL, SENSITIVE)


def asked(definition: Definition) -> tuple[Field, ...]:
    """The questions whose answers a person gives, in the form's order."""
    return tuple(each for each in definition.fields if each.kind not in _NO_ANSWER)


def guessed(definition: Definition) -> Mapping[str, str]:
    """Path → class: what the form's column `phan_loai` says, else what type and words suggest."""
    return {each.path: _guess(each, definition) for each in asked(definition)}


def _guess(question: Field, definition: Definition) -> str:
    if question.sensitivity != NONE:
        return question.sensitivity
    of_people = definition.about_households
    if question.kind in POINT_KINDS:
        # the place of a person found by satellite is sensitive by law, that of a loudspeaker is not
        return SENSITIVE if of_people else NONE
    words = unaccented(f"{question.name.replace('_', ' ')} {question.label}")
    if question.kind in {"select_one", "select_multiple", "integer", "decimal"}:
        return SENSITIVE if _SENSITIVE.search(words) and question.kind in {"integer", "decimal"} else NONE
    if _SENSITIVE.search(words):
        return SENSITIVE
    if _PERSONAL.search(words) or (of_people and question.kind == "binary"):
        return PERSONAL
    return NONE


def is_personal(words: str) -> bool:
    """Whether words, small and without marks (`unaccented`), speak of something that is about one person."""
    return bool(_SENSITIVE.search(words) or _PERSONAL.search(words))


def confirmed(definition: Definition, classes: Mapping[str, str]) -> Definition:
    """The definition with the classes that an officer has confirmed; other questions keep theirs."""
    fields = tuple(
        dataclasses.replace(each, sensitivity=classes.get(each.path, each.sensitivity))
        for each in definition.fields
    )
    return dataclasses.replace(definition, fields=fields)
