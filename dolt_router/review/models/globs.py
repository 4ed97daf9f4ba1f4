"""A glob over names of branches, as in PROTECTED_BRANCHES: what grants and rules have in common."""

from __future__ import annotations

from fnmatch import fnmatchcase

from django.db import models
from django.utils.translation import gettext_lazy as _


class BranchGlob(models.Model):
    """Names branches by a glob; the case must match."""

    pattern = models.CharField(
        _("branches"),
        max_length=250,
        help_text=_('A name, or a glob over names: "release/*" names every release; "*" all.'),
    )
    database = models.CharField(
        _("database"),
        max_length=100,
        blank=True,
        help_text=_("The alias of one Dolt database; empty: of each."),
    )

    class Meta:
        abstract = True

    def names(self, branch: str, using: str) -> bool:
        """Whether this is about `branch` of the database with the static alias `using`."""
        return self.database in ("", using) and fnmatchcase(branch, self.pattern)
