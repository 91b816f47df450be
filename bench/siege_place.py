"""Where a siege is laid: a served town with phones of one commune, and all rights that attackers of another have."""

import contextlib
import functools
import http.client
import re
import socket
import tempfile
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

import lxml.html
import requests
import sqlalchemy as sa

from bench import soak_figures
from bench.machine import TICKS
from bench.siege_town import PASSWORD, Codes
from server.api.kobo import kobo_ids
from server.db import db
from tests import sample
from tests.live.mishaps import ShiftedClock
from tests.live.served import HOST, Served
from tests.own_postgres import OwnPostgres
from tests.phone import Phone

EVERY_SECONDS = 0.3
"""Of each phone, besides what a visit takes."""
LOOKS_SECONDS = 0.25
MOST_SECONDS = 1.0
PATIENCE = 180.0
"""Seconds after which an attacker gives up waiting."""
SHORT = 160
SAID = (
    "//main//li[contains(@class, 'finding')]", "//td[normalize-space()='Lỗi']/following-sibling::td[1]",
    "//*[@role='alert']", "//main//*[contains(@class, 'problem')]", "//h1",
)  # fmt: skip
"""Where a page says what is wrong, the most exact first; else its title."""


@dataclass(frozen=True)
class Told:
    """One visit: when it was sent, how long its answer took, and what that was (0: the line broke)."""

    began: float
    seconds: float
    status: int


class Visits:
    """While the block lasts phones of the commune at home send one visit after the other, one of them with photos."""

    def __init__(self, phones: Sequence[Phone]) -> None:
        self.told: list[Told] = []
        self._ends = threading.Event()
        self._threads = [threading.Thread(target=self._send, args=each) for each in enumerate(phones)]

    def __enter__(self) -> "Visits":
        for each in self._threads:
            each.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ends.set()
        for each in self._threads:
            each.join(120)

    def between(self, began: float, ended: float) -> list[Told]:
        """Those of which some part lay between two moments."""
        return [each for each in list(self.told) if each.began < ended and each.began + each.seconds > began]

    def settle(self) -> None:
        """Until every phone that was sending has its answer."""
        until = len(self.told) + 2 * len(self._threads)
        ends = time.monotonic() + PATIENCE
        while len(self.told) < until and time.monotonic() < ends:
            time.sleep(0.05)

    def _send(self, number: int, phone: Phone) -> None:
        photo = sample.photo(bytes(30_000)) if number == 0 else None
        while not self._ends.wait(EVERY_SECONDS):
            xml = sample.filled(f"<so>{number}</so><anh>{'a.jpg' if photo else ''}</anh>")
            began, status = time.monotonic(), 0
            with contextlib.suppress(OSError, http.client.HTTPException):
                status = phone.post(xml, {"a.jpg": photo} if photo else None).status
            self.told.append(Told(began, time.monotonic() - began, status))


class Costs:
    """CPU seconds of the server's processes while the block lasts, and the most memory that they held at once."""

    def __init__(self, served: Served) -> None:
        self._served, self._ends = served, threading.Event()
        self._thread = threading.Thread(target=self._look)
        self.cpu = 0.0
        self.memory_before = self.memory = 0.0
        """Megabytes (PSS) of all processes."""

    def __enter__(self) -> "Costs":
        self._began = self._cpu()
        self.memory_before = self.memory = self._held()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ends.set()
        self._thread.join()
        self.cpu = max(0.0, self._cpu() - self._began)

    def _look(self) -> None:
        while not self._ends.wait(LOOKS_SECONDS):
            self.memory = max(self.memory, self._held())

    def _held(self) -> float:
        return soak_figures.held(self._served.processes(), 0).memory_mb

    def _cpu(self) -> float:
        """With the processes that ended meanwhile, which their parents count."""
        ticks = 0
        for process in self._served.processes():
            with contextlib.suppress(OSError):
                text = Path(f"/proc/{process}/stat").read_text()
                ticks += sum(int(each) for each in text[text.rindex(")") + 2 :].split()[11:15])
        return ticks / TICKS


