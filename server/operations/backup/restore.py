"""Restores a backup into an installation that has no data yet, and checks that everything is there."""

import hashlib
import io
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from flask import current_app

from server import migrate
from server.counting import noted_changes, tally
from server.db import db
from server.files import blobs
from server.operations import health
from server.operations.backup import archive, photo_store, row_json
from server.operations.backup.archive import Unusable
from server.operations.backup.photo_store import PhotoStore
from server.privacy import tombstones
from server.settings import Settings

SEEDED = ("alembic_version", "entity_list", "role")
"""Tables in which an installation that has no data has rows."""
NOT_EMPTY = (
    "Nơi phục hồi đã có dữ liệu (bảng {table}): chỉ phục hồi vào nơi trống (thư mục và cơ sở dữ liệu mới)."
)
NEWER = (
    "Tệp sao lưu do chương trình mới hơn làm (bảng ở bản {revision}): hãy cập nhật chương trình rồi phục hồi."
)
OTHER_KEY = "TUNGNHA_SECRET_KEY khác khóa lúc sao lưu: mã QR cũ không in lại được; hãy đặt lại khóa cũ."
DIFFERS = "Số liệu khác kết quả đếm lại, như lúc sao lưu hoặc do lỗi: hãy chạy “flask coverage recount”."
MISSING = "Lúc sao lưu đã thiếu {count} ảnh mà phiếu có nêu ({some})."
DAMAGED_PHOTOS = (
    "{count} ảnh đã hỏng từ trước lúc sao lưu nên không phục hồi được ({some}); mọi thứ khác đã về."
)
OTHER_ROWS = "Bảng {table} sau khi phục hồi khác bản sao lưu: hãy báo lỗi này."
FROM_FILE = "tombstone"
"""The table that gets what the file beside it has, and so may have more rows than the backup."""


@dataclass(frozen=True)
class Restored:
    """What is there now."""

    made_at: str
    rows: int
    blobs: int
    erased: int
    """Households whose deletion had been asked for after the backup, deleted again."""
    warnings: Sequence[str]
    spoilt: Sequence[str]
    """Photos that the backup was to have, and has not as they were."""


def restore(path: Path, identities: Sequence[Any]) -> Restored:
    """Everything of a backup that was verified before the first row is written.

    Raises Unusable, and leaves the database as empty as it was, where anything does not fit. One that is cut short at
    any moment leaves a mark: nothing is served from there, and the next restore begins anew.
    """
    manifest = archive.verified(path, identities)
    store = photo_store.told_in(path.parent, manifest)
    if manifest["revision"] not in migrate.revisions():
        raise Unusable(NEWER.format(revision=manifest["revision"]))
    _make_tables(manifest["revision"])
    photos = _RestoredPhotos(store, identities)
    try:
        warnings = _fill(path, identities, manifest, photos)
    except (LookupError, TypeError, ValueError) as error:  # rows that no backup of ours has
        _unmark()
        raise Unusable(archive.DAMAGED.format(why="có dòng không đọc được")) from error
    except Exception:
        _unmark()  # no row has come
        raise
    _compare(manifest)
    migrate.upgrade()
    erased = tombstones.apply_tombstones(db.session)
    warnings += _check(manifest, erased)
    _begin_feed_anew()
    _unmark()
    total = sum(each["rows"] for each in manifest["tables"].values())
    return Restored(manifest["made_at"], total, photos.kept, erased, warnings, photos.spoilt)


def _begin_feed_anew() -> None:
    """Copies that followed the feed know of more than the backup does, under keys that would be given again."""
    with db.engine.connect().execution_options(writes=True) as connection:
        begun = noted_changes.begin_anew(connection)
        row_json.set_counters(connection, {**row_json.counters(connection), "change": begun})
        connection.commit()


def _make_tables(revision: str) -> None:
    """The mark, then empty tables of the version that the backup has; the migrations that follow bring them to ours."""
    with db.engine.connect() as connection:
        is_unfinished = health.is_restoring(connection)
        for table in () if is_unfinished else sa.inspect(connection).get_table_names():
            if table not in SEEDED and connection.scalar(
                sa.select(sa.text("1")).select_from(sa.table(table)).limit(1)
            ):
                raise Unusable(NOT_EMPTY.format(table=table))
        current = health.version(connection)
    if is_unfinished:
        _drop_all()
    else:
        _mark()
        if current is not None:
            migrate.downgrade("base")
    migrate.upgrade(revision)


def _drop_all() -> None:
    """Take away what a restore that was cut short had brought; its mark holds for the one that begins."""
    found = sa.MetaData()
    with db.engine.connect().execution_options(writes=True) as connection:
        found.reflect(connection, only=lambda name, _: name != health.RESTORING)
        found.drop_all(connection)
        connection.commit()


