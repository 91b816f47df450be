"""What questions and answers are called, for SPSS, beside a CSV of names and codes: a file for each language (K15)."""

import io
import re
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import replace

from forms.definition import Definition, Field
from server.exports import column_headings, form_columns
from server.exports.presets import SUMMARY, ExportWish
from server.exports.stream_submissions import Export

_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9_.@#$]")
LONGEST_NAME, LONGEST_LABEL, LONGEST_ANSWER = 64, 180, 120
"""Bytes of UTF-8. SPSS takes 256 of a question's label; a line of commands has no more in all."""


def zipped(export: Export) -> Iterator[bytes]:
    """A zip of `<title> - <language> - SPSS labels.sps`, as Kobo names them; of the main table, as the CSV is."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for language in export.form.languages or ("",):
            name = " - ".join(filter(None, (export.form.title, language, "SPSS labels")))
            archive.writestr(f"{name.replace('/', '-')}.sps", syntax(export.form, export.wish, language))
    yield file.getvalue()


def syntax(form: Definition, wish: ExportWish, language: str = "") -> str:
    """The commands that name questions and answers in a language; "" is the form's first."""
    named = replace(wish, labels=True, language=language)
    asked = [
        field
        for field in form_columns.shown(form, wish)
        if field.repeat is None and field.kind not in form_columns.UNSEEN
    ]
    variables = [line for field in asked for line in _variables(field, wish, named)]
    answers = [lines for field in asked if (lines := _answers(field, wish, named))]
    parts = ["* Encoding: UTF-8."]
    parts += ["VARIABLE LABELS", "\n /".join([f" {variables[0]}", *variables[1:]]) + "."] if variables else []
    parts += ["VALUE LABELS", "\n /".join([f" {answers[0]}", *answers[1:]]) + "."] if answers else []
    return "\n".join(parts) + "\n"


def _variables(field: Field, codes: ExportWish, named: ExportWish) -> Iterator[str]:
    """A question's own column, and one for each choice where the CSV has such."""
    header, label = column_headings.of(field, codes), named.word(field.labels, field.name)
    yield f"{_name(header)} {_quoted(label, LONGEST_LABEL)}"
    if field.kind == "select_multiple" and codes.splits != SUMMARY:
        for choice in field.choices:
            word = f"{label}: {named.word(choice.labels, choice.name)}"
            yield f"{_name(column_headings.of_choice(header, choice, codes))} {_quoted(word, LONGEST_LABEL)}"


def _answers(field: Field, codes: ExportWish, named: ExportWish) -> str:
    """What each answer of a question with one answer is called; "" for another question."""
    if field.kind != "select_one":
        return ""
    said: Mapping[str, str] = {
        choice.name: named.word(choice.labels, choice.name) for choice in field.choices
    }
    said = {**named.lists.get(field.path, {}), **said}
    lines = [
        f"\n  {_quoted(code, LONGEST_ANSWER)} {_quoted(label, LONGEST_ANSWER)}"
        for code, label in said.items()
    ]
    return _name(column_headings.of(field, codes)) + "".join(lines) if lines else ""


def _name(header: str) -> str:
    """The column as SPSS calls it when it reads the CSV: letters, digits and few signs, a letter or @ first."""
    name = _NOT_IN_NAMES.sub("_", header)
    return (name if name[:1].isalpha() else f"@{name}")[:LONGEST_NAME]


def _quoted(text: str, longest: int) -> str:
    """A text of SPSS, cut between letters."""
    short = " ".join(text.split()).encode()[:longest].decode(errors="ignore")
    return "'" + short.replace("'", "''") + "'"
