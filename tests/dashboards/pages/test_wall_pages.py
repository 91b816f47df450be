"""The sheet for the wall: every thôn with its number, and what the outlines are said to be."""

import pytest
from flask import Flask

from server import clock
from server.db import db
from tests.leaders import NOON, fill, sign_up
from tests.people import browser


def test_the_sheet_has_every_thon_on_the_map_and_in_the_table(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOON)
    sign_up(fill("11629"))
    db.session.commit()
    leader = browser(app)
    leader.sign_in("lanh.dao")
    page = leader.get("/xa/11629/ban-do/in?chi_tieu=phu_song_5g")
    assert page.status_code == 200
    assert page.text.count('class="thon"') == 38
    assert page.text.count('<span class="code">') == 38
    assert "Ranh giới minh họa" in page.text
    assert "css/wall.css" in page.text
    assert leader.get("/xa/11629/ban-do/in?chi_tieu=khong_co").status_code == 404
