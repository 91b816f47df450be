"""The roles of persons who sign in, and who looks after whose account."""

from collections.abc import Mapping

ROLES: Mapping[str, str] = {
    "admin": "Quản trị hệ thống",
    "city": "Thành phố (Sở Khoa học và Công nghệ)",
    "officer": "Cán bộ Phòng Văn hóa - Xã hội",
    "leader": "Lãnh đạo xã, phường",
    "team_leader": "Tổ trưởng Tổ công nghệ số cộng đồng",
    "reviewer": "Người soát phiếu",
}
CITY_WIDE = frozenset({"admin", "city"})
"""Roles that belong to no commune; all others need one (DESIGN 1, 7)."""

MANAGES: Mapping[str, frozenset[str]] = {
    "admin": frozenset({"admin", "city", "officer", "leader", "team_leader", "reviewer"}),
    "city": frozenset({"officer"}),
    "officer": frozenset({"leader", "team_leader", "reviewer"}),
}
"""Whose accounts a role looks after, and so the roles it may give; an officer those of his own commune alone."""


def given_by(roles: frozenset[str]) -> frozenset[str]:
    """The roles that somebody with these roles may give."""
    return frozenset[str]().union(*(MANAGES.get(each, frozenset()) for each in roles))
