"""Version control in Django's admin, without changing a ModelAdmin.

`django.contrib.admin` imports this package when it discovers the apps' admin modules. The branch
bar stands on every page of a site that `Branch` is registered with; that is the default site, and
each one that `install` is called with.
https://docs.djangoproject.com/en/stable/ref/contrib/admin/#adminsite-objects
"""

from __future__ import annotations

from django.contrib import admin
from django.contrib.admin import AdminSite

from ..models import Branch
from . import (
    applying,
    commits,
    conflicts_page,
    editing,
    insertion,
    logs,
    merging,
    objects,
    pages,
    switching,
)
from .branch_admin import BranchAdmin

# Each of these modules makes its pages known when it is imported.
PAGES = (applying, commits, conflicts_page, editing, logs, merging, switching)

__all__ = ["PAGES", "BranchAdmin", "install", "pages"]


def install(site: AdminSite) -> None:
    """Give an admin site the branch bar, and the pages of branches, commits and merges.

    Call it where the site's models are registered, before its `urls` are asked for.
    """
    if not site.is_registered(Branch):
        site.register(Branch, BranchAdmin)


insertion.wrap_admin_view()
insertion.let_lists_take_the_branch()
objects.install()
install(admin.site)
