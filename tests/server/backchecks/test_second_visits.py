"""Second visits from the draw to the report, on the phones of those who go and on officers' pages (R28, R29)."""

import re

import pytest
import sqlalchemy as sa

from geo import backcheck_draw
from server import clock
from server.backchecks import kept_draws, pairs
from server.backchecks.pairs import CheckedVisit
from server.db import db
from server.intake import catch_up
from server.models import Audit, Backcheck, BackcheckDraw, Finding, Submission
from server.phones import collectors
from tests import sample
from tests.people import browser, make_person
from tests.server.backchecks.conftest import Walked

PAGE = "/quan-tri/xa/11629/phuc-tra"
AS_BEFORE = {"da_den": "co", "nguoi_18": 3, "nguoi_6_13": 1, "internet": "cap_quang", "chu_ky_so_18": 1}


def checked(walked: Walked) -> CheckedVisit:
    """The one visit that was drawn, after all that phones sent has been applied."""
    catch_up.caught_up()
    db.session.rollback()
    [visit] = pairs.drawn_between(walked.commune, clock.today(), clock.today())
    return visit


def test_from_the_draw_to_the_sentence_in_the_report(walked: Walked) -> None:
    """R28, R29. A fifth of 55 visits: eleven households, of which one says that nobody came."""
    keys = [walked.visit(home) for home in walked.homes]
    findings = db.session.scalar(sa.select(sa.func.count()).select_from(Finding))
    page = walked.draw()
    assert "đã bốc thăm 11 lần đến, mới gặp lại 0 hộ" in page

    seed = re.search(r"<code>(11629 \d{4}-\d\d-\d\d [0-9a-f]{16})</code>", page)
    assert seed
    db.session.rollback()
    drawn = db.session.scalars(
        sa.select(Submission.instance_id).join(Backcheck, Backcheck.submission_id == Submission.id)
    )
    by_lot = sorted(keys, key=lambda key: backcheck_draw.lot(seed[1], key))
    assert set(drawn) == set(by_lot[:11])  # everybody can draw again

    assert walked.waiting(walked.first) == {}  # nobody checks their own visits
    waiting = walked.waiting(walked.second)
    assert len(waiting) == 11
    for place, home in enumerate(waiting):
        nobody_came = place == 0
        walked.again(walked.second, home, **(AS_BEFORE | {"da_den": "khong"} if nobody_came else AS_BEFORE))
    assert walked.waiting(walked.second) == {}

    page = walked.officer.get(PAGE).text
    assert "gặp lại 11 hộ; 10/11 lần đến bốc ngẫu nhiên được xác nhận (90,9\N{NO-BREAK SPACE}%" in page
    assert "trong giới hạn" in page
    link = re.search(rf'href="({PAGE}/\d+)"', page)
    assert link
    beside = walked.officer.get(link[1]).text
    assert "Lần đến chưa được xác nhận" in beside
    assert "Không có ai đến" in beside
    assert "Nhà 1" not in beside

    sentence = "10/11 lần đến bốc ngẫu nhiên được xác nhận"
    assert sentence in walked.officer.get("/xa/11629").text
    assert sentence in walked.officer.get(f"/xa/11629/bao-cao/du-thao?ky={clock.today():%Y-%m}").text
    db.session.rollback()
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Finding)) == findings
    met_again = {str(key) for key in waiting}
    states = {home.data["lan_tham"] for home in walked.homes if str(home.id) in met_again}
    assert states == {"1"}  # a second visit is none of the household's


def test_a_household_that_was_out_again_stays_on_the_list(walked: Walked) -> None:
    walked.visit(walked.homes[0])
    walked.draw()
    home = str(walked.homes[0].id)
    walked.again(walked.second, home, gap_lai="vang")
    assert home in walked.waiting(walked.second)
    walked.again(walked.second, home, gap_lai="tu_choi")
    assert walked.waiting(walked.second) == {}


def test_where_nobody_else_walks_the_leader_goes_with_a_code_of_their_own(walked: Walked) -> None:
    """R28."""
    walked.visit(walked.homes[0])
    db.session.rollback()
    collectors.revoke(walked.second.collector)
    db.session.commit()
    page = walked.draw()
    assert "1 hộ chờ tổ trưởng" in page
    assert (
        '<a href="/quan-tri/xa/11629/thanh-vien">Thành viên tổ</a>' in page.partition("1 hộ chờ tổ trưởng")[2]
    )
    db.session.rollback()
    leader = sample.make_collector(walked.commune, [walked.village], "Tổ trưởng")
    assert [*walked.waiting(leader)] == [str(walked.homes[0].id)]
    assert walked.waiting(walked.first) == {}


