"""Attacks by a code of the other commune: floods, deep and long answers, files that are none, places told by films."""

import json
import threading
import uuid
from collections import Counter
from collections.abc import Callable

from bench import siege_place
from bench.siege_place import PATIENCE, Attack, Place
from tests import hostile_files, sample
from tests.phone import multipart, part

MANY = 400


def _xml(answers: str, inside: str = "") -> bytes:
    instance = f"uuid:{uuid.uuid4()}"
    return (
        f'<data id="don_gian" version="1">{answers}<meta><instanceID>{instance}</instanceID></meta>{inside}</data>'
    ).encode()


def _sent(answers: str, inside: str = "", **files: bytes) -> Callable[[Place], Callable[[], str]]:
    def ready(place: Place) -> Callable[[], str]:
        xml = _xml(answers, inside)
        named = {name.replace("__", "."): content for name, content in files.items()}
        return lambda: place.sent(xml, named)

    return ready


def _blocks(count: int) -> str:
    return "".join(
        f'<x><meta><entity dataset="ho_dan" id="{uuid.UUID(int=n)}" create="1"><label>Hộ</label></entity></meta></x>'
        for n in range(1, count + 1)
    )


def _posted(body: Callable[[], bytes], kind: str) -> Callable[[Place], Callable[[], str]]:
    def ready(place: Place) -> Callable[[], str]:
        made = body()

        def act() -> str:
            try:
                answer = place.attacker.post_raw(made, kind)
            except OSError as error:
                return f"0 {type(error).__name__}"
            return f"{answer.status} {(answer.message or answer.body[:100].decode(errors='replace'))[:120]}"

        return act

    return ready


def _picture(name: str, content: Callable[[], bytes]) -> Callable[[Place], Callable[[], str]]:
    def ready(place: Place) -> Callable[[], str]:
        made = content()
        xml = _xml(f"<so>1</so><anh>{name}</anh>")
        return lambda: place.sent(xml, {name: made})

    return ready


def _opened(name: str, content: bytes) -> Callable[[Place], Callable[[], str]]:
    """Whether a browser that opens what is kept of a file would run something of it."""

    def ready(place: Place) -> Callable[[], str]:
        xml = _xml(f"<so>1</so><anh>{name}</anh>")
        named = xml.partition(b"<instanceID>")[2].partition(b"<")[0].decode()

        def act() -> str:
            sent = place.sent(xml, {name: content})[:3]
            number = place.said(f"SELECT id FROM submission WHERE instance_id = '{named}'")
            url = f"{place.served.url}/xa/11629/tai-ve/anh/{number}/{name}"
            told = place.browser("officer").get(url, timeout=PATIENCE).headers
            is_taken = "attachment" in told.get("Content-Disposition", "")
            is_closed = "sandbox" in told.get("Content-Security-Policy", "")
            is_idle = is_taken or is_closed or told.get("Content-Type") == "image/jpeg"
            is_kept = is_idle and told.get("X-Content-Type-Options") == "nosniff"
            return f"{sent}, {'nothing runs' if is_kept else 'might run'}"

        return act

    return ready


def _script_in_xml(place: Place) -> Callable[[], str]:
    """Whether a visit's XML, opened by an officer who has signed in on a page, would run what a phone has put in it."""
    xml = _xml('<so><script xmlns="http://www.w3.org/1999/xhtml">alert(1)</script></so><anh/>')
    url = (
        f"{place.served.url}/v1/projects/11629/forms/don_gian/submissions/{siege_place.instance_of(xml)}.xml"
    )

    def act() -> str:
        sent = place.sent(xml)[:3]
        answer = place.browser("officer").get(url, timeout=PATIENCE)
        is_shut = "sandbox" in answer.headers.get("Content-Security-Policy", "")
        return f"{sent}, {answer.status_code}, {'nothing runs' if is_shut else 'might run'}"

    return act


def _places_told(name: str, content: Callable[[], bytes]) -> Callable[[Place], Callable[[], str]]:
    """media-1: whether what is kept of a file still tells where it was taken."""

    def ready(place: Place) -> Callable[[], str]:
        made, xml = content(), _xml(f"<so>1</so><anh>{name}</anh>")

        def act() -> str:
            answer = place.sent(xml, {name: made})
            folder = place.served.settings.blob_folder
            told = any(
                hostile_files.PLACE_TOLD in each.read_bytes() for each in folder.rglob("*") if each.is_file()
            )
            return f"{answer[:3]}, the place {'is kept' if told else 'is not kept'}"

        return act

    return ready


def _flood(place: Place) -> Callable[[], str]:
    """As many visits as one code can send on one line after the other."""
    made = [_xml(f"<so>{n}</so><anh/>") for n in range(MANY)]

    def act() -> str:
        told = Counter(place.sent(each)[:3] for each in made)
        return " ".join(f"{status} × {count}" for status, count in sorted(told.items()))

    return act


