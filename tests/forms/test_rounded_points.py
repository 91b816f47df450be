"""Household points lose their exactness before anything is stored (R21)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forms.definition import Definition, Field
from forms.instance import answers, read
from forms.rounded_points import emptied, rounded, rounded_unseen

DEFINITION = Definition(
    "f",
    "1",
    "F",
    "data",
    fields=(
        Field("ten", "ten", "text"),
        Field("vi_tri", "vi_tri", "geopoint"),
        Field("vi_do", "vi_do", "calculate"),
        Field("ngo", "ngo", "geotrace"),
        Field("nguoi/cho", "cho", "geopoint", repeat="nguoi"),
        Field("so_nguoi", "so_nguoi", "integer"),
        Field("nguoi/tuoi", "tuoi", "integer", repeat="nguoi"),
    ),
    place_copies=("vi_do",),
)


def submission(body: str) -> bytes:
    return f'<data id="f">{body}<meta><instanceID>uuid:1</instanceID></meta></data>'.encode()


def coarse(xml: bytes) -> bytes:
    return rounded(read(xml), DEFINITION).xml


def test_points_keep_three_decimals_and_no_altitude():
    body = "<vi_tri>20.844911 106.688112 3.5 8.2</vi_tri>"
    assert coarse(submission(body)) == submission("<vi_tri>20.845 106.688 0 8.2</vi_tri>")


def test_lines_and_points_in_repeats_are_rounded_too():
    body = "<ngo>20.11111 106.11111 1 2; 20.2 106.2 0 0</ngo><nguoi><cho>20.55555 106.4 0 0</cho></nguoi>"
    expected = "<ngo>20.111 106.111 0 2; 20.2 106.2 0 0</ngo><nguoi><cho>20.556 106.4 0 0</cho></nguoi>"
    assert coarse(submission(body)) == submission(expected)


def test_a_calculation_that_repeats_a_coordinate_does_not_give_it_away():
    body = "<vi_tri>20.844911 106.688112 0 8</vi_tri><vi_do>20.844911</vi_do><ten>ở 106.688112!</ten>"
    xml = coarse(submission(body))
    assert b"<vi_do>20.845</vi_do>" in xml
    assert "ở 106.688!".encode() in xml


def test_a_point_that_cannot_be_read_is_emptied():
    assert coarse(submission("<vi_tri>20,844911 106,688112</vi_tri>")) == submission("<vi_tri></vi_tri>")


@pytest.mark.parametrize("raw", ["3", "3 4 5", "20", "không rõ"])
def test_an_answer_that_says_the_same_as_an_unread_point_stays(raw):
    others = f"<ten>{raw}</ten><so_nguoi>{raw}</so_nguoi><nguoi><cho/><tuoi>{raw}</tuoi></nguoi>"
    xml = coarse(submission(f"<vi_tri>{raw}</vi_tri>{others}"))
    assert others.encode() in xml
    assert f"<vi_tri>{raw}</vi_tri>".encode() not in xml


def test_of_two_points_in_rounds_only_the_unread_one_is_emptied():
    xml = coarse(
        submission(
            "<nguoi><cho>3</cho><tuoi>3</tuoi></nguoi><nguoi><cho>20.55555 106.4 0 0</cho><tuoi>4</tuoi></nguoi>"
        )
    )
    found = answers(read(xml), DEFINITION)["nguoi"]
    assert [one_round.get("nguoi/cho", {}).get("lat") for one_round in found] == [None, 20.556]
    assert [one_round["nguoi/tuoi"] for one_round in found] == [3, 4]


@pytest.mark.parametrize("copy", ["20,844911 106,688112", "Ở 20,844911 106,688112", "20,844911"])
def test_what_is_worked_out_from_an_unread_point_does_not_give_it_away(copy):
    xml = coarse(
        submission(f"<vi_tri>20,844911 106,688112</vi_tri><vi_do>{copy}</vi_do><so_nguoi>3</so_nguoi>")
    )
    assert b"844911" not in xml
    assert b"688112" not in xml
    assert b"<so_nguoi>3</so_nguoi>" in xml


@pytest.mark.parametrize("raw", ["20.845 106.688 0 8.2", "20.845 106.688"])
def test_forgotten_points_leave_their_copies_and_no_other_answer(raw):
    xml = submission(
        f"<vi_tri>{raw}</vi_tri><vi_do>Vĩ độ 20.845</vi_do><nguoi><cho>3</cho><tuoi>3</tuoi></nguoi>"
    )
    bare = emptied(read(xml), DEFINITION).xml
    assert b"20.845" not in bare
    assert "<vi_do>Vĩ độ </vi_do>".encode() in bare
    assert b"<tuoi>3</tuoi>" in bare
    assert b"<cho>3</cho>" not in bare


ODD_WRITING = [
    "<vi_tri>20.84&#52;911 106.688112 3.5 8.2</vi_tri>",
    "<vi_tri><![CDATA[20.844911 106.688112 3.5 8.2]]></vi_tri>",
    "<vi_tri>20.844<!-- x -->911 106.688112 3.5 8.2</vi_tri>",
    "<vi_tri>+2.0844911e1 106.688112 3.5 8.2</vi_tri>",
]


@pytest.mark.parametrize("body", ODD_WRITING)
def test_however_a_point_is_written_it_is_rounded(body):
    xml = coarse(submission(body))
    point = answers(read(xml), DEFINITION)["vi_tri"]
    assert point == {"lat": 20.845, "lon": 106.688, "alt": 0.0, "acc": 8.2}
    assert b"4911" not in xml
    assert b"106.6881" not in xml


UNTOUCHED = [
    "",
    "<vi_tri/>",
    "<vi_tri>20.845 106.688 0 8.2</vi_tri>",
    "<vi_tri>20.845 106.688 0.0 8.2</vi_tri>",
]


@pytest.mark.parametrize("body", UNTOUCHED)
def test_without_anything_to_round_the_very_bytes_come_back(body):
    xml = submission(body)
    assert coarse(xml) is xml


DEGREES = st.floats(-90, 90, allow_nan=False).map(lambda number: f"{number:.9f}")


@given(DEGREES, DEGREES, st.integers(0, 6))
def test_rounding_twice_is_rounding_once_and_never_far(latitude, longitude, decimals):
    instance = read(submission(f"<vi_tri>{latitude} {longitude} 1 2</vi_tri>"))
    once = rounded(instance, DEFINITION, decimals).xml
    assert rounded(read(once), DEFINITION, decimals).xml == once
    point = answers(read(once), DEFINITION)["vi_tri"]
    assert abs(point["lat"] - float(latitude)) <= 0.5 * 10**-decimals + 1e-9
    assert abs(point["lon"] - float(longitude)) <= 0.5 * 10**-decimals + 1e-9


@given(DEGREES, DEGREES, st.floats(-100, 9000).map(lambda number: f"{number:.3f}"))
def test_a_point_reads_back(latitude, longitude, altitude):
    point = answers(read(submission(f"<vi_tri>{latitude} {longitude} {altitude} 4</vi_tri>")), DEFINITION)[
        "vi_tri"
    ]
    assert point == {"lat": float(latitude), "lon": float(longitude), "alt": float(altitude), "acc": 4.0}


def test_points_of_a_form_that_is_not_known_are_rounded_by_their_look():
    xml = submission("<a>20.844911 106.688112 3.5 8.2</a><b>20.8449 là số</b><c> 20.8449111 106.6 </c>")
    assert rounded_unseen(xml) == submission(
        "<a>20.845 106.688 0 8.2</a><b>20.8449 là số</b><c>20.845 106.6</c>"
    )
