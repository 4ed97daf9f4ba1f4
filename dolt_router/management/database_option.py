"""`--database` takes every alias of the grammar, in every command.

Django's commands offer `choices=tuple(connections)`, which can't list branches. The parser
is the one place that all of them, and those of other packages, go through. And a branch that
is named so is the active one while the command runs: the functions of data migrations and
the receivers of signals ask for `default`, and would write to another branch.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from functools import wraps
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import DatabaseError, connections
from django.utils.connection import ConnectionDoesNotExist

from dolt_router import aliases, context


class AliasChoices:
    """Holds every alias; lists the static ones, for the help text."""

    def __contains__(self, alias: object) -> bool:
        return aliases.handler().__contains__(alias)

    def __iter__(self) -> Iterator[str]:
        return iter(connections.settings)


def alias_argument(value: str) -> str:
    """The type of a `--database` argument: any alias whose branch exists.

    Raises:
        argparse.ArgumentTypeError: there is no such branch; the message has the near names.
    """
    try:
        connections[value]
    except (ConnectionDoesNotExist, ValueError) as error:
        raise argparse.ArgumentTypeError(str(error)) from error
    return value


def _check_active_branch(parser: CommandParser) -> None:
    """End the command, before it does anything, when DOLT_BRANCH names no branch."""
    if context.ENVIRONMENT_VARIABLE not in os.environ:
        return
    try:
        aliases.handler()[aliases.default_root()].ensure_connection()
    except (ConnectionDoesNotExist, ValueError) as error:
        parser.error(f"{context.ENVIRONMENT_VARIABLE}: {error}")
    except DatabaseError:
        pass  # there may be no server, and no need of one: the command will tell


def _active(alias: Any) -> AbstractContextManager[Any]:
    """Makes the branch that `alias` means the active one; does nothing for other values."""
    target = aliases.handler().target(alias) if isinstance(alias, str) and alias else None
    return nullcontext() if target is None else context.use_branch(target.ref, target.root)


def install() -> None:
    """Make each command take every alias, and work on it. Done once; safe to repeat."""
    create_parser = BaseCommand.create_parser
    if getattr(create_parser, "takes_branches", False):
        return

    @wraps(create_parser)
    def with_branches(self: BaseCommand, *args: Any, **kwargs: Any) -> CommandParser:
        parser = create_parser(self, *args, **kwargs)
        _check_active_branch(parser)
        for action in parser._actions:
            if "--database" in action.option_strings and action.choices is not None:
                action.choices = AliasChoices()  # type: ignore[assignment]
                action.type = alias_argument
                self._database_is_alias = True  # type: ignore[attr-defined]
        return parser

    execute = BaseCommand.execute

    @wraps(execute)
    def on_branch(self: BaseCommand, *args: Any, **options: Any) -> Any:
        # Other commands may call something else so: `dolt clone` a new database.
        named = options.get("database") if hasattr(self, "_database_is_alias") else None
        with _active(named):
            return execute(self, *args, **options)

    with_branches.takes_branches = True  # type: ignore[attr-defined]
    BaseCommand.create_parser = with_branches  # type: ignore[method-assign]
    BaseCommand.execute = on_branch  # type: ignore[method-assign]
