"""Citizens answer a poster: one form, once, without an account; nothing else can be reached by it."""

import datetime as dt
import io
import uuid

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from server import clock
from server.counting import recount
from server.db import db
from server.intake import catch_up
from server.models import Audit, Finding, Indicator, Submission, Tally, TallyDay
from server.phones.collectors import NewCollector
from server.published_forms.publishing import FormRejected
from tests.phone import InProcess, Phone
from tests.posters import OPINION, Hung, answer, from_library, hang, make_poster, opinion
from tests.sample import JPEG, arrived, arrived_files, make_collector, make_entity, publish, publish_visit


@pytest.fixture
def hung(app: Flask) -> Hung:
    return hang()


def phone(client: FlaskClient, collector: NewCollector) -> Phone:
    return Phone(InProcess(client.application), f"http://localhost/key/{collector.token}")


def tallied() -> dict[str, tuple[int, int]]:
    """By indicator, what the tally says of all thôn: done, of."""
    catch_up.caught_up()
    db.session.rollback()
    rows = sa.union_all(
        *(sa.select(each.indicator_id, each.done, each.of) for each in (Tally, TallyDay))
    ).subquery()
    query = sa.select(Indicator.code, sa.func.sum(rows.c.done), sa.func.sum(rows.c.of))
    found = db.session.execute(
        query.join(Indicator, Indicator.id == rows.c.indicator_id).group_by(Indicator.code)
    )
    return {code: (int(done), int(of)) for code, done, of in found}


def test_the_page_says_who_asks_why_and_for_how_long_the_answer_is_kept(
    client: FlaskClient, hung: Hung
) -> None:
    page = client.get(f"/khao-sat/{hung.poster.code}")
    told = page.get_data(as_text=True)
    assert page.status_code == 200
    for words in (
        "Xã An Lão",
        "Thôn Đông",
        "hỏi để: biết người dân nghĩ gì",
        "Luật 91/2025/QH15",
        "12 tháng",
        "Tự nguyện",
    ):
        assert words in told
    policy = page.headers["Content-Security-Policy"]
    assert "worker-src 'none'" in policy
    assert "unsafe-inline" not in policy
    assert "Set-Cookie" not in page.headers
    hung.commune.kind = "phường"
    db.session.commit()
    of_a_phuong = client.get(f"/khao-sat/{hung.poster.code}").get_data(as_text=True)
    assert "đọc số ấy cho cán bộ phường" in of_a_phuong
    assert 'data-level="phường"' in of_a_phuong  # what the page's script goes on to say


def test_an_answer_is_counted_in_its_own_column_and_a_teams_in_its_own(
    client: FlaskClient, hung: Hung
) -> None:
    collector = make_collector(hung.commune, [hung.own])
    assert answer(client, hung.poster, opinion("tot")).status_code == 201
    assert answer(client, hung.poster, opinion("chua")).status_code == 201
    assert phone(client, collector).send(opinion("tot"))[0].status == 201
    assert tallied() == {"hai_long_xa": (1, 1), "hai_long_xa_tu_tra_loi": (1, 2)}
    assert recount.compare().differences == ()
    sent = arrived()
    assert [each.poster_id for each in sent] == [hung.poster.id, hung.poster.id, None]
    assert [each.village_id for each in sent] == [hung.own.id] * 3


def test_nothing_of_who_answered_is_kept(client: FlaskClient, hung: Hung) -> None:
    """R27."""
    answer(client, hung.poster, opinion(), address="203.0.113.9")
    catch_up.caught_up()
    [sent] = arrived()
    assert (sent.collector_id, sent.device, sent.user_agent) == (None, None, None)
    rows = db.session.execute(sa.select(Audit.actor, Audit.address).where(Audit.act == "submission.receive"))
    assert [tuple(row) for row in rows] == [(f"poster:{hung.poster.id}", None)]


