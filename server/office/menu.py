"""The menu of every page: what there is, for whom, and where the reader stands."""

from dataclasses import dataclass, replace
from typing import Any

from flask import current_app, request, url_for

from server.accounts import access
from server.accounts.callers import Caller
from server.accounts.roles import Right
from server.errors import Problem


@dataclass(frozen=True)
class MenuEntry:
    """A page in a menu: its view, its name, the right to open it, and whether it is a commune's (has a `code`).

    Pages that belong `under` another one stand in a row of their own, shown where one of that family is open.
    """

    endpoint: str
    label: str
    right: Right
    of_commune: bool = True
    under: str = ""

    @property
    def family(self) -> str:
        return self.under or self.endpoint


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
    MenuEntry("sample_pages.show", "Mẫu bốc thăm", Right.DRAW_SAMPLES, under="households.listing"),
    MenuEntry("review.queue", "Soát phiếu", Right.REVIEW),
    MenuEntry("doubts.listing", "Đáng ngờ", Right.READ_DOUBTS, under="review.queue"),
    MenuEntry("waiting_pages.show", "Chờ bao lâu", Right.REVIEW, under="review.queue"),
    MenuEntry("backchecks.show", "Phúc tra", Right.REVIEW, under="review.queue"),
    MenuEntry("hook_pages.listing", "Gửi đi", Right.MANAGE_HOOKS, under="review.queue"),
    MenuEntry("difficulties.listing", "Phản ánh", Right.READ_DIFFICULTIES),
    MenuEntry("reported.listing", "Số liệu báo cáo", Right.REPORT_FIGURES),
    MenuEntry("collector_pages.listing", "Thành viên tổ", Right.MANAGE_COLLECTORS),
    MenuEntry("walking.villages", "Phần đi", Right.PLAN_WALKS, under="collector_pages.listing"),
    MenuEntry("pay_pages.show", "Ngày công", Right.MANAGE_COLLECTORS, under="collector_pages.listing"),
    MenuEntry("form_pages.listing", "Biểu mẫu", Right.MANAGE_FORMS, of_commune=False),
    MenuEntry(
        "form_block_pages.blocks",
        "Khối câu hỏi",
        Right.MANAGE_FORMS,
        of_commune=False,
        under="form_pages.listing",
    ),
    MenuEntry("poster_pages.listing", "Áp phích", Right.MANAGE_POSTERS, under="form_pages.listing"),
    MenuEntry(
        "bin_pages.listing", "Thùng rác", Right.MANAGE_FORMS, of_commune=False, under="form_pages.listing"
    ),
    MenuEntry("boundary_pages.choose", "Ranh giới", Right.MANAGE_BOUNDARIES),
    MenuEntry("privacy.requests", "Dữ liệu cá nhân", Right.READ_REQUESTS, of_commune=False),
    MenuEntry("commune_list.listing", "Xã, phường", Right.OPEN_COMMUNES, of_commune=False),
    MenuEntry(
        "bundle_pages.listing",
        "Xã chạy máy riêng",
        Right.OPEN_COMMUNES,
        of_commune=False,
        under="commune_list.listing",
    ),
    MenuEntry("people_pages.listing", "Tài khoản", Right.MANAGE_PEOPLE, of_commune=False),
    MenuEntry(
        "token_pages.listing",
        "Khóa truy cập",
        Right.MANAGE_TOKENS,
        of_commune=False,
        under="people_pages.listing",
    ),
    MenuEntry("audit_pages.search", "Nhật ký", Right.READ_AUDIT, of_commune=False),
    MenuEntry("status_pages.show", "Máy chủ", Right.READ_STATUS, of_commune=False),
)


