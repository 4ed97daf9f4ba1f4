"""The `DOLT_ROUTER` setting: its keys, their defaults, and how they are read.

All defaults stand in `DEFAULTS`. `conf` is read through attributes and forgets what it
read when the setting changes, so `override_settings` works.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.core.signals import setting_changed
from django.utils.module_loading import import_string

DEFAULTS: dict[str, Any] = {
    # The branch that is used when nothing names another, and where shared tables live.
    "DEFAULT_BRANCH": "main",
    # Who says which branch a request is on: the first selector that names one.
    # A dotted path, or a pair (dotted path, dict of keyword arguments).
    "SELECTORS": [
        "dolt_router.selectors.HeaderSelector",
        "dolt_router.selectors.QuerySelector",
        "dolt_router.selectors.SessionSelector",
    ],
    # Dotted path of a callable (request, branch name) -> bool; False answers 403.
    "BRANCH_ACCESS": None,
    # Apps whose tables live once, on the default branch, and are never versioned.
    "SHARED_APPS": ["contenttypes", "auth", "sessions", "admin"],
    # Globs of branches that take no direct writes.
    "PROTECTED_BRANCHES": [],
    # False: nothing is committed to Dolt unless you do it yourself.
    "AUTO_COMMIT": True,
    # Dotted path of a callable (request or None, list of Change) -> str.
    "COMMIT_MESSAGE": None,
    # Dotted path of a callable (request or None) -> "Name <email>".
    "COMMIT_AUTHOR": None,
    # Author of commits made without a user.
    "FALLBACK_AUTHOR": "Django <django@localhost>",
    # Checks of pull requests, by name: dotted paths of callables (CheckContext) -> findings.
    "CHECKS": {"full_clean": "dolt_router.review.checking.full_clean"},
    # Whether those who take part in a pull request get e-mails.
    "REVIEW_EMAILS": False,
    # Where this site is, for links in e-mails: "https://example.org".
    "SITE_URL": "",
}


class Conf:
    """The effective values of `settings.DOLT_ROUTER`, as attributes named after its keys."""

    def __getattr__(self, name: str) -> Any:
        if name not in DEFAULTS:
            raise AttributeError(f"DOLT_ROUTER has no key {name!r}")
        given = getattr(settings, "DOLT_ROUTER", {})
        # What is not a dict is an error of the system check, and no reason to crash here.
        value = given.get(name, DEFAULTS[name]) if isinstance(given, dict) else DEFAULTS[name]
        self.__dict__[name] = value
        return value

    def reset(self) -> None:
        """Forget every value read so far."""
        self.__dict__.clear()

    def load(self, name: str) -> Callable[..., Any] | None:
        """The callable that the dotted path in key `name` names; None when it is unset.

        Raises:
            ImportError: when the path leads nowhere.
        """
        cached = self.__dict__.get(f"_loaded_{name}")
        if cached is not None:
            return cached
        value = getattr(self, name)
        if value is None:
            return None
        loaded = import_string(value) if isinstance(value, str) else value
        self.__dict__[f"_loaded_{name}"] = loaded
        return loaded


conf = Conf()


def _reset_on_change(*, setting: str, **kwargs: Any) -> None:
    if setting in ("DOLT_ROUTER", "INSTALLED_APPS", "DATABASES"):
        conf.reset()


setting_changed.connect(_reset_on_change, dispatch_uid="dolt_router.conf")
