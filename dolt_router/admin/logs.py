"""The log of a branch, tag or commit, with the graph of its commits."""

from __future__ import annotations

from typing import Any, NamedTuple

from django.contrib.admin import AdminSite
from django.db.models import Q
from django.db.models.functions import Lower
from django.db.models.lookups import Contains
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from ..aliases import current_branch
from ..models import Commit
from ..versioning.graphs import Lanes, lanes_of
from ..versioning.points import LogEntry, log_page
from . import refs
from .pages import page, render

SIZE = 30  # commits of a page
REPLAYED = 1000  # commits whose lanes are followed down to a later page
SHOWN_LANES = 12
STEP, HEIGHT = 14, 48  # pixels: from lane to lane, and a commit's row in branches.css


class ShownCommit(NamedTuple):
    """A commit in the log, with its part of the graph."""

    commit: LogEntry
    graph: SafeString


@page("log/", "dolt_router_log")
@require_safe
def log(request: HttpRequest, site: AdminSite) -> HttpResponse:
    """The commits of `?ref=` (the current branch), newest first; `?q=` searches them."""
    ref = request.GET.get("ref") or current_branch()
    head = refs.ref_named(request, ref)
    number = _number(request.GET.get("p", ""))
    text = request.GET.get("q", "").strip()[:200]
    offset = (number - 1) * SIZE
    if text:
        found = searched(head, text, offset)
        shown = [ShownCommit(commit, SafeString("")) for commit in found]
    else:
        shown = drawn(head, offset)
    return render(
        request,
        site,
        "log.html",
        _("Log of %(ref)s") % {"ref": ref},
        ref=ref,
        q=text,
        commits=shown[:SIZE],
        older=number + 1 if len(shown) > SIZE else 0,
        newer=number - 1,
        is_branch=refs.is_branch(ref),
    )


def _number(text: str) -> int:
    return max(int(text), 1) if text.isdecimal() and len(text) < 8 else 1


def searched(head: str, text: str, offset: int) -> list[LogEntry]:
    """Commits whose message, author or hash has `text` in it, in any case."""
    found: Any = Commit.objects.on(head)
    for word in text.lower().split():
        wanted = Q(commit_hash__startswith=word)
        for name in ("message", "committer", "email"):
            wanted |= Q(Contains(Lower(name), word))
        found = found.filter(wanted)
    return [
        LogEntry(commit.commit_hash, (), commit.author, commit.date, commit.message)
        for commit in found[offset : offset + SIZE + 1]
    ]


def drawn(head: str, offset: int) -> list[ShownCommit]:
    """Commits with their part of the graph: one more than a page has, when there are more."""
    start = 0 if offset <= REPLAYED else offset
    entries = log_page(head, offset + SIZE + 1 - start, start)
    shown = list(lanes_of(entries))[offset - start :]
    return [ShownCommit(each.commit, picture(each)) for each in shown]


def picture(lanes: Lanes) -> SafeString:
    """The lanes beside one commit, as SVG without any style of its own."""
    width = min(lanes.width, SHOWN_LANES)
    curves = [
        (lane % 6, _curve(start, end, 0))
        for lane, (start, end) in [(e[1], e) for e in lanes.edges]
        if max(start, end) < width
    ]
    curves += [
        (end % 6, _curve(start, end, HEIGHT // 2)) for start, end in lanes.parents if end < width
    ]
    if lanes.awaited and lanes.at < width:
        x = _x(lanes.at)
        curves.append((lanes.at % 6, f"M{x} 0V{HEIGHT // 2}"))
    paths = format_html_join("", '<path class="dolt-lane-{}" d="{}"/>', curves)
    at = min(lanes.at, width - 1)
    return format_html(
        '<svg class="dolt-lanes" width="{}" height="{}" viewBox="0 0 {} {}" aria-hidden="true" '
        'focusable="false">{}<circle class="dolt-lane-{}" cx="{}" cy="{}" r="4.5"/></svg>',
        width * STEP,
        HEIGHT,
        width * STEP,
        HEIGHT,
        paths,
        at % 6,
        _x(at),
        HEIGHT // 2,
    )


def _x(lane: int) -> int:
    return lane * STEP + STEP // 2


def _curve(start: int, end: int, top: int) -> str:
    a, b, middle = _x(start), _x(end), (top + HEIGHT) // 2
    return (
        f"M{a} {top}V{HEIGHT}" if a == b else f"M{a} {top}C{a} {middle} {b} {middle} {b} {HEIGHT}"
    )
