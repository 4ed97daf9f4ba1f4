"""The conflicts page with many rows: read a page at a time, whole tables taken by one choice."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connections
from django.test import Client

from dolt_router.autocommit import AutoDoltCommit
from dolt_router.exceptions import StaleWrite
from dolt_router.models import Branch
from dolt_router.versioning.clashes import Clashes, WholeTables
from dolt_router.versioning.conflicts import UNRESOLVED
from dolt_router.versioning.merges import merge
from tests.admin_objects.choosing import address, form_of, where_choices_are_kept
from tests.admin_objects.conftest import Log_in
from tests.admin_pages.test_cost import sent
from tests.inventory.models import Device, Tag
from tests.versioning.objects import change

__all__ = ["where_choices_are_kept"]

MANY = 620  # more than are read at a time
DEVICES = "inventory_device"


@pytest.fixture
def keys(dolt: None) -> list[int]:
    """The keys of many devices that both branches have given another height, and of a tag."""
    Device.objects.bulk_create([Device(name=f"d{n}", height=1) for n in range(MANY)])
    Tag.objects.create(name="t")
    Branch.objects.create(name="feature/x", start_point="main")
    with AutoDoltCommit("There", branch="feature/x"):
        Device.objects.using("default/feature/x").update(height=2)
        Tag.objects.using("default/feature/x").update(name="theirs")
    with AutoDoltCommit("Here"):
        Device.objects.update(height=3)
        Tag.objects.update(name="ours")
    return list(Device.objects.order_by("pk").values_list("pk", flat=True))


def take(client: Client, table: str, side: str) -> Any:
    heads = client.get(address()).context["heads"]
    return client.post(address(), {**heads, "_all": f"{table}:{side}"})


def pick(client: Client, row: Any, side: str) -> Any:
    """What the form sends for one of its rows."""
    heads = client.get(address()).context["heads"]
    picks = {cell.name: side for cell in row.cells}
    return client.post(address(), {**heads, "row": row.mark, "at": row.at, **picks})


def shown(client: Client, **query: str) -> list[int]:
    return [row.conflict.key["id"] for row in client.get(address(**query)).context["rows"]]


def test_page_reads_no_more_rows_than_it_shows(log_in: Log_in, keys: list[int]) -> None:
    client = log_in()
    assert client.get(address()).context["total"] == MANY + 1
    for step in ("nothing chosen", "all of a table", "one of its own"):
        if step == "all of a table":
            take(client, DEVICES, "theirs")
        elif step == "one of its own":
            (row,) = client.get(address(table="inventory_tag")).context["rows"]
            pick(client, row, "ours")
        for number in ("1", "31"):
            with sent() as statements:
                page = client.get(address(p=number))
            assert len(page.context["rows"]) == 20, step
            assert len(statements) <= 30, step
            assert not any(" OFFSET 5" in sql for sql in statements)
    assert page.context["open"] == 0
    assert shown(client, p="31", table=DEVICES) == keys[600:]


def test_row_is_found_where_the_form_says_it_is(log_in: Log_in, keys: list[int]) -> None:
    client = log_in()
    row = client.get(address(table=DEVICES, p="31")).context["rows"][3]
    assert row.at == f"603:{DEVICES}"
    with sent() as statements:
        assert pick(client, row, "theirs").status_code == 302
    looked = [sql for sql in statements if "dolt_preview_merge_conflicts(" in sql]
    assert len(looked) <= 2
    again = client.get(address(table=DEVICES, p="31")).context["rows"][3]
    assert [cell.pick for cell in again.cells] == ["theirs"]
    assert client.get(address()).context["open"] == MANY


@pytest.mark.parametrize("at", ["9999999:inventory_device", "0:auth_user", "x", "-1:x", "2:"])
def test_forged_place_finds_the_row_all_the_same(log_in: Log_in, keys: list[int], at: str) -> None:
    client = log_in()
    row = client.get(address(table=DEVICES, p="31")).context["rows"][3]
    row.at = at
    assert pick(client, row, "theirs").status_code == 302
    assert client.get(address()).context["open"] == MANY


def test_only_open_rows_are_paged_through(log_in: Log_in, keys: list[int]) -> None:
    client = log_in()
    rows = client.get(address(table=DEVICES)).context["rows"]
    for row in (rows[0], rows[7], rows[19]):
        pick(client, row, "ours")
    left = [key for key in keys if key not in (keys[0], keys[7], keys[19])]
    assert shown(client, table=DEVICES, show="open") == left[:20]
    assert shown(client, table=DEVICES, show="open", p="2") == left[20:40]
    assert shown(client, table=DEVICES, show="open", p="31") == left[600:]


def test_choice_for_a_table_stays_when_a_branch_moves_but_for_rows_that_changed(
    log_in: Log_in, keys: list[int]
) -> None:
    client = log_in()
    take(client, DEVICES, "theirs")
    change(Device.objects.get(pk=keys[5]), height=30)
    change(Device.objects.using("default/feature/x").get(pk=keys[9]), height=20)
    change(Device.objects.create(name="bystander"), height=4)
    page = client.get(address(table=DEVICES))
    assert page.context["open"] == 3  # and the tag
    assert shown(client, table=DEVICES, show="open") == [keys[5], keys[9]]
    answer = client.post(address(), {**page.context["heads"], "_merge": "1"})
    assert answer.status_code == 409
    for row in client.get(address(show="open")).context["rows"]:
        pick(client, row, "ours")
    page = client.get(address())
    assert page.context["open"] == 0
    with sent() as statements:
        assert client.post(address(), {**form_of(page), "_merge": "1"}).status_code == 302
    heights = dict(Device.objects.filter(pk__in=keys).values_list("pk", "height"))
    assert (heights.pop(keys[5]), heights.pop(keys[9])) == (30, 3)
    assert set(heights.values()) == {2}
    assert Tag.objects.get().name == "ours"
    assert len([sql for sql in statements if sql.startswith(("UPDATE", "DELETE"))]) < 30


def test_newest_choice_counts_of_row_and_table(log_in: Log_in, keys: list[int]) -> None:
    client = log_in()
    rows = client.get(address(table=DEVICES)).context["rows"]
    pick(client, rows[0], "ours")
    take(client, DEVICES, "theirs")
    pick(client, rows[1], "ours")
    take(client, "inventory_tag", "theirs")
    picks = [row.cells[0].pick for row in client.get(address(table=DEVICES)).context["rows"]]
    assert picks == ["theirs", "ours"] + ["theirs"] * 18
    page = client.get(address())
    assert client.post(address(), {**page.context["heads"], "_merge": "1"}).status_code == 302
    heights = dict(Device.objects.values_list("pk", "height"))
    assert heights.pop(keys[1]) == 3
    assert set(heights.values()) == {2}
    assert client.get(address()).context["total"] == 0


def test_choice_for_a_table_ends_when_the_table_is_altered(log_in: Log_in, keys: list[int]) -> None:
    client = log_in()
    take(client, DEVICES, "theirs")
    assert client.get(address()).context["open"] == 1
    with connections["default/feature/x"].cursor() as cursor:
        cursor.execute("ALTER TABLE inventory_device ADD colour varchar(9)")
    assert client.get(address()).context["open"] == MANY + 1


def test_sides_that_were_chosen_for_other_commits_merge_nothing(keys: list[int]) -> None:
    clashes = Clashes("feature/x", "main")
    chosen = WholeTables(
        clashes, {DEVICES: ("theirs", ()), "inventory_tag": ("ours", ())}, lambda _: UNRESOLVED, {}
    )
    change(Device.objects.get(pk=keys[0]), height=30)
    with pytest.raises(StaleWrite):
        merge("feature/x", "main", resolve=chosen)
    assert Device.objects.get(pk=keys[0]).height == 30
