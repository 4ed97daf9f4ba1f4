"""Permission matrix: role x rule x act x way. No cell may let through what another refuses.

The people and the branches that are merged are made once for all cells; each cell has a release of
its own, with the grants, the rules and the pull requests that are of it, and removes them again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import StringIO
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.core.exceptions import PermissionDenied
from django.core.management import CommandError, call_command
from django.http import HttpRequest, HttpResponse
from django.test import override_settings
from django.urls import path, reverse

from dolt_router.access import acting_as, may, system
from dolt_router.exceptions import (
    BranchForbidden,
    BranchProtected,
    PullRequestForbidden,
    ReviewRequired,
)
from dolt_router.models import Branch
from dolt_router.review.models import BranchGrant, BranchRule, Comment, PullRequest, Review
from dolt_router.versioning import branches, resets
from tests.inventory.models import Device
from tests.review.conftest import change, person
from tests.review.roles import (
    ACTS,
    NAMELESS,
    OF_PEOPLE,
    REVIEWED,
    ROLES,
    RULES,
    SOURCE,
    Cell,
    _propose,
)

# -- ways ---------------------------------------------------------------------------------------

ORM: dict[str, Callable[[Cell, Any], Any]] = {
    "read": lambda cell, user: list(Device.objects.using(cell.branch).all()),
    "write": lambda cell, user: Device.objects.using(cell.branch).create(name="written"),
    "create": lambda cell, user: Branch.objects.create(name=cell.new_name, start_point="main"),
    "merge": lambda cell, user: Branch.objects.get(name=SOURCE).merge(into=cell.branch),
    "delete": lambda cell, user: Branch.objects.get(name=cell.branch).delete(force=True),
    "force": lambda cell, user: resets.reset(cell.branch, REVIEWED, force=True),
    "approve": lambda cell, user: cell.reviewed.approve(user),
    "request changes": lambda cell, user: cell.reviewed.request_changes(user, "No."),
    "comment": lambda cell, user: cell.reviewed.comment(user, "Hm."),
}

COMMANDS: dict[str, Callable[[Cell], list[str]]] = {
    "read": lambda cell: ["diff", "main", cell.branch],
    "create": lambda cell: ["branch", cell.new_name, "main"],
    "merge": lambda cell: ["merge", SOURCE, "--into", cell.branch],
    "delete": lambda cell: ["branch", "-D", cell.branch],
    "force": lambda cell: ["reset", REVIEWED, "--branch", cell.branch, "--force"],
}


def view(request: HttpRequest) -> HttpResponse:
    """Does an act as the request's user, who is whoever is logged in."""
    user: Any = request.user
    ORM[request.GET["act"]](Cell(int(request.GET["cell"]), user), user)
    return HttpResponse("done")


urlpatterns = [path("do/", view), path("admin/", admin.site.urls)]


def _snapshot() -> tuple[dict[str, str], int, int]:
    with system():
        heads = {branch.name: branch.hash for branch in Branch.objects.all()}
        return heads, Review.objects.count(), Comment.objects.count()


@pytest.fixture
def people(dolt: None) -> dict[str, Any]:
    """Whoever acts, by their role; and the branches that are merged."""
    for name in ("author", "merger", "insider"):
        person(name)
    person("reviewer", "review_branch")
    Device.objects.create(name="first")
    for name in (SOURCE, REVIEWED):
        Branch.objects.create(name=name, start_point="main")
        change(name, name)
    return {role: make() for role, (make, _grant, _open) in ROLES.items()}


@contextmanager
def cell_of(number: int, user: Any, role: str, rule: str) -> Iterator[Cell]:
    """The release of a role and a rule, which is removed afterwards with all that is its."""
    if getattr(user, "pk", None) is not None:  # without what a user remembers
        user = get_user_model().objects.get(pk=user.pk)
    cell = Cell(number, user)
    with system():
        Branch.objects.create(name=cell.branch, start_point="main")
        _propose(cell, REVIEWED)
        ROLES[role][1](cell)
        RULES[rule][0](cell)
    yield cell
    with system():
        for model in (PullRequest, BranchGrant, BranchRule):
            model.objects.all().delete()
        for name in {cell.branch, cell.new_name} & set(branches.names()):
            branches.delete(name, force=True)


def _by_orm(act: str, cell: Cell) -> bool:
    with acting_as(cell.user):
        asked = may(ACTS[act], cell.branch)
        try:
            ORM[act](cell, cell.user)
        except (BranchForbidden, BranchProtected, ReviewRequired, PullRequestForbidden):
            return False
    assert asked or act == "merge"  # `may` knows no source, so a merge has no pull request
    return True


