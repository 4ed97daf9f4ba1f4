"""Users and their clients, in front of the admin's pages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

MakeUser = Callable[..., User]


@pytest.fixture
def make_user(dolt: None) -> MakeUser:
    """Makes a member of the staff with the permissions that are named: `view_device`, ..."""

    def make(name: str = "ann", *permissions: str, **values: Any) -> User:
        user = User.objects.create_user(
            name, f"{name}@example.org", "pw", **{"is_staff": True} | values
        )
        user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
        return user

    return make


@pytest.fixture
def staff(make_user: MakeUser) -> Client:
    """A client of a member of the staff who may view and change devices and sites."""
    return client_of(make_user("ann", "view_device", "change_device", "view_site", "change_site"))


@pytest.fixture
def root(make_user: MakeUser) -> Client:
    """A client of a superuser."""
    return client_of(make_user("root", is_superuser=True))


def client_of(user: User, **options: Any) -> Client:
    """A client that is logged in."""
    client = Client(**options)
    client.force_login(user)
    return client
