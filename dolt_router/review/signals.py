"""Signals of pull requests, sent when the transaction that did it is committed.

Every one has `pull_request`, `user` (None: nobody but the system) and those listed with it. An
exception of a receiver is logged and changes nothing.
https://docs.djangoproject.com/en/stable/topics/signals/
"""

from __future__ import annotations

from django.dispatch import Signal

pull_request_opened = Signal()
# changed: list of names of fields
pull_request_updated = Signal()
# review
pull_request_reviewed = Signal()
# review; dismissed by another, or withdrawn by its reviewer
pull_request_review_dismissed = Signal()
# comment
pull_request_commented = Signal()
# comment; its suggested value was written to the source
pull_request_suggestion_applied = Signal()
# runs: list of CheckRun
pull_request_checked = Signal()
# merge_at: a datetime, or None for "when ready"
pull_request_queued = Signal()
# reason: a text; "" when somebody cancelled it
pull_request_dequeued = Signal()
# merge_commit: a hash
pull_request_merged = Signal()
pull_request_closed = Signal()
pull_request_reopened = Signal()
# branch: the name of the source or target that was deleted
pull_request_branch_deleted = Signal()

BY_EVENT: dict[str, Signal] = {
    name: value for name, value in list(globals().items()) if isinstance(value, Signal)
}
