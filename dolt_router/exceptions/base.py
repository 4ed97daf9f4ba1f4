"""The base of every error."""

from __future__ import annotations

from django.core.exceptions import ObjectDoesNotExist, PermissionDenied


class DoltRouterError(Exception):
    """Base of every error of this package."""

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