def test_what_is_sent_again_is_known_and_counts_once(client: FlaskClient, hung: Hung) -> None:
    xml = opinion()
    told = [answer(client, hung.poster, xml) for _ in range(3)]
    assert [each.status_code for each in told] == [201, 202, 202]
    assert len({each.get_json()["number"] for each in told}) == 1
    assert tallied() == {"hai_long_xa_tu_tra_loi": (1, 1)}


def test_somebody_elses_submission_is_neither_changed_nor_given_photos(
    client: FlaskClient, hung: Hung
) -> None:
    collector, key = make_collector(hung.commune, [hung.own]), f"uuid:{uuid.uuid4()}"
    visit = opinion("tot", more="<anh>cua.jpg</anh>", instance_id=key)
    assert phone(client, collector).send(visit)[0].status == 201
    assert answer(client, hung.poster, opinion("chua", instance_id=key)).status_code == 409
    assert answer(client, hung.poster, visit, cua_jpg=JPEG).status_code == 202
    [sent] = arrived()
    assert (sent.collector_id, sent.missing_files) == (collector.collector.id, ["cua.jpg"])
    assert arrived_files() == {}


REACHING = {
    "edit": opinion().replace(
        b"</meta>", b"<deprecatedID>uuid:11111111-1111-4111-8111-111111111111</deprecatedID></meta>"
    ),
    "another form": opinion(form_id="tham"),
    "an unknown version": opinion(version="99"),
    "no form": b"<data/>",
    "nonsense": b"\x00\xff",
    "a doctype": b"<!DOCTYPE a [<!ENTITY b 'c'>]>" + opinion(),
}


@pytest.mark.parametrize("kind", REACHING)
def test_what_is_more_than_an_answer_is_refused_and_leaves_nothing(
    client: FlaskClient, hung: Hung, kind: str
) -> None:
    publish_visit()
    told = answer(client, hung.poster, REACHING[kind])
    assert told.status_code in (400, 404, 422), told.get_json()
    assert told.get_json()["message"]
    assert arrived() == []


def test_neither_a_household_nor_a_registration_can_be_reached(client: FlaskClient, hung: Hung) -> None:
    home = make_entity(hung.own, "Lương Thị Nụ", data={"thon": hung.own.code})
    named = f"<chi_tieu><doi_tuong>{home.id}</doi_tuong></chi_tieu>"
    block = (
        '<meta><entity xmlns="http://www.opendatakit.org/xforms/entities" dataset="ho_dan" create="1" '
        f'id="{uuid.uuid4()}"><label>Hộ ma</label></entity>'
    )
    for xml in (
        opinion().replace(b"<chi_tieu>", named.replace("</chi_tieu>", "").encode(), 1),
        opinion().replace(b"<meta>", block.encode(), 1),
    ):
        answer(client, hung.poster, xml)
    catch_up.caught_up()
    db.session.rollback()
    db.session.refresh(home)
    assert home.version == 1
    assert all(each.entity_id is None for each in arrived())
    subjects = db.session.scalars(sa.select(Finding.subject)).all()
    assert home.id not in subjects


def test_a_form_that_acts_on_a_household_is_refused_even_under_its_own_poster(
    client: FlaskClient, hung: Hung
) -> None:
    version = publish_visit()
    home = make_entity(hung.own, "Lương Thị Nụ", data={"thon": hung.own.code})
    poster = make_poster(hung.commune, version, hung.own)
    entities = "http://www.opendatakit.org/xforms/entities"
    xml = opinion(form_id="tham").replace(
        b"<meta>",
        f'<meta><entity xmlns="{entities}" dataset="ho_dan" update="1" baseVersion="1" id="{home.id}"/>'.encode(), 1,
    )  # fmt: skip
    assert answer(client, poster, xml).get_json()["code"] == "answer_reaches_out"
    assert client.get(f"/khao-sat/{poster.code}").status_code == 410
    assert arrived() == []


