"""`WebHook` and `Delivery`: where events are sent to, and what is to be sent."""

from __future__ import annotations

import secrets
from fnmatch import fnmatchcase

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


def _secret() -> str:
    return secrets.token_hex(32)


class WebHook(models.Model):
    """A URL that is told of events, with a signature made with `secret`."""

    url = models.CharField(
        _("URL"), max_length=500, validators=[URLValidator(schemes=["http", "https"])]
    )
    secret = models.CharField(_("secret"), max_length=200, default=_secret)
    events = models.JSONField(
        _("events"),
        default=list,
        blank=True,
        help_text=_('A list of events, as ["pull_request_merged"]; empty: all.'),
    )
    pattern = models.CharField(
        _("target branches"), max_length=250, default="*", help_text=_("A glob over names.")
    )
    active = models.BooleanField(_("active"), default=True)

    class Meta:
        db_table = "branch_review_webhook"
        verbose_name = _("webhook")
        verbose_name_plural = _("webhooks")

    def __str__(self) -> str:
        return str(self.url)

    def clean(self) -> None:
        if not isinstance(self.events, list):
            raise ValidationError({"events": _("This is a list of events.")})

    def wants(self, event: str, target: str) -> bool:
        """Whether it is told of `event` of a pull request for the branch `target`."""
        return (
            self.active
            and (not self.events or event in self.events)
            and fnmatchcase(target, self.pattern)
        )


class Delivery(models.Model):
    """One message to a webhook or by e-mail; written with what it tells of, sent after it."""

    PENDING, SENT, FAILED = "pending", "sent", "failed"

    hook = models.ForeignKey(
        WebHook,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="deliveries",
        verbose_name=_("webhook"),
    )
    recipient = models.EmailField(_("recipient"), blank=True, max_length=254)  # of an e-mail
    event = models.CharField(_("event"), max_length=40)
    payload = models.JSONField()
    state = models.CharField(
        _("state"),
        max_length=10,
        default=PENDING,
        choices=[(PENDING, _("pending")), (SENT, _("sent")), (FAILED, _("failed"))],
    )
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    next_attempt = models.DateTimeField(default=timezone.now)
    # Whoever sends it writes a value of their own first: two can't both have done so.
    claim = models.CharField(max_length=32, blank=True)
    answer = models.TextField(_("last answer"), blank=True)
    created = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        db_table = "branch_review_delivery"
        ordering = ["pk"]
        indexes = [
            models.Index(fields=["state", "next_attempt"], name="branch_review_delivery_due")
        ]
        verbose_name = _("delivery")
        verbose_name_plural = _("deliveries")

    def __str__(self) -> str:
        return f"{self.event}: {self.hook or self.recipient}"
