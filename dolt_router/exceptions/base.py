"""The base of every error."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.exceptions import ObjectDoesNotExist, PermissionDenied
from django.utils import translation
from django.utils.functional import lazy


def _filled(message: str, values: dict[str, Any]) -> str:
    # Errors are raised before the settings are there, and before the apps are loaded, too.
    text = translation.gettext(message) if settings.configured and apps.ready else message
    return text % values if values else text


_lazily_filled = lazy(_filled, str)


def worded(message: str, **values: Any) -> Any:
    """A text that is translated, and filled in, when it is shown: each time that `str()` asks.

    Args:
        message: marked by gettext_noop; with `%(name)s` for each of `values`.
    """
    return _lazily_filled(message, values)


def _joined(names: list[str]) -> str:
    return _filled(" or ", {}).join(names)


alternatives = lazy(_joined, str)  # `"a" or "b"`, when it is shown


class DoltRouterError(Exception):
    """Base of every error of this package.

    Errors that people meet on pages (those with an HTTP status below 500) are in the language that
    is active when they are turned into text. The others are for developers and logs, in English.
    """

    code = "dolt_router"


class NotThere(DoltRouterError, ObjectDoesNotExist):
    """An object, a field or a commit that is asked for did not exist at that point."""

    code = "not_there"


class Refused(DoltRouterError, PermissionDenied):
    """A receiver of a `pre_` signal refused, with its reason; nothing was done."""

    code = "refused"

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)
