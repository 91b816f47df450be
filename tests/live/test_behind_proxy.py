"""The server behind the reverse proxy of docs/deploy/Caddyfile: TLS, who is believed, what the proxy's log tells."""

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests
import sqlalchemy as sa
from werkzeug.datastructures import Headers

from server.db import db
from server.models import Audit, Submission
from server.settings import Settings
from tests import sample
from tests.conftest import Template, application, on_a_copy
from tests.live.served import HOST, ROOT, Served
from tests.people import PASSWORD, make_person
from tests.phone import Answer, Phone

pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(shutil.which("caddy") is None, reason="no Caddy here"),
]

FORGED = {
    "X-Forwarded-For": "198.51.100.9",
    "X-Forwarded-Prefix": "/elsewhere",
    "X-Forwarded-Host": "evil.example",
}


@dataclass(frozen=True)
class Behind:
    """A server and the proxy in front of it."""

    served: Served
    url: str
    plain_url: str
    authority: str
    log: Path

    def session(self) -> requests.Session:
        """A client that trusts the proxy's own authority and nobody else."""
        found = requests.Session()
        found.trust_env = False  # a bundle named in the environment would be taken instead
        found.verify = self.authority
        return found


@dataclass(frozen=True)
class OverTls:
    """A phone's requests to the proxy."""

    session: requests.Session
    url: str

    def send(self, method: str, target: str, headers: Headers, body: bytes) -> Answer:
        answer = self.session.request(
            method, f"{self.url}{target}", headers=dict(headers) | FORGED, data=body or None, timeout=60
        )
        return Answer(answer.status_code, Headers(list(answer.headers.items())), answer.content)


@contextlib.contextmanager
def proxied(settings: Settings) -> Iterator[Behind]:
    with Served(settings, environ={"TUNGNHA_HTTPS": "1", "TUNGNHA_PROXIES": "1"}) as served:
        secure, plain = _free_port(), _free_port()
        folder = settings.instance / "caddy"
        folder.mkdir()
        config = (ROOT / "docs" / "deploy" / "Caddyfile").read_text()
        own = f"{{\n\tadmin off\n\thttp_port {plain}\n\thttps_port {secure}\n"
        (folder / "Caddyfile").write_text(config.replace("{\n", own, 1))
        environ = {
            "PATH": os.environ["PATH"], "HOME": str(folder), "XDG_DATA_HOME": str(folder),
            "XDG_CONFIG_HOME": str(folder), "SITE_NAME": "localhost", "SITE_TLS": "tls internal",
            "SITE_SERVER": f"{HOST}:{served.port}",
        }  # fmt: skip
        log = folder / "log"
        with log.open("wb") as written:
            proxy = subprocess.Popen(
                ["caddy", "run", "--config", str(folder / "Caddyfile"), "--adapter", "caddyfile"],
                env=environ, stdout=written, stderr=written,
            )  # fmt: skip
        try:
            authority = folder / "caddy" / "pki" / "authorities" / "local" / "root.crt"
            _wait_for(authority, secure)
            yield Behind(
                served, f"https://localhost:{secure}", f"http://localhost:{plain}", str(authority), log
            )
        finally:
            proxy.send_signal(signal.SIGTERM)
            proxy.wait(30)


@dataclass(frozen=True)
class Known:
    """Who is stored: the leader's username, the collector's token."""

    leader: str
    token: str


