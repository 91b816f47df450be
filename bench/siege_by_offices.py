"""Attacks by people who sign in and want more than they may: a team leader, officers, programs with keys, a link."""

import base64
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import requests
from flask import current_app

from bench.siege_by_members import AT_ONCE, EAST, HOME_VILLAGE, OFFICE, SOUTH
from bench.siege_place import PATIENCE, Attack, Place, counted, different, instance_of
from bench.siege_town import HOME, OTHERS
from tests import sample, town

TICKS, SHEETS = 10_000, 20


# a team leader


def _pages(role: str, *paths: str) -> Callable[[Place], Callable[[], str]]:
    return lambda place: lambda: different(place.got(each, role) for each in paths)


def _buttons(role: str, *paths: str) -> Callable[[Place], Callable[[], str]]:
    return lambda place: (
        lambda: different(place.posted(each, role, viec="nhan", trang_thai="approved") for each in paths)
    )


def _foreign_token(place: Place) -> Callable[[], str]:
    """The form of another session, of nobody, and none."""

    def act() -> str:
        tokens = (
            place.csrf(place.browser("leader"), "/tai-khoan"),
            place.csrf(requests.Session(), "/dang-nhap"),
            "x",
        )
        path = f"/xa/{OTHERS}/to/{EAST}/phieu/1"
        return different(place.posted(path, "team", token, viec="nhan") for token in tokens)

    return act


# an officer


def _two_tabs(place: Place) -> Callable[[], str]:
    """Ten visits, each decided at once by two tabs that saw the same."""
    ids = [_number(place, sample.filled()) for _ in range(10)]

    def one(asked: tuple[int, str]) -> int:
        fields = {"trang_thai": asked[1], "dang_la": "received", "ghi_chu": "vì thế"}
        return place.posted(f"{OFFICE}/phieu/{asked[0]}", "officer", **fields)

    def act() -> str:
        told = []
        with ThreadPoolExecutor(2) as pool:
            for each in ids:
                told.append(different(pool.map(one, ((each, "approved"), (each, "rejected")))))
        return different(told)

    return act


def _number(place: Place, xml: bytes) -> int:
    place.sent(xml)
    named = instance_of(xml)
    return int(place.said(f"SELECT id FROM submission WHERE instance_id = '{named}'"))


def _ticked(place: Place) -> Callable[[], str]:
    """Ten thousand ticks, most of them of nothing; then all that a filter shows, eight times at once."""
    path = f"{OFFICE}/phieu/quyet-dinh"
    ticks = [f"{number}:received" for number in range(TICKS)]

    def all_of_them(_: int) -> int:
        return place.posted(path, "officer", trang_thai="approved", tat_ca="1")

    def act() -> str:
        first = place.posted(path, "officer", trang_thai="approved", phieu=ticks)
        with ThreadPoolExecutor(AT_ONCE) as pool:
            return different([first, *pool.map(all_of_them, range(AT_ONCE))])

    return act


def _circle(place: Place) -> Callable[[], str]:
    """Two households merged into each other at once, each undone twice; whether both are there in the end."""
    ids = [_new_household(place, number) for number in range(2)]

    def act_on(first: str, **fields: object) -> int:
        return place.posted(f"{OFFICE}/ho/{first}", "officer", xac_nhan="1", **fields)

    def act() -> str:
        for _ in range(5):
            with ThreadPoolExecutor(2) as pool:
                told = list(
                    pool.map(lambda pair: act_on(pair[0], viec="merge", ho_khac=pair[1]), (ids, ids[::-1]))
                )
            numbers = place.said("SELECT max(id) FROM entity_act WHERE kind = 'merge' AND undone_at IS NULL")
            for each in (*ids, *ids):
                told.append(act_on(each, viec="undo", lan=numbers or 0))
        lost = place.said("SELECT count(*) FROM entity e WHERE e.merged_into_id = e.id")
        return f"{'no 500' if 500 not in told else told}, {lost} merged into themselves"

    return act


def _new_household(place: Place, number: int) -> str:
    """One that a program has added."""
    made = str(uuid.uuid4())
    told = place.asked(
        "POST", f"/v1/projects/{OTHERS}/datasets/ho_dan/entities",
        json={"uuid": made, "label": f"Hộ vòng {number}", "data": {"thon": EAST}},
    )  # fmt: skip
    assert told[:3] in ("200", "201"), told
    return made