@dataclass
class Place:
    """A town under siege, and how each kind of attacker speaks to it."""

    served: Served
    codes: Codes
    postgres: OwnPostgres | None
    visits: Visits
    silent: socket.socket
    """Listens and never answers: where hooks are sent to."""
    clock: ShiftedClock
    ending: contextlib.ExitStack
    """What is left of an attack ends with the siege."""
    is_small_disk: bool = False
    """Whether its folder lies on a disk of its own, which may be filled."""
    _browsers: dict[str, requests.Session] = field(default_factory=dict)

    @property
    def asset(self) -> str:
        """Where Kobo's door has the form of the attackers."""
        return f"/api/v2/assets/{kobo_ids.uid('a', 'thu_cong')}"

    @property
    def attacker(self) -> Phone:
        """A phone of the other commune."""
        return self.served.phone(self.codes.attacker)

    @contextlib.contextmanager
    def beside(self, **environ: str) -> Iterator[Served]:
        """Another server of the same town, with other settings; it answers when the block begins."""
        with tempfile.TemporaryDirectory() as figures:
            own = {**self.served.environ, **environ, "PROMETHEUS_MULTIPROC_DIR": figures}
            with Served(self.served.settings, environ=own) as found:
                found.phone(self.codes.attacker).form_list()
                yield found

    def connected(self) -> sa.Connection:
        """A connection of its own to the database of the server, as somebody's psql has."""
        return sa.create_engine(db.engine.url, poolclass=sa.NullPool).connect()

    def said(self, statement: str) -> Any:
        """What one statement answers there."""
        with self.connected() as connection:
            result = connection.execute(sa.text(statement))
            return result.scalar() if result.returns_rows else None

    def browser(self, role: str) -> requests.Session:
        """Of a person of a role, who has signed in."""
        if role not in self._browsers:
            session = requests.Session()
            session.headers["Referer"] = self.served.url
            self._browsers[role] = session
            self.sign_in(session, role, PASSWORD)
        return self._browsers[role]

    def sign_in(self, session: requests.Session, name: str, password: str) -> requests.Response:
        """By the form that everybody fills in."""
        address = f"{self.served.url}/dang-nhap"
        fields = {"username": name, "password": password, "csrf_token": self.csrf(session, "/dang-nhap")}
        return session.post(address, data=fields, timeout=PATIENCE)

    def csrf(self, session: requests.Session, page: str) -> str:
        found = re.search(
            r'name="csrf_token" value="([^"]+)"',
            session.get(f"{self.served.url}{page}", timeout=PATIENCE).text,
        )
        return found[1] if found else ""

    def upload(self, path: str, name: str, content: bytes, field: str = "tep", role: str = "officer") -> str:
        """What a page answers to a file."""
        visitor = self.browser(role)
        fields = {"csrf_token": self.csrf(visitor, "/tai-khoan")}
        return heard(
            lambda: visitor.post(
                f"{self.served.url}{path}", data=fields, files={field: (name, content)}, timeout=PATIENCE
            )
        )

    def page(self, path: str, role: str = "officer") -> str:
        """What a page answers."""
        visitor = self.browser(role)
        return heard(lambda: visitor.get(f"{self.served.url}{path}", timeout=PATIENCE))

    def url(self, path: str) -> str:
        return f"{self.served.url}{path}"

    def got(self, path: str, role: str = "officer") -> int:
        """With which status a page answers."""
        return int(self.page(path, role)[:3])

    def posted(self, path: str, role: str = "officer", token: str = "", **fields: object) -> int:
        """With which status a button answers, pressed with a page's own form or with another's."""
        visitor = self.browser(role)
        given = {"csrf_token": token or self.csrf(visitor, "/tai-khoan"), **fields}
        return visitor.post(self.url(path), data=given, timeout=PATIENCE, allow_redirects=False).status_code

    def asked(self, method: str, path: str, key: str | None = None, **more: Any) -> str:
        """What a program's door answers, by default to the key with everything; "" is nobody's."""
        key = self.codes.key if key is None else key
        is_whole = more.pop("is_whole", False)
        headers = ({"Authorization": f"Token {key}"} if key else {}) | more.pop("headers", {})
        url = f"{self.served.url}{path}"
        ask = functools.partial(requests.request, method, url, headers=headers, timeout=PATIENCE, **more)
        return heard(ask, 10**6 if is_whole else SHORT)

    def kept_photo(self, xml: bytes, photo: bytes) -> Path:
        """Where a photo lies that a phone of the other commune has just sent as a.jpg, and nobody had before."""
        folder = self.served.settings.blob_folder
        before = {each for each in folder.rglob("*") if each.is_file()}
        self.sent(xml, {"a.jpg": photo})
        [found] = [each for each in folder.rglob("*") if each.is_file() and each not in before]
        return found

    def sent(self, xml: bytes, files: dict[str, bytes] | None = None) -> str:
        """What a phone of the other commune is answered."""
        try:
            answer = self.attacker.post(xml, files)
        except (OSError, http.client.HTTPException) as error:
            return f"0 {type(error).__name__}"
        return f"{answer.status} {answer.message or ''}"[:SHORT]

    def raw(self, *pieces: bytes, pause: float = 0.0, most: float = 60.0) -> str:
        """What bytes on a line are answered, sent piece by piece until it is ended; the first line of the answer."""
        began = time.monotonic()
        with contextlib.closing(socket.create_connection((HOST, self.served.port), 10)) as line:
            try:
                for piece in pieces:
                    if time.monotonic() - began > most:
                        return f"0 still open after {most:.0f} s"
                    line.sendall(piece)
                    time.sleep(pause)
                line.settimeout(most)
                answer = line.recv(65536)
            except OSError as error:
                return f"0 {type(error).__name__}"
        return answer.partition(b"\r\n")[0].decode("latin-1").removeprefix("HTTP/1.1 ") or "0 ended"


