"""Published form versions and indicators as intake needs them, read once: neither ever changes."""

import dataclasses
import datetime as dt
from typing import Any

import sqlalchemy as sa
from flask import current_app

from forms.definition import Definition
from geo.series import Rule
from server.db import db
from server.models import EntityList, Form, FormVersion, Indicator, Village

OF_PEOPLE = frozenset({"household", "person", "adult"})
"""Units that are counted where the household lives (R4)."""


@dataclasses.dataclass(frozen=True)
class KnownForm:
    """A form that exists, whatever its versions."""

    id: int
    form_id: str
    commune_id: int | None
    first_published: dt.datetime
    cuts_points: bool
    """Some version of it cuts household points; one that we do not know is treated like it."""


@dataclasses.dataclass(frozen=True)
class KnownVersion:
    """One published version and what its answers mean."""

    id: int
    form: KnownForm
    definition: Definition
    cuts_points: bool
    """Household points are cut to 3 decimals before anything is stored (R21)."""


@dataclasses.dataclass(frozen=True)
class KnownIndicator:
    """An indicator; its unit and kind are fixed when its code is first used."""

    id: int
    code: str
    unit: str
    rule: Rule

    @property
    def of_people(self) -> bool:
        """Counted where the household is listed; anything else where its point lies (R4)."""
        return self.unit in OF_PEOPLE


class Registry:
    """What one application has read so far; other processes may publish more at any time."""

    def __init__(self) -> None:
        self._forms: dict[str, KnownForm] = {}
        self._versions: dict[tuple[str, str], KnownVersion] = {}
        self._indicators: dict[str, KnownIndicator] = {}
        self._twins: dict[int, KnownIndicator] = {}
        self._lists: dict[str, int] = {}
        self._communes: dict[int, int] = {}

    def form(self, form_id: str) -> KnownForm | None:
        """The form with this id; None where it was never published."""
        if form_id not in self._forms:
            row = _first(_FORM, form_id=form_id)
            if row is None:
                return None
            self._forms[form_id] = KnownForm(
                row.id, row.form_id, row.commune_id, row.first, _about_people(row.id)
            )
        return self._forms[form_id]

    def version(self, form: KnownForm, version: str) -> KnownVersion | None:
        """The version exactly as written in the submission; None where it was never published."""
        key = (form.form_id, version)
        if key not in self._versions:
            row = _first(_VERSION, form=form.id, version=version)
            if row is None:
                return None
            definition = Definition.from_json(row.definition)
            cuts = definition.about_households and not row.exact_points
            self._versions[key] = KnownVersion(row.id, form, definition, cuts)
        return self._versions[key]

    def indicator(self, code: str) -> KnownIndicator | None:
        """The indicator with this code; None where nobody declared it."""
        if code not in self._indicators:
            row = _first(_INDICATOR, code=code)
            if row is None:
                return None
            rule = _rule(row)
            self._indicators[code] = KnownIndicator(row.id, row.code, row.unit, rule)
        return self._indicators[code]

    def twin(self, indicator: KnownIndicator) -> KnownIndicator:
        """The indicator that counts what people answer by themselves; LookupError where nobody made it."""
        if indicator.id not in self._twins:
            row = _first(_TWIN, indicator=indicator.id)
            if row is None:
                raise LookupError(f"{indicator.code} has no twin")
            self._twins[indicator.id] = KnownIndicator(row.id, row.code, row.unit, _rule(row))
        return self._twins[indicator.id]

    def list_id(self, name: str) -> int | None:
        """The key of an entity list; None where no form that names it was published."""
        if name not in self._lists:
            row = _first(_LIST, name=name)
            if row is None:
                return None
            self._lists[name] = row.id
        return self._lists[name]

    def commune_of(self, village_id: int) -> int | None:
        """The key of a thôn's commune: a thôn that changes commune gets a row of its own."""
        if village_id not in self._communes:
            row = _first(_COMMUNE, village=village_id)
            if row is None:
                return None
            self._communes[village_id] = row.commune_id
        return self._communes[village_id]

    def rules(self, connection: sa.Connection) -> dict[int, Rule]:
        """How every indicator counts, by its key."""
        columns = (Indicator.id, Indicator.kind, Indicator.unit, Indicator.valid_days)
        return {row.id: _rule(row) for row in connection.execute(sa.select(*columns))}


def _rule(row: Any) -> Rule:
    """How an indicator counts, by its kind, unit and validity (R2, R4)."""
    return Rule(
        event=row.kind == "event",
        valid_days=row.valid_days,
        at_home=row.unit in OF_PEOPLE,
        of_persons=row.unit in ("person", "adult"),
    )


def _about_people(form: int) -> bool:
    """Whether the newest version is about homes or people and keeps no exact points of them."""
    row = _first(_NEWEST, form=form)
    return Definition.from_json(row.definition).about_households and not row.exact_points


def _first(statement: Any, **values: Any) -> Any:
    """One row by a connection of its own: what never changes needs no part in the caller's transaction."""
    with db.engine.connect() as connection:
        return connection.execute(statement, values).first()


_EXTENSION = "tungnha.registry"


def registry() -> Registry:
    """The current application's registry."""
    extensions = current_app.extensions
    if _EXTENSION not in extensions:
        extensions[_EXTENSION] = Registry()
    found: Registry = extensions[_EXTENSION]
    return found


_FORM = (
    sa.select(Form.id, Form.form_id, Form.commune_id, sa.func.min(FormVersion.published_at).label("first"))
    .join(FormVersion, FormVersion.form_id == Form.id)
    .where(Form.form_id == sa.bindparam("form_id"))
    .group_by(Form.id)
)
_VERSION = sa.select(FormVersion.id, FormVersion.definition, FormVersion.exact_points).where(
    FormVersion.form_id == sa.bindparam("form"), FormVersion.version == sa.bindparam("version")
)
_NEWEST = (
    sa.select(FormVersion.definition, FormVersion.exact_points)
    .where(FormVersion.form_id == sa.bindparam("form"))
    .order_by(FormVersion.id.desc())
    .limit(1)
)
_LIST = sa.select(EntityList.id).where(EntityList.name == sa.bindparam("name"))
_COMMUNE = sa.select(Village.commune_id).where(Village.id == sa.bindparam("village"))
_COLUMNS = (Indicator.id, Indicator.code, Indicator.unit, Indicator.kind, Indicator.valid_days)
_INDICATOR = sa.select(*_COLUMNS).where(
    Indicator.code == sa.bindparam("code"), Indicator.self_of_id.is_(None)
)
_TWIN = sa.select(*_COLUMNS).where(Indicator.self_of_id == sa.bindparam("indicator"))
