"""A commit's page, and the comparison of any two refs."""

from __future__ import annotations

from typing import Any

from django.contrib.admin import AdminSite
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from ..aliases import current_branch, default_root
from ..conf import conf
from ..exceptions import BranchDoesNotExist, DoltRouterError
from ..names import is_commit_hash
from ..responses import status_of
from ..versioning.distances import distances
from ..versioning.points import entry_of, merge_base
from . import refs
from .comparing import Comparison, parameters
from .pages import page, render


@page("commit/<str:commit_hash>/", "dolt_router_commit")
@require_safe
def commit(request: HttpRequest, site: AdminSite, commit_hash: str) -> HttpResponse:
    """Who changed what, when and why."""
    found = refs.ref_named(request, commit_hash)
    if not is_commit_hash(commit_hash) and not found.startswith(commit_hash):
        raise BranchDoesNotExist(commit_hash, default_root())  # a branch's page is its log
    entry = entry_of(found)
    parent = entry.parents[0] if entry.parents else None
    compared = Comparison(request, site, parent or found, found)
    subject, _newline, rest = entry.message.partition("\n")
    return render(
        request,
        site,
        "commit.html",
        subject or _("(no message)"),
        commit=entry,
        rest=rest.strip(),
        is_first=parent is None,
        comparison=compared,
        parameters=parameters(request),
        on=current_branch(),
    )


@page("compare/", "dolt_router_compare")
@require_safe
def compare(request: HttpRequest, site: AdminSite) -> HttpResponse:
    """Two refs, `?from=` and `?to=`; with `?base=1` what `to` changed since it left `from`."""
    old = request.GET.get("from", "").strip() or str(conf.DEFAULT_BRANCH)
    new = request.GET.get("to", "").strip() or current_branch()
    since_fork = request.GET.get("base") == "1"
    values: dict[str, Any] = {}
    status = 200
    try:
        before, after = refs.ref_named(request, old), refs.ref_named(request, new)
    except DoltRouterError as error:
        status = status_of(error)
        if status >= 500:
            raise
        values["problem"] = refs.told(request, error)
    else:
        ahead, behind = distances({"": after}, before)[""]
        base = (merge_base(before, after) or before) if since_fork else before
        on = None if is_commit_hash(new) else new
        compared = Comparison(request, site, base, after, on)
        values.update(comparison=compared, ahead=ahead, behind=behind)
    return render(
        request,
        site,
        "compare.html",
        _("Compare"),
        old=old,
        new=new,
        since_fork=since_fork,
        parameters=parameters(request),
        status=status,
        **values,
    )
