"""The history of an object in the stock admin: versions, comparison, blame."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.db import connection
from django.test import override_settings
from django.test.utils import CaptureQueriesContext

from dolt_router import use_branch
from dolt_router.autocommit import AutoDoltCommit
from dolt_router.models import Branch
from tests.admin_objects.conftest import Log_in, text_of, url
from tests.conftest import MakeBranch, unused_key
from tests.inventory.models import Device, Site, Tag
from tests.versioning.objects import ANN, BOB, change, head

EVIL = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>"
BUSY = "tests.admin_objects.site"


@pytest.fixture
def device(dolt: None) -> Device:
    with AutoDoltCommit("Found in the cellar", ANN):
        site = Site.objects.create(name="Berlin")
        device = Device.objects.create(pk=unused_key(), name="alpha", site=site)
    change(device, "Measured", BOB, height=3)
    return device


def get(client: Any, page: str, pk: Any, **query: str) -> Any:
    return client.get(url("device", page, pk), query)


# -- the list of versions -----------------------------------------------------------------


def test_history_has_each_version_with_author_date_message_and_fields(
    log_in: Log_in, device: Device
) -> None:
    page = text_of(get(log_in(), "history/", device.pk))
    assert page.index("Measured") < page.index("Found in the cellar")
    for words in ("Ann", "Bob", "bob@example.org", "Height:", "<del>1</del>", "<ins>3</ins>"):
        assert words in page
    assert "Berlin" not in re.findall(r"#\d+", page)


def test_history_is_of_the_branch_one_is_on(log_in: Log_in, device: Device, feature: str) -> None:
    with use_branch(feature):
        change(Device.objects.get(pk=device.pk), "Only on the branch", height=9)
    assert "Only on the branch" in text_of(get(log_in(on=feature), "history/", device.pk))
    assert "Only on the branch" not in text_of(get(log_in(), "history/", device.pk))


def test_history_is_paged(log_in: Log_in, device: Device) -> None:
    for height in range(10, 40):
        change(device, f"to-{height}-", height=height)
    client = log_in()
    first = get(client, "history/", device.pk)
    assert "to-39-" in text_of(first) and "to-10-" not in text_of(first)
    before = first.context["next_before"]
    second = get(client, "history/", device.pk, before=before)
    assert "to-10-" in text_of(second) and "Found in the cellar" in text_of(second)
    assert "to-39-" not in text_of(second)
    assert second.context["next_before"] is None


def test_history_shows_what_the_admin_noted_too(log_in: Log_in, device: Device) -> None:
    client = log_in()
    values = {
        "name": "beta",
        "height": 4,
        "tags": [Tag.objects.create(name="t").pk],
        "owner": client.session["_auth_user_id"],
        "site": device.site_id,
    }
    assert client.post(url("device", "change/", device.pk), values).status_code == 302
    page = text_of(get(client, "history/", device.pk))
    assert "own log: 1 entry" in page
    assert "Changed" in page


def test_history_costs_few_queries(log_in: Log_in, device: Device) -> None:
    for at in range(8):
        change(device, height=10 + at, site_id=Site.objects.create(name=f"s{at}").pk)
    client = log_in()
    get(client, "history/", device.pk)
    with CaptureQueriesContext(connection) as captured:
        get(client, "history/", device.pk)
    # Django logs the BEGIN that it asks for; here nothing is sent for it.
    assert len([query for query in captured if query["sql"] != "BEGIN"]) <= 30


def test_only_who_may_view_the_model_sees_its_history(log_in: Log_in, device: Device) -> None:
    for page in ("history/", "dolt/fields/", "dolt/compare/"):
        assert get(log_in("view_site"), page, device.pk).status_code == 403
        assert get(log_in("view_device"), page, device.pk).status_code == 200


def test_related_objects_are_named_only_for_who_may_view_them(
    log_in: Log_in, device: Device
) -> None:
    Site.__str__ = lambda self: self.name  # type: ignore[method-assign]
    try:
        hidden = text_of(get(log_in("view_device"), "history/", device.pk))
        shown = text_of(get(log_in("view_device", "view_site"), "history/", device.pk))
    finally:
        del Site.__str__
    assert "Berlin" in shown
    assert "Berlin" not in hidden
    assert f"#{device.site_id}" in hidden


def test_sets_of_a_model_one_may_not_view_are_not_shown(log_in: Log_in, device: Device) -> None:
    device.tags.add(Tag.objects.create(name="t"))
    page = text_of(get(log_in("view_device"), "history/", device.pk))
    assert "not shown to you" in page
    assert "not shown to you" not in text_of(
        get(log_in("view_device", "view_tag"), "history/", device.pk)
    )


def test_values_messages_and_authors_are_escaped(log_in: Log_in, device: Device) -> None:
    change(device, EVIL, name=EVIL[:90])
    device.refresh_from_db()
    client = log_in()
    versions = [v.commit_hash for v in _versions(device)]
    for page in (
        get(client, "history/", device.pk),
        get(client, "dolt/fields/", device.pk),
        get(client, "dolt/compare/", device.pk, **{"from": versions[1], "to": versions[0]}),
        get(client, "dolt/restore/", device.pk, version=versions[-1]),
    ):
        assert page.status_code == 200
        assert "<script>alert" not in text_of(page)
        assert "<img src=x" not in text_of(page)
        assert "&lt;script&gt;alert" in text_of(page)


def _versions(device: Device) -> Any:
    from dolt_router.versioning.history import history_of

    return history_of(device)


@pytest.mark.parametrize("page", ["history/", "dolt/fields/", "dolt/compare/"])
def test_pages_of_a_key_that_is_no_key(log_in: Log_in, device: Device, page: str) -> None:
    for key in ("999999", "abc", "1_2F2"):
        answer = get(log_in(), page, key)
        assert answer.status_code in (302, 404)


# -- comparison ---------------------------------------------------------------------------


def test_any_two_versions_field_by_field(log_in: Log_in, device: Device) -> None:
    change(device, name="alpha, the one in the cellar of Berlin")
    change(device, name="alpha, the one in the attic of Berlin")
    newest, *_others, oldest = [v.commit_hash for v in _versions(device)]
    page = get(log_in(), "dolt/compare/", device.pk, **{"from": oldest, "to": newest})
    assert [told.label for told in page.context["differing"]] == ["Name", "Height"]
    second = _versions(device)[1].commit_hash
    page = get(log_in(), "dolt/compare/", device.pk, **{"from": second, "to": newest})
    assert "<del>cellar</del>" in text_of(page)
    assert "<ins>attic</ins>" in text_of(page)


def test_comparison_with_other_branches(log_in: Log_in, device: Device, feature: str) -> None:
    change(device, "On main", height=77)
    client = log_in(on=feature)
    page = get(client, "dolt/compare/", device.pk, **{"from": "main", "to": ""})
    (told,) = page.context["differing"]
    assert (told.label, told.old, told.new) == ("Height", "77", "3")
    typed = {"from": "-branch", "branch": "main", "to": feature}
    assert get(client, "dolt/compare/", device.pk, **typed).context["differing"] == [told]


@pytest.mark.parametrize(
    "ref", ["a" * 32, "nowhere", "-x", "x y", "HEAD", "..", "'; DROP TABLE x; --", "é", "a" * 400]
)
def test_version_that_is_not_there_is_404(log_in: Log_in, device: Device, ref: str) -> None:
    client = log_in()
    for query in ({"from": ref}, {"to": ref}, {"from": "-branch", "branch": ref}):
        assert get(client, "dolt/compare/", device.pk, **query).status_code == 404
    assert get(client, "dolt/restore/", device.pk, version=ref).status_code == 404
    assert get(client, "history/", device.pk, before=ref).status_code == 404


def nobody_reads_secret(request: Any, name: str) -> bool:
    return name != "secret/x"


def test_hash_is_no_way_into_a_branch_one_may_not_read(
    log_in: Log_in, device: Device, make_branch: MakeBranch
) -> None:
    make_branch("secret/x")
    with use_branch("secret/x"):
        change(Device.objects.get(pk=device.pk), "Classified", name="classified")
    inside = head("secret/x")
    allow = {"BRANCH_ACCESS": "tests.admin_objects.test_history.nobody_reads_secret"}
    client = log_in()
    for ref in (inside, "secret/x"):
        assert get(client, "dolt/compare/", device.pk, **{"to": ref}).status_code == 200
        with override_settings(DOLT_ROUTER=allow):
            answer = get(client, "dolt/compare/", device.pk, **{"to": ref})
            assert answer.status_code == 404
            answer = get(client, "dolt/restore/", device.pk, version=ref)
            assert answer.status_code == 404
            answer = get(client, "history/", device.pk)
            assert "secret/x" not in text_of(answer)


def test_object_that_is_missing_on_one_side(log_in: Log_in, device: Device, feature: str) -> None:
    with use_branch(feature):
        new = Device.objects.create(name="new")
    page = get(log_in(on=feature), "dolt/compare/", new.pk, **{"from": "main", "to": feature})
    assert page.context["is_old_missing"] and not page.context["is_new_missing"]
    assert "Not there" in text_of(page)


# -- who changed what -----------------------------------------------------------------------


def test_who_last_changed_each_field(log_in: Log_in, device: Device) -> None:
    page = get(log_in(), "dolt/fields/", device.pk)
    authors = {row["told"].label: row["author"] for row in page.context["rows"]}
    assert authors["Height"] == "Bob"
    assert authors["Name"] == "Ann"


# -- whose history pages these are --------------------------------------------------------


@override_settings(ROOT_URLCONF=BUSY)
def test_admin_that_opts_out_and_shared_models_keep_djangos_pages(
    log_in: Log_in, device: Device
) -> None:
    client = log_in()
    page = client.get(f"/busy/inventory/site/{device.site_id}/history/")
    assert page.template_name == [
        "admin/inventory/site/object_history.html",
        "admin/inventory/object_history.html",
        "admin/object_history.html",
    ]
    for missing in (f"{device.site_id}/dolt/fields/", "dolt/deleted/"):
        assert client.get(f"/busy/inventory/site/{missing}").status_code == 404
    assert (
        client.get(f"/busy/auth/user/{client.session['_auth_user_id']}/history/").status_code == 200
    )
    assert client.get("/busy/auth/user/dolt/deleted/").status_code == 404


@override_settings(ROOT_URLCONF=BUSY)
def test_own_history_page_of_a_subclass_wins(log_in: Log_in, device: Device) -> None:
    tag = Tag.objects.create(name="t")
    client = log_in()
    address = f"/busy/inventory/tag/{tag.pk}/history/"
    assert client.get(address).content == b"our own history"
    assert "admin/object_history.html" in client.get(address + "?super").template_name


@override_settings(ROOT_URLCONF=BUSY)
def test_pages_work_on_another_admin_site(log_in: Log_in, device: Device) -> None:
    page = text_of(log_in().get(f"/busy/inventory/device/{device.pk}/history/"))
    assert f"/busy/inventory/device/{device.pk}/dolt/fields/" in page
    assert 'href="/admin/' not in page


def test_branches_can_be_many(log_in: Log_in, device: Device) -> None:
    for at in range(3):
        Branch.objects.create(name=f"b{at}", start_point="main")
    assert '<option value="b2">' in text_of(get(log_in(), "history/", device.pk))
