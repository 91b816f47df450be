"""Two communes filled with one of everything, and somebody of every role and scope, to walk through all pages."""

import io
import uuid
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

import sqlalchemy as sa
from flask import Flask
from werkzeug.routing import Rule

from dashboards.reports import report_content, report_making, report_periods
from dashboards.reports.report_word import write_docx
from forms.engine import engine
from geo.coverage_json import to_json
from server import audit, clock
from server.accounts import persons, program_keys
from server.api.kobo import kobo_ids
from server.db import db
from server.hooks import outbox
from server.households.household_states import NOT_VISITED
from server.households.read_address import plain
from server.models import (
    Attachment,
    Commune,
    Difficulty,
    Form,
    Hook,
    Person,
    Poster,
    Snapshot,
    Submission,
    Village,
    VillageSample,
    WalkingArea,
)
from server.privacy import privacy_requests
from server.published_forms import form_drafts, library_forms
from server.review import difficulties
from server.samples import sample_draw
from server.samples.sample_draw import SampleMethod, SampleWish
from tests import leaders, sample
from tests.people import Browser, bearing, browser, make_person
from tests.phone import InProcess, Phone

CODES = ("11629", "10930")
THON = 3
POINT = "20.8123456 106.5512345 0 4"
EXACT = ("20.812345", "106.551234")
"""A household's door as a phone sends it, and what more than three decimals of it look like."""
MET = {"ket_qua": "gap", "gbps": "co", "cho_vi_tri": "co"}
TROUBLE = {"loai": "song_mang", "noi_dung": "Ngõ không có sóng", "muon_tra_loi": "co"}
PHOTO = sample.JPEG
ELSEWHERE = "khong-co"


@dataclass(frozen=True)
class Household:
    """A household that nobody without the right may find: letters of no other word, in any encoding."""

    id: str
    label: str
    address: str


@dataclass(frozen=True)
class Town:
    """What is there in one commune, by the names that paths give to it."""

    code: str
    households: tuple[Household, ...]
    """One in each thôn, the first thôn's first."""
    values: Mapping[str, str]

    @property
    def secrets(self) -> tuple[str, ...]:
        return tuple(text for home in self.households for text in (home.label, home.address))


@dataclass
class Caller:
    """Somebody with a browser: his roles and scope as the rules know them, not as the server does."""

    name: str
    browser: Browser
    roles: frozenset[str] = frozenset()
    commune: str | None = None
    """Its code; None: the whole city."""
    thon: frozenset[str] = frozenset()
    kind: str = "person"
    """`person`, `program`, `stranger` (nobody), `gone` (disabled, or a revoked token)."""
    reads: frozenset[str] = frozenset()
    headers: Mapping[str, str] = field(default_factory=dict)
    number: int = 0
    token: str = ""
    """That of the forms of his browser."""

    more: frozenset[str] = frozenset()
    """Codes of other communes that he works for."""

    def may_see(self, code: str) -> bool:
        return self.commune in (None, code) or code in self.more

    def belongs_to(self, code: str) -> bool:
        return code == self.commune or code in self.more


def build(app: Flask, *, reports: bool = True) -> dict[str, Town]:
    """Both communes, each with an issued report if asked: it takes a second to write."""
    library_forms.publish_library(["ho_gia_dinh", "phan_anh"])
    db.session.commit()
    return {code: _town(app, code, reports=reports) for code in CODES}


def _town(app: Flask, code: str, *, reports: bool) -> Town:
    commune = leaders.fill(code, villages=THON)
    db.session.commit()
    thons = list(
        db.session.scalars(sa.select(Village).where(Village.commune_id == commune.id).order_by(Village.code))
    )
    homes = tuple(_household(code, number, thon) for number, thon in enumerate(thons))
    made = sample.make_collector(commune, thons, f"Người đi {code}")
    collector_id = made.collector.id
    phone = Phone(InProcess(app), f"http://localhost/key/{made.token}")
    visit = _visit(phone, thons[0].code, homes[0], "ho_gia_dinh", {**MET, "vi_tri": POINT})
    trouble = _visit(phone, thons[0].code, homes[0], "phan_anh", TROUBLE, photo=True)
    db.session.rollback()
    difficulties.take_in(trouble)
    submission = db.session.get_one(Submission, visit)
    submission.flags = [{"code": "too_short", "about": "40 giây", "detail": "4 phút"}]
    photo = db.session.scalars(sa.select(Attachment).order_by(Attachment.id.desc())).first()
    difficulty = db.session.scalars(sa.select(Difficulty).order_by(Difficulty.id.desc())).first()
    if reports:
        _report(commune)
    draft = form_drafts.save(_workbook(code), "phieu.md", commune, "system")
    asked = privacy_requests.add(
        db.session, commune, uuid.UUID(homes[0].id), "view", clock.today(), homes[0].label
    )
    db.session.commit()
    values = {
        "code": code,
        "village": thons[0].code,
        "household_id": homes[0].id,
        "list_name": "ho_dan",
        "entity_id": homes[0].id,
        "submission_id": str(submission.id),
        "attachment_id": str(photo.id if photo else 0),
        "difficulty_id": str(difficulty.id if difficulty else 0),
        "collector_id": str(collector_id),
        "person_id": str(make_person(f"spare.{code}", "leader", commune)),
        "draft_id": str(draft.id),
        "key": str(asked.id),
        "form_id": "ho_gia_dinh",
        "area_id": str(_area(thons[0], homes[0])),
        "poster_id": str(_poster(commune, thons[0])),
        "hook_uid": _hook(commune, submission.id),
        "uid": kobo_ids.uid("a", "ho_gia_dinh"),
        "target_id": {"11629": "AL-T01", "10930": "MD-T05"}[code],
        "task_code": {"11629": "AL-N01", "10930": "MD-N01"}[code],
    }
    db.session.commit()
    return Town(code, homes, {**values, **_sample(commune, thons)})


