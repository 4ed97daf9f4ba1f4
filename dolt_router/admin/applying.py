"""Undo a commit, or repeat it on a branch: with a look at what that would change first."""

from __future__ import annotations

from typing import Any, NamedTuple

from django.contrib import messages
from django.contrib.admin import AdminSite
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from .. import access
from ..aliases import current_branch
from ..exceptions import DoltRouterError, hidden_tables
from ..responses import status_of
from ..versioning import commits, trials
from ..versioning.points import entry_of
from ..visibility import viewable_tables
from . import refs
from .comparing import Comparison, parameters
from .pages import page, render
from .values import table_label


class Verb(NamedTuple):
    """The words and the functions of a page."""

    title: Any
    explained: Any
    submit: Any
    done: Any
    nothing: Any
    preview: Any
    act: Any


REVERT = Verb(
    gettext_lazy("Revert on %(on)s"),
    gettext_lazy("A new commit on %(on)s will undo what this commit changed."),
    gettext_lazy("Revert"),
    gettext_lazy("Reverted on %(on)s."),
    gettext_lazy("It is undone on %(on)s already."),
    trials.trial_of_revert,
    commits.revert,
)
CHERRY_PICK = Verb(
    gettext_lazy("Cherry-pick onto %(on)s"),
    gettext_lazy("A new commit on %(on)s will repeat what this commit changed."),
    gettext_lazy("Cherry-pick"),
    gettext_lazy("Done: %(on)s has these changes now."),
    gettext_lazy("%(on)s has these changes already."),
    trials.trial_of_cherry_pick,
    commits.cherry_pick,
)


@page("revert/", "dolt_router_revert")
def revert(request: HttpRequest, site: AdminSite) -> HttpResponse:
    """Undo `?commit=` on branch `?on=` (the current one)."""
    return applied(request, site, REVERT)


@page("cherry-pick/", "dolt_router_cherry_pick")
def cherry_pick(request: HttpRequest, site: AdminSite) -> HttpResponse:
    """Repeat `?commit=` on branch `?on=` (the current one)."""
    return applied(request, site, CHERRY_PICK)


def applied(request: HttpRequest, site: AdminSite, verb: Verb) -> HttpResponse:
    """Show what would change; on POST, do it, when the branch is still what was shown."""
    on = refs.branch_named(request, request.GET.get("on", "").strip() or current_branch())
    commit_hash = refs.ref_named(request, request.GET.get("commit", ""))
    words = {"on": on}
    problem = ""
    if request.method == "POST":
        problem = _done(request, verb, commit_hash, on)
        if not problem:
            messages.success(request, verb.done % words)
            log = reverse(f"{site.name}:dolt_router_log")
            return HttpResponseRedirect(f"{log}?{urlencode({'ref': on})}")
    with verb.preview(commit_hash, on) as trial:
        compared = Comparison(request, site, trial.head, trial.result or trial.head)
        tables = compared.tables  # read while the result is there
    return render(
        request,
        site,
        "apply.html",
        verb.title % words,
        commit=entry_of(commit_hash),
        on=on,
        explained=verb.explained % words,
        submit=verb.submit,
        nothing="" if compared.summary or trial.conflicts else verb.nothing % words,
        head=trial.head,
        conflicts=shown_conflicts(request, trial.conflicts),
        is_closed=not access.may("write", on),
        comparison=compared,
        tables=tables,
        parameters=parameters(request),
        problem=problem,
    )


def _done(request: HttpRequest, verb: Verb, commit_hash: str, on: str) -> str:
    """Do it; why it was refused, or ''."""
    if request.POST.get("head") != refs.head_of(on):
        return _("%(on)s moved meanwhile. Look at the changes again.") % {"on": on}
    try:
        verb.act(commit_hash, on)
    except DoltRouterError as error:
        if status_of(error) >= 500:
            raise
        return refs.told(request, error)
    return ""


def shown_conflicts(request: HttpRequest, tables: dict[str, int]) -> list[tuple[str, int]]:
    """Rows in conflict by what people call them; those of tables they may not view together."""
    seen = viewable_tables(request.user, tables, request)
    found = [(table_label(table), rows) for table, rows in sorted(tables.items()) if table in seen]
    if hidden := [rows for table, rows in tables.items() if table not in seen]:
        found.append((hidden_tables(len(hidden)), sum(hidden)))
    return found
