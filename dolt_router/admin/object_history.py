"""The history of one object: every version of it, and who last changed each field.

They take the place of Django's own history page, which knows only what was done in the admin.
What that one shows is shown beside it.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from typing import Any

from django.apps import apps
from django.contrib.admin.models import LogEntry
from django.contrib.admin.utils import unquote
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import translation
from django.utils.translation import gettext as _

from ..conf import conf
from ..exceptions import BranchDoesNotExist, InvalidBranchName
from ..models import Branch
from ..versioning.history import blame, history_of
from ..versioning.points import Place
from ..versioning.versions import Version
from ..visibility import may_view
from . import refs
from .object_texts import Texts
from .versioned import (
    author_name,
    commit_named,
    hidden_fields,
    link,
    object_link,
    object_on,
    page_context,
    place_of,
)

PAGE = 20  # versions of a page
LOG_ENTRIES = 50  # of Django's log at most
BRANCHES_OFFERED = 200


def viewable_object(model_admin: Any, request: HttpRequest, object_id: str) -> Any:
    """The object of a page's address; None when it isn't on this branch.

    Raises:
        PermissionDenied: the user may not view it.
    """
    obj = model_admin.get_object(request, unquote(object_id))
    if not model_admin.has_view_or_change_permission(request, obj):
        raise PermissionDenied
    return obj


def history_view(
    model_admin: Any,
    request: HttpRequest,
    object_id: str,
    extra_context: dict[str, Any] | None = None,
) -> HttpResponse:
    """The versions of an object, newest first, `?before=` a commit: the next page.

    Raises:
        Http404: `before` names no commit of this branch.
        PermissionDenied: the user may not view the object.
    """
    obj = viewable_object(model_admin, request, object_id)
    if obj is None:
        return model_admin._get_obj_does_not_exist_redirect(request, model_admin.opts, object_id)
    place = place_of(model_admin)
    before = request.GET.get("before") or None
    if before is not None:
        commit_named(request, before, place)
    found = history_of(object_on(model_admin, obj.pk, place), limit=PAGE + 1, before=before)
    versions, more = found[:PAGE], len(found) > PAGE
    texts = Texts(model_admin.model, request, place, hidden_fields(model_admin, request, obj))
    texts.fetch(
        ((change.field, value) for v in versions for change in v.changes for value in change[1:]),
        refs=[hash_ for v in versions[-1:] for hash_ in (v.commit_hash, *v.parents)],
    )
    may_restore = model_admin.has_change_permission(request, obj)
    rows = [
        _row(model_admin, version, texts, obj.pk, is_now=at == 0 and before is None)
        for at, version in enumerate(versions)
    ]
    context = page_context(
        model_admin,
        request,
        _("History: %s") % obj,
        [(object_link(model_admin, "change", obj.pk), str(obj)), ("", _("History"))],
        object=obj,
        rows=rows,
        before=before,
        next_before=versions[-1].commit_hash if more else None,
        may_restore=may_restore,
        compare_url=object_link(model_admin, "dolt_compare", obj.pk),
        blame_url=object_link(model_admin, "dolt_blame", obj.pk),
        history_url=object_link(model_admin, "history", obj.pk),
        branches=_branches_to_compare(request, place),
        entries=_log_entries(model_admin, request, obj.pk),
        **(extra_context or {}),
    )
    return TemplateResponse(request, "admin/dolt_router/objects/history.html", context)


def _row(model_admin: Any, version: Version, texts: Texts, pk: Any, is_now: bool) -> dict[str, Any]:
    kinds = {"added": _("Added"), "modified": _("Changed"), "deleted": _("Deleted")}
    key = model_admin.opts.pk.name
    restore = ""
    if version.kind != "deleted" and not is_now:
        restore = object_link(model_admin, "dolt_restore", pk, version=version.commit_hash)
    return {
        "version": version,
        "author": author_name(version.author),
        "kind": kinds[version.kind],
        "changes": texts.told((c for c in version.changes if c.field != key), short=True),
        "is_now": is_now,
        "restore_url": restore,
        "commit_url": link(model_admin.admin_site, "dolt_router_commit", version.commit_hash),
    }


def _branches_to_compare(request: HttpRequest, place: Place) -> list[str]:
    """Names to choose from, those with the newest commits first; any other can be typed."""
    names = Branch.objects.using(place.root).order_by("-latest_commit_date")
    found = names.values_list("name", flat=True)[:BRANCHES_OFFERED]
    others = [name for name in found if name not in (place.ref, conf.DEFAULT_BRANCH)]
    return [name for name in others if refs.may_read(request, name)]


def _log_entries(model_admin: Any, request: HttpRequest, pk: Any) -> list[Any]:
    """What Django's admin noted of the object, on whichever branch, newest first."""
    kind = ContentType.objects.get_for_model(model_admin.model)
    entries = LogEntry.objects.filter(content_type=kind, object_id=str(pk))
    found = list(entries.select_related("user").order_by("-action_time")[:LOG_ENTRIES])
    may_see = _model_names_seen(request)
    for entry in found:
        entry.change_message = _without_unseen(entry.change_message, may_see)
    return found


