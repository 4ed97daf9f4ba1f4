"""The objects of one model that were deleted on a branch, newest deletion first.

Each commit that changed the model's table is compared with its parent, many by one query. A row
that is there again is left out. Merges are left out too: what they delete was deleted by a commit
of one of their sides. The search ends where the table had another name.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from django.core.exceptions import PermissionDenied
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _

from .. import aliases
from ..versioning.branches import resolve
from ..versioning.points import LogEntry, Place, log_entries, quoted
from ..versioning.session import database_connection
from ..versioning.values import reader
from .versioned import (
    author_name,
    commit_named,
    link,
    model_link,
    object_link,
    page_context,
    place_of,
)

PAGE = 50  # objects of a page
TOGETHER = 25  # commits that one query compares with their parents
AT_MOST = 500  # commits that one page looks at


class Deletion(NamedTuple):
    """An object that went: its key, the commit that deleted it, the one that it was last in."""

    pk: Any
    entry: LogEntry
    last_in: str


class Position(NamedTuple):
    """Where a page of deletions begins: at a commit, behind so many of its deletions."""

    commit: str
    behind: int


def deletions(
    model: Any, place: Place, start: Position | None = None, pk: Any = None
) -> Iterator[tuple[Deletion | None, Position]]:
    """The deletions of a model's rows on a branch, and where each stands.

    Args:
        start: where to begin; at the head when left out.
        pk: only those of this object.

    Yields:
        (Deletion, its position). After `AT_MOST` commits that changed the table it ends with
        None and the position to go on from.
    """
    table = model._meta.concrete_model._meta.db_table
    head = resolve(place.ref, place.root)
    with database_connection(place.root) as connection, connection.cursor() as cursor:
        waiting = start is not None
        chunk: list[LogEntry] = []
        looked_at = 0
        for entry in log_entries(cursor, head, [table]):
            if waiting and start is not None:
                waiting = entry.commit_hash != start.commit
            if waiting:
                continue
            if looked_at == AT_MOST:
                yield from _removed_in(connection, cursor, model, chunk, start, pk)
                yield None, Position(entry.commit_hash, 0)
                return
            if len(entry.parents) == 1:
                chunk.append(entry)
            looked_at += 1
            if len(chunk) == TOGETHER:
                yield from _removed_in(connection, cursor, model, chunk, start, pk)
                chunk = []
        yield from _removed_in(connection, cursor, model, chunk, start, pk)


def _removed_in(
    connection: Any,
    cursor: Any,
    model: Any,
    entries: list[LogEntry],
    start: Position | None,
    pk: Any,
) -> list[tuple[Deletion | None, Position]]:
    if not entries:
        return []
    options = model._meta.concrete_model._meta
    table, column = options.db_table, options.pk.column
    parts, values = [], []
    for at, entry in enumerate(entries):
        # Never more of one commit than a page can show; the next page begins behind them.
        behind = start.behind if start is not None and start.commit == entry.commit_hash else 0
        diff, refs = connection.engine.row_diff(table, [entry.parents[0], entry.commit_hash])
        own = "" if pk is None else f" AND {quoted('from_' + column)} = %s"
        parts.append(
            f"SELECT * FROM (SELECT {at} AS place_in_log, {quoted('from_' + column)} AS gone "
            f"FROM ({diff}) AS d{at} WHERE diff_type = 'removed'{own} "
            f"ORDER BY 2 LIMIT {PAGE + 1} OFFSET {int(behind)}) AS p{at}"
        )
        values += [*refs, *([] if pk is None else [options.pk.get_db_prep_value(pk, connection)])]
    try:
        cursor.execute(" UNION ALL ".join(parts) + " ORDER BY 1, 2", values)
        rows = cursor.fetchall()
    except DatabaseError:
        if len(entries) == 1:
            return []  # a commit from before the key had its name
        half = len(entries) // 2
        return [
            *_removed_in(connection, cursor, model, entries[:half], start, pk),
            *_removed_in(connection, cursor, model, entries[half:], start, pk),
        ]
    read = reader(connection, table, column)
    found: list[tuple[Deletion | None, Position]] = []
    numbers: dict[str, int] = {}
    for at, gone in rows:
        entry = entries[int(at)]
        first = start.behind if start is not None and start.commit == entry.commit_hash else 0
        number = numbers.setdefault(entry.commit_hash, first)
        numbers[entry.commit_hash] += 1
        key = gone if read is None or gone is None else read(gone)
        key = options.pk.to_python(key)
        where = Position(entry.commit_hash, number)
        found.append((Deletion(key, entry, entry.parents[0]), where))
    return found


def deleted_view(model_admin: Any, request: HttpRequest) -> HttpResponse:
    """The deleted objects of a model, `?at=&behind=`: the next page.

    Raises:
        PermissionDenied: the user may not view the model.
        Http404: `at` is no commit of this branch.
    """
    if not model_admin.has_view_or_change_permission(request):
        raise PermissionDenied
    place = place_of(model_admin)
    start = None
    if at := request.GET.get("at"):
        behind = request.GET.get("behind", "0")
        start = Position(
            commit_named(request, at, place), int(behind[:9]) if behind.isdecimal() else 0
        )
    page: list[Deletion] = []
    following: Position | None = None
    for deletion, where in deletions(model_admin.model, place, start):
        if len(page) == PAGE or deletion is None:
            following = where
            break
        page.append(deletion)
    rows = _shown(model_admin, request, page, place)
    plural = model_admin.opts.verbose_name_plural
    next_url = ""
    if following is not None:
        query = {"at": following.commit, "behind": str(following.behind)}
        next_url = model_link(model_admin, "dolt_deleted", **query)
    context = page_context(
        model_admin,
        request,
        _("Deleted %(name)s") % {"name": plural},
        [("", _("Deleted objects"))],
        rows=rows,
        at_most=AT_MOST,
        next_url=next_url,
        may_restore=model_admin.has_change_permission(request)
        and model_admin.has_add_permission(request),
        list_url=model_link(model_admin, "changelist"),
    )
    return TemplateResponse(request, "admin/dolt_router/objects/deleted.html", context)


def _shown(
    model_admin: Any, request: HttpRequest, page: list[Deletion], place: Place
) -> list[dict[str, Any]]:
    """The deletions that still hold, of objects that the ModelAdmin would have shown."""
    model = model_admin.model
    there = set(
        model._base_manager.filter(pk__in=[each.pk for each in page]).values_list("pk", flat=True)
    )
    by_commit: dict[str, list[Any]] = {}
    for each in page:
        if each.pk not in there:
            by_commit.setdefault(each.last_in, []).append(each.pk)
    named: dict[tuple[str, Any], str] = {}
    for commit, keys in by_commit.items():
        rows = model_admin.get_queryset(request).using(aliases.branch_alias(commit, place.root))
        try:
            named.update({(commit, each.pk): str(each) for each in rows.filter(pk__in=keys)})
        except DatabaseError:  # its table was not so at that commit
            continue
    return [
        {
            "deletion": each,
            "name": named[each.last_in, each.pk],
            "author": author_name(each.entry.author),
            "restore_url": object_link(model_admin, "dolt_restore", each.pk, version=each.last_in),
            "commit_url": link(
                model_admin.admin_site, "dolt_router_commit", each.entry.commit_hash
            ),
        }
        for each in page
        if (each.last_in, each.pk) in named
    ]