BELOW = {
    "dashboards.target": "dashboards.targets",
    "dashboards.village": "dashboards.commune",
    "dashboards.wall_map": "dashboards.commune_map",
    "dashboards.all_maps": "dashboards.commune_map",
    "dashboards.two_days_of": "dashboards.commune_map",
    "downloads.city_links": "dashboards.city",
    "downloads.city_workbook_made": "dashboards.city",
}
"""Pages below a page of the menu that their blueprint does not tell: the menu shows where they are, too."""
PARTS = {
    "correction": "review",
    "team_review": "team",
    "correction_by_answer": "review",
    "visit_moves": "review",
    "household_import": "households",
    "household_lists": "households",
    "paper_lists": "households",
    "breach_pages": "privacy",
    "plan_upload": "first_steps",
    "indicator_set_pages": "first_steps",
    "table_pages": "first_steps",
}
"""Blueprints whose pages all stand below the page of another one's."""


@dataclass(frozen=True)
class Item:
    """One link of a menu: to the page that is open, to its family, or to another."""

    url: str
    label: str
    is_current: bool
    holds_current: bool = False


@dataclass(frozen=True)
class Menu:
    """What the reader may open: pages to read, pages to work on, and those beside the page that is open."""

    reading: tuple[Item, ...]
    working: tuple[Item, ...]
    beside: tuple[Item, ...] = ()


def menu() -> Menu:
    """The menu for the one who asks, on the page that they ask for; empty before signing in.

    A past day that was asked for (`den_ngay`) is kept from page to page.
    """
    caller = _reader()
    if caller is None:
        return Menu((), ())
    code = (request.view_args or {}).get("code") or caller.commune_code
    reading = tuple(_item(entry, code) for entry in _open_to(READING, caller, code))
    working, beside = _families(_open_to(WORKING, caller, code), code)
    return Menu(reading + _others(caller, code), working, beside)


def _others(caller: Caller, code: str | None) -> tuple[Item, ...]:
    """The ways to the other communes of a person who works for several."""
    others = [(each, name) for each, name in caller.communes.values() if each != code]
    return tuple(
        Item(url_for("dashboards.commune", code=each), f"Sang {name}", False) for each, name in others
    )


def _reader() -> Caller | None:
    """Who asks; nobody where their key is wrong, since the page that says so has a menu too."""
    try:
        return access.caller()
    except Problem:
        return None


def _open_to(entries: tuple[MenuEntry, ...], caller: Caller, code: str | None) -> list[MenuEntry]:
    """The pages that this reader may open, as far as this server has them."""
    return [
        entry
        for entry in entries
        if entry.endpoint in current_app.view_functions
        and caller.may(entry.right)
        and not (entry.of_commune and code is None)
    ]


def _families(entries: list[MenuEntry], code: str | None) -> tuple[tuple[Item, ...], tuple[Item, ...]]:
    """The first page of each family, and all pages of the family in which the reader stands, if it has several."""
    families: dict[str, list[MenuEntry]] = {}
    for entry in entries:
        families.setdefault(entry.family, []).append(entry)
    firsts: list[Item] = []
    beside: tuple[Item, ...] = ()
    for family in families.values():
        items = tuple(_item(entry, code) for entry in family)
        holds = any(item.is_current for item in items)
        firsts.append(replace(items[0], holds_current=holds and not items[0].is_current))
        if holds and len(items) > 1:
            beside = items
    return tuple(firsts), beside


def _item(entry: MenuEntry, code: str | None) -> Item:
    values: dict[str, Any] = (
        {"code": code, "den_ngay": request.args.get("den_ngay")} if entry.of_commune else {}
    )
    return Item(url_for(entry.endpoint, **values), entry.label, _is_current(entry))


def _is_current(entry: MenuEntry) -> bool:
    """Whether the page that is asked for is this one, or stands below it."""
    here = BELOW.get(request.endpoint or "", request.endpoint or "")
    if here == entry.endpoint:
        return True
    blueprint = here.rpartition(".")[0]
    if blueprint in ("", "dashboards"):
        return False
    return PARTS.get(blueprint, blueprint) == entry.endpoint.partition(".")[0]
