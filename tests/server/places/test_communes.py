"""Outlines into the tables and points into thôn."""

import datetime as dt
from collections.abc import Sequence

import pytest
import shapely
import sqlalchemy as sa
from flask import Flask

from geo import illustrative_outlines
from geo.boundaries import BoundaryReading, Figures, Outline, OutlineProblem
from server import clock, errors
from server.boundaries import stored_outlines
from server.db import db
from server.models import Audit, Commune, Village, VillageFigure
from server.places import communes
from server.places.communes import PlacesRejected
from server.places.place_problems import PlaceProblem
from tests.people import make_commune

UNTOLD = Figures()


def box(x: float, y: float) -> shapely.MultiPolygon:
    """A hundredth of a degree a side, at so many hundredths east and north of 106.5, 20.8."""
    west, south = 106.5 + x / 100, 20.8 + y / 100
    return shapely.MultiPolygon([shapely.box(west, south, west + 0.01, south + 0.01)])


def outline(code: str, x: float = 0, y: float = 0, figures: Figures = UNTOLD, row: int = 1) -> Outline:
    return Outline(code, f"Thôn {code}", box(x, y), 1.0e6, row, figures)


def villages() -> Sequence[Village]:
    return db.session.scalars(sa.select(Village).order_by(Village.code)).all()


def test_a_point_is_found_in_the_thon_just_stored(app: Flask) -> None:
    make_commune()
    stored_outlines.store_outlines([outline("11629001"), outline("11629002", 1)], "village", source="thử")
    db.session.commit()
    first, second = villages()
    assert communes.index().find(20.805, 106.505) == first.id
    assert communes.index().find(20.805, 106.515) == second.id
    assert communes.index().find(21.5, 106.515) is None


def test_a_new_outline_is_seen_at_once_where_it_was_stored(app: Flask) -> None:
    make_commune()
    stored_outlines.store_outlines([outline("11629001")], "village", source="thử")
    db.session.commit()
    assert communes.index().find(20.805, 106.505) == villages()[0].id
    stored = stored_outlines.store_outlines([outline("11629001", 3)], "village", source="thử lại")
    db.session.commit()
    assert (stored.added, stored.changed, stored.unchanged) == (0, 1, 0)
    assert communes.index().find(20.805, 106.505) is None
    assert communes.index().find(20.805, 106.535) == villages()[0].id


def test_another_process_sees_new_outlines_when_it_next_looks(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_commune()
    stored_outlines.store_outlines([outline("11629001")], "village", source="thử")
    db.session.commit()
    other = communes.index()
    assert other.find(20.805, 106.535) is None
    monkeypatch.setattr(
        stored_outlines, "forget_index", lambda: None
    )  # stored elsewhere: nobody tells this process
    stored_outlines.store_outlines([outline("11629001", 3)], "village", source="thử")
    db.session.commit()
    assert communes.index() is other
    monkeypatch.setattr(communes, "CHECK_SECONDS", 0)
    assert communes.index().find(20.805, 106.535) == villages()[0].id


def test_the_index_is_not_built_anew_while_nothing_changes(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_commune()
    stored_outlines.store_outlines([outline("11629001")], "village", source="thử")
    db.session.commit()
    monkeypatch.setattr(communes, "CHECK_SECONDS", 0)
    assert communes.index() is communes.index()


def test_without_any_outline_no_point_has_a_thon(app: Flask) -> None:
    make_commune(thon=2)
    assert communes.index().find(20.805, 106.505) is None


def test_storing_the_same_again_changes_nothing(app: Flask) -> None:
    make_commune()
    told = [outline("11629001", figures=Figures(120, 400, 290))]
    for expected in ((1, 0, 0), (0, 0, 1)):
        stored = stored_outlines.store_outlines(told, "village", source="UBND xã", day=dt.date(2026, 1, 15))
        db.session.commit()
        assert (stored.added, stored.changed, stored.unchanged) == expected
    (figure,) = db.session.scalars(sa.select(VillageFigure))
    assert (figure.households, figure.people, figure.adults) == (120, 400, 290)
    assert (figure.day, figure.source) == (dt.date(2026, 1, 15), "UBND xã")
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Audit)) == 2