def _sample(commune: Commune, thons: Sequence[Village]) -> dict[str, str]:
    """A sample of the households of all thôn."""
    wish = SampleWish(SampleMethod.VILLAGE, clock.today(), margin=Fraction(1, 10))
    drawn = sample_draw.draw(commune, wish, [each.id for each in thons], audit.SHELL)
    db.session.commit()
    found = db.session.scalars(sa.select(VillageSample.id).where(VillageSample.draw_id == drawn.id))
    return {"draw_id": str(drawn.id), "sample_id": str(found.first())}


def _area(thon: Village, home: Household) -> int:
    """A part of a thôn, with the lane in which its household stands."""
    row = WalkingArea(village_id=thon.id, position=1, name="Phần 1", lanes=[plain(home.address)])
    db.session.add(row)
    db.session.flush()
    return row.id


def _poster(commune: Commune, thon: Village) -> int:
    """A poster in a thôn."""
    form = db.session.scalars(sa.select(Form.id).where(Form.form_id == "phan_anh")).one()
    row = Poster(
        code=f"apphich{commune.code}", commune_id=commune.id, form_id=form, label=thon.name, village_id=thon.id,
        created_at=clock.now(),
    )  # fmt: skip
    db.session.add(row)
    db.session.flush()
    return row.id


def _hook(commune: Commune, submission_id: int) -> str:
    """Another system that is sent what comes, and one change that waits for it."""
    row = Hook(
        uid=outbox.uid("h"), commune_id=commune.id, person_id=make_person(f"hook.{commune.code}", "officer", commune),
        form_id=db.session.scalars(sa.select(Form.id).where(Form.form_id == "ho_gia_dinh")).one(), name="Nơi nhận",
        endpoint="https://nhan.example.vn/", export_type="xml", personal=False, questions=[], active=True,
        made_at=clock.now(), changed_at=clock.now(), failures=0,
    )  # fmt: skip
    db.session.add(row)
    db.session.flush()
    with db.session.no_autoflush:
        outbox.add(db.session.connection(), [submission_id])
    return row.uid


def _report(commune: Commune) -> None:
    """An issued report, without its maps; its PDF says no more than its Word file."""
    made = report_making.make(
        commune, report_periods.of_month(clock.today()), None, report_content.ReportWish()
    )
    report, table = report_content.to_json(made.report), to_json(made.table)
    row = Snapshot(
        commune_id=commune.id, number=1, period=made.report.period, cut_off=made.table.as_of,
        received_until=made.table.received_until, last_submission_id=0, content={"report": report, "table": table},
        docx=write_docx(made.report, (), is_draft=False), docx_sha256="0" * 64, pdf=b"%PDF-1.7", pdf_sha256="0" * 64,
        issued_at=clock.now(), issued_by="person:1", issued_name="Cán bộ",
    )  # fmt: skip
    db.session.add(row)


def _household(code: str, number: int, thon: Village) -> Household:
    label, address = f"HoKin{code}n{number}", f"NgoKin{code}n{number}"
    data = {"thon": thon.code, "dia_chi": address, "tinh_trang": NOT_VISITED}
    return Household(str(sample.make_entity(thon, label, data=data).id), label, address)


def _visit(
    phone: Phone,
    thon: str,
    home: Household,
    form_id: str,
    answers: Mapping[str, object],
    *,
    photo: bool = False,
) -> int:
    """A form filled in as a phone does; the submission's id."""
    xform, media = phone.sync()[form_id]
    filling = engine.open_form(xform, media).start()
    given = {"thon": thon, **answers, "ho": home.id} if photo else {"thon": thon, "ho": home.id, **answers}
    for question, answer in (given | ({"anh": "1.jpg"} if photo else {})).items():
        filling.answer(question, answer)
    [answer] = phone.send(filling.submission(), {"1.jpg": PHOTO} if photo else None)
    assert answer.status == 201
    return sample.arrived()[-1].id


