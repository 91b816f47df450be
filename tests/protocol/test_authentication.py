"""Who a phone is: tokens, Digest and Basic (C9–C13)."""

import base64
import dataclasses
import datetime as dt
import re
from collections.abc import Iterator
from itertools import product

import pytest
from flask import Flask
from werkzeug.datastructures import Headers
from werkzeug.http import parse_dict_header

from app import create_app
from server import clock
from server.db import db
from server.models import Submission
from server.phones import collectors, http_digest
from server.phones.collectors import NewCollector
from server.settings import Settings
from tests import people, sample
from tests.phone import Answer, InProcess, Phone, digest_header, multipart, part

BAD_TOKENS = ("x", "A" * 63, "A" * 65, "A" * 64, "á" * 64, "A" * 63 + "%00", "..%2f" * 4)


def _ask(app: Flask, method: str, target: str, authorization: str | None = None, **environ: str) -> Answer:
    headers = Headers({"Authorization": authorization} if authorization else {})
    return InProcess(app, **environ).send(method, target, headers, b"")


def _challenge(answer: Answer) -> dict[str, str | None]:
    return parse_dict_header(answer.headers["WWW-Authenticate"].removeprefix("Digest "))


def _basic(username: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{username}:{password}".encode()).decode()


@pytest.fixture
def https_app(settings: Settings) -> Iterator[Flask]:
    app = create_app(dataclasses.replace(settings, https=True))
    with app.app_context():
        yield app
        db.session.close()
        db.dispose()


# tokens


def test_a_token_in_the_path_needs_no_second_request(phone: Phone) -> None:
    """C12: no 401 round trips, and every handed-out URL carries the same prefix."""
    sample.publish_visit()
    phone.sync()
    phone.send(sample.filled(form_id="tham"))
    assert {status for _method, _target, status in phone.asked} <= {200, 201, 204}
    assert all(
        target.startswith(f"{phone.server_url.removeprefix('http://localhost')}/")
        for _m, target, _s in phone.asked
    )


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "formList"), ("HEAD", "submission"), ("POST", "submission")]
)
@pytest.mark.parametrize("token", BAD_TOKENS)
def test_an_unknown_token_is_403_and_never_asks_for_a_password(
    app: Flask, token: str, method: str, path: str
) -> None:
    """C12: a 401 would open a password dialog that cannot help."""
    answer = _ask(app, method, f"/key/{token}/{path}")
    if "/" in token.replace("%2f", "/"):
        assert answer.status == 404
        return
    assert answer.status == 403
    assert "WWW-Authenticate" not in answer.headers
    assert method == "HEAD" or "QR" in (answer.message or "")


def test_a_revoked_collector_is_403_on_everything(
    app: Flask, phone: Phone, digest_phone: Phone, collector: NewCollector
) -> None:
    """C12, R23: thu hồi ngay. Known name and password do not make it a 401 either."""
    sample.publish_plain()
    assert phone.form_list().status == 200
    assert phone.post(sample.filled()).status == 201
    collectors.revoke(db.session.merge(collector.collector))
    db.session.commit()
    for each in (phone, digest_phone):
        assert each.form_list().status == 403
        assert each.head().status == 403
        assert each.post(sample.filled()).status == 403
    assert db.session.query(Submission).count() == 1


def test_a_key_revoked_by_another_process_neither_reads_nor_sends(
    phone: Phone, collector: NewCollector
) -> None:
    """C12, R23: what a process remembers of a token never outlives its revocation."""
    sample.publish_plain()
    assert phone.post(sample.filled()).status == 201
    db.session.merge(collector.collector).revoked_at = clock.now()
    db.session.commit()
    assert phone.form_list().status == 403
    assert phone.head().status == 403
    assert phone.post(sample.filled()).status == 403


def test_nobody_is_let_in_by_what_the_database_holds(app: Flask, collector: NewCollector) -> None:
    """C12: the token's hash opens nothing."""
    stored = collector.collector.token_hash.hex()
    assert _ask(app, "GET", f"/key/{stored}/formList").status == 403
    assert collector.token.encode() not in collector.collector.token_sealed


# challenges


def test_digest_alone_is_offered_on_http(app: Flask, collector: NewCollector) -> None:
    """C9: Basic over plain http is refused by phones as an unsupported scheme."""
    answer = _ask(app, "GET", "/formList")
    assert answer.status == 401
    [offered] = answer.headers.getlist("WWW-Authenticate")
    assert re.fullmatch(
        r'Digest realm="tungnha", qop="auth", nonce="[\w.-]+", opaque="\w+", algorithm=MD5', offered
    )


def test_basic_comes_second_on_https(https_app: Flask) -> None:
    """C9: a phone takes the first challenge that it knows."""
    answer = _ask(https_app, "GET", "/formList")
    digest_offer, basic_offer = answer.headers.getlist("WWW-Authenticate")
    assert digest_offer.startswith("Digest ")
    assert basic_offer == 'Basic realm="tungnha"'


