"""What is done to a pull request is recorded, and told once it is committed.

In the transaction that does it: a row of its activity, and the messages to webhooks and by
e-mail (see `deliveries`). After it: Django's signals, and the e-mails.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import transaction

from dolt_router.aliases import default_alias

from . import deliveries
from .models import Activity
from .signals import BY_EVENT

if TYPE_CHECKING:
    from .models import PullRequest


def record(
    pull_request: PullRequest,
    event: str,
    user: Any,
    data: dict[str, Any] | None = None,
    **arguments: Any,
) -> None:
    """Record `event` (a name in `review.signals`) and have it told after the commit.

    Args:
        data: what the activity and the webhooks say of it: JSON.
        arguments: of the signal.
    """
    actor = user if getattr(user, "is_authenticated", False) else None
    Activity.objects.create(
        pull_request=pull_request,
        kind=event.removeprefix("pull_request_"),
        actor=actor,
        actor_name=str(actor) if actor is not None else "",
        data=data or {},
    )
    mails = deliveries.enqueue(pull_request, event, actor, data or {})

    def tell() -> None:
        BY_EVENT[event].send_robust(
            sender=type(pull_request), pull_request=pull_request, user=user, **arguments
        )
        deliveries.send_mails(mails)

    transaction.on_commit(tell, using=default_alias())
