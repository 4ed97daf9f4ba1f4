"""The branch bar and the list of recent commits."""

from __future__ import annotations

from typing import Any

from django import template

from dolt_router import current_branch
from dolt_router.conf import conf
from dolt_router.models import Branch, Commit

register = template.Library()

# A select of thousands of names helps nobody: the bar offers the newest, the page all.
OFFERED = 50


@register.inclusion_tag("branches/bar.html", takes_context=True)
def branch_bar(context: dict[str, Any]) -> dict[str, Any]:
    """The bar above every page: where we are, and what can be done from here."""
    request = context["request"]
    production = conf.DEFAULT_BRANCH
    name = current_branch()
    newest = Branch.objects.order_by("-latest_commit_date").values_list("name", flat=True)
    offered = sorted({production, name, *newest[:OFFERED]} - {name})
    ahead, behind = (0, 0)
    if name != production:
        ahead, behind = Branch.objects.get(name=name).ahead_behind(into=production)
    # The bar of a page that showed an object comes back to that page, never to a POST's.
    page = request.get_full_path() if request.method in ("GET", "HEAD") else request.path
    return {
        "request": request,
        "user": request.user,
        "csrf_token": context.get("csrf_token"),
        "name": name,
        "production": production,
        "on_production": name == production,
        "offered": offered,
        "ahead": ahead,
        "behind": behind,
        "page": page,
    }


@register.inclusion_tag("branches/recent.html")
def recent_commits(number: int = 6) -> dict[str, Any]:
    """The newest commits of the current branch."""
    name = current_branch()
    return {"name": name, "commits": Commit.objects.on(name)[:number]}


@register.simple_tag
def is_production() -> bool:
    """Whether the page is on the production branch."""
    return current_branch() == conf.DEFAULT_BRANCH


@register.filter
def subject(message: str) -> str:
    """The first line of a commit's message."""
    return message.partition("\n")[0]
