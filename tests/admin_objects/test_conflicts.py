"""The conflicts page: decide by field or row, keep the choices, merge."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client, override_settings

from dolt_router import use_branch
from dolt_router.models import Commit
from dolt_router.versioning import branches
from tests.admin_objects.choosing import (  # noqa: F401  (fixtures)
    PAGE,
    address,
    device_in_conflict,
    form_of,
    on,
    send,
    where_choices_are_kept,
)
from tests.admin_objects.conftest import Log_in, text_of
from tests.inventory.models import Device, Site, Tag
from tests.versioning.objects import change, head

EVIL = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>"

# -- what is shown --------------------------------------------------------------------------


def test_base_ours_and_theirs_side_by_side(log_in: Log_in, device: Device) -> None:
    page = log_in().get(address())
    (row,) = page.context["rows"]
    assert [(c.label, c.base, c.told.old, c.told.new) for c in row.cells] == [
        ("Name", "alpha", "ours", "theirs"),
        ("Height", "1", "3", "2"),
    ]
    assert (page.context["total"], page.context["open"]) == (1, 1)
    assert "1 is to be decided" in text_of(page)


def test_nothing_in_conflict_leads_to_the_merge(log_in: Log_in, feature: str) -> None:
    with use_branch(feature):
        Device.objects.create(name="x")
    page = text_of(log_in().get(address()))
    assert "Nothing is in conflict" in page
    assert "/merge/?source=feature%2Fx&amp;into=main" in page


@pytest.mark.parametrize("name", ["nowhere", "-x", "x y", "", "a" * 300, "é", "x;DROP"])
def test_branch_that_is_not_there_is_404(log_in: Log_in, device: Device, name: str) -> None:
    client = log_in()
    assert client.get(address(source=name)).status_code == 404
    if name:
        assert client.get(address(into=name)).status_code == 404
        assert client.post(address(source=name), {"_merge": "1"}).status_code == 404


def test_only_staff_sees_the_page(log_in: Log_in, device: Device) -> None:
    client = Client()
    client.force_login(User.objects.create_user("guest"))
    assert client.get(address()).status_code == 302
    assert client.post(address(), {"_merge": "1"}).status_code == 302
    assert Device.objects.get().name == "ours"


# -- choosing -------------------------------------------------------------------------------


def test_choices_by_field_survive_a_reload_and_make_the_merge(
    log_in: Log_in, device: Device
) -> None:
    client = log_in()
    assert send(client, "_save", name="theirs").status_code == 302
    (row,) = client.get(address()).context["rows"]
    assert [cell.pick for cell in row.cells] == ["theirs", ""]
    assert not row.is_decided
    send(client, "_save", height="ours")
    page = client.get(address())
    assert page.context["open"] == 0
    answer = send(client, "_merge")
    assert answer.status_code == 302
    device.refresh_from_db()
    assert (device.name, device.height, device.site_id is None) == ("theirs", 3, False)
    merge = Commit.objects.on("main")[0]
    assert "Merge branch" in merge.message
    assert merge.committer.startswith("user")
    assert client.get(address()).context["total"] == 0


def test_typed_value_is_validated_by_the_models_field(log_in: Log_in, device: Device) -> None:
    client = log_in()
    for wrong in ("tall", "-4", ""):
        answer = send(client, "_merge", name="ours", height=wrong)
        assert answer.status_code == 400
        assert "dolt-error" in text_of(answer)
        assert 'aria-invalid="true"' in text_of(answer)
        assert Device.objects.get().height == 3
    (row,) = client.get(address()).context["rows"]
    assert [cell.pick for cell in row.cells] == ["ours", ""]
    assert send(client, "_save", name="both of them", height="44").status_code == 302
    assert client.get(address()).context["open"] == 0
    assert send(client, "_merge").status_code == 302
    device.refresh_from_db()
    assert (device.name, device.height) == ("both of them", 44)


def test_whole_row_from_one_side(log_in: Log_in, device: Device) -> None:
    client = log_in()
    page = client.get(address())
    mark = page.context["rows"][0].mark
    client.post(address(), {**form_of(page), "_row": f"{mark}:theirs"})
    (row,) = client.get(address()).context["rows"]
    assert [cell.pick for cell in row.cells] == ["theirs", "theirs"]


def test_all_of_a_table_from_one_side(log_in: Log_in, dolt: None, make_branch: Any) -> None:
    Device.objects.bulk_create([Device(name=f"d{at}") for at in range(30)])
    Tag.objects.create(name="t")
    make_branch("feature/x")
    with use_branch("feature/x"):
        Device.objects.update(height=2)
        Tag.objects.update(name="theirs")
    Device.objects.update(height=3)
    Tag.objects.update(name="ours")
    client = log_in()
    page = client.get(address())
    assert page.context["total"] == 31
    assert len(page.context["rows"]) == 20
    client.post(address(), {**form_of(page), "_all": "inventory_device:theirs"})
    page = client.get(address(show="open"))
    assert page.context["open"] == 1
    assert [row.conflict.table for row in page.context["rows"]] == ["inventory_tag"]
    assert send(client, "_merge").status_code == 409
    assert send(client, "_merge", name="ours", at=address(show="open")).status_code == 302
    assert set(Device.objects.values_list("height", flat=True)) == {2}
    assert Tag.objects.get().name == "ours"


def test_conflicts_are_paged_and_filtered_by_table(
    log_in: Log_in, dolt: None, make_branch: Any
) -> None:
    Device.objects.bulk_create([Device(name=f"d{at:02}") for at in range(45)])
    make_branch("feature/x")
    with use_branch("feature/x"):
        Device.objects.update(height=2)
    Device.objects.update(height=3)
    client = log_in()
    seen = [
        row.conflict.key["id"]
        for number in (1, 2, 3)
        for row in client.get(address(p=str(number))).context["rows"]
    ]
    assert len(set(seen)) == 45
    assert client.get(address(table="inventory_tag")).context["rows"] == []
    assert client.get(address(table="nonsense", p="x")).status_code == 200


def test_merge_is_refused_until_all_is_decided(log_in: Log_in, device: Device) -> None:
    before = head()
    answer = send(log_in(), "_merge", name="ours")
    assert answer.status_code == 409
    assert "Not everything is decided" in text_of(answer)
    assert head() == before


@pytest.mark.parametrize(
    ("deleted_on", "side", "is_kept"),
    [
        ("main", "ours", False),
        ("main", "theirs", True),
        ("feature/x", "ours", True),
        ("feature/x", "theirs", False),
    ],
)
def test_row_that_one_side_deleted(
    log_in: Log_in, dolt: None, make_branch: Any, deleted_on: str, side: str, is_kept: bool
) -> None:
    device = Device.objects.create(name="alpha")
    make_branch("feature/x")
    changed_on = "feature/x" if deleted_on == "main" else "main"
    with use_branch(deleted_on):
        Device.objects.get(pk=device.pk).delete()
    with use_branch(changed_on):
        change(Device.objects.get(pk=device.pk), height=9)
    client = log_in()
    page = client.get(address())
    (row,) = page.context["rows"]
    assert row.is_whole
    assert f"Delete it, as on {deleted_on}" in text_of(page)
    sent = {**form_of(page, "_merge"), row.name: side}
    assert client.post(address(), sent).status_code == 302
    assert Device.objects.filter(pk=device.pk).exists() == is_kept


# -- others at work -------------------------------------------------------------------------


def test_second_reviewer_sees_the_choices_of_the_first(
    log_in: Log_in, device: Device, kept_in: str
) -> None:
    first, second = log_in(), log_in()
    send(first, "_save", name="theirs", height="17")
    (row,) = second.get(address()).context["rows"]
    if kept_in == "session":
        assert [cell.pick for cell in row.cells] == ["", ""]
        return
    assert [cell.pick for cell in row.cells] == ["theirs", "own"]
    assert 'value="17"' in row.cells[1].widget
    send(second, "_save", name="ours")
    assert send(first, "_merge").status_code == 302
    device.refresh_from_db()
    assert (device.name, device.height) == ("ours", 17)


def test_branch_that_moved_is_told_and_fitting_choices_stay(
    log_in: Log_in, device: Device, make_branch: Any
) -> None:
    client = log_in()
    page = client.get(address())
    sent = form_of(page, "_merge", name="theirs", height="ours")
    change(Device.objects.create(name="bystander"), height=5)
    answer = client.post(address(), sent)
    assert answer.status_code == 409
    assert "A branch moved" in text_of(answer)
    assert answer.context["open"] == 0
    assert Device.objects.get(pk=device.pk).name == "ours"
    assert send(client, "_merge").status_code == 302
    assert Device.objects.get(pk=device.pk).name == "theirs"


def test_row_that_was_changed_meanwhile_is_decided_anew(log_in: Log_in, device: Device) -> None:
    client = log_in()
    page = client.get(address())
    stale = form_of(page, "_merge", name="theirs", height="theirs")
    send(client, "_save", name="ours", height="ours")
    change(device, height=30)
    answer = client.post(address(), stale)
    assert answer.status_code == 409
    assert "1 row that you saw is no longer in conflict, or changed" in text_of(answer)
    assert answer.context["open"] == 1
    (row,) = answer.context["rows"]
    assert [cell.told.old for cell in row.cells] == ["ours", "30"]


def test_own_choices_that_fit_no_more_are_told(log_in: Log_in, device: Device) -> None:
    client = log_in()
    send(client, "_save", name="ours")
    change(device, height=30)
    assert "1 choice of yours fits no longer" in text_of(client.get(address()))
    assert "fits no longer" not in text_of(client.get(address()))


def test_marks_of_other_rows_are_nothing(log_in: Log_in, device: Device) -> None:
    client = log_in()
    page = client.get(address())
    sent = {"row": ["x", "a" * 32, "<b>"], "_all": "auth_user:ours", **page.context["heads"]}
    assert client.post(address(), sent).status_code == 302
    assert client.get(address()).context["open"] == 1
    assert client.post(address(), {**sent, "_all": ":::", "_row": "x:y"}).status_code == 302


# -- what one may -----------------------------------------------------------------------------


def test_rows_one_may_not_see_are_counted_and_block_the_merge(
    log_in: Log_in, device: Device, make_branch: Any
) -> None:
    client = log_in("view_tag")
    page = client.get(address())
    assert page.context["rows"] == []
    assert (page.context["hidden"], page.context["hidden_open"]) == (1, 1)
    assert "tables that you may not see" in text_of(page).replace("a table", "tables")
    for secret in ("alpha", "theirs", "inventory_device"):
        assert secret not in re.sub(r"feature/x", "", text_of(page))
    for sent in (
        {"_all": "inventory_device:ours"},
        {"row": [_mark(log_in())], f"pick-{_mark(log_in())}-name": "ours"},
    ):
        client.post(address(), {**page.context["heads"], **sent})
    assert client.get(address()).context["open"] == 1
    answer = client.post(address(), {**page.context["heads"], "_merge": "1"})
    assert answer.status_code == 409
    assert Device.objects.get().name == "ours"


def _mark(client: Client) -> str:
    return str(client.get(address()).context["rows"][0].mark)


def test_value_of_ones_own_needs_the_permission_to_change(log_in: Log_in, device: Device) -> None:
    client = log_in("view_device")
    page = client.get(address())
    (row,) = page.context["rows"]
    assert all(cell.widget == "" for cell in row.cells)
    client.post(address(), form_of(page, "_save", name="mine"))
    (row,) = client.get(address()).context["rows"]
    assert [cell.pick for cell in row.cells] == ["", ""]


def test_without_csrf_token_nothing_is_kept(log_in: Log_in, device: Device) -> None:
    client = log_in(enforce_csrf_checks=True)
    page = client.get(address())
    assert client.post(address(), form_of(page, "_merge", name="ours")).status_code == 403


def not_feature(request: Any, name: str) -> bool:
    return not name.startswith("feature/")


@override_settings(DOLT_ROUTER={"BRANCH_ACCESS": "tests.admin_objects.test_conflicts.not_feature"})
def test_branch_that_one_may_not_read_has_no_conflicts_to_see(
    log_in: Log_in, device: Device
) -> None:
    assert log_in().get(address()).status_code == 403
    assert log_in().get(address(source="main", into="feature/x")).status_code == 403


def test_values_and_branch_names_are_escaped(log_in: Log_in, dolt: None, make_branch: Any) -> None:
    device = Device.objects.create(name="alpha")
    name = "a'b%60\"<i>".replace("<i>", "i").replace('"', "'")
    make_branch(name)
    with use_branch(name):
        change(Device.objects.get(pk=device.pk), name=EVIL)
    change(device, name=EVIL + "2")
    page = log_in().get(address(source=name))
    assert page.status_code == 200
    assert "<script>alert" not in text_of(page) and "<img src=x" not in text_of(page)
    assert "&lt;script&gt;alert" in text_of(page)


# -- what can't be merged -------------------------------------------------------------------


def test_broken_keys_are_shown_and_nothing_is_merged(
    log_in: Log_in, dolt: None, make_branch: Any
) -> None:
    site = Site.objects.create(name="Berlin")
    device = Device.objects.create(name="alpha")
    make_branch("feature/x")
    with use_branch("feature/x"):
        Site.objects.get(pk=site.pk).delete()
        change(Device.objects.get(pk=device.pk), height=2)
    change(device, height=3, site=site)
    client = log_in()
    answer = send(client, "_merge", height="ours")
    assert answer.status_code == 409
    assert "points to an object that is not there" in text_of(answer)
    assert len(answer.context["violations"]) == 1
    assert answer.context["open"] == 0
    viewer = log_in("view_tag")
    assert viewer.get(address()).context["violations"] == []


def test_page_costs_few_queries(
    log_in: Log_in, dolt: None, make_branch: Any, django_assert_max_num_queries: Any
) -> None:
    Device.objects.bulk_create([Device(name=f"d{at:02}") for at in range(40)])
    make_branch("feature/x")
    with use_branch("feature/x"):
        Device.objects.update(height=2, site=Site.objects.create(name="a"))
    Device.objects.update(height=3, site=Site.objects.create(name="b"))
    client = log_in()
    client.get(address())
    with django_assert_max_num_queries(30):
        page = client.get(address())
    assert len(page.context["rows"]) == 20


def test_merge_into_a_protected_branch_goes_by_its_rules(log_in: Log_in, device: Device) -> None:
    with override_settings(DOLT_ROUTER={"PROTECTED_BRANCHES": ["main"]}):
        client = log_in()
        answer = send(client, "_merge", name="ours", height="theirs")
    assert answer.status_code == 302, text_of(
        answer
    )  # protected from direct writes; a merge is the way in
    assert branches.resolve("main") == head()
