"""E-mails about pull requests, to those who take part in them; off by default."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from dolt_router.conf import conf
from dolt_router.visibility import may_view

from .markdown import render

if TYPE_CHECKING:
    from .models import Delivery, PullRequest

# Events that people are told of, and the sentence that tells it.
SENTENCES = {
    "pull_request_opened": gettext_lazy("%(user)s opened a pull request."),
    "pull_request_reviewed": gettext_lazy("%(user)s reviewed it."),
    "pull_request_review_dismissed": gettext_lazy("%(user)s dismissed a review."),
    "pull_request_commented": gettext_lazy("%(user)s commented."),
    "pull_request_merged": gettext_lazy("%(user)s merged it."),
    "pull_request_closed": gettext_lazy("%(user)s closed it."),
    "pull_request_reopened": gettext_lazy("%(user)s opened it again."),
    "pull_request_dequeued": gettext_lazy("It left the merge queue."),
    "pull_request_branch_deleted": gettext_lazy("%(user)s deleted its branch."),
}


def url_of(pull_request: PullRequest) -> str:
    """The address of its page in the admin; '' where SITE_URL isn't set or there is none."""
    if not conf.SITE_URL:
        return ""
    try:
        path = reverse("admin:dolt_review_pullrequest_change", args=[pull_request.pk])
    except NoReverseMatch:
        return ""
    return str(conf.SITE_URL).rstrip("/") + path


def messages(
    pull_request: PullRequest, event: str, actor: Any, data: dict[str, Any]
) -> Iterator[tuple[Any, dict[str, Any]]]:
    """Who is to get an e-mail of an event, and what is in it."""
    if event not in SENTENCES:
        return
    who = str(actor or _("Somebody"))
    text = str(data.get("text") or data.get("reason") or "")
    if event == "pull_request_opened":
        text = pull_request.description
    context = {
        "pull_request": pull_request,
        "sentence": str(SENTENCES[event]) % {"user": who},
        "text": text,
        "html": render(text),
        "url": url_of(pull_request),
    }
    subject = f"[{pull_request.target}] {pull_request.title} (#{pull_request.pk})"
    message = {
        "subject": " ".join(subject.split()),
        "text": render_to_string("dolt_review/mail.txt", context),
        "html": render_to_string("dolt_review/mail.html", context),
    }
    table = data.get("table")
    for user in _participants(pull_request):
        if table and not may_view(user, table):
            continue  # a comment on a row that they don't see on the page either
        if user.is_active and getattr(user, "email", "") and user != actor:
            yield user, message


def _participants(pull_request: PullRequest) -> list[Any]:
    found = {user.pk: user for user in pull_request.reviewers.all()}
    if pull_request.author is not None:
        found[pull_request.author.pk] = pull_request.author
    for review in pull_request.reviews.select_related("reviewer"):
        if review.reviewer is not None:
            found[review.reviewer.pk] = review.reviewer
    for comment in pull_request.comments.select_related("author"):
        if comment.author is not None:
            found[comment.author.pk] = comment.author
    return list(found.values())


def send(delivery: Delivery) -> str:
    """Send an e-mail with the site's e-mail backend."""
    payload = delivery.payload
    mail = EmailMultiAlternatives(payload["subject"], payload["text"], to=[delivery.recipient])
    mail.attach_alternative(payload["html"], "text/html")
    mail.send()
    return ""
