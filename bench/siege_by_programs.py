"""Attacks by programs with keys: filters that nest, pages without end, bodies of a million parts, silent hooks."""

import functools
import json
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote

from bench.siege_place import Attack, Place
from bench.siege_town import HOME
from tests import sample
from tests.hostile_files import png

FORM = "/v1/projects/11629/forms/thu_cong"
ROWS = f"{FORM}.svc/Submissions"
LAYER = "/ogc/collections/thon/items"
HOUSEHOLDS = "/v1/projects/11629/datasets/ho_dan"
SHARE = 60_000
"""Bytes of an address that fit into a head."""


def _get(path: str, **parameters: str) -> Callable[[Place], Callable[[], str]]:
    def ready(place: Place) -> Callable[[], str]:
        query = "&".join(f"{name}={quote(value, safe='()')}" for name, value in parameters.items())
        return lambda: place.asked("GET", f"{path.replace('ASSET', place.asset)}?{query}")

    return ready


def _send(
    method: str, path: str, body: Callable[[], bytes], kind: str = "application/json"
) -> Callable[[Place], Callable[[], str]]:
    def ready(place: Place) -> Callable[[], str]:
        made = body()
        address = path.replace("ASSET", place.asset)
        return lambda: place.asked(method, address, data=made, headers={"Content-Type": kind})

    return ready


def _sums(place: Place) -> Callable[[], str]:
    """sums-1: what a key to sums is told before and after one visit, which is not the first of its hour."""
    place.sent(sample.filled())
    time.sleep(1)

    place.sent(sample.filled())  # the hour of the newest visit is told, and is this one

    def act() -> str:
        ask = functools.partial(
            place.asked, "GET", "/api/v1/communes/11629/coverage", place.codes.sums, is_whole=True
        )
        before = ask()
        place.sent(sample.filled())
        time.sleep(2)  # it is applied, and nobody remembers what was asked a moment ago
        after = ask()
        if before == after:
            return f"{before[:3]}, the same after a visit"
        at = next(n for n, pair in enumerate(zip(before, after, strict=False)) if pair[0] != pair[1])
        return f"{before[:3]}, another after a visit: {after[max(0, at - 40) : at + 40]}"

    return act


def _silent_hook(place: Place) -> Callable[[], str]:
    """Fifty visits are to be sent on to a place that takes the connection and says nothing."""
    address = f"http://127.0.0.1:{place.silent.getsockname()[1]}/nhan"
    for number in range(3):
        told = place.asked(
            "POST", f"{place.asset}/hooks", json={"name": f"Trục {number}", "endpoint": f"{address}/{number}"}
        )
        assert told[:3] == "201", told
    made = [sample.filled(form_id="thu_cong") for _ in range(50)]

    def act() -> str:
        statuses = {place.sent(each)[:3] for each in made}
        time.sleep(15)
        return " ".join(sorted(statuses))

    return act


def _hooks_into(address: str) -> Callable[[Place], Callable[[], str]]:
    """A hook that leads to where the administrator has not allowed."""
    return lambda place: (
        lambda: place.asked("POST", f"{place.asset}/hooks", json={"name": "Trục", "endpoint": address})
    )


def _all_at_once(place: Place) -> Callable[[], str]:
    """Twenty whole files at once by one key."""
    paths = [
        f"{FORM}/submissions.csv",
        f"{FORM}/submissions.csv.zip",
        f"{place.asset}/data.json?limit=30000",
        ROWS,
    ] * 5

    def act() -> str:
        with ThreadPoolExecutor(len(paths)) as pool:
            return " ".join(
                sorted({each[:3] for each in pool.map(lambda path: place.asked("GET", path), paths)})
            )

    return act


def _media(name: str, content: Callable[[], bytes]) -> Callable[[Place], Callable[[], str]]:
    def ready(place: Place) -> Callable[[], str]:
        made = content()
        fields = {
            "description": "Tranh",
            "file_type": "form_media",
            "metadata": json.dumps({"filename": name}),
        }
        return lambda: place.asked(
            "POST", f"{place.asset}/files", data=fields, files={"content": (name, made)}
        )

    return ready


def _nested_query(count: int) -> str:
    return '{"$and":[' * count + '{"so":1}' + "]}" * count


def _households(count: int) -> bytes:
    rows = [{"uuid": str(uuid.UUID(int=n)), "label": f"Hộ {n}", "data": {}} for n in range(count)]
    return json.dumps({"entities": rows, "source": {"name": "nhiều", "size": count}}).encode()


def _ring(count: int) -> str:
    inside = ",".join(f"{106 + n % 97 / 100} {20 + n % 89 / 100}" for n in range(count))
    return f"S_INTERSECTS(geometry, POLYGON(({inside})))"


