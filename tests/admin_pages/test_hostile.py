"""What a page must withstand: forged posts, open redirects, hostile names and values, IDOR."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import Client, override_settings
from django.urls import reverse

from dolt_router.autocommit import commit_context
from dolt_router.models import Branch
from dolt_router.review.models import BranchGrant
from dolt_router.versioning import branches
from tests.admin_pages.conftest import MakeUser, client_of
from tests.admin_pages.test_pages import head, text_of, url
from tests.conftest import MakeBranch
from tests.inventory.models import Device

# Every character that Dolt allows in a name and HTML, SQL or a URL reads as something else.
NAME = "x'\"><script>alert(1)</script>%27`&amp;{{7+7}}"
HOSTILE_VALUE = "<script>alert('v')</script>\"'>{{7|add:7}}<img src=x onerror=alert(1)>"


def pages(name: str) -> dict[str, str]:
    return {
        "list": url("branch_changelist"),
        "search": url("branch_search", q="x"),
        "log": url("log", ref=name),
        "compare": url("compare", from_="main", to=name),
        "merge": url("merge", source=name, into="main"),
        "revert": url("revert", commit=head(name), on=name),
        "cherry_pick": url("cherry_pick", commit=head(name), on="main"),
        "rename": url("branch_rename", branch=name),
        "delete": url("branch_delete_one", branch=name),
        "commit": url("commit", head(name)),
        "propose": f"{reverse('admin:dolt_review_pullrequest_add')}?{urlencode({'source': name})}",
    }


@pytest.fixture
def hostile(make_branch: MakeBranch) -> str:
    """A branch with a hostile name, message and value."""
    name = make_branch(NAME)
    with commit_context(message=HOSTILE_VALUE):
        Device.objects.using(f"default/{name}").create(name=HOSTILE_VALUE)
    return name


def assert_escaped(response: Any) -> None:
    page = text_of(response)
    assert response.status_code == 200
    assert "<script>alert" not in page and "<img src=x" not in page
    assert "14}}" not in page


def test_hostile_names_messages_and_values_are_shown_as_text(root: Client, hostile: str) -> None:
    for name, address in pages(hostile).items():
        response = root.get(address)
        assert response.status_code == 200, name
        assert_escaped(response)
    assert_escaped(root.post(url("share"), {"branch": hostile}))
    switched = root.post(url("branch_switch"), {"branch": hostile}, follow=True)
    assert_escaped(switched)
    assert root.session["dolt-branch"] == hostile
    assert_escaped(root.get("/admin/inventory/device/"))


@pytest.mark.parametrize("ref", ["nowhere", "-x", "a b", "<script>alert(1)</script>", "a..b", "é"])
@pytest.mark.parametrize(
    ("name", "key"), [("log", "ref"), ("merge", "source"), ("revert", "commit")]
)
def test_unknown_refs_are_named_in_a_404(
    root: Client, dolt: None, name: str, key: str, ref: str
) -> None:
    response = root.get(url(name, **{key: ref}))
    assert response.status_code == 404 and "<script>alert" not in text_of(response)


@pytest.mark.parametrize("ref", ["nowhere", "-x", "<script>alert(1)</script>"])
def test_comparison_with_an_unknown_ref_says_so_in_its_form(
    root: Client, dolt: None, ref: str
) -> None:
    response = root.get(url("compare", from_="main", to=ref))
    assert response.status_code == 404 and "errornote" in text_of(response)
    assert "<script>alert" not in text_of(response)


@pytest.mark.parametrize(
    "there",
    ["https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)", "\t//e"],
)
def test_switch_never_leads_elsewhere(root: Client, feature: str, there: str) -> None:
    for name in ("branch_switch", "branch_add"):
        data = {"branch": feature, "next": there, "branch-name": f"n{len(there)}"}
        response = root.post(url(name), data | {"branch-start_point": "main"})
        assert response["Location"] == "/admin/"
    page = text_of(root.get(url("branch_search", next=there)))
    assert 'name="next" value="/admin/"' in page and there not in page


def test_switch_needs_post_and_token(make_user: MakeUser, feature: str) -> None:
    root = make_user("root", is_superuser=True)
    client = client_of(root, enforce_csrf_checks=True)
    assert client.get(url("branch_switch", branch=feature)).status_code == 405
    for name, data in {
        "branch_switch": {"branch": feature},
        "branch_add": {"branch-name": "n", "branch-start_point": "main"},
        "share": {"branch": feature},
    }.items():
        assert client.post(url(name), data).status_code == 403
    for address in (
        url("branch_delete_one", branch=feature),
        url("branch_rename", branch=feature),
        url("merge", source=feature),
        url("revert", commit=head(), on="main"),
    ):
        assert client.post(address, {"lose": "yes"}).status_code == 403
    assert branches.names() == [feature, "main"] and "dolt-branch" not in client.session


def test_switch_keeps_the_page(root: Client, feature: str) -> None:
    page = "/admin/inventory/device/?q=x&p=2"
    response = root.post(url("branch_switch"), {"branch": feature, "next": page})
    assert response["Location"] == page and root.session["dolt-branch"] == feature
    root.post(url("branch_switch"), {"branch": "main", "next": page})
    assert "dolt-branch" not in root.session


def test_switch_to_what_is_not_there_keeps_the_branch(root: Client, feature: str) -> None:
    root.post(url("branch_switch"), {"branch": feature})
    for name in ("nowhere", "", "-x", head()):
        page = text_of(root.post(url("branch_switch"), {"branch": name}, follow=True))
        assert "messagelist" in page and root.session["dolt-branch"] == feature


def test_strangers_and_non_staff_see_no_page(
    client: Client, hostile: str, make_user: MakeUser
) -> None:
    plain = client_of(make_user("plain", is_staff=False, is_superuser=True))
    for address in pages(hostile).values():
        for visitor in (client, plain):
            response = visitor.get(address)
            assert response.status_code == 302 and "/admin/login/" in response["Location"]


def test_staff_without_the_permission_sees_no_row(make_user: MakeUser, hostile: str) -> None:
    eve = client_of(make_user("eve", "view_site"))
    for name in ("compare", "merge", "revert", "cherry_pick", "commit"):
        page = text_of(eve.get(pages(hostile)[name]))
        assert "tables that you may not see" in page and "dolt-object" not in page
        assert "inventory_device" not in page and "Devices" not in page
    address = pages(hostile)["commit"] + "table=inventory_device"
    assert "dolt-object" not in text_of(eve.get(address))


@pytest.fixture
def closed(make_branch: MakeBranch, make_user: MakeUser) -> str:
    """A branch that only Ann may read; Eve may not."""
    name = make_branch("secret/plan")
    Device.objects.using(name).create(name="hidden-1")
    BranchGrant.objects.create(pattern="secret/*", verbs=["read"], user=make_user("ann"))
    return name


def test_closed_branch_is_nowhere_to_be_found(make_user: MakeUser, closed: str) -> None:
    eve = client_of(make_user("eve", "view_device", "change_device"))
    commit = head(closed)
    assert closed not in text_of(eve.get(url("branch_changelist")))
    assert closed not in text_of(eve.get(url("branch_search", q="secret")))
    assert eve.get(url("branch_search", q="secret", format="json")).json()["count"] == 0
    for address in (
        url("log", ref=closed),
        url("merge", source=closed),
        url("compare", from_="main", to=closed),
        url("compare", from_="main", to=f"{closed}~0"),
        url("compare", from_="main", to=commit),
        url("compare", from_="main", to=commit[:8]),
        url("commit", commit),
        url("revert", commit=commit, on="main"),
        url("cherry_pick", commit=commit, on="main"),
        url("branch_rename", branch=closed),
        url("branch_delete_one", branch=closed),
    ):
        response = eve.get(address)
        assert response.status_code == 403 and "hidden-1" not in text_of(response), address
    eve.post(url("branch_switch"), {"branch": closed})
    assert "dolt-branch" not in eve.session
    page = text_of(eve.get(url("log", ref="secret/plam"), follow=True))
    assert closed not in page
    assert (
        client_of(Branch and make_user("bob", is_superuser=True))
        .get(url("log", ref=closed))
        .status_code
        == 200
    )


@override_settings(DOLT_ROUTER={"BRANCH_ACCESS": "tests.admin_pages.test_hostile.not_secret"})
def test_branch_access_closes_pages_too(root: Client, make_branch: MakeBranch) -> None:
    make_branch("secret/plan")
    assert "secret/plan" not in text_of(root.get(url("branch_changelist")))
    assert root.get(url("log", ref="secret/plan")).status_code == 403


def not_secret(request: Any, name: str) -> bool:
    return not name.startswith("secret/")
