"""Merge one branch into another: what it brings, what conflicts, and then the merge."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.contrib.admin import AdminSite
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import NoReverseMatch, reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from .. import access
from ..aliases import current_branch
from ..conf import conf
from ..exceptions import DoltRouterError, MergeConflict
from ..responses import status_of
from ..selectors import SESSION_KEY, switch_branch
from ..versioning import branches, merges
from ..versioning.distances import distances
from ..versioning.points import merge_base
from . import refs
from .applying import shown_conflicts
from .comparing import Comparison, parameters
from .pages import page, render

STRATEGIES = [
    ("merge", gettext_lazy("Merge")),
    ("no-ff", gettext_lazy("Merge, always with a commit of its own")),
    ("ff-only", gettext_lazy("Only if nothing came between")),
    ("squash", gettext_lazy("All its commits as one")),
]


class MergeForm(forms.Form):
    """How to merge, and what was looked at."""

    message = forms.CharField(
        label=gettext_lazy("Message"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 3, "class": "vLargeTextField"}),
        help_text=gettext_lazy("Of the merge commit. Empty: the names of both branches."),
    )
    strategy = forms.ChoiceField(label=gettext_lazy("How"), choices=STRATEGIES)
    delete_source = forms.BooleanField(
        label=gettext_lazy("Delete the branch afterwards"), required=False
    )
    source_hash = forms.CharField(widget=forms.HiddenInput)
    target_hash = forms.CharField(widget=forms.HiddenInput)


@page("merge/", "dolt_router_merge")
def merge(request: HttpRequest, site: AdminSite) -> HttpResponse:
    """Merge `?source=` (the current branch) into `?into=` (the default branch)."""
    source = request.GET.get("source", "").strip() or current_branch()
    into = request.GET.get("into", "").strip() or str(conf.DEFAULT_BRANCH)
    source, into = refs.branch_named(request, source), refs.branch_named(request, into)
    head, target = refs.head_of(source), refs.head_of(into)
    form = MergeForm(
        request.POST if request.method == "POST" else None,
        initial={"strategy": "merge", "source_hash": head, "target_hash": target},
    )
    problem = ""
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        if (given["source_hash"], given["target_hash"]) != (head, target):
            problem = _("A branch moved meanwhile. Look at the changes again, then merge.")
            form = MergeForm(initial={**given, "source_hash": head, "target_hash": target})
        else:
            problem = _merged(request, source, into, form)
        if not problem:
            log = reverse(f"{site.name}:dolt_router_log")
            return HttpResponseRedirect(f"{log}?{urlencode({'ref': into})}")
    ahead, behind = distances({source: head}, target)[source]
    base = merge_base(target, head) or target
    preview = merges.preview_merge(source, into) if ahead and behind else None
    conflicts = {} if preview is None else preview.conflicts
    schema = {} if preview is None else dict.fromkeys(preview.schema_conflicts, 1)
    act = {"source": source, "source_hash": head, "target_hash": target, "strategy": "merge"}
    return render(
        request,
        site,
        "merge.html",
        _("Merge %(source)s into %(into)s") % {"source": source, "into": into},
        source=source,
        into=into,
        form=form,
        ahead=ahead,
        behind=behind,
        problem=problem,
        refusal=refusal(request, into, **act),
        conflicts=shown_conflicts(request, conflicts),
        schema_conflicts=shown_conflicts(request, schema),
        conflicts_url=_conflicts_url(site, source, into),
        comparison=Comparison(request, site, base, head, source),
        parameters=parameters(request),
        may_delete=access.may("delete", source),
    )


def refusal(request: HttpRequest, into: str, **act: str) -> str:
    """Why the reader may not merge into a branch; '' when they may."""
    try:
        access.require("merge", into, **act)
    except DoltRouterError as error:
        return refs.told(request, error)
    return ""


def _merged(request: HttpRequest, source: str, into: str, form: MergeForm) -> str:
    """Merge; why it was refused, or ''."""
    given = form.cleaned_data
    try:
        result = merges.merge(source, into, given["message"] or None, strategy=given["strategy"])
    except MergeConflict:
        return _("Not merged: both branches changed the same rows. Resolve the conflicts first.")
    except DoltRouterError as error:
        if status_of(error) >= 500:
            raise
        return refs.told(request, error)
    words = {"source": source, "into": into}
    if result.up_to_date:
        messages.info(request, _("%(source)s was in %(into)s already.") % words)
    else:
        messages.success(request, _("Merged %(source)s into %(into)s.") % words)
    if given["delete_source"]:
        try:
            branches.delete(source)
        except DoltRouterError as error:
            messages.warning(request, refs.told(request, error))
        else:
            if request.session.get(SESSION_KEY) == source:
                switch_branch(request, None)
    return ""


def _conflicts_url(site: AdminSite, source: str, into: str) -> str:
    try:
        url = reverse(f"{site.name}:dolt_router_conflicts")
    except NoReverseMatch:
        return ""
    return f"{url}?{urlencode({'source': source, 'into': into})}"
