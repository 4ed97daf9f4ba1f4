"""How a site tests itself: Django's own TestCase, and BranchTestCase where branches matter."""

from __future__ import annotations

from django.contrib.auth import get_user_model
from django.test import TestCase
from django.urls import reverse

from dolt_router import current_branch
from dolt_router.models import Commit
from dolt_router.testing import BranchTestCase

from .models import Site


class SitePages(TestCase):
    """Nothing here is about branches: each test is rolled back, as ever."""

    @classmethod
    def setUpTestData(cls) -> None:
        cls.site = Site.objects.create(name="Berlin 1", slug="ber1")

    def test_list_shows_the_site(self) -> None:
        self.assertContains(self.client.get(reverse("sites")), "Berlin 1")

    def test_nothing_is_committed(self) -> None:
        before = Commit.objects.on(current_branch()).count()
        self.site.delete()
        self.assertEqual(Commit.objects.on(current_branch()).count(), before)


class SitesOnABranch(BranchTestCase):
    """Each test has a branch of its own, with real commits; main stays as it is."""

    def test_a_change_is_a_commit_in_the_users_name(self) -> None:
        ann = get_user_model().objects.create_superuser("ann", "ann@example.org", "pw")
        self.client.force_login(ann)
        self.client.post("/admin/inventory/tag/add/", {"name": "spare", "slug": "spare"})
        commit = Commit.objects.on(self.branch)[0]
        self.assertEqual(commit.author, "ann <ann@example.org>")
        self.assertEqual(commit.message, "Added 1 tag: POST /admin/inventory/tag/add/")
