"""Where am I, and what can be done from here: the branch bar.

A page on the default branch spends no query on it; on another branch it is one, of the two heads:
how far they are apart is remembered by the heads' hashes.
"""

from __future__ import annotations

from django.apps import apps
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.urls import NoReverseMatch, reverse
from django.utils.functional import cached_property
from django.utils.html import format_html
from django.utils.safestring import SafeString

from .. import access
from ..aliases import current_branch, default_root
from ..conf import conf
from ..selectors import PREVIEW_KEY
from ..versioning.distances import distance
from ..versioning.points import Place
from .versioned import is_closed

STYLE, SCRIPT = "dolt_router/branches.css", "dolt_router/branches.js"


def assets() -> SafeString:
    """The links to the style sheet and the script, for a page's head."""
    return format_html(
        '<link rel="stylesheet" href="{}"><script src="{}" defer></script>',
        static(STYLE),
        static(SCRIPT),
    )


class Bar:
    """The bar of one page.

    Args:
        app: the name of the admin site that its links lead to.
    """

    def __init__(self, request: HttpRequest, app: str = "admin") -> None:
        self.request, self.app = request, app

    def html(self, with_assets: bool = False) -> SafeString:
        """The bar, with its style sheet and script where the page's head has none."""
        values = {"bar": self, "assets": assets() if with_assets else ""}
        return render_to_string("dolt_router/bar.html", values, self.request)

    @cached_property
    def branch(self) -> str:
        """The name of the branch that the page is on."""
        return current_branch()

    @property
    def default(self) -> str:
        """The name of the default branch."""
        return str(conf.DEFAULT_BRANCH)

    @property
    def is_default(self) -> bool:
        """Whether the page is on the default branch."""
        return self.branch == conf.DEFAULT_BRANCH

    @cached_property
    def is_preview(self) -> bool:
        """Whether a preview link put the visitor here: they can look and change nothing."""
        session = getattr(self.request, "session", {})
        return session.get(PREVIEW_KEY, {}).get("branch") == self.branch

    @cached_property
    def is_closed(self) -> bool:
        """Whether the user can't change anything here: it is protected, or a rule says so."""
        return is_closed(self.request, Place(default_root(), self.branch))

    @cached_property
    def distance(self) -> tuple[int, int]:
        """Commits that this branch has and the default branch hasn't, and the other way round."""
        return (0, 0) if self.is_default else distance(self.branch, self.default)

    @property
    def ahead(self) -> int:
        """Commits that the default branch lacks."""
        return self.distance[0]

    @property
    def behind(self) -> int:
        """Commits of the default branch that are missing here."""
        return self.distance[1]

    @property
    def page(self) -> str:
        """The page to come back to after a switch; never that of a POST's answer."""
        request = self.request
        return request.get_full_path() if request.method in ("GET", "HEAD") else request.path

    @cached_property
    def is_for_staff(self) -> bool:
        """Whether the pages that the bar leads to are open to the user."""
        user = getattr(self.request, "user", None)
        return bool(user and user.is_active and user.is_staff and self.url("branch_switch"))

    def may_merge(self) -> bool:
        """Whether the user may merge this branch into the default one."""
        return access.may("merge", self.default, source=self.branch)

    def url(self, name: str) -> str:
        """The address of one of the branches' pages; '' where they are not served."""
        try:
            return reverse(f"{self.app}:dolt_router_{name}", current_app=self.app)
        except NoReverseMatch:
            return ""

    @property
    def urls(self) -> dict[str, str]:
        """The addresses that the bar leads to."""
        names = ("switch", "search", "changelist", "add")
        own = ("log", "share", "compare", "merge", "preview_leave")
        return {
            **{name: self.url(f"branch_{name}") for name in names},
            **{name: self.url(name) for name in own},
        }

    @property
    def propose_url(self) -> str:
        """Where a pull request is opened; '' without `dolt_router.review`."""
        if self.is_default or not apps.is_installed("dolt_router.review"):
            return ""
        try:
            return reverse(f"{self.app}:dolt_review_pullrequest_add", current_app=self.app)
        except NoReverseMatch:
            return ""
