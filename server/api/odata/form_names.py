"""What filters of a form's tables may name, and how a literal becomes a value that is compared with answers (O16)."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from forms.definition import Definition
from server import clock
from server.answers.answer_sql import NUMBERS
from server.answers.expression import AnswerAt, Key, Own
from server.api.odata.filter_text import TableNames
from server.api.odata.form_rows import STATES
from server.api.odata.form_tables import ODataTable
from server.api.odata.made_columns import MadeColumn, WordedCode
from server.api.odata.odata_problems import ODataProblem
from server.errors import Problem
from server.exports.select_submissions import NamesByKey

SYSTEM: Mapping[str, Key] = {
    "__id": Own.ROOT,
    "__system/submissionDate": Own.RECEIVED,
    "__system/updatedAt": Own.RECEIVED,
    "__system/submitterId": Own.COLLECTOR,
    "__system/reviewState": Own.REVIEW,
    "__system/deviceId": Own.DEVICE,
    "__system/formVersion": Own.VERSION,
    "__system/deletedAt": AnswerAt(""),
    "__system/status": AnswerAt(""),
}
"""Of every submission; nothing that is deleted or was not deciphered is told, so that was answered by nobody."""
SUBMITTER: Mapping[str, Key] = {"__system/submitterName": AnswerAt("=submitterName")}
"""What filters know beside these, and no order: collectors are kept by their user names."""
OF_ROOT = "$root/Submissions/"


def of_root(table: ODataTable) -> dict[str, Key]:
    """The fields of a submission."""
    return {**SYSTEM, **{each.address: AnswerAt(each.path) for each in table.fields}}


def filters_of_root(table: ODataTable) -> dict[str, Key]:
    """What a filter may name of a submission."""
    return {**of_root(table), **SUBMITTER}


def made(known: NamesByKey) -> dict[Key, MadeColumn]:
    """The columns of a submission that are made of others."""
    people = {who.username: who.name for who in known.collectors.values()}
    return {key: WordedCode(Own.COLLECTOR, people) for key in SUBMITTER.values()}


def of_rounds(table: ODataTable, root: ODataTable) -> dict[str, Key]:
    """The fields of a round, and those of its submission as Central calls them there."""
    own: dict[str, Key] = {each.address: AnswerAt(each.path) for each in table.fields}
    return own | {f"{OF_ROOT}{name}": key for name, key in filters_of_root(root).items()}


def names(keys: Mapping[str, Key], form: Definition, known: NamesByKey) -> TableNames:
    """These fields, with the states and collectors of submissions in Central's words."""
    kinds = {each.path: each.kind for each in form.fields}
    states = {word: state for state, word in STATES.items() if word}
    people = {str(key): who.username for key, who in known.collectors.items()}

    def read(key: Key, value: Any) -> Any:
        if isinstance(key, AnswerAt):
            return _of_answer(value, kinds.get(key.path, ""))
        if key in (Own.RECEIVED, Own.OBSERVED):
            return _moment(value)
        if key is Own.REVIEW:
            return states.get(str(value), str(value))
        return people.get(str(value), str(value)) if key is Own.COLLECTOR else str(value)

    return TableNames(keys, read, {Own.REVIEW: "received"})


def _of_answer(value: Any, kind: str) -> Any:
    """As answers are kept: a moment as a phone of here writes it, anything else that is no number as text."""
    is_number = kind in NUMBERS
    if isinstance(value, dt.datetime) and kind == "date":
        return _day(value).isoformat()
    if isinstance(value, dt.datetime):
        return value.astimezone(clock.LOCAL).isoformat(timespec="milliseconds")
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, bool):
        return str(value).lower()
    if is_number and isinstance(value, str):
        return _number(value)
    return value if is_number or isinstance(value, str) else str(value)


def _day(value: dt.datetime) -> dt.date:
    """The day that begins then, in whichever zone it is written; Problem OPTION_WRONG where none begins."""
    if value.time() != dt.time():
        told = value.isoformat(timespec="seconds")
        raise Problem(
            ODataProblem.OPTION_WRONG,
            option="$filter",
            why=f"trường này chỉ có ngày, không so được với {told}",
        )
    return value.date()


def _number(text: str) -> Any:
    for read in (int, float):
        try:
            return read(text)
        except ValueError:
            continue
    return text


def _moment(value: Any) -> dt.datetime:
    if isinstance(value, dt.datetime):
        return value
    if isinstance(value, dt.date):
        return dt.datetime.combine(value, dt.time(), dt.UTC)
    raise Problem(ODataProblem.OPTION_WRONG, option="$filter", why=f"“{str(value)[:40]}” không phải ngày giờ")
