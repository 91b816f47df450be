"""Our Kobo preset beside KoboToolbox's own formpack: the same form, 500 submissions, the same text (X20).

formpack is GPL and no part of this project: it is run by a Python of its own, outside the repository, which
TUNGNHA_FORMPACK_PYTHON names. docs/exports.md lists where we differ on purpose.
"""

import itertools
import json
import os
import random
import subprocess
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from forms.definition import Definition
from server.db import db
from server.exports.who_columns import KOBO_LABELS, KOBO_STATES
from server.models import Commune, FormVersion, Submission
from tests.exported import commune, officer, store, take
from tests.people import Browser
from tests.sample import publish

__all__ = ["commune", "officer"]  # fixtures are found by their names

PYTHON = os.environ.get("TUNGNHA_FORMPACK_PYTHON", "")
SIDE = Path(__file__).parents[1] / "formpack_side.py"
LANGUAGES = ("Tiếng Việt (vi)", "English (en)")
MULTIPLE = {"summary": "tom_tat", "details": "tach", "both": "ca_hai"}
CHOICES = {
    "dich_vu": [
        ("shp", "Smart Hải Phòng", "Smart Hai Phong"),
        ("vneid", "VNeID", "VNeID"),
        ("cks", "Chữ ký số", None),
    ],
    "co_khong": [("co", "Có", "Yes"), ("khong", "Không", "No")],
}
ROWS: list[tuple[str, str, str | None, str | None]] = [
    ("start", "start", None, None),
    ("end", "end", None, None),
    ("text", "thon", "Thôn", "Hamlet"),
    ("begin_group", "ho", "Hộ gia đình", "Household"),
    ("text", "chu_ho", "Chủ hộ", "Head"),
    ("geopoint", "vi_tri", "Vị trí", "Place"),
    ("select_multiple dich_vu", "dich_vu", "Dịch vụ số", "Digital services"),
    ("select_one co_khong", "co_wifi", "Có Wi-Fi không", None),
    ("begin_group", "trong", "Trong nhà", None),
    ("image", "anh", "Ảnh", "Photo"),
    ("integer", "so_nguoi", "Số người", "People"),
    ("end_group", "", None, None),
    ("end_group", "", None, None),
    ("begin_repeat", "thanh_vien", "Thành viên", "Members"),
    ("text", "ho_ten", "Họ tên", "Name"),
    ("end_repeat", "", None, None),
    ("date", "ngay", "Ngày", "Day"),
    ("calculate", "tinh", None, None),
    ("note", "n1", "Xin cảm ơn", "Thank you"),
]
WISHES = [
    {"lang": lang, "multiple_select": multiple, "hierarchy_in_labels": groups}
    for lang, multiple, groups in itertools.product((None, *LANGUAGES), MULTIPLE, (False, True))
]
TEXTS = (
    "Nguyễn Văn A",
    'Bà "Hai"; xóm 3',
    "=1+1",
    "-5 độ",
    "dòng một\ndòng hai",
    "' nháy",
    "Đỗ  Thị",
    "a/b|c",
)


def xlsform() -> str:
    """The form as we take it."""
    names = " | ".join(f"label::{language}" for language in LANGUAGES)
    survey = "".join(
        f"| | {kind} | {name} | {vi or ''} | {en or ''} | {'1 + 1' if kind == 'calculate' else ''} |\n"
        for kind, name, vi, en in ROWS
    )
    choices = "".join(
        f"| | {listed} | {name} | {vi} | {en or ''} |\n"
        for listed, several in CHOICES.items()
        for name, vi, en in several
    )
    settings = f"| | Phiếu thử | thu | 1 | {LANGUAGES[0]} |\n"
    return (
        f"| survey |\n| | type | name | {names} | calculation |\n{survey}"
        f"| choices |\n| | list_name | name | {names} |\n{choices}"
        f"| settings |\n| | form_title | form_id | version | default_language |\n{settings}"
    )


def content() -> dict[str, Any]:
    """The same form as formpack takes it."""
    survey: list[dict[str, Any]] = []
    for kind, name, vi, en in ROWS:
        bare, _, listed = kind.partition(" ")
        row: dict[str, Any] = {"type": bare, **({"name": name} if name else {})}
        if vi or en:
            row["label"] = [vi, en]
        if listed:
            row["select_from_list_name"] = listed
        if kind == "calculate":
            row["calculation"] = "1 + 1"
        survey.append(row)
    choices = [
        {"list_name": listed, "name": name, "label": [vi, en]}
        for listed, several in CHOICES.items()
        for name, vi, en in several
    ]
    return {"survey": survey, "choices": choices, "translations": list(LANGUAGES), "translated": ["label"]}


