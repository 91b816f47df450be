"""Persons as administrators make them can sign in."""

from flask import Flask

from server.accounts import persons
from server.db import db
from tests.people import browser, make_commune


def test_a_password_with_vietnamese_marks_signs_in(app: Flask) -> None:
    """Phones and keyboards send one letter in two ways; sign-in compares one form of it."""
    commune = make_commune()
    persons.add("can_bo", "Nguyễn Thị Ấm", ("officer",), commune=commune, password="Đường làng ngõ xóm 2026")
    db.session.commit()
    officer = browser(app)
    officer.sign_in("can_bo", "Đường làng ngõ xóm 2026")
    assert officer.get("/xa/11629").status_code == 200
