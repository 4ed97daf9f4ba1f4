"""Pages of preview links: make and revoke them, open one, leave it."""

from __future__ import annotations

import datetime
from typing import Any

from django.contrib import messages
from django.contrib.admin import AdminSite
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme, urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.http import require_POST

from dolt_router.admin import refs
from dolt_router.admin.pages import page, render
from dolt_router.admin.switching import safe_next
from dolt_router.selectors import QUERY_PARAMETER

from . import previewing
from .models import PreviewLink

DAYS = [
    (1, gettext_lazy("one day")),
    (7, gettext_lazy("one week")),
    (30, gettext_lazy("30 days")),
]


# Takes the place of the page of the same name that only knows links for members of the staff.
@page("share/", "dolt_router_share")
@require_POST
def share(request: HttpRequest, site: AdminSite) -> HttpResponse:
    """A link for the staff, and preview links for anyone: the reader's own, and a new one."""
    name = refs.branch_named(request, request.POST.get("branch", ""))
    back = safe_next(request, site)
    made = None
    days = request.POST.get("days", "")
    if days in {str(number) for number, _label in DAYS}:
        expires = datetime.timedelta(days=int(days))
        made = PreviewLink.objects.create_for(name, request.user, expires)
    elif number := request.POST.get("revoke", ""):
        _revoke(request, number)
    joint = "&" if "?" in back else "?"
    plain = request.build_absolute_uri(f"{back}{joint}{urlencode({QUERY_PARAMETER: name})}")
    links = PreviewLink.objects.filter(branch=name, created_by=request.user, revoked_at=None)
    return render(
        request,
        site,
        "share.html",
        _("Share %(branch)s") % {"branch": name},
        branch=name,
        back=back,
        link=plain,
        previews=True,
        days=DAYS,
        made=_address(request, site, made, back) if made else "",
        links=[link for link in links if link.is_live],
    )


def _revoke(request: HttpRequest, number: str) -> None:
    own = PreviewLink.objects.filter(created_by=request.user)
    link = own.filter(pk=int(number)).first() if number.isdecimal() else None
    if link is None:
        raise Http404(_("There is no such link."))
    link.revoke(request.user)
    messages.success(request, _("The link is revoked."))


def _address(request: HttpRequest, site: AdminSite, link: PreviewLink, back: str) -> str:
    url = reverse(f"{site.name}:dolt_router_preview", args=[link.token])
    query = (
        "" if back.startswith(reverse(f"{site.name}:index")) else f"?{urlencode({'next': back})}"
    )
    return request.build_absolute_uri(url + query)


@page("preview/leave/", "dolt_router_preview_leave", public=True)
@csrf_protect
@require_POST
def leave(request: HttpRequest, site: AdminSite) -> HttpResponse:
    """Back to the default branch."""
    previewing.leave(request)
    return HttpResponseRedirect("/")


@page("preview/<str:token>/", "dolt_router_preview", public=True)
@csrf_protect
@never_cache
def preview(request: HttpRequest, site: AdminSite, token: str) -> HttpResponse:
    """Say what the link shows; on POST open it. An invalid one is answered with a 403."""
    link = PreviewLink.objects.resolve(token)
    if request.method == "POST":
        previewing.enter(request, link)
        return HttpResponseRedirect(_start(request))
    values: dict[str, Any] = {
        "link": link,
        "next": _start(request),
        "is_nav_sidebar_enabled": False,
    }
    return render(request, site, "preview.html", _("Preview"), **values)


def _start(request: HttpRequest) -> str:
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    if url_has_allowed_host_and_scheme(wanted, {request.get_host()}, request.is_secure()):
        return wanted
    return "/"
