"""Taking bundles in: whose keys are trusted for which commune, and the newest bundle of each; others are refused."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import orjson
import sqlalchemy as sa

from server import audit, clock
from server.audit import Actor
from server.coverage import bundle_content, bundle_file
from server.coverage.bundle_content import BundleContent
from server.coverage.bundle_file import SignedBundle
from server.coverage.bundle_problems import BundleProblem
from server.db import db
from server.errors import Problem
from server.models import BundleSource, Commune


@dataclass(frozen=True)
class TakenBundle:
    """What was taken, and whether it was new: the same bundle again changes nothing."""

    commune: str
    as_of: dt.date
    number: int
    new: bool


def trust(commune: Commune, key: str, *, by: Actor = audit.SHELL) -> BundleSource:
    """Believe bundles of a commune that are signed by this key, and by no other; what another had signed goes.

    Problem BUNDLE_KEY_UNREADABLE or BUNDLE_KEY_TAKEN. The caller has begun to write, and commits.
    """
    public = bundle_file.key_of_text(key)
    owner = _of_key(public)
    if owner is not None and owner.commune_id != commune.id:
        raise Problem(BundleProblem.BUNDLE_KEY_TAKEN, code=owner.commune.code)
    if owner is not None:
        return owner
    distrust(commune, by=by)
    source = BundleSource(
        commune_id=commune.id, public_key=public, trusted_at=clock.now(), trusted_by=by.name, number=0
    )
    db.session.add(source)
    db.session.flush()
    detail = {"fingerprint": bundle_file.fingerprint(public)}
    audit.add_by(by, "bundle.trust", f"commune:{commune.code}", detail)
    return source


def distrust(commune: Commune, *, by: Actor = audit.SHELL) -> bool:
    """Believe no bundle of a commune any more, and forget what was told; whether there was any. The caller commits."""
    found = db.session.scalars(
        sa.select(BundleSource).where(BundleSource.commune_id == commune.id).with_for_update(of=BundleSource)
    ).first()
    if found is None:
        return False
    detail = {"fingerprint": bundle_file.fingerprint(found.public_key)}
    db.session.delete(found)
    db.session.flush()
    audit.add_by(by, "bundle.distrust", f"commune:{commune.code}", detail)
    return True


def take(whole: bytes, *, by: Actor = audit.SHELL) -> TakenBundle:
    """Keep a bundle as the newest of its commune. The caller has begun to write, and commits.

    Problem BUNDLE_UNREADABLE, BUNDLE_STRANGER, BUNDLE_ALTERED, BUNDLE_OF_ANOTHER or BUNDLE_OLDER: nothing changes then,
    nor where the same bundle comes again.
    """
    signed = bundle_file.split(whole)
    source = _of_key(signed.public_key, locked=True)
    if source is None:
        fingerprint = bundle_file.fingerprint(signed.public_key)
        raise Problem(BundleProblem.BUNDLE_STRANGER, fingerprint=fingerprint)
    signed.check()
    content = _content(signed)
    if content.commune != source.commune.code:
        raise Problem(BundleProblem.BUNDLE_OF_ANOTHER, told=content.commune, trusted=source.commune.code)
    if source.sha256 == signed.sha256:
        return TakenBundle(content.commune, content.as_of, content.number, new=False)
    # the day as well: a commune's clock that was set back days says of old sums that they are new
    if source.as_of is not None and (content.number <= source.number or content.as_of < source.as_of):
        told, kept = (f"{day:%d/%m/%Y}" for day in (content.as_of, source.as_of))
        raise Problem(BundleProblem.BUNDLE_OLDER, day=told, kept=kept)
    _keep(source, signed, content)
    detail = {"number": content.number, "as_of": content.as_of.isoformat()}
    audit.add_by(by, "bundle.take", f"commune:{content.commune}", detail)
    return TakenBundle(content.commune, content.as_of, content.number, new=True)


def _of_key(public: bytes, *, locked: bool = False) -> BundleSource | None:
    query = sa.select(BundleSource).where(BundleSource.public_key == public)
    if locked:
        query = query.with_for_update(of=BundleSource)
    return db.session.scalars(query).first()


def _content(signed: SignedBundle) -> BundleContent:
    try:
        plain = orjson.loads(signed.content)
    except orjson.JSONDecodeError as error:
        raise Problem(BundleProblem.BUNDLE_UNREADABLE, why="phần số liệu không phải JSON") from error
    if not isinstance(plain, dict):
        raise Problem(BundleProblem.BUNDLE_UNREADABLE, why="phần số liệu trống")
    return bundle_content.of_json(plain)


def _keep(source: BundleSource, signed: SignedBundle, content: BundleContent) -> None:
    source.number = content.number
    source.sha256 = signed.sha256
    source.as_of = content.as_of
    source.written_at = dt.datetime.fromisoformat(content.written_at)
    source.taken_at = clock.now()
    source.content = bundle_content.to_json(content)


def listed() -> Sequence[BundleSource]:
    """Every commune that works by itself, by code."""
    query = sa.select(BundleSource).join(Commune, Commune.id == BundleSource.commune_id)
    return db.session.scalars(query.order_by(Commune.code)).all()