def _resent(place: Place) -> Callable[[], str]:
    """blob-2: what is stored of a photo was cut; the phone sends it again."""
    photo = siege_place.new_photo()
    xml = _xml("<so>1</so><anh>a.jpg</anh>")
    stored = place.kept_photo(xml, photo)
    size = stored.stat().st_size
    stored.chmod(0o600)
    stored.write_bytes(stored.read_bytes()[:100])

    def act() -> str:
        answer = place.sent(xml, {"a.jpg": photo})
        return f"{answer[:3]}, {'whole again' if stored.stat().st_size == size else 'still cut'}"

    return act


def _claimed(place: Place) -> Callable[[], str]:
    """The id of a visit of the other commune, with other answers."""
    own = _xml("<so>1</so><anh/>")
    place.served.phone(place.codes.phones[0]).post(own)
    return lambda: place.sent(own.replace(b"<so>1", b"<so>9"))


def _slow_body(place: Place) -> Callable[[], str]:
    """A known code whose body comes byte by byte, on twenty lines."""
    head = (
        f"POST /key/{place.codes.attacker}/submission HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n"
        "Content-Type: multipart/form-data; boundary=b\r\n\r\n"
    ).encode()
    return lambda: place.raw(head, *[b"x"] * 300, pause=0.2, most=50)


def _together(count: int) -> Callable[[Place], Callable[[], str]]:
    """Photos of 15 MB in all, so many at once."""

    def ready(place: Place) -> Callable[[], str]:
        photos = [
            sample.photo(bytes(5_000_000) + n.to_bytes(4, "big").replace(b"\xff", b"\0")) for n in range(3)
        ]
        xmls = [_xml("<so>1</so><anh>0.jpg</anh>") for _ in range(count)]
        told: list[str] = []

        def act() -> str:
            files = {f"{n}.jpg": each for n, each in enumerate(photos)}
            threads = [
                threading.Thread(target=lambda xml=xml: told.append(place.sent(xml, files)[:3]))
                for xml in xmls
            ]
            for each in threads:
                each.start()
            for each in threads:
                each.join()
            return " ".join(sorted(set(told)))

        return act

    return ready


def _odd_parts(content: bytes) -> bytes:
    return multipart("b", [part("xml_submission_file", _xml("<so>3</so><anh/>"))] + [content] * 900)


