"""Go to another branch and come back to the same page; find one among thousands; share one."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.admin import AdminSite
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme, urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from ..conf import conf
from ..exceptions import DoltRouterError
from ..protection import is_protected
from ..responses import status_of
from ..selectors import QUERY_PARAMETER, switch_branch
from . import refs
from .pages import page, render

FOUND = 20  # branches that a search shows


def safe_next(request: HttpRequest, site: AdminSite, given: str | None = None) -> str:
    """The page to go back to, when it is one of this site; else the admin's first page."""
    wanted = given or request.POST.get("next") or request.GET.get("next") or ""
    if url_has_allowed_host_and_scheme(wanted, {request.get_host()}, request.is_secure()):
        return wanted
    return reverse(f"{site.name}:index")


@page("switch/", "dolt_router_branch_switch")
@require_POST
def switch(request: HttpRequest, site: AdminSite) -> HttpResponse:
    """Keep the branch in the session, and go back to the page that the form stood on."""
    name = request.POST.get("branch", "").strip()
    try:
        switch_branch(request, refs.branch_named(request, name))
    except DoltRouterError as error:
        if status_of(error) >= 500:
            raise
        messages.error(request, refs.told(request, error))
    return HttpResponseRedirect(safe_next(request, site))


def found_branches(request: HttpRequest, text: str) -> tuple[list[str], int]:
    """The first branches whose names have `text` in them, in any case, and how many have.

    Names that begin with it come first; without any text, the ones of the newest commits.
    """
    from ..models import Branch

    if text:
        low = text.lower()
        found = [name for name in refs.names(request) if low in name.lower()]
        found.sort(key=lambda name: (not name.lower().startswith(low), name))
        return found[:FOUND], len(found)
    opened = refs.names(request)
    newest = Branch.objects.order_by("-latest_commit_date").values_list("name", flat=True)
    known = set(opened)
    recent = [name for name in newest[: FOUND * 2] if name in known]
    first = [conf.DEFAULT_BRANCH] if conf.DEFAULT_BRANCH in known else []
    return list(dict.fromkeys([*first, *recent]))[:FOUND], len(opened)


@page("search/", "dolt_router_branch_search")
@require_safe
def search(request: HttpRequest, site: AdminSite) -> HttpResponse:
    """Branches by a part of their name: as a page of buttons, or as JSON for the script."""
    text = request.GET.get("q", "").strip()[:250]
    found, count = found_branches(request, text)
    shown = [_entry(name) for name in found]
    if request.GET.get("format") == "json":
        return JsonResponse({"branches": shown, "count": count})
    title = _("Switch branch")
    back = safe_next(request, site)
    return render(
        request, site, "switch.html", title, branches=shown, count=count, q=text, back=back
    )


def _entry(name: str) -> dict[str, Any]:
    return {
        "name": name,
        "default": name == conf.DEFAULT_BRANCH,
        "protected": is_protected(name),
    }


@page("share/", "dolt_router_share")
@require_POST
def share(request: HttpRequest, site: AdminSite) -> HttpResponse:
    """A link that shows the page on this branch to whoever may open the branch."""
    name = refs.branch_named(request, request.POST.get("branch", ""))
    back = safe_next(request, site)
    joint = "&" if "?" in back else "?"
    link = request.build_absolute_uri(f"{back}{joint}{urlencode({QUERY_PARAMETER: name})}")
    title = _("Share %(branch)s") % {"branch": name}
    return render(request, site, "share.html", title, branch=name, link=link, back=back)
