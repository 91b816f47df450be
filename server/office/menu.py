"""The menu of every page: what there is, for whom, and where the reader stands."""

from dataclasses import dataclass
from typing import Any

from flask import current_app, request, url_for

from server.accounts import access
from server.accounts.roles import Right
from server.errors import Problem


@dataclass(frozen=True)
class MenuEntry:
    """A page in a menu: its view, its name, the right to open it, and whether it is a commune's (has a `code`)."""

    endpoint: str
    label: str
    right: Right
    of_commune: bool = True


READING = (
    MenuEntry("dashboards.city", "Thành phố", Right.COMPARE_COMMUNES, of_commune=False),
    MenuEntry("team.villages", "Hôm nay", Right.LEAD_TEAM),
    MenuEntry("dashboards.commune", "Tổng quan", Right.READ_SUMS),
    MenuEntry("dashboards.targets", "Chỉ tiêu", Right.READ_SUMS),
    MenuEntry("dashboards.commune_map", "Bản đồ", Right.READ_SUMS),
    MenuEntry("signal.page", "Sóng 5G, Wi-Fi", Right.READ_SUMS),
    MenuEntry("tasks.listing", "Nhiệm vụ", Right.READ_SUMS),
    MenuEntry("reports.listing", "Báo cáo", Right.READ_SUMS),
    MenuEntry("downloads.page", "Tải về", Right.READ_SUMS),
)
WORKING = (
    MenuEntry("first_steps.show", "Bắt đầu", Right.PREPARE_COMMUNE),
    MenuEntry("households.listing", "Hộ dân", Right.MANAGE_HOUSEHOLDS),
    MenuEntry("review.queue", "Soát phiếu", Right.REVIEW),
    MenuEntry("backchecks.show", "Phúc tra", Right.REVIEW),
    MenuEntry("difficulties.listing", "Phản ánh", Right.READ_DIFFICULTIES),
    MenuEntry("reported.listing", "Số liệu báo cáo", Right.REPORT_FIGURES),
    MenuEntry("collector_pages.listing", "Thành viên tổ", Right.MANAGE_COLLECTORS),
    MenuEntry("pay_pages.show", "Ngày công", Right.MANAGE_COLLECTORS),
    MenuEntry("hook_pages.listing", "Gửi đi", Right.MANAGE_HOOKS),
    MenuEntry("poster_pages.listing", "Áp phích", Right.MANAGE_POSTERS),
    MenuEntry("form_pages.listing", "Biểu mẫu", Right.MANAGE_FORMS, of_commune=False),
    MenuEntry("boundary_pages.choose", "Ranh giới", Right.MANAGE_BOUNDARIES),
    MenuEntry("privacy.requests", "Dữ liệu cá nhân", Right.READ_REQUESTS, of_commune=False),
    MenuEntry("commune_list.listing", "Xã, phường", Right.OPEN_COMMUNES, of_commune=False),
    MenuEntry("bundle_pages.listing", "Xã chạy máy riêng", Right.OPEN_COMMUNES, of_commune=False),
    MenuEntry("people_pages.listing", "Tài khoản", Right.MANAGE_PEOPLE, of_commune=False),
    MenuEntry("audit_pages.search", "Nhật ký", Right.READ_AUDIT, of_commune=False),
    MenuEntry("status_pages.show", "Máy chủ", Right.READ_STATUS, of_commune=False),
)


BELOW = {
    "dashboards.target": "dashboards.targets",
    "dashboards.village": "dashboards.commune",
    "dashboards.wall_map": "dashboards.commune_map",
    "dashboards.all_maps": "dashboards.commune_map",
    "dashboards.two_days_of": "dashboards.commune_map",
}
"""Pages below a page of the menu in a blueprint of several: the menu shows where they are, too."""


@dataclass(frozen=True)
class Item:
    """One link of a menu."""

    url: str
    label: str
    is_current: bool


@dataclass(frozen=True)
class Menu:
    """What the reader may open: pages to read, and pages to work on."""

    reading: tuple[Item, ...]
    working: tuple[Item, ...]


def menu() -> Menu:
    """The menu for the one who asks, on the page that they ask for; empty before signing in.

    A past day that was asked for (`den_ngay`) is kept from page to page.
    """
    caller = _reader()
    if caller is None:
        return Menu((), ())
    code = (request.view_args or {}).get("code") or caller.commune_code
    reading, working = (_items(entries, caller, code) for entries in (READING, WORKING))
    return Menu(reading + _others(caller, code), working)


def _others(caller: access.Caller, code: str | None) -> tuple[Item, ...]:
    """The ways to the other communes of who works for several."""
    others = [(each, name) for each, name in caller.communes.values() if each != code]
    return tuple(
        Item(url_for("dashboards.commune", code=each), f"Sang {name}", False) for each, name in others
    )


def _reader() -> access.Caller | None:
    """Who asks; nobody where their key is wrong, since the page that says so has a menu too."""
    try:
        return access.caller()
    except Problem:
        return None


def _items(entries: tuple[MenuEntry, ...], caller: access.Caller, code: str | None) -> tuple[Item, ...]:
    shown = []
    for entry in entries:
        if entry.endpoint not in current_app.view_functions or not caller.may(entry.right):
            continue
        if entry.of_commune and code is None:
            continue
        values: dict[str, Any] = (
            {"code": code, "den_ngay": request.args.get("den_ngay")} if entry.of_commune else {}
        )
        shown.append(Item(url_for(entry.endpoint, **values), entry.label, _is_current(entry)))
    return tuple(shown)


def _is_current(entry: MenuEntry) -> bool:
    """Whether the page that is asked for is this one, or stands below it."""
    if request.blueprint in (None, "dashboards"):
        return BELOW.get(request.endpoint or "", request.endpoint) == entry.endpoint
    return request.blueprint == entry.endpoint.partition(".")[0]
