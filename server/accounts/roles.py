"""The roles of persons who sign in, the rights each has, and who looks after whose account."""

from collections.abc import Mapping
from enum import StrEnum

ROLES: Mapping[str, str] = {
    "admin": "Quản trị hệ thống",
    "city": "Thành phố (Sở Khoa học và Công nghệ)",
    "officer": "Cán bộ Phòng Văn hóa - Xã hội",
    "leader": "Lãnh đạo xã, phường",
    "team_leader": "Tổ trưởng Tổ công nghệ số cộng đồng",
    "reviewer": "Người soát phiếu",
}
CITY_WIDE = frozenset({"admin", "city"})
"""Roles that belong to no commune; all others need one (R24)."""


class Right(StrEnum):
    """What a person may do, each a verb and its object; a view names the one it needs."""

    READ_SUMS = "sums.read"
    COMPARE_COMMUNES = "communes.compare"
    READ_SUBMISSIONS = "submissions.read"
    """Single submissions, without the labels of households where no further right gives them."""
    READ_LABELS = "labels.read"
    """Households by name and address, and small cells with them, in the whole commune."""
    REVIEW = "submissions.review"
    REVIEW_FIRST = "submissions.review_first"
    """What waits of one's own thôn, before the office looks at it."""
    SET_REVIEW = "submissions.set_review"
    """Whether leaders look first, and what is held by chance."""
    CORRECT = "submissions.correct"
    READ_DOUBTS = "doubts.read"
    """What is doubtful and what to do about it, in their commune or their thôn."""
    SET_CHECKS = "checks.set"
    """Whether checks of forms ask teams by themselves."""
    EXPORT_SUBMISSIONS = "submissions.export"
    MANAGE_HOOKS = "hooks.manage"
    """Which other systems are sent the commune's submissions."""
    LEAD_TEAM = "team.lead"
    PLAN_WALKS = "walks.plan"
    """Who walks which part of a thôn."""
    READ_DIFFICULTIES = "difficulties.read"
    ANSWER_DIFFICULTIES = "difficulties.answer"
    MANAGE_HOUSEHOLDS = "households.manage"
    DRAW_SAMPLES = "samples.draw"
    """Which households are asked first, and what they say of each thôn."""
    MANAGE_COLLECTORS = "collectors.manage"
    MANAGE_POSTERS = "posters.manage"
    """Posters by which citizens answer, and whether their answers are judged by a target."""
    MANAGE_FORMS = "forms.manage"
    PUBLISH_TO_CITY = "forms.publish_to_city"
    MANAGE_BOUNDARIES = "boundaries.manage"
    PREPARE_COMMUNE = "commune.prepare"
    """Thôn, numbers of households, plan and other tables that a commune begins with."""
    OPEN_COMMUNES = "communes.open"
    """Which communes there are."""
    REPORT_FIGURES = "figures.report"
    MOVE_TASKS = "tasks.move"
    ISSUE_REPORTS = "reports.issue"
    READ_REQUESTS = "requests.read"
    HANDLE_REQUESTS = "requests.handle"
    NOTE_BREACHES = "breaches.note"
    MANAGE_PEOPLE = "people.manage"
    MANAGE_TOKENS = "tokens.manage"
    READ_AUDIT = "audit.read"
    READ_STATUS = "status.read"


_EVERYONE = frozenset(ROLES)
_OFFICE = frozenset({"officer"})

MAY: Mapping[Right, frozenset[str]] = {
    Right.READ_SUMS: _EVERYONE,
    Right.COMPARE_COMMUNES: frozenset({"admin", "city"}),
    Right.READ_SUBMISSIONS: frozenset({"officer", "team_leader", "reviewer"}),
    Right.READ_LABELS: _OFFICE,
    Right.REVIEW: frozenset({"officer", "reviewer"}),
    Right.REVIEW_FIRST: frozenset({"officer", "team_leader"}),
    Right.SET_REVIEW: _OFFICE,
    Right.CORRECT: _OFFICE,
    Right.READ_DOUBTS: frozenset({"officer", "team_leader", "reviewer"}),
    Right.SET_CHECKS: _OFFICE,
    Right.EXPORT_SUBMISSIONS: _OFFICE,
    Right.MANAGE_HOOKS: _OFFICE,
    Right.LEAD_TEAM: frozenset({"officer", "team_leader"}),
    Right.PLAN_WALKS: frozenset({"officer", "team_leader"}),
    Right.READ_DIFFICULTIES: frozenset({"officer", "team_leader"}),
    Right.ANSWER_DIFFICULTIES: _OFFICE,
    Right.MANAGE_HOUSEHOLDS: _OFFICE,
    Right.DRAW_SAMPLES: _OFFICE,
    Right.MANAGE_COLLECTORS: _OFFICE,
    Right.MANAGE_POSTERS: _OFFICE,
    Right.MANAGE_FORMS: frozenset({"officer", "city"}),
    Right.PUBLISH_TO_CITY: frozenset({"city"}),
    Right.MANAGE_BOUNDARIES: _OFFICE,
    Right.PREPARE_COMMUNE: _OFFICE,
    Right.OPEN_COMMUNES: frozenset({"admin", "city"}),
    Right.REPORT_FIGURES: _OFFICE,
    Right.MOVE_TASKS: _OFFICE,
    Right.ISSUE_REPORTS: _OFFICE,
    Right.READ_REQUESTS: frozenset({"officer", "admin"}),
    Right.HANDLE_REQUESTS: _OFFICE,
    Right.NOTE_BREACHES: frozenset({"officer", "admin"}),
    Right.MANAGE_PEOPLE: frozenset({"admin", "city", "officer"}),
    Right.MANAGE_TOKENS: frozenset({"admin", "city", "officer"}),
    Right.READ_AUDIT: frozenset({"admin"}),
    Right.READ_STATUS: frozenset({"admin"}),
}
"""Which roles have a right; where it reaches (own commune, own thôn) is the view's to check."""

MANAGES: Mapping[str, frozenset[str]] = {
    "admin": frozenset({"admin", "city", "officer", "leader", "team_leader", "reviewer"}),
    "city": frozenset({"officer"}),
    "officer": frozenset({"leader", "team_leader", "reviewer"}),
}
"""Whose accounts a role looks after, and so the roles it may give; an officer those of their own commune alone."""


def given_by(roles: frozenset[str]) -> frozenset[str]:
    """The roles that somebody with these roles may give."""
    return frozenset[str]().union(*(MANAGES.get(each, frozenset()) for each in roles))
