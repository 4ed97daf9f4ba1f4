"""`PreviewLink`: a signed link that shows a branch to whoever has it, for a while, read-only."""

from __future__ import annotations

import datetime
import secrets
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core import signing
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from dolt_router import aliases
from dolt_router.access import acting_as, require
from dolt_router.exceptions import BranchDoesNotExist, DoltRouterError, InvalidPreviewLink
from dolt_router.names import validate_branch
from dolt_router.versioning import branches

if TYPE_CHECKING:
    from dolt_router.models import Branch

SALT = "dolt_router.review.preview"


def _secret() -> str:
    return secrets.token_hex(16)


class PreviewLinkManager(models.Manager["PreviewLink"]):
    """Makes links and finds what a token stands for."""

    def create_for(
        self,
        branch: Branch | str,
        user: Any,
        expires: datetime.datetime | datetime.timedelta = datetime.timedelta(days=7),
        using: str | None = None,
    ) -> PreviewLink:
        """A link to a branch that `user` may read.

        Args:
            expires: a moment, or how long from now.

        Raises:
            BranchForbidden: the user may not read the branch.
            BranchDoesNotExist: there is none.
        """
        name = validate_branch(branch if isinstance(branch, str) else branch.name)
        root = aliases.default_root(using)
        with acting_as(user):
            require("read", name, root)
            branches.resolve(name, root)
        if isinstance(expires, datetime.timedelta):
            expires = timezone.now() + expires
        return self.create(branch=name, database=root, created_by=user, expires=expires)

    def resolve(self, token: str) -> PreviewLink:
        """The link that a token stands for.

        Raises:
            InvalidPreviewLink: it is forged, expired or revoked; or its branch is gone; or
                whoever made it may not read the branch any more.
        """
        try:
            key, secret = signing.loads(token, salt=SALT)
            link = self.select_related("created_by").get(pk=key, secret=secret)
        except (signing.BadSignature, ValueError, TypeError, PreviewLink.DoesNotExist):
            raise InvalidPreviewLink("forged") from None
        link.check_valid()
        return link


class PreviewLink(models.Model):
    """A link to a branch. Its `token` goes into a URL; revoke it with `revoke(user)`."""

    branch = models.CharField(_("branch"), max_length=250)
    database = models.CharField(_("database"), max_length=100)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="+",
        verbose_name=_("created by"),
    )
    created = models.DateTimeField(_("created"), auto_now_add=True)
    expires = models.DateTimeField(_("expires"))
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True)
    revoked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        related_name="+",
        verbose_name=_("revoked by"),
    )
    # Ids are given again after a flush or in a clone: a token of another row isn't one of this.
    secret = models.CharField(max_length=32, default=_secret, editable=False)

    objects = PreviewLinkManager()

    class Meta:
        db_table = "branch_review_preview_link"
        ordering = ["-pk"]
        verbose_name = _("preview link")
        verbose_name_plural = _("preview links")

    def __str__(self) -> str:
        return str(self.branch)

    @property
    def token(self) -> str:
        """What a URL of this link holds."""
        return signing.dumps([self.pk, self.secret], salt=SALT)

    @property
    def is_live(self) -> bool:
        """Whether it is neither expired nor revoked."""
        return self.revoked_at is None and self.expires > timezone.now()

    def check_valid(self) -> None:
        """Raise InvalidPreviewLink when it can't be used now."""
        if self.revoked_at is not None:
            raise InvalidPreviewLink("revoked")
        if self.expires <= timezone.now():
            raise InvalidPreviewLink("expired")
        if not self.created_by.is_active:
            raise InvalidPreviewLink("revoked")
        try:
            with acting_as(self.created_by):
                require("read", self.branch, self.database)
                branches.resolve(self.branch, self.database)
        except BranchDoesNotExist:
            raise InvalidPreviewLink("gone") from None
        except DoltRouterError:
            raise InvalidPreviewLink("revoked") from None

    def revoke(self, user: Any) -> None:
        """Make the link worthless at once."""
        self.revoked_at, self.revoked_by = timezone.now(), user
        self.save(update_fields=["revoked_at", "revoked_by"])

    revoke.alters_data = True  # type: ignore[attr-defined]
