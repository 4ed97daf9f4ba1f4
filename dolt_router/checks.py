"""System checks: the settings, the order of things, and the state of branches."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

from . import aliases
from .conf import DEFAULTS, conf
from .names import why_invalid
from .selectors import load_selectors
from .versioning.sharing import keys_of_shared_tables
from .wording import validate_author

_TYPES: dict[str, Any] = {
    "DEFAULT_BRANCH": str,
    "SELECTORS": (list, tuple),
    "SHARED_APPS": (list, tuple, set),
    "PROTECTED_BRANCHES": (list, tuple, set),
    "AUTO_COMMIT": bool,
    "FALLBACK_AUTHOR": str,
    "CHECKS": dict,
    "REVIEW_EMAILS": bool,
    "SITE_URL": str,
}


def check_setting(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """The keys and values of `DOLT_ROUTER`."""
    given = getattr(settings, "DOLT_ROUTER", {})
    if not isinstance(given, dict):
        return [Error("DOLT_ROUTER must be a dict.", id="dolt_router.E001")]
    found: list[CheckMessage] = []
    for key in given:
        if key not in DEFAULTS:
            near = get_close_matches(str(key).upper(), list(DEFAULTS), n=1, cutoff=0.5)
            hint = f"Did you mean {near[0]!r}?" if near else f"Keys are {', '.join(DEFAULTS)}."
            found.append(
                Error(f"DOLT_ROUTER has no key {key!r}.", hint=hint, id="dolt_router.E002")
            )
    for key, expected in _TYPES.items():
        value = given.get(key, DEFAULTS[key])
        if not isinstance(value, expected):
            found.append(
                Error(
                    f"DOLT_ROUTER[{key!r}] is a {type(value).__name__}.",
                    hint=f"It should be like {DEFAULTS[key]!r}.",
                    id="dolt_router.E003",
                )
            )
    return found or [*_check_values()]


def _check_values() -> list[CheckMessage]:
    found: list[CheckMessage] = []
    if reason := why_invalid(conf.DEFAULT_BRANCH):
        found.append(Error(f"DOLT_ROUTER['DEFAULT_BRANCH']: {reason}.", id="dolt_router.E004"))
    for key in ("COMMIT_MESSAGE", "COMMIT_AUTHOR", "BRANCH_ACCESS"):
        value = getattr(conf, key)
        try:
            target = import_string(value) if isinstance(value, str) else value
        except ImportError as error:
            found.append(Error(f"DOLT_ROUTER[{key!r}]: {error}", id="dolt_router.E005"))
        else:
            if target is not None and not callable(target):
                found.append(Error(f"DOLT_ROUTER[{key!r}] is not callable.", id="dolt_router.E005"))
    # The default one is of an app that may be absent, and whose models must then not be loaded.
    for name, value in conf.CHECKS.items() if apps.is_installed("dolt_router.review") else ():
        try:
            check = import_string(value) if isinstance(value, str) else value
        except ImportError as error:
            found.append(Error(f"DOLT_ROUTER['CHECKS'][{name!r}]: {error}", id="dolt_router.E008"))
        else:
            if not callable(check):
                text = f"DOLT_ROUTER['CHECKS'][{name!r}] is not callable."
                found.append(Error(text, id="dolt_router.E008"))
    try:
        load_selectors(conf.SELECTORS)
    except ImproperlyConfigured as error:
        found.append(Error(str(error), id="dolt_router.E006"))
    try:
        validate_author(conf.FALLBACK_AUTHOR)
    except ValueError as error:
        found.append(Error(f"DOLT_ROUTER['FALLBACK_AUTHOR']: {error}", id="dolt_router.E007"))
    return found


def check_wiring(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Router, engine and middleware belong together."""
    found: list[CheckMessage] = []
    if not aliases.handler().roots:
        return [
            Warning(
                "dolt_router is installed, but no entry of DATABASES is a Dolt database.",
                hint='Set "ENGINE": "dolt_router.backends.dolt", or "...backends.doltlite".',
                id="dolt_router.W001",
            )
        ]
    routers = [r if isinstance(r, str) else type(r).__name__ for r in settings.DATABASE_ROUTERS]
    if not any("BranchRouter" in router for router in routers):
        found.append(
            Warning(
                "DATABASE_ROUTERS has no BranchRouter: the ORM won't follow the active branch "
                "for fetched objects, and shared apps are written on branches.",
                hint='Add "dolt_router.routers.BranchRouter".',
                id="dolt_router.W002",
            )
        )
    middleware = list(settings.MIDDLEWARE)
    branch = _position(middleware, "dolt_router.middleware.DoltBranchMiddleware")
    commit = _position(middleware, "dolt_router.middleware.DoltAutoCommitMiddleware")
    if branch is not None and commit is not None and commit < branch:
        found.append(
            Error(
                "DoltAutoCommitMiddleware stands before DoltBranchMiddleware.",
                hint="Put DoltBranchMiddleware first: the branch must be known by then.",
                id="dolt_router.E010",
            )
        )
    for name in (
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
    ):
        before = _position(middleware, name)
        if branch is not None and before is not None and before > branch:
            found.append(
                Error(
                    f"DoltBranchMiddleware stands before {name.rpartition('.')[2]}.",
                    hint="Put it after session and authentication.",
                    id="dolt_router.E011",
                )
            )
    return found


