"""Preview links: signed, expiring, revocable, and worth no more than their maker's permission."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from django.test import override_settings
from django.utils import timezone

from dolt_router.exceptions import BranchDoesNotExist, BranchForbidden, InvalidPreviewLink
from dolt_router.models import Branch
from dolt_router.review.models import BranchGrant, PreviewLink
from tests.review.conftest import person


def reason(token: str) -> str:
    with pytest.raises(InvalidPreviewLink) as caught:
        PreviewLink.objects.resolve(token)
    return caught.value.reason


def test_link_stands_for_its_branch(feature: str, ann: Any) -> None:
    link = PreviewLink.objects.create_for(feature, ann)
    assert PreviewLink.objects.resolve(link.token) == link
    assert timezone.now() < link.expires < timezone.now() + datetime.timedelta(days=8)


def test_forged_expired_revoked_and_gone(feature: str, ann: Any) -> None:
    link = PreviewLink.objects.create_for(Branch.objects.get(name=feature), ann)
    token = link.token
    for forged in (token + "x", token[1:], "", "1", token.replace(":", ".")):
        assert reason(forged) == "forged"
    with override_settings(SECRET_KEY="another"):
        assert reason(token) == "forged"
    PreviewLink.objects.update(expires=timezone.now())
    assert reason(token) == "expired"
    PreviewLink.objects.update(expires=timezone.now() + datetime.timedelta(1))
    Branch.objects.get(name=feature).delete(force=True)
    assert reason(token) == "gone"
    link.revoke(ann)
    assert reason(token) == "revoked" and not link.is_live


def test_token_of_a_row_that_is_gone_is_none_of_the_next_one(feature: str, ann: Any) -> None:
    link = PreviewLink.objects.create_for(feature, ann)
    token, key = link.token, link.pk
    link.delete()
    PreviewLink.objects.create(
        pk=key, branch="main", database="default", created_by=ann, expires=timezone.now()
    )
    assert reason(token) == "forged"


def test_link_ends_when_its_maker_may_not_read_any_more(feature: str, ann: Any) -> None:
    link = PreviewLink.objects.create_for(feature, ann)
    BranchGrant.objects.create(pattern="feature/*", verbs=["read"], user=person("other"))
    assert reason(link.token) == "revoked"
    with pytest.raises(BranchForbidden):
        PreviewLink.objects.create_for(feature, ann)
    BranchGrant.objects.all().delete()
    type(ann).objects.update(is_active=False)
    assert reason(link.token) == "revoked"


def test_no_link_to_what_is_not_there(feature: str, ann: Any) -> None:
    with pytest.raises(BranchDoesNotExist):
        PreviewLink.objects.create_for("feature/nowhere", ann)
