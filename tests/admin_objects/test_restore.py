"""Restoring a version, or a deleted object, from the stock admin."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.test import override_settings

from dolt_router import use_branch
from dolt_router.autocommit import AutoDoltCommit
from dolt_router.models import Commit
from dolt_router.versioning.history import history_of
from tests.admin_objects.conftest import Log_in, text_of, url
from tests.inventory.models import Device, Site, Tag
from tests.versioning.objects import ANN, change, head

BUSY = "tests.admin_objects.site"


@pytest.fixture
def device(dolt: None) -> Device:
    with AutoDoltCommit("Found in the cellar", ANN):
        device = Device.objects.create(name="alpha", site=Site.objects.create(name="Berlin"))
    change(device, "Renamed", name="beta", height=3)
    return device


def versions(device: Device) -> list[str]:
    return [version.commit_hash for version in history_of(device)]


def restore(client: Any, pk: Any, version: str, *fields: str, at: str = "", **more: str) -> Any:
    address = url("device", f"dolt/restore/?version={version}", pk)
    return client.post(address, {"fields": fields, "head": at or head(), **more})


def test_preview_says_what_would_change_and_writes_nothing(log_in: Log_in, device: Device) -> None:
    before = head()
    first = versions(device)[-1]
    page = log_in().get(url("device", f"dolt/restore/?version={first}", device.pk))
    told = [(each.label, each.old, each.new) for each in page.context["changes"]]
    assert told == [("Name", "beta", "alpha"), ("Height", "3", "1")]
    assert head() == before
    assert Device.objects.get().name == "beta"


def test_post_restores_the_chosen_fields_by_the_requests_commit(
    log_in: Log_in, device: Device
) -> None:
    count = Commit.objects.on("main").count()
    answer = restore(log_in(), device.pk, versions(device)[-1], "name")
    assert answer.status_code == 302
    assert answer["Location"] == url("device", "history/", device.pk)
    device.refresh_from_db()
    assert (device.name, device.height) == ("alpha", 3)
    assert Commit.objects.on("main").count() == count + 1
    newest = history_of(device)[0]
    assert newest.author.startswith("user")
    assert [c.field for c in newest.changes] == ["name"]
    entry = LogEntry.objects.get()
    assert "Restored the version" in entry.get_change_message()


def test_restoring_on_a_branch_leaves_main_alone(
    log_in: Log_in, device: Device, feature: str
) -> None:
    first = versions(device)[-1]
    answer = restore(log_in(on=feature), device.pk, first, "name", "height", at=head(feature))
    assert answer.status_code == 302
    assert Device.objects.using(feature).get().name == "alpha"
    assert Device.objects.get().name == "beta"


def test_get_never_restores(log_in: Log_in, device: Device) -> None:
    before = head()
    address = url("device", f"dolt/restore/?version={versions(device)[-1]}&fields=name", device.pk)
    log_in().get(address)
    assert head() == before


def test_without_csrf_token_nothing_is_restored(log_in: Log_in, device: Device) -> None:
    client = log_in(enforce_csrf_checks=True)
    assert restore(client, device.pk, versions(device)[-1], "name").status_code == 403
    assert Device.objects.get().name == "beta"


def test_restore_needs_the_permission_to_change(log_in: Log_in, device: Device) -> None:
    first = versions(device)[-1]
    viewer = log_in("view_device")
    assert restore(viewer, device.pk, first, "name").status_code == 403
    assert viewer.get(url("device", f"dolt/restore/?version={first}", device.pk)).status_code == 403
    assert "Restore" not in text_of(viewer.get(url("device", "history/", device.pk)))
    assert restore(log_in("change_device"), device.pk, first, "name").status_code == 302


def test_nothing_is_restored_to_what_another_object_was(log_in: Log_in, device: Device) -> None:
    """A version is of the object in the address: another one's commit has nothing of it."""
    with AutoDoltCommit("other", ANN) as unit:
        other = Device.objects.create(name="other")
    first = versions(device)[-1]
    answer = restore(log_in(), other.pk, first, "name")
    assert answer.status_code == 404
    assert unit.commit_hash and Device.objects.get(pk=other.pk).name == "other"


def test_object_changed_since_the_preview_is_shown_again(log_in: Log_in, device: Device) -> None:
    client, first, seen = log_in(), versions(device)[-1], head()
    change(device, "Meanwhile", height=30)
    answer = restore(client, device.pk, first, "name", at=seen)
    assert answer.status_code == 409
    assert "Somebody changed the object" in text_of(answer)
    assert Device.objects.get().name == "beta"
    assert restore(client, device.pk, first, "name").status_code == 302


def test_another_object_changed_since_the_preview_is_no_matter(
    log_in: Log_in, device: Device
) -> None:
    seen = head()
    Site.objects.create(name="Elsewhere")
    assert restore(log_in(), device.pk, versions(device)[-1], "name", at=seen).status_code == 302


@pytest.mark.parametrize("seen", ["", "x" * 32, "nowhere", "-x"])
def test_preview_of_no_commit_is_shown_again(log_in: Log_in, device: Device, seen: str) -> None:
    address = url("device", f"dolt/restore/?version={versions(device)[-1]}", device.pk)
    answer = log_in().post(address, {"fields": ["name"], "head": seen})
    assert answer.status_code == 409
    assert Device.objects.get().name == "beta"


def test_no_field_chosen_restores_nothing(log_in: Log_in, device: Device) -> None:
    answer = restore(log_in(), device.pk, versions(device)[-1], "id", "nonsense")
    assert answer.status_code == 400
    assert Device.objects.get().name == "beta"


