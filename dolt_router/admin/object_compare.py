"""Two versions of one object beside each other, field by field."""

from __future__ import annotations

import datetime
from typing import Any

from django.contrib.admin.utils import unquote
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _

from ..names import is_commit_hash
from ..versioning.object_rows import Values, rows_of
from ..versioning.points import LogEntry, Place
from ..versioning.rows import MISSING, FieldChange
from ..versioning.session import database_connection
from ..versioning.versions import same
from .object_history import viewable_object
from .object_texts import Texts
from .versioned import (
    author_name,
    commit_named,
    hidden_fields,
    key_of,
    link,
    object_link,
    object_on,
    page_context,
    place_of,
)


class Side:
    """One of the versions that are compared: what was asked for, and the commit that it is."""

    def __init__(self, request: HttpRequest, ref: str, place: Place) -> None:
        self.ref = ref
        self.commit = commit_named(request, ref, place)
        self.is_branch = not is_commit_hash(ref)
        self.entry = entry_of(self.commit, place)

    @property
    def name(self) -> str:
        """What the column is called."""
        return self.ref if self.is_branch else self.commit[:8]

    @property
    def author(self) -> str:
        return author_name(self.entry.author)


def entry_of(commit: str, place: Place) -> LogEntry:
    """The log entry of a commit that is there."""
    with database_connection(place.root) as connection, connection.cursor() as cursor:
        (row,) = connection.engine.log(cursor, commit, (), 1, 0)
    date = row.date.replace(tzinfo=datetime.timezone.utc)
    author = f"{row.committer} <{row.email}>"
    return LogEntry(row.commit_hash, row.parents, author, date, row.message)


def values_of_both(
    model_admin: Any, pk: Any, place: Place, one: str, other: str
) -> tuple[Values | None, Values | None]:
    """The object's values at two commits; None where it isn't there."""
    with rows_of(object_on(model_admin, pk, place), place) as rows:
        return rows.at(one), rows.at(other)


def compare_view(model_admin: Any, request: HttpRequest, object_id: str) -> HttpResponse:
    """`?from=&to=`: two versions of an object; a commit, a branch or a tag each.

    `-branch` takes the name from `?branch=`, as the form of the history page sends it.

    Raises:
        Http404: a version isn't there, or the object is at neither of them.
        PermissionDenied: the user may not view the object.
    """
    obj = viewable_object(model_admin, request, object_id)
    if obj is None:
        return model_admin._get_obj_does_not_exist_redirect(request, model_admin.opts, object_id)
    place = place_of(model_admin)
    pk = key_of(model_admin, unquote(object_id))
    old, new = (Side(request, _asked(request, name, place), place) for name in ("from", "to"))
    before, after = values_of_both(model_admin, pk, place, old.commit, new.commit)
    if before is None and after is None:
        raise Http404(_("The object is in neither of the two versions."))
    names = list(after or before or {})
    changes = [
        FieldChange(name, (before or {}).get(name, MISSING), (after or {}).get(name, MISSING))
        for name in names
    ]
    texts = Texts(model_admin.model, request, place, hidden_fields(model_admin, request, obj))
    texts.fetch(
        ((change.field, value) for change in changes for value in change[1:]),
        refs=[new.commit, old.commit],
    )
    differing = [change for change in changes if not same(change.old, change.new)]
    alike = [change for change in changes if same(change.old, change.new)]
    restores = []
    if model_admin.has_change_permission(request, obj):
        restores = [
            (side.name, object_link(model_admin, "dolt_restore", pk, version=side.commit))
            for side, values in ((old, before), (new, after))
            if values is not None and side.ref != place.ref
        ]
    context = page_context(
        model_admin,
        request,
        _("Compare versions: %s") % obj,
        [
            (object_link(model_admin, "change", pk), str(obj)),
            (object_link(model_admin, "history", pk), _("History")),
            ("", _("Compare versions")),
        ],
        object=obj,
        old=old,
        new=new,
        is_old_missing=before is None,
        is_new_missing=after is None,
        differing=texts.told(differing),
        alike=texts.told(alike),
        restores=restores,
        swap_url=object_link(model_admin, "dolt_compare", pk, **{"from": new.ref, "to": old.ref}),
        history_url=object_link(model_admin, "history", pk),
        old_url=link(model_admin.admin_site, "dolt_router_commit", old.commit),
        new_url=link(model_admin.admin_site, "dolt_router_commit", new.commit),
    )
    return TemplateResponse(request, "admin/dolt_router/objects/compare.html", context)


BRANCH = "-branch"  # stands for "the branch that is typed beside it"; no ref begins with "-"


def _asked(request: HttpRequest, name: str, place: Place) -> str:
    ref = request.GET.get(name, "")
    if ref == BRANCH:
        ref = request.GET.get("branch", "").strip()
    return ref or place.ref
