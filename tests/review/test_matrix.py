"""Permission matrix: role x rule x verb x way. No cell may let through what another refuses."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from io import StringIO
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AnonymousUser, Group
from django.core.exceptions import PermissionDenied
from django.core.management import CommandError, call_command
from django.http import HttpRequest, HttpResponse
from django.test import Client, override_settings
from django.urls import path

from dolt_router.access import acting_as, may, system
from dolt_router.exceptions import BranchForbidden, BranchProtected, ReviewRequired
from dolt_router.models import Branch
from dolt_router.review.models import BranchGrant, BranchRule, PullRequest
from dolt_router.versioning import branches, resets
from tests.inventory.models import Device
from tests.review.conftest import change, give, person

VERBS = ("read", "write", "create", "merge", "delete", "force")
ALL = ("create_branch", "merge_branch", "delete_branch", "force_branch", "review_branch")
BRANCH, SOURCE = "release/1", "feature/x"

# -- roles: who acts, and what they may where no rule speaks ------------------------------------


def _granted(*verbs: str, deny: bool = False, to: str = "user") -> Callable[[], Any]:
    def make() -> Any:
        user = person("u", *(ALL if deny else ()))
        subject: dict[str, Any] = {"user": user}
        if to == "group":
            group = Group.objects.create(name="g")
            group.user_set.add(user)
            subject = {"group": group}
        elif to == "everyone":
            subject = {"everyone": True}
        BranchGrant.objects.create(pattern="release/*", verbs=list(verbs), deny=deny, **subject)
        return user

    return make


def _closed_to_others() -> Any:
    BranchGrant.objects.create(pattern="release/*", verbs=["read", "write"], user=person("insider"))
    return person("u", *ALL)


ROLES: dict[str, tuple[Callable[[], Any], set[str]]] = {
    "system": (lambda: None, set(VERBS)),
    "anonymous": (AnonymousUser, {"read", "write"}),
    "nobody": (lambda: person("u"), {"read", "write"}),
    "inactive": (lambda: person("u", *ALL, is_active=False), set()),
    "model permissions": (lambda: person("u", *ALL), set(VERBS)),
    "granted": (_granted("merge", "create"), {"read", "write", "merge", "create"}),
    "granted by group": (_granted("delete", to="group"), {"read", "write", "delete"}),
    "granted to everyone": (_granted("force", to="everyone"), {"read", "write", "force"}),
    "denied": (_granted("write", "merge", "delete", deny=True), {"read", "create", "force"}),
    # Who can't read a branch can't do anything to it either.
    "denied by group": (_granted("read", deny=True, to="group"), {"create"}),
    "closed to others": (_closed_to_others, {"create"}),
    "superuser": (
        lambda: get_user_model().objects.create_superuser("u", "u@example.org", "pw"),
        set(VERBS),
    ),
}

# -- rules: what they leave of it ----------------------------------------------------------------

RULED = {"read", "create"}


def _approved() -> None:
    BranchRule.objects.create(pattern="release/*")
    _open().approve(person("reviewer", "review_branch"))


def _open() -> PullRequest:
    return PullRequest.objects.open(
        source=SOURCE, target=BRANCH, title="T", author=person("author")
    )


def _moved() -> None:
    _approved()
    change(SOURCE, "moved")


def _mergers() -> None:
    rule = BranchRule.objects.create(pattern="release/*", only_by_pull_request=False, approvals=0)
    rule.merger_users.add(person("merger"))


def _bypassed() -> None:
    BranchRule.objects.create(pattern="*", superusers_may_bypass=True)


RULES: dict[str, tuple[Callable[[], Any], set[str], set[str]]] = {
    # what is left for all, and what for superusers
    "none": (lambda: None, set(VERBS), set(VERBS)),
    "of other branches": (
        lambda: BranchRule.objects.create(pattern="main"),
        set(VERBS),
        set(VERBS),
    ),
    "pull request": (lambda: BranchRule.objects.create(pattern="release/*"), RULED, RULED),
    "approved": (_approved, RULED | {"merge"}, RULED | {"merge"}),
    "moved since": (_moved, RULED, RULED),
    "mergers": (_mergers, set(VERBS) - {"merge"}, set(VERBS) - {"merge"}),
    "superusers pass": (_bypassed, RULED, set(VERBS)),
}

# -- ways ---------------------------------------------------------------------------------------


def _written() -> bool:
    with system():
        return Device.objects.using(BRANCH).filter(name="written").exists()


def _new_name() -> str:
    return "release/new"


ORM: dict[str, Callable[[], Any]] = {
    "read": lambda: list(Device.objects.using(BRANCH).all()),
    "write": lambda: Device.objects.using(BRANCH).create(name="written"),
    "create": lambda: Branch.objects.create(name=_new_name(), start_point="main"),
    "merge": lambda: Branch.objects.get(name=SOURCE).merge(into=BRANCH),
    "delete": lambda: Branch.objects.get(name=BRANCH).delete(force=True),
    "force": lambda: resets.reset(BRANCH, "main", force=True),
}

COMMANDS: dict[str, list[str]] = {
    "read": ["diff", "main", BRANCH],
    "create": ["branch", _new_name(), "main"],
    "merge": ["merge", SOURCE, "--into", BRANCH],
    "delete": ["branch", "-D", BRANCH],
    "force": ["reset", "main", "--branch", BRANCH, "--force"],
}


def view(request: HttpRequest) -> HttpResponse:
    """Does a verb as the request's user, who is whoever is logged in."""
    ORM[request.GET["verb"]]()
    return HttpResponse("done")