def test_figures_without_a_date_are_todays(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    make_commune()
    monkeypatch.setattr(clock, "now", lambda: dt.datetime(2026, 11, 21, 18, tzinfo=dt.UTC))
    stored_outlines.store_outlines([outline("11629001", figures=Figures(5))], "village", source="thử")
    assert db.session.scalars(sa.select(VillageFigure)).one().day == dt.date(2026, 11, 22)


def test_nothing_is_stored_while_a_file_has_errors(app: Flask) -> None:
    make_commune()
    wrong = OutlineProblem("overlap", "Dòng 1: chồng lên dòng 2.")
    with pytest.raises(PlacesRejected) as rejected:
        stored_outlines.store_outlines(
            BoundaryReading((outline("11629001"),), (wrong,), None), "village", source="thử"
        )
    assert rejected.value.sentences == ("Dòng 1: chồng lên dòng 2.",)
    assert not villages()


def test_a_thon_of_no_known_commune_is_named_with_its_row(app: Flask) -> None:
    make_commune()
    with pytest.raises(PlacesRejected) as rejected:
        stored_outlines.store_outlines(
            [outline("11629001"), outline("99999001", 1, row=2)], "village", source="thử"
        )
    assert "Dòng 2, mã 99999001" in rejected.value.sentences[0]
    assert not villages()


def test_a_thon_cannot_be_taken_from_another_commune(app: Flask) -> None:
    make_commune()
    other = make_commune("10930", "Mao Điền")
    stored_outlines.store_outlines([outline("11629001")], "village", source="thử")
    with pytest.raises(PlacesRejected, match="đã thuộc An Lão"):
        stored_outlines.store_outlines([outline("11629001")], "village", commune=other, source="thử")


def test_communes_are_kept_by_code_when_their_outline_changes(app: Flask) -> None:
    commune = make_commune()
    stored = stored_outlines.store_outlines(
        [outline("11629"), outline("10507", 5)], "commune", source="thử", kinds={"10507": "phường"}
    )
    db.session.commit()
    assert (stored.added, stored.changed) == (1, 1)
    assert communes.commune("10507").kind == "phường"
    assert communes.commune("11629").id == commune.id
    assert communes.official_outline(commune) == box(0, 0)


def test_a_sketch_is_no_outline_to_check_thon_against(app: Flask) -> None:
    commune = make_commune()
    stored_outlines.store_outlines([outline("11629")], "commune", source="thử", illustrative=True)
    assert commune.illustrative
    assert communes.official_outline(commune) is None


def test_sketches_bring_their_figures(app: Flask) -> None:
    sketch = illustrative_outlines.VillageSketch(
        "11629001", "Thôn Đông", 90, 300, 210, box(0, 0), (20.805, 106.505)
    )
    make_commune()
    stored_outlines.store_outlines(stored_outlines.sketched([sketch]), "village", source="minh họa")
    assert villages()[0].illustrative
    assert db.session.scalars(sa.select(VillageFigure)).one().households == 90


def test_a_code_means_what_it_meant_on_the_day(app: Flask) -> None:
    """R17: July 2025 re-used codes."""
    old = Commune(
        code="11629", name="Thị trấn cũ", valid_from=dt.date(2000, 1, 1), valid_to=dt.date(2025, 6, 30)
    )
    db.session.add(old)
    new = make_commune()
    assert communes.commune("11629").id == new.id
    assert communes.commune("11629", on=dt.date(2024, 5, 1)).id == old.id
    with pytest.raises(errors.Problem) as unknown:
        communes.commune("00000")
    assert unknown.value.kind == PlaceProblem.COMMUNE_UNKNOWN
