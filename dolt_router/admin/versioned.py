"""What the pages about one object have in common: which admins have them, and where they are.

A ModelAdmin is versioned when its model's rows are: managed, on a Dolt database, not shared. It
opts out by `dolt_versioning = False`.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import django
from django.contrib.admin.utils import flatten_fieldsets, quote
from django.db import router
from django.http import Http404, HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from .. import access, aliases
from ..conf import conf
from ..exceptions import BranchDoesNotExist, BranchForbidden, InvalidBranchName
from ..names import is_commit_hash
from ..shared import shared_tables
from ..versioning.branches import resolve
from ..versioning.points import Place
from . import refs

# Breadcrumbs are a list from Django 6.1 on.
CRUMBS_ARE_A_LIST = django.VERSION >= (6, 1)


def is_versioned(model_admin: Any) -> bool:
    """Whether the rows of this ModelAdmin's model have a history, and it wants to show it."""
    if not getattr(model_admin, "dolt_versioning", True):
        return False
    model = model_admin.model._meta.concrete_model
    options = model._meta
    if not options.managed or options.db_table.lower() in shared_tables():
        return False
    if len(getattr(options, "pk_fields", ())) > 1:
        return False  # Django's admin has no pages for it
    return aliases.handler().target(router.db_for_read(model)) is not None


def is_closed(request: HttpRequest, place: Place) -> bool:
    """Whether the request's user can change nothing on a branch; asked once a request."""
    known: dict[Place, bool] = request.__dict__.setdefault("_dolt_closed", {})
    if place not in known:
        known[place] = not access.may("write", place.ref, place.root)
    return known[place]


def place_of(model_admin: Any) -> Place:
    """The database and the branch that a request's queries on the model run on."""
    target = aliases.handler().target(router.db_for_read(model_admin.model))
    assert target is not None
    return Place(target.root, target.ref)


def object_on(model_admin: Any, pk: Any, place: Place) -> Any:
    """An instance that stands for the object with this key on the branch; not fetched."""
    found = model_admin.model(pk=pk)
    found._state.db = aliases.branch_alias(place.ref, place.root)
    return found


def key_of(model_admin: Any, raw: str) -> Any:
    """The primary key that a (decoded) part of an address stands for.

    Raises:
        Http404: it can't be one.
    """
    from django.core.exceptions import ValidationError

    try:
        return model_admin.model._meta.pk.to_python(raw)
    except (ValidationError, ValueError) as error:
        raise Http404(_("There is no such object.")) from error


def commit_named(request: HttpRequest, ref: str, place: Place) -> str:
    """The commit that a ref in an address stands for, if whoever asks may read it there.

    Raises:
        Http404: there is no such ref, or it isn't theirs to read.
    """
    try:
        commit = resolve(ref, place.root)
        if is_commit_hash(ref) or not is_branch(ref, place):
            refs.require_commit(request, commit)
        elif ref != place.ref and not refs.may_read(request, ref):
            raise BranchForbidden(ref)
    except (BranchDoesNotExist, BranchForbidden, InvalidBranchName) as error:
        raise Http404(_("There is no version “%(ref)s” here.") % {"ref": ref[:100]}) from error
    return commit


def is_branch(ref: str, place: Place) -> bool:
    """Whether a ref that exists is a branch, rather than a tag."""
    return bool(aliases.handler()[aliases.branch_alias(ref, place.root)].is_branch)


def hidden_fields(model_admin: Any, request: HttpRequest, obj: Any = None) -> set[str]:
    """The fields that the ModelAdmin keeps from everybody: its `exclude`, unless shown read-only.

    Their values are in no history either.
    """
    excluded = set(model_admin.get_exclude(request, obj) or ())
    return excluded - set(model_admin.get_readonly_fields(request, obj))


def fields_not_to_restore(model_admin: Any, request: HttpRequest, obj: Any) -> set[str]:
    """The fields that the user can't set in the object's form, and so can't restore either.

    Fields that no form has (`editable=False`, as `auto_now` makes them) are not among them:
    they follow the others.
    """
    options = model_admin.model._meta
    shown = set(flatten_fieldsets(model_admin.get_fieldsets(request, obj)))
    settable = shown - set(model_admin.get_readonly_fields(request, obj))
    stored = [*options.concrete_fields, *options.many_to_many]
    excluded = set(model_admin.get_exclude(request, obj) or ())
    return {
        field.name
        for field in stored
        if (field.editable and field.name not in settable) or field.name in excluded
    }


def author_name(author: str) -> str:
    """The name in `Name <email>`."""
    return author.partition(" <")[0] or author


def link(site: Any, name: str, *args: Any, **query: str) -> str:
    """The address of a page of the admin; "" when the site doesn't have it."""
    try:
        address = reverse(f"admin:{name}", args=args, current_app=site.name)
    except NoReverseMatch:
        return ""
    return f"{address}?{urlencode(query)}" if query else address


def model_link(model_admin: Any, page: str, *args: Any, **query: str) -> str:
    """The address of a page of the model's admin; "" when it doesn't have it."""
    options = model_admin.opts
    return link(
        model_admin.admin_site, f"{options.app_label}_{options.model_name}_{page}", *args, **query
    )


def object_link(model_admin: Any, page: str, pk: Any, **query: str) -> str:
    """The address of a page of one object's."""
    return model_link(model_admin, page, quote(pk), **query)


Crumb = tuple[str, str]  # address, text; "" for the page itself


def page_context(
    model_admin: Any, request: HttpRequest, title: str, crumbs: list[Crumb], **more: Any
) -> dict[str, Any]:
    """The context that every page about objects of this ModelAdmin needs."""
    site, options = model_admin.admin_site, model_admin.opts
    request.current_app = site.name
    trail: list[Crumb] = [
        (link(site, "index"), _("Home")),
        (link(site, "app_list", options.app_label), str(options.app_config.verbose_name)),
        (model_link(model_admin, "changelist"), capfirst(options.verbose_name_plural)),
        *crumbs,
    ]
    return {
        **site.each_context(request),
        "title": title,
        "subtitle": None,
        "opts": options,
        "trail": trail,
        "crumbs_are_a_list": CRUMBS_ARE_A_LIST,
        "place": place_of(model_admin),
        "default_branch": str(conf.DEFAULT_BRANCH),
        **more,
    }
