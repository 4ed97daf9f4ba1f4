"""`{% load dolt_router %}{% dolt_branch_bar %}`: the branch bar on any page of a site."""

from __future__ import annotations

from typing import Any

from django import template
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.safestring import SafeString

from ..admin.bar import Bar
from ..wording import person_name

register = template.Library()


@register.simple_tag(takes_context=True)
def dolt_branch_bar(context: dict[str, Any], site: str = "admin") -> SafeString:
    """The bar, with its style sheet and script.

    Needs the `request` context processor. Visitors who are not of the staff see where they are
    and can do nothing.

    Args:
        site: the name of the admin site whose pages the bar leads to.
    """
    return Bar(context["request"], site).html(with_assets=True)


@register.simple_tag
def dolt_query(**values: Any) -> str:
    """The values as a query string; those that are None or '' are left out."""
    return urlencode({name.rstrip("_"): v for name, v in values.items() if v not in (None, "")})


@register.filter
def dolt_name(author: str) -> str:
    """The name in `Name <address>`."""
    return author.rpartition(" <")[0] or author


@register.filter
def dolt_person(user: Any, otherwise: str = "?") -> SafeString | str:
    """Somebody by their full name, with the user name in a title; `otherwise` for nobody."""
    if user is None or user == "":
        return otherwise
    return format_html('<span title="{}">{}</span>', user.get_username(), person_name(user))


@register.filter
def dolt_address(author: str) -> str:
    """The address in `Name <address>`."""
    return author.rpartition(" <")[2].rstrip(">")


@register.filter
def dolt_item(mapping: dict[Any, Any], key: Any) -> Any:
    """`mapping[key]`; None where it has no such key."""
    return mapping.get(key)