SCRIPT = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"
KIND = "multipart/form-data; boundary=b"
JSON = "application/json"
ATTACKS = (
    Attack(
        "40,000 entity blocks in one visit", "201 .*|4.. .*", _sent("<so>1</so>", _blocks(40_000)), "flood-1"
    ),
    Attack(
        "a label of 4,000,000 letters",
        "201 .*|4.. .*",
        _sent(
            "<so>1</so>",
            '<x><meta><entity dataset="ho_dan" id="00000000-0000-0000-0000-00000000abcd" create="1"><label>'
            + "A" * 4_000_000
            + "</label></entity></meta></x>",
        ),
        "flood-2",
    ),
    Attack("an answer of 4,900,000 letters", "201 .*|4.. .*", _sent(f"<so>{'9' * 4_900_000}</so>")),
    Attack(f"{MANY} visits of one code", f"201 × {MANY}", _flood),
    Attack("XML 100,000 deep", "400 .*", _sent("<a>" * 100_000 + "</a>" * 100_000)),
    Attack("XML of 800,000 siblings", "201 .*|4.. .*", _sent("<a/>" * 800_000)),
    Attack(
        "an element of 200,000 attributes",
        "4.. .*|201 .*",
        _sent("<so " + " ".join(f'a{n}=""' for n in range(200_000)) + "/>"),
    ),
    Attack(
        "200,000 namespaces",
        "4.. .*|201 .*",
        _sent("<so " + " ".join(f'xmlns:a{n}="u"' for n in range(200_000)) + "/>"),
    ),
    Attack(
        "entities within entities",
        "400 .*",
        _posted(
            lambda: multipart(
                "b",
                [
                    part(
                        "xml_submission_file",
                        b'<!DOCTYPE d [<!ENTITY a "aaaaaaaaaa">'
                        + b"".join(
                            b'<!ENTITY %c "&%c;&%c;&%c;&%c;&%c;&%c;&%c;&%c;">' % ((98 + n,) + (97 + n,) * 8)
                            for n in range(20)
                        )
                        + b"]><data id='don_gian' version='1'><so>&u;</so></data>",
                    )
                ],
            ),
            KIND,
        ),
    ),
    Attack(
        "a file of the server as an entity",
        "400 .*",
        _posted(
            lambda: multipart(
                "b",
                [
                    part(
                        "xml_submission_file",
                        b'<!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
                        b'<data id="don_gian" version="1"><so>&x;</so></data>',
                    )
                ],
            ),
            KIND,
        ),
    ),
    Attack(
        "10,000 parts",
        "4.. .*",
        _posted(lambda: multipart("b", [part(f"f{n}", b"x", f"{n}.jpg") for n in range(10_000)]), KIND),
    ),
    Attack(
        "900 files of one name",
        "201 .*|4.. .*",
        _posted(lambda: _odd_parts(part("a.jpg", sample.photo(), "a.jpg")), KIND),
    ),
    Attack(
        "names of files of 10 KB",
        "201 .*|4.. .*",
        _posted(
            lambda: multipart(
                "b",
                [
                    part("xml_submission_file", _xml("<so>3</so><anh/>")),
                    part("a" * 10_000 + ".jpg", sample.photo(), "a"),
                ],
            ),
            KIND,
        ),
    ),
    Attack(
        "a boundary of 4 KB",
        "400 .*",
        _posted(
            lambda: multipart("b" * 4096, [part("xml_submission_file", _xml("<so>3</so>"))]),
            "multipart/form-data; boundary=" + "b" * 4096,
        ),
    ),
    Attack(
        "10 MB that almost are a boundary",
        "4.. .*",
        _posted(lambda: b"\r\n--b" * 2_000_000, "multipart/form-data; boundary=bb"),
    ),
    Attack(
        "parts whose heads have no end", "4.. .*", _posted(lambda: b"--b\r\n" + b"X: y\r\n" * 1_500_000, KIND)
    ),
    Attack(
        "JSON 1,000,000 deep",
        "400 .*",
        _posted(lambda: b'{"id":"don_gian","submission":' + b'{"a":' * 1_000_000, JSON),
    ),
    Attack(
        "JSON 900 deep",
        "400 .*",
        _posted(lambda: b'{"id":"don_gian","submission":' + b'{"a":' * 900 + b"1" + b"}" * 901, JSON),
    ),
    Attack(
        "JSON of 400,000 answers",
        "201 .*|4.. .*",
        _posted(
            lambda: json.dumps(
                {
                    "id": "don_gian",
                    "submission": {
                        "meta": {"instanceID": f"uuid:{uuid.uuid4()}"},
                        **{f"a{n}": 1 for n in range(300_000)},
                    },
                }
            ).encode(),
            JSON,
        ),
    ),
    Attack(
        "JSON with a number of 1,000,000 digits",
        "201 .*|4.. .*",
        _posted(lambda: b'{"id":"don_gian","submission":{"so":' + b"9" * 1_000_000 + b"}}", JSON),
    ),
    Attack(
        "a PNG that says 30,000 × 30,000",
        "(201|202|4..) .*",
        _picture("a.png", lambda: hostile_files.png(30_000, 30_000)),
    ),
    Attack(
        "a PNG of 30,000 × 30,000",
        "(201|202|4..) .*",
        _picture("a.png", lambda: hostile_files.png(30_000, 30_000, is_drawn=True)),
    ),
    Attack("a PNG of 170,000 chunks", "(201|202|4..) .*", _picture("a.png", hostile_files.chunks_of_png)),
    Attack("an SVG with a script as photo", "201, nothing runs", _opened("ve.svg", SCRIPT)),
    Attack("an SVG called ve.jpg", "201, nothing runs", _opened("ve.jpg", SCRIPT)),
    Attack(
        "a PDF as photo",
        "(201|202|4..) .*",
        _picture("a.pdf", lambda: b"%PDF-1.7\n" + b"1 0 obj<</JavaScript 2 0 R>>endobj\n" * 10_000),
    ),
    Attack(
        "a page called a.jpg",
        "201, nothing runs",
        _opened("trang.jpg", b"<html><script>alert(1)</script></html>"),
    ),
    Attack("a script in the XML of a visit", "201, 200, nothing runs", _script_in_xml),
    Attack(
        "a film with its place",
        "201, the place is not kept|4.., .* not kept",
        _places_told("a.mp4", hostile_files.film),
        "media-1",
    ),
    Attack(
        "a HEIC with its place",
        "201, the place is not kept|4.., .* not kept",
        _places_told("a.heic", hostile_files.heic),
        "media-1",
    ),
    Attack(
        "a GIF with its place",
        "201, the place is not kept|4.., .* not kept",
        _places_told("a.gif", hostile_files.gif),
        "media-1",
    ),
    Attack("a film of boxes 5,000 deep", "(201|202|4..) .*", _picture("a.mp4", hostile_files.deep_film)),
    Attack("the photo again that was cut on disk", "20., whole again", _resent, "blob-2"),
    Attack("a visit of the others, claimed", "4.. .*", _claimed),
    Attack("a body byte by byte by a known code", "0 .*|4.. .*", _slow_body, "slow-1"),
    Attack("12 times 15 MB of photos at once", "201|201 503|503", _together(12)),
)