@override_settings(ROOT_URLCONF=BUSY)
def test_field_that_the_form_shows_read_only_is_not_restored(
    log_in: Log_in, device: Device
) -> None:
    client = log_in()
    change(device, "Given away", owner_id=int(client.session["_auth_user_id"]))
    version = versions(device)[1]
    address = f"/busy/inventory/device/{device.pk}/dolt/restore/?version={version}"
    page = client.get(address)
    assert [told.field for told in page.context["kept"]] == ["owner"]
    client.post(address, {"fields": ["owner", "name"], "head": head()})
    device.refresh_from_db()
    assert device.owner_id is not None


def test_related_object_that_is_gone_is_told_and_nothing_is_written(
    log_in: Log_in, device: Device
) -> None:
    berlin, first = device.site, versions(device)[-1]
    change(device, site_id=None)
    assert berlin is not None
    Site.objects.filter(pk=berlin.pk).delete()
    before = head()
    answer = restore(log_in(), device.pk, first, "name", "site")
    assert answer.status_code == 409
    assert "does not exist now" in text_of(answer)
    assert head() == before


def test_unique_value_that_another_object_has_now_is_told(log_in: Log_in, device: Device) -> None:
    Device.objects.create(name="alpha", site=device.site)
    before = head()
    answer = restore(log_in(), device.pk, versions(device)[-1], "name")
    assert answer.status_code == 409
    assert "same unique values" in text_of(answer)
    assert head() == before


# -- deleted objects ------------------------------------------------------------------------


def deleted(client: Any, *own: Any, where: str = "/admin/inventory") -> list[Any]:
    """The rows of the first page that are of these keys: other tests deleted some, too."""
    page = client.get(url("device", "dolt/deleted/", where=where))
    return [row for row in page.context["rows"] if row["deletion"].pk in own]


def test_deleted_objects_are_listed_and_restored(log_in: Log_in, device: Device) -> None:
    pk = device.pk
    device.tags.add(Tag.objects.create(name="t"))
    with AutoDoltCommit("Thrown away", ANN):
        device.delete()
    client = log_in()
    (row,) = deleted(client, pk)
    assert (row["name"], row["author"]) == ("beta", "Ann")
    assert "Thrown away" in text_of(client.get(url("device", "dolt/deleted/")))
    preview = client.get(row["restore_url"])
    assert ("Name", "", "beta") in [(t.label, t.old, t.new) for t in preview.context["changes"]]
    assert not Device.objects.exists()
    answer = client.post(row["restore_url"], {"head": head()})
    assert answer["Location"] == url("device", "change/", pk)
    device = Device.objects.get(pk=pk)
    assert (device.name, device.height, device.tags.count()) == ("beta", 3, 1)
    assert deleted(client, pk) == []


def test_list_has_a_link_to_the_deleted_ones(log_in: Log_in, device: Device) -> None:
    for client in (log_in(), log_in("view_device")):
        page = text_of(client.get(url("device")))
        assert f'href="{url("device", "dolt/deleted/")}"' in page
    popup = text_of(log_in().get(url("device"), {"_popup": "1"}))
    assert "dolt/deleted" not in popup


def test_many_deletions_are_paged_within_and_over_commits(
    log_in: Log_in, scratch_database: None
) -> None:
    with AutoDoltCommit("a", ANN):
        Device.objects.bulk_create([Device(name=f"d{at:03}") for at in range(130)])
    for name in ("d000", "d001"):
        Device.objects.get(name=name).delete()
    Device.objects.all().delete()
    client, seen, address = log_in(), [], url("device", "dolt/deleted/")
    pages = 0
    while address:
        page = client.get(address)
        seen += [row["name"] for row in page.context["rows"]]
        address = page.context["next_url"]
        pages += 1
    assert pages == 3
    assert sorted(seen) == [f"d{at:03}" for at in range(130)]
    assert len(seen) == 130


def test_deletions_cost_few_queries(
    log_in: Log_in, dolt: None, django_assert_max_num_queries: Any
) -> None:
    made = [Device.objects.create(name=f"d{at}").pk for at in range(40)]
    Device.objects.all().delete()
    client = log_in()
    deleted(client)
    with django_assert_max_num_queries(30):
        assert len(deleted(client, *made)) == 40


def test_deleted_on_a_branch_is_not_deleted_on_main(
    log_in: Log_in, device: Device, feature: str
) -> None:
    with use_branch(feature):
        Device.objects.get().delete()
    assert len(deleted(log_in(on=feature), device.pk)) == 1
    assert deleted(log_in(), device.pk) == []


def test_restoring_a_deleted_one_needs_permissions_to_add_and_change(
    log_in: Log_in, device: Device
) -> None:
    pk, last = device.pk, versions(device)[0]
    device.delete()
    for permissions in (["view_device"], ["change_device"], ["view_device", "add_device"]):
        client = log_in(*permissions)
        assert restore(client, pk, last).status_code == 403
    assert not Device.objects.exists()
    assert log_in("view_site").get(url("device", "dolt/deleted/")).status_code == 403
    assert restore(log_in("change_device", "add_device"), pk, last).status_code == 302


@override_settings(ROOT_URLCONF=BUSY)
def test_rows_that_the_admin_hides_are_hidden_when_deleted_too(log_in: Log_in, dolt: None) -> None:
    hidden = Device.objects.create(name="secret plan")
    pk, last = hidden.pk, head()
    hidden.delete()
    client = log_in()
    page = client.get("/busy/inventory/device/dolt/deleted/")
    assert "secret plan" not in text_of(page)
    assert deleted(client, pk, where="/busy/inventory") == []
    address = f"/busy/inventory/device/{pk}/dolt/restore/?version={last}"
    assert client.get(address).status_code == 404
    assert client.post(address, {"head": head()}).status_code == 404
    assert not Device.objects.exists()
