"""A form that the web form cannot show says so where it is drafted and where it is published."""

import pytest
from flask import Flask

from tests.people import Browser, browser, make_commune, make_person
from tests.server.office.test_form_pages import draft_of

FORM = """
| survey |
| | type | name | label | appearance | calculation |
| | select_one c | cho | Chợ | {look} | |
| | text | ghi | Ghi | | {calculation} |
| | calculate | tinh | | | {calculation} |
| choices |
| | list_name | name | label |
| | c | name | label |
| settings |
| | form_id | version | form_title | public_key |
| | gioi_han | 1 | Giới hạn | {key} |
"""
KEY = "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDZ"


@pytest.fixture
def officer(app: Flask) -> Browser:
    make_person("can_bo", "officer", make_commune("11629"))
    visitor = browser(app)
    visitor.sign_in("can_bo")
    return visitor


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"look": "search('cho')"}, "bảng của search()"),
        ({"key": KEY}, "phiếu mã hóa"),
        ({"calculation": "version()"}, "hàm version()"),
        ({"calculation": "${last-saved#ghi}"}, "câu trả lời của phiếu trước"),
        ({}, ""),
    ],
)
def test_what_the_web_form_cannot_do_is_told_before_publication(
    officer: Browser, given: dict[str, str], told: str
) -> None:
    filled = {"look": "", "calculation": "1 + 1", "key": "", **given}
    draft = draft_of(officer, FORM.format(**filled).encode())
    for page, words in ((draft, "không dùng được trên phiếu web"), (f"{draft}/phat-hanh", "chưa dùng được")):
        text = officer.get(page).text
        assert (words in text) is bool(told), page
        assert told in text