urlpatterns = [path("do/", view), path("admin/", admin.site.urls)]


def _snapshot() -> dict[str, str]:
    with system():
        return {branch.name: branch.hash for branch in Branch.objects.all()}


@pytest.fixture
def stage(dolt: None) -> Iterator[None]:
    """A release and a feature with a commit more."""
    with system():
        Device.objects.create(name="first")
        Branch.objects.create(name=BRANCH, start_point="main")
        Branch.objects.create(name=SOURCE, start_point="main")
        change(SOURCE, "new")
    yield


def _by_orm(verb: str, user: Any) -> bool:
    with acting_as(user):
        asked = may(verb, BRANCH)
        try:
            ORM[verb]()
        except (BranchForbidden, BranchProtected, ReviewRequired):
            return False
    assert asked or verb == "merge"  # `may` knows no source, so a merge has no pull request
    return True


def _by_request(verb: str, user: Any) -> bool | None:
    if user is None:
        return None
    client = Client(raise_request_exception=False)
    if user.is_authenticated:
        client.force_login(user)
        if not user.is_active:
            return None  # Django doesn't log them in: an anonymous request, which has its own row
    status = client.get("/do/", {"verb": verb}).status_code
    assert status in (200, 403), status
    return status == 200


def _by_command(verb: str, user: Any) -> bool | None:
    if verb not in COMMANDS or (user is not None and not user.is_authenticated):
        return None
    name = [] if user is None else ["--as", user.username]
    try:
        call_command("dolt", *COMMANDS[verb], *name, stdout=StringIO())
    except (CommandError, PermissionDenied):
        return False
    return True


BRANCHES = "/admin/dolt_router/branch"
STAFF = ("add_site", "view_site", "view_device", "view_branch")


def _by_admin(verb: str, user: Any) -> bool | None:
    """By the forms of the stock admin, for a member of the staff."""
    if user is None or not user.is_authenticated or not user.is_active or verb == "force":
        return None  # the admin lets none of these in, and has no page that moves a branch
    with system():
        user.is_staff = True
        user.save()
        give(user, *STAFF)
        heads = {"source_hash": branches.resolve(SOURCE), "target_hash": branches.resolve(BRANCH)}
    client = Client(raise_request_exception=False)
    client.force_login(user)
    on = {"HTTP_X_DOLT_BRANCH": BRANCH}
    if verb == "read":
        answer = client.get("/admin/inventory/device/", **on)
        assert answer.status_code in (200, 403)
        return answer.status_code == 200
    posts: dict[str, tuple[str, dict[str, str], dict[str, str]]] = {
        "write": ("/admin/inventory/site/add/", {"name": "written"}, on),
        "create": (
            f"{BRANCHES}/add/",
            {"branch-name": _new_name(), "branch-start_point": "main"},
            {},
        ),
        "merge": (
            f"{BRANCHES}/merge/?source={SOURCE}&into={BRANCH}",
            {**heads, "strategy": "merge"},
            {},
        ),
        "delete": (f"{BRANCHES}/delete/?branch={BRANCH}", {"lose": "yes"}, {}),
    }
    address, values, headers = posts[verb]
    answer = client.post(address, values, **headers)
    assert answer.status_code in (200, 302, 403), answer.status_code
    return answer.status_code == 302


WAYS = {"ORM": _by_orm, "request": _by_request, "command": _by_command, "admin": _by_admin}


@pytest.mark.parametrize("way", list(WAYS))
@pytest.mark.parametrize("rule", list(RULES))
@pytest.mark.parametrize("role", list(ROLES))
def test_matrix(stage: None, role: str, rule: str, way: str) -> None:
    make_user, open_to_role = ROLES[role]
    make_rule, left, left_to_superusers = RULES[rule]
    with system():
        user = make_user()
        make_rule()
    if way == "command" and user is not None and not user.is_active:
        user_may: set[str] = set()
    else:
        user_may = open_to_role
    expected = user_may & (left_to_superusers if role == "superuser" else left)
    with override_settings(ROOT_URLCONF=__name__):
        for verb in VERBS:  # those that end the branch come last
            before = _snapshot()
            done = WAYS[way](verb, user)
            if done is None:
                continue
            assert done == (verb in expected), f"{role} / {rule} / {verb} / {way}"
            after = _snapshot()
            if not done:
                assert after == before
            if verb == "create" and done:
                with system():
                    branches.delete(_new_name(), force=True)
            if verb == "delete" and done:
                with system():
                    Branch.objects.create(name=BRANCH, start_point="main")
