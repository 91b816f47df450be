"""Attacks by phones of the other commune that may do something and want more: a revoked code, lists of others."""

import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import requests

from bench.siege_place import PATIENCE, Attack, Place, counted, different, instance_of, new_photo
from bench.siege_town import HOME, OTHERS
from tests import sample

EAST, SOUTH, HOME_VILLAGE = f"{OTHERS}001", f"{OTHERS}002", f"{HOME}001"
AT_ONCE = 8
RESENDS, ONE_HOUSEHOLD = 5_000, 2_000
OFFICE = f"/quan-tri/xa/{OTHERS}"


def _visit(household: uuid.UUID, result: str = "gap", address: str = "", number: int = 0) -> bytes:
    """A visit of a household, as the form of a visit states it."""
    return sample.filled(
        f"<thon>{EAST}</thon><ho>{household}</ho><noi/><ket_qua>{result}</ket_qua>"
        f"<dia_chi>{address or number}</dia_chi>"
        f'<anh/><chi_tieu><nhac/></chi_tieu><meta><entity dataset="ho_dan" id="{household}" update="1" '
        'baseVersion="1"/></meta>',
        form_id="tham",
    ).replace(b"</meta><meta>", b"")


# a phone whose code was revoked a moment ago


def _revoked(place: Place) -> Callable[[], str]:
    """Every door that a code opens, after an officer has revoked it on the page."""
    number, code = place.codes.leaving
    phone = place.served.phone(code)
    phone.form_list()
    phone.post(sample.filled())
    status = place.posted(f"{OFFICE}/thanh-vien/{number}/thu-hoi", "officer")
    assert status == 302, status
    read = (
        "/formList", "/forms/tham/1.xml", "/forms/tham/1/manifest", "/forms/tham/1/media/ho_dan.csv",
        f"/lists/ho_dan/integrity?id={place.codes.households[EAST]}", "/view/submissionList?formId=don_gian",
        "/view/downloadSubmission?formId=don_gian[@version=1]/data[@key=uuid:x]",
    )  # fmt: skip
    bearer = {"Authorization": f"Bearer {code}"}
    web = ("/phieu/about", "/phieu/forms/tham/1.xml", "/phieu/forms/tham/1/media/ho_dan.csv")

    def act() -> str:
        statuses = [
            requests.get(place.url(f"/key/{code}{each}"), timeout=PATIENCE).status_code for each in read
        ]
        statuses += [
            requests.get(place.url(each), headers=bearer, timeout=PATIENCE).status_code for each in web
        ]
        statuses += [phone.head().status, phone.post(sample.filled()).status]
        statuses += [phone.post(sample.filled("<so>1</so><anh>a.jpg</anh>"), {"a.jpg": new_photo()}).status]
        sent = {"xml_submission_file": ("x.xml", sample.filled(), "text/xml")}
        answer = requests.post(place.url("/phieu/submission"), headers=bearer, files=sent, timeout=PATIENCE)
        return different([*statuses, answer.status_code])

    return act


def _revoked_flood(place: Place) -> Callable[[], str]:
    code = place.codes.leaving[1]
    made = [sample.filled() for _ in range(400)]
    return lambda: different(place.served.phone(code).post(each).status for each in made)


# a collector


def _other_lists(place: Place) -> Callable[[], str]:
    """What a phone reads of another thôn, whatever it asks for; what is gone is told of its own list alone."""
    ids = ",".join(str(each) for each in place.codes.households.values())

    def act() -> str:
        url = place.url(f"/key/{place.codes.attacker}")
        asked = [f"/forms/tham/1/media/ho_dan.csv{each}" for each in ("", f"?thon={SOUTH}", "?villages=*")]
        text = "".join(requests.get(url + each, timeout=PATIENCE).text for each in asked)
        gone = requests.get(f"{url}/lists/ho_dan/integrity?id={ids}", timeout=PATIENCE).text
        others = [str(place.codes.households[each]) for each in (SOUTH, HOME_VILLAGE)]
        is_told = any(each in text for each in (*others, "Hộ Thôn Nam", "Hộ Thôn Tây")) or "Hộ" in gone
        return f"{'own' if 'Hộ Thôn Đông' in text else 'nothing'}, {'others too' if is_told else 'no others'}"

    return act


def _other_form(place: Place) -> Callable[[], str]:
    """A form of another commune, read and sent."""

    def act() -> str:
        url = place.url(f"/key/{place.codes.attacker}/forms/rieng/1.xml")
        read, sent = (
            requests.get(url, timeout=PATIENCE).status_code,
            place.sent(sample.filled(form_id="rieng")),
        )
        place.got(f"{OFFICE}/phieu")  # which has it applied
        where = "form.form_id = 'rieng' AND submission.quarantine IS NULL"
        taken = place.said(
            f"SELECT count(*) FROM submission JOIN form ON form.id = submission.form_id WHERE {where}"
        )
        return f"{read}, {sent[:3]}, {taken} taken"

    return act


