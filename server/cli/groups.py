"""Commands whose errors are sentences; a group of them that is imported when first used."""

import errno
import functools
import importlib
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

import click
import sqlalchemy.exc
from flask.cli import with_appcontext

from forms.errors import FormRejected
from forms.yaml_parts import PlanRejected
from geo.boundary_problems import UnreadableBoundaries
from server.accounts.persons import PersonRejected
from server.accounts.program_keys import TokenRejected
from server.errors import Problem
from server.intake import catch_up
from server.places.communes import PlacesRejected


class CommandRefused(click.ClickException):
    """Said on stderr, without a traceback; the exit code is 1."""

    def show(self, file: Any = None) -> None:
        click.echo(self.message, err=True, file=file)


class SpokenCommand(click.Command):
    """A command that tells what goes wrong as a sentence, from the reading of its arguments on."""

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        with told():
            return super().make_context(info_name, args, parent, **extra)

    def invoke(self, ctx: click.Context) -> Any:
        with told():
            return super().invoke(ctx)


class SpokenGroup(SpokenCommand, click.Group):
    """Commands of one subject, told so as well."""


class Group(SpokenGroup):
    """Commands of one subject. Its module may need a second to import (maps, workbooks), a visit needs none of it."""

    def __init__(self, name: str, module: str, sentence: str, *, hidden: bool = False) -> None:
        super().__init__(name, help=sentence, hidden=hidden, no_args_is_help=True)
        self.module = module

    def list_commands(self, ctx: click.Context) -> list[str]:
        return self._loaded().list_commands(ctx)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        return self._loaded().get_command(ctx, cmd_name)

    def _loaded(self) -> click.Group:
        group: click.Group = importlib.import_module(self.module).group
        return group


def with_visits(command: Callable[..., Any]) -> Callable[..., Any]:
    """A command within the application's context that sees everything that phones have sent so far."""

    @functools.wraps(command)
    def caught_up(*args: Any, **named: Any) -> Any:
        catch_up.caught_up()
        return command(*args, **named)

    return with_appcontext(caught_up)


@contextmanager
def told() -> Iterator[None]:
    """Turn what may go wrong into sentences; anything else is a bug and rises."""
    try:
        yield
    except click.exceptions.NoArgsIsHelpError:
        raise
    except click.UsageError as error:
        refuse(_usage(error), cause=error)
    except (Problem, UnreadableBoundaries) as problem:
        refuse(problem.sentence, cause=problem)
    except (FormRejected, PlanRejected) as rejected:
        refuse(*map(str, rejected.errors), cause=rejected)
    except PlacesRejected as rejected:
        refuse(*rejected.sentences, cause=rejected)
    except (PersonRejected, TokenRejected) as rejected:
        refuse(str(rejected), cause=rejected)
    except (sqlalchemy.exc.DatabaseError, sqlalchemy.exc.InterfaceError) as error:
        refuse(_of_database(error), cause=error)
    except OSError as error:
        if error.errno == errno.EPIPE:  # the program that reads our output has seen enough
            raise
        refuse(f"Không đọc hay ghi được {_place(error)}{error.strerror or error}.", cause=error)


def refuse(*sentences: str, cause: BaseException | None = None) -> NoReturn:
    """End the command with exit code 1 and these sentences, a line each."""
    raise CommandRefused("\n".join(sentences)) from cause


def _usage(error: click.UsageError) -> str:
    command = error.ctx.command_path if error.ctx else "flask"
    return f"Lệnh chưa đúng: {_fault(error)}. Xem “{command} --help”."


def _fault(error: click.UsageError) -> str:
    """What click found wrong, in Vietnamese."""
    if isinstance(error, click.NoSuchOption):
        return f"không có tùy chọn {error.option_name}"
    if isinstance(error, click.MissingParameter):
        return f"thiếu {_named(error)}"
    if isinstance(error, click.exceptions.NoSuchCommand):
        return f"không có lệnh {error.command_name}"
    if isinstance(error, click.BadParameter):
        among = getattr(error.param.type if error.param else None, "choices", ())
        listed = f"; dùng một trong: {', '.join(map(str, among))}" if among else ""
        return f"giá trị của {_named(error)} không dùng được{listed}"
    return "không có lệnh hay tham số ấy"


def _named(error: click.BadParameter) -> str:
    if error.param is None or error.ctx is None:
        return "tham số"
    return error.param.get_error_hint(error.ctx)


def _brief(error: sqlalchemy.exc.DBAPIError) -> str:
    """The driver's own first line: it names the missing table or the host, never the password."""
    lines = str(error.orig).strip().splitlines()
    return lines[0][:120] if lines else type(error).__name__


def _of_database(error: sqlalchemy.exc.DBAPIError) -> str:
    if isinstance(error, sqlalchemy.exc.IntegrityError):
        return "Có việc khác vừa ghi cùng lúc; hãy chạy lại lệnh."
    return f"Cơ sở dữ liệu chưa dùng được ({_brief(error)}). {_remedy(error)}"


def _remedy(error: sqlalchemy.exc.DBAPIError) -> str:
    """What to do about a database that cannot be used."""
    told_so = _brief(error).lower()
    if "full" in told_so or "no space" in told_so:
        return "Ổ đĩa đã đầy: hãy dọn chỗ trống rồi chạy lại lệnh."
    if "disk i/o" in told_so:
        return "Ổ đĩa đã đầy hoặc hỏng: hãy xem chỗ trống (df -h) rồi chạy lại lệnh."
    if "malformed" in told_so or "not a database" in told_so:
        return "Tệp ấy đã hỏng hoặc không phải cơ sở dữ liệu: hãy phục hồi bản sao lưu (“flask restore”)."
    if "readonly" in told_so or "read-only" in told_so or "permission denied" in told_so:
        return "Hãy chạy lệnh bằng tài khoản của máy chủ."
    return "Hãy chạy “flask db upgrade” hoặc xem TUNGNHA_DATABASE_URL."


def _place(error: OSError) -> str:
    return f"{error.filename}: " if error.filename else "tệp: "


def as_json(value: Any) -> None:
    """Print for a script: UTF-8, dates as ISO 8601."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=2, default=str))


JSON = click.option("--json", "wants_json", is_flag=True, help="In ra JSON cho chương trình đọc.")