def _mark() -> None:
    with db.engine.connect().execution_options(writes=True) as connection:
        connection.exec_driver_sql(f"CREATE TABLE {health.RESTORING} (id INTEGER)")
        connection.commit()


def _unmark() -> None:
    with db.engine.connect().execution_options(writes=True) as connection:
        connection.exec_driver_sql(f"DROP TABLE {health.RESTORING}")
        connection.commit()


class _RestoredPhotos:
    """Photos that come back: from the archive itself, or from the store beside it."""

    def __init__(self, store: PhotoStore | None, identities: Sequence[Any]) -> None:
        self._store, self._identities = store, identities
        self.kept = 0
        self.spoilt: list[str] = []

    def take(self, member: archive.Member) -> None:
        """What a member of the archive brings: a photo, or the list of those beside it."""
        if member.name != archive.LIST:
            self._keep(bytes.fromhex(member.name.partition("/")[2]), member.content)
        elif self._store is not None:
            for sha256 in photo_store.unpacked(member.content):
                self._keep(sha256, self._store.get(sha256, self._identities))

    def _keep(self, sha256: bytes, content: bytes | None) -> None:
        """Store a photo that is what its name says."""
        if content is None or hashlib.sha256(content).digest() != sha256:
            self.spoilt.append(sha256.hex())
        else:
            blobs.put(sha256, io.BytesIO(content))
            self.kept += 1


def _fill(
    path: Path, identities: Sequence[Any], manifest: dict[str, Any], photos: _RestoredPhotos
) -> list[str]:
    """All rows in one transaction, photos before it ends; what to warn of."""
    warnings: list[str] = []
    with db.engine.connect().execution_options(writes=True) as connection:
        deferred = row_json.defer_references(connection)
        for table in manifest["tables"]:
            if table in SEEDED:
                connection.execute(sa.delete(sa.table(table)))
        for member in archive.members(path, identities):
            kind, _, rest = member.name.partition("/")
            if kind == "tables":
                table = rest.partition("/")[0]
                row_json.load(connection, table, manifest["tables"][table]["columns"], member.content)
            elif kind in ("blobs", archive.LIST):
                photos.take(member)
            elif kind == archive.KEY:
                warnings += _take_key(member.content.decode())
        row_json.set_counters(connection, manifest["counters"])
        row_json.settle_references(connection, deferred)
        connection.commit()
    damaged = [*manifest.get("damaged", ()), *photos.spoilt]
    if manifest["missing"]:
        warnings.append(MISSING.format(count=len(manifest["missing"]), some=blobs.told(manifest["missing"])))
    if damaged:
        warnings.append(DAMAGED_PHOTOS.format(count=len(damaged), some=blobs.told(damaged)))
    return warnings


def _compare(manifest: dict[str, Any]) -> None:
    """Unusable where a table does not hold the backup's very rows. On SQLite, which gives back what it was given."""
    with db.engine.connect() as connection:
        if connection.dialect.name != "sqlite":
            return
        for table, told in manifest["tables"].items():
            if "digest" not in told:  # of an older program
                continue
            digest = row_json.Digest()
            for part, _count in row_json.dump(connection, table, told["columns"]):
                digest.add(part)
            if digest.told() != told["digest"]:
                raise Unusable(OTHER_ROWS.format(table=table))


def _take_key(key: str) -> list[str]:
    """Have this installation open what the old one sealed; returns a warning where a setting forbids it."""
    settings: Settings = current_app.config["SETTINGS"]
    if settings.secret_key:
        return [] if settings.secret_key == key else [OTHER_KEY]
    path = settings.instance / "secret_key"
    fresh = settings.instance / "secret_key.restored"
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w") as file:
        file.write(key)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
    current_app.config["SECRET_KEY"] = key
    return []


def _check(manifest: dict[str, Any], erased: int) -> list[str]:
    """Every count is what the backup says, unless something was deleted again; warns where sums are wrong."""
    with db.engine.connect() as connection:
        present = set(sa.inspect(connection).get_table_names())
        for table, told in manifest["tables"].items():
            if (
                erased
                or table not in present
                or manifest["revision"] != health.newest()
                or table == FROM_FILE
            ):
                continue
            count = connection.scalar(sa.select(sa.func.count()).select_from(sa.table(table)))
            if count != told["rows"]:
                raise Unusable(
                    f"Bảng {table} có {count} dòng, bản sao lưu có {told['rows']}: hãy báo lỗi này."
                )
        return [DIFFERS] if tally.recount(connection) else []
