"""Who says which branch a request is on: one small class each.

A selector returns a branch name, or None when it has nothing to say; the middleware takes
the first name. What a selector returns is checked afterwards: it may be any text.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from typing import Any
from urllib.parse import quote

from django.core import signing
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest, HttpResponse
from django.urls import get_script_prefix, set_script_prefix
from django.utils.module_loading import import_string
from django.utils.translation import gettext_noop as _

from . import aliases, signals
from .conf import conf
from .exceptions import InvalidBranchName, worded
from .names import validate_branch

SESSION_KEY = "dolt-branch"
PREVIEW_KEY = "dolt-preview"  # of a preview link that this session has opened: see `review`
HEADER = "X-Dolt-Branch"
QUERY_PARAMETER = "dolt-branch"
COOKIE = "dolt-branch"
COOKIE_SALT = "dolt_router.selectors.CookieSelector"


class Selector(ABC):
    """Base class: `select` reads the request, `leave` undoes what `select` changed."""

    @abstractmethod
    def select(self, request: HttpRequest) -> str | None:
        """The name that the request asks for, unchecked; None when it asks for none.

        Raises:
            InvalidBranchName: it asks for something that can't be a branch.
        """

    def leave(self, request: HttpRequest) -> None:  # noqa: B027
        """Called when the request is done, for a selector that selected."""


class SessionSelector(Selector):
    """The session's `dolt-branch`, which `switch_branch` sets."""

    def select(self, request: HttpRequest) -> str | None:
        session = getattr(request, "session", None)
        if session is None:
            raise ImproperlyConfigured(
                "SessionSelector needs django.contrib.sessions.middleware.SessionMiddleware "
                "before dolt_router.middleware.DoltBranchMiddleware in MIDDLEWARE."
            )
        name = session.get(SESSION_KEY)
        return None if name is None or name == "" else name


class HeaderSelector(Selector):
    """The header `X-Dolt-Branch`, for API clients."""

    def __init__(self, name: str = HEADER) -> None:
        self.name = name

    def select(self, request: HttpRequest) -> str | None:
        return request.headers.get(self.name)


class QuerySelector(Selector):
    """The query parameter `?dolt-branch=`, for links. It holds for one request."""

    def __init__(self, name: str = QUERY_PARAMETER) -> None:
        self.name = name

    def select(self, request: HttpRequest) -> str | None:
        return request.GET.get(self.name)


class CookieSelector(Selector):
    """A signed cookie, for sites without sessions; `set_branch_cookie` sets it."""

    def select(self, request: HttpRequest) -> str | None:
        if COOKIE not in request.COOKIES:
            return None
        try:
            return str(request.get_signed_cookie(COOKIE, salt=COOKIE_SALT))
        except signing.BadSignature as error:
            reason = worded(_("its signature is wrong"))
            raise InvalidBranchName(request.COOKIES[COOKIE], reason) from error


class SubdomainSelector(Selector):
    """The first label of the host: `feature--x.example.org` is branch `feature/x`.

    A host name has no `/`, `_` or capital letters: `--` stands for `/`.

    Args:
        domain: the part of the host that is the site's own (`example.org`).
        ignore: labels that name no branch.
    """

    def __init__(self, domain: str, ignore: tuple[str, ...] = ("www",)) -> None:
        self.suffix = "." + domain.lower().lstrip(".")
        self.ignore = set(ignore)

    def select(self, request: HttpRequest) -> str | None:
        host = request.get_host().rpartition(":")[0] or request.get_host()
        host = host.lower().rstrip(".")
        if not host.endswith(self.suffix):
            return None
        label = host[: -len(self.suffix)]
        return None if label in self.ignore else label.replace("--", "/")


class PathSelector(Selector):
    """A prefix of the path: `/b/feature/x/-/devices/` is `/devices/` on `feature/x`.

    The prefix moves to the script name, so that `reverse()` keeps links on the branch.
    """

    def __init__(self, prefix: str = "b") -> None:
        self.pattern = re.compile(
            rf"\A/{re.escape(prefix.strip('/'))}/(?P<name>.+?)/-(?P<rest>/.*)\Z", re.S
        )

    def select(self, request: HttpRequest) -> str | None:
        match = self.pattern.match(request.path_info)
        if match is None:
            return None
        moved = request.path_info[: match.start("rest")]
        request._dolt_script_prefix = get_script_prefix()  # type: ignore[attr-defined]
        request.path_info = match["rest"]
        set_script_prefix(get_script_prefix().rstrip("/") + quote(moved) + "/")
        return match["name"]

    def leave(self, request: HttpRequest) -> None:
        set_script_prefix(request._dolt_script_prefix)  # type: ignore[attr-defined]


class TenantMapperSelector(Selector):
    """Any mapper of django-db-multitenant: its database name says the branch.

    `get_db_name` may return `inventory/feature-x`, the database alone (the default branch)
    or a branch name. Another database's name ends as a branch that doesn't exist: 404.
    `get_cache_prefix` is kept for `dolt_router.contrib.cache.make_key`.

    Args:
        mapper: dotted path of the mapper class, a class or an instance.
    """

    def __init__(self, mapper: Any) -> None:
        loaded = import_string(mapper) if isinstance(mapper, str) else mapper
        self.mapper = loaded() if isinstance(loaded, type) else loaded

    def select(self, request: HttpRequest) -> str | None:
        tenant = self.mapper.get_tenant_name(request)
        db_name = self.mapper.get_db_name(request, tenant)
        prefix = self.mapper.get_cache_prefix(request, tenant, db_name)
        request._dolt_cache_prefix = prefix  # type: ignore[attr-defined]
        if not db_name:
            return None
        branches = aliases.handler()
        base = str(branches.settings[aliases.default_root()]["NAME"])
        own, slash, branch = str(db_name).partition("/")
        if own != base:
            return str(db_name)
        return branch if slash else str(conf.DEFAULT_BRANCH)


def load_selectors(configured: list[Any]) -> list[Selector]:
    """The selectors that the SELECTORS setting names.

    Raises:
        ImproperlyConfigured: an entry can't be loaded; the message names it.
    """
    loaded: list[Selector] = []
    for entry in configured:
        path, options = entry if isinstance(entry, tuple | list) else (entry, {})
        try:
            found = import_string(path) if isinstance(path, str) else path
            loaded.append(found(**options) if isinstance(found, type) else found)
        except (ImportError, TypeError) as error:
            raise ImproperlyConfigured(f"DOLT_ROUTER SELECTORS: {entry!r}: {error}") from error
    return loaded


def switch_branch(request: HttpRequest, name: str | None) -> None:
    """Keep `name` in the session, as the branch of the requests to come; None: the default.

    Raises:
        InvalidBranchName, BranchDoesNotExist: the session is left as it was.
    """
    if name is None or name == conf.DEFAULT_BRANCH:
        request.session.pop(SESSION_KEY, None)
    else:
        aliases.handler()[aliases.branch_alias(validate_branch(name))].ensure_connection()
        request.session[SESSION_KEY] = name
    about = {"using": aliases.default_root(), "name": name, "request": request}
    signals.tell(signals.branch_switched, **about)


def set_branch_cookie(response: HttpResponse, name: str | None, **options: Any) -> None:
    """Keep `name` in the signed cookie that `CookieSelector` reads; None takes it away."""
    if name is None:
        response.delete_cookie(COOKIE)
        return
    options = {"httponly": True, "samesite": "Lax", **options}
    response.set_signed_cookie(COOKIE, validate_branch(name), salt=COOKIE_SALT, **options)