def _workbook(code: str) -> bytes:
    text = sample.PLAIN
    for name, value in {"title": "Nháp", "form_id": f"nhap_{code}", "version": "1"}.items():
        text = text.replace("{" + name + "}", value)
    return text.encode()


def callers(app: Flask, towns: Mapping[str, Town]) -> list[Caller]:
    """Somebody of every role in both communes, two team leaders of different thôn, programs, strangers."""
    found = [Caller("nobody", browser(app), kind="stranger")]
    for code in CODES:
        for role in ("officer", "leader", "reviewer"):
            found.append(_person(app, f"{role}.{code}", role, code))
        found += [_person(app, f"team.{code}.{n}", "team_leader", code, n) for n in (0, 1)]
    found += [_person(app, role, role, None) for role in ("city", "admin")]
    found.append(_of_both(app))
    found.append(_gone(app))
    found.append(_program(app, "program", None, tuple(program_keys.READS)))
    found.append(_program(app, "program.11629", "11629", tuple(program_keys.READS)))
    found.append(_program(app, "program.places", None, ("places",)))
    found.append(_program(app, "program.revoked", None, tuple(program_keys.READS), revoked=True))
    return found


def _commune(code: str | None) -> Commune | None:
    return db.session.scalars(sa.select(Commune).where(Commune.code == code)).one() if code else None


def _person(app: Flask, name: str, role: str, code: str | None, thon: int | None = None) -> Caller:
    commune = _commune(code)
    thons = sorted(commune.villages, key=lambda each: each.code) if commune and thon is not None else []
    own = (thons[thon],) if thon is not None else ()
    codes = frozenset(village.code for village in own)
    number = make_person(name, role, commune, own)
    visitor = browser(app)
    assert visitor.sign_in(name).status_code == 302
    return Caller(name, visitor, frozenset({role}), code, codes, number=number)


def _of_both(app: Flask) -> Caller:
    """An officer who works for both communes."""
    made = _person(app, "officer.both", "officer", CODES[0])
    db.session.rollback()
    other = _commune(CODES[1])
    assert other is not None
    db.session.get_one(Person, made.number).more_communes = [other]
    db.session.commit()
    made.more = frozenset({CODES[1]})
    return made


def _gone(app: Flask) -> Caller:
    """An officer who was disabled while he was signed in."""
    made = _person(app, "gone", "officer", CODES[0])
    db.session.rollback()
    persons.disable(db.session.get_one(Person, made.number), by=audit.SHELL)
    db.session.commit()
    made.kind, made.roles = "gone", frozenset()
    return made


def _program(
    app: Flask, name: str, code: str | None, reads: tuple[str, ...], *, revoked: bool = False
) -> Caller:
    made = program_keys.add(name, commune=_commune(code), reads=reads, days=30)
    if revoked:
        program_keys.revoke(made.record)
    token = made.token
    db.session.commit()
    kind = "revoked" if revoked else "program"
    return Caller(
        name, browser(app), frozenset(), code, kind=kind, reads=frozenset(reads), headers=bearing(token)
    )


def address(rule: Rule, values: Mapping[str, str]) -> str:
    """A path of the rule with these values; what has none is named so that nothing is found."""
    filled: dict[str, object] = {}
    for name, converter in rule._converters.items():
        text = values.get(name) or _anything(name, converter)
        filled[name] = converter.to_python(text)
    built = rule.build(filled, append_unknown=False)
    assert built is not None, rule
    return built[1]


def _anything(name: str, converter: object) -> str:
    kind = type(converter).__name__
    if kind == "IntegerConverter":
        return "1"
    if kind == "UUIDConverter":
        return str(uuid.uuid4())
    if kind == "AnyConverter":
        return sorted(converter.items)[0]  # type: ignore[attr-defined]
    return {"ending": "xlsx", "name": "1.jpg"}.get(name, ELSEWHERE)


def told(content: bytes) -> bytes:
    """All that an answer says: what is packed in it unpacked."""
    if not content.startswith(b"PK"):
        return content
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        return b"\n".join(packed.read(name) for name in packed.namelist())


def rules(app: Flask, *kinds: str) -> Iterator[tuple[Rule, str, object]]:
    """Every rule with each of its methods and its declaration."""
    for rule in app.url_map.iter_rules():
        access = getattr(app.view_functions[rule.endpoint], "access", None)
        if access is not None and access.kind in kinds:
            for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
                yield rule, method, access
