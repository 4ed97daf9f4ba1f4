"""Where to go after switching: the same page, if the other branch has it."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from django.http import HttpRequest
from django.urls import Resolver404, resolve, reverse
from django.utils.http import url_has_allowed_host_and_scheme

from dolt_router import branch_alias


def safe_next(request: HttpRequest) -> str:
    """The page that the form named, when it is one of this site, else the dashboard."""
    page = request.POST.get("next", "")
    if url_has_allowed_host_and_scheme(page, {request.get_host()}, request.is_secure()):
        return page
    return reverse("dashboard")


def same_page_on(name: str, page: str) -> tuple[str, str]:
    """The page to show on branch `name`, and what to tell when it is not the same one.

    A page of one object (`/devices/12/`) is there only where the object is. Its list is
    everywhere.
    """
    try:
        match = resolve(urlsplit(page).path)
    except Resolver404:
        return reverse("dashboard"), ""
    model: Any = getattr(getattr(match.func, "view_class", None), "model", None)
    if model is None or "pk" not in match.kwargs:
        return page, ""
    if model.objects.using(branch_alias(name)).filter(pk=match.kwargs["pk"]).exists():
        return page, ""
    lists = {"device": "devices", "site": "sites"}
    fallback = reverse(lists.get(model._meta.model_name, "dashboard"))
    return fallback, f"That {model._meta.verbose_name} does not exist on {name}."
