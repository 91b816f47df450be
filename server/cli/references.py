"""The pages under docs/ that are made from code, as text: settings, commands, tables."""

import dataclasses
from collections.abc import Iterator, Mapping
from fractions import Fraction
from pathlib import Path

import click

from server.cli.table_reference import tables
from server.settings import Settings, file_variable, variable

MADE = "<!-- Made from code by `flask docs write`; do not edit. -->"


def pages(commands: click.Group) -> Mapping[str, str]:
    """File name → Markdown."""
    made = {"settings.md": settings(), "cli.md": cli(commands), "tables.md": tables()}
    return {name: f"{MADE}\n{text}" for name, text in made.items()}


def settings() -> str:
    """Every setting with its environment variable, default and meaning."""
    lines = [
        "# Settings",
        "",
        "Environment variables; none has to be set.",
        "",
        "| variable | default | meaning |",
        "|---|---|---|",
    ]
    for field in dataclasses.fields(Settings):
        meaning = field.metadata["meaning"].replace("|", "\\|")
        if field.metadata["secret"]:
            meaning += f" `{file_variable(field.name)}` may name a file that holds it instead."
        lines.append(f"| `{variable(field.name)}` | {_default(field.default)} | {meaning} |")
    return "\n".join(lines) + "\n"


def _default(value: object) -> str:
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, Fraction):
        return f"`{float(value):g}`"
    if isinstance(value, int | Path):
        return f"`{value}`"
    return f"`{value}`" if value else "(empty)"


def cli(commands: click.Group) -> str:
    """Every command of ours with its arguments and options."""
    lines = ["# Commands", ""]
    with click.Context(commands, info_name="flask") as context:
        for name in sorted(commands.commands):
            command = commands.commands[name]
            if _is_ours(command) and not command.hidden:
                lines += _sections(command, context, name)
    return "\n".join(lines)


def _is_ours(command: click.Command) -> bool:
    """Flask and its extensions add commands of their own."""
    of = command.callback or type(command)  # a group that loads its commands late has no function of its own
    return of.__module__.split(".")[0] in ("server", "dashboards")


def _sections(command: click.Command, parent: click.Context, name: str) -> Iterator[str]:
    with click.Context(command, info_name=name, parent=parent) as context:
        if isinstance(command, click.Group):
            yield f"## flask {name}\n\n{command.help}\n"
            for verb in command.list_commands(context):
                found = command.get_command(context, verb)
                if found is not None and not found.hidden:
                    yield from _sections(found, context, verb)
            return
        yield f"### {context.command_path}\n\n{_text(command.help)}\n"
        yield "```\n" + " ".join([context.command_path, *command.collect_usage_pieces(context)]) + "\n```\n"
        options = [record for param in command.get_params(context) if (record := _option(param, context))]
        if options:
            yield "| option | |\n|---|---|\n" + "\n".join(options) + "\n"


def _option(param: click.Parameter, context: click.Context) -> str | None:
    record = param.get_help_record(context)
    if record is None or "--help" in record[0] or not record[1]:  # a bare argument stands in the usage
        return None
    said, meaning = (part.replace("|", "\\|") for part in record)
    return f"| `{said}` | {meaning} |"


def _text(said: str | None) -> str:
    return "\n".join(line.strip() for line in (said or "").strip().splitlines())
