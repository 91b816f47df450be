"""Bundles of sums between installations: what verifies is shown as if it were here, anything else changes nothing."""

import datetime as dt
import json
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from flask import Flask
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from server import clock
from server.coverage import bundle_content, bundle_file, bundles_in, bundles_out, city_table
from server.coverage.bundle_file import SignedBundle
from server.coverage.bundle_problems import BundleProblem
from server.db import begin_writing, db
from server.errors import Problem
from server.models import Audit, BundleSigner, BundleSource, Commune, Tally, TallyDay, Village
from tests import leaders, sample
from tests.conftest import Template, application, filled_once, on_a_copy
from tests.people import browser, make_commune, make_person

MOMENT = dt.datetime(2026, 11, 22, 18, 30, tzinfo=dt.UTC)  # half past one at night, of Monday the 23rd


@pytest.fixture(autouse=True)
def night(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: MOMENT)


@pytest.fixture(scope="module")
def prepared(template_database: Template, tmp_path_factory: pytest.TempPathFactory):
    """An installation with An Lão and its counts: the box of a commune, and a server that communes share."""

    def fill(_app: Flask) -> None:
        leaders.fill("11629")
        db.session.commit()

    with filled_once(template_database, tmp_path_factory.mktemp("box"), fill) as found:
        yield found


def written() -> SignedBundle:
    begin_writing()
    signed = bundles_out.write(bundles_out.commune_of_here(None))
    db.session.commit()
    return signed


def take(whole: bytes) -> bundles_in.TakenBundle:
    begin_writing()
    try:
        taken = bundles_in.take(whole)
        db.session.commit()
    finally:
        db.session.rollback()
    return taken


def trust(signed: SignedBundle, code: str = "11629") -> None:
    begin_writing()
    commune = db.session.scalars(sa.select(Commune).where(Commune.code == code)).one()
    bundles_in.trust(commune, bundle_file.key_to_text(signed.public_key))
    db.session.commit()


def kept() -> object:
    """All that taking a bundle could change."""
    db.session.rollback()
    rows = db.session.execute(sa.select(BundleSource.__table__)).all()
    return rows, db.session.scalar(sa.select(sa.func.count()).select_from(Audit))


def refused(whole: bytes) -> BundleProblem:
    before = kept()
    with pytest.raises(Problem) as problem:
        take(whole)
    assert kept() == before
    return problem.value.kind  # type: ignore[return-value]


@pytest.fixture
def elsewhere(app: Flask) -> SignedBundle:
    """A bundle of An Lão, taken to an installation that has nothing of it but its name."""
    signed = written()
    with db.engine.connect().execution_options(writes=True) as connection:
        for table in (Tally, TallyDay, BundleSigner):
            connection.execute(sa.delete(table))
        connection.execute(sa.text("DELETE FROM tally_month"))
        connection.execute(sa.text("DELETE FROM village_figure"))
        connection.execute(sa.delete(Village))
        connection.commit()
    db.session.rollback()
    return signed


def test_the_city_shows_of_a_bundle_what_it_would_show_of_the_commune_itself(app: Flask) -> None:
    """N13: one table, whichever way they came; but for when it was sent."""
    here = {
        each.indicator.code: each.rows for each in city_table.own_tables(city_table.own_choices(), feed=True)
    }
    trust(signed := written())
    assert take(signed.whole).new
    for indicator in city_table.choices():
        [row] = city_table.table(indicator, feed=True).rows
        [own] = here[indicator.code]
        assert row.sent == dt.date(2026, 11, 22)
        assert (row.households, row.visited, row.cell, row.target, row.estimate) == (
            own.households, own.visited, own.cell, own.target, own.estimate,
        )  # fmt: skip


def test_it_is_shown_where_the_commune_has_nothing_here(elsewhere: SignedBundle) -> None:
    trust(elsewhere)
    empty = {each.code: city_table.table(each).rows[0] for each in city_table.choices()}
    assert {(row.households, row.visited, row.sent) for row in empty.values()} == {(None, None, None)}
    take(elsewhere.whole)
    [row] = city_table.table(next(each for each in city_table.choices() if each.code == "phu_song_5g")).rows
    assert row.cell.percent is not None
    assert row.households is not None
    assert (
        city_table.table(city_table.choices()[0], dt.date(2026, 11, 8)).rows[0].visited is None
    )  # it was sent later


