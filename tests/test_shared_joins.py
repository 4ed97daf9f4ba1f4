"""Queries on shared models that join versioned tables read those of the branch at work."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import User
from django.db.models import Count, Exists, OuterRef
from django.utils.functional import SimpleLazyObject

from dolt_router import use_branch
from tests.inventory.models import Device, Site


@pytest.fixture
def owner(feature: str) -> Iterator[User]:
    """A user who owns `lathe` on the branch and `saw` on main; the branch is active."""
    user = User.objects.create_user("ann")
    Device.objects.create(name="saw", owner=user)
    Device.objects.using(feature).create(name="lathe", owner=user)
    Device.objects.using(feature).create(name="drill", owner=user)
    with use_branch(feature):
        yield user


def test_filter_sees_the_branch(owner: User) -> None:
    users = User.objects.filter(device__name="lathe")
    assert list(users) == [owner] and users.exists() and users.count() == 1
    assert users.values_list("device__name", flat=True)[0] == "lathe"
    # A device made from main's head when the branch began would be on both: this is not.
    assert not User.objects.filter(device__name="saw").exists()
    assert User.objects.exclude(device__name="lathe").count() == 0


def test_annotations_and_subqueries_see_the_branch(owner: User) -> None:
    assert User.objects.annotate(n=Count("device")).get().n == 2
    assert User.objects.aggregate(n=Count("device"))["n"] == 2
    devices = Device.objects.filter(owner=OuterRef("pk"), name="lathe")
    assert User.objects.filter(Exists(devices)).get() == owner
    assert User.objects.filter(pk__in=Device.objects.filter(name="lathe").values("owner")).exists()
    assert User.objects.annotate(n=Count("device")).filter(n=2).count() == 1


def test_an_alias_that_is_named_is_kept(owner: User) -> None:
    assert User.objects.using("default/main").filter(device__name="saw").exists()
    assert not User.objects.using("default/main").filter(device__name="lathe").exists()
    with use_branch("main"):
        assert User.objects.filter(device__name="saw").exists()


def test_a_shared_row_found_by_a_join_is_written_where_it_lives(owner: User) -> None:
    found = User.objects.get(device__name="lathe")
    found.first_name = "Ann"
    found.save()
    assert User.objects.filter(device__name="lathe").update(last_name="Lee") == 1
    with use_branch("main"):
        assert User.objects.get().get_full_name() == "Ann Lee"


def test_a_row_fetched_with_a_shared_one_stays_on_the_branch(owner: User) -> None:
    device = Device.objects.get(name="lathe")
    device._state.db = User.objects.all().db  # what select_related does from a one-to-one field
    assert device.owner.device_set.count() == 2
    with use_branch("main"):
        device.height = 7
        device.save()
        device.refresh_from_db()
        device.site = Site(name="new")
        device.site.save(using="default/feature/x")
        device.save()
        assert list(Device.objects.values_list("name", flat=True)) == ["saw"]
    assert Device.objects.get(name="lathe").height == 7


def test_lazy_user_of_a_request_is_related_as_the_user_it_stands_for(feature: str) -> None:
    get_user_model().objects.create_user("lazy")
    user = SimpleLazyObject(lambda: get_user_model().objects.get(username="lazy"))
    device = Device.objects.using(feature).create(name="theirs")
    device.owner = user
    device.save()
    assert Device.objects.using(feature).get(name="theirs").owner.username == "lazy"


def test_lazy_user_as_a_request_has_it_can_own_an_object(feature: str) -> None:
    lazy = SimpleLazyObject(lambda: User.objects.create_user("ann"))
    with use_branch(feature):
        device = Device(name="a", owner=lazy)
        device.save()
        device.owner = lazy
        device.save()
        assert Device.objects.get(owner=lazy).owner == lazy
    assert not Device.objects.using("default/main").exists()
