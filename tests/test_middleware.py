"""The branch of a request, and its one commit, through the test client."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import AsyncClient, Client, override_settings

from dolt_router import current_branch
from dolt_router.models import Commit
from dolt_router.selectors import SESSION_KEY
from tests.conftest import MakeBranch
from tests.inventory.models import Device, Site

ON = {"HTTP_X_DOLT_BRANCH": "feature/x"}


def count(ref: str) -> int:
    return Commit.objects.on(ref).count()


def on(branch: str) -> Any:
    return Device.objects.using(f"default/{branch}")


@pytest.fixture
def client() -> Client:
    return Client(raise_request_exception=False)


def test_header_puts_the_request_on_the_branch(client: Client, feature: str) -> None:
    answer = client.get("/names/", **ON).json()
    assert answer == {"branch": "feature/x", "names": []}


def test_write_ends_as_one_commit_on_the_branch_only(client: Client, feature: str) -> None:
    before, main = count(feature), count("main")
    assert client.post("/save/?name=a", **ON).status_code == 200
    assert count(feature) == before + 1
    assert count("main") == main
    assert Commit.objects.on(feature)[0].message == "Added 1 device: POST /save/"
    assert not Device.objects.exists()


def test_every_way_of_writing_is_in_the_one_commit(client: Client, feature: str) -> None:
    before = count(feature)
    client.post("/many/?name=n", **ON)
    assert count(feature) == before + 1
    tables = {c.table: c.rows_added for c in Commit.objects.on(feature)[0].diff()}
    assert tables == {
        "inventory_device": 3,
        "inventory_site": 1,
        "inventory_tag": 1,
        "inventory_device_tags": 1,
    }
    assert on(feature).get(name="n-0").height == 7


def test_read_only_request_makes_no_commit(client: Client, feature: str) -> None:
    before = count(feature)
    client.get("/names/", **ON)
    assert count(feature) == before


@pytest.mark.parametrize("view", ["fail", "error_status", "rollback"])
def test_failed_request_leaves_no_row_and_no_commit(
    client: Client, feature: str, view: str
) -> None:
    before = count(feature)
    client.post(f"/{view}/?name=a", **ON)
    assert count(feature) == before
    assert not on(feature).exists()


def test_on_commit_hook_runs_after_the_commit(feature: str) -> None:
    client = Client()
    response = client.post("/hook/?name=a", **ON)
    assert response.wsgi_request.seen == [True]  # type: ignore[attr-defined]


def test_view_words_its_commit(client: Client, feature: str) -> None:
    client.post("/worded/?name=a", **ON)
    assert Commit.objects.on(feature)[0].message == "Rename by /worded/: {who}"


def test_non_atomic_view_commits_each_write(client: Client, feature: str) -> None:
    before = count(feature)
    client.post("/each_its_own/?name=a", **ON)
    assert count(feature) == before + 2


def test_author_is_the_user(client: Client, feature: str) -> None:
    user = get_user_model().objects.create_user(
        "ann", "ann@example.org", first_name="Ann", last_name="Lee"
    )
    client.force_login(user)
    client.post("/save/?name=a", **ON)
    assert Commit.objects.on(feature)[0].author == "Ann Lee <ann@example.org>"


def test_shared_row_and_branch_row_in_one_request(client: Client, feature: str) -> None:
    assert client.post("/user_and_device/?name=joe", **ON).status_code == 200
    device = on(feature).select_related("owner").get()
    assert device.owner.username == "joe"
    assert {c.table for c in Commit.objects.on(feature)[0].diff()} == {"inventory_device"}


@pytest.mark.parametrize("name", ["nope", "FEATURE/X", "-d", "a..b", "a b", "x`y;--", "é"])
def test_unknown_or_malformed_branch_is_404_and_writes_nothing(
    client: Client, feature: str, name: str
) -> None:
    before = count("main"), count(feature)
    response = client.post("/save/", query_params={"name": "a", "dolt-branch": name})
    assert response.status_code == 404
    assert (count("main"), count(feature)) == before


def test_site_without_templates_has_the_page_too(client: Client, feature: str) -> None:
    with override_settings(TEMPLATES=[]):
        answer = client.get("/names/?dolt-branch=feature/y")
    assert answer.status_code == 404
    assert "feature/y" in answer.text and "This branch does not exist" in answer.text


def test_problem_json_for_api_clients(client: Client, feature: str) -> None:
    response = client.get(
        "/names/", headers={"x-dolt-branch": "featur/x", "accept": "application/json"}
    )
    assert response.status_code == 404
    assert response["Content-Type"] == "application/problem+json"
    assert response.json()["branch"] == "featur/x"
    assert response.json()["suggestions"] == ["feature/x"]
    assert (
        response.json()["detail"] == 'Branch "featur/x" does not exist. Did you mean "feature/x"?'
    )


def test_suggestions_leave_out_what_the_visitor_may_not_know(
    client: Client, make_branch: MakeBranch
) -> None:
    make_branch("feature/secret")
    make_branch("feature/public")
    access = {"BRANCH_ACCESS": lambda request, name: "secret" not in name}
    with override_settings(DOLT_ROUTER=access):
        page = client.get("/names/?dolt-branch=feature/publi").content.decode()
        refused = client.get("/names/?dolt-branch=feature/secret-too")
    assert "feature/public" in page and "secret" not in page
    assert refused.status_code == 403


def test_typo_in_session_branch_is_404_and_offers_the_way_back(
    client: Client, feature: str
) -> None:
    session = client.session
    session[SESSION_KEY] = "feature/gone"
    session.save()
    page = client.get("/names/")
    assert page.status_code == 404
    assert "feature/gone" in page.content.decode()
    assert "dolt-branch-reset" in page.content.decode()
    back = client.post("/names/", {"dolt-branch-reset": "1"})
    assert (back.status_code, back["Location"]) == (303, "/names/")
    assert client.get("/names/").json()["branch"] == "main"


def test_session_selects(client: Client, feature: str) -> None:
    session = client.session
    session[SESSION_KEY] = feature
    session.save()
    assert client.get("/names/").json()["branch"] == feature


def test_nothing_survives_the_request(client: Client, feature: str) -> None:
    for view in ("names", "save", "fail", "stream"):
        client.get(f"/{view}/?name=q", **ON)
        assert current_branch() == "main"


def test_stream_runs_on_the_branch_and_is_one_commit(client: Client, feature: str) -> None:
    before = count(feature)
    response = client.get("/stream/?name=s", **ON)
    assert b"".join(response.streaming_content) == b"feature/x 0\nfeature/x 1\nfeature/x 2\n"
    response.close()
    assert count(feature) == before + 1
    assert on(feature).count() == 3


def test_client_that_leaves_a_stream_leaves_no_row(client: Client, feature: str) -> None:
    before = count(feature)
    response = client.get("/stream/?name=s", **ON)
    assert next(iter(response.streaming_content)) == b"feature/x 0\n"
    response.close()
    assert count(feature) == before
    assert not on(feature).exists()


def test_stream_that_raises_leaves_no_row(client: Client, feature: str) -> None:
    response = client.get("/stream/?name=s&boom=1", **ON)
    with pytest.raises(ValueError, match="in the stream"):
        list(response.streaming_content)
    assert not on(feature).exists()


def test_async_view_and_stream(feature: str) -> None:
    before = count(feature)

    async def walk() -> tuple[Any, bytes]:
        client = AsyncClient()
        saved = await client.get("/async_save/?name=a", headers={"x-dolt-branch": feature})
        response = await client.get("/async_stream/?name=s", headers={"x-dolt-branch": feature})
        parts = [part async for part in response.streaming_content]
        await asyncio.to_thread(response.close)
        return saved.json(), b"".join(parts)

    saved, streamed = asyncio.run(walk())
    assert saved == {"branch": "feature/x", "count": 1}
    assert streamed == b"feature/x 0\nfeature/x 1\nfeature/x 2\n"
    assert count(feature) == before + 2
    assert on(feature).count() == 4


def test_stock_admin_edits_on_a_branch(client: Client, feature: str) -> None:
    admin = get_user_model().objects.create_superuser("root", "root@example.org", "pw")
    client.force_login(admin)
    before = count(feature)
    response = client.post("/admin/inventory/site/add/", {"name": "Berlin"}, **ON)
    assert response.status_code == 302
    assert count(feature) == before + 1
    assert [site.name for site in Site.objects.using("feature/x")] == ["Berlin"]
    assert not Site.objects.exists()
    from django.contrib.admin.models import LogEntry

    assert LogEntry.objects.count() == 1
