"""Which phones ask for their forms, and when they last did."""

import datetime as dt
from typing import Any

import sqlalchemy as sa
from flask import request
from sqlalchemy.dialects import postgresql, sqlite

from server import clock
from server.db import db, single_statements
from server.models import Device, DeviceForm
from server.phones.phone_access import Caller

OFTEN_ENOUGH = dt.timedelta(hours=1)
"""How exact `last_seen` is: a phone that asks every minute is written down once an hour."""

MAX_TEXT = 255
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


def seen(caller: Caller) -> None:
    """Note that this phone asked for its forms now; on submissions nothing is written."""
    device = device_id()
    if device is None:
        return
    moment = clock.now()
    with single_statements().connect() as connection:
        last = connection.scalar(_LAST, {"collector": caller.collector_id, "device": device})
    if last is None or last < moment - OFTEN_ENOUGH:
        _note(caller, device, moment)


def fetched(caller: Caller, form_id: str, version: str) -> None:
    """Note which version of a form this phone has now; written only when it is another one."""
    with single_statements().connect() as connection:
        asked = {"collector": caller.collector_id, "device": device_id(), "form": form_id}
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


def asked_about(caller: Caller, unsent: int) -> None:
    """Note how many households this phone has that never came here: it asks for them at every sync (E10)."""
    with single_statements().connect() as connection:
        asked = {"collector": caller.collector_id, "device": device_id()}
        row = connection.execute(_UNSENT, asked).first()
    if row is None or row.unsent == unsent:
        return
    with db.engine.connect().execution_options(writes=True) as connection:
        told = sa.update(Device).where(Device.id == row.id).values(unsent=unsent, unsent_at=clock.now())
        connection.execute(told)
        connection.commit()


def _note(caller: Caller, device: str, moment: dt.datetime) -> None:
    with db.engine.connect().execution_options(writes=True) as connection:
        insert: Any = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
        agent = printable(request.environ.get("HTTP_USER_AGENT")) or ""
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