def drawn(chance: random.Random) -> dict[str, Any]:
    """The texts of one submission by path, as a phone sends them; some are not answered."""
    services = [name for name, *_ in CHOICES["dich_vu"]]
    every: dict[str, Any] = {
        "start": f"2026-11-{chance.randint(10, 28)}T09:00:00.000+07:00",
        "end": "2026-11-28T10:00:00.000+07:00",
        "thon": chance.choice(TEXTS),
        "ho/chu_ho": chance.choice(TEXTS),
        "ho/vi_tri": f"20.{chance.randint(1, 999)}1 106.{chance.randint(1, 999)}1 {chance.randint(0, 9)} 4.5",
        "ho/dich_vu": " ".join(chance.sample(services, chance.randint(1, 3))),
        "ho/co_wifi": chance.choice(["co", "khong"]),
        "ho/trong/anh": f"{chance.randint(1, 9999)}.jpg",
        "ho/trong/so_nguoi": str(chance.randint(-5, 12)),
        "ngay": f"2026-11-{chance.randint(10, 28)}",
        "tinh": "2",
    }
    answers: dict[str, Any] = {path: text for path, text in every.items() if chance.random() < 0.8}
    return answers | {"thanh_vien": [{"thanh_vien/ho_ten": name} for name in TEXTS[: chance.randint(0, 3)]]}


def kept(row: Any, texts: dict[str, Any]) -> dict[str, Any]:
    """A stored submission as Kobo's server hands it to formpack."""
    state = (
        {"uid": KOBO_STATES[row.review], "label": KOBO_LABELS[row.review]} if KOBO_STATES[row.review] else {}
    )
    return {
        "_id": row.id,
        "_uuid": row.instance_id.removeprefix("uuid:"),
        "_submission_time": f"{row.received_at:%Y-%m-%dT%H:%M:%S}",
        "_status": "submitted_via_web",
        "__version__": row.version,
        "meta/rootUuid": row.instance_id,
        **({"_validation_status": state} if state else {}),
        **texts,
    }


def stored(commune: Commune, many: list[dict[str, Any]], version: FormVersion) -> list[Any]:
    """The submissions as rows, read the way arriving ones are."""
    readers = Definition.from_json(version.definition).layout.readers
    for number, texts in enumerate(many):
        answers = {
            path: text if path == "thanh_vien" else readers[path](text) for path, text in texts.items()
        }
        state = ("received", "approved", "has_issues")[number % 3]
        store(commune, answers, version=version, review=state, device=str(number))
    columns = (
        Submission.id,
        Submission.instance_id,
        Submission.received_at,
        Submission.review,
        Submission.version,
    )
    return list(db.session.execute(sa.select(*columns).order_by(Submission.id)))


@pytest.mark.skipif(
    not PYTHON, reason="TUNGNHA_FORMPACK_PYTHON names no Python that has KoboToolbox's formpack"
)
def test_our_kobo_csv_is_formpacks(officer: Browser, commune: Commune) -> None:
    """X20: three languages, three ways to write several answers, groups in headers or not."""
    chance = random.Random(20)
    many = [drawn(chance) for _ in range(500)]
    rows = stored(commune, many, publish(xlsform()))
    asked = {
        "content": content(),
        "version": "1",
        "title": "Phiếu thử",
        "submissions": [kept(row, texts) for row, texts in zip(rows, many, strict=True)],
        "wishes": WISHES,
    }
    ran = subprocess.run([PYTHON, SIDE], input=json.dumps(asked), capture_output=True, text=True, check=True)
    for wish, theirs in zip(WISHES, json.loads(ran.stdout), strict=True):
        language = f"nhan=1&ngon_ngu={wish['lang']}" if wish["lang"] else "nhan=0"
        way = f"nhieu={MULTIPLE[wish['multiple_select']]}&nhom={int(wish['hierarchy_in_labels'])}"
        ours = take(officer, f"dang=kobo&ca_nhan=1&{language}&{way}").decode()
        assert ours.split("\r\n") == theirs.split("\r\n"), wish
