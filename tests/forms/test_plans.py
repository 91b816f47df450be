"""A plan file is read as it stands, or refused with the place and what is wrong in it."""

from contextlib import suppress
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forms import plans
from forms.plans import PlanRejected

SMALL = """
schema: tung-nha/ke-hoach/1
id: thu_2026
commune: {code: "11629", name: Xã An Lão}
document:
  kind: Kế hoạch
  issuer: Ủy ban nhân dân xã An Lão
  title: Chuyển đổi số
  year: 2026
  signatory: {position: PHÓ CHỦ TỊCH, name: Nguyễn Văn A}
  recipients: [Sở Khoa học và Công nghệ]
offices:
  cong_an: Công an xã
targets:
  - id: AL-T20
    section: I.2.b
    label_vi: Người dân có VNeID
    wording_vi: đạt 82,5%
    indicator: vneid_nguoi_dan
    comparator: ">="
    value: "82.50"
    unit: percent
    deadline: 2026-06-30
    how: both
    offices: [cong_an]
    forms: [ho_gia_dinh]
tasks:
  - id: AL-N01
    section: II.1
    kind: task
    text_vi: Tuyên truyền
    lead: [cong_an]
    deadline_vi: Quý II/2026
    due: 2026-06-30
    target: AL-T20
"""


def errors(text: str | bytes | Path) -> list[tuple[str, int, str]]:
    with pytest.raises(PlanRejected) as rejected:
        plans.load(text)
    return [(error.path, error.line, error.sentence) for error in rejected.value.errors]


def test_a_plan_is_read_as_it_stands():
    plan = plans.load(SMALL)
    assert (plan.commune_code, plan.document.year, plan.document.number) == ("11629", 2026, None)
    target = plan.targets[0]
    assert (target.comparator, target.value, target.unit, target.period) == (">=", "82.50", "percent", "year")
    assert (target.start, target.deadline) == (date(2026, 1, 1), date(2026, 6, 30))
    assert (target.office, target.forms, target.over_households) == ("Công an xã", ("ho_gia_dinh",), False)
    assert (plan.tasks[0].due, plan.tasks[0].lead[0].code) == (date(2026, 6, 30), "cong_an")


def test_text_bytes_and_file_read_the_same(tmp_path):
    path = tmp_path / "thu.yaml"
    path.write_text(SMALL, encoding="utf-8")
    assert plans.load(SMALL) == plans.load(SMALL.encode("utf-8-sig")) == plans.load(path)


@pytest.mark.parametrize(
    ("old", "new", "path", "line", "words"),
    [
        ("unit: percent", "unit: tạ", "targets[0].unit", 22, "“tạ” không có; dùng một trong: percent, count"),
        ('comparator: ">="', 'comparator: "≥"', "targets[0].comparator", 20, "“≥” không có"),
        ('"82.50"', '"tám mươi"', "targets[0].value", 21, "không đúng dạng"),
        ('"82.50"', "1e3", "targets[0].value", 21, "không đúng dạng"),
        ('"82.50"', ".nan", "targets[0].value", 21, "không đúng dạng"),
        ('"82.50"', '"100.1"', "targets[0].value", 15, "lớn hơn 100 %"),
        ("id: AL-N01", "id: AL-T20", "tasks[0].id", 2, "mã “AL-T20” đã dùng ở targets[0].id"),
        ("how: both", "how: both\n    ghi_chu: x", "targets[0].ghi_chu", 25, "khóa này không được dùng"),
        ("how: both", "how: both\n    how: office", "targets[0].how", 25, "khóa này có hai lần"),
        (
            "offices: [cong_an]",
            "offices: [cong_ant]",
            "targets[0].offices",
            15,
            "không có trong phần offices",
        ),
        ("forms: [ho_gia_dinh]", "note_vi: x", "targets[0].forms", 15, "cần tên phiếu"),
        ("deadline: 2026-06-30", "deadline: 30/6", "targets[0].deadline", 23, "không phải ngày"),
        ("deadline: 2026-06-30", "deadline: 2026-06-31", "targets[0].deadline", 23, "không phải ngày"),
        ("deadline: 2026-06-30", "deadline: 2025-06-30", "targets[0].deadline", 15, "trước năm"),
        ("target: AL-T20", "target: AL-T99", "tasks[0].target", 28, "không có chỉ tiêu"),
        ("year: 2026", "year: hai nghìn", "document.year", 9, "số nguyên từ 2020 đến 2100"),
        ("year: 2026", "number: null", "document.year", 6, "thiếu giá trị"),
        ('"11629"', "Xã", "commune.code", 4, "không đúng dạng"),
        ("ke-hoach/1", "ke-hoach/9", "schema", 2, "không có"),
        ("wording_vi: đạt 82,5%", "wording_vi: " + "a" * 141, "targets[0].wording_vi", 18, "dài quá 140 chữ"),
        ("label_vi: Người dân có VNeID", "label_vi: []", "targets[0].label_vi", 17, "cần một dòng chữ"),
        ("value:", "over: tất cả\n    value:", "targets[0].over", 21, "asked, households"),
    ],
)
def test_a_fault_is_told_with_its_place_its_line_and_what_is_wrong(old, new, path, line, words):
    assert old in SMALL
    found = errors(SMALL.replace(old, new, 1))
    assert any(where == path and at == line and words in said for where, at, said in found), found


def test_all_faults_are_told_at_once():
    wrong = (
        SMALL.replace("percent", "tạ").replace("kind: task", "kind: việc").replace("AL-T20\n", "AL-T20\n\n")
    )
    assert [path for path, _, _ in errors(wrong)] == ["targets[0].unit", "tasks[0].kind"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "tệp trống"),
        ("# chỉ có ghi chú", "tệp trống"),
        ("- một\n- hai", "khóa: giá trị"),
        ("a: [1, 2", "không đọc được YAML"),
        ("a: 1\n---\nb: 2", "không đọc được YAML"),
        (b"\xff\xfe\x00a", "UTF-8"),
        ("a: \x00", "UTF-8"),
        ("a: &x [1]\nb: *x", "“&” và “*”"),
        ("a: !!python/object/apply:os.system [ls]", "thẻ"),
        ("a: !cmd ls", "thẻ"),
        ("[" * 5000, "UTF-8"),
        ("a: " + "x" * (256 * 1024), "256 kB"),
    ],
)
def test_a_file_that_is_no_plan_gets_one_clear_error(text, words):
    assert words in " ".join(said for _, _, said in errors(text))


def test_a_small_file_of_aliases_does_not_grow():
    layers = "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 30))
    assert errors("a0: &a0 [x]\n" + layers)[0][2].startswith("không dùng “&”")


def test_a_file_that_is_not_there_is_refused(tmp_path):
    assert errors(tmp_path / "không_có.yaml")


def test_a_plan_of_ours_is_asked_for_by_its_id():
    with pytest.raises(PlanRejected, match="không có kế hoạch"):
        plans.read("../../etc/passwd")


@given(
    at=st.integers(0, len(SMALL.encode()) - 1),
    length=st.integers(0, 12),
    put=st.binary(max_size=8)
    | st.sampled_from([b"\n  - ", b": ", b"null", b"[", b"{", b"&a ", b"*a", b"!!x "]),
)
def test_a_damaged_file_is_read_or_rejected_and_nothing_else(at, length, put):
    raw = SMALL.encode()
    with suppress(PlanRejected):
        assert plans.load(raw[:at] + put + raw[at + length :]).targets


@given(st.text() | st.binary())
def test_anything_is_read_or_rejected_and_nothing_else(source):
    with pytest.raises(PlanRejected):
        plans.load(source)
