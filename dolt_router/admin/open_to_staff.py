"""Lists that are open to every member of the staff: what may be done is asked verb by verb."""

from __future__ import annotations

from typing import Any

from django.contrib.admin import ModelAdmin
from django.http import HttpRequest


class OpenToStaff(ModelAdmin):  # type: ignore[type-arg]
    """Shown to, and added by, all who may use the admin; without forms of Django's own.

    Which objects somebody sees is `get_queryset`'s to say, and what may be done with one is asked
    when it is done: of the branch, or of the pull request.
    """

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Whether the list is in the index."""
        return self.has_view_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """For every member of the staff."""
        return self.admin_site.has_permission(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Permissions are of globs over names: the name that is given decides."""
        return self.has_view_permission(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """There is no form to change one."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Stock deletion isn't used: branches have a page for it, pull requests are closed."""
        return False
