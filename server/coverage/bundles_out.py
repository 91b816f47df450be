"""Writing a bundle: this installation's key, and a commune's sums signed with it."""

import datetime as dt
from dataclasses import dataclass

import orjson
import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from server import audit, clock, sealed_secrets
from server.audit import Actor
from server.coverage import bundle_content, bundle_file, city_table
from server.coverage.bundle_content import BundleContent, BundleRow
from server.coverage.bundle_file import SignedBundle
from server.coverage.bundle_problems import BundleProblem
from server.db import db
from server.errors import Problem
from server.models import BundleSigner, Commune, Village
from server.places import communes


def own_key() -> BundleSigner:
    """The key that signs here, made when it is first asked for. The caller has begun to write, and commits."""
    found = db.session.get(BundleSigner, 1, with_for_update=True)
    return found or _made(None)


def renew_key() -> BundleSigner:
    """Another key in the place of the one there was: the city takes nothing more until it trusts this one.

    For when somebody else may have the machine's data, or its secret key was lost. The caller has begun to write, and
    commits.
    """
    return _made(db.session.get(BundleSigner, 1, with_for_update=True))


def _made(before: BundleSigner | None) -> BundleSigner:
    key = Ed25519PrivateKey.generate()
    found = before or BundleSigner(id=1, number=0)
    found.public_key = key.public_key().public_bytes_raw()
    found.private_key_sealed = sealed_secrets.seal(key.private_bytes_raw().hex())
    found.made_at = clock.now()
    db.session.add(found)
    db.session.flush()
    detail = {"fingerprint": bundle_file.fingerprint(found.public_key)}
    audit.add(audit.SYSTEM, "bundle.key", "bundle_signer:1", detail)
    return found


def commune_of_here(code: str | None) -> Commune:
    """The commune whose sums are written: the one named, or the only one with thôn; BUNDLE_COMMUNE_UNCLEAR."""
    if code:
        return communes.commune(code)
    with_thon = sa.select(Village.commune_id).where(Village.valid_to.is_(None))
    valid = sa.select(Commune).where(Commune.valid_to.is_(None), Commune.id.in_(with_thon))
    found = db.session.scalars(valid.order_by(Commune.code)).all()
    if len(found) != 1:
        raise Problem(BundleProblem.BUNDLE_COMMUNE_UNCLEAR, count=len(found))
    return found[0]


@dataclass(frozen=True)
class OwnSums:
    """The one commune that works here, the key that signs its bundles, and when the last was written."""

    commune: Commune
    public_key: bytes | None
    written_at: dt.datetime | None


def of_here() -> OwnSums | None:
    """What this installation sends up; None where not just one commune works here, as at the city."""
    try:
        commune = commune_of_here(None)
    except Problem:
        return None
    signer = db.session.get(BundleSigner, 1)
    if signer is None:
        return OwnSums(commune, None, None)
    at = dt.datetime.fromtimestamp(signer.number, dt.UTC) if signer.number else None
    return OwnSums(commune, signer.public_key, at)


def write(commune: Commune, *, by: Actor = audit.SHELL) -> SignedBundle:
    """A commune's sums of now, signed. The caller has begun to write, and commits.

    Its number is the moment in seconds, or one more than the last: it goes on growing where the clock was set back or
    a backup was restored.
    """
    signer = own_key()
    signer.number = max(signer.number + 1, int(clock.now().timestamp()))
    key = Ed25519PrivateKey.from_private_bytes(
        bytes.fromhex(sealed_secrets.unseal(signer.private_key_sealed))
    )
    content = of_commune(commune, signer.number)
    signed = bundle_file.sign(key, orjson.dumps(bundle_content.to_json(content)))
    detail = {"commune": commune.code, "number": signer.number, "as_of": content.as_of.isoformat()}
    audit.add_by(by, "bundle.write", "bundle_signer:1", detail)
    return signed


def of_commune(commune: Commune, number: int) -> BundleContent:
    """All that the city's page compares communes by, as the city would read it here until the end of yesterday."""
    tables = list(city_table.own_tables(city_table.own_choices(), feed=True))
    rows = tuple(
        BundleRow(table.indicator, row) for table in tables for row in table.rows if row.code == commune.code
    )
    as_of = max((table.as_of for table in tables), default=clock.today())
    return BundleContent(bundle_content.FORMAT, commune.code, number, as_of, clock.now().isoformat(), rows)


def file_name(commune: Commune) -> str:
    """`so-lieu-11629-2026-11-22.tungnha`"""
    return f"so-lieu-{commune.code}-{clock.today()}.{bundle_file.ENDING}"