def different(statuses: Iterable[object]) -> str:
    """Which answers there were."""
    return " ".join(sorted({str(each) for each in statuses}))


def counted(statuses: Iterable[object]) -> str:
    """Which answers there were, and how many of each."""
    return " ".join(f"{status} × {count}" for status, count in sorted(Counter(map(str, statuses)).items()))


def instance_of(xml: bytes) -> str:
    """The id of a filled form."""
    return xml.partition(b"<instanceID>")[2].partition(b"<")[0].decode()


def new_photo() -> bytes:
    """A photo that nobody has sent before."""
    return sample.photo(uuid.uuid4().bytes.replace(b"\xff", b"\0") * 1_000)


def heard(ask: Callable[[], requests.Response], longest: int = SHORT) -> str:
    """Status and sentence of an answer; status 0 where there was none."""
    try:
        answer = ask()
    except requests.RequestException as error:
        return f"0 {type(error).__name__}"
    return f"{answer.status_code} {sentence(answer, longest)}"[:longest]


def sentence(answer: requests.Response, longest: int) -> str:
    """What an answer says: a page's warning or its title, or the beginning of whatever else it is."""
    if "html" not in answer.headers.get("Content-Type", "") or not answer.text.strip():
        return " ".join(answer.text[:longest].split())
    page = lxml.html.fromstring(answer.text)
    for where in SAID:
        if found := page.xpath(where):
            return " ".join(" ".join(each.text_content().split()) for each in found[:2])
    return ""


@dataclass(frozen=True)
class Attack:
    """One attack or accident."""

    name: str
    expects: str
    """A pattern of the whole of what it is to be answered."""
    ready: Callable[[Place], Callable[[], str]]
    """Makes all that is sent, and gives what sends it and tells what was answered."""
    case: str = ""
    """Its name in the collection of cases that were tried before."""
    group: str = ""
    tells_later: bool = False
    """Whether phones may be told to come later, for nothing can be stored meanwhile."""
    is_possible: Callable[[Place], bool] = lambda _place: True
    most_seconds: float = MOST_SECONDS
    """That a visit may wait longer than in the quiet before."""


@contextlib.contextmanager
def silence() -> Iterator[socket.socket]:
    """A place that takes connections and never says a word."""
    with socket.create_server((HOST, 0), backlog=64) as found:
        yield found
