"""What the connection wrapper of a branch is, whichever engine is below it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

from django.db.backends.base.base import BaseDatabaseWrapper
from django.utils.asyncio import async_unsafe
from django.utils.functional import cached_property

from .. import access, aliases
from ..conf import conf
from ..exceptions import BranchNeedsMigration

if TYPE_CHECKING:
    from typing_extensions import Self

    from ..exceptions import DoltRouterError


class BranchConnection(BaseDatabaseWrapper):
    """One branch of one database, in one thread.

    `settings_dict["NAME"]` is the database (on the default branch) or `database/ref`.
    """

    is_dolt = True
    pool_class: Any  # keeps count of a thread's connections
    pool: Any
    open_cursors: WeakSet[Any]
    _split: tuple[Any, str, str] | None = None  # NAME, and what it is made of

    def init_branch(self) -> None:
        """Set the state of a new wrapper."""
        self.pool = None
        self.asked_as: str | None = None  # a spelling used with `in connections`
        self.open_cursors = WeakSet()

    # -- names --------------------------------------------------------------------

    @staticmethod
    def split_name(name: Any) -> tuple[str, str]:
        """The database and the branch that a NAME of the settings pins; '' where it pins none."""
        raise NotImplementedError

    @property
    def base_name(self) -> str:
        """The database without the branch; '' on a connection to no database."""
        return self._name_parts()[1]

    @property
    def ref(self) -> str:
        """The branch, tag or commit hash; '' on a connection to no database."""
        _, base, ref = self._name_parts()
        if not base:
            return ""
        return ref or str(conf.DEFAULT_BRANCH)

    def _name_parts(self) -> tuple[Any, str, str]:
        # Asked for each cursor. A test run changes the NAME of an alias.
        name = self.settings_dict["NAME"]
        if self._split is None or self._split[0] is not name:
            self._split = (name, *self.split_name(name))
        return self._split

    @property
    def root_alias(self) -> str:
        """The static alias in DATABASES that this connection derives from."""
        alias = str(self.alias)
        return alias.partition("/")[0] if alias not in self._static_aliases else alias

    @cached_property
    def _static_aliases(self) -> frozenset[str]:
        return frozenset(aliases.handler().settings)

    @property
    def is_home(self) -> bool:
        """Whether this is the default branch, where the shared tables live."""
        return self.ref == conf.DEFAULT_BRANCH

    @property
    def home(self) -> Any:
        """The wrapper of the default branch of the same database, in this thread."""
        return aliases.handler()[aliases.default_alias(self.root_alias)]

    # -- what the verbs of `versioning` ask for ------------------------------------------

    is_branch: bool  # rather than a tag or commit; connects if needed

    @async_unsafe
    def ensure_connection(self) -> None:
        # Asked for each cursor, so that of the default branch, which is open to all, costs least.
        if self._name_parts()[2] and access.are_gates_asked() and not self.plain:
            access.require_open(self.ref, self.root_alias)
        if self.connection is not None:
            return
        # Told while it happens: see `BranchConnectionHandler.__contains__`.
        alias: Any = self.alias
        if not isinstance(alias, aliases.AliasName):
            super().ensure_connection()
            return
        alias.connecting = True
        try:
            super().ensure_connection()
        finally:
            alias.connecting = False

    def list_branch_names(self) -> list[str]:
        """The names of all branches, by a short connection of its own."""
        raise NotImplementedError

    def finds_ref(self, ref: str) -> bool:
        """Whether there is a branch, tag or commit of this name, compared without case."""
        raise NotImplementedError

    def forget_ref(self) -> None:
        """Forget what is known of this wrapper's branch, which was renamed or deleted."""

    def streaming_cursor(self) -> AbstractContextManager[Any]:
        """A driver's cursor on a connection of its own, which holds one row at a time.

        An answer that is read to its end takes no more memory than one row, and others can be
        asked meanwhile.
        """
        raise NotImplementedError

    # -- whether it is in use -------------------------------------------------------

    def is_idle(self) -> bool:
        """Whether nothing is under way on the connection."""
        return (
            self.connection is not None
            and not self.in_atomic_block
            and self.autocommit
            and not self.server_transaction
            and not self.deferring
            and not self.plain
            and not any(cursor.is_open for cursor in self.open_cursors)
        )

    @property
    def is_forgettable(self) -> bool:
        """Whether nothing is lost when a fresh wrapper takes this one's place."""
        return (
            not self.closed_in_transaction
            and (self.is_idle() or (self.connection is None and not self.in_atomic_block))
            and not self.execute_wrappers
            and not self.force_debug_cursor
        )

    def close_if_unusable_or_obsolete(self) -> None:
        self.discard_traces()
        super().close_if_unusable_or_obsolete()

    def discard_traces(self) -> None:
        """Close the connection if the work left session state behind (`SET`, locks, ...)."""
        if self.connection is not None and self.connection.traces and not self.in_atomic_block:
            self.close()

    # -- schema that a branch lacks ----------------------------------------------------

    explaining = False

    def explain_missing_schema(self, server_text: str) -> DoltRouterError | None:
        """An error that names the migrations this branch lacks; None when it lacks none."""
        if self.is_home or not self.base_name or self.explaining:
            return None
        from .dolt.migrations import missing_migrations

        self.explaining = True
        try:
            missing = missing_migrations(self)  # type: ignore[arg-type]
        except Exception:  # the hint is a courtesy: never hide the error it is about
            return None
        finally:
            self.explaining = False
        if not missing:
            return None
        return BranchNeedsMigration(self.ref, str(self.alias), missing, server_text)

    @contextmanager
    def second_connection(self) -> Iterator[Self]:
        """A wrapper of the same branch outside this one's transaction, for a moment."""
        copy = self.copy()
        copy.pool = self.pool
        try:
            yield copy
        finally:
            copy.close()
