"""`--database` takes every alias of the grammar, in every command.

Django's commands offer `choices=tuple(connections)`, which can't list branches. The parser
is the one place that all of them, and those of other packages, go through.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
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


def install() -> None:
    """Make each command's parser take every alias. Done once; safe to repeat."""
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
        return parser

    with_branches.takes_branches = True  # type: ignore[attr-defined]
    BaseCommand.create_parser = with_branches  # type: ignore[method-assign]
