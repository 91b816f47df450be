"""Everything in one file and back: equal to the last row, also while visits go on, also on the other database."""

import base64
import contextlib
import dataclasses
import gzip
import itertools
import json
import re
import shutil
import threading
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from app import create_app
from geo.coverage_json import to_json
from server import migrate, sealed_secrets
from server.counting import tally
from server.coverage import coverage_table
from server.db import Base, db
from server.files.blobs import stored
from server.intake import catch_up
from server.models import Attachment, Audit, Change, Collector, FeedStart, Submission
from server.operations import doctor
from server.operations.backup import archive, make_backup, restore
from server.operations.backup.archive import Unusable
from server.phones.collectors import NewCollector
from server.places import communes
from server.privacy import tombstones
from server.settings import Settings
from tests import sample, town
from tests.conftest import SECRET, Template, hash_cheaply
from tests.people import Browser, browser, make_person
from tests.phone import InProcess, Phone, statuses
from tests.server.office.test_review_pages import LABEL, NEAR
from tests.server.privacy.test_deletion import Story

PAGES = ("/xa/11629", "/xa/11629/chi-tieu", "/api/v1/communes/11629/coverage")


def rows(but: tuple[str, ...] = ()) -> Mapping[str, list[str]]:
    """Every row of every table, in an order that does not depend on the database; but for what a restore notes."""
    with db.engine.connect() as connection:
        return {
            name: sorted(map(_shown, connection.execute(sa.select(table))))
            for name, table in Base.metadata.tables.items()
            if name not in (*but, "feed_start")
        }


def _shown(row: sa.Row[object]) -> str:
    """PostgreSQL keeps documents with their keys in an order of its own."""
    return repr([json.dumps(each, sort_keys=True) if isinstance(each, dict | list) else each for each in row])


def new_collector() -> NewCollector:
    commune = communes.commune("11629")
    return sample.make_collector(commune, commune.villages[:1], name="Sau")


def page(visitor: Browser, path: str) -> str:
    """What it shows, without the tokens of its forms."""
    return re.sub(r'name="csrf_token" value="[^"]+"', "", visitor.get(path).text)


def photos() -> list[str]:
    return sorted(each.name for each in stored())


def table() -> object:
    return to_json(coverage_table.table(communes.commune("11629"), None))


@contextlib.contextmanager
def elsewhere(template: Template, folder: Path, secret: str = SECRET, **more: str) -> Iterator[Flask]:
    """A new installation with nothing in it."""
    folder.mkdir()
    url = template.copy(folder)
    app = create_app(
        Settings(
            instance=folder, database_url=url, secret_key=secret, fold_seconds=0, second_factor="none", **more
        )
    )
    hash_cheaply(app)
    with app.app_context():
        yield app
        db.session.close()
        db.dispose()
    template.drop(url)


def test_what_is_restored_is_what_was_there(
    filled: Flask, template_database: Template, tmp_path: Path
) -> None:
    """Every row, every photo, every sum, every page; the key of the old place opens what it had sealed."""
    visitor = browser(filled)
    make_person("xem", "leader", communes.commune("11629"))
    visitor.sign_in("xem")
    pages = [page(visitor, path) for path in PAGES]
    before, kept, sums = rows(), photos(), table()
    made = make_backup.backup(tmp_path)
    assert (made.blobs, made.missing, made.damaged, made.is_encrypted) == (len(kept), (), (), False)
    assert made.path.stat().st_mode & 0o777 == 0o600
    assert made.rows == sum(map(len, before.values()))
    with elsewhere(template_database, tmp_path / "new") as other:
        done = restore.restore(made.path, [])
        assert (done.rows, done.blobs, done.warnings) == (made.rows, made.blobs, [])
        assert rows() == before
        assert photos() == kept
        assert table() == sums
        again = browser(other)
        again.sign_in("xem")
        assert [page(again, path) for path in PAGES] == pages
        sealed = db.session.scalars(sa.select(Collector.token_sealed)).all()
        assert all(sealed_secrets.unseal(each) for each in sealed)
        assert {each.subject for each in doctor.examine(thorough=True) if each.level == doctor.ERROR} <= {
            "secrets"
        }


