"""Members beside all visits of their thôn, patterns beyond an officer's threshold, and a fresh start once spoken to."""

import re

import pytest
import sqlalchemy as sa

from server.db import db
from server.models import Audit
from server.review import doubts, member_shares
from tests.people import browser, make_person
from tests.server.review.conftest import CheckedThon
from tests.server.review.test_doubt_list import PAGE, signed_in


def walked(thon: CheckedThon, absent: int, of: int, *, second: bool = False, first_home: int = 0) -> None:
    for at in range(of):
        thon.visit(first_home + at, "vang" if at < absent else "gap", second=second)
    doubts.once()
    db.session.rollback()


def keys(thon: CheckedThon) -> list[str]:
    found = [each.key for each in member_shares.read(thon.commune).patterns()]
    db.session.rollback()
    return found


def test_a_share_over_the_officers_threshold_is_one_doubt_and_no_single_visits(thon: CheckedThon) -> None:
    """R32. More than 60 % of 12 or more."""
    walked(thon, 7, 11)
    assert keys(thon) == []  # too few
    thon.visit(11, "gap")
    walked(thon, 0, 0)
    assert keys(thon) == []  # 7 of 12 is less than 60 %
    thon.visit(12, "vang")
    walked(thon, 0, 0)
    [told] = member_shares.read(thon.commune).patterns()
    assert (told.key, told.found, told.of) == ("tham:vang", 8, 13)
    page = signed_in(thon).get(PAGE).text
    assert "Hơn 60 % lần đến là vắng: gọi hỏi người đi (Thăm: 8/13 phiếu)" in page
    assert "Gọi điện" in page
    assert 'id="phieu-' not in page


def test_who_is_absent_beyond_chance_in_their_thon_is_told_with_what_chance_allows(thon: CheckedThon) -> None:
    """R39."""
    walked(thon, 13, 14)
    walked(thon, 0, 14, second=True, first_home=14)
    told = {each.key: each for each in member_shares.read(thon.commune).patterns()}
    assert set(told) == {"absent", "tham:vang"}
    assert re.fullmatch(
        r"13/14 lần đến ở Thôn Đông vắng nhà; cả thôn 13/28, ngẫu nhiên cho nhiều nhất \d+",
        told["absent"].sentence,
    )
    db.session.rollback()
    officer = signed_in(thon)
    page = officer.get(f"{PAGE}/thanh-vien").text
    assert "ngoài giới hạn, cần hỏi" in page
    assert page.index("Nguyễn Văn Ấm") < page.index("Trần Thị Bé")  # by name, whatever they did
    db.session.rollback()
    acts = db.session.scalars(sa.select(Audit.act).where(Audit.act == "doubt.members")).all()
    assert acts == ["doubt.members"]


def test_who_was_spoken_to_begins_anew(thon: CheckedThon) -> None:
    """R39."""
    walked(thon, 12, 12)
    assert keys(thon) == ["tham:vang"]
    officer = signed_in(thon)
    collector = db.session.scalar(sa.text("select min(collector_id) from submission"))
    db.session.rollback()
    given = {"csrf_token": officer.csrf_token(PAGE), "nguoi": str(collector), "ma": "tham:vang"}
    answer = officer.post(f"{PAGE}/da-hoi", data=given, follow_redirects=True)
    assert "chỉ tính các phiếu từ nay" in answer.text
    assert keys(thon) == []
    walked(thon, 11, 11, first_home=12)
    assert keys(thon) == []
    thon.visit(23, "vang")
    walked(thon, 0, 0)
    assert keys(thon) == ["tham:vang"]


def test_each_pattern_is_open_since_its_own_talk(thon: CheckedThon) -> None:
    """R39. A talk about one thing says nothing of another; of several talks each visit is held to the right one."""
    walked(thon, 13, 14)
    walked(thon, 0, 14, second=True, first_home=14)
    assert set(keys(thon)) == {"absent", "tham:vang"}
    collector = thon.first.collector.id
    member_shares.settle(collector, "absent", "person:1")
    db.session.commit()
    assert keys(thon) == ["tham:vang"]
    walked(thon, 11, 11)
    member_shares.settle(collector, "tham:vang", "person:1")
    db.session.commit()
    walked(thon, 10, 10)
    assert keys(thon) == ["absent"]  # 21 since the first talk, ten since the second
    walked(thon, 2, 2)
    assert set(keys(thon)) == {"absent", "tham:vang"}


def test_an_edit_or_a_rejection_moves_the_share(thon: CheckedThon) -> None:
    first = thon.visit(0, "vang")
    walked(thon, 7, 12, first_home=1)
    assert keys(thon) == ["tham:vang"]  # 8 of 13
    thon.visit(0, "gap", edits=first)
    walked(thon, 0, 0)
    assert keys(thon) == []


@pytest.mark.parametrize("role", ["team_leader", "leader"])
def test_nobody_but_officers_and_reviewers_sees_members(thon: CheckedThon, role: str) -> None:
    walked(thon, 12, 12)
    make_person("nguoi.xem", role, thon.commune, (thon.village,) if role == "team_leader" else ())
    reader = browser(thon.app)
    reader.sign_in("nguoi.xem")
    assert reader.get(f"{PAGE}/thanh-vien").status_code == 403
    if role == "team_leader":
        assert "Hơn 60 %" not in reader.get(PAGE).text
    given = {"csrf_token": reader.csrf_token("/api/docs"), "nguoi": "1", "ma": "tham:vang"}
    assert reader.post(f"{PAGE}/da-hoi", data=given).status_code == 403


def test_a_member_of_another_commune_is_not_settled_here(thon: CheckedThon) -> None:
    officer = signed_in(thon)
    given = {"csrf_token": officer.csrf_token(PAGE), "nguoi": "9999", "ma": "tham:vang"}
    assert officer.post(f"{PAGE}/da-hoi", data=given).status_code == 404
