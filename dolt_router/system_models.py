"""Tags and remotes as models over Dolt's system tables.

https://docs.dolthub.com/sql-reference/version-control/dolt-system-tables
"""

from __future__ import annotations

from typing import Any

from django.db import models

from . import aliases
from .exceptions import DoltRouterError
from .versioning import remotes, tags
from .versioning.remote_urls import redact


class SystemTable(models.Model):
    """A system table: rows are made by verbs, not by saving."""

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        raise DoltRouterError(
            f"{type(self).__name__} objects can't be saved: they show a system table of Dolt. "
            f"Use their methods, or {type(self).__name__}.objects.create() for a new one."
        )

    @property
    def _root(self) -> str:
        return aliases.default_root(self._state.db)


class TagQuerySet(models.QuerySet["Tag"]):
    """Tags; `create` makes one on the server at once."""

    def create(  # type: ignore[override]
        self,
        *,
        name: str,
        ref: str | None = None,
        message: str | None = None,
        author: str | None = None,
    ) -> Tag:
        """Tag `ref`: a branch, tag or commit; the active branch if None.

        Raises:
            InvalidBranchName, BranchExists, BranchDoesNotExist (the ref).
        """
        root = aliases.default_root(self._db)
        tags.create(name, ref, message, author, using=root)
        return self.get(name=name)


class Tag(SystemTable):
    """A tag: a row of `dolt_tags`."""

    name = models.CharField(max_length=250, primary_key=True, db_column="tag_name")
    hash = models.CharField(max_length=40, db_column="tag_hash")
    tagger = models.CharField(max_length=250)
    email = models.CharField(max_length=250)
    date = models.DateTimeField()
    message = models.TextField()

    objects = TagQuerySet.as_manager()

    class Meta:
        managed = False
        db_table = "dolt_tags"
        ordering = ["name"]

    @property
    def alias(self) -> str:
        """The read-only database alias of this point in history, for `.using()`."""
        return aliases.branch_alias(self.name, self._root)

    def delete(self, using: Any = None, keep_parents: bool = False) -> Any:
        """Delete the tag; the commit stays."""
        tags.delete(self.name, aliases.default_root(using or self._state.db))
        return 1, {self._meta.label: 1}

    delete.alters_data = True  # type: ignore[attr-defined]

    def __str__(self) -> str:
        return self.name


class _RedactedURL(models.TextField):  # type: ignore[type-arg]
    """A URL without the credentials that it may have: nothing here shows them."""

    def from_db_value(self, value: str | None, *args: Any) -> str | None:
        return value if value is None else redact(value, value)


class RemoteQuerySet(models.QuerySet["Remote"]):
    """Remotes; `create` adds one on the server at once."""

    def create(self, *, name: str, url: str) -> Remote:  # type: ignore[override]
        """Add a remote; see `versioning.remotes.add`, which raises RemoteError."""
        remotes.add(name, url, aliases.default_root(self._db))
        return self.get(name=name)


class Remote(SystemTable):
    """A remote: a row of `dolt_remotes`; see `versioning.remotes` for its verbs."""

    name = models.CharField(max_length=250, primary_key=True)
    url = _RedactedURL()
    fetch_specs = models.JSONField()
    params = models.JSONField()

    objects = RemoteQuerySet.as_manager()

    class Meta:
        managed = False
        db_table = "dolt_remotes"
        ordering = ["name"]

    def delete(self, using: Any = None, keep_parents: bool = False) -> Any:
        """Remove the remote; what it is a remote of isn't touched."""
        remotes.remove(self.name, aliases.default_root(using or self._state.db))
        return 1, {self._meta.label: 1}

    delete.alters_data = True  # type: ignore[attr-defined]

    def __str__(self) -> str:
        return self.name
