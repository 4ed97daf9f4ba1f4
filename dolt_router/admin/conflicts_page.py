"""The conflicts of a merge: decide each field or row, see what remains, then merge.

Choices are kept for the values that they were made of. When a branch moves meanwhile, the page
says so and computes the conflicts anew; choices whose rows are as they were count on.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.contrib.admin import AdminSite
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from .. import aliases
from ..conf import conf
from ..exceptions import DoltRouterError, MergeConflict, StaleWrite
from ..responses import status_of
from ..versioning.clashes import Clashes
from ..versioning.conflicts import OURS, THEIRS, RowConflict, Violation
from ..versioning.points import Place
from ..versioning.values import model_of
from ..visibility import may_view
from . import refs
from .conflict_choices import Choices, mark_of
from .conflict_rows import Row, texts_of
from .object_texts import Texts, shortened
from .pages import page
from .versioned import CRUMBS_ARE_A_LIST, link

PAGE = 20  # rows of a page


@page("conflicts/", "dolt_router_conflicts")
def conflicts_view(request: HttpRequest, site: AdminSite) -> HttpResponse:
    """`?source=&into=`: what merging one branch into the other conflicts in.

    Also `?table=`, `?show=open` and `?p=`. POST keeps choices, and merges with `_merge`.

    Raises:
        BranchDoesNotExist, BranchForbidden, InvalidBranchName: answered as 404 and 403.
    """
    source = refs.branch_named(request, request.GET.get("source", ""))
    into = refs.branch_named(request, request.GET.get("into", "") or str(conf.DEFAULT_BRANCH))
    found = _Conflicts(request, site, source, into)
    if request.method != "POST":
        return found.response()
    return found.post()


class _Conflicts:
    """The conflicts of one pair of branches, in front of one user."""

    def __init__(self, request: HttpRequest, site: AdminSite, source: str, into: str) -> None:
        self.request, self.site, self.source, self.into = request, site, source, into
        self.place = Place(aliases.default_root(), into)
        self.clashes = Clashes(source, into)
        self.heads = {
            "source_hash": self.clashes.heads.source,
            "into_hash": self.clashes.heads.into,
        }
        self.schema = list(self.clashes.preview.schema_conflicts)
        self.choices = Choices(request, self.clashes)
        self._viewable: dict[str, bool] = {}
        self._texts: dict[str, Texts | None] = {}
        self.rows: list[Row] = []
        self.error = ""
        self.violations: list[Violation] = []
        self.other_conflicts: dict[str, int] = {}

    def _may_view(self, table: str) -> bool:
        if table not in self._viewable:
            user = getattr(self.request, "user", None)
            self._viewable[table] = may_view(user, table, self.request)
        return self._viewable[table]

    # -- what is asked for --------------------------------------------------------------

    @property
    def _visible(self) -> list[str]:
        """The tables with conflicts that the user may see."""
        return [table for table in sorted(self.clashes.counts) if self._may_view(table)]

    def _wanted(self) -> list[tuple[str, Sequence[int]]]:
        """By table, the places of the rows that are asked for."""
        table = self.request.GET.get("table", "")
        is_open = self.request.GET.get("show") == "open"
        return [
            (each, self.choices.open_places(each) if is_open else range(self.clashes.counts[each]))
            for each in self._visible
            if not table or each == table
        ]

    def _row(self, conflict: RowConflict, position: int) -> Row:
        if conflict.table not in self._texts:
            self._texts[conflict.table] = texts_of(
                self.request, self.site, conflict.model, self.place
            )
        texts = self._texts[conflict.table]
        picks = self.choices.picks(conflict)
        return Row(self.request, conflict, picks, texts, self.place, position)

    def _rows_at(self, table: str, places: Sequence[int]) -> list[Row]:
        found = self.clashes.rows(table, places)
        return [self._row(conflict, at) for conflict, at in zip(found, places, strict=False)]

    def _fetch_names(self, rows: list[Row]) -> None:
        for table, texts in self._texts.items():
            if texts is None:
                continue
            shown = (row for row in rows if row.conflict.table == table)
            texts.fetch((each for row in shown for each in row.values), refs=[self.source])

    # -- POST ---------------------------------------------------------------------------

    def post(self) -> HttpResponse:
        moved = any(self.request.POST.get(name) != head for name, head in self.heads.items())
        sent = list(dict.fromkeys(self.request.POST.getlist("row")))[: 10 * PAGE]
        rows = self._sent_rows(sent)
        gone = len(sent) - len(rows)
        chosen = {row.mark: row.read(self.request) for row in rows}
        self.choices.pick_many(
            (row.conflict, chosen[row.mark]) for row in rows if chosen[row.mark] != row.picks
        )
        self._take_all()
        # Choices are kept whatever comes of it, and before conflicts are read again: the embedded
        # engine has one writer at a time, also in one request, and tries a merge to see them.
        unit = getattr(self.request, "_dolt_unit", None)
        if unit is not None:
            unit.finish()
        if moved:
            self._say_moved(gone)
        wrong = [row for row in rows if any(cell.error for cell in row.cells)]
        if wrong:
            self.error = _("Some values can’t be taken. Nothing was merged.")
            for row in rows:
                row.picks = (
                    self.choices.picks(row.conflict) if row not in wrong else chosen[row.mark]
                )
            self.rows = rows
            return self.response(status=400)
        if "_merge" in self.request.POST:
            if moved:
                return self.response(status=409)
            return self._merge()
        return HttpResponseRedirect(self._next())

    def _take_all(self) -> None:
        table, _colon, side = self.request.POST.get("_all", "").rpartition(":")
        if side in (OURS, THEIRS):
            if table in self._visible:
                self.choices.take_all(table, side)

    def _sent_rows(self, marks: list[str]) -> list[Row]:
        """The rows that a form was about, as far as they are in conflict as they were then."""
        wanted, found = set(marks), {}
        places: dict[str, list[int]] = {}
        for text in self.request.POST.getlist("at")[: 10 * PAGE]:
            position, _colon, table = text.partition(":")
            if position.isdecimal() and int(position) < self.clashes.counts.get(table, 0):
                places.setdefault(table, []).append(int(position))
        for table in [table for table in places if self._may_view(table)]:
            for row in self._rows_at(table, sorted(set(places[table]))):
                found[row.mark] = row
        # A branch moved, perhaps: each may be at another place, or gone.
        for table in self._visible:
            if wanted <= found.keys():
                break
            for at, conflict in self.clashes.every(table):
                if mark_of(conflict) in wanted:
                    found[mark_of(conflict)] = self._row(conflict, at)
        return [found[mark] for mark in marks if mark in found]

    def _say_moved(self, gone: int) -> None:
        text = _(
            "A branch moved since you opened this page: somebody worked on it. These are the "
            "conflicts of now; choices that still fit were kept."
        )
        if gone:
            text += " " + ngettext(
                "%(count)d row that you saw is no longer in conflict, or changed: look again.",
                "%(count)d rows that you saw are no longer in conflict, or changed: look again.",
                gone,
            ) % {"count": gone}
        messages.warning(self.request, text)

    def _next(self) -> str:
        """The page to go on with: the one that was sent, the last when there are fewer now."""
        return self.request.get_full_path()

    def _merge(self) -> HttpResponse:
        if self._open():
            self.error = _("Not everything is decided yet. Nothing was merged.")
            return self.response(status=409)
        on = self.choices.goes_to()
        try:
            result = self.choices.merge()
        except MergeConflict as error:
            self.error = _("It can’t be merged so. Nothing was merged.")
            self.violations = error.violations
            self.other_conflicts = error.tables
            self.schema = list(error.schema_conflicts)
            return self.response(status=409)
        except StaleWrite:
            messages.warning(self.request, _("A branch moved just now. Look again, then merge."))
            return HttpResponseRedirect(self.request.get_full_path())
        except DoltRouterError as error:
            if status_of(error) >= 500:
                raise
            self.error = refs.told(self.request, error)
            return self.response(status=status_of(error))
        words = {"source": self.source, "into": self.into}
        if on == self.into:
            text = _("“%(source)s” was merged into “%(into)s”.") % words
        else:
            text = (
                _(
                    "The conflicts are resolved on “%(source)s”. What comes of it goes to "
                    "“%(into)s” when it is approved."
                )
                % words
            )
        messages.success(self.request, text)
        address = link(self.site, "dolt_router_commit", result.commit_hash)
        return HttpResponseRedirect(address or reverse("admin:index", current_app=self.site.name))

    # -- GET ----------------------------------------------------------------------------

    def _open(self) -> int:
        """How many rows are undecided, those that the user may not see included."""
        counts = self.clashes.counts
        return sum(count - self.choices.decided(table) for table, count in counts.items())

    def _hidden(self) -> tuple[int, int]:
        """How many rows the user may not see, and how many of them are undecided."""
        counts = self.clashes.counts
        hidden = {table: counts[table] for table in counts if not self._may_view(table)}
        decided = sum(self.choices.decided(table) for table in hidden)
        return sum(hidden.values()), sum(hidden.values()) - decided

    def _tables(self) -> list[dict[str, Any]]:
        return [
            {
                "table": table,
                "label": label_of(table),
                "rows": self.clashes.counts[table],
                "decided": self.choices.decided(table),
                "query": self._query(table=table, p=""),
            }
            for table in self._visible
        ]

    def _query(self, **changes: str) -> str:
        query = QueryDict(mutable=True)
        query.update({"source": self.source, "into": self.into})
        for name in ("table", "show", "p"):
            value = changes.get(name, self.request.GET.get(name, ""))
            if value:
                query[name] = value
        return "?" + query.urlencode()

    def response(self, status: int = 200) -> HttpResponse:
        if self.choices.outdated and self.request.method != "POST":
            count = self.choices.outdated
            text = ngettext(
                "%(count)d choice of yours fits no longer, since its row was changed: choose anew.",
                "%(count)d choices of yours fit no longer, since their rows were changed: "
                "choose anew.",
                count,
            )
            messages.warning(self.request, text % {"count": count})
        wanted = self._wanted()
        paginator = Paginator(range(sum(len(places) for _table, places in wanted)), PAGE)
        shown = paginator.get_page(self.request.GET.get("p"))
        if not self.rows:
            first = shown.start_index() - 1
            for table, places in wanted:
                size = PAGE - len(self.rows)
                if first < len(places) and size and first >= 0:
                    self.rows += self._rows_at(table, places[first : first + size])
                first = max(first - len(places), 0)
        self._fetch_names(self.rows)
        total, hidden_and_open = sum(self.clashes.counts.values()), self._hidden()
        still_open = self._open()
        site = self.site
        self.request.current_app = site.name
        visible, hidden = _told_violations(self.violations, self._may_view)
        context = {
            **site.each_context(self.request),
            "title": _("Conflicts: %(source)s into %(into)s")
            % {"source": self.source, "into": self.into},
            "trail": [
                (link(site, "index"), _("Home")),
                (link(site, "dolt_router_branch_changelist"), _("Branches")),
                (
                    link(site, "dolt_router_merge", source=self.source, into=self.into),
                    _("Merge"),
                ),
                ("", _("Conflicts")),
            ],
            "crumbs_are_a_list": CRUMBS_ARE_A_LIST,
            "source": self.source,
            "into": self.into,
            "heads": self.heads,
            "rows": self.rows,
            "tables": self._tables(),
            "table": self.request.GET.get("table", ""),
            "is_only_open": self.request.GET.get("show") == "open",
            "total": total,
            "open": still_open,
            "decided": total - still_open,
            "hidden": hidden_and_open[0],
            "hidden_open": hidden_and_open[1],
            "schema_conflicts": [label_of(t) for t in self.schema if self._may_view(t)],
            "schema_conflicts_hidden": sum(1 for t in self.schema if not self._may_view(t)),
            "goes_to": self.choices.goes_to() if total else self.into,
            "error": self.error,
            "violations": visible,
            "violations_hidden": hidden,
            "shown": shown,
            "page_links": [
                (number, self._query(p=str(number)) if isinstance(number, int) else "")
                for number in paginator.get_elided_page_range(shown.number)
            ],
            "all_query": self._query(table="", show="", p=""),
            "open_query": self._query(show="open", p=""),
            "every_query": self._query(show="", p=""),
            "merge_url": link(site, "dolt_router_merge", source=self.source, into=self.into),
        }
        template = "admin/dolt_router/objects/conflicts.html"
        return TemplateResponse(self.request, template, context, status=status)


def label_of(table: str) -> str:
    """What a table is called: its model's name in the plural."""
    model = model_of(table)
    if model is None:
        return table
    owner: Any = model._meta.auto_created
    if owner:
        for field in owner._meta.local_many_to_many:
            if field.remote_field.through is model:
                return f"{capfirst(owner._meta.verbose_name)}: {field.verbose_name}"
    return capfirst(str(model._meta.verbose_name_plural))


def _told_violations(violations: list[Violation], may_see: Any) -> tuple[list[dict[str, str]], int]:
    """The rows that break a constraint, as the page shows them; and how many it may not."""
    kinds = {
        "foreign key": _("points to an object that is not there after the merge"),
        "unique index": _("has the same unique values as another object"),
        "check constraint": _("breaks a rule of the table"),
        "not null": _("lacks a value that it must have"),
    }
    shown = [each for each in violations if may_see(each.table)]
    told = [
        {
            "label": label_of(each.table),
            "row": shortened(", ".join(f"{name} {value}" for name, value in each.row.items())),
            "kind": kinds.get(each.kind, each.kind),
        }
        for each in shown[:100]
    ]
    return told, len(violations) - len(shown)
