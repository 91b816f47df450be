"""People and programs for tests: who signs in, with a browser of his own, and who has a token."""

import contextvars
import re
from functools import cached_property
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from server.accounts import persons, program_keys
from server.db import db
from server.models import Commune, Village

PASSWORD = "mat khau de thu 2026"


class Browser(FlaskClient):
    """A browser; each request runs in a context of its own, as on a server.

    Flask would otherwise share the application context of the fixture `app`, and with it who is signed in.
    """

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        return contextvars.Context().run(super().open, *args, **kwargs)

    def sign_in(self, username: str, password: str = PASSWORD, **fields: str) -> TestResponse:
        return self.post(
            "/dang-nhap",
            data={
                "username": username,
                "password": password,
                "csrf_token": self.csrf_token(),
                **fields,
            },
        )

    def sign_out(self) -> TestResponse:
        return self.post("/dang-xuat", data={"csrf_token": self.csrf_token("/api/docs")})

    def csrf_token(self, page: str = "/dang-nhap") -> str:
        """The token of a form, as a page shows it; "" where the page has no form."""
        found = re.search(r'name="csrf_token" value="([^"]+)"', self.get(page).text)
        return found.group(1) if found else ""


def browser(app: Flask) -> Browser:
    """A browser that nobody has signed in with."""
    made = Browser(app, app.response_class)
    # as browsers do on one site; over https the protection of forms insists on it
    made.environ_base["HTTP_REFERER"] = f"{app.config['PREFERRED_URL_SCHEME']}://localhost/"
    return made


def visitor(app: Flask, username: str, role: str, commune: Commune | None = None) -> Browser:
    """The browser of a new person, signed in."""
    db.session.rollback()  # phones may have written since this session began to read
    make_person(username, role, commune)
    found = browser(app)
    assert found.sign_in(username).status_code == 302
    return found


class Office:
    """A commune whose officer sits at one page of theirs; they sign in when they are first asked for."""

    def __init__(self, app: Flask, commune: Commune, page: str) -> None:
        self.app, self.commune, self.page = app, commune, page

    @cached_property
    def officer(self) -> Browser:
        return visitor(self.app, "can_bo", "officer", self.commune)

    def post(self, address: str, status: int = 200, **data: object) -> str:
        """A button of the page; the page that follows."""
        given = {"csrf_token": self.officer.csrf_token(self.page), **data}
        told = self.officer.post(address, data=given, follow_redirects=True)
        assert told.status_code == status, told.text
        db.session.rollback()
        return str(told.text)


def make_commune(code: str = "11629", name: str = "An Lão", thon: int = 0) -> Commune:
    """A stored commune with some thôn."""
    commune = Commune(code=code, name=name)
    commune.villages = [Village(code=f"{code}.{n:02}", name=f"thôn {n}") for n in range(1, thon + 1)]
    db.session.add(commune)
    db.session.commit()
    return commune


def make_person(
    username: str,
    role: str,
    commune: Commune | None = None,
    villages: tuple[Village, ...] = (),
) -> int:
    """A stored person with PASSWORD; his id."""
    made = persons.add(
        username, f"Người {username}", [role], commune=commune, villages=villages, password=PASSWORD
    )
    number = made.person.id  # asked before the commit: a test that reads after it would hold an old snapshot
    db.session.commit()
    return number


def make_token(commune: Commune | None = None, days: int | None = None) -> str:
    """A stored token of a program that reads all, the running day too."""
    made = program_keys.add("chương trình thử", commune=commune, reads=program_keys.READS, days=days)
    db.session.commit()
    return made.token


def bearing(token: str) -> dict[str, str]:
    """The headers of a program with a token."""
    return {"Authorization": f"Token {token}"}
