"""The words of a commit: its message and its author."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.contrib.admindocs.utils import (
    remove_non_capturing_groups,
    replace_metacharacters,
    replace_named_groups,
    replace_unnamed_groups,
)
from django.utils import translation
from django.utils.text import get_text_list

from . import access, context
from .backends.dolt.journal import ADDED, CHANGED, DELETED, OTHER, SCHEMA, Change
from .conf import conf
from .context import CommitDetails

if TYPE_CHECKING:
    from django.http import HttpRequest
    from django.urls import ResolverMatch

    from .autocommit import UnitOfWork

MAX_MESSAGE = 2000  # characters
_SQUARE = str.maketrans("()", "[]")
_SIMPLIFY: tuple[Callable[[str], str], ...] = (
    remove_non_capturing_groups,
    replace_named_groups,
    replace_unnamed_groups,
    replace_metacharacters,
)
_CONVERTER = re.compile(r"<[^<>:]+:([^<>:]+)>")
_AUTHOR = re.compile(r"\A[^<>\n\r]*[^<>\s][^<>\n\r]* <[^<>\s]*>\Z")
_VERBS = {ADDED: "added", CHANGED: "changed", DELETED: "deleted"}


def details(
    changes: list[Change],
    message: str | None = None,
    author: str | None = None,
    request: HttpRequest | None = None,
) -> CommitDetails:
    """Message and author of a commit: what is given, else the context, else the settings."""
    text = message or context.message.get() or _message(changes, request)
    who = author or context.author.get() or _author(request)
    return CommitDetails(_clean(text) or "Change data", who)


def _clean(text: str) -> str:
    cleaned = "".join(c for c in str(text) if c in "\n\t" or c >= " ").strip()
    return cleaned[: MAX_MESSAGE - 1] + "…" if len(cleaned) > MAX_MESSAGE else cleaned


def _message(changes: list[Change], request: HttpRequest | None) -> str:
    compose = conf.load("COMMIT_MESSAGE")
    if compose is not None:
        return str(compose(request, changes))
    return default_message(request, changes)


def default_message(request: HttpRequest | None, changes: list[Change]) -> str:
    """`Changed 2 devices, deleted 1 site: PATCH /devices/<pk>/`; without a request the first half.

    The address is that of the URLconf, without its values: they are keys and names of rows, and a
    message is read by whoever may read the branch.
    """
    with untranslated():
        summary = summarize(changes) or "Changed data"
    if request is None:
        return summary
    match = request.resolver_match
    if match is None:
        return f"{summary}: {request.method}"
    return f"{summary}: {request.method} {route_of(match)}"


def untranslated() -> Any:
    """Inside, no text is translated: what is stored for all isn't in the language of one of them.

    Messages of commits are so, as Django's own log of the admin is: what this package says in
    English, the names of models as their code has them.
    """
    return translation.override(None)


def route_of(match: ResolverMatch) -> str:
    """`/devices/<pk>/` of a resolved address: each value that it captured, by its name.

    https://docs.djangoproject.com/en/stable/ref/urlresolvers/#django.urls.ResolverMatch.route
    """
    route = str(match.route)
    for simplify in _SIMPLIFY:
        route = simplify(route)
    return "/" + _CONVERTER.sub(r"<\1>", route).lstrip("/")


def summarize(changes: list[Change]) -> str:
    """The changes in words, with the names of the models; '' when there are none."""
    models = {
        model._meta.db_table.lower(): model
        for model in apps.get_models(include_auto_created=True)
        if model._meta.managed
    }
    owners = {change.table for change in changes}
    parts: list[str] = []
    for action, table, count in changes:
        model = models.get(table)
        if action == SCHEMA:
            parts.append(f"changed the schema of {table}" if table else "changed the schema")
        elif action == OTHER or not table:
            parts.append(f"changed {table}" if table else "changed data")
        elif count:
            if model is not None and _told_by_owner(model, owners):
                continue
            parts.append(f"{_VERBS[action]} {count} {_noun(model, table, count)}")
    text = get_text_list(list(dict.fromkeys(parts))[:8], "and").replace(" and ", ", ")
    return text[:1].upper() + text[1:]


def _told_by_owner(model: Any, written: set[str]) -> bool:
    """Whether the rows are those of a many-to-many field whose owner is told of already."""
    owner = model._meta.auto_created
    return bool(owner) and owner._meta.db_table.lower() in written


def _noun(model: Any, table: str, count: int) -> str:
    if model is None:
        return f"{'row' if count == 1 else 'rows'} of {table}"
    meta = model._meta
    return str(meta.verbose_name if count == 1 else meta.verbose_name_plural)


def _author(request: HttpRequest | None) -> str:
    compose = conf.load("COMMIT_AUTHOR")
    if compose is not None:
        given = compose(request)
        if given:
            return validate_author(str(given))
    user = access.current_user() if request is None else getattr(request, "user", None)
    if user is not None and getattr(user, "is_authenticated", False):
        return user_author(user)
    return validate_author(str(conf.FALLBACK_AUTHOR))


def person_name(user: Any) -> str:
    """The full name of a user; the user name where there is none."""
    return str(user.get_full_name() or user.get_username())


def user_author(user: Any) -> str:
    """`Full Name <email>` of a user, with the user name where there is none of either."""
    name = _plain(person_name(user)) or "user"
    email_field = getattr(user, "get_email_field_name", None)
    email = str(getattr(user, email_field(), "") or "") if email_field else ""
    email = re.sub(r"[<>\s\x00-\x1f]", "", email) or f"{_address(user.get_username())}@localhost"
    return f"{name} <{email}>".translate(_SQUARE)


def _plain(text: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"[<>\x00-\x1f]", " ", text)).strip()


def _address(text: str) -> str:
    return re.sub(r"[^\w.+-]", "-", str(text)) or "user"


def validate_author(author: str) -> str:
    """Returns `author` when it has the form `Name <email>`, with round brackets made square.

    Dolt cuts a name off at a `)`, or refuses the commit when nothing is behind it.

    Raises:
        ValueError: it has not; Dolt would refuse the commit at its end.
    """
    author = author.translate(_SQUARE)
    if not _AUTHOR.match(author):
        raise ValueError(f'Author "{author}" must have the form "Name <email>".')
    return author


def merge_into_parent(unit: UnitOfWork, parent: UnitOfWork) -> None:
    """The message and author of a nested unit become part of the outer one's."""
    if unit.message:
        parent.message = f"{parent.message}\n{unit.message}" if parent.message else unit.message
    if unit.author and not parent.author:
        parent.author = unit.author
    parent.explicit = parent.explicit or unit.explicit
