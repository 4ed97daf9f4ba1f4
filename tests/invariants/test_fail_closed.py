"""Invariants 1 and 7: a hostile name is never served, written, or in SQL."""

from __future__ import annotations

import random
import string
from typing import Any

import pytest
from django.db import connections
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory, override_settings
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dolt_router.exceptions import InvalidBranchName
from dolt_router.middleware import DoltBranchMiddleware
from dolt_router.models import Commit
from dolt_router.names import validate_branch, why_invalid
from dolt_router.selectors import COOKIE, COOKIE_SALT, SESSION_KEY
from dolt_router.versioning import branches

SEEDS = [
    "main`; DROP TABLE inventory_device; --",
    "main' OR '1'='1",
    "../main",
    "main/",
    "/main",
    "-D main",
    "--force",
    "-",
    "@",
    "HEAD",
    "main~1",
    "main^",
    "MAIN",
    "Main",
    "main\x00",
    "main\n",
    " main",
    "main ",
    "feature/x/",
    "FEATURE/X",
    "feature//x",
    "inventory/main",
    "test_inventory/main",
    "%2e%2e",
    "${jndi:ldap://x}",
    "<script>alert(1)</script>",
    "main#",
    "main?x",
    "main;",
    "main:main",
    "информация",
    "ｍain",
    "feature/x.lock",
    "x" * 251,
    "x" * 10_000,
    "STAGED",
    "WORKING",
    "feature/x\r\nSet-Cookie: a=b",
    "0" * 32,
    "v" * 32,
]


def hostile_names(count: int = 1000) -> list[str]:
    """The seeds, and random text that is no branch."""
    chance = random.Random(7)
    alphabet = string.printable + "éß漢\u202e\x00`'\"\\"
    names = list(SEEDS)
    while len(names) < count:
        names.append("".join(chance.choice(alphabet) for _ in range(chance.randint(1, 40))))
    return [name for name in names if name not in ("main", "feature/x")]


SELECTORS = {
    "header": "dolt_router.selectors.HeaderSelector",
    "query": "dolt_router.selectors.QuerySelector",
    "session": "dolt_router.selectors.SessionSelector",
    "cookie": "dolt_router.selectors.CookieSelector",
    "subdomain": ("dolt_router.selectors.SubdomainSelector", {"domain": "example.org"}),
    "path": "dolt_router.selectors.PathSelector",
    "mapper": ("dolt_router.selectors.TenantMapperSelector", {"mapper": "tests.mappers.Mapper"}),
}


def request_naming(how: str, name: str) -> HttpRequest:
    """A request that names the branch in one of the ways, past what the client would refuse."""
    request = RequestFactory().get("/names/")
    request.session = {}  # type: ignore[assignment]
    if how in ("header", "mapper"):
        request.META["HTTP_X_DOLT_BRANCH"] = name
    elif how == "query":
        request.GET = {"dolt-branch": name}  # type: ignore[assignment]
    elif how == "session":
        request.session[SESSION_KEY] = name
    elif how == "cookie":
        response = HttpResponse()
        response.set_signed_cookie(COOKIE, name, salt=COOKIE_SALT)
        request.COOKIES[COOKIE] = response.cookies[COOKIE].value
    elif how == "path":
        request.path_info = f"/b/{name}/-/names/"
    return request


@pytest.mark.parametrize("how", [key for key in SELECTORS if key != "subdomain"])
def test_thousand_hostile_names_are_not_served_and_not_written(feature: str, how: str) -> None:
    served: list[str] = []

    def view(request: HttpRequest) -> HttpResponse:
        served.append(request.dolt_branch)  # type: ignore[attr-defined]
        return HttpResponse()

    before = Commit.objects.on("main").count(), branches.names()
    with override_settings(DOLT_ROUTER={"SELECTORS": [SELECTORS[how]]}):
        middleware = DoltBranchMiddleware(view)
        with CaptureQueriesContext(connections["default"]) as captured:
            own = str(connections["default"].settings_dict["NAME"])
            for name in hostile_names():
                if how == "mapper" and name.partition("/")[0] == own:
                    continue  # a mapper's own way to say the default branch
                answer: Any = middleware(request_naming(how, name))
                if how == "path" and "/-/" in f"/{name}/-/":
                    assert answer.status_code == 404 or served.pop() == "main"
                else:
                    assert answer.status_code == 404, repr(name)
    assert served == []
    assert not any("DROP TABLE" in query["sql"] for query in captured)
    assert (Commit.objects.on("main").count(), branches.names()) == before


@pytest.mark.parametrize("label", ["nope", "feature--y", "a.b", "xn--e1afmkfd", "-x"])
def test_unknown_subdomain_is_404(feature: str, label: str) -> None:
    with override_settings(
        DOLT_ROUTER={"SELECTORS": [SELECTORS["subdomain"]]}, ALLOWED_HOSTS=["*"]
    ):
        assert Client().get("/names/", headers={"host": f"{label}.example.org"}).status_code in (
            400,
            404,
        )


@pytest.mark.parametrize("how", list(SELECTORS))
def test_each_selector_serves_a_branch_that_exists(feature: str, how: str) -> None:
    seen: list[str] = []

    def view(request: HttpRequest) -> HttpResponse:
        seen.append(request.dolt_branch + request.path_info)  # type: ignore[attr-defined]
        return HttpResponse()

    with override_settings(DOLT_ROUTER={"SELECTORS": [SELECTORS[how]]}, ALLOWED_HOSTS=["*"]):
        request = request_naming(how, feature)
        if how == "subdomain":
            request.META["HTTP_HOST"] = "feature--x.example.org"
        answer: Any = DoltBranchMiddleware(view)(request)
    assert (answer.status_code, seen) == (200, ["feature/x/names/"])


def test_forged_cookie_is_404(feature: str) -> None:
    with override_settings(DOLT_ROUTER={"SELECTORS": [SELECTORS["cookie"]]}):
        client = Client()
        client.cookies[COOKIE] = "feature/x:forged"
        assert client.get("/names/").status_code == 404


def test_refused_access_is_403(feature: str) -> None:
    with override_settings(DOLT_ROUTER={"BRANCH_ACCESS": lambda request, name: False}):
        response = Client().get("/names/", headers={"x-dolt-branch": feature})
    assert response.status_code == 403
    assert feature in response.content.decode()


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.text(max_size=60))
def test_any_text_is_valid_or_refused_with_a_reason(name: str) -> None:
    if why_invalid(name) is None:
        assert name.isascii() and name.isprintable() and " " not in name
        assert not name.startswith("-") and ".." not in name
    else:
        with pytest.raises(InvalidBranchName):
            validate_branch(name)


def test_our_rules_are_not_laxer_than_the_server(dolt: None) -> None:
    """Every random name that is valid here can be created, used and deleted."""
    chance = random.Random(3)
    alphabet = string.ascii_letters + string.digits + "/._-'%`{}@!$&()+,;=\"|<>#"
    made = 0
    while made < 60:
        name = "".join(chance.choice(alphabet) for _ in range(chance.randint(1, 20)))
        if why_invalid(name) or name.lower() in (n.lower() for n in branches.names()):
            continue
        branches.create(name, "main")
        with connections[f"default/{name}"].cursor() as cursor:
            cursor.execute("SELECT active_branch()")
            assert cursor.fetchone()[0] == name
        branches.delete(name, force=True)
        made += 1
