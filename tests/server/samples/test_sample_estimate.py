"""What a sample says of the whole: as svy reckons it, and to whom it is told (R11, R25, R31)."""

import datetime as dt
import json
import re
from fractions import Fraction
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from geo.estimate import FEWEST, Z
from geo.target_states import Tallied
from server import audit, clock
from server.db import db
from server.intake import catch_up
from server.models import SampledHousehold, VillageSample
from server.samples import sample_draw, sample_estimate, sample_progress
from server.samples.sample_draw import SampleMethod, SampleWish
from server.samples.sample_estimate import FEWEST_TOLD, SampledFigure, SampleFound
from tests import sample
from tests.people import Browser, browser, make_person
from tests.phone import InProcess, Phone
from tests.server.samples.conftest import EAST, WEST, Drawn

OF_SVY = json.loads((Path(__file__).parents[2] / "data" / "svy_ratios.json").read_text("utf-8"))
"""Ratios of random communes as svy 0.35.0 estimates them (tests/geo/test_estimate.py)."""


def found(drawn: Drawn) -> SampleFound:
    catch_up.caught_up()
    db.session.rollback()
    made = sample_estimate.found(drawn.commune, sample_progress.current(drawn.commune))
    assert made is not None
    return made


@pytest.mark.parametrize(("thon", "ratio", "error"), [OF_SVY[1], OF_SVY[3]])
def test_a_sample_from_the_phones_is_estimated_as_svy_does(
    drawn: Drawn, thon: list, ratio: float, error: float
) -> None:
    """R11, R31. Strata are thôn, households their clusters, the population finite; those replaced are not asked."""
    villages = [
        sample.make_village(drawn.commune, f"1162990{number}", f"Thôn {number}")
        for number in range(len(thon))
    ]
    for village, (households, _) in zip(villages, thon, strict=True):
        for number in range(households):
            sample.make_entity(village, f"Hộ {number}, Ngõ {number}", data={"thon": village.code})
    drawn.phone = Phone(
        InProcess(drawn.app),
        f"http://localhost/key/{sample.make_collector(drawn.commune, villages, 'Người Mới').token}",
    )
    wish = SampleWish(SampleMethod.VILLAGE, clock.today(), margin=Fraction(3, 100))
    sample_draw.draw(drawn.commune, wish, [each.id for each in villages], audit.SHELL)
    db.session.commit()
    for village, (_, answers) in zip(villages, thon, strict=True):
        db.session.rollback()  # phones have written since
        one = db.session.scalars(sa.select(VillageSample).where(VillageSample.village_id == village.id)).one()
        one.wanted = len(answers)
        lots = sa.select(SampledHousehold.entity_id).where(SampledHousehold.sample_id == one.id)
        homes = [str(each) for each in db.session.scalars(lots.order_by(SampledHousehold.place))]
        db.session.commit()
        drawn.send(homes[0], "tu_choi")
        for home, (done, of) in zip(homes[1:], answers, strict=False):
            drawn.send(home, smart="", adults=of, signed=done)
        drawn.send(homes[-1], smart="", adults=5, signed=5)  # outside the sample
    told = found(drawn)
    [adults] = [each for each in told.figures if each.code == "chu_ky_so_ca_nhan_18"]
    assert adults.estimate is not None
    assert adults.estimate.percent == pytest.approx(100 * ratio, abs=1e-9)
    assert adults.estimate.margin / Z == pytest.approx(100 * error, abs=1e-9)
    assert (told.asked, told.replaced) == (sum(len(answers) for _, answers in thon), len(thon))


def test_all_who_were_asked_leave_nothing_to_estimate(drawn: Drawn) -> None:
    drawn.draw(WEST, cach="lqas", chi_tieu="smart_hai_phong_ho", muc=80)
    for place, home in enumerate(drawn.marked()):
        drawn.send(home, smart=int(place < 9))
    [smart, adults] = found(drawn).figures
    assert (smart.estimate, smart.percent) == (None, 75)
    assert adults.percent == 50
    assert "75\N{NO-BREAK SPACE}%</td>" in drawn.officer.get(drawn.page).text


def reader(drawn: Drawn) -> Browser:
    db.session.rollback()
    make_person("lanh_dao", "leader", drawn.commune)
    made = browser(drawn.app)
    made.sign_in("lanh_dao")
    return made


def test_the_communes_page_tells_leaders_the_estimate_and_no_small_number(drawn: Drawn) -> None:
    """R11, R25, R31."""
    leader, page = reader(drawn), "/xa/11629"
    assert "Mẫu bốc thăm" not in leader.get(page).text
    drawn.draw(EAST, WEST, sai_so=10)
    marked = drawn.marked()
    for home in marked[:10]:
        drawn.send(home)
    few = leader.get(page).text
    assert f"mới hỏi được dưới {FEWEST_TOLD} hộ, chưa nêu ước lượng" in few
    for place, home in enumerate(marked[10:]):
        drawn.send(home, smart=int(place % 2), signed=int(place < 2))
    # smart: 26 of 42; the adults: 12 of 84 signed
    told = leader.get(page).text.partition('id="mau"')[2].partition("</section>")[0]
    assert "đã hỏi 42/42 hộ" in told
    smart = re.search(r": <strong>(\d\d,\d|\d\d)\N{NO-BREAK SPACE}% \(", told)
    assert smart
    figure = next(each for each in found(drawn).figures if each.code == "smart_hai_phong_ho")
    assert f"{figure.percent:.1f}".replace(".", ",").removesuffix(",0") == smart[1]
    assert "Thôn Tây" not in told
    # two more households that are not of the sample: what they said would follow from both numbers
    outside = [row["name"] for row in drawn.rows() if row["name"] not in marked][:2]
    for home in outside:
        drawn.send(home)
    small = leader.get(page).text.partition('id="mau"')[2].partition("</section>")[0]
    assert "<strong>" not in small
    assert "2 chỉ tiêu chưa nêu vì con số có thể để lộ câu trả lời của từng hộ." in small
    officer = drawn.officer.get(page).text.partition('id="mau"')[2].partition("</section>")[0]
    assert officer.count("<strong>") == 2


def test_a_past_day_tells_what_was_asked_by_then(drawn: Drawn) -> None:
    """R8."""
    drawn.draw(WEST, cach="village", sai_so=3)
    drawn.visit(drawn.marked()[0])
    yesterday = clock.today() - dt.timedelta(days=1)
    assert sample_progress.current(drawn.commune, yesterday) == []
    today = sample_progress.current(drawn.commune, clock.today())
    made = sample_estimate.found(drawn.commune, today, clock.today())
    assert made is not None
    assert made.asked == 1


counts = st.integers(0, 60)


@given(counts, counts, counts, counts, counts, counts)
def test_what_is_told_and_the_communes_row_never_leave_a_small_number(
    asked: int, of: int, done: int, more_asked: int, more_of: int, more_done: int
) -> None:
    """R25, R31."""
    done, more_done = min(done, of), min(more_done, more_of)
    sampled = Tallied(done, of, asked)
    rest = Tallied(more_done, more_of, more_asked)
    if sample_estimate.may_be_told(SampledFigure("x", "X", sampled, None), sampled + rest):
        assert asked >= FEWEST_TOLD
        for each in (sampled, rest):
            for number in (each.subjects, each.done, each.of - each.done):
                assert number == 0 or number >= FEWEST
