"""The list of branches: Django's own changelist over `dolt_branches`."""

from __future__ import annotations

from functools import wraps
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.utils import unquote
from django.contrib.admin.views.main import ChangeList
from django.core.paginator import Paginator
from django.db.models import Count, Q, QuerySet, Window
from django.db.models.functions import Lower
from django.db.models.lookups import Contains
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, reverse
from django.utils.html import escape, format_html
from django.utils.http import urlencode
from django.utils.safestring import SafeString
from django.utils.translation import get_language, gettext_lazy, ngettext
from django.utils.translation import gettext as _

from ..conf import conf
from ..exceptions import DoltRouterError
from ..versioning import branches
from ..versioning.distances import distances
from ..versioning.scratch import PREFIX
from . import editing, pages, refs
from .open_to_staff import OpenToStaff

ANY = "any-branch"  # stands for a name or a hash in what is made once for all rows

_boxes: dict[str | None, str] = {}  # by language


class BranchList(ChangeList):
    """A page of branches, with how far each is from the default branch.

    Each query of `dolt_branches` makes Dolt read the last commit of every branch, so there is
    one: the page's rows, each with the number of all rows. Distances are one query more.
    """

    def get_results(self, request: HttpRequest) -> None:
        """Fetch the page's rows, then their distances."""
        size = self.list_max_show_all if self.show_all else self.list_per_page
        first = (self.page_num - 1) * size
        rows, count = self._rows(request, first, size) if first >= 0 else ([], 0)
        if not rows and self.page_num != 1:
            raise IncorrectLookupParameters
        self.result_count = count
        self.full_result_count = None
        self.show_admin_actions = bool(count)
        self.can_show_all = count <= self.list_max_show_all
        self.multi_page = count > self.list_per_page
        self.paginator = _Counted(rows, self.list_per_page, count)
        self.result_list = rows
        self._add_distances(rows)
        addresses = addresses_of(self.model_admin.admin_site.name)
        for branch in rows:
            branch.addresses = addresses

    def _rows(self, request: HttpRequest, first: int, size: int) -> tuple[list[Any], int]:
        """Some of the branches that the reader may see, and the number of all of these."""
        if not refs.are_some_closed():
            rows = list(self.queryset.annotate(of=Window(Count("*")))[first : first + size])
            return rows, rows[0].of if rows else 0
        # The page is cut here: to ask Dolt for one in two thousand names takes it half a minute.
        names = [field.attname for field in self.model._meta.concrete_fields]
        at = names.index("name")
        every = self.queryset.values_list(*names)
        opened = [row for row in every if refs.may_read(request, row[at])]
        alias = self.queryset.db
        rows = [self.model.from_db(alias, names, row) for row in opened[first : first + size]]
        return rows, len(opened)

    @staticmethod
    def _add_distances(rows: list[Any]) -> None:
        found = {branch.name: branch.hash for branch in rows}
        default = str(conf.DEFAULT_BRANCH)
        apart = distances(found, found.get(default) or branches.resolve(default)) if found else {}
        for branch in rows:
            branch.ahead, branch.behind = apart[branch.name]


def addresses_of(site: str) -> tuple[str, str]:
    """The address of the log, and that of a commit, with ANY for its hash."""
    commit = reverse(f"{site}:dolt_router_commit", args=[ANY])
    return reverse(f"{site}:dolt_router_log"), commit


class _Counted(Paginator):  # type: ignore[type-arg,unused-ignore]
    """A paginator that was told the number of rows."""

    def __init__(self, rows: list[Any], per_page: int, count: int) -> None:
        super().__init__(rows, per_page)
        self.count = count


