"""The page of an object that isn't on the branch one is on: where it is, and the way there.

It takes the place of Django's redirect to the start page, when the object is on another branch or
was deleted on this one. For any other key Django's own answer stands.
"""

from __future__ import annotations

from typing import Any

from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _

from ..conf import conf
from ..models import Branch
from ..versioning.points import Place, quoted
from ..versioning.session import database_connection
from . import refs
from .deleted_objects import Deletion, deletions
from .object_restore import object_then
from .versioned import (
    author_name,
    key_of,
    link,
    model_link,
    object_link,
    page_context,
    place_of,
)

LOOKED_AT = 200  # branches, those with the newest commits first
SHOWN = 10
TOGETHER = 50  # branches that one query asks


def branches_with(model_admin: Any, request: HttpRequest, pk: Any, place: Place) -> list[str]:
    """The branches that have the object and that the user may read; the default one first.

    Only as the ModelAdmin would show it there: its own queryset decides.
    """
    default = str(conf.DEFAULT_BRANCH)
    newest = Branch.objects.using(place.root).order_by("-latest_commit_date")
    names = [name for name in newest.values_list("name", flat=True)[:LOOKED_AT]]
    names = [name for name in dict.fromkeys([default, *names]) if name != place.ref]
    found: list[str] = []
    for at in range(0, len(names), TOGETHER):
        for name in _having_row(model_admin.model, pk, names[at : at + TOGETHER], place):
            if name != default and not refs.may_read(request, name):
                continue
            if object_then(model_admin, request, pk, name, place) is not None:
                found.append(name)
            if len(found) == SHOWN:
                return found
    return found


def _having_row(model: Any, pk: Any, names: list[str], place: Place) -> list[str]:
    """Those of the branches whose table has the row."""
    options = model._meta.concrete_model._meta
    if not names:
        return []
    with database_connection(place.root) as connection, connection.cursor() as cursor:
        parts, values = [], []
        for at, name in enumerate(names):
            table, refs = connection.engine.table_at(options.db_table, name)
            parts.append(f"SELECT {at} FROM {table} WHERE {quoted(options.pk.column)} = %s")
            values += [*refs, options.pk.get_db_prep_value(pk, connection)]
        try:
            cursor.execute(" UNION ALL ".join(parts), values)
            return [names[int(at)] for (at,) in cursor.fetchall()]
        except DatabaseError:  # a branch from before the table was made
            if len(names) == 1:
                return []
    half = len(names) // 2
    return [
        *_having_row(model, pk, names[:half], place),
        *_having_row(model, pk, names[half:], place),
    ]


def _deletion(model_admin: Any, request: HttpRequest, pk: Any, place: Place) -> Deletion | None:
    """The commit that deleted the object on this branch, when the user could see it before."""
    for deletion, _where in deletions(model_admin.model, place, pk=pk):
        if deletion is None:
            break
        if object_then(model_admin, request, pk, deletion.last_in, place) is not None:
            return deletion
    return None


def elsewhere_response(
    model_admin: Any, request: HttpRequest, object_id: str
) -> HttpResponse | None:
    """The page (404) of an object that is on another branch or was deleted; None: neither.

    Raises:
        PermissionDenied: the user may not view the model.
    """
    if not model_admin.has_view_or_change_permission(request):
        raise PermissionDenied
    place = place_of(model_admin)
    raw = unquote(object_id)
    try:
        pk = key_of(model_admin, raw)
    except Http404:
        return None
    found = branches_with(model_admin, request, pk, place)
    deletion = _deletion(model_admin, request, pk, place)
    if not found and deletion is None:
        return None
    site = model_admin.admin_site
    restore = ""
    if (
        deletion is not None
        and model_admin.has_change_permission(request)
        and model_admin.has_add_permission(request)
    ):
        restore = object_link(model_admin, "dolt_restore", pk, version=deletion.last_in)
    name = str(model_admin.opts.verbose_name)
    here = request.path if request.method == "GET" else object_link(model_admin, "change", pk)
    context = page_context(
        model_admin,
        request,
        _("Not on this branch"),
        [("", _("Not on this branch"))],
        name=name,
        key=raw,
        branches=found,
        deletion=deletion,
        author=author_name(deletion.entry.author) if deletion is not None else "",
        commit_url=link(site, "dolt_router_commit", deletion.entry.commit_hash)
        if deletion is not None
        else "",
        restore_url=restore,
        switch_url=link(site, "dolt_router_branch_switch"),
        next=here,
        list_url=model_link(model_admin, "changelist"),
    )
    template = "admin/dolt_router/objects/elsewhere.html"
    return TemplateResponse(request, template, context, status=404)
