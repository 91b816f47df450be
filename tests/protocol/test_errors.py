"""Each protocol says a problem in its own words: XML to phones, JSON to programs, a page to people."""

import errno

import pytest
from flask import Blueprint, Flask, Response, abort
from lxml import etree

from server.accounts import access
from server.errors import CommonProblem, Problem
from tests.people import bearing, browser, make_commune, make_person, make_token

STATUSES = (401, 403, 404, 405, 413, 422, 429, 500, 503)
PHONE, PROGRAM, PAGE = "/key/khong-co", "/api/v1", "/trang"


@pytest.fixture
def failing(app: Flask) -> Flask:
    """The application, with one view for each protocol that fails as it is told to."""
    pages = Blueprint("failing", __name__)

    @access.public
    def fail(how: str) -> str:
        if how == "bug":
            raise RuntimeError("mật khẩu cơ sở dữ liệu")
        if how == "refused":
            raise Problem(CommonProblem.NOT_ALLOWED, (("X-Why", "kept"),))
        abort(int(how))

    for prefix in (PHONE, PROGRAM, PAGE):
        pages.add_url_rule(f"{prefix}/hong/<how>", f"fail{len(prefix)}", fail)
    app.register_blueprint(pages)
    return app


@pytest.mark.parametrize("status", STATUSES)
def test_a_phone_is_told_in_xml(failing: Flask, status: int) -> None:
    """C38, C39: OpenRosaResponse with a message, whatever went wrong."""
    answer = browser(failing).get(f"{PHONE}/hong/{status}")
    assert answer.status_code == status
    assert answer.mimetype == "text/xml"
    root = etree.fromstring(answer.data)
    assert etree.QName(root).localname == "OpenRosaResponse"
    assert "".join(root.itertext()).strip()


@pytest.mark.parametrize("status", STATUSES)
def test_a_program_is_told_in_json(failing: Flask, status: int) -> None:
    answer = browser(failing).get(f"{PROGRAM}/hong/{status}")
    assert answer.status_code == status
    assert answer.mimetype == "application/json"
    told = answer.get_json()
    assert set(told) == {"code", "message"}
    assert told["code"].islower()
    assert told["message"]


@pytest.mark.parametrize("status", [status for status in STATUSES if status != 401])
def test_a_person_is_told_on_a_page(failing: Flask, status: int) -> None:
    answer = browser(failing).get(f"{PAGE}/hong/{status}")
    assert answer.status_code == status
    assert answer.mimetype == "text/html"
    assert 'role="alert"' in answer.text


def test_a_person_who_has_to_sign_in_is_led_there(failing: Flask) -> None:
    assert browser(failing).get(f"{PAGE}/hong/401").location == f"/dang-nhap?next={PAGE}/hong/401"


@pytest.mark.parametrize(
    ("path", "media_type"),
    [
        ("/key/khong-co/khong/co/gi", "text/xml"),
        ("/api/v1/khong-co", "application/json"),
        ("/khong-co", "text/html"),
    ],
)
def test_addresses_that_match_nothing_are_told_by_their_path(app: Flask, path: str, media_type: str) -> None:
    answer = browser(app).get(path)
    assert (answer.status_code, answer.mimetype) == (404, media_type)


@pytest.mark.parametrize(
    ("path", "media_type"), [("/api/v1/communes", "application/json"), ("/bat-dau", "text/html")]
)
def test_a_refused_method_keeps_allow(app: Flask, path: str, media_type: str) -> None:
    answer = browser(app).delete(path)
    assert (answer.status_code, answer.mimetype) == (405, media_type)
    assert set(answer.headers["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS"}


@pytest.mark.parametrize(
    "headers", [{}, {"Authorization": "Token 12"}, {"Authorization": "Token " + "0" * 40}]
)
def test_a_program_without_a_token_is_told_how_to_ask(app: Flask, headers: dict[str, str]) -> None:
    """RFC 9110 11.6.1: a 401 names the scheme."""
    answer = browser(app).get("/api/v1/communes", headers=headers)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == 'Token realm="tungnha"'
    assert answer.get_json()["code"] in ("authentication_needed", "token_unknown")


def test_a_problems_own_headers_are_kept(failing: Flask) -> None:
    for prefix in (PHONE, PROGRAM, PAGE):
        answer = browser(failing).get(f"{prefix}/hong/refused")
        assert (answer.status_code, answer.headers["X-Why"]) == (403, "kept")


def test_a_bug_tells_nothing_of_itself_and_is_logged(
    failing: Flask, caplog: pytest.LogCaptureFixture
) -> None:
    for prefix in (PHONE, PROGRAM, PAGE):
        answer = browser(failing).get(f"{prefix}/hong/bug")
        assert answer.status_code == 500
        assert "mật khẩu" not in answer.text
        assert "Traceback" not in answer.text
    assert len([record for record in caplog.records if record.exc_info]) == 3


def test_what_passes_is_told_as_such_wherever_in_a_request_it_is_met(failing: Flask) -> None:
    """Also where a view has answered already, and its answer is being dressed."""
    failing.config["PROPAGATE_EXCEPTIONS"] = False

    @failing.after_request
    def dress(response: Response) -> Response:
        if response.status_code == 404:
            raise OSError(errno.ENOSPC, "no room")
        return response

    for prefix in (PHONE, PROGRAM, PAGE):
        answer = browser(failing).get(f"{prefix}/hong/404")
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "60")
        assert "hết chỗ" in answer.text


def test_a_request_too_large_is_told_in_each_protocols_words(app: Flask) -> None:
    app.config["MAX_CONTENT_LENGTH"] = 1_000_000
    visitor = browser(app)
    answer = visitor.post("/dang-nhap", data={"username": "a" * 1_100_000})
    assert (answer.status_code, answer.mimetype) == (413, "text/html")
    assert "tối đa 1 MB" in answer.text


def test_a_day_that_cannot_be_read_is_422_with_its_code(app: Flask) -> None:
    token = make_token(make_commune())
    for day in ("hôm qua", "2026-02-30", "22/11/2026", "", "2026-11-22T00:00", "9" * 400):
        for what in ("coverage", "targets"):
            answer = browser(app).get(
                f"/api/v1/communes/11629/{what}", query_string={"as_of": day}, headers=bearing(token)
            )
            assert answer.status_code == 422, day
            assert answer.get_json()["code"] == "day_unreadable"


def test_an_unknown_commune_is_404_in_json_and_on_a_page(app: Flask) -> None:
    make_person("city", "city")
    visitor = browser(app)
    visitor.sign_in("city")
    answer = visitor.get("/api/v1/communes/00000")
    assert (answer.status_code, answer.get_json()["code"]) == (404, "commune_unknown")


@pytest.mark.parametrize("path", ["/dang-nhap", "/khong-co", "/formList", "/api/v1/communes"])
def test_a_host_that_cannot_be_is_refused_and_is_no_defect(
    app: Flask, path: str, caplog: pytest.LogCaptureFixture
) -> None:
    assert browser(app).get(path, headers={"Host": "a" * 300}).status_code == 400
    assert caplog.records == []
