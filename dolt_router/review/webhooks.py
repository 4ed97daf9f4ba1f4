"""What a webhook is sent: JSON, with a signature over it and the time it was made.

    X-Dolt-Router-Event: pull_request_merged
    X-Dolt-Router-Delivery: 17
    X-Dolt-Router-Signature: t=1767000000,v1=<hex HMAC-SHA256 of "1767000000.<body>">

Only http and https, no redirects: an answer can't send the request to another place. Which hosts
may be named at all is up to whoever may add a WebHook.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import time
import urllib.request
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from django.core.exceptions import ValidationError
from django.core.serializers.json import DjangoJSONEncoder
from django.utils.translation import gettext as _

from dolt_router import __version__

if TYPE_CHECKING:
    from .models import Delivery, PullRequest

TIMEOUT = 10  # seconds
TOLERANCE = 300  # seconds that a signature may be old


def payload(
    pull_request: PullRequest, event: str, actor: Any, data: dict[str, Any]
) -> dict[str, Any]:
    """What is told of an event: JSON, without any row of the branches."""
    about = {
        "event": event,
        "pull_request": {
            "id": pull_request.pk,
            "title": pull_request.title,
            "state": pull_request.state,
            "database": pull_request.database,
            "source": pull_request.source,
            "target": pull_request.target,
            "source_hash": pull_request.source_head,
            "author": str(pull_request.author or ""),
            "merge_commit": pull_request.merge_commit,
        },
        "user": str(actor or ""),
        "data": data,
    }
    return json.loads(json.dumps(about, cls=DjangoJSONEncoder))


def signature(secret: str, body: bytes, moment: int) -> str:
    """The value of X-Dolt-Router-Signature."""
    signed = f"{moment}.".encode() + body
    digest = hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
    return f"t={moment},v1={digest}"


def is_signed(secret: str, body: bytes, header: str, now: float | None = None) -> bool:
    """Whether a received header is the signature of a received body, and recent."""
    fields = dict(part.partition("=")[::2] for part in header.split(","))
    try:
        moment = int(fields["t"])
    except (KeyError, ValueError):
        return False
    recent = abs((time.time() if now is None else now) - moment) <= TOLERANCE
    return recent and hmac.compare_digest(signature(secret, body, moment), header)


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args: Any, **kwargs: Any) -> None:
        return None


def send(delivery: Delivery) -> str:
    """POST it; what was answered, in a few words.

    Raises:
        OSError: no connection, or a status that isn't 2xx.
        ValidationError: the URL is not http or https.
    """
    hook = delivery.hook
    assert hook is not None
    if urlsplit(hook.url).scheme not in ("http", "https"):
        raise ValidationError(_("A webhook's URL is http or https."))
    body = json.dumps({"delivery": delivery.pk, **delivery.payload}).encode()
    request = urllib.request.Request(hook.url, data=body, method="POST")
    for name, value in {
        "Content-Type": "application/json",
        "User-Agent": f"dolt_router/{__version__}",
        "X-Dolt-Router-Event": delivery.event,
        "X-Dolt-Router-Delivery": str(delivery.pk),
        "X-Dolt-Router-Signature": signature(hook.secret, body, int(time.time())),
    }.items():
        request.add_header(name, value)
    opener = urllib.request.build_opener(_NoRedirects())
    with opener.open(request, timeout=TIMEOUT) as response:
        return f"{response.status} {response.read(200).decode(errors='replace')}"