def _other_photo(place: Place) -> Callable[[], str]:
    """A visit of another commune with its photo, by its id and by guessed addresses."""
    xml = sample.filled("<so>1</so><anh>a.jpg</anh>")
    assert place.served.phone(place.codes.phones[0]).post(xml, {"a.jpg": new_photo()}).status == 201
    named = instance_of(xml)
    paths = (
        f"/view/downloadSubmission?formId=don_gian[@version=1]/data[@key={named}]",
        "/view/media/MQ", "/view/media/MQ.aaaaaa.bbbbbbbb", "/view/media/..%2f..%2f1",
    )  # fmt: skip

    def act() -> str:
        url = place.url(f"/key/{place.codes.attacker}")
        return different(requests.get(url + each, timeout=PATIENCE).status_code for each in paths)

    return act


def _resent(place: Place) -> Callable[[], str]:
    xml = sample.filled()

    def one(_: int) -> str:
        return place.sent(xml)[:3]

    def act() -> str:
        with ThreadPoolExecutor(AT_ONCE) as pool:
            told = counted(pool.map(one, range(RESENDS)))
        named = instance_of(xml)
        return f"{told}, {place.said(f'SELECT count(*) FROM submission WHERE instance_id = {named!r}')} kept"

    return act


def _one_household(place: Place) -> Callable[[], str]:
    household = place.codes.households[EAST]
    made = [_visit(household, number=number) for number in range(ONE_HOUSEHOLD)]

    def act() -> str:
        with ThreadPoolExecutor(AT_ONCE) as pool:
            told = different(pool.map(lambda each: place.sent(each)[:3], made))
        page, versions = place.got(f"{OFFICE}/ho/{household}"), place.said("SELECT max(version) FROM entity")
        return f"{told}, its page {page}, {'changed' if versions > ONE_HOUSEHOLD else f'{versions} versions'}"

    return act


def _edited(place: Place) -> Callable[[], str]:
    """A visit of another commune, corrected by a phone that did not send it."""
    own = sample.filled("<so>1</so><anh/>")
    assert place.served.phone(place.codes.phones[0]).post(own).status == 201
    named = instance_of(own)
    edit = sample.filled("<so>9</so><anh/>").replace(
        b"</instanceID>", f"</instanceID><deprecatedID>{named}</deprecatedID>".encode()
    )

    def act() -> str:
        told = place.sent(edit)[:3]
        where = f"FROM submission WHERE instance_id = '{named}' AND replaced_by_id IS NULL"
        return f"{told}, {'as it was' if place.said(f'SELECT count(*) {where}') == 1 else 'replaced'}"

    return act


def _other_household(place: Place) -> Callable[[], str]:
    """A household of another commune and one of another thôn, visited."""
    codes = (HOME_VILLAGE, SOUTH)

    def act() -> str:
        told = different(
            place.sent(_visit(place.codes.households[each], address="ở đâu"))[:3] for each in codes
        )
        place.page(f"{OFFICE}/phieu")  # which has all applied
        changed = place.said("SELECT count(*) FROM entity WHERE CAST(data AS TEXT) LIKE '%ở đâu%'")
        return f"{told}, {changed} changed"

    return act


def _odd(*answers: str) -> Callable[[Place], Callable[[], str]]:
    """Visits that say such things; what is shown of them is looked at as well."""

    def ready(place: Place) -> Callable[[], str]:
        made = [sample.filled(each) for each in answers]

        def act() -> str:
            told = different(place.sent(each)[:3] for each in made)
            return f"{told}, the queue {place.got(f'{OFFICE}/phieu', 'officer')}"

        return act

    return ready


def _named_long(place: Place) -> Callable[[], str]:
    """Names of 64 KB: of a household, of a device, of a form, of a file, of a version."""
    long = "x" * 65_536
    phone = place.attacker
    phone.device = long[:30_000]
    made = [
        _visit(place.codes.households[EAST], address=long), sample.filled(form_id=long), sample.filled(version=long),
        sample.filled(instance_id=f"uuid:{long}"), sample.filled(f"<so>1</so><anh>{long}.jpg</anh>"),
    ]  # fmt: skip
    return lambda: different([*(place.sent(each)[:3] for each in made), phone.post(sample.filled()).status])


ATTACKS = (
    Attack("a revoked code at every door", "403", _revoked),
    Attack("400 visits of a revoked code", "403", _revoked_flood),
    Attack("lists of another thôn by a phone", "own, no others", _other_lists),
    Attack("a form of another commune by a phone", "404, (20[12]|4..), 0 taken", _other_form),
    Attack("photos of another commune by a phone", "404", _other_photo),
    Attack(f"one visit {RESENDS} times", f"201 × 1 202 × {RESENDS - 1}, 1 kept", _resent),
    Attack(f"one household {ONE_HOUSEHOLD} times", "201, its page 200, changed", _one_household),
    Attack("a visit of another commune, corrected", "(20[12]|4..), as it was", _edited),
    Attack("households of others, visited", "20[12]( 202)?, 0 changed", _other_household),
    Attack(
        "visits of all times", "201, the queue 200",
        _odd(*(f"<so>{each}</so><anh/><start>{each}-01-01T00:00:00+07:00</start><end>{each}-01-01T00:00:00+07:00</end>"
               for each in ("0001", "1900", "1970", "2099", "9999"))),
    ),
    Attack("names of 64 KB", "201.*", _named_long),
)  # fmt: skip