def test_basic_is_accepted_on_https_and_refused_on_http(settings: Settings) -> None:
    """C9."""
    for https, expected in ((True, 200), (False, 401)):
        app = create_app(dataclasses.replace(settings, https=https))
        with app.app_context():
            made = _made(https)
            answer = _ask(app, "GET", "/formList", _basic(made.collector.username, made.password))
            assert answer.status == expected
            assert _ask(app, "GET", "/formList", _basic(made.collector.username, "wrong")).status == 401
            assert _ask(app, "GET", "/formList", _basic("", "")).status == 401
            assert _ask(app, "GET", "/formList", _basic("nobody\x00", "x")).status == 401
            db.session.close()
            db.dispose()


def _made(https: bool) -> NewCollector:
    commune = sample.make_commune("11629" if https else "10930")
    return sample.make_collector(commune, [sample.make_village(commune, f"{commune.code}001")])


# digest


def test_a_phone_answers_the_challenge_once_and_then_proves_itself_at_once(digest_phone: Phone) -> None:
    """C10: one 401, then pre-authenticated requests with a counter that goes up, for GET, HEAD and POST."""
    sample.publish_visit()
    digest_phone.sync()
    assert [answer.status for answer in digest_phone.send(sample.filled(form_id="tham"))] == [201]
    assert [status for _m, _t, status in digest_phone.asked].count(401) == 1


def test_the_query_is_part_of_what_is_proved(app: Flask, collector: NewCollector) -> None:
    """C10: HA2 has path and query; a proof for one target does not open another."""
    challenge = _challenge(_ask(app, "GET", "/formList"))

    def proof(uri: str, method: str = "GET") -> str:
        return digest_header(challenge, collector.collector.username, collector.password, method, uri)

    asked = "/formList?formID=a&deviceID=collect%3AaB3"
    assert _ask(app, "GET", asked, proof(asked)).status == 200
    assert _ask(app, "GET", asked, proof("/formList?formID=a&deviceID=collect:aB3")).status == 200
    assert _ask(app, "GET", asked, proof("/formList")).status == 401
    assert _ask(app, "GET", asked, proof("/formList?formID=b&deviceID=collect%3AaB3")).status == 401
    assert _ask(app, "GET", asked, proof(asked, "POST")).status == 401


def test_the_prefix_of_a_proxy_is_part_of_what_is_proved(settings: Settings) -> None:
    """C10: the phone signs the address it sees."""
    app = create_app(dataclasses.replace(settings, proxies=1))
    with app.app_context():
        made = sample.make_collector()
        prefix = {"HTTP_X_FORWARDED_PREFIX": "/tung-nha"}
        challenge = _challenge(_ask(app, "GET", "/formList", **prefix))
        proof = digest_header(
            challenge, made.collector.username, made.password, "GET", "/tung-nha/formList?a=1"
        )
        assert _ask(app, "GET", "/formList?a=1", proof, **prefix).status == 200
        db.session.close()
        db.dispose()


def test_an_old_nonce_is_stale_and_costs_one_round_trip(
    digest_phone: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    """C10: good for an hour at least; then 401 with stale=true, and the phone tries again by itself."""
    assert digest_phone.form_list().status == 200
    start = clock.now()
    monkeypatch.setattr(clock, "now", lambda: start + dt.timedelta(minutes=61))
    assert digest_phone.form_list().status == 200
    assert len(digest_phone.asked) == 3
    monkeypatch.setattr(clock, "now", lambda: start + http_digest.LIFETIME + dt.timedelta(minutes=1))
    assert digest_phone.form_list().status == 200
    assert [status for _m, _t, status in digest_phone.asked[3:]] == [401, 200]


def test_stale_is_said_only_to_those_who_know_the_password(app: Flask, collector: NewCollector) -> None:
    """C10: else a wrong password would be tried for ever."""
    forged = {"realm": "tungnha", "nonce": "made-up", "opaque": "x"}
    name = collector.collector.username
    right = _ask(app, "GET", "/formList", digest_header(forged, name, collector.password, "GET", "/formList"))
    wrong = _ask(app, "GET", "/formList", digest_header(forged, name, "wrong", "GET", "/formList"))
    assert (right.status, _challenge(right).get("stale")) == (401, "true")
    assert (wrong.status, _challenge(wrong).get("stale")) == (401, None)


def test_a_nonce_of_one_process_is_good_in_another(settings: Settings) -> None:
    """C10: phones meet any of several processes, also after a restart."""
    one, other = create_app(settings), create_app(settings)
    with one.app_context():
        made = sample.make_collector()
        challenge = _challenge(_ask(one, "GET", "/formList"))
        proof = digest_header(challenge, made.collector.username, made.password, "GET", "/formList")
        db.session.close()
        db.dispose()
    with other.app_context():
        assert _ask(other, "GET", "/formList", proof).status == 200
        db.dispose()


@pytest.mark.parametrize(
    "damage",
    [
        (r'realm="tungnha"', 'realm="other"'),
        (r"algorithm=MD5", "algorithm=SHA-256"),
        (r"qop=auth", "qop=auth-int"),
        (r"nc=\w+", "nc="),
        (r'cnonce="\w+"', 'cnonce=""'),
        (r'username="[^"]*"', 'username="no one"'),
        (r'username="[^"]*"', 'username="á\xff"'),
        (r'response="\w+"', 'response="é"'),
        (r'uri="[^"]*"', 'uri="http://[bad"'),
        (r"Digest .*", "Digest"),
        (r"Digest .*", 'Digest ===,,,""'),
        (r"Digest .*", "Bearer abc"),
        (r"Digest .*", "Basic !!!"),
    ],
)
def test_a_damaged_proof_is_401(app: Flask, collector: NewCollector, damage: tuple[str, str]) -> None:
    """C10, C13."""
    challenge = _challenge(_ask(app, "GET", "/formList"))
    good = digest_header(challenge, collector.collector.username, collector.password, "GET", "/formList")
    bad = re.sub(damage[0], damage[1], good, count=1)
    assert bad != good
    assert _ask(app, "GET", "/formList", bad).status == 401


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/formList"), ("HEAD", "/submission"), ("POST", "/submission")]
)
def test_wrong_passwords_are_401_everywhere(
    app: Flask, collector: NewCollector, method: str, path: str
) -> None:
    """C13, C31: never 200 with an empty list, never 302 to a page."""
    phone = Phone(InProcess(app), "http://localhost", collector.collector.username, "wrong password")
    answer = phone.request(method, f"http://localhost{path}")
    assert answer.status == 401
    assert [status for _m, _t, status in phone.asked] == [401, 401]
    assert answer.headers["WWW-Authenticate"].startswith("Digest ")


