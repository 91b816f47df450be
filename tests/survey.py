"""The library's forms in one commune of five thôn: what phones sent from real doors, and who may send it."""

import dataclasses
import datetime as dt
import re
import uuid
from pathlib import Path

import sqlalchemy as sa

from server.counting import tally
from server.db import db
from server.intake import receive_submission
from server.intake.receive_submission import Receipt
from server.intake.submission_sender import Sender
from server.models import Commune, Entity, Finding, Indicator, Submission, Tally, TallyDay, Village
from server.published_forms import library_forms
from server.review import decisions
from server.review.decisions import Reviewer
from tests import sample

SENT = Path(__file__).parent / "data" / "edits"
HOUSEHOLD = uuid.UUID("0000abc0-00aa-4000-8000-000000000004")
"""That of the stored visits, in thôn 11629002."""
ALL = ("ho_gia_dinh", "wifi_cong_cong", "diem_5g", "diem_loa", "truong_hoc", "doanh_nghiep")


@dataclasses.dataclass(frozen=True)
class Survey:
    """A commune whose library was published in September, with collectors by what they may reach."""

    commune: Commune
    villages: dict[str, int]
    second: Sender
    """For thôn 11629002."""
    third: Sender
    """For thôn 11629003."""
    every: Sender
    abroad: Sender
    """For the only thôn of another commune."""


def begin(forms: tuple[str, ...] = ALL) -> Survey:
    """Stored, and no session open."""
    commune = sample.make_commune()
    villages = {
        f"1162900{n}": sample.make_village(commune, f"1162900{n}", f"Thôn {n}").id for n in range(1, 6)
    }
    other = sample.make_commune("10930", "Mao Điền")
    far = sample.make_village(other, "10930001", "Thôn Xa")
    library_forms.publish_library(forms)
    db.session.execute(
        sa.text("UPDATE form_version SET published_at = :day"), {"day": "2026-09-20 00:00:00+00:00"}
    )
    db.session.commit()
    made = {
        name: sample.make_collector(commune, db.session.scalars(
            sa.select(Village).where(Village.code.in_(codes))).all(), name).collector.id
        for name, codes in (("Nụ", ["11629002"]), ("Ba", ["11629003"]), ("Cả", list(villages)))
    }  # fmt: skip
    abroad = sample.make_collector(other, [far], "Xa").collector.id

    def sender(name: str, *codes: str) -> Sender:
        return Sender(made[name], commune.id, {code: villages[code] for code in codes})

    found = Survey(
        commune, villages, sender("Nụ", "11629002"), sender("Ba", "11629003"), sender("Cả", *villages),
        Sender(abroad, other.id, {"10930001": far.id}),
    )  # fmt: skip
    db.session.close()
    return found


def xml(name: str, **changes: str) -> bytes:
    """A stored visit, each leaf of these names with another text; `instanceID` and `deprecatedID` included."""
    text = (SENT / f"{name}.xml").read_text()
    for leaf, answer in changes.items():
        filled = f"<{leaf}>{answer}</{leaf}>"
        text, count = re.subn(
            f"<{leaf} ?/>|<{leaf}>[^<]*</{leaf}>", filled.replace("\\", r"\\"), text, count=1
        )
        if not count and leaf == "deprecatedID":
            text = text.replace("<instanceID>", f"{filled}<instanceID>")
            count = 1
        assert count == 1, leaf
    return text.encode()


def send(name: str, sender: Sender, **changes: str) -> Receipt:
    return received(xml(name, **changes), sender)


def received(document: bytes, sender: Sender) -> Receipt:
    return receive_submission.accept(document, [], sender)


def decide(
    survey: Survey, submission: int, state: str, expected: str = "received", comment: str = ""
) -> None:
    reviewer = Reviewer("person:1", "Nguyễn Thị Hạnh", survey.commune.id)
    db.session.close()
    with db.engine.connect().execution_options(writes=True) as connection:
        decisions.decide(connection, submission, state, expected=expected, reviewer=reviewer, comment=comment)
        connection.commit()


def entity(entity_id: uuid.UUID = HOUSEHOLD) -> Entity:
    db.session.close()
    return db.session.get_one(Entity, entity_id)


def submission(submission_id: int) -> Submission:
    db.session.close()
    return db.session.get_one(Submission, submission_id)


def stated(submission_id: int) -> dict[str, tuple[int, int, bool]]:
    """What a submission states: done, of, and whether it counts."""
    query = (
        sa.select(Indicator.code, Finding.done, Finding.of, Finding.counts)
        .join(Indicator, Indicator.id == Finding.indicator_id)
        .where(Finding.submission_id == submission_id)
    )
    with db.engine.connect() as connection:
        return {row.code: (row.done, row.of, row.counts) for row in connection.execute(query)}


def sums(village_id: int | None = None) -> dict[str, tuple[int, int, int]]:
    """(done, of, subjects) of each indicator from the tally, without those of which nothing is left.

    By columns that older tables have too.
    """
    numbers = ("done", "of", "subjects")
    kept = [
        sa.select(table.village_id, table.indicator_id, *(getattr(table, name) for name in numbers))
        for table in (Tally, TallyDay)
    ]
    rows = sa.union_all(*kept).subquery()
    query = sa.select(Indicator.code, *(sa.func.sum(rows.c[name]) for name in numbers))
    query = query.join(Indicator, Indicator.id == rows.c.indicator_id).group_by(Indicator.code)
    if village_id is not None:
        query = query.where(rows.c.village_id == village_id)
    with db.engine.connect() as connection:
        found = {row[0]: (int(row[1]), int(row[2]), int(row[3])) for row in connection.execute(query)}
    return {code: amount for code, amount in found.items() if amount != (0, 0, 0)}


def differences() -> list[tally.TallyDifference]:
    with db.engine.connect() as connection:
        return tally.recount(connection)


def morning(day: str, hour: int = 9) -> dict[str, str]:
    """When a visit was, as changes of its leaves."""
    begun = dt.datetime.fromisoformat(f"{day}T{hour:02}:00:00+07:00")
    ended = begun + dt.timedelta(minutes=9)
    return {"start": begun.isoformat(), "end": ended.isoformat(), "today": day}