@pytest.mark.parametrize("thon", ["11629002", "10930001", "khong_co", ""])
def test_a_thon_that_is_not_the_posters_waits_for_a_person_or_is_taken_for_its_own(
    client: FlaskClient, hung: Hung, thon: str
) -> None:
    assert answer(client, hung.poster, opinion(thon=thon)).status_code == 201
    counted = tallied()
    [sent] = arrived()
    if thon:
        assert (sent.quarantine, counted) == ("outside_village", {})
    else:  # nobody said another: the poster hangs in one thôn
        assert (sent.village_id, counted) == (hung.own.id, {"hai_long_xa_tu_tra_loi": (1, 1)})


def test_a_counter_takes_answers_from_every_thon_of_the_commune_and_from_no_other(
    client: FlaskClient, hung: Hung
) -> None:
    poster = make_poster(hung.commune, hung.version, None)
    listed = client.get(f"/khao-sat/{poster.code}/1/media/thon.csv").get_data(as_text=True)
    assert [line.partition(",")[0] for line in listed.splitlines()] == ["name", "11629001", "11629002"]
    for thon in ("11629001", "11629002", "10930001"):
        answer(client, poster, opinion(thon=thon))
    assert tallied() == {"hai_long_xa_tu_tra_loi": (2, 2)}
    assert [each.quarantine for each in arrived()] == [None, None, "outside_village"]


def test_photos_come_with_the_answer_that_names_them_and_no_others(client: FlaskClient, hung: Hung) -> None:
    told = answer(client, hung.poster, opinion(more="<anh>a.jpg</anh>"), a_jpg=JPEG, b_jpg=JPEG)
    assert told.status_code == 201
    assert list(arrived_files()) == ["a.jpg"]


def test_what_is_too_large_is_refused_by_its_announced_length(client: FlaskClient, hung: Hung) -> None:
    told = client.post(
        f"/khao-sat/{hung.poster.code}/submission",
        input_stream=io.BytesIO(b"not read"),
        environ_overrides={"CONTENT_LENGTH": "8000001"},
        content_type="multipart/form-data; boundary=x",
    )
    assert (told.status_code, told.get_json()["code"]) == (413, "answer_too_large")
    assert "8 MB" in told.get_json()["message"]
    assert arrived() == []


def test_lists_of_people_are_given_to_nobody(client: FlaskClient, hung: Hung) -> None:
    """R27: of such a list the heading alone."""
    make_entity(hung.own, "Lương Thị Nụ", data={"thon": hung.own.code})
    poster = make_poster(hung.commune, from_library("phan_anh"), hung.own)
    about = client.get(f"/khao-sat/{poster.code}/about").get_json()
    files = {each["name"]: client.get(each["url"]).get_data(as_text=True) for each in about["files"]}
    assert set(files) == {"thon.csv", "ho_dan.csv"}
    assert files["ho_dan.csv"].splitlines()[1:] == []
    assert files["ho_dan.csv"].startswith("name,label")
    assert files["thon.csv"].splitlines()[1:] == ["11629001,Thôn Đông"]


def test_a_closed_renewed_or_ended_poster_says_so_kindly(client: FlaskClient, hung: Hung) -> None:
    for change, words in (
        ({"closed_at": clock.now()}, "thôi nhận câu trả lời"),
        ({"closed_at": None, "ends_on": clock.today() - dt.timedelta(days=1)}, "thôi nhận câu trả lời"),
    ):
        for name, value in change.items():
            setattr(hung.poster, name, value)
        db.session.commit()
        page, sent = client.get(f"/khao-sat/{hung.poster.code}"), answer(client, hung.poster, opinion())
        assert (page.status_code, sent.status_code) == (410, 410)
        assert words in page.get_data(as_text=True)
        assert words in sent.get_json()["message"]
    assert arrived() == []
    hung.poster.ends_on = clock.today()
    db.session.commit()
    assert answer(client, hung.poster, opinion()).status_code == 201


@pytest.mark.parametrize("code", ["khongcomanay", "a" * 4000, "%00", "ma-la", "mã"])
def test_a_code_that_nobody_made_opens_nothing(client: FlaskClient, hung: Hung, code: str) -> None:
    assert client.get(f"/khao-sat/{code}").status_code == 404
    assert answer(client, code, opinion()).status_code == 404


