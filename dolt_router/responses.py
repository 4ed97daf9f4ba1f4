"""The answers to a request whose branch or commit failed: a page, or problem+json.

https://www.rfc-editor.org/rfc/rfc9457 (problem details)
"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from .exceptions import (
    BranchDoesNotExist,
    BranchExists,
    BranchNeedsMigration,
    BranchProtected,
    DoltRouterError,
    InvalidBranchName,
    MergeConflict,
    ReadOnlyRevision,
    ReviewRequired,
    StaleWrite,
)

WAY_BACK = "dolt-branch-reset"  # the field that the button of the page posts


class BranchForbidden(DoltRouterError, PermissionDenied):
    """BRANCH_ACCESS refused this branch to this request."""

    code = "branch_forbidden"

    def __init__(self, branch: str) -> None:
        self.branch = branch
        super().__init__(
            f'You may not use branch "{branch}". Ask whoever runs this site for access, or go '
            "on without naming a branch."
        )


def status_of(error: DoltRouterError) -> int:
    """The HTTP status that fits the error."""
    if isinstance(error, BranchDoesNotExist | InvalidBranchName):
        return 404
    if isinstance(error, BranchForbidden | BranchProtected | ReviewRequired):
        return 403
    if isinstance(error, StaleWrite | MergeConflict | ReadOnlyRevision | BranchExists):
        return 409
    return 500


def error_response(
    request: HttpRequest, error: DoltRouterError, stale_session: bool = False
) -> Any:
    """The page or problem+json for `error`; None when Django should show it (a 500)."""
    status = status_of(error)
    if status == 500:
        return None
    branch = getattr(error, "branch", None)
    title = {
        404: _("This branch does not exist"),
        403: _("This branch is closed to you"),
        409: _("Nothing was saved"),
    }[status]
    if wants_json(request):
        problem = {
            "type": f"urn:dolt-router:{error.code}",
            "title": title,
            "status": status,
            "detail": str(error),
            "branch": str(branch)[:250],
            "instance": request.path,
        }
        if suggestions := getattr(error, "suggestions", None):
            problem["suggestions"] = suggestions
        return JsonResponse(problem, status=status, content_type="application/problem+json")
    page = render_to_string(
        "dolt_router/error.html",
        {
            "title": title,
            "status": status,
            "detail": str(error),
            "branch": branch,
            "suggestions": getattr(error, "suggestions", []),
            "stale_session": stale_session,
            "way_back": WAY_BACK,
            "path": request.get_full_path(),
        },
    )
    return HttpResponse(page, status=status)


def wants_json(request: HttpRequest) -> bool:
    """Whether the client asked for JSON rather than for a page."""
    accept = request.headers.get("Accept", "")
    if "json" not in accept:
        return request.headers.get("X-Requested-With") == "XMLHttpRequest" or (
            "json" in request.headers.get("Content-Type", "") and "text/html" not in accept
        )
    return "text/html" not in accept


def is_way_back(request: HttpRequest) -> bool:
    """Whether this is the button of the page that a stale session branch gets."""
    return request.method == "POST" and WAY_BACK in request.POST


def way_back(request: HttpRequest) -> HttpResponse:
    """To the same page on the default branch; the session has forgotten the stale one."""
    path = "/" + request.get_full_path().lstrip("/")
    response = HttpResponseRedirect(path)
    response.status_code = 303
    return response


__all__ = ["BranchForbidden", "BranchNeedsMigration", "error_response", "settings", "status_of"]
