"""Messages to webhooks and by e-mail: written with what they tell of, sent after it.

A message is a row of the same transaction, so none is lost and none tells of what was rolled
back. E-mails are sent when that is committed; webhooks, and e-mails that could not be sent, by
`manage.py dolt queue`, again and again at growing intervals.
"""

from __future__ import annotations

import datetime
import logging
import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db.models import F
from django.utils import timezone, translation

from dolt_router.aliases import default_alias
from dolt_router.conf import conf
from dolt_router.exceptions import StaleWrite

from . import mails, webhooks
from .models import Delivery, WebHook

if TYPE_CHECKING:
    from .models import PullRequest

logger = logging.getLogger("dolt_router.review")

# Seconds until the next attempt, after each one; then it has failed.
INTERVALS = (30, 120, 600, 3600, 6 * 3600, 24 * 3600)
LEASE = 120  # seconds in which whoever took a delivery has to send it


def enqueue(pull_request: PullRequest, event: str, actor: Any, data: dict[str, Any]) -> list[int]:
    """Write what is to be sent of an event; the ids of the e-mails."""
    for hook in WebHook.objects.filter(active=True):
        if hook.wants(event, pull_request.target):
            payload = webhooks.payload(pull_request, event, actor, data)
            Delivery.objects.create(hook=hook, event=event, payload=payload)
    if not conf.REVIEW_EMAILS:
        return []
    made = []
    for user, payload in mails.messages(pull_request, event, actor, data):
        # Until then it is the process that committed it which sends it.
        later = timezone.now() + datetime.timedelta(seconds=LEASE)
        row = Delivery.objects.create(
            recipient=user.email, event=event, payload=payload, next_attempt=later
        )
        made.append(row.pk)
    return made


def send_mails(ids: list[int]) -> None:
    """Send e-mails that were just committed; what fails is left to the queue."""
    for delivery in Delivery.objects.using(default_alias()).filter(pk__in=ids):
        attempt(delivery)


def send_due(is_stopped: Callable[[], bool] = lambda: False) -> int:
    """Send what is due; the number of those that were sent.

    Args:
        is_stopped: asked before each one: nothing more is sent when it says so.
    """
    rows = Delivery.objects.using(default_alias()).filter(
        state=Delivery.PENDING, next_attempt__lte=timezone.now()
    )
    due = rows.select_related("hook")
    return sum(attempt(delivery) for delivery in due if not is_stopped())


def attempt(delivery: Delivery) -> bool:
    """Send it once, unless somebody else does at the moment; whether it was sent."""
    if not _take(delivery):
        return False
    try:
        if delivery.hook is not None:
            answer = webhooks.send(delivery)
        else:
            answer = mails.send(delivery)
    except Exception as error:  # of the mail server, of the other site
        with translation.override(settings.LANGUAGE_CODE):  # sent in a request, perhaps
            logger.warning("Delivery %s failed: %s", delivery.pk, error)
            text = f"{type(error).__name__}: {error}"
        _put_off(delivery, text)
        return False
    _write(delivery, state=Delivery.SENT, answer=answer[:1000])
    return True


def _take(delivery: Delivery) -> bool:
    """Whether this process is the one that sends it."""
    claim = uuid.uuid4().hex
    rows = Delivery.objects.using(default_alias()).filter(
        pk=delivery.pk,
        state=Delivery.PENDING,
        claim=delivery.claim,
        attempts=delivery.attempts,
    )
    lease = timezone.now() + datetime.timedelta(seconds=LEASE)
    try:
        taken = rows.update(claim=claim, next_attempt=lease, attempts=F("attempts") + 1)
    except StaleWrite:
        return False
    delivery.claim = claim
    delivery.attempts += 1
    return taken == 1


def _put_off(delivery: Delivery, answer: str) -> None:
    if delivery.attempts > len(INTERVALS):
        _write(delivery, state=Delivery.FAILED, answer=answer[:1000])
        return
    wait = datetime.timedelta(seconds=INTERVALS[delivery.attempts - 1])
    _write(delivery, next_attempt=timezone.now() + wait, answer=answer[:1000])


def _write(delivery: Delivery, **values: Any) -> None:
    rows = Delivery.objects.using(default_alias()).filter(pk=delivery.pk, claim=delivery.claim)
    rows.update(**values)
    for name, value in values.items():
        setattr(delivery, name, value)
