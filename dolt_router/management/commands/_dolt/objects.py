"""`app.Model pk` on the command line: which object a verb speaks of."""

from __future__ import annotations

import datetime
from typing import Any

from django.apps import apps
from django.core.exceptions import ValidationError
from django.core.management.base import CommandError
from django.db.models import Model
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime

from dolt_router import aliases
from dolt_router.versioning.history import MISSING, Version


def add_arguments(parser: Any) -> None:
    """The two words that name an object."""
    parser.add_argument("model", help="as app.Model, for example inventory.Device")
    parser.add_argument("pk", help="the object's primary key")


def named(options: dict[str, Any]) -> Model:
    """The object, by its key alone: it need not exist any more. It is on the active branch.

    Raises:
        CommandError: there is no such model, or the key can't be one.
    """
    model = model_named(options["model"])
    try:
        obj = model(pk=model._meta.pk.to_python(options["pk"]))  # type: ignore[union-attr]
    except ValidationError as error:
        raise CommandError(
            f'"{options["pk"]}" can\'t be a primary key of {model._meta.label}: '
            f"{' '.join(error.messages)}"
        ) from error
    using = options["using"]
    obj._state.db = aliases.branch_alias(aliases.current_branch(using), using)
    return obj


def model_named(text: str) -> type[Model]:
    """The model that `app.Model` names.

    Raises:
        CommandError: there is none.
    """
    try:
        return apps.get_model(text)
    except (LookupError, ValueError) as error:
        raise CommandError(
            f'There is no model "{text}". Name it as app.Model, for example inventory.Device.'
        ) from error


def moment(text: str) -> datetime.datetime:
    """A date or a moment, as the type of an argument; in the current time zone.

    Raises:
        ValueError: it is neither.
    """
    found = parse_datetime(text)
    if found is None:
        day = parse_date(text)
        if day is None:
            raise ValueError(text)
        found = datetime.datetime.combine(day, datetime.time())
    return timezone.make_aware(found) if timezone.is_naive(found) else found


def point(text: str) -> str | datetime.datetime:
    """A ref; or a moment, when it is written as 2024-05-31T12:00 (or with a space)."""
    try:
        return parse_datetime(text) or text
    except ValueError:
        return text


def facts(version: Version) -> dict[str, Any]:
    """A version for --json; a value that was not there has no entry."""
    return {
        "hash": version.commit_hash,
        "author": version.author,
        "date": version.date,
        "message": version.message,
        "kind": version.kind,
        "changes": [
            {
                "field": change.field,
                **{
                    side: value
                    for side, value in (("old", change.old), ("new", change.new))
                    if value is not MISSING
                },
            }
            for change in version.changes
        ],
    }
