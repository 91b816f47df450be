"""A share of what teams send is drawn for a look, by a seed that everybody can reckon after (R37)."""

import secrets
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import sqlalchemy as sa

from geo.backcheck_draw import lot
from geo.vietnamese_order import sort_key
from server import audit, clock
from server.db import db
from server.models import Collector, Commune, Form, HeldShare

FLAG = "held_by_chance"
"""What a drawn submission is flagged with: it counts, and waits for a look."""
SHARES = (
    Fraction(0),
    Fraction(1, 100),
    Fraction(2, 100),
    Fraction(5, 100),
    Fraction(10, 100),
    Fraction(20, 100),
)
_LOTS = 16**64


def is_drawn(seed: str, instance_id: str, share: Fraction) -> bool:
    """Whether the lot of a submission (SHA-256 of "seed instanceID", as a number) is among this share of all lots."""
    return int(lot(seed, instance_id), 16) < share * _LOTS


def in_force(commune: Commune) -> Sequence[HeldShare]:
    """The shares of a commune, that of all forms first."""
    found = sa.select(HeldShare).where(HeldShare.commune_id == commune.id, HeldShare.until.is_(None))
    every = db.session.scalars(found.order_by(HeldShare.id)).all()
    return sorted(every, key=lambda each: sort_key(each.form.title) if each.form else "")


def put(commune: Commune, form: Form | None, share: Fraction, actor: audit.Actor) -> HeldShare:
    """From now on this share of a form (None: of all that have none of their own); the caller commits.

    The seed is made now, so that nobody knew it when they visited.
    """
    now = clock.now()
    for each in in_force(commune):
        if each.form_id == (form.id if form else None):
            each.until = now
    seed = f"{commune.code} {clock.today().isoformat()} {secrets.token_hex(8)}"
    made = HeldShare(
        commune_id=commune.id, form_id=form.id if form else None, share=str(share), seed=seed, since=now,
        actor=actor.name,
    )  # fmt: skip
    db.session.add(made)
    detail = {"form": form.form_id if form else None, "share": str(share), "seed": seed}
    audit.add_by(actor, "submission.hold_share", f"commune:{commune.code}", detail)
    return made


def drawn(connection: sa.Connection, rows: Sequence[Any]) -> frozenset[int]:
    """Which of these submissions of collectors are held: those that count, by the share in force when they came.

    Rows have `id`, `instance_id`, `form_id`, `collector_id`, `quarantine` and `received_at`. One statement.
    """
    columns = (
        HeldShare.form_id,
        HeldShare.share,
        HeldShare.seed,
        HeldShare.since,
        HeldShare.until,
        Collector.id,
    )
    senders = {row.collector_id for row in rows} - {None}
    query = sa.select(*columns).join(Collector, Collector.commune_id == HeldShare.commune_id)
    shares = connection.execute(query.where(Collector.id.in_(senders))).all() if senders else []
    found = set()
    for row in rows:
        own = [
            each
            for each in shares
            if each.id == row.collector_id
            and each.form_id in (None, row.form_id)
            and each.since <= row.received_at
            and (each.until is None or row.received_at < each.until)
        ]
        best = max(own, key=lambda each: each.form_id is not None, default=None)
        if best is None or row.quarantine is not None:
            continue
        if is_drawn(best.seed, row.instance_id, Fraction(best.share)):
            found.add(row.id)
    return frozenset(found)