class BranchAdmin(OpenToStaff):
    """Branches: searched, sorted and cut into pages by the database."""

    list_display = ("shown_name", "shown_ahead", "shown_behind", "subject", "committer", "date")
    list_display_links = None
    list_per_page = 50
    list_max_show_all = 200
    ordering = ("-latest_commit_date", "name")
    search_fields = ("name",)
    show_full_result_count = False
    actions = ("compare_selected", "archive_selected", "delete_merged")

    # -- the list ---------------------------------------------------------------------------

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """All branches; `BranchList` and the actions leave out what the reader may not see."""
        return super().get_queryset(request).exclude(name__startswith=PREFIX)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Words in any case: the columns of Dolt's system tables heed it."""
        for word in search_term.lower().split():
            wanted = Q()
            for name in ("name", "latest_commit_message", "latest_committer"):
                wanted |= Q(Contains(Lower(name), word))
            queryset = queryset.filter(wanted)
        return queryset, False

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        """The list that knows distances."""
        return BranchList

    def get_actions(self, request: HttpRequest, action_location: Any = None) -> dict[str, Any]:
        """Without the stock deletion, which knows nothing of branches."""
        # Where the actions are to be shown is told from Django 6.1 on.
        told = {} if action_location is None else {"action_location": action_location}
        actions: dict[str, Any] = super().get_actions(request, **told)
        actions.pop("delete_selected", None)
        return actions

    def _addresses(self, branch: Any) -> tuple[str, str]:
        # Looked up once for a list: a look-up takes longer than the rest of a cell.
        found: tuple[str, str] | None = getattr(branch, "addresses", None)
        return found or addresses_of(self.admin_site.name)

    @wraps(admin.ModelAdmin.action_checkbox)
    def action_checkbox(self, obj: Any) -> SafeString:  # type: ignore[override,unused-ignore]
        """Django's box, whose template is rendered once a language and not once a row."""
        language = get_language()
        if language not in _boxes:
            _boxes[language] = str(super().action_checkbox(self.model(name=ANY)))
        return SafeString(_boxes[language].replace(ANY, escape(obj.name)))

    @admin.display(description=gettext_lazy("branch"), ordering="name")
    def shown_name(self, branch: Any) -> SafeString:
        """The name, which leads to the log, and what is special about it."""
        url = f"{self._addresses(branch)[0]}?{urlencode({'ref': branch.name})}"
        marks = SafeString("")
        if branch.is_default:
            marks += format_html(
                ' <span class="dolt-mark dolt-mark-default">{}</span>', _("Default")
            )
        if branch.is_protected:
            marks += format_html(
                ' <span class="dolt-mark dolt-mark-closed">&#128274;&#65038; {}</span>',
                _("Protected"),
            )
        return format_html('<a class="dolt-name" href="{}">{}</a>{}', url, branch.name, marks)

    @admin.display(description=gettext_lazy("ahead"))
    def shown_ahead(self, branch: Any) -> str:
        """Commits that the default branch lacks."""
        return "" if branch.is_default else str(branch.ahead)

    @admin.display(description=gettext_lazy("behind"))
    def shown_behind(self, branch: Any) -> str:
        """Commits of the default branch that it lacks."""
        return "" if branch.is_default else str(branch.behind)

    @admin.display(description=gettext_lazy("last commit"), ordering="latest_commit_message")
    def subject(self, branch: Any) -> SafeString:
        """The first line of the last commit's message."""
        url = self._addresses(branch)[1].replace(ANY, branch.hash)
        text = branch.latest_commit_message.partition("\n")[0]
        return format_html('<a class="dolt-subject" href="{}">{}</a>', url, text[:120] or "—")

    @admin.display(description=gettext_lazy("by"), ordering="latest_committer")
    def committer(self, branch: Any) -> str:
        """Who made the last commit."""
        return str(branch.latest_committer)

    @admin.display(description=gettext_lazy("at"), ordering="latest_commit_date")
    def date(self, branch: Any) -> Any:
        """When it was made."""
        return branch.latest_commit_date

    # -- what can be done with the selected ones -----------------------------------------------

    @admin.action(description=gettext_lazy("Compare the two selected branches"))
    def compare_selected(self, request: HttpRequest, queryset: QuerySet[Any]) -> Any:
        """Go to the comparison."""
        names = queryset.values_list("name", flat=True)[:3]
        chosen = [name for name in names if refs.may_read(request, name)]
        if len(chosen) != 2:
            self.message_user(request, _("Select exactly two branches."), messages.ERROR)
            return None
        chosen.sort(key=lambda name: name != conf.DEFAULT_BRANCH)
        url = reverse(f"{self.admin_site.name}:dolt_router_compare")
        query = urlencode({"from": chosen[0], "to": chosen[1]})
        return HttpResponseRedirect(f"{url}?{query}")

    @admin.action(description=gettext_lazy("Archive selected branches (each becomes a tag)"))
    def archive_selected(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        """Make each a tag."""
        done = self._each(request, queryset, lambda branch: branch.archive())
        text = ngettext("%(n)d branch archived.", "%(n)d branches archived.", done)
        if done:
            self.message_user(request, text % {"n": done}, messages.SUCCESS)

    @admin.action(description=gettext_lazy("Delete selected branches that are merged"))
    def delete_merged(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        """Delete those whose commits are all in the default branch: nothing is lost."""
        done = self._each(request, queryset, lambda branch: branch.delete())
        text = ngettext("%(n)d branch deleted.", "%(n)d branches deleted.", done)
        if done:
            self.message_user(request, text % {"n": done}, messages.SUCCESS)

    def _each(self, request: HttpRequest, queryset: QuerySet[Any], act: Any) -> int:
        done = 0
        for branch in queryset:
            if not refs.may_read(request, branch.name):
                continue
            try:
                act(branch)
                done += 1
            except DoltRouterError as error:
                self.message_user(
                    request, f"{branch.name}: {refs.told(request, error)}", messages.ERROR
                )
        return done

    # -- the pages beside it --------------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        """The pages of `pages.py`, before the stock ones."""
        return [*pages.urls_of(self.admin_site), *super().get_urls()]

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        """The list, called what it is."""
        return super().changelist_view(request, {"title": _("Branches"), **(extra_context or {})})

    def add_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Create a branch."""
        return editing.create(request, self.admin_site)

    def change_view(
        self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """A branch's page is its log."""
        name = unquote(object_id)
        url = reverse(f"{self.admin_site.name}:dolt_router_log")
        return HttpResponseRedirect(f"{url}?{urlencode({'ref': name})}")

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: Any = None
    ) -> HttpResponse:
        """Its log is its history."""
        return self.change_view(request, object_id)

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: Any = None
    ) -> HttpResponse:
        """To the page that knows what would be lost."""
        name = unquote(object_id)
        url = reverse(f"{self.admin_site.name}:dolt_router_branch_delete_one")
        return HttpResponseRedirect(f"{url}?{urlencode({'branch': name})}")