@pytest.fixture(scope="module")
def own_settings(template_database: Template, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    folder: Path = tmp_path_factory.mktemp("behind")
    with on_a_copy(template_database, folder) as found:
        yield found


@pytest.fixture(scope="module")
def known(own_settings: Settings) -> Iterator[Known]:
    """One commune for all: one test alone signs in, and one alone sends."""
    with application(own_settings):
        commune = sample.make_commune()
        make_person("lanh_dao", "leader", commune)
        collector = sample.make_collector(commune)
        sample.publish_plain()
        db.session.rollback()
        yield Known("lanh_dao", collector.token)


@pytest.fixture(scope="module")
def behind(own_settings: Settings, known: Known) -> Iterator[Behind]:
    """One server and one proxy for all tests that leave them as they are."""
    with proxied(own_settings) as found:
        yield found


def _free_port() -> int:
    with socket.create_server((HOST, 0)) as found:
        return int(found.getsockname()[1])


def _wait_for(authority: Path, port: int) -> None:
    """Until the proxy has made its certificate and takes calls."""
    ends = time.monotonic() + 60
    while time.monotonic() < ends:
        if authority.exists():
            try:
                requests.get(f"https://localhost:{port}/healthz", verify=str(authority), timeout=60)
            except requests.ConnectionError:
                time.sleep(0.1)
            else:
                return
        time.sleep(0.1)
    raise AssertionError("the proxy did not begin to serve")


def test_a_person_signs_in_over_tls_and_nobody_is_believed_but_the_proxy(
    behind: Behind, known: Known
) -> None:
    with behind.session() as session:
        session.headers.update(FORGED)
        page = session.get(f"{behind.url}/dang-nhap", timeout=60)
        assert page.headers["Strict-Transport-Security"] == "max-age=31536000"
        assert "Server" not in page.headers
        assert all("Secure" in cookie for cookie in page.headers["Set-Cookie"].split(", session"))
        assert "/elsewhere" not in page.text
        assert "evil.example" not in page.text
        token = re.search(r'name="csrf_token" value="([^"]+)"', page.text)
        assert token
        fields = {"csrf_token": token[1], "username": known.leader, "password": PASSWORD}
        refused = session.post(f"{behind.url}/dang-nhap", data=fields, timeout=60)
        assert refused.status_code == 400, "no page of ours has sent this"
        session.headers["Referer"] = f"{behind.url}/dang-nhap"
        entered = session.post(f"{behind.url}/dang-nhap", data=fields, timeout=60)
        assert (entered.status_code, entered.url) == (200, f"{behind.url}/xa/11629")
    db.session.rollback()
    addresses = set(db.session.scalars(sa.select(Audit.address).where(Audit.act == "person.sign_in")))
    assert addresses <= {"127.0.0.1", "::1"}
    assert addresses


def test_a_phone_syncs_and_sends_over_tls_by_the_addresses_that_it_is_given(
    behind: Behind, known: Known
) -> None:
    with behind.session() as session:
        phone = Phone(OverTls(session, behind.url), f"{behind.url}/key/{known.token}")
        assert list(phone.sync()) == ["don_gian"]
        assert [answer.status for answer in phone.send(sample.filled())] == [201]
    db.session.rollback()
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Submission)) == 1


def test_plain_http_leads_to_tls(behind: Behind) -> None:
    answer = requests.get(f"{behind.plain_url}/dang-nhap", allow_redirects=False, timeout=60)
    assert answer.status_code == 308
    assert answer.headers["Location"].startswith("https://localhost")


def test_what_is_far_too_large_is_refused_in_the_servers_words(behind: Behind, known: Known) -> None:
    """A proxy that cuts a body off would tell a phone nothing that it can show."""
    with behind.session() as session:
        answer = session.post(
            f"{behind.url}/key/{known.token}/submission", data=bytes(33_000_000), timeout=60,
            headers={"Content-Type": "multipart/form-data; boundary=x"},
        )  # fmt: skip
    assert answer.status_code == 413
    assert "quá lớn" in answer.content.decode()


def test_the_proxys_log_tells_no_code_while_the_server_is_gone(settings: Settings) -> None:
    """Caddy logs what it could not hand on, with the address that was asked for."""
    secret = "S" * 64
    with proxied(settings) as behind, behind.session() as session:
        behind.served.kill()
        behind.served.listener.close()
        for path in (f"/key/{secret}/formList", f"/thu/{secret}/formList", f"/view/media/{secret}"):
            answer = session.get(
                f"{behind.url}{path}", headers={"Authorization": f"Token {secret}"}, cookies={"session": secret},
                timeout=60,
            )  # fmt: skip
            assert answer.status_code == 502
    told = behind.log.read_text()
    assert '"/key/…/formList"' in told
    assert secret not in told
