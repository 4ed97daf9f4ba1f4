"""Users of the admin, and where they go."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from dolt_router.selectors import SESSION_KEY

Log_in = Callable[..., Client]


@pytest.fixture
def log_in(dolt: None) -> Log_in:
    """A client logged in as a member of staff: `log_in("view_device", on="feature/x")`.

    Without permissions named: as a superuser.
    """

    def enter(*permissions: str, on: str = "", **options: Any) -> Client:
        name = f"user{User.objects.count()}"
        user = User.objects.create_user(name, f"{name}@example.org", is_staff=True)
        if permissions:
            user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
        else:
            user.is_superuser = True
            user.save()
        client = Client(**options)
        client.force_login(user)
        if on:
            session = client.session
            session[SESSION_KEY] = on
            session.save()
        return client

    return enter


def url(model: str, page: str = "", pk: Any = None, where: str = "/admin/inventory") -> str:
    """The address of a page of a model's or an object's."""
    return f"{where}/{model}/" + (f"{pk}/" if pk is not None else "") + page


def text_of(response: Any) -> str:
    return str(response.content.decode())
