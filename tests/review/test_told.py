"""Who is told: signals after the commit, e-mails, signed webhooks that are sent again."""

from __future__ import annotations

import datetime
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from django.core import mail
from django.core.exceptions import ValidationError
from django.db import transaction
from django.test import override_settings
from django.utils import timezone

from dolt_router.review import deliveries, signals, webhooks
from dolt_router.review.models import Delivery, PullRequest, WebHook


class Receiver(BaseHTTPRequestHandler):
    """Another site: keeps what it is sent, and answers what it is told to."""

    answers: list[int] = []
    got: list[tuple[dict[str, str], bytes]] = []

    def do_POST(self) -> None:  # noqa: N802
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.got.append((dict(self.headers.items()), body))
        self.send_response(self.answers.pop(0) if self.answers else 200)
        self.send_header("Location", "/elsewhere")
        self.end_headers()

    def do_GET(self) -> None:  # noqa: N802
        self.got.append(({"followed": "yes"}, b""))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *args: Any) -> None:
        pass


@pytest.fixture
def receiver(dolt: None) -> Iterator[WebHook]:
    server = HTTPServer(("127.0.0.1", 0), Receiver)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    Receiver.got, Receiver.answers = [], []
    yield WebHook.objects.create(url=f"http://127.0.0.1:{server.server_port}/hook", secret="s")
    server.shutdown()
    server.server_close()


def due_now() -> None:
    Delivery.objects.update(next_attempt=timezone.now() - datetime.timedelta(seconds=1))


def test_webhook_is_signed_and_sent_by_the_queue(
    receiver: WebHook, pull_request: PullRequest
) -> None:
    assert Receiver.got == []
    assert deliveries.send_due() == 1
    headers, body = Receiver.got[0]
    assert headers["X-Dolt-Router-Event"] == "pull_request_opened"
    told = json.loads(body)
    assert told["pull_request"]["source"] == "feature/x" and told["user"] == "ann"
    header = headers["X-Dolt-Router-Signature"]
    assert webhooks.is_signed("s", body, header)
    assert not webhooks.is_signed("s", body + b" ", header)
    assert not webhooks.is_signed("t", body, header)
    moment = int(header[2 : header.index(",")])
    assert not webhooks.is_signed("s", body, header, now=moment + 3600)
    assert deliveries.send_due() == 0


def test_webhook_that_fails_is_sent_again_and_given_up_in_the_end(
    receiver: WebHook, pull_request: PullRequest
) -> None:
    Receiver.answers = [500, 302, 200]
    for sent in (0, 0, 1):
        due_now()
        assert deliveries.send_due() == sent
    assert len(Receiver.got) == 3  # a redirect is not followed
    Delivery.objects.update(state=Delivery.PENDING, attempts=0)
    Receiver.answers = [500] * 20
    for _number in range(len(deliveries.INTERVALS) + 1):
        due_now()
        deliveries.send_due()
    delivery = Delivery.objects.get()
    assert delivery.state == Delivery.FAILED and "500" in delivery.answer


def test_failed_delivery_waits(receiver: WebHook, pull_request: PullRequest) -> None:
    Receiver.answers = [500]
    deliveries.send_due()
    assert deliveries.send_due() == 0 and len(Receiver.got) == 1
    wait = Delivery.objects.get().next_attempt - timezone.now()
    assert datetime.timedelta(seconds=20) < wait <= datetime.timedelta(seconds=30)


def test_webhook_is_told_what_it_wants_only(
    receiver: WebHook, pull_request: PullRequest, rob: Any
) -> None:
    Delivery.objects.all().delete()
    WebHook.objects.update(events=["pull_request_merged"], pattern="release/*")
    pull_request.approve(rob)
    assert not Delivery.objects.exists()


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://x/y", "gopher://x", "x"])
def test_only_http_is_sent_to(receiver: WebHook, pull_request: PullRequest, url: str) -> None:
    receiver.url = url
    with pytest.raises(ValidationError):
        receiver.full_clean()
    receiver.save()
    due_now()
    assert deliveries.send_due() == 0
    assert "ValidationError" in Delivery.objects.get().answer


def test_signals_come_after_the_commit_and_not_after_a_rollback(
    pull_request: PullRequest, rob: Any
) -> None:
    seen: list[Any] = []

    def note(pull_request: PullRequest, user: Any, **kwargs: Any) -> None:
        seen.append((user, sorted(set(kwargs) - {"signal", "sender"})))
        raise ValueError("a receiver's own trouble")

    signals.pull_request_reviewed.connect(note)
    try:
        with transaction.atomic():
            pull_request.approve(rob)
            assert seen == []
        assert seen == [(rob, ["review"])]
        with pytest.raises(KeyError), transaction.atomic():
            pull_request.approve(rob)
            raise KeyError
        assert len(seen) == 1 and pull_request.reviews.count() == 1
    finally:
        signals.pull_request_reviewed.disconnect(note)


def test_emails_go_to_whoever_takes_part_but_the_one_who_did_it(
    pull_request: PullRequest, ann: Any, rob: Any, ria: Any
) -> None:
    pull_request.update(ann, reviewers=[ria])
    assert mail.outbox == []  # off by default
    with override_settings(DOLT_ROUTER={"REVIEW_EMAILS": True}):
        pull_request.request_changes(rob, "**No** <script>x</script>")
        assert sorted(each.to[0] for each in mail.outbox) == [ann.email, ria.email]
        message = mail.outbox[0]
        assert message.subject == f"[main] More devices (#{pull_request.pk})"
        assert "rob reviewed it." in message.body and "**No**" in message.body
        html = message.alternatives[0][0]
        assert "<strong>No</strong>" in html and "<script" not in html
        with pytest.raises(KeyError), transaction.atomic():
            pull_request.request_changes(ria, "No.")
            raise KeyError
        assert len(mail.outbox) == 2
    assert set(Delivery.objects.values_list("state", flat=True)) == {"sent"}


def test_email_that_could_not_be_sent_is_left_to_the_queue(
    pull_request: PullRequest, rob: Any
) -> None:
    broken = "django.core.mail.backends.smtp.EmailBackend"
    with override_settings(DOLT_ROUTER={"REVIEW_EMAILS": True}):
        with override_settings(EMAIL_BACKEND=broken, EMAIL_PORT=1):
            pull_request.approve(rob)
        assert pull_request.reviews.count() == 1 and mail.outbox == []
        due_now()
        assert deliveries.send_due() == 1
    assert len(mail.outbox) == 1
