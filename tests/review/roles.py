"""Who acts, and the rules of a branch, for the matrix of permissions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import AnonymousUser, Group
from django.test import Client

from dolt_router.access import system
from dolt_router.review.models import BranchGrant, BranchRule, PullRequest
from tests.review.conftest import change, person

VERBS = ("read", "write", "create", "merge", "delete", "force", "review")
# What is done, and the verb that it needs. What ends the branch comes last.
ACTS = {
    "read": "read",
    "approve": "review",
    "request changes": "review",
    "comment": "read",
    "write": "write",
    "create": "create",
    "merge": "merge",
    "delete": "delete",
    "force": "force",
}
OF_PEOPLE = ("approve", "request changes", "comment")
ALL = ("create_branch", "merge_branch", "delete_branch", "force_branch", "review_branch")
STAFF = ("add_site", "view_site", "view_device", "view_branch")
SOURCE, REVIEWED = "feature/x", "feature/reviewed"


@dataclass
class Cell:
    """A release: grants and rules of the cell are of its branches, and so is what is done."""

    number: int
    user: Any
    _client: Client | None = None

    @property
    def client(self) -> Client:
        """Logged in once, if the user can be."""
        if self._client is None:
            self._client = Client(raise_request_exception=False)
            if self.user.is_authenticated:
                self._client.force_login(self.user)
        return self._client

    def log_out(self) -> None:
        """Have a new session: in the old one the branch was chosen."""
        self._client = None

    @property
    def pattern(self) -> str:
        return f"release/{self.number}/*"

    @property
    def branch(self) -> str:
        return f"release/{self.number}/1"

    @property
    def new_name(self) -> str:
        return f"release/{self.number}/new"

    @property
    def reviewed(self) -> PullRequest:
        """A pull request that nobody merges: what is said of it opens no other way."""
        with system():
            return PullRequest.objects.get(source=REVIEWED, target=self.branch)


# -- roles: who acts, and what they may where no rule speaks ------------------------------------


def _user(name: str, *codenames: str, **fields: Any) -> Callable[[], Any]:
    return lambda: person(name, *codenames, *STAFF, is_staff=True, **fields)


def _in_a_group() -> Any:
    user = _user("grouped")()
    Group.objects.create(name="g").user_set.add(user)
    return user


def _grants(*verbs: str, deny: bool = False, to: str = "user") -> Callable[[Cell], Any]:
    def make(cell: Cell) -> None:
        subject: dict[str, Any] = {"user": cell.user}
        if to == "group":
            subject = {"group": cell.user.groups.get()}
        elif to == "everyone":
            subject = {"everyone": True}
        elif to == "insider":
            subject = {"user": get_user_model().objects.get(username="insider")}
        BranchGrant.objects.create(pattern=cell.pattern, verbs=list(verbs), deny=deny, **subject)

    return make


def _nothing(cell: Cell) -> None:
    """No grant, no rule."""


ROLES: dict[str, tuple[Callable[[], Any], Callable[[Cell], Any], set[str]]] = {
    # who it is, their grants, and what these let
    "system": (lambda: None, _nothing, set(VERBS)),
    "anonymous": (AnonymousUser, _nothing, {"read", "write"}),
    "nobody": (_user("nobody"), _nothing, {"read", "write"}),
    "inactive": (_user("inactive", *ALL, is_active=False), _nothing, set()),
    "model permissions": (_user("permitted", *ALL), _nothing, set(VERBS)),
    "granted": (
        _user("granted"),
        _grants("merge", "create", "review"),
        {"read", "write", "merge", "create", "review"},
    ),
    "granted by group": (
        _in_a_group,
        _grants("delete", "review", to="group"),
        {"read", "write", "delete", "review"},
    ),
    "granted to everyone": (
        _user("anyone"),
        _grants("force", "review", to="everyone"),
        {"read", "write", "force", "review"},
    ),
    "denied": (
        _user("denied", *ALL),
        _grants("write", "merge", "delete", "review", deny=True),
        {"read", "create", "force"},
    ),
    # Who can't read a branch can't do anything to it either.
    "denied by group": (
        lambda: _denied_in_a_group(),
        _grants("read", deny=True, to="group"),
        {"create"},
    ),
    "closed to others": (
        _user("outsider", *ALL),
        _grants("read", "write", to="insider"),
        {"create"},
    ),
    "superuser": (
        lambda: get_user_model().objects.create_superuser("super", "super@example.org", "pw"),
        _nothing,
        set(VERBS),
    ),
}
# Whom nothing can be said to be by: a review and a comment are of a person who is logged in.
NAMELESS = {"system", "anonymous", "inactive"}


def _denied_in_a_group() -> Any:
    user = _user("banned", *ALL)()
    Group.objects.create(name="banned").user_set.add(user)
    return user


# -- rules: what they leave of it ----------------------------------------------------------------

RULED = {"read", "create", "review"}


def _ruled(pattern: str = "", **fields: Any) -> Callable[[Cell], Any]:
    return lambda cell: BranchRule.objects.create(pattern=pattern or cell.pattern, **fields)


def _approved(cell: Cell, source: str = SOURCE) -> None:
    _ruled()(cell)
    _propose(cell, source).approve(get_user_model().objects.get(username="reviewer"))


def _propose(cell: Cell, source: str) -> PullRequest:
    author = get_user_model().objects.get(username="author")
    return PullRequest.objects.open(source=source, target=cell.branch, title="T", author=author)


def _moved(cell: Cell) -> None:
    _approved(cell)
    change(SOURCE, f"moved {cell.number}")


def _mergers(cell: Cell) -> None:
    rule = _ruled(only_by_pull_request=False, approvals=0)(cell)
    rule.merger_users.add(get_user_model().objects.get(username="merger"))


RULES: dict[str, tuple[Callable[[Cell], Any], set[str], set[str]]] = {
    # what is left for all, and what for superusers
    "none": (_nothing, set(VERBS), set(VERBS)),
    "of other branches": (_ruled("main"), set(VERBS), set(VERBS)),
    "pull request": (_ruled(), RULED, RULED),
    "approved": (_approved, RULED | {"merge"}, RULED | {"merge"}),
    "moved since": (_moved, RULED, RULED),
    "mergers": (_mergers, set(VERBS) - {"merge"}, set(VERBS) - {"merge"}),
    "superusers pass": (_ruled("*", superusers_may_bypass=True), RULED, set(VERBS)),
}
