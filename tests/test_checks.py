"""System checks and what the documentation says of the settings."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.core import checks
from django.db import connections
from django.dispatch import Signal
from django.test import override_settings

from dolt_router import exceptions, signals
from dolt_router.checks import check_server
from dolt_router.conf import DEFAULTS
from dolt_router.testing import DoltServer

ROOT = Path(__file__).resolve().parents[1]
pytestmark = pytest.mark.django_db(databases=["default", "other"])


def ids(deploy: bool = False) -> dict[str, Any]:
    found = checks.run_checks(include_deployment_checks=deploy)
    return {message.id: message for message in found if str(message.id).startswith("dolt_router")}


def test_good_settings_have_no_findings() -> None:
    assert ids() == {}


def test_unknown_key_suggests_the_nearest() -> None:
    with override_settings(DOLT_ROUTER={"PROTECTED_BRANCHS": []}):
        assert ids()["dolt_router.E002"].hint == "Did you mean 'PROTECTED_BRANCHES'?"


@pytest.mark.parametrize(
    ("setting", "expected"),
    [
        ([], "E001"),
        ({"SHARED_APPS": "auth"}, "E003"),
        ({"DEFAULT_BRANCH": "a b"}, "E004"),
        ({"COMMIT_AUTHOR": "no.such.path"}, "E005"),
        ({"SELECTORS": ["no.such.Selector"]}, "E006"),
        ({"FALLBACK_AUTHOR": "nobody"}, "E007"),
    ],
)
def test_wrong_value_is_an_error(setting: Any, expected: str) -> None:
    with override_settings(DOLT_ROUTER=setting):
        assert f"dolt_router.{expected}" in ids()


def test_order_of_the_middleware_is_checked() -> None:
    from tests import settings

    with override_settings(MIDDLEWARE=settings.MIDDLEWARE[::-1]):
        assert {"dolt_router.E010", "dolt_router.E011"} <= set(ids())


def test_missing_router_is_a_warning() -> None:
    with override_settings(DATABASE_ROUTERS=[]):
        assert "dolt_router.W002" in ids()


def test_deployment_check_tells_of_branches_open_to_all() -> None:
    assert "dolt_router.W020" in ids(deploy=True)
    with override_settings(DOLT_ROUTER={"SELECTORS": ["dolt_router.selectors.SessionSelector"]}):
        assert "dolt_router.W020" not in ids(deploy=True)


@pytest.mark.parametrize(("mode", "expected"), [(1, []), (2, ["dolt_router.W031"])])
def test_server_that_gives_an_id_twice_is_a_warning(
    mode: int, expected: list[str], tmp_path: Path
) -> None:
    variables = {"innodb_autoinc_lock_mode": mode}
    with DoltServer(tmp_path / "data", variables=variables) as server:
        entry = {**connections.settings["default"], "HOST": server.host, "PORT": server.port}
        connections.settings["elsewhere"] = {**entry, "NAME": "inventory"}
        try:
            with connections["elsewhere"]._nodb_cursor() as cursor:
                cursor.execute("CREATE DATABASE inventory")
            assert [found.id for found in check_server(None, ["elsewhere"])] == expected
        finally:
            connections["elsewhere"].close()
            del connections["elsewhere"], connections.settings["elsewhere"]


def test_every_setting_and_selector_is_documented() -> None:
    text = (ROOT / "docs" / "settings.md").read_text()
    from dolt_router import selectors

    names = [name for name in vars(selectors) if name.endswith("Selector") and name != "Selector"]
    for name in [*DEFAULTS, *names]:
        assert f"`{name}`" in text, name


def test_every_check_and_verb_is_documented() -> None:
    from dolt_router.management.commands.dolt import VERBS

    text = (ROOT / "docs" / "commands.md").read_text()
    source = (ROOT / "dolt_router" / "checks.py").read_text()
    for name in [*VERBS, *re.findall(r"dolt_router\.[EW]\d+", source)]:
        assert f"| `{name}` |" in text, name


def test_every_exception_has_a_code_of_its_own_and_a_place_in_the_docs() -> None:
    text = (ROOT / "docs" / "errors.md").read_text()
    found = [
        value
        for value in vars(exceptions).values()
        if isinstance(value, type) and issubclass(value, exceptions.DoltRouterError)
    ]
    assert len({error.code for error in found}) == len(found)
    for error in found:
        assert f"| `{error.__name__}` |" in text, error


def test_every_signal_is_documented() -> None:
    text = (ROOT / "docs" / "signals.md").read_text()
    names = [name for name, value in vars(signals).items() if isinstance(value, Signal)]
    assert len(names) > 15
    for name in names:
        assert f"| `{name}` |" in text, name


def test_site_without_reviews_passes_and_loads_none_of_their_models() -> None:
    script = (
        "import sys, django; from config import settings;"
        "settings.INSTALLED_APPS.remove('dolt_router.review'); django.setup();"
        "from django.core.management import call_command; call_command('check');"
        "assert 'dolt_router.review.models' not in sys.modules"
    )
    environment = {"PYTHONPATH": "sample_site:.", "DJANGO_SETTINGS_MODULE": "config.settings"}
    repository = Path(__file__).resolve().parents[1]
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=repository,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
