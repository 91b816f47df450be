"""docs/tables.md as text, made from the models: every table by its subject, and what each column means."""

import ast
import inspect
from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import Any

import sqlalchemy as sa

from server import models
from server.db import Base


def tables() -> str:
    """Every table: a picture of its references, its columns, and what their docstrings say."""
    lines = [
        "# Tables",
        "",
        "By the modules of `server/models/`. A column is optional where its type ends in `?`; `→` names the table",
        "that a foreign key points to. Times are UTC.",
        "",
        *_picture(),
    ]
    by_module: dict[ModuleType, list[type[Base]]] = defaultdict(list)
    for mapper in Base.registry.mappers:
        module = inspect.getmodule(mapper.class_)
        if module is not None and module.__name__.startswith(models.__name__):
            by_module[module].append(mapper.class_)
    for module in sorted(by_module, key=lambda each: each.__name__):
        name = module.__name__.rpartition(".")[2]
        lines += ["", f"## {name}", "", _sentence(module.__doc__)]
        said = _attribute_docstrings(module)
        for model in sorted(by_module[module], key=lambda each: str(each.__tablename__)):
            lines += ["", *_section(model, said.get(model.__name__, {}))]
    return "\n".join(lines) + "\n"


def _picture() -> Sequence[str]:
    """Which table refers to which, as Mermaid draws it; sorted, so that the page changes with the models alone."""
    pairs = {
        (table.name, key.column.table.name)
        for table in Base.metadata.tables.values()
        for key in table.foreign_keys
        if key.column.table.name != table.name
    }
    return ["```mermaid", "erDiagram", *(f'  {to} ||--o{{ {of} : ""' for of, to in sorted(pairs)), "```"]


def _section(model: type[Base], said: Mapping[str, str]) -> Sequence[str]:
    rows = [
        f"| `{column.name}` | {_type(column)} | {said.get(column.key, '')} |"
        for column in Base.metadata.tables[model.__tablename__].columns
    ]
    return [
        f"### {model.__tablename__}",
        "",
        _sentence(model.__doc__),
        "",
        "| column | type | |",
        "|---|---|---|",
        *rows,
    ]


def _type(column: sa.Column[Any]) -> str:
    kind = type(column.type).__name__.lower()
    to = ", ".join(sorted(f"→ `{key.column.table.name}`" for key in column.foreign_keys))
    marks = " (key)" if column.primary_key else ""
    return f"{kind}{'?' if column.nullable else ''}{marks}{' ' + to if to else ''}"


def _sentence(docstring: str | None) -> str:
    """The first paragraph on one line."""
    return " ".join((docstring or "").strip().partition("\n\n")[0].split())


def _attribute_docstrings(module: ModuleType) -> dict[str, dict[str, str]]:
    """Class → attribute → the text under it; Python itself keeps none of these."""
    source = Path(module.__file__ or "").read_text(encoding="utf-8")
    found: dict[str, dict[str, str]] = {}
    for node in ast.parse(source).body:
        if isinstance(node, ast.ClassDef):
            found[node.name] = _texts_under(node.body)
    return found


def _texts_under(body: Sequence[ast.stmt]) -> dict[str, str]:
    texts = {}
    for one, after in pairwise(body):
        is_text = isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant)
        if isinstance(one, ast.AnnAssign) and isinstance(one.target, ast.Name) and is_text:
            texts[one.target.id] = _sentence(str(after.value.value)).replace("|", "\\|")  # type: ignore[attr-defined]
    return texts
