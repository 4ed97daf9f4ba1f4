"""The mark of rows that differ from the default branch, in stock and in busy lists."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connections
from django.test import override_settings
from django.test.utils import CaptureQueriesContext

from dolt_router import use_branch
from tests.admin_objects.conftest import Log_in, text_of, url
from tests.inventory.models import Device, Site
from tests.versioning.objects import change

BUSY = "tests.admin_objects.site"
LIST = "/busy/inventory/device/"


@pytest.fixture
def edited(dolt: None, make_branch: Any) -> str:
    """A branch where `a` is changed, `b` as it was, `c` new; on main `d` is new."""
    Device.objects.create(name="a")
    Device.objects.create(name="b")
    branch: str = make_branch("feature/x")
    with use_branch(branch):
        change(Device.objects.get(name="a"), height=5, site_id=Site.objects.create(name="s").pk)
        Device.objects.create(name="c")
    Device.objects.create(name="d")
    return branch


def marks(page: Any) -> dict[str, tuple[str, list[str]]]:
    changelist = page.context["cl"]
    column = changelist.list_display[-1]
    found = {}
    for obj in changelist.result_list:
        cell = str(column(obj))
        kind = cell.split("dolt-row-mark-")[1].split('"')[0]
        named = cell.partition('dolt-row-mark-fields">')[2].partition("<")[0]
        found[obj.name] = (kind, [each for each in named.split(", ") if each])
    return found


def test_changed_and_added_rows_are_marked_with_the_fields(log_in: Log_in, edited: str) -> None:
    page = log_in(on=edited).get(url("device"))
    assert marks(page) == {
        "a": ("changed", ["Site", "Height"]),
        "b": ("same", []),
        "c": ("added", []),
    }
    assert "Against main" in text_of(page)
    assert "dolt_router/objects.css" in text_of(page)


def test_default_branch_has_no_column(log_in: Log_in, edited: str) -> None:
    page = text_of(log_in().get(url("device")))
    assert "dolt-row-mark" not in page and "Against" not in page


def test_marks_cost_one_query(log_in: Log_in, edited: str) -> None:
    client = log_in(on=edited)
    client.get(url("device"))
    with CaptureQueriesContext(connections["default/main"]) as main:
        page = client.get(url("device"))
    asked = [q["sql"] for q in main.captured_queries if "inventory_device" in q["sql"]]
    assert len(asked) == 1
    assert marks(page)["a"][0] == "changed"


@override_settings(ROOT_URLCONF=BUSY)
def test_marks_beside_own_columns_sorting_filters_and_search(log_in: Log_in, edited: str) -> None:
    client = log_in(on=edited)
    for query in ({}, {"o": "-3.1"}, {"o": "2"}, {"height__exact": "5"}, {"q": "a"}):
        page = client.get(LIST, query)
        assert page.status_code == 200, query
        assert marks(page)["a"] == ("changed", ["Site", "Height"])
    by_height = client.get(LIST, {"o": "-3"}).context["cl"].result_list
    assert [obj.name for obj in by_height][0] == "a"
    # The column itself can't be sorted by: its number is none.
    assert client.get(LIST, {"o": "5"}).status_code == 200


@override_settings(ROOT_URLCONF=BUSY)
def test_list_editable_and_actions_work_beside_the_marks(log_in: Log_in, edited: str) -> None:
    client = log_in(on=edited)
    rows = list(client.get(LIST).context["cl"].result_list)
    form = {"form-TOTAL_FORMS": len(rows), "form-INITIAL_FORMS": len(rows), "_save": "Save"}
    for at, obj in enumerate(rows):
        form |= {f"form-{at}-id": obj.pk, f"form-{at}-height": 8 if obj.name == "b" else obj.height}
    assert client.post(LIST, form).status_code == 302
    assert marks(client.get(LIST))["b"] == ("changed", ["Height"])
    wrong = client.post(LIST, form | {"form-0-height": "x"})
    assert "Enter a whole number" in text_of(wrong)
    assert marks(wrong)["b"] == ("changed", ["Height"])
    chosen = [obj.pk for obj in rows if obj.name == "b"]
    client.post(LIST, {"action": "make_tall", "_selected_action": chosen})
    with use_branch(edited):
        assert Device.objects.get(name="b").height == 40


@override_settings(ROOT_URLCONF=BUSY)
def test_admin_that_opts_out_has_no_column(log_in: Log_in, edited: str) -> None:
    page = text_of(log_in(on=edited).get("/busy/inventory/site/"))
    assert "dolt-row-mark" not in page and "dolt/deleted" not in page


def test_names_of_fields_are_escaped(log_in: Log_in, edited: str) -> None:
    field = Device._meta.get_field("height")
    before, field.verbose_name = field.verbose_name, "<b>x</b>"
    try:
        page = text_of(log_in(on=edited).get(url("device")))
    finally:
        field.verbose_name = before
    assert "<b>x</b>" not in page and "&lt;b&gt;x&lt;/b&gt;" in page
