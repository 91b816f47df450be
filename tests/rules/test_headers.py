"""Every URL, opened by somebody of every role: what the answer tells a browser, and which cookies it sets."""

import base64
import dataclasses
import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from server.serving.security_headers import DAY
from tests import town
from tests.conftest import Template, application, on_a_copy
from tests.people import PASSWORD, browser
from tests.town import CODES, Caller

KINDS = ("public", "people", "program", "phone", "web_form", "client")
ASKERS = (
    "nobody",
    "officer.11629",
    "leader.11629",
    "reviewer.11629",
    "team.11629.0",
    "city",
    "admin",
    "program",
)
AT_DOORS = ("nobody", "officer.11629")
"""Who opens the doors of other systems: one whom they refuse, and one who reads all that a browser may there."""
POLICY = {"default-src", "script-src", "style-src", "base-uri", "form-action", "frame-ancestors"}
"""Directives that every page's policy names."""
ALLOWED = re.compile(r"'(?:self|none|nonce-[\w-]{16,}|sha256-[\w+/]+=*)'|data:")
"""Sources that a page may name: nothing inline by word, no other host, no scheme but that of drawn pictures."""


@dataclass(frozen=True)
class Answered:
    """What somebody got at an address."""

    who: str
    method: str
    path: str
    kind: str
    answer: TestResponse


@dataclass(frozen=True)
class Walked:
    """All that was answered by an application that runs behind a proxy which ends TLS."""

    app: Flask
    answers: tuple[Answered, ...]


@pytest.fixture(scope="module")
def walked(template_database: Template, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Walked]:
    """GET of every address by every role, and POST with nothing in it, which nobody is let do anything by."""
    folder: Path = tmp_path_factory.mktemp("headers")
    with on_a_copy(template_database, folder, idle_minutes=600, admin_idle_minutes=600) as settings:
        with application(settings) as filling:  # the phones of the tests' town speak plain http
            towns = town.build(filling)
        with application(dataclasses.replace(settings, https=True)) as app:
            yield Walked(app, tuple(_walk(app, towns)))


def _walk(app: Flask, towns: Mapping[str, town.Town]) -> Iterator[Answered]:
    asking = [each for each in town.callers(app, towns) if each.name in ASKERS]
    values = {**towns[CODES[0]].values, "token": "x" * 64, "signed": "MQ"}
    for rule, method, access in town.rules(app, *KINDS):
        path = town.address(rule, values)
        for asker in asking:
            if access.kind == "client" and asker.name not in AT_DOORS:
                continue
            yield Answered(asker.name, method, path, access.kind, _ask(asker, path, method))
    for path in ("/khong-co", "/api/khong-co"):
        yield Answered("nobody", "GET", path, "public", _ask(asking[0], path, "GET"))


@pytest.fixture
def answers(walked: Walked) -> tuple[Answered, ...]:
    return walked.answers


def _ask(asker: Caller, path: str, method: str) -> TestResponse:
    return asker.browser.open(path, method=method, headers=dict(asker.headers))


def policy(answer: TestResponse) -> dict[str, list[str]]:
    """The directives of an answer's policy with their sources."""
    parts = [
        part.split() for part in answer.headers.get("Content-Security-Policy", "").split(";") if part.strip()
    ]
    return {name: sources for name, *sources in parts}


def _is_of_web_form(path: str, source: str) -> bool:
    """The form in a browser brings its engine as WASM and shows photos from memory; no other page does.

    Collectors fill in there, officers correct.
    """
    is_form = path == "/phieu/" or bool(re.fullmatch(r"/quan-tri/xa/\d+/phieu/\d+/sua", path))
    return is_form and source in {"'wasm-unsafe-eval'", "blob:"}


def test_no_page_lets_in_what_is_inline_or_from_elsewhere(answers: tuple[Answered, ...]) -> None:
    wrong, looked = [], 0
    for each in answers:
        if each.answer.mimetype != "text/html":
            continue
        looked += 1
        told = policy(each.answer)
        sources = [source for named in told.values() for source in named]
        if (
            set(told) < POLICY
            or told["default-src"] != ["'none'"]
            or not all(ALLOWED.fullmatch(source) or _is_of_web_form(each.path, source) for source in sources)
        ):
            wrong.append((each.who, each.path, told))
        if "data:" in told.get("script-src", []) + told.get("style-src", []):
            wrong.append((each.who, each.path, told))
    assert wrong == []
    assert looked > 500


