"""An object that isn't on the branch one is on: a page that says where it is."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.messages import get_messages
from django.test import override_settings

from dolt_router import use_branch
from dolt_router.selectors import SESSION_KEY
from tests.admin_objects.conftest import Log_in, text_of, url
from tests.conftest import MakeBranch, unused_key
from tests.inventory.models import Device

PAGES = ["change/", "delete/", "history/", "dolt/fields/", "dolt/compare/"]
BUSY = "tests.admin_objects.site"


@pytest.fixture
def elsewhere(feature: str) -> Device:
    with use_branch(feature):
        return Device.objects.create(name="new one")


@pytest.mark.parametrize("page", PAGES)
def test_page_says_on_which_branch_it_is_and_offers_to_switch(
    log_in: Log_in, elsewhere: Device, page: str
) -> None:
    client = log_in()
    answer = client.get(url("device", page, elsewhere.pk))
    assert answer.status_code == 404
    assert answer.context["branches"] == ["feature/x"]
    assert "Switch to feature/x" in text_of(answer)
    assert f'href="{url("device")}"' in text_of(answer)
    form = {"branch": "feature/x", "next": url("device", page, elsewhere.pk)}
    assert 'name="next" value="' + form["next"] in text_of(answer)
    switched = client.post(answer.context["switch_url"], form)
    assert switched["Location"] == form["next"]
    assert client.session[SESSION_KEY] == "feature/x"
    assert client.get(form["next"]).status_code == 200


def test_post_to_a_form_of_a_missing_object_writes_nothing(
    log_in: Log_in, elsewhere: Device
) -> None:
    answer = log_in().post(url("device", "change/", elsewhere.pk), {"name": "x", "height": 1})
    assert answer.status_code == 404
    assert answer.context["next"] == url("device", "change/", elsewhere.pk)
    assert not Device.objects.exists()


def test_main_is_named_when_the_branch_lacks_it(log_in: Log_in, feature: str) -> None:
    device = Device.objects.create(name="on main")
    answer = log_in(on=feature).get(url("device", "change/", device.pk))
    assert answer.status_code == 404
    assert answer.context["branches"] == ["main"]


def test_deleted_object_can_be_restored_from_there(log_in: Log_in, dolt: None) -> None:
    device = Device.objects.create(name="gone")
    pk = device.pk
    device.delete()
    answer = log_in().get(url("device", "change/", pk))
    assert answer.status_code == 404
    assert "It was deleted here" in text_of(answer)
    assert log_in().get(answer.context["restore_url"]).status_code == 200
    viewer = log_in("view_device").get(url("device", "change/", pk))
    assert "It was deleted here" in text_of(viewer)
    assert "Restore it" not in text_of(viewer)


def test_key_that_is_nowhere_gets_djangos_own_answer(log_in: Log_in, feature: str) -> None:
    answer = log_in().get(url("device", "change/", 987654))
    assert answer.status_code == 302
    assert "doesn’t exist" in str(list(get_messages(answer.wsgi_request))[0])


def test_without_permission_nothing_is_told(log_in: Log_in, elsewhere: Device) -> None:
    for page in PAGES:
        assert log_in("view_site").get(url("device", page, elsewhere.pk)).status_code == 403


def not_feature(request: Any, name: str) -> bool:
    return not name.startswith("feature/")


@override_settings(DOLT_ROUTER={"BRANCH_ACCESS": "tests.admin_objects.test_elsewhere.not_feature"})
def test_branch_that_one_may_not_use_is_not_named(log_in: Log_in, elsewhere: Device) -> None:
    answer = log_in().get(url("device", "change/", elsewhere.pk), follow=True)
    assert "feature/x" not in text_of(answer)


@override_settings(ROOT_URLCONF=BUSY)
def test_row_that_the_admin_hides_is_not_told_of(log_in: Log_in, feature: str) -> None:
    with use_branch(feature):
        hidden = Device.objects.create(name="secret plan")
    answer = log_in().get(f"/busy/inventory/device/{hidden.pk}/change/")
    assert answer.status_code == 302


def test_many_branches_are_asked_by_few_queries(
    log_in: Log_in, make_branch: MakeBranch, django_assert_max_num_queries: Any
) -> None:
    for at in range(120):
        make_branch(f"b{at}")
    with use_branch("b7"):
        device = Device.objects.create(pk=unused_key(), name="x")
    client = log_in()
    client.get(url("device", "change/", device.pk))
    with django_assert_max_num_queries(30):
        answer = client.get(url("device", "change/", device.pk))
    assert answer.context["branches"] == ["b7"]
