"""Work the merge queue of pull requests, and send what is to be sent."""

from __future__ import annotations

import logging
import signal
import threading
from collections.abc import Callable
from typing import Any

from django.apps import apps
from django.db import DatabaseError, close_old_connections

from dolt_router.exceptions import DoltRouterError
from dolt_router.management.output import Output

logger = logging.getLogger("dolt_router.review")

help = (
    "Merge the pull requests that are queued and ready, and send webhooks and e-mails that are "
    "due. Once; with --loop again and again, until it is told to stop (SIGTERM, Ctrl-C). Needs "
    "dolt_router.review in INSTALLED_APPS. Several may run at a time."
)


def add_arguments(parser: Any) -> None:
    parser.add_argument("--loop", action="store_true", help="go on until it is stopped")
    parser.add_argument(
        "--every", type=float, default=5.0, metavar="SECONDS", help="of --loop: how often (5)"
    )


def handle(options: dict[str, Any], out: Output) -> None:
    if not apps.is_installed("dolt_router.review"):
        raise DoltRouterError('Add "dolt_router.review" to INSTALLED_APPS to have a merge queue.')
    if not options["loop"]:
        _once(out)
        return
    stop = threading.Event()
    before = {
        number: signal.signal(number, lambda *_: stop.set())
        for number in (signal.SIGTERM, signal.SIGINT)
    }
    try:
        while not stop.is_set():
            try:
                _once(out, quiet=True, is_stopped=stop.is_set)
            except DatabaseError:  # the server is away: it will be back
                logger.exception("The queue could not be worked.")
            close_old_connections()
            stop.wait(options["every"])
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _once(out: Output, quiet: bool = False, is_stopped: Callable[[], bool] = lambda: False) -> None:
    from dolt_router.review import deliveries, queueing

    merged = queueing.process(is_stopped)
    for pull_request in merged:
        out(f'Merged {pull_request}: "{pull_request.target}" is at {pull_request.merge_commit}')
    sent = deliveries.send_due(is_stopped)
    if sent or not quiet:
        out(f"{sent} message(s) sent.")
    out.data(
        {
            "merged": [
                {"id": each.pk, "commit_hash": each.merge_commit, "target": each.target}
                for each in merged
            ],
            "sent": sent,
        }
    )
