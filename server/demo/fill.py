"""Makes the demonstration from nothing: tables, people, and the visits that phones send to the running server."""

import shutil
import threading
from collections import defaultdict
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import sqlalchemy as sa

from server import migrate
from server.counting import folding
from server.db import begin_writing, db
from server.demo import NotPossible, communes_and_forms, demo_json, demo_mark, household_lists, people
from server.demo.people import Everyone, Walker
from server.demo.phone import DemoPhone
from server.demo.progress import StepProgress
from server.demo.scale import COMMUNES, Scale
from server.demo.schedule import Errand, schedule
from server.demo.village_differences import characters
from server.demo.walk import Country, Walk, country
from server.published_forms import library_forms
from server.review import doubts
from server.settings import Settings

_PHONES_AT_ONCE = 6


def is_there() -> bool:
    """Whether the database has visits in it."""
    return sa.inspect(db.engine).has_table("submission") and _has_rows("submission")


def clear(settings: Settings) -> None:
    """Make room: an empty database is as it should be, what a demonstration of before left half made is taken away.

    Raises NotPossible, and takes nothing away, where anything in it is not a demonstration's, or is in use.
    """
    demo_mark.forbid_real()
    if demo_mark.find() is not None:
        _drop_all()
        own = settings.instance / "blobs"
        if not settings.blobs or Path(settings.blobs).absolute() == own.absolute():
            shutil.rmtree(own, ignore_errors=True)
    (settings.instance / demo_json.NAME).unlink(missing_ok=True)
    demo_mark.begin()


def _has_rows(name: str) -> bool:
    with db.engine.connect() as connection:
        return (
            connection.execute(sa.select(sa.literal(1)).select_from(sa.table(name)).limit(1)).first()
            is not None
        )


def _drop_all() -> None:
    """Every table of ours, also where the interruption left half of them; the mark goes with the last."""
    found = sa.MetaData()
    with db.engine.connect().execution_options(writes=True) as connection:
        found.reflect(connection)
        found.drop_all(connection)
        connection.commit()


def tables(scale: Scale, progress: StepProgress) -> Everyone:
    """Everything that is there before anybody walks."""
    progress.step("Tạo bảng dữ liệu …")
    migrate.upgrade()
    progress.step("Vẽ 114 xã, phường và các thôn (minh họa), nạp kế hoạch, phát hành biểu mẫu …")
    forms = library_forms.library_ready().ready
    begin_writing()
    communes_and_forms.make(scale, forms)
    progress.step("Lập danh sách hộ và điểm công cộng …")
    count = household_lists.make(scale)
    progress.step(f"Đã có {count} hộ; tạo tài khoản và thành viên tổ …")
    everyone = people.make(scale)
    demo_mark.sign(everyone)
    db.session.commit()
    return everyone


def visits(scale: Scale, everyone: Everyone, url: str, progress: StepProgress) -> None:
    """Send all visits through the phones' endpoint of the server at `url`; then fold what they added up to."""
    progress.step(f"{len(everyone.walkers)} điện thoại mô phỏng tải biểu mẫu và gửi phiếu …")
    land = _country(scale)
    by_code = {code: sketch.households for code, sketch in land.sketches.items()}
    errands = schedule(everyone.walkers, by_code, land.characters, scale)
    progress.counting(len(errands))
    _walk(land, everyone.walkers, errands, url, progress)
    progress.step("Cộng dồn số liệu …")
    folding.once()
    doubts.once()


def _country(scale: Scale) -> Country:
    found = [communes_and_forms.villages(code, scale) for code in COMMUNES]
    known = {code: each for of_one in found for code, each in characters(of_one, scale).items()}
    return country([sketch for of_one in found for sketch in of_one], known, scale)


def _walk(
    land: Country, walkers: Sequence[Walker], errands: Sequence[Errand], url: str, progress: StepProgress
) -> None:
    """All collectors, some at once, each through their weeks in their order; the first failure ends them all."""
    theirs: dict[int, dict[int, list[Errand]]] = defaultdict(lambda: defaultdict(list))
    for errand in errands:
        theirs[errand.walker][errand.week].append(errand)
    over = threading.Event()

    def sent() -> None:
        progress.one()
        if over.is_set():
            raise NotPossible("Đã dừng khi đang gửi phiếu mô phỏng.")

    def go(number: int) -> None:
        phone = DemoPhone(
            f"{url}/key/{walkers[number].token}", f"collect:{land.scale.dice(number).getrandbits(64):016x}"
        )
        walk = Walk(land, walkers[number], number, phone, sent)
        try:
            for _week, mine in sorted(theirs[number].items()):
                walk.week(mine)
        finally:
            phone.close()

    with ThreadPoolExecutor(_PHONES_AT_ONCE) as pool:
        started = [pool.submit(go, number) for number in _longest_first(theirs)]
        try:
            for each in started:
                each.result()
        finally:
            over.set()
            pool.shutdown(wait=False, cancel_futures=True)


def _longest_first(theirs: Mapping[int, Mapping[int, list[Errand]]]) -> list[int]:
    return sorted(theirs, key=lambda number: -sum(map(len, theirs[number].values())))