def _position(middleware: list[str], name: str) -> int | None:
    return middleware.index(name) if name in middleware else None


def check_deployment(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """`check --deploy`: may everyone read every branch?"""
    open_to_all = [
        selector
        for selector in (conf.SELECTORS if isinstance(conf.SELECTORS, list | tuple) else [])
        if "SessionSelector" not in str(selector)
    ]
    if open_to_all and conf.BRANCH_ACCESS is None:
        return [
            Warning(
                "Whoever can reach this site can read any branch, by header or address.",
                hint="Set DOLT_ROUTER['BRANCH_ACCESS'], or keep only SessionSelector.",
                id="dolt_router.W020",
            )
        ]
    return []


def check_branches(app_configs: Any, databases: Any = None, **kwargs: Any) -> list[CheckMessage]:
    """`check --database=<branch>`: does the branch have the migrations the code expects?"""
    from .backends.dolt.migrations import missing_migrations

    found: list[CheckMessage] = []
    handler = aliases.handler()
    for alias in databases or []:
        target = handler.target(alias)
        if target is None or target.ref == conf.DEFAULT_BRANCH:
            continue
        missing = missing_migrations(handler[alias])
        if missing:
            found.append(
                Warning(
                    f'Branch "{target.ref}" lacks {len(missing)} migration(s): '
                    f"{', '.join(missing[:5])}{' ...' if len(missing) > 5 else ''}.",
                    hint=f"Run: manage.py migrate --database={handler.alias_of(target)}",
                    id="dolt_router.W030",
                )
            )
    return found


def check_server(app_configs: Any, databases: Any = None, **kwargs: Any) -> list[CheckMessage]:
    """`check --database=<alias>`: can two inserts at once get the same id on this server?"""
    handler = aliases.handler()
    targets = {target.root: alias for alias in databases or [] if (target := handler.target(alias))}
    found: list[CheckMessage] = []
    for root, alias in targets.items():
        wrapper = handler[alias]
        with wrapper.cursor() as cursor:
            warning = wrapper.engine.warning(cursor)
        if warning is not None:
            text, hint = warning
            found.append(Warning(text.format(root=root), hint=hint, id="dolt_router.W031"))
    return found


def check_shared_tables(
    app_configs: Any, databases: Any = None, **kwargs: Any
) -> list[CheckMessage]:
    """`check --database=<alias>`: has a shared table foreign keys, with which Dolt loses rows?"""
    handler = aliases.handler()
    roots = {target.root for alias in databases or [] if (target := handler.target(alias))}
    found: list[CheckMessage] = []
    for root in sorted(roots):
        if keys := keys_of_shared_tables(root):
            tables = ", ".join(sorted({table for table, _name in keys}))
            found.append(
                Warning(
                    f'Shared tables of "{root}" have foreign keys: {tables}. Of two transactions '
                    "at once that write to one, Dolt keeps the rows of the last one only.",
                    hint="Run: manage.py dolt share",
                    id="dolt_router.W032",
                )
            )
    return found


def register_all() -> None:
    """Register the checks; done once, by the app's `ready`."""
    register(check_setting, "dolt_router")
    register(check_wiring, "dolt_router")
    register(check_deployment, Tags.security, deploy=True)
    register(check_branches, Tags.database)
    register(check_server, Tags.database)
    register(check_shared_tables, Tags.database)
