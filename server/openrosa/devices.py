"""Which phones ask for their forms, and when they last did.

Collect before 2026.3 and KoboCollect tell their id only when they send (C2). Until then such a phone is known by its
User-Agent, under a name that begins with UNNAMED; its first submission gives that row its id.
"""

import datetime as dt
from typing import Any

import sqlalchemy as sa
from flask import current_app, request
from sqlalchemy.dialects import postgresql, sqlite

from server import clock
from server.db import db, single_statements
from server.models import Device, DeviceForm
from server.models.people import UNNAMED
from server.phones.phone_access import PhoneCaller

OFTEN_ENOUGH = dt.timedelta(hours=1)
"""How exact `last_seen` is: a phone that asks every minute is written down once an hour."""

_APPS = ("org.odk.collect.android/", "org.koboc.collect.android/")
_LEARNT = "tungnha.devices"
MOST_LEARNT = 20_000
"""Phones that a process remembers as known; what is forgotten costs one look more."""
MAX_TEXT = 255
_OF_AGENT = sa.select(Device.device_id).where(
    Device.collector_id == sa.bindparam("collector"), Device.user_agent == sa.bindparam("agent")
)
_KNOWN = sa.select(Device.id, Device.device_id, Device.user_agent).where(
    Device.collector_id == sa.bindparam("collector"),
    Device.device_id.in_(sa.bindparam("devices", expanding=True)),
)
_LAST = sa.select(Device.last_seen).where(
    Device.collector_id == sa.bindparam("collector"), Device.device_id == sa.bindparam("device")
)


_HELD = (
    sa.select(Device.id, DeviceForm.version)
    .outerjoin(
        DeviceForm, sa.and_(DeviceForm.device_id == Device.id, DeviceForm.form_id == sa.bindparam("form"))
    )
    .where(Device.collector_id == sa.bindparam("collector"), Device.device_id == sa.bindparam("device"))
)
_UNSENT = sa.select(Device.id, Device.unsent).where(
    Device.collector_id == sa.bindparam("collector"), Device.device_id == sa.bindparam("device")
)


def device_id() -> str | None:
    """What the phone calls itself (`deviceID`, C2); None where it does not."""
    return printable(request.args.get("deviceID"))


def printable(text: str | None) -> str | None:
    """Text from outside as the database can keep it: no control characters, at most 255; None for nothing."""
    if not text:
        return None
    clean = text if text.isprintable() else "".join(filter(str.isprintable, text))
    return clean[:MAX_TEXT].strip() or None


def _agent() -> str:
    return printable(request.environ.get("HTTP_USER_AGENT")) or ""


def _name(connection: sa.Connection, caller: PhoneCaller) -> str | None:
    """What this phone is known by: its id; else the only one of the collector's with its User-Agent; else that alone.

    None for what is neither Collect nor KoboCollect and tells no id.
    """
    device, agent = device_id(), _agent()
    if device is not None or not agent.startswith(_APPS):
        return device
    known = connection.scalars(_OF_AGENT, {"collector": caller.collector_id, "agent": agent}).all()
    return known[0] if len(known) == 1 else _unnamed(agent)


def _unnamed(agent: str) -> str:
    return f"{UNNAMED}{agent}"[:MAX_TEXT]


def seen(caller: PhoneCaller) -> None:
    """Note that this phone asked for its forms now."""
    moment = clock.now()
    with single_statements().connect() as connection:
        device = _name(connection, caller)
        if device is None:
            return
        last = connection.scalar(_LAST, {"collector": caller.collector_id, "device": device})
    if last is None or last < moment - OFTEN_ENOUGH:
        _note(caller, device, moment)


def learn(caller: PhoneCaller) -> None:
    """Take the id that a phone tells when it sends, for the row that it had by its User-Agent alone.

    Looked up once a process for each phone and version of its app: on submissions nothing else is read or written.
    """
    device, agent = device_id(), _agent()
    learnt: set[tuple[int, str, str]] = current_app.extensions.setdefault(_LEARNT, set())
    key = (caller.collector_id, device or "", agent)
    if device is None or key in learnt:
        return
    if len(learnt) >= MOST_LEARNT:
        learnt.clear()
    learnt.add(key)
    asked = {"collector": caller.collector_id, "devices": [device, _unnamed(agent)]}
    with single_statements().connect() as connection:
        rows = {row.device_id: row for row in connection.execute(_KNOWN, asked)}
    own, unnamed = rows.get(device), rows.get(_unnamed(agent))
    if own is None and unnamed is None:
        _note(caller, device, clock.now())
    elif unnamed is not None or (own is not None and own.user_agent != agent):
        _join(own, unnamed, device, agent)


def _join(own: Any, unnamed: Any, device: str, agent: str) -> None:
    """One row for one phone: what it fetched without its id was fetched later than what is known of it by its id."""
    with db.engine.connect().execution_options(writes=True) as connection:
        if own is not None and unnamed is not None:
            fetched_since = sa.select(DeviceForm.form_id).where(DeviceForm.device_id == unnamed.id)
            connection.execute(
                sa.delete(DeviceForm).where(
                    DeviceForm.device_id == own.id, DeviceForm.form_id.in_(fetched_since.scalar_subquery())
                )
            )
            moved = sa.update(DeviceForm).where(DeviceForm.device_id == unnamed.id).values(device_id=own.id)
            connection.execute(moved)
            connection.execute(sa.delete(Device).where(Device.id == unnamed.id))
        kept = own or unnamed
        named = sa.update(Device).where(Device.id == kept.id).values(device_id=device, user_agent=agent)
        try:
            connection.execute(named)
            connection.commit()
        except sa.exc.IntegrityError:
            connection.rollback()  # another process has noted the same phone in this moment


def fetched(caller: PhoneCaller, form_id: str, version: str) -> None:
    """Note which version of a form this phone has now; written only when it is another one."""
    with single_statements().connect() as connection:
        asked = {"collector": caller.collector_id, "device": _name(connection, caller), "form": form_id}
        row = connection.execute(_HELD, asked).first()
    if row is None or row.version == version:
        return
    with db.engine.connect().execution_options(writes=True) as connection:
        insert: Any = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
        values = {"version": version, "fetched_at": clock.now()}
        statement = insert(DeviceForm).values(device_id=row.id, form_id=form_id, **values)
        connection.execute(
            statement.on_conflict_do_update(
                index_elements=[DeviceForm.device_id, DeviceForm.form_id], set_=values
            )
        )
        connection.commit()


def asked_about(caller: PhoneCaller, unsent: int) -> None:
    """Note how many households this phone has that never came here: it asks for them at every sync (E10)."""
    with single_statements().connect() as connection:
        asked = {"collector": caller.collector_id, "device": _name(connection, caller)}
        row = connection.execute(_UNSENT, asked).first()
    if row is None or row.unsent == unsent:
        return
    with db.engine.connect().execution_options(writes=True) as connection:
        told = sa.update(Device).where(Device.id == row.id).values(unsent=unsent, unsent_at=clock.now())
        connection.execute(told)
        connection.commit()


def _note(caller: PhoneCaller, device: str, moment: dt.datetime) -> None:
    with db.engine.connect().execution_options(writes=True) as connection:
        insert: Any = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
        agent = _agent()
        statement = insert(Device).values(
            collector_id=caller.collector_id,
            device_id=device,
            user_agent=agent,
            first_seen=moment,
            last_seen=moment,
        )
        connection.execute(
            statement.on_conflict_do_update(
                index_elements=[Device.collector_id, Device.device_id],
                set_={"last_seen": moment, "user_agent": agent},
            )
        )
        connection.commit()
