"""Those who look: a leader with a browser and a program with a token, each over real HTTP."""

import re
from dataclasses import dataclass
from typing import Any

import lxml.html
import requests


@dataclass(frozen=True)
class Seen:
    """One indicator of one thôn as its commune's JSON, table and map show it at one time."""

    json: tuple[int, int, float]
    """done, of, percent"""
    table: str
    map: str


@dataclass(frozen=True)
class Leader:
    """The leader of a commune, signed in, beside a program that may read the commune's numbers."""

    session: requests.Session
    url: str
    api_token: str

    def sign_in(self, username: str, password: str) -> None:
        """By the form that everybody fills in."""
        page = self._get("/dang-nhap")
        [csrf] = re.findall(r'name="csrf_token" value="([^"]+)"', page)
        fields = {"username": username, "password": password, "csrf_token": csrf}
        answer = self.session.post(f"{self.url}/dang-nhap", data=fields, timeout=60)
        assert answer.status_code == 200
        assert "dang-nhap" not in answer.url

    def coverage(self, commune: str) -> Any:
        """The coverage JSON, as the program gets it."""
        headers = {"Authorization": f"Token {self.api_token}"}
        address = f"{self.url}/api/v1/communes/{commune}/coverage"
        answer = requests.get(address, headers=headers, timeout=60)
        assert answer.status_code == 200
        return answer.json()

    def see(self, commune: str, village: str, indicator: str) -> Seen:
        """An indicator of a thôn in the three places where it is shown."""
        [told] = [row for row in self.coverage(commune)["villages"] if row["code"] == village]
        cell = told["indicators"][indicator]
        return Seen(
            (cell["done"], cell["of"], cell["percent"]),
            cell_of(self._get(f"/xa/{commune}"), village, indicator),
            self._get(f"/xa/{commune}/ban-do/khung?chi_tieu={indicator}"),
        )

    def _get(self, path: str) -> str:
        answer = self.session.get(f"{self.url}{path}", timeout=60)
        assert answer.status_code == 200
        return answer.text


def cell_of(page: str, village: str, indicator: str) -> str:
    """What stands in the table of thôn, in the row of a thôn and under the heading of an indicator."""
    [table] = lxml.html.fromstring(page).xpath("//table[contains(@class, 'thons')]")
    headings = [heading.xpath(".//a/@href") for heading in table.xpath("./thead/tr/th")]
    [column] = [n for n, links in enumerate(headings) if any(f"xep={indicator}" in link for link in links)]
    [row] = [row for row in table.xpath("./tbody/tr") if row.xpath("./th/small/text()") == [village]]
    return row[column].text_content()
