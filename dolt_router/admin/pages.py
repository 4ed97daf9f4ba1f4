"""The pages beside the list of branches: each has a route below it and a name on the admin site.

    @page("log/", "dolt_router_log")
    def log(request: HttpRequest, site: AdminSite) -> HttpResponse: ...

`reverse("admin:dolt_router_log")` is its address. It is served as the admin's own pages are: to
members of staff, with CSRF protection, and with the branch bar above it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial, update_wrapper
from typing import Any, NamedTuple

from django.contrib.admin import AdminSite
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path

View = Callable[..., HttpResponse]


class _Page(NamedTuple):
    route: str
    name: str
    view: View
    public: bool


_pages: dict[str, _Page] = {}


def page(route: str, name: str, public: bool = False) -> Callable[[View], View]:
    """A decorator that makes `view(request, site, **kwargs)` a page of the admin.

    Args:
        route: below `dolt_router/branch/`.
        public: also for those who are not logged in or not of the staff.
    """

    def register(view: View) -> View:
        _pages[name] = _Page(route, name, view, public)
        return view

    return register


def urls_of(site: AdminSite) -> list[URLPattern]:
    """The addresses of all pages on an admin site."""
    found = []
    for route, name, view, public in _pages.values():
        bound: Any = update_wrapper(partial(_called, view, site), view)
        found.append(path(route, bound if public else site.admin_view(bound), name=name))
    return found


def _called(view: View, site: AdminSite, request: HttpRequest, **kwargs: Any) -> HttpResponse:
    request.current_app = site.name
    return view(request, site, **kwargs)


def render(
    request: HttpRequest, site: AdminSite, template: str, title: str, **context: Any
) -> TemplateResponse:
    """A page in the admin's frame: templates extend `admin/dolt_router/base.html`."""
    values = {**site.each_context(request), "title": title, **context}
    status = values.pop("status", None)
    return TemplateResponse(request, f"admin/dolt_router/{template}", values, status=status)
