"""Queries of the log: by date, author, and what was changed.

https://docs.dolthub.com/sql-reference/version-control/dolt-sql-functions#dolt_log
"""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models.expressions import RawSQL
from django.db.models.functions import Lower
from django.db.models.lookups import Contains
from django.utils import timezone

from .. import aliases
from ..names import validate_ref
from .history import changing_commits
from .object_rows import refuse_unversioned, tables_of
from .points import quoted

if TYPE_CHECKING:
    from typing_extensions import Self


class CommitQuerySet(models.QuerySet[Any]):
    """Commits of the branch, tag or commit that the queryset's alias names.

    Every method can be chained with the others, with `order_by` and with slices; the server
    does the work.
    """

    def since(self, moment: datetime.datetime) -> Self:
        """Commits at or after `moment`; a naive one is in the current time zone."""
        return self.filter(date__gte=_aware(moment))

    def until(self, moment: datetime.datetime) -> Self:
        """Commits at or before `moment`; a naive one is in the current time zone."""
        return self.filter(date__lte=_aware(moment))

    def author(self, text: str) -> Self:
        """Commits whose author's name or e-mail address contains `text`, in any case."""
        # Both lowered: the columns of dolt_log compare by bytes, so icontains heeds the case.
        wanted = text.lower()
        return self.filter(
            models.Q(Contains(Lower("committer"), wanted))
            | models.Q(Contains(Lower("email"), wanted))
        )

    def not_in(self, ref: str) -> Self:
        """Commits that `ref` lacks: with `on("feature/x")`, what git writes as `ref..feature/x`.

        Raises:
            InvalidBranchName: `ref` can't be a branch, tag or commit.
        """
        log = RawSQL("SELECT commit_hash FROM dolt_log(%s)", [validate_ref(ref)])
        return self.exclude(commit_hash__in=log)

    def touching(self, *what: type[models.Model] | models.Model) -> Self:
        """Commits that changed the tables of these models, or these objects.

        For a model: its table, its parents' and those of its many-to-many fields, also by a
        migration, under the names they have now. A merge counts when its table is not that of
        its first or of its second parent. For an object: the commits of `history_of`, which are
        looked up here and now, on the queryset's branch; a merge counts only when it made a
        version of its own.

        Raises:
            DoltRouterError: a model is shared, and has no history.
            ValueError: an object has no primary key.
        """
        tables: list[str] = []
        hashes: list[str] = []
        for each in what:
            if isinstance(each, models.Model):
                hashes += changing_commits(each, *self._place())
            else:
                refuse_unversioned(each)
                tables += tables_of(each)
        found = models.Q(commit_hash__in=hashes)
        if tables:
            for table in tables:
                quoted(table)
            engine = aliases.handler()[self.db].engine
            sql, values = engine.touching(list(dict.fromkeys(tables)))
            found |= models.Q(commit_hash__in=RawSQL(sql, values))
        return self.filter(found)

    def _place(self) -> tuple[str, str]:
        target = aliases.handler().target(self.db)
        assert target is not None
        return target.ref, target.root


def _aware(moment: datetime.datetime) -> datetime.datetime:
    return timezone.make_aware(moment) if timezone.is_naive(moment) else moment
