"""What any stock ModelAdmin gains, without being changed.

Methods of Django's own ModelAdmin are wrapped, once, on the class itself. A subclass that has its
own method wins, also when that calls `super()`: it then gets Django's, as it was written for.
So the history pages of django-reversion and django-simple-history stay theirs.
https://docs.djangoproject.com/en/stable/ref/contrib/admin/#modeladmin-methods
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.admin import ModelAdmin
from django.contrib.admin.options import TO_FIELD_VAR, BaseModelAdmin
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.html import format_html
from django.utils.translation import gettext as _

from .changelist_marks import MEDIA, add_marks
from .deleted_objects import deleted_view
from .elsewhere import elsewhere_response
from .object_compare import compare_view
from .object_history import blame_view, history_view
from .object_restore import restore_view
from .versioned import is_closed, is_versioned, model_link, place_of

_INSTALLED = "_dolt_router_objects"


def install() -> None:
    """Wrap Django's ModelAdmin; a second call does nothing."""
    if getattr(ModelAdmin, _INSTALLED, False):
        return
    for name, wrapped in _WRAPPED.items():
        setattr(ModelAdmin, name, wrapped(getattr(ModelAdmin, name)))
    for name in ("has_add_permission", "has_change_permission", "has_delete_permission"):
        # Inlines have these too.
        setattr(BaseModelAdmin, name, _where_open(getattr(BaseModelAdmin, name)))
    setattr(ModelAdmin, _INSTALLED, True)


def _is_own(model_admin: Any, name: str) -> bool:
    """Whether a subclass has its own method."""
    return getattr(type(model_admin), name) is not getattr(ModelAdmin, name)


def _history_view(stock: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(stock)
    def wrapped(self: Any, request: HttpRequest, object_id: str, extra_context: Any = None) -> Any:
        if (
            not is_versioned(self)
            or _is_own(self, "history_view")
            or self.object_history_template is not None
        ):
            return stock(self, request, object_id, extra_context)
        return history_view(self, request, object_id, extra_context)

    return wrapped


_PAGES: list[tuple[str, Callable[..., Any], str]] = [
    ("dolt/deleted/", deleted_view, "dolt_deleted"),
    ("<path:object_id>/dolt/compare/", compare_view, "dolt_compare"),
    ("<path:object_id>/dolt/fields/", blame_view, "dolt_blame"),
    ("<path:object_id>/dolt/restore/", restore_view, "dolt_restore"),
]


def _get_urls(stock: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(stock)
    def wrapped(self: Any) -> list[URLPattern]:
        # All models have the addresses: whether one is versioned is known only with settings
        # that tests override. A slash can't be in a quoted key: none is shadowed.
        options = self.opts
        own = [
            path(
                route,
                self.admin_site.admin_view(_page(self, view)),
                name=f"{options.app_label}_{options.model_name}_{name}",
            )
            for route, view, name in _PAGES
        ]
        return [*own, *stock(self)]

    return wrapped


def _page(model_admin: Any, view: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(view)
    def wrapped(request: HttpRequest, **kwargs: Any) -> Any:
        if not is_versioned(model_admin):
            raise Http404
        return view(model_admin, request, **kwargs)

    return wrapped


def _get_changelist_instance(stock: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(stock)
    def wrapped(self: Any, request: HttpRequest) -> Any:
        found = stock(self, request)
        return add_marks(self, request, found) if is_versioned(self) else found

    return wrapped


_TOOLS = re.compile(rb'<ul class="object-tools">')
_CONTENT = re.compile(rb'<div id="content-main">')


def _changelist_view(stock: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(stock)
    def wrapped(self: Any, request: HttpRequest, extra_context: Any = None) -> Any:
        response = stock(self, request, extra_context)
        if isinstance(response, TemplateResponse) and not response.is_rendered:
            context = response.context_data or {}
            if "cl" in context and not context["cl"].is_popup and is_versioned(self):
                context["media"] = context["media"] + MEDIA
                if address := model_link(self, "dolt_deleted"):
                    response.add_post_render_callback(_adding_tool(address))
        return response

    return wrapped


def _adding_tool(address: str) -> Callable[[HttpResponse], None]:
    """A callback that puts the link to the deleted objects among the list's tools.

    The template is Django's, a site's or another package's: the link is put into what it made.
    """

    def add(response: HttpResponse) -> None:
        item = format_html(
            '<li><a href="{}" class="dolt-deleted-link">{}</a></li>', address, _("Deleted objects")
        ).encode(response.charset)
        opening = b'<ul class="object-tools">'
        if _TOOLS.search(response.content):
            response.content = _TOOLS.sub(lambda found: opening + item, response.content, count=1)
        else:
            whole = b'<div id="content-main">' + opening + item + b"</ul>"
            response.content = _CONTENT.sub(lambda found: whole, response.content, count=1)

    return add


def _does_not_exist(stock: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(stock)
    def wrapped(self: Any, request: HttpRequest, opts: Any, object_id: str) -> Any:
        # An inherited history page of another package asks here too, for its own model.
        if (
            opts is self.opts
            and is_versioned(self)
            and TO_FIELD_VAR not in request.GET
            and TO_FIELD_VAR not in request.POST
        ):
            found = elsewhere_response(self, request, object_id)
            if found is not None:
                return found
        return stock(self, request, opts, object_id)

    return wrapped


def _where_open(stock: Callable[..., Any]) -> Callable[..., Any]:
    """On a branch that takes no writes from the user, objects are looked at.

    The write would be refused in any case, below; so no form is offered whose input would be lost.
    """

    @wraps(stock)
    def wrapped(self: Any, request: HttpRequest, *args: Any) -> bool:
        return bool(stock(self, request, *args)) and not (
            is_versioned(self) and is_closed(request, place_of(self))
        )

    return wrapped


_WRAPPED: dict[str, Callable[[Callable[..., Any]], Callable[..., Any]]] = {
    "history_view": _history_view,
    "get_urls": _get_urls,
    "get_changelist_instance": _get_changelist_instance,
    "changelist_view": _changelist_view,
    "_get_obj_does_not_exist_redirect": _does_not_exist,
}
