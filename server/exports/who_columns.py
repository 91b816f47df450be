"""The columns that say whose submission a row is, in the words of each preset (X1, X8, X15)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from server.exports.disarmed_cells import guarded
from server.exports.presets import CENTRAL, KOBO, ExportWish, Preset
from server.exports.select_submissions import NamesByKey, Who
from server.review import submission_states

# where the columns of `select_submissions.statement` stand, and after them what `beside_rows.filled` adds
(
    ID, INSTANCE, ANSWERS, VILLAGE, OBSERVED, RECEIVED, COLLECTOR, REVIEW, VERSION, DEVICE, ENTITY, QUARANTINE,
    REPLACED, ROOT, MISSING, NAMES, FIRST,
) = range(17)  # fmt: skip

_EXCEL_FRONT = ("_thon_ma", "_thon", "_thoi_diem", "_nhan_luc", "_nguoi_khao_sat")
_EXCEL_TAIL = ("_doi_tuong", "_trang_thai", "_phien_ban", "_ma_phieu", "_id", "_index")
WORDS = {
    "_thon_ma": "Mã thôn",
    "_thon": "Thôn (nơi tính)",
    "_thoi_diem": "Thời điểm khảo sát (UTC+7)",
    "_nhan_luc": "Máy chủ nhận lúc (UTC+7)",
    "_nguoi_khao_sat": "Người khảo sát",
    "_doi_tuong": "Mã hộ, điểm",
    "_trang_thai": "Tình trạng phiếu",
    "_phien_ban": "Phiên bản phiếu",
    "_ma_phieu": "Mã phiếu",
    "_id": "Số phiếu",
    "_index": "Dòng",
    "_da_cat": "Cột có câu trả lời bị cắt vì quá dài",
}
CUT = "_da_cat"
"""The column of a workbook that names what did not fit in a cell (X16)."""
_CENTRAL_TAIL = (
    "meta-instanceID", "KEY", "SubmitterID", "SubmitterName", "AttachmentsPresent", "AttachmentsExpected", "Status",
    "ReviewState", "DeviceID", "Edits", "FormVersion",
)  # fmt: skip
_KOBO_TAIL = (
    "_id", "_uuid", "_submission_time", "_validation_status", "_notes", "_status", "_submitted_by", "__version__",
    "_tags", "meta/rootUuid", "_index",
)  # fmt: skip
_CENTRAL_STATES = {"approved": "approved", "rejected": "rejected", "has_issues": "hasIssues", "received": ""}
KOBO_STATES = {
    "approved": "validation_status_approved",
    "rejected": "validation_status_not_approved",
    "has_issues": "validation_status_on_hold",
    "received": "",
}
KOBO_LABELS = {"approved": "Approved", "rejected": "Not Approved", "has_issues": "On Hold", "received": ""}
"""What Kobo's people read instead of a state's uid (X10)."""
NOBODY = Who(0, "", "")


@dataclass(frozen=True)
class Identity:
    """Front and tail of the rows of one preset."""

    preset: Preset
    labels: bool
    known: NamesByKey

    @property
    def front(self) -> tuple[str, ...]:
        if self.preset.name == CENTRAL.name:
            return ("SubmissionDate",)
        return () if self.preset.name == KOBO.name else self._named(_EXCEL_FRONT)

    @property
    def tail(self) -> tuple[str, ...]:
        if self.preset.name == CENTRAL.name:
            return _CENTRAL_TAIL
        return _KOBO_TAIL if self.preset.name == KOBO.name else self._named(_EXCEL_TAIL)

    @property
    def repeat_tail(self) -> tuple[str, ...]:
        """What ends the rows of repeats, and leads back to the row that they stand in."""
        if self.preset.name == CENTRAL.name:
            return ("PARENT_KEY", "KEY")
        if self.preset.name == KOBO.name:
            below = [f"_submission_{name}" for name in _KOBO_TAIL[:-1]]
            return ("_index", "_parent_table_name", "_parent_index", *below)
        return ("_index", "_parent_table_name", "_parent_index", "_ma_phieu")

    @property
    def main_names(self) -> tuple[str, ...]:
        """All headers of the main table that are no question's."""
        return (*self.front, *self.tail, self.named(CUT))

    @property
    def round_names(self) -> tuple[str, ...]:
        """All headers of a repeat's table that are no question's."""
        return (*self.repeat_tail, self.named(CUT))

    def _named(self, names: Sequence[str]) -> tuple[str, ...]:
        return tuple(WORDS[name] for name in names) if self.labels else tuple(names)

    def named(self, name: str) -> str:
        """One of our own columns as this export calls it."""
        return self._named((name,))[0]

    def before(self, row: Sequence[Any]) -> list[Any]:
        if self.preset.name == CENTRAL.name:
            return [row[RECEIVED]]
        if self.preset.name == KOBO.name:
            return []
        code, name = self.known.villages.get(row[VILLAGE], ("", ""))
        who = self.known.collectors.get(row[COLLECTOR], NOBODY).name
        if self.preset.guards:
            name, who = guarded(name), guarded(who)
        return [code, name, row[OBSERVED], row[RECEIVED], who]

    def after(self, row: Sequence[Any], index: int) -> list[Any]:
        if self.preset.name == CENTRAL.name:
            return self._central(row)
        if self.preset.name == KOBO.name:
            return self._kobo(row, index)
        entity = row[ENTITY]
        return [str(entity) if entity else None, state(row), row[VERSION], row[INSTANCE], row[ID], index]

    def _central(self, row: Sequence[Any]) -> list[Any]:
        who = self.known.collectors.get(row[COLLECTOR], NOBODY)
        there, missing = len(row[NAMES]), len(row[MISSING] or ())
        return [
            row[INSTANCE], row[INSTANCE], who.id or None, who.name, there, there + missing, None,
            _CENTRAL_STATES[row[REVIEW]], row[DEVICE], int(row[ROOT] is not None), row[VERSION],
        ]  # fmt: skip

    def _kobo(self, row: Sequence[Any], index: int) -> list[Any]:
        return [*self._kobo_names(row), index]

    def _kobo_names(self, row: Sequence[Any]) -> list[Any]:
        who = self.known.collectors.get(row[COLLECTOR], NOBODY).username
        states = KOBO_LABELS if self.labels else KOBO_STATES
        return [
            row[ID], row[INSTANCE].removeprefix("uuid:"), row[RECEIVED][:19], states[row[REVIEW]], None,
            "submitted_via_web", who, row[VERSION], None, row[FIRST] or row[INSTANCE],
        ]  # fmt: skip

    def below(
        self, row: Sequence[Any], index: int, parent: str, parent_index: int, keys: tuple[str, str]
    ) -> list[Any]:
        """The tail of a round of a repeat; `keys` are its parent's and its own."""
        if self.preset.name == CENTRAL.name:
            return list(keys)
        if self.preset.name == KOBO.name:
            return [index, parent, parent_index, *self._kobo_names(row)]
        return [index, parent, parent_index, row[INSTANCE]]


def identity(wish: ExportWish, known: NamesByKey) -> Identity:
    """The columns of a wish."""
    return Identity(wish.preset, wish.labels, known)


def state(row: Sequence[Any]) -> str:
    """What became of a submission, in words."""
    return submission_states.whole_word(
        row[REVIEW], is_aside=row[QUARANTINE] is not None, is_replaced=row[REPLACED] is not None
    )