def _model_names_seen(request: HttpRequest) -> Callable[[str], bool]:
    """Whether the reader may view each model of a name, as Django writes names into its log."""
    user: Any = request.user
    with translation.override(None):
        named: dict[str, list[Any]] = {}
        for model in apps.get_models(include_auto_created=True):
            named.setdefault(str(model._meta.verbose_name), []).append(model)

    @cache
    def may_see(name: str) -> bool:
        models = named.get(name, [])
        return bool(models) and all(may_view(user, model, request) for model in models)

    return may_see


def _without_unseen(message: str, may_see: Callable[[str], bool]) -> str:
    """A message of Django's log without the names of inline objects that may not be seen.

    https://docs.djangoproject.com/en/stable/ref/contrib/admin/#django.contrib.admin.models.LogEntry.change_message
    """
    try:
        parts = json.loads(message)
    except ValueError:
        parts = None
    if not isinstance(parts, list):  # a text of somebody's
        return message
    for part in parts:
        for about in part.values() if isinstance(part, dict) else ():
            if (
                isinstance(about, dict)
                and "object" in about
                and not may_see(str(about.get("name")))
            ):
                about["object"] = _("(not to be viewed)")
    return json.dumps(parts)


def blame_view(model_admin: Any, request: HttpRequest, object_id: str) -> HttpResponse:
    """Who last changed each field of an object, when and by which commit.

    Raises:
        PermissionDenied: the user may not view the object.
    """
    obj = viewable_object(model_admin, request, object_id)
    if obj is None:
        return model_admin._get_obj_does_not_exist_redirect(request, model_admin.opts, object_id)
    place = place_of(model_admin)
    try:
        blamed = blame(object_on(model_admin, obj.pk, place))
    except (BranchDoesNotExist, InvalidBranchName) as error:
        raise Http404(str(error)) from error
    texts = Texts(model_admin.model, request, place, hidden_fields(model_admin, request, obj))
    texts.fetch((name, version.changes[0].new) for name, version in blamed.items())
    rows = [
        {
            "version": version,
            "author": author_name(version.author),
            "told": texts.told(version.changes, short=True)[0],
            "commit_url": link(model_admin.admin_site, "dolt_router_commit", version.commit_hash),
        }
        for version in blamed.values()
    ]
    context = page_context(
        model_admin,
        request,
        _("Who changed what: %s") % obj,
        [
            (object_link(model_admin, "change", obj.pk), str(obj)),
            (object_link(model_admin, "history", obj.pk), _("History")),
            ("", _("Who changed what")),
        ],
        object=obj,
        rows=rows,
        history_url=object_link(model_admin, "history", obj.pk),
    )
    return TemplateResponse(request, "admin/dolt_router/objects/blame.html", context)
