"""The shapes of the API's JSON, as marshmallow schemas that also write the OpenAPI description."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

import marshmallow as ma

from server.errors import CommonProblem, Problem


class Day(ma.fields.Date):
    """A day as 2026-11-22; any other text is Problem DAY_UNREADABLE (422)."""

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> dt.date:
        try:
            return super()._deserialize(value, attr, data, **kwargs)
        except ma.ValidationError as error:
            raise Problem(CommonProblem.DAY_UNREADABLE, day=str(value)[:40]) from error


class ProblemSchema(ma.Schema):
    """What every error says."""

    code = ma.fields.String(required=True, metadata={"description": "Mã lỗi, không đổi giữa các phiên bản"})
    message = ma.fields.String(required=True, metadata={"description": "Câu tiếng Việt cho người đọc"})


class QuerySchema(ma.Schema):
    """What an address may ask; unknown parameters are ignored."""

    class Meta:
        unknown = ma.EXCLUDE


class AsOfSchema(QuerySchema):
    """Which day is asked for."""

    as_of = Day(
        load_default=None,
        metadata={
            "description": "Số liệu tính đến hết ngày này (giờ Việt Nam); bỏ trống là hôm nay, hay hôm qua với khóa "
            "không được đọc ngày đang chạy. Người chỉ được xem số tổng hợp nhận ngày Chủ nhật hoặc ngày cuối tháng "
            "gần nhất trước đó; `as_of` trong kết quả cho biết ngày nào."
        },
    )


class ChangesSinceSchema(QuerySchema):
    """From where on the feed is read."""

    after = ma.fields.Integer(
        load_default=0,
        validate=ma.validate.Range(0, 2**62),
        metadata={"description": "`next` của lần đọc trước; 0 là từ đầu."},
    )
    limit = ma.fields.Integer(
        load_default=200,
        validate=ma.validate.Range(1, 1000),
        metadata={"description": "Nhiều nhất bấy nhiêu thay đổi một lần."},
    )
    personal = ma.fields.Boolean(
        load_default=False,
        metadata={"description": "Kèm câu trả lời riêng tư, nếu người đọc được xem."},
    )


class ChangedSubmissionSchema(ma.Schema):
    """A submission as it is when it is read; `counts` false: rejected, replaced, or waiting for a decision."""

    id = ma.fields.Integer(required=True)
    instance_id = ma.fields.String(required=True)
    root_id = ma.fields.Integer(required=True, allow_none=True)
    replaced_by = ma.fields.Integer(required=True, allow_none=True)
    form = ma.fields.String(required=True)
    version = ma.fields.String(required=True)
    village = ma.fields.String(required=True, allow_none=True)
    household = ma.fields.String(required=True, allow_none=True)
    result = ma.fields.String(required=True, allow_none=True)
    observed_at = ma.fields.String(required=True)
    received_at = ma.fields.String(required=True)
    review = ma.fields.String(required=True)
    counts = ma.fields.Boolean(required=True)
    answers = ma.fields.Dict(required=True)


class ChangeSchema(ma.Schema):
    """`submission` tells one as it is now, `gone` and `deleted` that it is no longer there for this reader, `coverage`
    that a day is over whose sums can be asked for."""

    id = ma.fields.String(required=True)
    at = ma.fields.String(required=True)
    kind = ma.fields.String(required=True)
    submission_id = ma.fields.Integer()
    submission = ma.fields.Nested(ChangedSubmissionSchema, allow_none=True)
    commune = ma.fields.String()
    day = ma.fields.String()


class ChangesSchema(ma.Schema):
    """A part of the feed in its order. `next` is the `after` of the next reading; `is_last`: nothing more is there."""

    changes = ma.fields.List(ma.fields.Nested(ChangeSchema), required=True)
    next = ma.fields.String(required=True)
    is_last = ma.fields.Boolean(required=True)


class CommuneSchema(ma.Schema):
    """A xã, phường or đặc khu."""

    code = ma.fields.String(required=True)
    name = ma.fields.String(required=True)
    kind = ma.fields.String(required=True)
    valid_from = ma.fields.Date(required=True)
    valid_to = ma.fields.Date(allow_none=True)
    has_outline = ma.fields.Boolean(required=True)
    illustrative = ma.fields.Boolean(required=True, metadata={"description": "Ranh giới chỉ để minh họa"})


class CommunesSchema(ma.Schema):
    communes = ma.fields.List(ma.fields.Nested(CommuneSchema), required=True)


class FigureSchema(ma.Schema):
    """How many households, people and adults a thôn has, by which source."""

    day = ma.fields.Date(required=True)
    source = ma.fields.String(required=True)
    households = ma.fields.Integer(required=True)
    people = ma.fields.Integer(allow_none=True)
    adults = ma.fields.Integer(allow_none=True)


class VillageSchema(ma.Schema):
    """A thôn; `figure` is its newest, null where none is known."""

    code = ma.fields.String(required=True)
    name = ma.fields.String(required=True)
    valid_from = ma.fields.Date(required=True)
    valid_to = ma.fields.Date(allow_none=True)
    merged_into = ma.fields.String(allow_none=True)
    has_outline = ma.fields.Boolean(required=True)
    illustrative = ma.fields.Boolean(required=True)
    figure = ma.fields.Nested(FigureSchema, allow_none=True)


class CommuneKeySchema(ma.Schema):
    code = ma.fields.String(required=True)
    name = ma.fields.String(required=True)


class VillagesSchema(ma.Schema):
    commune = ma.fields.Nested(CommuneKeySchema, required=True)
    villages = ma.fields.List(ma.fields.Nested(VillageSchema), required=True)


class BesideSchema(ma.Schema):
    """What the survey alone, or the office alone, says of a figure."""

    current = ma.fields.Float(required=True, allow_none=True)
    met = ma.fields.Boolean(required=True, allow_none=True)
    state = ma.fields.String(required=True)
    words = ma.fields.String(required=True)


class ValueSchema(ma.Schema):
    """A value that an office reported for a period: a share or a number, and where it is taken from."""

    from_ = ma.fields.String(data_key="from", attribute="from", allow_none=True)
    to = ma.fields.String(required=True)
    numerator = ma.fields.Integer(allow_none=True)
    denominator = ma.fields.Integer(allow_none=True)
    value = ma.fields.Float(allow_none=True)
    source = ma.fields.String(required=True)
    note = ma.fields.String(allow_none=True)
    link = ma.fields.String(allow_none=True)


class PeriodSchema(ma.Schema):
    """A week, month or quarter of a figure counted by period; `met` null: nobody has told it, or it is hidden."""

    from_ = ma.fields.String(data_key="from", attribute="from", required=True)
    to = ma.fields.String(required=True)
    gone = ma.fields.Boolean(required=True)
    is_empty = ma.fields.Boolean(required=True, metadata={"description": "Kỳ không có phiếu nào."})
    value = ma.fields.Float(allow_none=True)
    met = ma.fields.Boolean(allow_none=True)


class PaceSchema(ma.Schema):
    """Households a week: needed until the deadline, and met in this week and the three before it, `since` a Monday."""

    left = ma.fields.Integer(allow_none=True)
    needed_a_week = ma.fields.Float(allow_none=True)
    recent_a_week = ma.fields.Float(required=True)
    since = ma.fields.String(allow_none=True)
    enough = ma.fields.Boolean(allow_none=True)


class TargetSchema(ma.Schema):
    """One figure of the plan: what was promised, what is known, and from whom."""

    id = ma.fields.String(required=True)
    section = ma.fields.String(required=True)
    label = ma.fields.String(required=True)
    wording = ma.fields.String(required=True)
    note = ma.fields.String(allow_none=True)
    indicator = ma.fields.String(allow_none=True)
    comparator = ma.fields.String(required=True)
    value = ma.fields.Float(required=True)
    unit = ma.fields.String(required=True)
    period = ma.fields.String(required=True)
    deadline = ma.fields.String(required=True)
    over_households = ma.fields.Boolean(required=True)
    over_all = ma.fields.Boolean(
        required=True, metadata={"description": "Tính trên tất cả số phải hỏi, kể cả chưa hỏi."}
    )
    how = ma.fields.String(required=True)
    office = ma.fields.String(allow_none=True)
    current = ma.fields.Float(allow_none=True, metadata={"description": "null: chưa có hoặc không hiện được"})
    gap = ma.fields.Float(allow_none=True)
    reach = ma.fields.Float(allow_none=True)
    met = ma.fields.Boolean(allow_none=True)
    state = ma.fields.String(
        required=True, validate=ma.validate.OneOf(("met", "on_track", "at_risk", "behind", "unknown"))
    )
    words = ma.fields.String(required=True)
    source = ma.fields.String(allow_none=True)
    estimate = ma.fields.Float(allow_none=True, metadata={"description": "Ước lượng cho cả xã, phần trăm."})
    low = ma.fields.Float(allow_none=True, metadata={"description": "Đầu khoảng 95 %."})
    high = ma.fields.Float(allow_none=True, metadata={"description": "Cuối khoảng 95 %."})
    method = ma.fields.String(allow_none=True)
    reported_at = ma.fields.String(allow_none=True)
    surveyed = ma.fields.Nested(BesideSchema, allow_none=True)
    reported = ma.fields.Nested(BesideSchema, allow_none=True)
    values = ma.fields.List(ma.fields.Nested(ValueSchema), required=True)
    periods = ma.fields.List(ma.fields.Nested(PeriodSchema), required=True)
    pace = ma.fields.Nested(PaceSchema, allow_none=True)


class TargetsSchema(ma.Schema):
    commune = ma.fields.Nested(CommuneKeySchema, required=True)
    as_of = ma.fields.String(required=True)
    targets = ma.fields.List(ma.fields.Nested(TargetSchema), required=True)


class BoundSchema(ma.Schema):
    comparator = ma.fields.String(required=True)
    percent = ma.fields.Float(required=True)


class CellSchema(ma.Schema):
    """An indicator in an area. `percent` null with `suppressed` null is unknown, never 0."""

    done = ma.fields.Integer(required=True, allow_none=True)
    of = ma.fields.Integer(required=True, allow_none=True)
    percent = ma.fields.Float(required=True, allow_none=True)
    reach = ma.fields.Float(required=True, allow_none=True)
    subjects = ma.fields.Integer(required=True, allow_none=True)
    suppressed = ma.fields.String(
        required=True, allow_none=True, validate=ma.validate.OneOf(("base", "part", "secondary"))
    )
    bound = ma.fields.Nested(BoundSchema, allow_none=True)
    percent_judged = ma.fields.Float(
        required=True,
        allow_none=True,
        metadata={"description": "Tỷ lệ trên tất cả số phải hỏi, ở chỉ tiêu tính trên tất cả."},
    )
    expected = ma.fields.Integer(
        required=True, allow_none=True, metadata={"description": "Số hộ, điểm, doanh nghiệp, thôn phải hỏi."}
    )
    state = ma.fields.String(
        allow_none=True,
        metadata={"description": "Của thôn; null khi không được nêu, hoặc không có chỉ tiêu."},
    )


class OwnTargetSchema(ma.Schema):
    id = ma.fields.String(required=True)
    comparator = ma.fields.String(required=True)
    value = ma.fields.Float(required=True)
    met = ma.fields.Boolean(required=True, allow_none=True)
    state = ma.fields.String(required=True)


class CoverageIndicatorSchema(CellSchema):
    code = ma.fields.String(required=True)
    label = ma.fields.String(required=True)
    unit = ma.fields.String(required=True)
    kind = ma.fields.String(required=True)
    self_of = ma.fields.String(
        metadata={"description": "Có mặt khi người dân tự trả lời (áp phích): mã chỉ tiêu mà tổ hỏi tại nhà."}
    )
    estimate = ma.fields.Float(
        required=True, allow_none=True, metadata={"description": "Ước lượng cho cả xã, phần trăm."}
    )
    low = ma.fields.Float(required=True, allow_none=True, metadata={"description": "Đầu khoảng 95 %."})
    high = ma.fields.Float(required=True, allow_none=True, metadata={"description": "Cuối khoảng 95 %."})
    method = ma.fields.String(
        required=True, allow_none=True, validate=ma.validate.OneOf(("stratified_ratio", "wilson"))
    )
    target = ma.fields.Nested(OwnTargetSchema, required=True, allow_none=True)


class CoverageVillageSchema(CommuneKeySchema):
    households = ma.fields.Integer(required=True, allow_none=True)
    visited = ma.fields.Integer(required=True, allow_none=True)
    indicators = ma.fields.Dict(keys=ma.fields.String(), values=ma.fields.Nested(CellSchema), required=True)


class HouseholdsSourceSchema(ma.Schema):
    date = ma.fields.String(required=True)
    source = ma.fields.String(required=True)


class CoverageSchema(ma.Schema):
    """The coverage of a commune on a day (R16); the API sends it as geo.compute_coverage writes it."""

    commune = ma.fields.Nested(CommuneKeySchema, required=True)
    as_of = ma.fields.String(required=True)
    received_until = ma.fields.String(
        required=True, allow_none=True, metadata={"description": "Giờ nhận phiếu mới nhất, không kể phút."}
    )
    households = ma.fields.Integer(required=True, allow_none=True)
    households_source = ma.fields.Nested(HouseholdsSourceSchema, required=True, allow_none=True)
    visited = ma.fields.Integer(required=True, allow_none=True)
    indicators = ma.fields.List(ma.fields.Nested(CoverageIndicatorSchema), required=True)
    villages = ma.fields.List(ma.fields.Nested(CoverageVillageSchema), required=True)
