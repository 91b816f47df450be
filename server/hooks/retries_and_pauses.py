"""What becomes of a try to send: when the next one is, after failures later and later, and when a hook is paused."""

import datetime as dt
from typing import Any

import sqlalchemy as sa

from server import clock
from server.db import db
from server.hooks import hook_register
from server.hooks.signed_request import Posted
from server.models import Hook, HookDelivery

SPACING = (60, 300, 900, 3_600, 3 * 3_600, 6 * 3_600, 12 * 3_600, 12 * 3_600, 12 * 3_600)
"""Seconds between one try and the next: ten tries in 46 hours, two days with what they take."""
GIVEN_UP = dt.timedelta(days=30)
"""How long something waits for a person to let it go on."""
_TOO_OLD = "Quá 30 ngày không gửi được."

_PAUSED = (
    "Không gửi được trong hai ngày nên đã tạm dừng. Lỗi cuối: {why} Hãy báo người giữ máy chủ nhận; khi họ sửa xong, "
    "bấm “Gửi tiếp”: mọi thay đổi đang chờ sẽ được gửi theo thứ tự."
)
_GONE = (
    "Máy chủ nhận báo không nhận nữa (410) nên đã tạm dừng. Hãy sửa địa chỉ rồi bấm “Gửi tiếp”, hoặc xóa "
    "địa chỉ này."
)


def keep_outcome(hook: Hook, delivery: Any, posted: Posted) -> None:
    """Write down what became of a try, and when the next one is."""
    now = clock.now()
    said = {"sent_at": now, "status": posted.status, "answer": posted.answer, "tries": delivery.tries + 1}
    if posted.is_taken:
        end(delivery.id, state="sent", **said)
        if hook.failures:
            _set(hook.id, failures=0, resume_at=None)
    elif posted.is_its_own:
        is_last = delivery.tries >= len(SPACING)
        if is_last:
            end(delivery.id, state="failed", **said)
        else:
            end(delivery.id, due_at=now + dt.timedelta(seconds=SPACING[delivery.tries]), **said)
    else:
        end(delivery.id, **said)
        _wait(hook, posted, now)


def _wait(hook: Hook, posted: Posted, now: dt.datetime) -> None:
    """The address itself failed: nothing is sent there for a while; after the last try, until a person says so."""
    if posted.status == 410:
        pause(hook.id, _GONE)
    elif hook.failures >= len(SPACING):
        why = " ".join(filter(None, (hook_register.status_word(posted.status), posted.answer)))
        pause(hook.id, _PAUSED.format(why=why if why.endswith(".") else f"{why}."))
    else:
        resume = now + max(dt.timedelta(seconds=SPACING[hook.failures]), posted.rest)
        _set(hook.id, failures=hook.failures + 1, resume_at=resume)


def pause(hook_id: int, why: str) -> None:
    _set(hook_id, paused_at=clock.now(), paused_why=why, resume_at=None)


def _set(hook_id: int, **values: object) -> None:
    with db.engine.connect().execution_options(writes=True) as connection:
        connection.execute(sa.update(Hook).where(Hook.id == hook_id).values(**values))
        connection.commit()


def end(delivery_id: int, **values: object) -> None:
    with db.engine.connect().execution_options(writes=True) as connection:
        connection.execute(sa.update(HookDelivery).where(HookDelivery.id == delivery_id).values(**values))
        connection.commit()


def give_up_old(connection: sa.Connection) -> int:
    """Give up what nobody let go on for so long; how many. The caller commits."""
    late = sa.update(HookDelivery).where(
        HookDelivery.state == "waiting", HookDelivery.made_at < clock.now() - GIVEN_UP
    )
    return int(connection.execute(late.values(state="failed", answer=_TOO_OLD)).rowcount)