def test_the_total_of_the_city_adds_up_both_kinds(elsewhere: SignedBundle) -> None:
    trust(elsewhere)
    take(elsewhere.whole)
    leaders.fill("10930", villages=4)
    db.session.commit()
    table = city_table.table(city_table.choices()[0], feed=True)
    assert [row.sent for row in table.rows] == [None, dt.date(2026, 11, 22)]
    assert table.visited == sum(row.visited or 0 for row in table.rows) > 0


def test_a_bundle_holds_sums_alone_and_no_hidden_number(app: Flask) -> None:
    """R25: what the commune's own page hides from leaders is not in it, whoever reads it."""
    content = json.loads(written().content)
    for each in content["rows"]:
        assert set(each) == {"indicator", "row"}
        if each["row"]["cell"]["suppressed"]:
            assert each["row"]["cell"]["done"] is None
    names = {
        name for village in db.session.scalars(sa.select(Village)) for name in (village.name, village.code)
    }
    assert not [name for name in names if name in json.dumps(content, ensure_ascii=False)]


def test_a_bundle_altered_by_one_byte_changes_nothing(app: Flask) -> None:
    signed = written()
    trust(signed)

    @examples(max_examples=60, deadline=None)
    @given(st.integers(0, len(signed.whole) - 1), st.integers(1, 255))
    def altered(place: int, by: int) -> None:
        whole = bytearray(signed.whole)
        whole[place] ^= by
        assert refused(bytes(whole)) in (
            BundleProblem.BUNDLE_UNREADABLE, BundleProblem.BUNDLE_STRANGER, BundleProblem.BUNDLE_ALTERED,
        )  # fmt: skip

    altered()


@pytest.mark.parametrize("cut", [0, 7, 8, 40, 104, -1])
def test_a_bundle_that_is_cut_or_lengthened_changes_nothing(app: Flask, cut: int) -> None:
    signed = written()
    trust(signed)
    for whole in (signed.whole[:cut], signed.whole + b" "):
        assert refused(whole) in (BundleProblem.BUNDLE_UNREADABLE, BundleProblem.BUNDLE_ALTERED)


def test_a_bundle_of_a_stranger_changes_nothing(app: Flask) -> None:
    trust(written())
    stranger = bundle_file.sign(Ed25519PrivateKey.generate(), written().content)
    assert refused(stranger.whole) is BundleProblem.BUNDLE_STRANGER


def test_a_bundle_that_comes_twice_changes_nothing(app: Flask) -> None:
    trust(signed := written())
    assert take(signed.whole).new
    before = kept()
    assert not take(signed.whole).new
    assert kept() == before


