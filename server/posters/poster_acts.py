"""What officers do with posters: make them, for one place or all thôn at once, close, renew, give them a last day."""

import datetime as dt
import secrets
from collections.abc import Sequence

import sqlalchemy as sa

from server import audit, clock
from server.db import db
from server.models import Commune, Form, JudgedSelfAnswers, Poster, Village
from server.posters import poster_places, which_forms
from server.posters.poster_places import PublicPlace
from server.published_forms import self_answers

CODE_LENGTH = 12
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
"""Without those that look alike: a code may be typed from paper."""


class PosterRejected(Exception):
    """What cannot be done with a poster; the message is one Vietnamese sentence."""


def make(
    commune: Commune,
    form: Form,
    villages: Sequence[Village],
    places: Sequence[PublicPlace],
    *,
    ends_on: dt.date | None,
) -> list[Poster]:
    """A poster for each of these thôn and public places; the caller commits. Raises PosterRejected."""
    if not villages and not places:
        raise PosterRejected("Hãy chọn ít nhất một thôn hoặc một điểm công cộng.")
    _check_last_day(ends_on)
    _check_form(form)
    self_answers.count_apart(form.id)
    thon = poster_places.thon_names(commune)
    made = [_poster(commune, form, thon[each.id], ends_on, village_id=each.id) for each in villages]
    made += [_poster(commune, form, each.full_name, ends_on, place_id=each.entity.id) for each in places]
    db.session.add_all(made)
    db.session.flush()
    for each in made:
        audit.note("poster.make", record(each), {"form": form.form_id, "where": each.label})
    return made


def renew(poster: Poster) -> Poster:
    """A new code for the same form and place; the old one says that there is a new one. The caller commits."""
    if db.session.scalar(sa.select(Poster.id).where(Poster.follows_id == poster.id)) is not None:
        raise PosterRejected("Tờ này đã được thay mã; hãy dùng tờ mới.")
    _check_form(poster.form)
    self_answers.count_apart(poster.form_id)
    poster.closed_at = poster.closed_at or clock.now()
    ends_on = None if poster.ends_on is not None and poster.ends_on < clock.today() else poster.ends_on
    new = Poster(
        code=new_code(), commune_id=poster.commune_id, form_id=poster.form_id, village_id=poster.village_id,
        place_id=poster.place_id, label=poster.label, created_at=clock.now(), ends_on=ends_on, follows_id=poster.id,
    )  # fmt: skip
    db.session.add(new)
    db.session.flush()
    audit.note("poster.renew", record(new), {"old": poster.id})
    return new


def close(poster: Poster) -> None:
    """It takes no more answers; what was answered stays. The caller commits."""
    if poster.closed_at is None:
        poster.closed_at = clock.now()
        audit.note("poster.close", record(poster))


def end_on(poster: Poster, day: dt.date | None) -> None:
    """Change the last day of a poster that is not closed; the caller commits. Raises PosterRejected."""
    if poster.closed_at is not None:
        raise PosterRejected("Tờ này đã đóng; hãy thay mã để treo tờ mới.")
    _check_last_day(day)
    poster.ends_on = day
    audit.note("poster.end", record(poster), {"day": day.isoformat() if day else None})


def judge(commune: Commune, form: Form, *, judged: bool) -> None:
    """Whether what people answer by themselves in this form is set against the commune's targets too; own column
    all the same. The caller commits."""
    key = (commune.id, form.id)
    found = db.session.get(JudgedSelfAnswers, key)
    if judged == (found is not None):
        return
    if found is not None:
        db.session.delete(found)
    else:
        db.session.add(JudgedSelfAnswers(commune_id=commune.id, form_id=form.id, since=clock.now()))
    audit.note("poster.judge", f"commune:{commune.code}", {"form": form.form_id, "judged": judged})


def record(poster: Poster) -> str:
    """How the audit names a poster."""
    return f"poster:{poster.id}"


def _poster(commune: Commune, form: Form, label: str, ends_on: dt.date | None, **where: object) -> Poster:
    made = {"label": label, "created_at": clock.now(), "ends_on": ends_on, **where}
    return Poster(code=new_code(), commune_id=commune.id, form_id=form.id, **made)


def new_code() -> str:
    """A code that nobody has, for an address and for typing."""
    return "".join(secrets.choice(_LETTERS) for _ in range(CODE_LENGTH))


def _check_last_day(day: dt.date | None) -> None:
    if day is not None and day < clock.today():
        raise PosterRejected("Ngày cuối đã qua; hãy chọn từ hôm nay trở đi, hoặc để trống.")


def _check_form(form: Form) -> None:
    found = which_forms.served(form.id)
    if found is None:
        raise PosterRejected(f"“{form.title}” không còn dùng; hãy chọn biểu mẫu khác.")
    if found.obstacles:
        raise PosterRejected(f"Không treo được áp phích cho “{form.title}”: {'; '.join(found.obstacles)}.")
