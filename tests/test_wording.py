"""What a commit says, and in whose name."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.db import connection, transaction
from django.http import HttpRequest
from django.test import Client, override_settings
from django.urls import ResolverMatch
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from dolt_router.autocommit import AutoDoltCommit, commit_context, commit_message
from dolt_router.models import Branch, Commit
from dolt_router.versioning.merges import merge
from dolt_router.wording import route_of, user_author, validate_author
from tests.inventory.models import Device, Site, Tag

User = get_user_model()


def head() -> Commit:
    return Commit.objects.on("main")[0]


def compose(request: HttpRequest | None, changes: list[Any]) -> str:
    told = ", ".join(f"{c.action} {c.count} {c.table}" for c in changes)
    return f"[{request.path if request else 'script'}] {told}"


def author(request: HttpRequest | None) -> str:
    return "Robot <robot@example.org>" if request is None else ""


def test_request_tells_what_changed_and_where(dolt: None) -> None:
    Client().post("/many/?name=x")
    assert head().message == (
        "Added 1 site, added 4 devices, changed 1 device, deleted 1 device, added 1 tag: "
        "POST /many/"
    )


@pytest.mark.parametrize(
    ("route", "told"),
    [
        ("devices/<int:pk>/", "/devices/<pk>/"),
        ("admin/inventory/device/<path:object_id>/change/", None),
        (r"^devices/(?P<pk>[^/.]+)/$", "/devices/<pk>/"),
        (r"api/^sites/(?P<site>[0-9]{1,3})/(?:all/)?x(\d+)/$", "/api/sites/<site>/x<var>/"),
        ("<slug:a>/<b>/", "/<a>/<b>/"),
        ("", "/"),
    ],
)
def test_address_in_a_message_has_no_values(route: str, told: str | None) -> None:
    match = ResolverMatch(lambda request: None, (), {}, route=route)
    assert route_of(match) == (told or "/admin/inventory/device/<object_id>/change/")


def test_many_to_many_is_told_of_as_a_change_of_its_owner(dolt: None) -> None:
    devices = [Device.objects.create(name=name) for name in "abc"]
    tag = Tag.objects.create(name="t")
    with transaction.atomic():
        devices[0].tags.add(tag)
    assert head().message == "Changed 1 device"
    with transaction.atomic():
        tag.devices.set(devices)
    assert head().message == "Changed 2 devices"
    with transaction.atomic():
        tag.devices.clear()
    assert "device" in head().message


def test_bulk_writes_are_counted_by_rows(dolt: None) -> None:
    Device.objects.bulk_create([Device(name=str(i)) for i in range(30)])
    assert head().message == "Added 30 devices"
    Device.objects.filter(name__startswith="1").update(height=4)
    assert head().message == "Changed 11 devices"
    Device.objects.all().delete()
    assert head().message == "Deleted 30 devices"


def test_table_without_a_model_and_unknown_statements(dolt: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE loose (id int PRIMARY KEY)")
        assert head().message == "Changed the schema of loose"
        cursor.execute("INSERT INTO loose VALUES (1), (2)")
        assert head().message == "Added 2 rows of loose"
        cursor.execute("DROP TABLE loose")


def test_thousands_of_writes_are_summed(dolt: None) -> None:
    with AutoDoltCommit():
        device = Device.objects.create(name="a")
        for height in range(2500):
            Device.objects.filter(pk=device.pk).update(height=height)
            device.save()
    assert head().message.startswith("Added 1 device, changed ")


@override_settings(DOLT_ROUTER={"COMMIT_MESSAGE": "tests.test_wording.compose"})
def test_message_by_setting(dolt: None) -> None:
    Site.objects.create(name="s")
    assert head().message == "[script] added 1 inventory_site"
    Client().post("/save/?name=x")
    assert head().message == "[/save/] added 1 inventory_device"


@override_settings(DOLT_ROUTER={"COMMIT_AUTHOR": "tests.test_wording.author"})
def test_author_by_setting_and_else_the_user(dolt: None) -> None:
    Site.objects.create(name="s")
    assert head().author == "Robot <robot@example.org>"
    client = Client()
    client.force_login(User.objects.create_user("ann", first_name="Ann", last_name="Lee"))
    client.post("/save/?name=x")
    assert head().author == "Ann Lee <ann@localhost>"


@override_settings(DOLT_ROUTER={"FALLBACK_AUTHOR": "Site <site@example.org>"})
def test_fallback_author(dolt: None) -> None:
    Client().post("/save/?name=x")
    assert head().author == "Site <site@example.org>"


def test_what_is_nearest_wins(dolt: None) -> None:
    with commit_context("context", "Con <con@example.org>"), AutoDoltCommit("unit"):
        Site.objects.create(name="s")
    assert (head().message, head().author) == ("unit", "Con <con@example.org>")


@pytest.mark.parametrize("bad", ["", "Ann", "<ann@x>", "Ann ann@x", "Ann <a@x>\n", "A\nB <a@x>"])
def test_author_of_another_form_is_refused_before_anything_is_written(bad: str) -> None:
    with pytest.raises(ValueError, match="must have the form"):
        AutoDoltCommit(author=bad)
    with pytest.raises(ValueError, match="must have the form"), commit_context(author=bad):
        pass


def test_commit_message_needs_its_text() -> None:
    from django.core.exceptions import ImproperlyConfigured

    with pytest.raises(ImproperlyConfigured):
        commit_message(lambda request: None)  # type: ignore[arg-type]


@given(st.text(max_size=30), st.text(max_size=30), st.text(max_size=30))
def test_every_user_makes_a_valid_author(first: str, last: str, email: str) -> None:
    user = User(username="u", first_name=first, last_name=last, email=email)
    assert validate_author(user_author(user))


def test_round_brackets_in_a_name_are_kept_as_square_ones(dolt: None) -> None:
    user = User(username="u", first_name="Ann", last_name="Smith (NOC)", email="ann@example.org")
    with AutoDoltCommit(author=user_author(user)):
        Site.objects.create(name="s")
    assert head().author == "Ann Smith [NOC] <ann@example.org>"
    with AutoDoltCommit(author="Ann (NOC) Smith <ann@example.org>"):
        Site.objects.create(name="t")
    assert head().author == "Ann [NOC] Smith <ann@example.org>"
    Branch.objects.create(name="side")
    Site.objects.using("side").create(name="v")
    merge("side", "main", author="Bo (NOC) <bo@example.org>", strategy="no-ff")
    assert head().author == "Bo [NOC] <bo@example.org>"
    with pytest.raises(ValueError, match="Name <email>"):
        head().revert(on="main", author="nobody")


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@example("m", "Ann", "\x00ann@example.org")
@given(st.text(max_size=300), st.text(max_size=20), st.text(max_size=20))
def test_any_message_and_name_are_committed(
    dolt: None, message: str, first: str, email: str
) -> None:
    user = User(username="u", first_name=first, email=email)
    with AutoDoltCommit(message, user_author(user)):
        site = Site.objects.create(name="s")
    assert head().diff()[0].table == "inventory_site"
    Site.objects.filter(pk=site.pk).delete()


def test_long_message_is_cut(dolt: None) -> None:
    with AutoDoltCommit("x" * 5000):
        Site.objects.create(name="s")
    assert len(head().message) == 2000 and head().message.endswith("…")
