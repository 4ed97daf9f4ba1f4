"""The pages of branches, commits and merges, through Django's client on a real database."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest
from django.test import Client, override_settings
from django.urls import reverse

from dolt_router.models import Branch, Commit
from dolt_router.versioning import branches
from tests.conftest import MakeBranch
from tests.inventory.models import Device, Site, Tag


def url(name: str, *args: str, **query: str) -> str:
    query = {key.rstrip("_"): value for key, value in query.items()}
    return f"{reverse(f'admin:dolt_router_{name}', args=args)}?{urlencode(query)}"


def text_of(response: object) -> str:
    return response.content.decode()  # type: ignore[attr-defined]


def head(ref: str = "main") -> str:
    return str(Commit.objects.on(ref)[0].commit_hash)


@pytest.fixture
def edited(feature: str) -> str:
    """`feature/x`, on which a device of main was changed, one added and one removed."""
    site = Site.objects.create(name="Zurich")
    for name in ("old-1", "old-2"):
        Device.objects.create(name=name, site=site)
    Branch.objects.get(name=feature).sync()
    on = Device.objects.using(feature)
    on.filter(name="old-1").update(height=7)
    on.get(name="old-2").delete()
    on.create(name="new-1", site_id=site.pk)
    return feature


# -- list -------------------------------------------------------


def test_list_shows_distance_and_last_commit(root: Client, edited: str) -> None:
    page = text_of(root.get(url("branch_changelist")))
    assert "feature/x" in page and "field-shown_ahead" in page
    assert '<td class="field-shown_ahead">3</td>' in page


@pytest.mark.filterwarnings("error")
def test_list_uses_nothing_that_a_later_django_takes_away(root: Client, feature: str) -> None:
    page = text_of(root.get(url("branch_changelist")))
    assert feature in page and "delete_selected" not in page


def test_list_is_searched_in_any_case_and_paged_by_the_database(
    root: Client, make_branch: MakeBranch, django_assert_max_num_queries: object
) -> None:
    for number in range(53):
        make_branch(f"topic/{number:02}")
    with django_assert_max_num_queries(12):  # type: ignore[operator]
        first = text_of(root.get(url("branch_changelist")))
    second = text_of(root.get(url("branch_changelist", p="2")))
    assert first.count('class="dolt-name"') == 50 and second.count('class="dolt-name"') == 4
    found = text_of(root.get(url("branch_changelist", q="TOPIC/07")))
    assert found.count('class="dolt-name"') == 1 and "topic/07" in found
    assert root.get(url("branch_changelist", p="99")).status_code == 302


def test_merged_branches_are_deleted_and_others_kept(root: Client, edited: str) -> None:
    Branch.objects.create(name="merged", start_point="main")
    data = {"action": "delete_merged", "_selected_action": ["merged", edited]}
    page = text_of(root.post(url("branch_changelist"), data, follow=True))
    assert branches.names() == [edited, "main"]
    assert "1 branch deleted" in page and "3 commit(s) are not in" in page


def test_two_selected_branches_are_compared(root: Client, edited: str) -> None:
    data = {"action": "compare_selected", "_selected_action": [edited, "main"]}
    response = root.post(url("branch_changelist"), data)
    assert response["Location"] == url("compare", from_="main", to=edited)


# -- create, rename, delete -------------------------------------


def test_create_switches_to_the_new_branch_and_comes_back(root: Client, dolt: None) -> None:
    data = {
        "branch-name": "autumn/prices",
        "branch-start_point": "main",
        "next": "/admin/inventory/device/",
    }
    response = root.post(url("branch_add"), data)
    assert response["Location"] == "/admin/inventory/device/"
    assert root.session["dolt-branch"] == "autumn/prices"


@pytest.mark.parametrize(
    ("name", "start", "told"),
    [
        ("feature/x", "main", "feature/x"),
        ("-d", "main", "starts with -"),
        ("fine", "nowhere", "nowhere"),
        ("a b", "main", "contains"),
    ],
)
def test_a_name_that_cannot_be_is_told_at_the_field(
    root: Client, feature: str, name: str, start: str, told: str
) -> None:
    response = root.post(url("branch_add"), {"branch-name": name, "branch-start_point": start})
    assert response.status_code == 200 and "errorlist" in text_of(response)
    assert told in text_of(response)
    assert branches.names() == ["feature/x", "main"]


def test_rename_takes_the_session_along(root: Client, feature: str) -> None:
    root.post(url("branch_switch"), {"branch": feature})
    root.post(url("branch_rename", branch=feature), {"branch-name": "feature/y"})
    assert branches.names() == ["feature/y", "main"]
    assert root.session["dolt-branch"] == "feature/y"


def test_delete_of_unmerged_work_takes_a_second_word(root: Client, edited: str) -> None:
    page = url("branch_delete_one", branch=edited)
    assert "3 commits of it are not in main" in text_of(root.get(page))
    root.post(page)
    assert edited in branches.names()
    root.post(page, {"lose": "yes"})
    assert edited not in branches.names()


def test_the_default_branch_is_not_deleted(root: Client, dolt: None) -> None:
    page = root.post(url("branch_delete_one", branch="main"), {"lose": "yes"})
    assert "errornote" in text_of(page) and branches.names() == ["main"]


# -- log and commit ---------------------------------------------


def test_log_shows_the_graph_and_is_paged(root: Client, edited: str) -> None:
    for number in range(32):
        Tag.objects.create(name=f"t{number}")
    first = text_of(root.get(url("log")))
    assert (
        first.count('<svg class="dolt-lanes"') == 30 and "Older" in first and "Newer" not in first
    )
    assert "Newer" in text_of(root.get(url("log", p="2")))


def test_log_is_searched(root: Client, edited: str) -> None:
    page = text_of(root.get(url("log", ref=edited, q="ADDED 1 DEVICE")))
    assert page.count('class="dolt-commit"') >= 1


def test_commit_shows_fields_with_their_values_before_and_after(root: Client, edited: str) -> None:
    commit = Commit.objects.on(edited)[2]
    page = text_of(root.get(url("commit", commit.commit_hash)))
    assert "old-1" in page and "Height" in page
    assert '<del class="dolt-value">1</del>' in page and '<ins class="dolt-value">7</ins>' in page


def test_commit_names_what_a_foreign_key_points_to(root: Client, dolt: None) -> None:
    user_site = Site.objects.create(name="Basel")
    Device.objects.create(name="with-site", site=user_site)
    assert f"#{user_site.pk}" not in text_of(root.get(url("commit", head())))


def test_first_commit_has_a_page(root: Client, dolt: None) -> None:
    first = Commit.objects.on("main").reverse()[0].commit_hash
    assert "first commit" in text_of(root.get(url("commit", first)))


def test_rows_of_a_table_are_paged(root: Client, dolt: None) -> None:
    Device.objects.bulk_create(Device(name=f"d{number:03}") for number in range(120))
    page = text_of(root.get(url("commit", head())))
    assert page.count("dolt-row-added") == 50 and "All 120 rows of Devices" in page
    last = text_of(root.get(url("commit", head(), table="inventory_device", p="3")))
    assert last.count("dolt-row-added") == 20 and "101 to 120 of 120" in last


def test_many_to_many_rows_are_named_by_both_ends(root: Client, dolt: None) -> None:
    device = Device.objects.create(name="tagged")
    device.tags.add(Tag.objects.create(name="core"))
    page = text_of(root.get(url("commit", head())))
    assert "Devices: tags" in page and "tagged – " in page


# -- compare ----------------------------------------------------


def test_compare_any_two_refs(root: Client, edited: str) -> None:
    page = text_of(root.get(url("compare", from_="main", to=edited)))
    for told in ("+ 1 added", "~ 1 changed", "− 1 removed", "new-1", "old-2"):
        assert told in page
    Device.objects.create(name="only-main")
    both = text_of(root.get(url("compare", from_="main", to=edited)))
    forked = text_of(root.get(url("compare", from_="main", to=edited, base="1")))
    assert "only-main" in both and "only-main" not in forked


def test_compare_takes_git_names_of_commits(root: Client, edited: str) -> None:
    page = text_of(root.get(url("compare", from_=f"{edited}~1", to=head(edited)[:8])))
    assert "new-1" in page and "old-2" not in page


# -- revert and cherry-pick -------------------------------------


def test_revert_shows_first_and_does_then(root: Client, dolt: None) -> None:
    device = Device.objects.create(name="x")
    Device.objects.update(height=5)
    page = url("revert", commit=head(), on="main")
    before = branches.names(), head()
    shown = text_of(root.get(page))
    assert '<del class="dolt-value">5</del>' in shown and (branches.names(), head()) == before
    root.post(page, {"head": head()})
    device.refresh_from_db()
    assert device.height == 1 and Commit.objects.on("main")[0].committer == "root"


def test_revert_of_what_changed_since_says_so_and_writes_nothing(root: Client, dolt: None) -> None:
    Device.objects.create(name="x")
    Device.objects.update(height=5)
    page = url("revert", commit=head(), on="main")
    Device.objects.update(height=6)
    shown = text_of(root.get(page))
    assert "later commits changed the same rows" in shown and "Devices: 1 row" in shown
    root.post(page, {"head": head()})
    assert Device.objects.get().height == 6


def test_revert_is_refused_when_the_branch_moved_since_it_was_shown(
    root: Client, dolt: None
) -> None:
    Device.objects.create(name="x")
    page, seen = url("revert", commit=head(), on="main"), head()
    Device.objects.create(name="y")
    assert "moved meanwhile" in text_of(root.post(page, {"head": seen}))
    assert Device.objects.count() == 2


def test_cherry_pick_shows_first_and_does_then(root: Client, edited: str) -> None:
    page = url("cherry_pick", commit=head(edited), on="main")
    assert "new-1" in text_of(root.get(page))
    root.post(page, {"head": head()})
    assert Device.objects.filter(name="new-1").exists()
    assert "has these changes already" in text_of(root.get(page))


# -- merge ------------------------------------------------------


def test_merge_shows_first_and_does_then(root: Client, edited: str) -> None:
    page = url("merge", source=edited, into="main")
    assert "3 commits to merge" in text_of(root.get(page))
    data = {"source_hash": head(edited), "target_hash": head(), "strategy": "no-ff"}
    data |= {"message": "Autumn", "delete_source": "on"}
    root.post(page, data)
    assert sorted(Device.objects.values_list("name", flat=True)) == ["new-1", "old-1"]
    assert Commit.objects.on("main")[0].message == "Autumn"
    assert branches.names() == ["main"]


def test_merge_tells_conflicts_and_writes_nothing(root: Client, edited: str) -> None:
    Device.objects.filter(name="old-1").update(height=9)
    page = url("merge", source=edited, into="main")
    assert "Devices: 1 row" in text_of(root.get(page))
    data = {"source_hash": head(edited), "target_hash": head(), "strategy": "merge"}
    assert "errornote" in text_of(root.post(page, data))
    assert Device.objects.get(name="old-1").height == 9


def test_merge_is_refused_when_a_branch_moved_since_it_was_shown(root: Client, edited: str) -> None:
    data = {"source_hash": head(edited), "target_hash": head(), "strategy": "merge"}
    Device.objects.using(edited).create(name="late")
    page = root.post(url("merge", source=edited, into="main"), data)
    assert "moved meanwhile" in text_of(page)
    assert not Device.objects.filter(name="new-1").exists()


@override_settings(DOLT_ROUTER={"PROTECTED_BRANCHES": ["main"]})
def test_a_protected_branch_offers_no_revert(root: Client, edited: str) -> None:
    page = text_of(root.get(url("revert", commit=head(), on="main")))
    assert "You can't change main directly" in page and 'value="Revert"' not in page