def test_a_bundle_older_than_the_last_changes_nothing(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    first = written()
    trust(first)
    monkeypatch.setattr(clock, "now", lambda: MOMENT + dt.timedelta(days=1))
    second = written()
    assert take(second.whole).new
    assert refused(first.whole) is BundleProblem.BUNDLE_OLDER


def test_a_key_speaks_for_its_commune_alone(app: Flask) -> None:
    make_commune("10930", "Mao Điền")
    signed = written()
    trust(signed, "10930")
    assert refused(signed.whole) is BundleProblem.BUNDLE_OF_ANOTHER


@pytest.mark.parametrize(
    "spoil",
    [
        lambda content: content | {"as_of": "2030-01-01"},
        lambda content: content | {"format": 2},
        lambda content: content | {"more": 1},
        lambda content: content | {"rows": [content["rows"][0] | {"row": {}}]},
        lambda content: content | {"written_at": "2026-11-22T18:30:00"},
        lambda content: {name: value for name, value in content.items() if name != "number"},
        lambda content: content | {"number": "7"},
        lambda _content: [1],
    ],
)
def test_what_is_signed_but_no_sums_of_a_day_changes_nothing(
    app: Flask, spoil: Callable[[dict], object]
) -> None:
    """A commune's box may be of another version, or in other hands: what it signs is read as hostile."""
    content = json.loads(written().content)
    key = Ed25519PrivateKey.generate()
    signed = bundle_file.sign(key, json.dumps(spoil(content)).encode())
    trust(signed)
    assert refused(signed.whole) is BundleProblem.BUNDLE_UNREADABLE


def test_what_was_told_goes_with_the_trust(app: Flask) -> None:
    trust(signed := written())
    take(signed.whole)
    begin_writing()
    assert bundles_in.distrust(db.session.scalars(sa.select(Commune)).one())
    db.session.commit()
    assert city_table.table(city_table.choices()[0]).rows[0].sent is None
    assert refused(signed.whole) is BundleProblem.BUNDLE_STRANGER


def test_numbers_grow_also_where_the_clock_is_set_back(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    trust(first := written())
    take(first.whole)
    monkeypatch.setattr(clock, "now", lambda: MOMENT - dt.timedelta(hours=1))
    assert take(written().whole).new


def test_a_clock_that_was_set_back_days_takes_no_newer_sums_away(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    trust(first := written())
    take(first.whole)
    monkeypatch.setattr(clock, "now", lambda: MOMENT - dt.timedelta(days=3))
    late = written()
    monkeypatch.setattr(clock, "now", lambda: MOMENT)
    assert refused(late.whole) is BundleProblem.BUNDLE_OLDER
    assert take(written().whole).new


def test_a_clock_that_runs_days_ahead_is_refused(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: MOMENT + dt.timedelta(days=3))
    trust(ahead := written())
    monkeypatch.setattr(clock, "now", lambda: MOMENT)
    assert refused(ahead.whole) is BundleProblem.BUNDLE_UNREADABLE


def test_a_key_that_is_renewed_is_trusted_anew_and_the_old_one_no_more(app: Flask) -> None:
    trust(first := written())
    take(first.whole)
    told = json.loads(app.test_cli_runner().invoke(args=["rollup", "key", "--renew", "--json"]).output)
    assert told["fingerprint"] != bundle_file.fingerprint(first.public_key)
    second = written()
    assert refused(second.whole) is BundleProblem.BUNDLE_STRANGER
    trust(second)
    assert refused(first.whole) is BundleProblem.BUNDLE_STRANGER
    assert take(second.whole).new


def test_a_hundred_and_fourteen_communes_stand_in_one_table_with_their_days(app: Flask) -> None:
    """N13: one works here, the others sent bundles, of this week or of the last, over the network or as files."""
    content = json.loads(written().content)
    leaders.fill("10930", villages=4)
    db.session.commit()
    codes = [f"{20000 + number}" for number in range(112)]
    days = {code: "2026-11-22" if number % 3 else "2026-11-15" for number, code in enumerate(codes)}
    for code in codes:
        make_commune(code, f"Xã {code}")
        key, rows = Ed25519PrivateKey.generate(), content["rows"][:1]
        own = [each | {"row": each["row"] | {"code": code, "name": "?"}} for each in rows]
        signed = bundle_file.sign(
            key, json.dumps(content | {"commune": code, "as_of": days[code], "rows": own}).encode()
        )
        trust(signed, code)
        take(signed.whole)
    table = city_table.table(city_table.choices()[0], feed=True)
    told = {row.code: row.sent.isoformat() if row.sent else None for row in table.rows}
    assert told == {"11629": None, "10930": None, **days}
    assert {row.visited for row in table.rows if row.code in days} == {
        row.visited for row in table.rows if row.code == "11629"
    }
    make_person("thanh.pho", "city")
    visitor = browser(app)
    visitor.sign_in("thanh.pho")
    page = visitor.get("/thanh-pho").text
    assert (page.count("gửi, đến 22/11"), page.count("gửi, đến 15/11")) == (74, 38)


def test_a_bundle_of_an_earlier_program_closes_no_page(elsewhere: SignedBundle) -> None:
    """What was taken before the program was brought up to date may say less than it does now."""
    trust(elsewhere)
    take(elsewhere.whole)
    begin_writing()
    source = db.session.scalars(sa.select(BundleSource)).one()
    source.content = {"format": 1, "commune": "11629"}
    db.session.commit()
    assert {city_table.table(each).rows[0].visited for each in city_table.choices()} == {None}


def test_a_bundle_is_written_carried_and_taken_by_commands(app: Flask, tmp_path: Path) -> None:
    run = app.test_cli_runner().invoke
    key = json.loads(run(args=["rollup", "key", "--json"]).output)
    assert run(args=["rollup", "write"]).exit_code == 1
    found = run(args=["rollup", "write", "--to", str(tmp_path)])
    assert (found.exit_code, found.stderr) == (0, "")
    [path] = tmp_path.glob("*.tungnha")
    assert run(args=["rollup", "take", str(path)]).exit_code == 1
    assert run(args=["rollup", "trust", "11629", key["key"]]).exit_code == 0
    assert "22/11/2026" in run(args=["rollup", "take", str(path)]).output
    assert "đã nhận từ trước" in run(args=["rollup", "take", str(path)]).output
    [row] = json.loads(run(args=["rollup", "list", "--json"]).output)
    assert (row["fingerprint"], row["as_of"]) == (key["fingerprint"], "2026-11-22")
    assert run(args=["rollup", "distrust", "11629"]).exit_code == 0


def test_a_bundle_is_taken_by_its_address_and_by_the_page(app: Flask) -> None:
    signed = written()
    stranger = browser(app).post("/api/v1/rollup", data=signed.whole)
    assert (stranger.status_code, stranger.get_json()["code"]) == (403, "bundle_stranger")
    make_person("thanh.pho", "city")
    visitor = browser(app)
    visitor.sign_in("thanh.pho")
    token = visitor.csrf_token("/tai-khoan")
    key = bundle_file.key_to_text(signed.public_key)
    assert "(hoặc gõ “flask rollup key”)" in visitor.get("/quan-tri/goi-so-lieu").text
    page = visitor.post(
        "/quan-tri/goi-so-lieu/tin",
        data={"csrf_token": token, "xa": "11629", "khoa": key},
        follow_redirects=True,
    )
    assert bundle_file.fingerprint(signed.public_key) in page.text
    assert "chưa gửi" in page.text
    answer = browser(app).post("/api/v1/rollup", data=signed.whole)
    assert answer.get_json() == {
        "commune": "11629", "as_of": "2026-11-22", "number": int(MOMENT.timestamp()), "new": True,
    }  # fmt: skip
    assert browser(app).post("/api/v1/rollup", data=signed.whole).get_json()["new"] is False
    assert "22/11/2026" in visitor.get("/quan-tri/goi-so-lieu").text
    wrong = visitor.post("/quan-tri/goi-so-lieu/tin", data={"csrf_token": token, "xa": "11629", "khoa": "x"})
    assert (wrong.status_code, "chép cả dòng" in wrong.text) == (422, True)
    listed = visitor.get("/thanh-pho").text
    assert "gửi, đến 22/11" in listed


def test_the_administrator_of_a_commune_sees_the_key_and_takes_a_bundle_along(app: Flask) -> None:
    make_person("quan.tri", "admin")
    visitor = browser(app)
    visitor.sign_in("quan.tri")
    assert "Máy chưa có khóa" in visitor.get("/quan-tri/goi-so-lieu").text
    token = visitor.csrf_token("/quan-tri/goi-so-lieu")
    answer = visitor.post("/quan-tri/goi-so-lieu/ghi", data={"csrf_token": token})
    assert (answer.status_code, answer.mimetype) == (200, bundle_file.MEDIA_TYPE)
    assert "so-lieu-11629-2026-11-23.tungnha" in answer.headers["Content-Disposition"]
    signed = bundle_file.split(answer.data)
    page = visitor.get("/quan-tri/goi-so-lieu").text
    for told in (bundle_file.key_to_text(signed.public_key), bundle_file.fingerprint(signed.public_key)):
        assert told in page
    trust(signed)
    assert take(signed.whole).as_of == dt.date(2026, 11, 22)
    sample.make_village(make_commune("10930", "Mao Điền"), "10930001")
    db.session.commit()
    assert "Máy này gửi số liệu" not in visitor.get("/quan-tri/goi-so-lieu").text
    assert visitor.post("/quan-tri/goi-so-lieu/ghi", data={"csrf_token": token}).status_code == 422


def test_two_installations_agree_without_a_common_server(
    template_database: Template, prepared: Template, tmp_path: Path
) -> None:
    """The commune's box and the city's server, each with its own database."""
    for name in ("box", "city"):
        (tmp_path / name).mkdir()
    with on_a_copy(prepared, tmp_path / "box") as settings, application(settings):
        signed = written()
        own = {
            each.indicator.code: each.rows[0].cell
            for each in city_table.own_tables(city_table.own_choices(), feed=True)
        }
    with on_a_copy(template_database, tmp_path / "city") as settings, application(settings):
        make_commune("11629", "An Lão")
        trust(signed)
        take(signed.whole)
        assert {each.code for each in city_table.choices()} == set(own)
        assert {each.code: city_table.table(each).rows[0].cell for each in city_table.choices()} == own


def test_what_is_stored_reads_back_as_it_was_written(app: Flask) -> None:
    content = bundle_content.of_json(json.loads(written().content))
    assert bundle_content.of_json(bundle_content.to_json(content)) == content
