"""Any command, on a branch."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from django.core.management import ManagementUtility
from django.core.management.base import CommandError

from dolt_router.context import use_branch
from dolt_router.management.output import Output
from dolt_router.versioning.branches import resolve

help = "Run any management command on a branch: dolt on feature/x -- shell"


def add_arguments(parser: Any) -> None:
    parser.add_argument("name", help="of the branch")
    parser.add_argument("command", nargs=argparse.REMAINDER, help="-- and the command")


def handle(options: dict[str, Any], out: Output) -> None:
    command = [word for word in options["command"]]
    if command[:1] == ["--"]:
        command = command[1:]
    if not command:
        raise CommandError("Say which command: dolt on <branch> -- <command> [arguments]")
    resolve(options["name"], options["using"])
    with use_branch(options["name"], options["using"]):
        ManagementUtility([sys.argv[0], *command]).execute()