def test_a_restored_place_takes_visits_and_its_audit_only_grows(
    filled: Flask, template_database: Template, tmp_path: Path
) -> None:
    """Numbers go on where they were; triggers hold what they held."""
    collector = new_collector()
    sample.publish_plain()
    newest = db.session.scalar(sa.select(sa.func.max(Submission.id))) or 0
    db.session.rollback()
    made = make_backup.backup(tmp_path / "one.tar")
    with elsewhere(template_database, tmp_path / "new") as other:
        restore.restore(made.path, [])
        phone = Phone(InProcess(other), f"http://localhost/key/{collector.token}")
        assert phone.post(sample.filled()).status == 201
        assert db.session.scalar(sa.select(sa.func.max(Submission.id))) > newest
        catch_up.caught_up()
        begun = db.session.scalar(sa.select(FeedStart.after)) or 0  # copies of before begin anew
        assert (db.session.scalar(sa.select(sa.func.max(Change.id))) or 0) > begun > newest
        db.session.rollback()
        for change in (sa.update(Audit).values(act="x"), sa.delete(Audit)):
            with pytest.raises(sa.exc.DBAPIError, match="audit"):
                db.session.execute(change)
            db.session.rollback()
        broken = sa.insert(Attachment).values(
            submission_id=10**9, name="x", received_sha256=b"", stored_sha256=b"", size=0, media_type="",
            received_at=sa.func.current_timestamp(),
        )  # fmt: skip
        with pytest.raises(sa.exc.IntegrityError):
            db.session.execute(broken)
        db.session.rollback()


def test_a_backup_made_while_visits_come_is_one_moment(
    filled: Flask, template_database: Template, tmp_path: Path
) -> None:
    """No photo without its row's bytes, no sum without its finding; what came later is not there, or whole."""
    collector = new_collector()
    sample.publish_plain()
    told: list[str] = []
    enough, ended = threading.Event(), threading.Event()

    def send() -> None:
        phone = Phone(InProcess(filled), f"http://localhost/key/{collector.token}")
        for _ in itertools.count():
            instance = f"uuid:{uuid.uuid4()}"
            photo = sample.photo(uuid.uuid4().bytes.replace(b"\xff", b"0"))
            xml = sample.filled("<so>3</so><anh>a.jpg</anh>", instance_id=instance)
            assert phone.post(xml, {"a.jpg": photo}).status == 201
            told.append(instance)
            if len(told) > 10:
                enough.set()
            if ended.is_set():
                return

    thread = threading.Thread(target=send)
    thread.start()
    try:
        assert enough.wait(60)
        first = set(told)
        made = make_backup.backup(tmp_path)
    finally:
        ended.set()
        thread.join(60)
    assert len(told) > len(first)
    with elsewhere(template_database, tmp_path / "new"):
        restore.restore(made.path, [])
        there = set(db.session.scalars(sa.select(Submission.instance_id)))
        assert there >= first
        assert {each for each in there if each in set(told)} <= set(told)
        named = {row.hex() for row in db.session.scalars(sa.select(Attachment.stored_sha256))}
        assert named == set(photos())
        pairs = (
            sa.select(sa.func.count())
            .select_from(Submission)
            .where(
                Submission.form_id == sa.select(sa.func.max(Submission.form_id)).scalar_subquery(),
                ~sa.exists().where(Attachment.submission_id == Submission.id),
            )
        )
        assert db.session.scalar(pairs) == 0
        with db.engine.connect() as connection:
            assert tally.recount(connection) == []


