"""What every application makes for itself and makes alike: of the thousands of a run, only the first does the work.

Half of the time of `create_app` goes into compiling addresses, and a page's first view into compiling its templates.
An earnest server does both once; a test run would do both for each test.
"""

from collections.abc import Callable
from typing import Any

from flask import Flask
from jinja2.bccache import Bucket, BytecodeCache
from werkzeug.routing import Rule

Builder = Callable[..., tuple[str, str]]


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
    compiled: dict[object, Builder] = {}
    compile_builder: Callable[[Rule, bool], Builder] = Rule._compile_builder

    def once(rule: Rule, append_unknown: bool = True) -> Builder:
        key: Any = (rule.rule, tuple(rule._trace), repr(rule.defaults), append_unknown)
        if key not in compiled:
            compiled[key] = compile_builder(rule, append_unknown)
        return compiled[key]

    Rule._compile_builder = once  # type: ignore[method-assign]
