"""Create, rename and delete a branch."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.contrib.admin import AdminSite
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from .. import access
from ..aliases import current_branch
from ..conf import conf
from ..exceptions import DoltRouterError
from ..models import Branch
from ..names import MAX_LENGTH
from ..responses import status_of
from ..selectors import SESSION_KEY, switch_branch
from ..versioning import branches
from ..versioning.distances import distance
from . import refs
from .pages import page, render
from .switching import safe_next

_NAME = {"autocapitalize": "none", "autocomplete": "off", "spellcheck": "false"}


class BranchForm(forms.Form):
    """The name of a new branch, and where it starts."""

    # Beside a ModelAdmin's form on the same page: the bar has this form too.
    prefix = "branch"

    name = forms.CharField(
        label=gettext_lazy("Name"),
        max_length=MAX_LENGTH,
        widget=forms.TextInput(attrs={**_NAME, "class": "vTextField"}),
        help_text=gettext_lazy("Letters, digits and / . - _, for example: autumn/prices"),
    )
    start_point = forms.CharField(
        label=gettext_lazy("Starts from"),
        max_length=MAX_LENGTH,
        widget=forms.TextInput(attrs={**_NAME, "class": "vTextField"}),
        help_text=gettext_lazy("A branch, a tag or the hash of a commit."),
    )


class NameForm(forms.Form):
    """Another name for a branch."""

    prefix = "branch"
    name = BranchForm.base_fields["name"]


def refused(
    request: HttpRequest, form: forms.Form, error: DoltRouterError, field: str | None = None
) -> None:
    """Tell on the form what a verb refused; what is no refusal is raised."""
    if status_of(error) >= 500:
        raise error
    form.add_error(field, refs.told(request, error))


def create(request: HttpRequest, site: AdminSite) -> HttpResponse:
    """A new branch, and go there."""
    given = {"start_point": request.GET.get("start_point") or current_branch()}
    form = BranchForm(request.POST if request.method == "POST" else None, initial=given)
    if request.method == "POST" and form.is_valid():
        name, start = form.cleaned_data["name"], form.cleaned_data["start_point"]
        try:
            refs.ref_named(request, start)
            Branch.objects.create(name=name, start_point=start)
        except DoltRouterError as error:
            about_start = getattr(error, "branch", None) == start != name
            refused(request, form, error, "start_point" if about_start else "name")
        else:
            if access.may("read", name):
                switch_branch(request, name)
                told = _("Created the branch %(branch)s. You are on it now.")
            else:  # by its name it belongs to others
                told = _("Created the branch %(branch)s, which you may not open.")
            messages.success(request, told % {"branch": name})
            return HttpResponseRedirect(safe_next(request, site))
    return render(
        request,
        site,
        "branch_form.html",
        _("New branch"),
        form=form,
        submit=_("Create and switch"),
        next=safe_next(request, site),
    )


@page("rename/", "dolt_router_branch_rename")
def rename(request: HttpRequest, site: AdminSite) -> HttpResponse:
    """Another name for a branch."""
    old = refs.branch_named(request, request.GET.get("branch", ""))
    form = NameForm(request.POST if request.method == "POST" else None, initial={"name": old})
    if request.method == "POST" and form.is_valid():
        new = form.cleaned_data["name"]
        try:
            branches.rename(old, new)
        except DoltRouterError as error:
            refused(request, form, error, "name")
        else:
            if request.session.get(SESSION_KEY) == old:
                switch_branch(request, new)
            told = _("%(old)s is now called %(new)s.") % {"old": old, "new": new}
            messages.success(request, told)
            return HttpResponseRedirect(_list(site))
    title = _("Rename %(branch)s") % {"branch": old}
    return render(
        request,
        site,
        "branch_form.html",
        title,
        form=form,
        submit=_("Rename"),
        next=_list(site),
    )


@page("delete/", "dolt_router_branch_delete_one")
def delete(request: HttpRequest, site: AdminSite) -> HttpResponse:
    """Ask, telling what would be lost, and on POST delete the branch."""
    name = refs.branch_named(request, request.GET.get("branch", ""))
    ahead, _behind = distance(name, str(conf.DEFAULT_BRANCH))
    problem = ""
    if request.method == "POST":
        if ahead and request.POST.get("lose") != "yes":
            problem = _("Say that the commits may be lost, or merge the branch first.")
        else:
            problem = _deleted(request, name)
        if not problem:
            told = _("Deleted the branch %(branch)s.") % {"branch": name}
            messages.success(request, told)
            return HttpResponseRedirect(_list(site))
    lost = ngettext(
        "%(n)d commit of it is not in %(default)s and would be lost.",
        "%(n)d commits of it are not in %(default)s and would be lost.",
        ahead,
    ) % {"n": ahead, "default": conf.DEFAULT_BRANCH}
    return render(
        request,
        site,
        "branch_delete.html",
        _("Delete %(branch)s") % {"branch": name},
        branch=name,
        ahead=ahead,
        lost=lost,
        problem=problem,
    )


def _deleted(request: HttpRequest, name: str) -> str:
    """Delete a branch; why it was refused, or ''."""
    try:
        branches.delete(name, force=True)
    except DoltRouterError as error:
        if status_of(error) >= 500:
            raise
        return refs.told(request, error)
    if request.session.get(SESSION_KEY) == name:
        switch_branch(request, None)
    return ""


def _list(site: AdminSite) -> str:
    return reverse(f"{site.name}:dolt_router_branch_changelist")


__all__ = ["BranchForm", "NameForm", "create", "delete", "rename"]