def _sheets(place: Place) -> Callable[[], str]:
    """Three hundred codes on paper, again and again."""
    paths = [
        f"{OFFICE}/thanh-vien/to-in{each}"
        for each in ("?dang=pdf", "", "?trang=999999999", "?tu=1&den=999999")
    ]
    return lambda: different(place.got(each, "officer") for each in paths * (SHEETS // len(paths)))


def _uploads(place: Place) -> Callable[[], str]:
    """Forms, lists, outlines and plans in eight tabs at once."""
    form = (
        sample.PLAIN.replace("{title}", "Của tôi").replace("{form_id}", "cua_toi").replace("{version}", "1")
    )
    households = "Chủ hộ,Thôn,Địa chỉ\n" + "".join(
        f"Nguyễn Văn {n},Thôn Đông,Ngõ {n}\n" for n in range(2_000)
    )
    ring = [[106.5, 20.8], [106.6, 20.8], [106.6, 20.9], [106.5, 20.8]]
    features = [{"type": "Feature", "properties": {"ten": "Thôn Đông"},
                 "geometry": {"type": "Polygon", "coordinates": [ring]}}] * 500  # fmt: skip
    outlines = str({"type": "FeatureCollection", "features": features}).replace("'", '"')
    plan = (Path(__file__).parents[1] / "forms" / "plans" / "an_lao_2026.yaml").read_bytes()
    files = (
        ("/quan-tri/bieu-mau", "f.md", form.encode(), "bieu_mau"),
        (f"{OFFICE}/ho/nhap", "ho.csv", households.encode(), "tep"),
        (f"{OFFICE}/ranh-gioi", "r.geojson", outlines.encode(), "tep"), (f"{OFFICE}/ke-hoach", "k.yaml", plan, "tep"),
    )  # fmt: skip

    def act() -> str:
        with ThreadPoolExecutor(AT_ONCE) as pool:
            return different(each[:3] for each in pool.map(lambda given: place.upload(*given), files * 2))

    return act


# an officer of another commune, programs' keys, a link that was ended


def _every_address(role: str = "", key: str = "") -> Callable[[Place], Callable[[], str]]:
    """Each address that names a commune, with the name of one that is not theirs: nothing of its is answered."""

    def ready(place: Place) -> Callable[[], str]:
        kinds = ("people",) if role else ("program", "client")
        values = {"code": OTHERS, "village": EAST, "household_id": str(place.codes.households[EAST]), "form_id": "tham",
                  "list_name": "ho_dan", "entity_id": str(place.codes.households[EAST])}  # fmt: skip
        app = current_app._get_current_object()  # type: ignore[attr-defined]
        asked = [
            (method, town.address(rule, values))
            for rule, method, _ in town.rules(app, *kinds)
            if "code" in rule.arguments and rule.rule != f"/{OTHERS}"
        ]
        opened = getattr(place.codes, key) if key else ""

        def ask(method: str, path: str) -> int:
            if role:
                return place.got(path, role) if method == "GET" else place.posted(path, role)
            return int(place.asked(method, path, opened)[:3])

        return lambda: counted(ask(*each) for each in asked)

    return ready


def _rows_by_sums(place: Place) -> Callable[[], str]:
    """What a key of sums is told where rows are, and in every way a key is given."""
    paths = (
        f"/v1/projects/{OTHERS}/forms/tham.svc/Submissions", f"/v1/projects/{OTHERS}/datasets/ho_dan/entities",
        f"/v1/projects/{OTHERS}/forms/tham/submissions", f"/v1/projects/{OTHERS}/forms/tham/submissions.csv",
        f"{place.asset}/data.json", f"{place.asset}/exports", "/ogc/collections/nhiem-vu/items",
        f"/v1/projects/{OTHERS}/app-users", f"{OFFICE}/phieu", f"/xa/{OTHERS}/tai-ve/phieu", "/quan-tri/nhat-ky",
    )  # fmt: skip
    given = base64.b64encode(f"officer:{place.codes.sums}".encode()).decode()
    ways = (f"Token {place.codes.sums}", f"Bearer {place.codes.sums}", f"Basic {given}")

    def one(path: str, way: str) -> str:
        answer = requests.get(
            place.url(path), headers={"Authorization": way}, timeout=PATIENCE, allow_redirects=False
        )
        return f"{answer.status_code}{f' at {path}' if answer.ok and answer.status_code != 302 else ''}"

    return lambda: different(one(path, way) for path in paths for way in ways)


def _feed_of_sums(place: Place) -> Callable[[], str]:
    """What a key of sums is told by the feed before and after one visit."""

    def ask() -> str:
        return place.asked("GET", "/api/v1/changes", place.codes.sums, is_whole=True)

    def act() -> str:
        before = ask()
        place.sent(sample.filled())
        place.got(f"{OFFICE}/phieu")  # which has it applied
        after = ask()
        return f"{before[:3]}, {'the same' if before == after else f'{after[:80]}'} after a visit"

    return act


def _ended_link(place: Place) -> Callable[[], str]:
    paths = ("", "/bang.csv", "/bang.xlsx", "/bang.html", "/bang.json", "/ban-do.png", "/tu-lam-moi.xlsx", "/odata/",
             "/odata/$metadata", "/odata/bang")  # fmt: skip
    url = place.url(f"/lien-ket/{place.codes.ended_link}")
    return lambda: different(requests.get(url + each, timeout=PATIENCE).status_code for each in paths)


HEAVY = "%25%5F" * 12 + "+".join("ab" * 8)
ATTACKS = (
    Attack("a team leader at other teams' pages", "403", _pages(
        "team", f"/xa/{OTHERS}/to/{SOUTH}", f"/xa/{OTHERS}/to/{SOUTH}/phieu", f"/xa/{OTHERS}/to/{SOUTH}/phieu/1",
        f"/xa/{OTHERS}/to/{SOUTH}/phan", f"{OFFICE}/phieu", f"/xa/{OTHERS}/tai-ve/phieu?dang=xlsx", f"{OFFICE}/ho",
        f"{OFFICE}/thanh-vien/to-in", "/quan-tri/nhat-ky", f"/xa/{HOME}/to/{HOME_VILLAGE}",
    )),
    Attack("a team leader at other teams' buttons", "403", _buttons(
        "team", f"/xa/{OTHERS}/to/{SOUTH}/phieu/1", f"{OFFICE}/phieu/1", f"{OFFICE}/phieu/quyet-dinh",
        f"{OFFICE}/thanh-vien/1/thu-hoi", f"{OFFICE}/thanh-vien/1/doi-ma", f"{OFFICE}/ranh-gioi",
    )),
    Attack("the form of another session", "400", _foreign_token),
    Attack("searches by heavy patterns", "200", _pages("officer", *(
        f"{path}{HEAVY}" for path in (f"{OFFICE}/ho?ten=1&tim=", f"{OFFICE}/phieu?ten=1&tim=")
    ), f"{OFFICE}/ho?ten=1&tim=" + "a%20" * 5_000)),
    Attack("the far end of every list", "200", _pages("officer", *(
        f"{OFFICE}{each}" for each in ("/ho?trang=999999999", "/phieu?truoc=1", "/phieu?truoc=999999999999",
                                       "/phieu?thon=-1&nguoi=0&bieu_mau=99999999", "/nghi-ngo?trang=10000000",
                                       "/thanh-vien?trang=99999999")
    ))),
    Attack("two tabs decide the same", "302 409", _two_tabs),
    Attack(f"{TICKS} ticks at once", "302( 413)?|302 413", _ticked),
    Attack("merges in a circle, undone twice", "no 500, 0 merged into themselves", _circle),
    Attack(f"{SHEETS} sheets of 300 codes", "200", _sheets),
    Attack("uploads in eight tabs at once", "[24]..( [24]..)*( 503)?", _uploads),
    Attack("every page with another's commune", r"(40[034] × \d+ ?)+", _every_address("home_officer")),
    Attack("every program's door with another's commune", r"(4\d\d × \d+ ?)+", _every_address(key="home_key")),
    Attack("a key of sums asks for rows", "(302|401|403|404)( (302|401|403|404))*", _rows_by_sums),
    Attack("the feed of sums before and after a visit", "200, the same after a visit", _feed_of_sums),
    Attack("a link that was ended", "(404|410)( (404|410))?", _ended_link),
)  # fmt: skip
