"""The sample site's settings, and a Content-Security-Policy that allows nothing inline."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from config.settings import *  # noqa: F403
from config.settings import MIDDLEWARE

POLICY = "default-src 'self'"


def strict_policy(get_response: Callable[..., Any]) -> Callable[..., Any]:
    """Middleware: every answer has the policy."""

    def middleware(request: Any) -> Any:
        response = get_response(request)
        response["Content-Security-Policy"] = POLICY
        return response

    return middleware


MIDDLEWARE = ["tests.browser.strict_settings.strict_policy", *MIDDLEWARE]
