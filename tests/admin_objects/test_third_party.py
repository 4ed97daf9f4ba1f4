"""Somebody else's ModelAdmin on a branch: django-import-export, as it comes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import override_settings

from dolt_router import use_branch
from dolt_router.models import Commit
from tests.admin_objects.conftest import Log_in, text_of
from tests.inventory.models import Device
from tests.versioning.objects import change

LIST = "/third/inventory/device/"


@pytest.fixture(autouse=True)
def import_export() -> Iterator[None]:
    installed = [*settings.INSTALLED_APPS, "import_export"]
    urls = "tests.admin_objects.third_party_site"
    with override_settings(INSTALLED_APPS=installed, ROOT_URLCONF=urls):
        yield


def test_list_has_their_tools_and_ours(log_in: Log_in, feature: str) -> None:
    with use_branch(feature):
        Device.objects.create(name="alpha")
    page = text_of(log_in(on=feature).get(LIST))
    for words in ("Import", "Export", "Deleted objects", "Only here", 'name="form-0-height"'):
        assert words in page


def test_import_on_a_branch_is_one_commit_there(log_in: Log_in, feature: str) -> None:
    device = Device.objects.create(name="alpha", height=1)
    with use_branch("main"):
        change(device, "On main", height=2)
    client = log_in(on=feature)
    with use_branch(feature):
        Device.objects.create(pk=device.pk, name="alpha", height=5)
    count = Commit.objects.on(feature).count()
    rows = f"id,name,height,site,owner,tags\n{device.pk},renamed,7,,,\n,new,8,,,\n"
    upload = SimpleUploadedFile("devices.csv", rows.encode(), "text/csv")
    preview = client.post(f"{LIST}import/", {"format": "0", "import_file": upload})
    assert preview.status_code == 200
    assert Commit.objects.on(feature).count() == count  # they write, look, and roll back
    form = preview.context["confirm_form"]
    done = client.post(f"{LIST}process_import/", form.initial)
    assert done.status_code == 302
    assert Commit.objects.on(feature).count() == count + 1
    with use_branch(feature):
        found = Device.objects.order_by("pk").values_list("name", "height")
        assert list(found) == [("renamed", 7), ("new", 8)]
    assert Device.objects.get().height == 2


def test_export_is_of_the_branch(log_in: Log_in, feature: str) -> None:
    Device.objects.create(name="on main")
    with use_branch(feature):
        Device.objects.create(name="on the branch")
    form = {"format": "0", "resource": "", "deviceresource_name": "on", "deviceresource_id": "on"}
    answer = log_in(on=feature).post(f"{LIST}export/", form)
    assert answer.status_code == 200
    assert "on the branch" in text_of(answer) and "on main" not in text_of(answer)


def test_history_of_theirs_is_as_of_any_other(log_in: Log_in, dolt: None) -> None:
    device = Device.objects.create(name="alpha")
    change(device, "Measured", height=3)
    client = log_in()
    page = text_of(client.get(f"{LIST}{device.pk}/history/"))
    assert "Measured" in page and "<ins>3</ins>" in page
