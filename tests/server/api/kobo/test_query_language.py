"""K9: Kobo's query language, against submissions on both databases."""

import json
from typing import Any

from tests.server.api.conftest import FIRST, SECOND, THIRD, Client

NAMES = {FIRST.removeprefix("uuid:"): 1, SECOND.removeprefix("uuid:"): 2, THIRD.removeprefix("uuid:"): 3}
UUID = FIRST.removeprefix("uuid:")


def asked(client: Client, uid: str, query: Any, sort: Any = None) -> list[int]:
    fields = {"query": json.dumps(query), **({"sort": json.dumps(sort)} if sort else {})}
    told = client.get(f"/api/v2/assets/{uid}/data.json", query_string=fields)
    assert told.status_code == 200, told.text
    return [NAMES[row["_uuid"]] for row in told.json["results"]]


QUERIES: list[tuple[Any, list[int]]] = [
    ({}, [1, 2, 3]),
    ({"thon": "11629001"}, [1, 3]),
    ({"thon": {"$ne": "11629001"}}, [2]),
    ({"ho/so_nguoi": "7"}, [1]),
    ({"ho/so_nguoi": {"$gt": 7}}, [2]),
    ({"ho/so_nguoi": {"$gte": "7"}}, [1, 2]),
    ({"ho/so_nguoi": {"$lt": 12.5, "$gt": 7}}, [2]),
    ({"ho/so_nguoi": {"$ne": 12}}, [1, 3]),
    ({"ho/so_nguoi": "nhiều"}, []),
    ({"ho/toc_do": 1.5}, [1]),
    ({"ho/so_nguoi": {"$exists": False}}, [3]),
    ({"ho/so_nguoi": None}, [3]),
    ({"ho/so_nguoi": {"$in": ["7", 12, None]}}, [1, 2, 3]),
    ({"ho/so_nguoi": {"$nin": ["7"]}}, [2, 3]),
    ({"ho/dich_vu": "shp cks"}, [1]),
    ({"ho/dich_vu": {"$all": ["cks", "shp"]}}, [1]),
    ({"ho/dich_vu": {"$all": ["cks", "vneid"]}}, []),
    ({"ho/dich_vu": {"$regex": "^SHP", "$options": "i"}}, [1]),
    ({"ho/dich_vu": {"$regex": "neid$"}}, [2]),
    ({"ho/dich_vu": {"$not": {"$regex": "shp"}}}, [2, 3]),
    ({"ngay": {"$gte": "2026-11-21"}}, [2]),
    ({"$or": [{"thon": "11629002"}, {"ho/so_nguoi": {"$lte": 7}}]}, [1, 2]),
    ({"$and": [{"thon": "11629001"}, {"ho/so_nguoi": {"$exists": True}}]}, [1]),
    ({"tv": {"$elemMatch": {"tv/tuoi": {"$gt": 18}}}}, [1]),
    ({"tv": {"$elemMatch": {"tv/tuoi": {"$gt": 10, "$lt": 30}}}}, []),
    ({"tv.tv/tuoi": 8}, [1]),
    ({"tv": {"$exists": True}}, [1]),
    ({"tv": {"$exists": False}}, [2, 3]),
    ({"_id": {"$gt": 0}}, [1, 2, 3]),
    ({"_id": "0"}, []),
    ({"_uuid": UUID}, [1]),
    ({"_uuid": {"$in": [UUID, "khac"]}}, [1]),
    ({"meta/instanceID": FIRST}, [1]),
    ({"meta/rootUuid": {"$ne": FIRST}}, [2, 3]),
    ({"_submission_time": {"$gt": "2020-01-01"}}, [1, 2, 3]),
    ({"_submission_time": {"$lt": "2020-01-01T00:00:00+07:00"}}, []),
    ({"_submission_time": {"$regex": "^20"}}, [1, 2, 3]),
    ({"_status": "submitted_via_web"}, [1, 2, 3]),
    ({"_status": {"$ne": "submitted_via_web"}}, []),
    ({"_submitted_by": {"$exists": True}}, [1, 2, 3]),
    ({"_validation_status.uid": "validation_status_approved"}, []),
    ({"_validation_status.uid": {"$exists": False}}, [1, 2, 3]),
    ({"__version__": {"$regex": "1"}}, [1, 2, 3]),
    ({"khong/co": "x"}, []),
    ({"khong/co": {"$ne": "x"}}, [1, 2, 3]),
    ({"khong/co": {"$exists": False}}, [1, 2, 3]),
]


def test_queries_find_what_they_say(officer: Client, visits: str) -> None:
    """One test for all: each is a request to the same three visits."""
    wrong = [
        (query, found, wanted)
        for query, wanted in QUERIES
        if (found := asked(officer, visits, query)) != wanted
    ]
    assert wrong == []


SORTS: list[tuple[Any, list[int]]] = [
    ({"_id": -1}, [3, 2, 1]),
    ({"ho/so_nguoi": 1}, [3, 1, 2]),
    ({"ho/so_nguoi": -1}, [2, 1, 3]),
    ({"thon": -1, "_id": -1}, [2, 3, 1]),
    ({"ngay": -1}, [2, 1, 3]),
    ({"_submission_time": 1}, [1, 2, 3]),
    ({"khong/co": 1}, [1, 2, 3]),
]


def test_sorts_order_by_several_keys(officer: Client, visits: str) -> None:
    """Numbers by their size, what was not answered first, or last where it is turned round."""
    assert [(sort, asked(officer, visits, {}, sort)) for sort, _ in SORTS] == SORTS


REFUSED: list[Any] = [
    {"$where": "1"}, {"a": {"$eq": 1}}, {"$expr": {}}, {"a": {"$size": 1}}, {"a": {"$regex": "("}}, {"$or": []},
    {"a": {"$regex": "x", "$options": "q"}}, {"a": {"b": 1}}, {"a": {"$in": "x"}}, {"a": {"$gt": None}}, {"$or": [1]},
    {"a": {"$options": "i"}}, {"a": {"$in": [{}]}}, {"a": {}}, [], "x", 1,
]  # fmt: skip


def test_what_is_not_in_the_language_is_refused(officer: Client, visits: str) -> None:
    for query in REFUSED:
        answer = officer.get(f"/api/v2/assets/{visits}/data.json", query_string={"query": json.dumps(query)})
        assert (query, answer.status_code, answer.json) == (query, 400, {"query": "Unsupported query"})


def test_a_pattern_that_never_ends_finds_nothing_in_time(named: Client, visits: str) -> None:
    query = json.dumps({"ho/chu_ho": {"$regex": "^(([A-Za-zễ& ]+)+)+$"}})
    assert named.get(f"/api/v2/assets/{visits}/data.json", query_string={"query": query}).status_code == 200


def test_a_query_nested_without_end_is_refused(officer: Client, visits: str) -> None:
    query = '{"$and":[' * 200 + '{"a":1}' + "]}" * 200
    assert officer.get(f"/api/v2/assets/{visits}/data.json", query_string={"query": query}).status_code == 400