def test_the_body_of_an_unknown_sender_is_never_looked_at(app: Flask) -> None:
    """C10: who asks is settled first; even a body that is no multipart gets 401, not 400."""
    for path, status in (("/submission", 401), (f"/key/{'A' * 64}/submission", 403)):
        answer = InProcess(app).send("POST", path, Headers({"Content-Type": "text/plain"}), b"x" * 100_000)
        assert answer.status == status
        assert answer.message


def test_accounts_of_people_open_no_phone_url(https_app: Flask) -> None:
    """R24: and a session opens none either."""
    people.make_person("officer", "officer", sample.make_commune())
    basic = _basic("officer", people.PASSWORD)
    assert _ask(https_app, "GET", "/formList", basic).status == 401
    challenge = _challenge(_ask(https_app, "GET", "/formList"))
    proof = digest_header(challenge, "officer", people.PASSWORD, "GET", "/formList")
    assert _ask(https_app, "GET", "/formList", proof).status == 401


def test_a_forms_list_holds_no_form_of_another_token(app: Flask, phone: Phone) -> None:
    """C12: never list forms of other tokens."""
    elsewhere = sample.make_commune("10930", "Mao Điền")
    other = sample.make_collector(elsewhere, [sample.make_village(elsewhere, "10930001")])
    sample.publish_plain(form_id="cua_mao_dien", commune=elsewhere)
    his = Phone(InProcess(app), f"http://localhost/key/{other.token}")
    assert [form.form_id for form in his.forms()] == ["cua_mao_dien"]
    assert phone.forms() == []
    for path in ("1.xml", "1/manifest", "1/media/x.csv"):
        assert phone.get(f"{phone.server_url}/forms/cua_mao_dien/{path}").status == 404


def test_every_path_that_phones_have_asks_who_they_are(app: Flask) -> None:
    """C13, by the table of routes itself."""
    sample.publish_visit()
    routes = [rule for rule in app.url_map.iter_rules() if rule.endpoint.startswith("phones_by_password")]
    routes = [rule for rule in routes if not rule.rule.startswith("/view/media")]  # signed instead (C53)
    assert len(routes) == 10
    for rule, method in product(routes, ("GET", "HEAD", "POST")):
        if method in (rule.methods or ()):
            path = rule.build({"form_id": "tham", "version": "1", "name": "ho_dan"}, append_unknown=False)
            assert path is not None
            assert _ask(app, method, path[1]).status == 401


def test_a_body_can_follow_the_challenge(digest_phone: Phone) -> None:
    """C10: a phone that never asked before posts, is challenged, and posts again."""
    sample.publish_plain()
    body = multipart("b", [part("xml_submission_file", sample.filled(), "a.xml", "text/xml")])
    assert digest_phone.post_raw(body, "multipart/form-data; boundary=b").status == 201


def test_another_sites_page_sends_no_visit_by_a_password_that_the_browser_remembers(
    digest_phone: Phone,
) -> None:
    """A browser proves by itself what was typed once; phones say nothing of sites."""
    sample.publish_plain()
    body = multipart("b", [part("xml_submission_file", sample.filled())])
    kind = "multipart/form-data; boundary=b"
    assert digest_phone.head().status == 204
    assert digest_phone.post_raw(body, kind, **{"Sec-Fetch-Site": "cross-site"}).status == 403
    assert digest_phone.post_raw(body, kind, Origin="http://elsewhere.vn").status == 403
    assert sample.arrived() == []
    assert digest_phone.post_raw(body, kind).status == 201
