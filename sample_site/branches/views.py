"""The pages behind the branch bar: list, switch, create, log, changes, merge, revert, delete.

Anyone may look and switch; making and deleting a branch takes a login; merging into and
reverting on a branch takes a member of staff.
"""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.core.paginator import Page, Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from dolt_router import current_branch
from dolt_router.conf import conf
from dolt_router.exceptions import BranchDoesNotExist, DoltRouterError, MergeConflict
from dolt_router.models import Branch, Commit
from dolt_router.selectors import switch_branch

from .changes import Comparison
from .forms import BranchForm, SwitchForm
from .places import safe_next, same_page_on


def get_branch(name: str) -> Branch:
    """The branch, or a 404 page that names it."""
    found = Branch.objects.filter(name=name).first()
    if found is None:
        raise BranchDoesNotExist(name, known=Branch.objects.values_list("name", flat=True))
    return found


def get_commit(commit_hash: str, on: str) -> Commit:
    """The commit in the log of `on`, or 404."""
    found = Commit.objects.on(on).filter(commit_hash=commit_hash).first()
    if found is None:
        raise Http404(f"No commit {commit_hash} on {on}.")
    return found


def require_staff(request: HttpRequest) -> None:
    """Refuse whoever may not change production."""
    if not request.user.is_staff:
        raise PermissionDenied


def first_error(form: Any) -> str:
    """The first thing wrong with a form, for a message."""
    return str(next(iter(form.errors.values()))[0])


def page_of(request: HttpRequest, rows: Any, size: int) -> Page:
    """The page that `?page=` asks for."""
    return Paginator(rows, size).get_page(request.GET.get("page"))


@require_safe
def branch_list(request: HttpRequest) -> HttpResponse:
    """All branches, newest commit first, with how far each is from production."""
    branches = Branch.objects.order_by("-latest_commit_date", "name")
    if text := request.GET.get("q", "").strip():
        branches = branches.filter(name__icontains=text)
    page = page_of(request, branches, 15)
    for branch in page:
        branch.ahead, branch.behind = (0, 0) if branch.is_default else branch.ahead_behind()
    context = {"page_obj": page, "current": current_branch(), "q": text}
    return render(request, "branches/list.html", context)


@require_POST
def switch(request: HttpRequest) -> HttpResponse:
    """Keep the branch in the session, and stay on the page."""
    form, page = SwitchForm(request.POST), safe_next(request)
    if not form.is_valid():
        messages.error(request, first_error(form))
        return redirect(page)
    name = form.cleaned_data["branch"]
    switch_branch(request, name)
    page, told = same_page_on(name, page)
    if told:
        messages.warning(request, told)
    return redirect(page)


@require_POST
@login_required
def create(request: HttpRequest) -> HttpResponse:
    """A new branch from where we are, and go there."""
    form, page = BranchForm(request.POST), safe_next(request)
    if not form.is_valid():
        messages.error(request, first_error(form))
        return redirect(page)
    name, start = form.cleaned_data["name"], form.cleaned_data["start_point"] or current_branch()
    try:
        Branch.objects.create(name=name, start_point=start)
    except DoltRouterError as error:
        messages.error(request, str(error))
        return redirect(page)
    switch_branch(request, name)
    messages.success(request, f"Created {name} from {start}. You are on it now.")
    return redirect(page)


@require_safe
def log(request: HttpRequest, name: str) -> HttpResponse:
    """The commits of a branch, newest first."""
    branch = get_branch(name)
    page = page_of(request, branch.commits(), 20)
    return render(request, "branches/log.html", {"branch": branch, "page_obj": page})


@require_safe
def commit(request: HttpRequest, commit_hash: str) -> HttpResponse:
    """What one commit changed."""
    name = request.GET.get("on") or current_branch()
    found = get_commit(commit_hash, get_branch(name).name)
    parents = found.parents()
    tables = Comparison(parents[0], commit_hash).tables(found.diff()) if parents else []
    context = {"branch": name, "commit": found, "parents": parents, "tables": tables}
    return render(request, "branches/commit.html", context)


@require_safe
def changes(request: HttpRequest, name: str) -> HttpResponse:
    """What merging a branch into production would bring."""
    branch = get_branch(name)
    return render(request, "branches/changes.html", comparison(branch))


def comparison(branch: Branch) -> dict[str, Any]:
    """How a branch differs from production: the context of two pages."""
    into = conf.DEFAULT_BRANCH
    ahead, behind = branch.ahead_behind(into=into)
    # Since the fork: what production got meanwhile is none of this branch's doing.
    compared = Comparison(into, branch.name, since_fork=True)
    return {
        "branch": branch,
        "into": into,
        "ahead": ahead,
        "behind": behind,
        "tables": compared.tables(branch.diff(into=into)),
    }


@login_required
def merge(request: HttpRequest, name: str) -> HttpResponse:
    """Preview, and on POST the merge into production."""
    branch, into = get_branch(name), conf.DEFAULT_BRANCH
    if branch.is_default:
        raise Http404("Production can't be merged into itself.")
    if request.method == "POST":
        require_staff(request)
        try:
            result = branch.merge(
                into=into, message=request.POST.get("message", "").strip()[:500] or None
            )
        except MergeConflict as error:
            # Nothing was written: the page below shows what is in the way.
            messages.error(request, f"Not merged: {len(error.tables)} table(s) in conflict.")
        else:
            switch_branch(request, None)
            done = "was merged already" if result.up_to_date else f"is now in {into}"
            messages.success(request, f"{name} {done}. You are back on {into}.")
            return redirect("branches:log", name=into)
    context = comparison(branch)
    preview = branch.preview_merge(into=into)
    context["conflicts"] = [*preview.conflicts.items()]
    context["conflicts"] += [(table, 0) for table in preview.schema_conflicts]
    return render(request, "branches/merge.html", context)


@require_POST
@login_required
def revert(request: HttpRequest, commit_hash: str) -> HttpResponse:
    """Undo a commit by a new one on the branch whose log the button stood in."""
    require_staff(request)
    name = request.POST.get("on") or current_branch()
    found = get_commit(commit_hash, get_branch(name).name)
    try:
        made = found.revert(on=name)
    except MergeConflict as error:
        listed = ", ".join(sorted(error.tables))
        messages.error(request, f"Can't revert: later commits changed the same rows ({listed}).")
    except DoltRouterError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, f'Reverted "{found.subject}" on {name} with {made[:8]}.')
    return redirect("branches:log", name=name)


@login_required
def delete(request: HttpRequest, name: str) -> HttpResponse:
    """Ask, and on POST delete the branch. Commits that aren't merged are lost with it."""
    branch = get_branch(name)
    if branch.is_default:
        raise Http404("Production can't be deleted.")
    if request.method == "POST":
        if current_branch() == name:
            switch_branch(request, None)
        branch.delete(force=True)
        messages.success(request, f"Deleted {name}.")
        return redirect("branches:list")
    ahead, _behind = branch.ahead_behind()
    return render(request, "branches/delete.html", {"branch": branch, "ahead": ahead})
