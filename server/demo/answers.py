"""What a collector types at a door, at a check point and in a culture house, by the forms as they are published."""

import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random

import segno

from forms.engine.engine import Filling
from server.demo.village_differences import BANDS, OPERATORS, Character, DemoHousehold

Point = tuple[float, float]
_HELP = ("smart", "vneid", "chu_ky_so", "nop_ho_so", "thanh_toan", "khac")
_WANTS = ("vneid", "chu_ky_so", "smart", "dvc", "thanh_toan", "internet", "khac")


@dataclass(frozen=True)
class Door:
    """A household's door at one visit: `key` is its id on the list, or None for one that nobody listed."""

    village: str
    key: str | None
    result: str
    household: DemoHousehold
    point: Point
    address: str = ""
    head: str = ""
    gives_point: bool = False


@dataclass(frozen=True)
class Kit:
    """The phone in their hand: the operators whose SIM is in it, and whether each can use 5G."""

    sims: Mapping[str, bool] = field(default_factory=dict)


def at_door(filling: Filling, door: Door, kit: Kit, dice: Random) -> None:
    """Fill `ho_gia_dinh`."""
    filling.answer("thon", door.village)
    if door.key is None:
        filling.answer("tim_ho", "moi")
    else:
        filling.answer("ho", door.key)
    filling.answer("ket_qua", door.result)
    if door.key is None and filling.relevant("dia_chi"):
        filling.answer("dia_chi", door.address)
        filling.answer("chu_ho", door.head)
    if door.result != "gap":
        return
    helped = _help(filling, dice)
    _people(filling, door.household, dice)
    _app(filling, door.household, helped)
    _internet(filling, door.household)
    _signal(filling, door.household, kit, dice)
    filling.answer("dvc_12_thang", "co" if door.household.files_online else "khong")
    filling.answer("can_giup", dice.sample(_WANTS, dice.choice((0, 1, 1, 2))))
    if dice.random() < 0.85 or door.gives_point:
        filling.answer("cho_vi_tri", "co" if door.gives_point else "khong")
    if door.gives_point:
        filling.answer("vi_tri", (*door.point, 0.0, round(dice.uniform(3, 15), 1)))


def _help(filling: Filling, dice: Random) -> set[str]:
    """Every third household is helped with something."""
    given = dice.sample(_HELP, 2 if dice.random() < 0.25 else 1) if dice.random() < 0.34 else []
    filling.answer("giup_gi", given)
    for each in given:
        filling.answer(f"giup_{each}", dice.choice((1, 1, 1, 2)))
    return set(given)


def _people(filling: Filling, household: DemoHousehold, dice: Random) -> None:
    """One in thirty is in a hurry: people are counted, accounts and signatures stay blank."""
    for band in BANDS:
        filling.answer(f"nguoi_{band}", household.people[band])
    if dice.randrange(30) == 0:
        return
    for band in BANDS:
        if not household.people[band]:
            continue
        accounts = household.accounts[band]
        filling.answer(f"vneid_{band}", accounts)
        if accounts:
            if band != "0_5":
                filling.answer(f"vneid_muc2_{band}", dice.randint(household.used[band], accounts))
            filling.answer(f"vneid_dung_{band}", household.used[band])
    if household.people["18"]:
        filling.answer("chu_ky_so_18", household.signatures)


def _app(filling: Filling, household: DemoHousehold, helped: set[str]) -> None:
    if "smart" in helped:
        filling.answer("smart_mo", "co")
        filling.answer("smart_30", "co")
        return
    filling.answer("smart_cai", "co" if household.installed else "khong")
    if household.installed:
        filling.answer("smart_mo", "co" if household.opened else "khong")
    if household.opened:
        filling.answer("smart_30", "co" if household.recent else "khong")


def _internet(filling: Filling, household: DemoHousehold) -> None:
    filling.answer("internet", household.internet)
    if household.internet != "cap_quang":
        filling.answer("cap_quang", "khong" if household.gbps == "khong" else "co")
    filling.answer("gbps", household.gbps)
    filling.answer("wifi_nha", "co" if household.internet != "khong" else "khong")


def _signal(filling: Filling, household: DemoHousehold, kit: Kit, dice: Random) -> None:
    filling.answer("nha_mang_do", list(kit.sims))
    for operator, capable in kit.sims.items():
        filling.answer(f"may_{operator}", "co" if capable else "khong")
        if capable:
            filling.answer(f"mang_{operator}", _network(household.fiveg[operator], dice))


def _network(fiveg: bool, dice: Random) -> str:
    return "5g" if fiveg else dice.choices(("4g", "thap", "khong_song"), (90, 7, 3))[0]


def at_point(filling: Filling, village: str, point: Point, character: Character, dice: Random) -> None:
    """Fill `diem_5g`: one operator, outdoors more often than in."""
    operator = dice.choices(OPERATORS, (50, 30, 18, 2))[0]
    outdoors = dice.random() < 0.7
    chance = character.fiveg - 0.08 * OPERATORS.index(operator) - (0.0 if outdoors else 0.12)
    filling.answer("thon", village)
    filling.answer("nha_mang", operator)
    filling.answer("may_5g", "co" if dice.random() < 0.95 else "khong")
    filling.answer("trong_ngoai", "ngoai_troi" if outdoors else "trong_nha")
    if filling.relevant("mang"):
        network = _network(dice.random() < chance, dice)
        filling.answer("mang", network)
        if network == "5g" and dice.random() < 0.7:
            filling.answer("rsrp", dice.randint(-108, -72))
        _speed(filling, *((180, 520) if network == "5g" else (12, 70)), dice)
    filling.answer("diem", (*point, 0.0, round(dice.uniform(4, 18), 1)))


def _speed(filling: Filling, low: int, high: int, dice: Random) -> None:
    down = dice.uniform(low, high)
    filling.answer("tai_xuong", round(down, 1))
    filling.answer("tai_len", round(down * dice.uniform(0.12, 0.4), 1))
    filling.answer("tre", round(dice.uniform(9, 45), 0))


def at_place(
    filling: Filling, village: str, place: str, point: Point, character: Character, dice: Random
) -> dict[str, bytes]:
    """Fill `wifi_cong_cong`; returns the photo of the notice on the wall where they took one."""
    works = dice.random() < character.wifi
    has = works or dice.random() < 0.5
    filling.answer("thon", village)
    filling.answer("dia_diem", place)
    filling.answer("wifi_co", "co" if has else "khong")
    if not has:
        return {}
    open_to_all = works or dice.random() < 0.5
    filling.answer("wifi_mo", "co" if open_to_all else "khong")
    if open_to_all:
        filling.answer("wifi_chay", "co" if works else "khong")
    if works:
        _speed(filling, 25, 150, dice)
    posted = dice.random() < 0.5
    filling.answer("huong_dan", "co" if posted else "khong")
    photo = {f"{1_700_000_000_000 + dice.randrange(10**9)}.png": _notice()} if posted else {}
    for name in photo:
        filling.answer("anh", name)
    filling.answer("diem", (*point, 0.0, round(dice.uniform(4, 18), 1)))
    return photo


def _notice() -> bytes:
    """The notice as a picture: a code that joins the Wi-Fi."""
    out = io.BytesIO()
    segno.make_qr("WIFI:S:NhaVanHoa;;").save(out, kind="png", scale=4)
    return out.getvalue()
