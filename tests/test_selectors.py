"""The ways to keep a branch for the requests to come, and selectors on their own."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpResponse
from django.test import Client, RequestFactory, override_settings
from django.urls import reverse

from dolt_router.exceptions import BranchDoesNotExist, InvalidBranchName
from dolt_router.selectors import (
    COOKIE,
    SESSION_KEY,
    SessionSelector,
    SubdomainSelector,
    load_selectors,
    set_branch_cookie,
    switch_branch,
)

PATH = "dolt_router.selectors."


class Session(dict[str, Any]):
    """Enough of a session."""


def request_with_session() -> Any:
    request = RequestFactory().get("/")
    request.session = Session()  # type: ignore[assignment]
    return request


def test_switch_branch_keeps_only_what_exists(feature: str) -> None:
    request = request_with_session()
    switch_branch(request, feature)
    assert request.session == {SESSION_KEY: feature}
    with pytest.raises(BranchDoesNotExist):
        switch_branch(request, "nope")
    with pytest.raises(InvalidBranchName):
        switch_branch(request, "-x")
    assert request.session == {SESSION_KEY: feature}


@pytest.mark.parametrize("name", [None, "main"])
def test_switching_to_the_default_forgets(feature: str, name: str | None) -> None:
    request = request_with_session()
    switch_branch(request, feature)
    switch_branch(request, name)
    assert request.session == {}


def test_cookie_is_signed_http_only_and_served(feature: str) -> None:
    response = HttpResponse()
    set_branch_cookie(response, feature, max_age=60)
    morsel = response.cookies[COOKIE]
    assert morsel["httponly"] is True and morsel["samesite"] == "Lax" and morsel["max-age"] == 60
    assert morsel.value != feature
    client = Client()
    client.cookies[COOKIE] = morsel.value
    with override_settings(DOLT_ROUTER={"SELECTORS": [PATH + "CookieSelector"]}):
        assert client.get("/names/").json()["branch"] == feature
    set_branch_cookie(response, None)
    assert response.cookies[COOKIE].value == ""
    with pytest.raises(InvalidBranchName):
        set_branch_cookie(response, "a b")


def test_first_selector_that_names_a_branch_wins(feature: str) -> None:
    client = Client()
    with override_settings(
        DOLT_ROUTER={"SELECTORS": [PATH + "QuerySelector", PATH + "HeaderSelector"]}
    ):
        both = client.get(f"/names/?dolt-branch={feature}", headers={"x-dolt-branch": "nope"})
        assert both.json()["branch"] == feature
        assert client.get("/names/", headers={"x-dolt-branch": "nope"}).status_code == 404


def test_own_names_of_header_and_parameter(feature: str) -> None:
    chain = [
        (PATH + "HeaderSelector", {"name": "X-Stage"}),
        (PATH + "QuerySelector", {"name": "stage"}),
    ]
    with override_settings(DOLT_ROUTER={"SELECTORS": chain}):
        client = Client()
        assert client.get("/names/", headers={"x-stage": feature}).json()["branch"] == feature
        assert client.get(f"/names/?stage={feature}").json()["branch"] == feature
        assert client.get(f"/names/?dolt-branch={feature}").json()["branch"] == "main"


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("feature--x.example.org", "feature/x"),
        ("feature--x.example.org:8000", "feature/x"),
        ("FEATURE--X.EXAMPLE.ORG", "feature/x"),
        ("www.example.org", None),
        ("example.org", None),
        ("feature.evil.org", None),
        ("feature.example.org.evil.org", None),
        ("a.b.example.org", "a.b"),
    ],
)
def test_subdomain(host: str, expected: str | None) -> None:
    request = RequestFactory().get("/", headers={"host": host})
    with override_settings(ALLOWED_HOSTS=["*"]):
        assert SubdomainSelector("example.org").select(request) == expected


def test_path_prefix_stays_in_links(feature: str) -> None:
    from django.urls import set_script_prefix

    seen = []

    def middleware(get_response: Any) -> Any:
        def inner(request: Any) -> Any:
            seen.append((request.path_info, reverse("admin:index")))
            return get_response(request)

        return inner

    from tests import settings as base

    globals()["recording"] = middleware
    chain = [*base.MIDDLEWARE, "tests.test_selectors.recording"]
    with override_settings(DOLT_ROUTER={"SELECTORS": [PATH + "PathSelector"]}, MIDDLEWARE=chain):
        answer = Client().get(f"/b/{feature}/-/names/")
        assert answer.json()["branch"] == feature
        Client().get("/names/")
    assert seen == [("/names/", f"/b/{feature}/-/admin/"), ("/names/", "/admin/")]
    set_script_prefix("/")


def test_session_selector_names_the_middleware_it_needs() -> None:
    with pytest.raises(ImproperlyConfigured, match="SessionMiddleware"):
        SessionSelector().select(RequestFactory().get("/"))


@pytest.mark.parametrize("entry", ["no.such.thing", (PATH + "HeaderSelector", {"colour": "red"})])
def test_entry_that_cannot_be_loaded_is_named(entry: Any) -> None:
    with pytest.raises(ImproperlyConfigured, match="no.such.thing|colour"):
        load_selectors([entry])
