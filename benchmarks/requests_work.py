"""The pieces of work that `requests.py` times, and how it tells them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.core.handlers.base import BaseHandler
from django.core.management import call_command
from django.db import connections
from django.test import RequestFactory, override_settings

from dolt_router.models import Branch
from tests.inventory.models import Device

OURS = [
    "dolt_router.middleware.DoltBranchMiddleware",
    "dolt_router.middleware.DoltAutoCommitMiddleware",
]


def prepare() -> dict[str, Callable[[], Any]]:
    """Create both databases with 1,000 devices, and return the work by name."""
    for alias in ("default", "plain"):
        connection = connections[alias]
        with connection._nodb_cursor() as cursor:
            cursor.execute(f"CREATE DATABASE {connection.settings_dict['NAME']}")
        call_command("migrate", database=alias, verbosity=0)
    devices = [Device(name=f"d{number}") for number in range(1000)]
    Device.objects.bulk_create(devices)
    Device.objects.using("plain").bulk_create(Device(name=device.name) for device in devices)
    Branch.objects.create(name="feature/x")
    with connections["plain"].cursor() as cursor:
        cursor.execute("CALL dolt_commit('-Am', 'prepared')")

    plain, ours = _handler([]), _handler(OURS)
    selector = {"SELECTORS": ["dolt_router.selectors.HeaderSelector"]}
    override_settings(DOLT_ROUTER=selector).enable()
    on = {"HTTP_X_DOLT_BRANCH": "feature/x"}
    factory = RequestFactory()

    def call(handler: BaseHandler, path: str, extra: dict[str, str]) -> Callable[[], Any]:
        def run() -> None:
            response = handler.get_response(factory.get(path, **extra))
            assert response.status_code == 200, response.content

        return run

    return {
        "plain read": call(plain, "/read/plain/", {}),
        "our read": call(ours, "/read/ours/", on),
        "plain write": call(plain, "/write/plain/", {}),
        "our write": call(ours, "/write/ours/", on),
        "commit": lambda: _commit("COMMIT"),
        "dolt_commit": lambda: _commit(
            "CALL dolt_commit('-A', '--skip-empty', '-m', 'x', '--author', 'a <b@c>')"
        ),
    }


_height = iter(range(10, 10**9))
_took: dict[str, list[float]] = {"COMMIT": [], "CALL": []}


def _commit(end: str) -> None:
    """One bare update that ends one way; only the end is timed."""
    import time

    raw = connections["plain"].connection
    cursor = raw.cursor()
    cursor.execute("START TRANSACTION")
    cursor.execute("UPDATE inventory_device SET height = %s WHERE id = 5", (next(_height),))
    started = time.perf_counter()
    cursor.execute(end)
    _took[end.split()[0]].append(time.perf_counter() - started)
    cursor.execute("COMMIT")
    cursor.close()


def _handler(middleware: list[str]) -> BaseHandler:
    with override_settings(MIDDLEWARE=middleware):
        handler = BaseHandler()
        handler.load_middleware()
        return handler


def report(seconds: dict[str, float], rounds: int) -> str:
    """The figures as text."""
    import statistics

    ends = {key: statistics.median(found) for key, found in _took.items()}
    fair_write = seconds["plain write"] - ends["COMMIT"] + ends["CALL"]
    lines = [f"{rounds} rounds, medians in ms"]
    lines += [f"  {name:12} {value * 1000:7.3f}" for name, value in seconds.items()]
    lines += [f"  bare {key:7} {value * 1000:7.3f}" for key, value in ends.items()]
    read = seconds["our read"] / seconds["plain read"]
    write = seconds["our write"] / fair_write
    lines.append(f"read  ours / plain                          {read:.2f}")
    lines.append(f"write ours / (plain - COMMIT + dolt_commit) {write:.2f}")
    return "\n".join(lines)