def test_the_list_tells_neither_who_came_nor_what_was_said(walked: Walked) -> None:
    walked.visit(walked.homes[0], adults=7)
    walked.draw()
    [line] = walked.waiting(walked.second).values()
    label = walked.homes[0].label
    assert line == f'{walked.homes[0].id},"{label}",11629001,{clock.today():%d/%m}'


def test_each_visit_stands_in_one_draw_alone_and_a_week_has_one(walked: Walked) -> None:
    """R28."""
    walked.visit(walked.homes[0])
    walked.draw()
    walked.visit(walked.homes[1])
    assert "Bốc thăm tuần này ngay" not in walked.officer.get(PAGE).text
    refused = walked.officer.post(PAGE, data={"csrf_token": walked.officer.csrf_token(PAGE)})
    assert refused.status_code == 400
    db.session.rollback()
    db.session.execute(sa.update(BackcheckDraw).values(drawn_at=clock.now() - kept_draws.WEEK))
    db.session.commit()
    walked.draw()
    db.session.rollback()
    by_draw = db.session.execute(
        sa.select(Backcheck.draw_id, Backcheck.entity_id).order_by(Backcheck.id)
    ).all()
    assert [row.entity_id for row in by_draw] == [home.id for home in walked.homes[:2]]
    assert len({row.draw_id for row in by_draw}) == 2


def test_what_is_rejected_later_still_was_drawn(walked: Walked) -> None:
    """R29. Else the visits that are found to be invented would vanish from what second visits found."""
    walked.visit(walked.homes[0])
    walked.draw()
    walked.again(walked.second, str(walked.homes[0].id), **AS_BEFORE | {"da_den": "khong"})
    db.session.rollback()
    db.session.execute(
        sa.update(Submission).where(Submission.entity_id == walked.homes[0].id, Submission.result == "gap")
        .values(review="rejected")
    )  # fmt: skip
    db.session.commit()
    assert checked(walked).pair.is_confirmed is False


def test_a_second_visit_by_the_first_visitor_checks_nothing(walked: Walked) -> None:
    """R28. A form that names the household all the same, as no phone's list would let it."""
    walked.visit(walked.homes[0])
    walked.draw()
    home = walked.homes[0].id
    xml = sample.filled(
        f"<ho>{home}</ho><gap_lai>gap</gap_lai><chi_tieu><doi_tuong>{home}</doi_tuong></chi_tieu>",
        form_id="phuc_tra", version="2026112901",
    )  # fmt: skip
    [answer] = walked.phone(walked.first).send(xml)
    assert answer.status == 201
    assert str(home) in walked.waiting(walked.second)


@pytest.mark.parametrize("result", ["vang", "tu_choi"])
def test_absent_and_refusing_households_are_drawn_too(walked: Walked, result: str) -> None:
    """R28."""
    walked.visit(walked.homes[0], result)
    walked.draw()
    home = str(walked.homes[0].id)
    walked.again(walked.second, home, **AS_BEFORE | {"da_den": "khong"})
    # who was out cannot say whether anybody came; the other answers are compared all the same
    came = [each.agrees for each in checked(walked).questions if each.label == pairs.CAME_LABEL]
    assert came == [None if result == "vang" else False]


def test_by_night_a_draw_is_made_once_a_week(walked: Walked) -> None:
    walked.visit(walked.homes[0])
    runner = walked.app.test_cli_runner()
    for _ in range(2):
        assert "backchecks draw" not in runner.invoke(args=["nightly"]).stderr
    db.session.rollback()
    assert db.session.scalar(sa.select(sa.func.count()).select_from(BackcheckDraw)) == 1
    assert db.session.scalars(sa.select(Audit.actor).where(Audit.act == "backcheck.draw")).all() == ["system"]


def test_leaders_see_the_sentence_and_no_member(walked: Walked) -> None:
    """R29."""
    for home in walked.homes[:3]:
        walked.visit(home)
    walked.draw()
    db.session.rollback()
    make_person("lanh_dao", "leader", walked.commune)
    leader = browser(walked.app)
    leader.sign_in("lanh_dao")
    page = leader.get("/xa/11629").text
    assert "cần ít nhất 11 hộ bốc ngẫu nhiên mới nói được tỷ lệ" in page
    assert "Nguyễn Văn Ấm" not in page
    assert leader.get(PAGE).status_code == 403


def test_before_the_first_draw_the_page_tells_what_a_draw_does_and_who_sees_what(walked: Walked) -> None:
    before = walked.officer.get(PAGE).text
    assert 'id="truoc-lan-dau"' in before
    assert "điện thoại của một người khác trong tổ" in before
    assert "chỉ cán bộ và người soát phiếu của xã thấy" in before
    walked.visit(walked.homes[0])
    assert 'id="truoc-lan-dau"' not in walked.draw()