OK, REFUSED, EITHER = "200 .*", "4.. .*", "(200|201|4..|501) .*"
ATTACKS = (
    Attack("coverage before and after one visit", "200, the same after a visit", _sums, "sums-1"),
    Attack(
        "the other commune's numbers",
        "40[34] .*",
        lambda place: lambda: place.asked("GET", f"/api/v1/communes/{HOME}/coverage", place.codes.sums),
    ),
    Attack(
        "OData: brackets 10,000 deep",
        REFUSED,
        _get(ROWS, **{"$filter": "(" * 10_000 + "so eq 1" + ")" * 10_000}),
    ),
    Attack("OData: not of not, 10,000 deep", REFUSED, _get(ROWS, **{"$filter": "not " * 10_000 + "so eq 1"})),
    Attack("OData: 3,000 conditions", REFUSED, _get(ROWS, **{"$filter": " or ".join(["so eq 1"] * 3_000)})),
    Attack(
        "OData: 300 conditions of text",
        EITHER,
        _get(ROWS, **{"$filter": " or ".join(["contains(anh,'a')"] * 200)}),
    ),
    Attack(
        "OData: concat of concat, 1,000 deep",
        REFUSED,
        _get(ROWS, **{"$filter": "concat('a'," * 1_000 + "'b'" + ")" * 1_000 + " eq 'a'"}),
    ),
    Attack("OData: a text without end", REFUSED, _get(ROWS, **{"$filter": "so eq '" + "a" * 50_000})),
    Attack(
        "OData: $expand 10,000 deep",
        EITHER,
        _get(ROWS, **{"$expand": "*($expand=" * 5_000 + "*" + ")" * 5_000}),
    ),
    Attack("OData: 10,000 columns chosen", EITHER, _get(ROWS, **{"$select": ",".join(["so"] * 15_000)})),
    Attack("OData: ordered by 10,000 columns", EITHER, _get(ROWS, **{"$orderby": ",".join(["so"] * 15_000)})),
    Attack(
        "OData: $top and $skip of 10^30",
        EITHER,
        _get(ROWS, **{"$top": "1" + "0" * 30, "$skip": "1" + "0" * 30}),
    ),
    Attack(
        "OData: NaN, INF and year 10^9",
        EITHER,
        _get(
            ROWS,
            **{
                "$filter": "so gt NaN and so lt INF and __system/submissionDate lt 1000000000-01-01T00:00:00Z"
            },
        ),
    ),
    Attack("OData: a place in the pages that is none", EITHER, _get(ROWS, **{"$skiptoken": "A" * 40_000})),
    Attack("layers: a box of NaN", REFUSED, _get(LAYER, bbox="nan,nan,nan,nan")),
    Attack("layers: a box of infinity", EITHER, _get(LAYER, bbox="-inf,-inf,inf,inf")),
    Attack("layers: a box of 10,000 numbers", REFUSED, _get(LAYER, bbox=",".join(["1"] * 10_000))),
    Attack(
        "layers: brackets 10,000 deep", REFUSED, _get(LAYER, filter="(" * 10_000 + "ma='1'" + ")" * 10_000)
    ),
    Attack("layers: NOT of NOT, 10,000 deep", REFUSED, _get(LAYER, filter="NOT " * 10_000 + "ma='1'")),
    Attack("layers: 5,000 conditions", EITHER, _get(LAYER, filter=" OR ".join(["ma='1'"] * 5_000))),
    Attack("layers: a polygon of 6,000 points", EITHER, _get(LAYER, filter=_ring(6_000))),
    Attack("layers: LIKE with 10,000 signs", EITHER, _get(LAYER, filter="ten LIKE '" + "%a" * 10_000 + "'")),
    Attack(
        "layers: a list of 10,000 values",
        EITHER,
        _get(LAYER, filter="ma IN (" + ",".join(["'1'"] * 12_000) + ")"),
    ),
    Attack("layers: a day 10^9", EITHER, _get(LAYER, datetime="1000000000-01-01")),
    Attack("layers: a system that is none", REFUSED, _get(LAYER, crs="x" * 50_000)),
    Attack("Kobo: a query 3,000 deep", REFUSED, _get("ASSET/data.json", query=_nested_query(3_000))),
    Attack("Kobo: a query 1,000,000 deep", "4.. .*|0 .*", _get("ASSET/data.json", query="[" * 55_000)),
    Attack(
        "Kobo: a pattern that tries for ever",
        EITHER,
        _get("ASSET/data.json", query='{"so":{"$regex":"(a+)+$"}}'),
    ),
    Attack(
        "Kobo: sorted by 2,000 columns",
        EITHER,
        _get("ASSET/data.json", sort=json.dumps({f"so{n}": 1 for n in range(2_000)})),
    ),
    Attack(
        "Kobo: a start of 10^30", EITHER, _get("ASSET/data.json", start="1" + "0" * 30, limit="1" + "0" * 30)
    ),
    Attack(
        "Kobo: JSON 1,000,000 deep",
        REFUSED,
        _send("PATCH", "ASSET/data/bulk", lambda: b'{"payload":' + b"[" * 1_000_000),
    ),
    Attack(
        "Kobo: 1,000,000 visits named for a change",
        EITHER,
        _send(
            "PATCH",
            "ASSET/data/bulk",
            lambda: json.dumps(
                {"payload": {"submission_ids": list(range(1_000_000)), "data": {"so": "1"}}}
            ).encode(),
        ),
    ),
    Attack(
        "Kobo: a change of 1,000,000 answers",
        EITHER,
        _send(
            "PATCH",
            "ASSET/data/bulk",
            lambda: json.dumps(
                {"payload": {"submission_ids": [1], "data": {f"a{n}": "1" for n in range(500_000)}}}
            ).encode(),
        ),
    ),
    Attack(
        "Kobo: 1,000,000 visits decided",
        EITHER,
        _send(
            "PATCH",
            "ASSET/data/validation_statuses",
            lambda: json.dumps(
                {
                    "payload": {
                        "submission_ids": list(range(1_000_000)),
                        "validation_status.uid": "validation_status_approved",
                    }
                }
            ).encode(),
        ),
    ),
    Attack(
        "Kobo: a form 500 deep",
        EITHER,
        _send(
            "POST",
            "/api/v2/assets",
            lambda: json.dumps(
                {
                    "name": "x",
                    "asset_type": "survey",
                    "content": {
                        "survey": [
                            {"type": "begin_group", "name": f"g{n}", "label": ["a"]} for n in range(500)
                        ]
                        + [{"type": "end_group"}] * 500
                    },
                }
            ).encode(),
        ),
    ),
    Attack(
        "Kobo: a form of 200,000 rows",
        REFUSED,
        _send(
            "POST",
            "/api/v2/assets",
            lambda: json.dumps(
                {
                    "name": "x",
                    "asset_type": "survey",
                    "content": {
                        "survey": [{"type": "text", "name": f"g{n}", "label": ["a"]} for n in range(200_000)]
                    },
                }
            ).encode(),
        ),
    ),
    Attack(
        "Kobo: a workbook of 10 MB in base64",
        REFUSED,
        _send(
            "POST",
            "/api/v2/imports",
            lambda: json.dumps({"name": "x", "base64Encoded": "base64:" + "UEsDBAAA" * 1_250_000}).encode(),
        ),
    ),
    Attack(
        "Kobo: an import from an address in the house",
        REFUSED,
        _send("POST", "/api/v2/imports", lambda: b'{"url":"http://127.0.0.1:22/","name":"x"}'),
    ),
    Attack(
        "Kobo: a picture of 30,000 × 30,000",
        EITHER,
        _media("hinh.png", lambda: png(30_000, 30_000, is_drawn=True)),
    ),
    Attack("Kobo: a file that is another", REFUSED, _media("hinh.png", lambda: b"<html>" * 1_000)),
    Attack(
        "Central: 50,000 households at once",
        EITHER,
        _send("POST", f"{HOUSEHOLDS}/entities", lambda: _households(50_000)),
    ),
    Attack(
        "Central: a household of 5 MB",
        REFUSED,
        _send(
            "POST",
            f"{HOUSEHOLDS}/entities",
            lambda: json.dumps({"uuid": str(uuid.uuid4()), "label": "x" * 5_000_000, "data": {}}).encode(),
        ),
    ),
    Attack(
        "Central: JSON 1,000,000 deep",
        REFUSED,
        _send("POST", f"{HOUSEHOLDS}/entities", lambda: b"[" * 1_000_000),
    ),
    Attack(
        "Central: a form that is a picture",
        REFUSED,
        _send(
            "POST",
            "/v1/projects/11629/forms",
            lambda: png(30_000, 30_000, is_drawn=True),
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        ),
    ),
    Attack(
        "Central: an XForm 100,000 deep",
        REFUSED,
        _send(
            "POST",
            "/v1/projects/11629/forms",
            lambda: b"<h:html xmlns:h='http://www.w3.org/1999/xhtml'>" + b"<a>" * 100_000,
            "application/xml",
        ),
    ),
    Attack("three hooks that never hear an answer", "201", _silent_hook),
    Attack("a hook into the house", REFUSED, _hooks_into("http://169.254.169.254/latest")),
    Attack("a hook to the server itself", REFUSED, _hooks_into("http://127.0.0.1:1/x")),
    Attack("20 whole files at once", "200( 429| 503)?", _all_at_once),
)
