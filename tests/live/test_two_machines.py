"""Two servers with one database and one key, as the city runs them: nobody has to stay with one of them."""

import contextlib
import re
from pathlib import Path

import pytest
import requests
from flask import Flask
from requests.auth import HTTPDigestAuth

from app import create_app
from server import migrate
from server.db import db
from server.files import blobs
from server.settings import Settings
from tests import sample
from tests.conftest import hash_cheaply
from tests.live.served import Served
from tests.own_postgres import a_pair
from tests.people import PASSWORD, make_person
from tests.server.files.test_bucket import S3Server

pytestmark = pytest.mark.live


def _token(page: str) -> str:
    [found] = set(re.findall(r'name="csrf_token" value="([^"]+)"', page))
    return found


def test_a_browser_and_a_phone_go_from_one_to_the_other(app: Flask, settings: Settings) -> None:
    commune = sample.make_commune()
    collector = sample.make_collector(commune)
    sample.publish_plain()
    make_person("lanh_dao", "leader", commune)
    db.session.rollback()
    with Served(settings) as one, Served(settings) as other, requests.Session() as browser:
        page = browser.get(f"{one.url}/dang-nhap", timeout=60).text
        fields = {"csrf_token": _token(page), "username": "lanh_dao", "password": PASSWORD}
        entered = browser.post(f"{other.url}/dang-nhap", data=fields, timeout=60, allow_redirects=False)
        assert entered.status_code == 302, "the form came from one, and went to the other"
        seen = browser.get(f"{one.url}/xa/11629", timeout=60)
        assert seen.status_code == 200
        ended = browser.post(
            f"{one.url}/dang-xuat", data={"csrf_token": _token(seen.text)}, timeout=60, allow_redirects=False
        )
        assert ended.status_code == 302
        assert "/dang-nhap" in browser.get(f"{other.url}/xa/11629", timeout=60).url

        proof = HTTPDigestAuth(collector.collector.username, collector.password)
        for server in (one, other, one):
            assert requests.get(f"{server.url}/formList", auth=proof, timeout=60).status_code == 200
        visit = sample.filled()
        [first] = one.phone(collector.token).send(visit)
        [again] = other.phone(collector.token).send(visit)
        assert (first.status, again.status) == (201, 202), "sent again to the other, stored once"


def test_two_machines_share_a_bucket_a_database_and_its_copy(tmp_path: Path) -> None:
    """What came to one is seen on the other at once: the photo out of the bucket, the page out of the copy."""
    with a_pair() as (one, copy), contextlib.ExitStack() as ends:
        s3 = S3Server(tmp_path)
        ends.callback(s3.stop)
        assert s3.ask("PUT", "/anh") == 200
        settings = Settings(
            instance=tmp_path, secret_key="k" * 40, database_url=one.url, second_factor="none", blobs="s3://anh/tp",
            s3_endpoint=s3.url, s3_key_id="test", s3_secret="test",
        )  # fmt: skip
        given = {
            "TUNGNHA_REPLICA_URL": copy.url, "TUNGNHA_BLOBS": settings.blobs, "TUNGNHA_S3_ENDPOINT": s3.url,
            "TUNGNHA_S3_KEY_ID": "test", "TUNGNHA_S3_SECRET": "test",
        }  # fmt: skip
        app = create_app(settings)
        hash_cheaply(app)
        ends.enter_context(app.app_context())
        migrate.upgrade()
        commune = sample.make_commune()
        collector = sample.make_collector(commune)
        sample.publish_plain(commune=commune)
        make_person("can_bo", "officer", commune)
        db.session.rollback()
        first, second = (ends.enter_context(Served(settings, environ=given)) for _ in range(2))
        with requests.Session() as browser:
            page = browser.get(f"{first.url}/dang-nhap", timeout=60).text
            fields = {"csrf_token": _token(page), "username": "can_bo", "password": PASSWORD}
            assert browser.post(f"{first.url}/dang-nhap", data=fields, timeout=60).status_code == 200
            reads = "SELECT sum(tup_returned + tup_fetched) FROM pg_stat_database"
            for number in range(1, 6):
                sender, reader = (first, second) if number % 2 else (second, first)
                xml = sample.filled("<so>3</so><anh>a.jpg</anh>")
                photo = sample.photo(number.to_bytes(2, "big"))
                assert sender.phone(collector.token).post(xml, {"a.jpg": photo}).status == 201
                before = copy.said(reads)
                assert browser.get(f"{reader.url}/xa/11629", timeout=60).status_code == 200
                told = browser.get(
                    f"{reader.url}/xa/11629/tai-ve/phieu?bieu_mau=don_gian&dang=csv", timeout=60
                )
                assert (told.status_code, len(told.text.splitlines())) == (200, number + 1), told.url
                assert copy.said(reads) > before
        assert len(list(blobs.stored())) == 5
        db.session.close()
        db.dispose()
