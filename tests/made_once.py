"""What every application makes for itself and makes alike: of the thousands of a run, only the first does the work.

An earnest server compiles its addresses, templates, statements and forms once; a test run would do so for each test,
and spend a third of its time on it. What is kept is found by all that it depends on.
"""

import copy
import functools
from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any

from apispec import APISpec
from flask import Flask
from flask_smorest import Blueprint as DocBlueprint
from flask_smorest.spec import APISpecMixin
from jinja2.bccache import Bucket, BytecodeCache
from sqlalchemy import Engine
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.util import LRUCache
from werkzeug.routing import Rule

from forms import library
from forms.convert_workbook import Converted, FreeVersions
from forms.definition import IndicatorDeclaration
from server.published_forms import read_workbook


class Templates(BytecodeCache):
    """Compiled templates by name and content."""

    def __init__(self) -> None:
        self.found: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """Its code, if a template of this name and content was compiled before."""
        if bucket.key in self.found:
            bucket.bytecode_from_string(self.found[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep what was compiled."""
        self.found[bucket.key] = bucket.bytecode_to_string()


def begin() -> None:
    """From now on, for all applications of this process."""
    Flask.jinja_options = {"bytecode_cache": Templates()}
    _addresses()
    _statements()
    _first_questions()
    _forms()
    _description()


def _addresses() -> None:
    """What an address compiles to, by its text."""
    known: dict[object, dict[str, Any]] = {}
    compile_rule = Rule.compile

    def once(rule: Rule) -> None:
        key = (type(rule), rule.rule, rule.subdomain, rule.host, rule.merge_slashes, repr(rule.defaults))
        if key not in known:
            compile_rule(rule)
            known[key] = {
                "_parts": rule._parts, "_trace": rule._trace, "_converters": rule._converters,
                "arguments": rule.arguments, "builders": (rule._build.__func__, rule._build_unknown.__func__),
            }  # fmt: skip
            return
        found = dict(known[key])
        build, build_unknown = found.pop("builders")
        vars(rule).update({name: copy.copy(value) for name, value in found.items()})
        rule._build, rule._build_unknown = build.__get__(rule, None), build_unknown.__get__(rule, None)

    Rule.compile = once  # type: ignore[method-assign]


def _statements() -> None:
    """What a statement compiles to for a kind of database; SQLAlchemy keeps it for each engine and dialect anew."""
    known: dict[str, LRUCache[Any, Any]] = {}

    def shared(engine: Engine) -> LRUCache[Any, Any]:
        return known.setdefault(engine.dialect.name, LRUCache(2_000))

    Engine._compiled_cache = property(shared, lambda _engine, _own: None)  # type: ignore[assignment]
    for kind in (SQLiteDialect_pysqlite, PGDialect_psycopg):
        kind.__eq__ = lambda one, other: type(one) is type(other)  # type: ignore[method-assign]
        kind.__hash__ = lambda one: hash(type(one))  # type: ignore[method-assign]


def _first_questions() -> None:
    """What SQLAlchemy asks a database of this kind at first: its version, its ways; all of a run are alike."""
    for kind in (SQLiteDialect_pysqlite, PGDialect_psycopg):
        known: dict[str, Any] = {}
        kind.initialize = _asked_once(kind.initialize, known)  # type: ignore[method-assign]


def _asked_once(ask: Callable[[Any, Any], None], known: dict[str, Any]) -> Callable[[Any, Any], None]:
    def once(dialect: Any, connection: Any) -> None:
        if known:
            vars(dialect).update(known)
            return
        before = dict(vars(dialect))
        ask(dialect, connection)
        known.update(
            {name: value for name, value in vars(dialect).items() if before.get(name, once) != value}
        )

    return once


def _forms() -> None:
    """What a workbook converts to, by its bytes, and the workbooks of the library."""
    library.workbook = functools.lru_cache(library.workbook)
    convert, known = read_workbook.convert_workbook, dict[object, Converted]()

    def once(
        workbook: bytes,
        filename: str,
        declared: Mapping[str, IndicatorDeclaration],
        versions: FreeVersions,
        megabytes: int,
    ) -> Converted:
        key = (workbook, filename, tuple(declared.items()), megabytes)
        if key not in known:
            made = convert(workbook, filename, declared, versions, megabytes)
            if not made.versioned:
                return made
            known[key] = made
        return known[key]

    read_workbook.convert_workbook = once


class Described:
    """The description of programs' URLs as the first application made it; others have nothing to add."""

    def __init__(self, spec: APISpec) -> None:
        self._spec = spec
        self.components = SimpleNamespace(security_scheme=lambda _name, _scheme: None)

    def tag(self, _tag: object) -> None:
        """It has this tag."""

    def to_dict(self) -> dict[str, Any]:
        """The whole of it."""
        return self._spec.to_dict()


def _description() -> None:
    known: list[APISpec] = []
    begin, add_views = APISpecMixin._init_spec, DocBlueprint.register_views_in_doc

    def begin_once(api: Any, **options: Any) -> None:
        if known:
            api.spec = Described(known[0])
        else:
            begin(api, **options)
            known.append(api.spec)

    def add_once(blueprint: Any, api: Any, app: Flask, spec: Any, **options: Any) -> None:
        if not isinstance(spec, Described):
            add_views(blueprint, api, app, spec, **options)

    APISpecMixin._init_spec = begin_once
    DocBlueprint.register_views_in_doc = add_once
