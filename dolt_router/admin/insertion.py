"""The bar above every page of the admin: put into the page when it is rendered.

`AdminSite.admin_view` is what every page of an admin site goes through, those of other people's
ModelAdmins and AdminSites included, whatever their templates are.
https://docs.djangoproject.com/en/stable/ref/template-response/#post-render-callbacks
"""

from __future__ import annotations

from collections.abc import Callable
from functools import update_wrapper, wraps
from typing import Any

from django.contrib.admin import AdminSite
from django.contrib.admin.options import IS_POPUP_VAR
from django.contrib.admin.views import main
from django.http import HttpRequest, HttpResponse

from ..models import Branch
from ..selectors import QUERY_PARAMETER
from .bar import Bar, assets

_HEAD, _HEADER = b"</head>", b"</header>"


def wrap_admin_view() -> None:
    """Make `AdminSite.admin_view` put the bar into what its views answer. Safe to repeat."""
    original: Any = AdminSite.admin_view
    if hasattr(original, "_dolt_router"):
        return

    @wraps(original)
    def admin_view(self: AdminSite, view: Any, cacheable: bool = False) -> Any:
        inner = original(self, view, cacheable)

        def with_bar(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            response = inner(request, *args, **kwargs)
            if wants_bar(self, request, response):
                insert_later(self, request, response)
            return response

        return update_wrapper(with_bar, inner)

    admin_view._dolt_router = True  # type: ignore[attr-defined]
    AdminSite.admin_view = admin_view  # type: ignore[method-assign]


def let_lists_take_the_branch() -> None:
    """Have lists of objects take `?dolt-branch=` for no filter, and keep it in their links.

    The admin redirects a list with a parameter that it doesn't know, without the parameter: to
    the rows of another branch.
    """
    if QUERY_PARAMETER not in main.IGNORED_PARAMS:
        main.IGNORED_PARAMS = (*main.IGNORED_PARAMS, QUERY_PARAMETER)


def wants_bar(site: AdminSite, request: HttpRequest, response: Any) -> bool:
    """Whether the answer is a page of its own, of a site that has the branches' pages."""
    return (
        isinstance(response, HttpResponse)
        and response.get("Content-Type", "").startswith("text/html")
        and response.get("Content-Encoding") is None
        and IS_POPUP_VAR not in request.GET
        and IS_POPUP_VAR not in request.POST
        and site.is_registered(Branch)
        and site.has_permission(request)
    )


def insert_later(site: AdminSite, request: HttpRequest, response: Any) -> None:
    """Put the bar into the page: now, or when it is rendered."""

    def insert(rendered: Any) -> None:
        # What a view has put into the page stands after its header.
        page = rendered.content
        head, header = page.find(_HEAD), page.find(_HEADER)
        if -1 < head < header:
            bar = Bar(request, site.name).html().encode(rendered.charset)
            links = assets().encode(rendered.charset)
            after = header + len(_HEADER)
            rendered.content = page[:head] + links + page[head:after] + bar + page[after:]

    rendered_later: Callable[..., Any] | None = getattr(response, "add_post_render_callback", None)
    if rendered_later is None:
        insert(response)
    else:
        rendered_later(insert)
