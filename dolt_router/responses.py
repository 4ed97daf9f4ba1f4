"""The answers to a request whose branch or commit failed: a page, or problem+json.

https://www.rfc-editor.org/rfc/rfc9457 (problem details)
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.template import Context, Engine, TemplateDoesNotExist
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from .conf import conf
from .exceptions import (
    BranchDoesNotExist,
    BranchExists,
    BranchForbidden,
    BranchInUse,
    BranchProtected,
    DoltRouterError,
    InvalidBranchName,
    InvalidPreviewLink,
    MergeConflict,
    NotFastForward,
    NothingToCommit,
    NotThere,
    PullRequestForbidden,
    PullRequestRefused,
    ReadOnlyRevision,
    Refused,
    ReviewRequired,
    StaleWrite,
)
from .visibility import told, viewable_tables

TEMPLATE = "dolt_router/error.html"
WAY_BACK = "dolt-branch-reset"  # the field that the button of the page posts


_CONFLICTS = (
    BranchExists,
    BranchInUse,
    MergeConflict,
    NotFastForward,
    NothingToCommit,
    PullRequestRefused,
    ReadOnlyRevision,
    StaleWrite,
)
_FORBIDDEN = (
    BranchForbidden,
    BranchProtected,
    InvalidPreviewLink,
    PullRequestForbidden,
    Refused,
    ReviewRequired,
)


def status_of(error: DoltRouterError) -> int:
    """The HTTP status that fits the error."""
    if isinstance(error, BranchDoesNotExist | InvalidBranchName | NotThere):
        return 404
    if isinstance(error, _FORBIDDEN):
        return 403
    if isinstance(error, _CONFLICTS):
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
    suggestions = _suggestions(request, error)
    detail = _detail(request, error, suggestions)
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
            "detail": detail,
            "branch": str(branch)[:250],
            "instance": request.path,
        }
        for key, value in {"suggestions": suggestions, **_tables(request, error)}.items():
            if value:
                problem[key] = value
        return JsonResponse(problem, status=status, content_type="application/problem+json")
    page = _render(
        {
            "title": title,
            "status": status,
            "detail": detail,
            "branch": branch,
            "stale_session": stale_session,
            "way_back": WAY_BACK,
            "path": request.get_full_path(),
        }
    )
    return HttpResponse(page, status=status)


def _render(values: dict[str, Any]) -> str:
    """The error page: the site's own template of that name, else the package's."""
    try:
        return render_to_string(TEMPLATE, values)
    except TemplateDoesNotExist:
        # A site without TEMPLATES, or one that doesn't look into the apps' directories.
        engine = Engine(
            dirs=[str(Path(__file__).parent / "templates")],
            libraries={
                "i18n": "django.templatetags.i18n",
                "static": "django.templatetags.static",
            },
        )
        return engine.get_template(TEMPLATE).render(Context(values))


def _suggestions(request: HttpRequest, error: DoltRouterError) -> list[str]:
    """The near names of an unknown branch that this request may know of."""
    near: list[str] = getattr(error, "suggestions", [])
    allowed = conf.load("BRANCH_ACCESS")
    return [name for name in near if allowed is None or allowed(request, name)]


def _tables(request: HttpRequest, error: DoltRouterError) -> dict[str, Any]:
    """The tables that the error is about, as far as this request's user may view them."""
    tables = getattr(error, "tables", None) or {}
    seen = viewable_tables(getattr(request, "user", None), tables, request)
    return {
        "tables": {table: rows for table, rows in tables.items() if table in seen},
        "hidden_tables": len(tables) - len(seen),
    }


def _detail(request: HttpRequest, error: DoltRouterError, suggestions: list[str]) -> str:
    """The error's text; for an unknown branch one that fits a visitor of the site."""
    if not isinstance(error, BranchDoesNotExist) or settings.DEBUG:
        return told(error, getattr(request, "user", None), request)
    text = _('Branch "%(branch)s" does not exist.') % {"branch": error.branch}
    if suggestions:
        quoted = _(" or ").join(f'"{name}"' for name in suggestions)
        text += " " + _("Did you mean %(names)s?") % {"names": quoted}
    return text


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
