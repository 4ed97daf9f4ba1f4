"""Put an object back to an earlier version, all of it or some fields, after a look at what changes.

What is written is written by the request: its commit is the restoring one. The fields that the
user can't set in the object's form stay as they are, so that this is no way round the form.
"""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, IntegrityError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from .. import aliases
from ..exceptions import NotThere
from ..versioning.branches import resolve
from ..versioning.object_rows import Values, key_sets
from ..versioning.past import restore
from ..versioning.points import Place
from ..versioning.rows import MISSING, FieldChange
from ..versioning.versions import same
from .object_compare import Side, values_of_both
from .object_history import viewable_object
from .object_texts import Texts
from .versioned import (
    fields_not_to_restore,
    hidden_fields,
    key_of,
    link,
    model_link,
    object_link,
    object_on,
    page_context,
    place_of,
)


def restore_view(model_admin: Any, request: HttpRequest, object_id: str) -> HttpResponse:
    """`?version=` a commit: what restoring the object to it would change; POST does it.

    The POST takes `fields`, one or more names, and `head`, the commit that the preview was of.

    Raises:
        Http404: there is no such version, or the object isn't in it.
        PermissionDenied: the user may not change the object, or not add one that is deleted.
    """
    place = place_of(model_admin)
    pk = key_of(model_admin, unquote(object_id))
    obj = viewable_object(model_admin, request, object_id)
    _require_permission(model_admin, request, obj)
    version = Side(request, request.GET.get("version") or request.POST.get("version", ""), place)
    if obj is None:
        was = object_then(model_admin, request, pk, version.commit, place)
        if was is None:
            raise Http404(_("The object isn’t in this version."))
    else:
        was = obj
    head = resolve(place.ref, place.root)
    now, then = values_of_both(model_admin, pk, place, head, version.commit)
    if then is None:
        raise Http404(_("The object isn’t in this version."))
    page = _Page(model_admin, request, was, place, version, now, then)
    if request.method != "POST":
        return page.response(head)
    shown = request.POST.get("head", "")
    if shown != head and _changed_since(model_admin, pk, place, shown, now):
        page.error = _(
            "Somebody changed the object since you opened this page. This is what restoring "
            "would change now: look at it again."
        )
        return page.response(head, status=409)
    return page.restore(head)


def _require_permission(model_admin: Any, request: HttpRequest, obj: Any) -> None:
    if not model_admin.has_change_permission(request, obj):
        raise PermissionDenied
    if obj is None and not model_admin.has_add_permission(request):
        raise PermissionDenied


def object_then(model_admin: Any, request: HttpRequest, pk: Any, commit: str, place: Place) -> Any:
    """The object as it was at a commit, if the ModelAdmin would have shown it to this user."""
    rows = model_admin.get_queryset(request).using(aliases.branch_alias(commit, place.root))
    try:
        return rows.filter(pk=pk).first()
    except DatabaseError:  # its table was not, or not so, at that commit
        return None


def _changed_since(model_admin: Any, pk: Any, place: Place, shown: str, now: Any) -> bool:
    """Whether the object differs from what a preview at the commit `shown` was of."""
    try:
        before = values_of_both(model_admin, pk, place, resolve(shown, place.root), shown)[0]
    except (DatabaseError, ValueError):  # a head that never was
        return True
    if before is None or now is None:
        return before is not now
    return any(not same(before[name], value) for name, value in now.items())


class _Page:
    """The preview of one restoration, and the restoration."""

    def __init__(
        self,
        model_admin: Any,
        request: HttpRequest,
        was: Any,
        place: Place,
        version: Side,
        now: Values | None,
        then: Values,
    ) -> None:
        self.model_admin, self.request, self.was = model_admin, request, was
        self.place, self.version, self.is_deleted = place, version, now is None
        self.pk = was.pk
        self.error = ""
        obj = None if self.is_deleted else was
        self.hidden = hidden_fields(model_admin, request, obj)
        kept = set() if self.is_deleted else fields_not_to_restore(model_admin, request, obj)
        through_models = {
            field.name
            for field in model_admin.model._meta.many_to_many
            if not field.remote_field.through._meta.auto_created
        }
        versioned_sets = {keys.name for keys in key_sets(model_admin.model)}
        unversioned = {f.name for f in model_admin.model._meta.many_to_many} - versioned_sets
        kept |= through_models | unversioned
        differing = [
            FieldChange(name, (now or {}).get(name, MISSING), value)
            for name, value in then.items()
            if not same((now or {}).get(name, MISSING), value)
        ]
        self.possible = [c for c in differing if c.field not in kept and c.new is not MISSING]
        self.kept = [c for c in differing if c.field in kept or c.new is MISSING]

    def response(self, head: str, status: int = 200) -> HttpResponse:
        texts = Texts(self.model_admin.model, self.request, self.place, self.hidden)
        every = [*self.possible, *self.kept]
        texts.fetch(
            ((c.field, value) for c in every for value in c[1:]), refs=[self.version.commit]
        )
        history = object_link(self.model_admin, "history", self.pk)
        crumbs = [
            (object_link(self.model_admin, "change", self.pk), str(self.was)),
            (history, _("History")),
        ]
        if self.is_deleted:
            crumbs = [(model_link(self.model_admin, "dolt_deleted"), _("Deleted objects"))]
        context = page_context(
            self.model_admin,
            self.request,
            (_("Restore deleted: %s") if self.is_deleted else _("Restore: %s")) % self.was,
            [*crumbs, ("", _("Restore"))],
            object=self.was,
            version=self.version,
            version_url=link(
                self.model_admin.admin_site, "dolt_router_commit", self.version.commit
            ),
            is_deleted=self.is_deleted,
            changes=texts.told(self.possible),
            kept=texts.told(self.kept),
            head=head,
            error=self.error,
            back_url=crumbs[-1][0],
        )
        template = "admin/dolt_router/objects/restore.html"
        return TemplateResponse(self.request, template, context, status=status)

    def restore(self, head: str) -> HttpResponse:
        chosen = [c.field for c in self.possible]
        if not self.is_deleted:
            wanted = set(self.request.POST.getlist("fields"))
            chosen = [name for name in chosen if name in wanted]
            if not chosen:
                self.error = _("Choose at least one field to restore.")
                return self.response(head, status=400)
        obj = object_on(self.model_admin, self.pk, self.place)
        try:
            restore(obj, self.version.commit, None if self.is_deleted else chosen)
        except NotThere as error:
            self.error = str(error)
            return self.response(head, status=409)
        except IntegrityError:
            self.error = _(
                "It can’t be restored so: another object has the same unique values now. Nothing "
                "was written."
            )
            return self.response(head, status=409)
        self._log(chosen)
        if self.is_deleted:
            text = _("%(name)s “%(object)s” is here again.")
            page = "change"
        else:
            text = ngettext(
                "%(count)d field of %(name)s “%(object)s” was restored.",
                "%(count)d fields of %(name)s “%(object)s” were restored.",
                len(chosen),
            )
            page = "history"
        names = {
            "name": self.model_admin.opts.verbose_name,
            "object": self.was,
            "count": len(chosen),
        }
        self.model_admin.message_user(self.request, text % names, messages.SUCCESS)
        return HttpResponseRedirect(object_link(self.model_admin, page, self.pk))

    def _log(self, chosen: list[str]) -> None:
        text = _("Restored the version %(version)s.") % {"version": self.version.commit[:8]}
        obj = self.model_admin.model._base_manager.get(pk=self.pk)
        self.model_admin.log_change(self.request, obj, text)