def test_a_phones_code_opens_no_poster_and_a_posters_no_phone(client: FlaskClient, hung: Hung) -> None:
    collector = make_collector(hung.commune, [hung.own])
    assert client.get(f"/khao-sat/{collector.token}").status_code == 404
    assert client.get(f"/key/{hung.poster.code}/formList").status_code in (403, 404)
    for path in ("about", "forms/y_kien/1.xml"):
        under = {"Authorization": f"Bearer {hung.poster.code}"}
        assert client.get(f"/phieu/{path}", headers=under).status_code == 403


def test_a_version_that_was_replaced_meanwhile_still_takes_what_was_begun(
    client: FlaskClient, hung: Hung
) -> None:
    publish(OPINION, version="2")
    assert client.get(f"/khao-sat/{hung.poster.code}/about").get_json()["version"] == "2"
    assert client.get(f"/khao-sat/{hung.poster.code}/1/form.xml").status_code == 400
    assert answer(client, hung.poster, opinion(version="1")).status_code == 201


def test_a_form_that_the_web_cannot_show_any_more_says_so_on_the_page(
    client: FlaskClient, hung: Hung
) -> None:
    publish(OPINION.replace("| | text | gop_y | Góp ý |", "| | text | gop_y | Góp ý ${muc} |").replace(
        "if(${muc} = 'tot' or", "if(version() != '' and ${muc} = 'tot' or"), version="2")  # fmt: skip
    page = client.get(f"/khao-sat/{hung.poster.code}")
    assert page.status_code == 410
    assert "không dùng được trên web" in page.get_data(as_text=True)


def test_the_limit_of_an_address_is_told_kindly_and_holds_back_nobody_else(
    hung: Hung, client: FlaskClient
) -> None:
    told = [answer(client, hung.poster, opinion(), address="203.0.113.1") for _ in range(22)]
    assert [each.status_code for each in told] == [201] * 20 + [429] * 2
    assert int(told[-1].headers["Retry-After"]) in range(1, 61)
    message = told[-1].get_json()["message"]
    assert "Câu trả lời của ông/bà còn nguyên trên trang này" in message
    assert "Gửi lại" in message
    assert answer(client, hung.poster, opinion(), address="203.0.113.2").status_code == 201


def test_the_limit_of_a_poster_holds_for_all_addresses_together(hung: Hung, client: FlaskClient) -> None:
    other = make_poster(hung.commune, hung.version, hung.other)
    codes = [
        answer(client, hung.poster, opinion(), address=f"203.0.113.{number}").status_code
        for number in range(62)
    ]
    assert codes == [201] * 60 + [429] * 2
    assert answer(client, other, opinion(thon=hung.other.code), address="198.51.100.1").status_code == 201


def test_nobody_may_edit_by_a_poster_not_even_what_it_brought(client: FlaskClient, hung: Hung) -> None:
    key = f"uuid:{uuid.uuid4()}"
    answer(client, hung.poster, opinion("tot", instance_id=key))
    edit = opinion("chua").replace(b"</meta>", f"<deprecatedID>{key}</deprecatedID></meta>".encode())
    assert answer(client, hung.poster, edit).get_json()["code"] == "answer_reaches_out"
    assert tallied() == {"hai_long_xa_tu_tra_loi": (1, 1)}


def test_no_form_may_call_what_a_team_asked_self_answered(app: Flask) -> None:
    with pytest.raises(FormRejected, match="tu_tra_loi"):
        publish(OPINION.replace("hai_long_xa", "hai_long_xa_tu_tra_loi"), version="1")


def test_what_a_new_version_states_is_counted_apart_too(client: FlaskClient, hung: Hung) -> None:
    publish(OPINION.replace("hai_long_xa", "tin_xa"), version="2")
    xml = opinion(version="2").replace(b"hai_long_xa", b"tin_xa")
    assert answer(client, hung.poster, xml).status_code == 201
    assert tallied() == {"tin_xa_tu_tra_loi": (1, 1)}
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Submission)) == 1