def _by_request(act: str, cell: Cell) -> bool | None:
    user = cell.user
    if user is None:
        return None
    if user.is_authenticated and not user.is_active:
        return None  # Django doesn't log them in: an anonymous request, which has its own row
    status = cell.client.get("/do/", {"act": act, "cell": cell.number}).status_code
    assert status in (200, 403), status
    return status == 200


def _by_command(act: str, cell: Cell) -> bool | None:
    user = cell.user
    if act not in COMMANDS or (user is not None and not user.is_authenticated):
        return None
    name = [] if user is None else ["--as", user.username]
    try:
        call_command("dolt", *COMMANDS[act](cell), *name, stdout=StringIO())
    except (CommandError, PermissionDenied):
        return False
    return True


BRANCHES = "/admin/dolt_router/branch"
POSTED = {"approve": "approve", "request changes": "changes", "comment": "comment"}


def _by_admin(act: str, cell: Cell) -> bool | None:
    """By the forms of the stock admin, for a member of the staff."""
    user = cell.user
    if user is None or not user.is_authenticated or not user.is_active or act == "force":
        return None  # the admin lets none of these in, and has no page that moves a branch
    client = cell.client
    on = {"HTTP_X_DOLT_BRANCH": cell.branch}
    if act == "read":
        answer = client.get("/admin/inventory/device/", **on)
        assert answer.status_code in (200, 403)
        return answer.status_code == 200
    with system():
        heads = {name: branches.resolve(name) for name in (SOURCE, REVIEWED, cell.branch)}
    if act in POSTED:
        number = cell.reviewed.pk
        address = reverse("admin:dolt_review_pullrequest_act", args=[number, POSTED[act]])
        before = _snapshot()
        answer = client.post(address, {"text": "Hm.", "source_hash": heads[REVIEWED]})
        assert answer.status_code in (302, 404), answer.status_code
        return _snapshot() != before  # a refusal is told on the page, too
    both = {"source_hash": heads[SOURCE], "target_hash": heads[cell.branch]}
    posts: dict[str, tuple[str, dict[str, str], dict[str, str]]] = {
        "write": ("/admin/inventory/site/add/", {"name": "written"}, on),
        "create": (
            f"{BRANCHES}/add/",
            {"branch-name": cell.new_name, "branch-start_point": "main"},
            {},
        ),
        "merge": (
            f"{BRANCHES}/merge/?source={SOURCE}&into={cell.branch}",
            {**both, "strategy": "merge"},
            {},
        ),
        "delete": (f"{BRANCHES}/delete/?branch={cell.branch}", {"lose": "yes"}, {}),
    }
    address, values, headers = posts[act]
    answer = client.post(address, values, **headers)
    assert answer.status_code in (200, 302, 403), answer.status_code
    return answer.status_code == 302


WAYS = {"ORM": _by_orm, "request": _by_request, "command": _by_command, "admin": _by_admin}


def _is_expected(act: str, role: str, rule: str, way: str) -> bool:
    """Whether the act is to be let through."""
    _user, _grant, open_to_role = ROLES[role]
    _rule, left, left_to_superusers = RULES[rule]
    if role == "inactive" and way == "command":
        return False
    if act in OF_PEOPLE and role in NAMELESS:
        return False
    return ACTS[act] in open_to_role & (left_to_superusers if role == "superuser" else left)


@pytest.mark.parametrize("way", list(WAYS))
@pytest.mark.parametrize("rule", list(RULES))
def test_matrix(people: dict[str, Any], rule: str, way: str) -> None:
    holes: list[str] = []
    with override_settings(ROOT_URLCONF=__name__):
        for number, (role, user) in enumerate(people.items()):
            with cell_of(number, user, role, rule) as cell:
                before = _snapshot()
                for act in ACTS:
                    done = WAYS[way](act, cell)
                    if done is None:
                        continue
                    after = _snapshot()
                    hole = ""
                    if done != _is_expected(act, role, rule, way):
                        hole = "was done" if done else "was refused"
                    elif (after != before) != (done and act != "read"):
                        hole = "changed something" if after != before else "changed nothing"
                    if hole:
                        holes.append(f"{role} / {rule} / {act} / {way}: {hole}")
                    before = _tidied(act, cell) if done else after
    assert holes == []


def _tidied(act: str, cell: Cell) -> Any:
    """Put back what later acts need; the state that they begin with."""
    with system():
        if act == "create":
            branches.delete(cell.new_name, force=True)
            cell.log_out()
        elif act == "delete":
            Branch.objects.create(name=cell.branch, start_point="main")
    return _snapshot()


def test_every_act_is_let_through_and_refused_by_every_way_that_has_it() -> None:
    """What a way never lets, or never refuses, it doesn't tell anything about."""
    for way in WAYS:
        for act in ACTS:
            cells = {_is_expected(act, role, rule, way) for role in ROLES for rule in RULES}
            assert cells == {True, False}, (way, act)