def test_the_other_database_reads_it_too(
    filled: Flask, database: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """SQLite's backup moves a commune to PostgreSQL, and back."""
    before, kept = rows(), photos()
    made = make_backup.backup(tmp_path)
    folder = tmp_path / "other"
    folder.mkdir()
    url = ""
    if database == "sqlite":
        url = empty_postgresql(request.getfixturevalue("postgres"))
    app = create_app(Settings(instance=folder, database_url=url, secret_key=SECRET, second_factor="none"))
    with app.app_context():
        restore.restore(made.path, [])
        assert rows() == before
        assert photos() == kept
        db.session.close()
        migrate.downgrade("base")
        db.dispose()


def empty_postgresql(url: str) -> str:
    """The URL of a new database beside this one, without any table."""
    name = f"t{uuid.uuid4().hex}"
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with engine.connect() as connection:
        connection.execute(sa.text(f'CREATE DATABASE "{name}"'))
    return sa.make_url(url).set(database=name).render_as_string(hide_password=False)


def test_a_place_with_data_is_left_as_it_is(filled: Flask, tmp_path: Path) -> None:
    made = make_backup.backup(tmp_path)
    before = rows()
    with pytest.raises(Unusable, match="đã có dữ liệu"):
        restore.restore(made.path, [])
    assert rows() == before


@pytest.fixture
def encrypted(filled: Flask, tmp_path: Path) -> tuple[Path, Path]:
    """A backup for a key, and the file of the key."""
    public = archive.make_key(tmp_path / "key")
    filled.config["SETTINGS"] = dataclasses.replace(
        filled.config["SETTINGS"], backup_key=public, secret_key=""
    )
    return make_backup.backup(tmp_path).path, tmp_path / "key"


def test_an_encrypted_backup_opens_with_its_key_alone(
    encrypted: tuple[Path, Path], template_database: Template, tmp_path: Path
) -> None:
    """It tells nothing without; with it, it brings the secret that sealed the codes, also to a new place."""
    path, key = encrypted
    before = rows()
    assert path.name.endswith(".tar.age")
    assert key.stat().st_mode & 0o777 == 0o600
    content = path.read_bytes()
    assert b"manifest" not in content
    archive.make_key(tmp_path / "other")
    with elsewhere(template_database, tmp_path / "new", secret=""):
        with pytest.raises(Unusable, match="--key"):
            restore.restore(path, [])
        with pytest.raises(Unusable, match="không mở được"):
            restore.restore(path, archive.identities(tmp_path / "other"))
        with pytest.raises(Unusable, match="không phải tệp khóa"):
            archive.identities(path)
        restore.restore(path, archive.identities(key))
        assert rows() == before
        secret = tmp_path / "new" / "secret_key"
        assert secret.read_text() == SECRET
        assert secret.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("is_encrypted", [False, True])
def test_a_damaged_file_is_caught_before_a_row_is_written(
    encrypted: tuple[Path, Path],
    template_database: Template,
    tmp_path: Path,
    filled: Flask,
    is_encrypted: bool,
) -> None:
    """Cut anywhere, changed anywhere that is content, or with a part left out."""
    path, key = encrypted
    if not is_encrypted:
        filled.config["SETTINGS"] = dataclasses.replace(filled.config["SETTINGS"], backup_key="")
        path = make_backup.backup(tmp_path / "plain.tar").path
    identities = archive.identities(key) if is_encrypted else []
    content = path.read_bytes()
    damaged = tmp_path / "damaged"
    places_ = [len(content) * part // 7 for part in range(1, 7)]
    with elsewhere(template_database, tmp_path / "new"):
        for at in places_:
            damaged.write_bytes(content[:at])
            with pytest.raises(Unusable, match="bị hỏng hoặc chép thiếu"):
                restore.restore(damaged, identities)
        for at in map(content.index, _contents(path, identities)) if not is_encrypted else places_:
            damaged.write_bytes(content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :])
            with pytest.raises(Unusable, match="bị hỏng hoặc chép thiếu"):
                restore.restore(damaged, identities)
        assert db.session.scalar(sa.select(sa.func.count()).select_from(Submission)) == 0


def _contents(path: Path, identities: list[object]) -> list[bytes]:
    """A bit of every part of an archive."""
    return [member.content for member in archive.members(path, identities) if len(member.content) > 40]


def test_what_was_deleted_since_the_backup_is_deleted_again(
    app: Flask, template_database: Template, tmp_path: Path
) -> None:
    """Last night's backup brings no household back, nor does its phone; on both databases."""
    story = Story(app)
    made = make_backup.backup(tmp_path)
    story.delete()
    with elsewhere(template_database, tmp_path / "new") as other:
        shutil.copy(tmp_path / tombstones.FILE, tmp_path / "new")
        done = restore.restore(made.path, [])
        assert done.erased == 5, "two rows of the household and three visits"
        told = repr(rows(but=("tombstone", "subject")))
        assert LABEL not in told
        assert NEAR in told
        assert len(photos()) == made.blobs - 1, "the neighbours' photo is still theirs"
        with db.engine.connect() as connection:
            assert tally.recount(connection) == []
        phone = Phone(InProcess(other), story.world.phone.server_url)
        assert statuses(phone.send(story.sent[0])) == [202]
        assert LABEL not in repr(rows(but=("tombstone", "subject")))


def test_no_exact_point_of_a_household_is_in_a_backup(filled: Flask, tmp_path: Path) -> None:
    """R21: sent with 7 decimals, kept with 3, here as everywhere."""
    made = make_backup.backup(tmp_path)
    told = b"".join(
        gzip.decompress(each.content) if each.name.endswith(".gz") else each.content
        for each in archive.members(made.path, [])
    )
    packed = b"".join(base64.b64decode(each) for each in re.findall(rb'"([A-Za-z0-9+/]{80,}={0,2})"', told))
    assert b"20.812" in packed
    for exact in town.EXACT:
        assert exact.encode() not in told
        assert exact.encode() not in packed


def test_a_backup_of_an_older_version_is_brought_to_this_one(
    filled: Flask, template_database: Template, tmp_path: Path
) -> None:
    """What the new program backs up before its own upgrade, and what the old one did."""
    newer = (
        "demonstration", "snapshot", "tombstone", "privacy_request", "breach", "form_draft", "poster", "hook",
        "hook_delivery", "change", "sample_draw", "village_sample", "sampled_household", "walking_area",
    )  # fmt: skip
    before = rows(but=newer)
    db.session.close()
    migrate.downgrade("0018")
    made = make_backup.backup(tmp_path)
    migrate.upgrade()
    assert archive.verified(made.path, [])["revision"] == "0018"
    with elsewhere(template_database, tmp_path / "new"):
        restore.restore(made.path, [])
        assert rows(but=newer) == before
        migrate.check()