def test_what_is_inline_carries_the_pages_nonce_and_no_handler(answers: tuple[Answered, ...]) -> None:
    """A policy that refuses what a page needs would be loosened one day: pages need nothing of it."""
    wrong = []
    for each in answers:
        if each.answer.mimetype != "text/html":
            continue
        text = each.answer.get_data(as_text=True)
        nonces = {
            source[7:-1] for source in policy(each.answer)["script-src"] if source.startswith("'nonce-")
        }
        for tag in re.findall(r"<(?:script|style)\b[^>]*>", text):
            given = re.search(r'nonce="([^"]+)"', tag)
            if "src=" not in tag and (given is None or given[1] not in nonces):
                wrong.append((each.path, tag))
        without_scripts = re.sub(r"<script\b.*?</script>", "", text, flags=re.DOTALL)
        wrong += [
            (each.path, tag) for tag in re.findall(r"<[a-z][^>]*\s(?:on[a-z]+|style)=", without_scripts)
        ]
    assert wrong == []


def test_every_answer_says_that_nothing_is_guessed_and_only_tls_is_to_be_used(
    answers: tuple[Answered, ...],
) -> None:
    wrong = [
        (each.who, each.path)
        for each in answers
        if each.answer.headers.get("X-Content-Type-Options") != "nosniff"
        or each.answer.headers.get("Strict-Transport-Security") != f"max-age={365 * DAY}"
        or each.answer.headers.get("Referrer-Policy") not in ("same-origin", "no-referrer")
    ]
    assert wrong == []
    assert len(answers) > 1000


def test_nothing_that_needs_signing_in_is_kept_on_a_shared_computer(answers: tuple[Answered, ...]) -> None:
    kept = [
        (each.who, each.path)
        for each in answers
        if each.kind in ("people", "program", "client")
        and "no-store" not in each.answer.headers.get("Cache-Control", "")
    ]
    assert kept == []


def test_cookies_are_for_http_this_site_and_tls_alone_and_phones_get_none(
    answers: tuple[Answered, ...],
) -> None:
    set_by = [(each, cookie) for each in answers for cookie in each.answer.headers.getlist("Set-Cookie")]
    wrong = [
        (each.path, cookie)
        for each, cookie in set_by
        if each.kind in ("phone", "web_form")
        or not all(f"; {flag}" in cookie for flag in ("HttpOnly", "SameSite=Lax", "Secure"))
    ]
    assert wrong == []
    assert set_by


def test_who_has_not_signed_in_changes_nothing_without_a_pages_form(walked: Walked) -> None:
    """The sign-in page is public, and another site shall not sign anybody in. Persons: tests/rules/test_walk.py."""
    changing = {
        town.address(rule, {}) for rule, method, _ in town.rules(walked.app, "public") if method == "POST"
    }
    assert "/dang-nhap" in changing
    for each in walked.answers:
        if each.who == "nobody" and each.method == "POST" and each.kind not in ("phone", "web_form"):
            assert each.answer.status_code in (400, 401), each.path


def test_a_right_form_that_another_site_sends_over_tls_is_refused(walked: Walked) -> None:
    visitor = browser(walked.app)
    fields = {"csrf_token": visitor.csrf_token(), "username": "officer.11629", "password": PASSWORD}
    assert (
        visitor.post("/dang-nhap", data=fields, headers={"Referer": "https://elsewhere/"}).status_code == 400
    )
    assert visitor.post("/dang-nhap", data=fields).status_code == 302


def test_a_failing_server_says_so_with_the_one_style_that_is_let_in(app: Flask) -> None:
    def broken() -> str:
        raise RuntimeError("broken")

    app.view_functions["accounts.start"] = broken
    app.testing = False
    answer = app.test_client().get("/bat-dau")
    assert answer.status_code == 500
    [style] = re.findall(r"<style>(.*?)</style>", answer.text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"'sha256-{digest}'" in policy(answer)["style-src"]
    assert "unsafe" not in answer.headers["Content-Security-Policy"]
    assert "Strict-Transport-Security" not in answer.headers, "nothing promises TLS where none is set"
