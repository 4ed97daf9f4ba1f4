"""Transactions of a branch: begun at the first write, ended by a Dolt commit.

Django's `atomic` asks for a transaction when it is entered; the server is told later:

* in a unit of work (a request) at the first write, so a read-only request costs nothing;
* in an `atomic` block of one's own at the first statement, since its reads must agree;
* in autocommit mode around each single write, which becomes a Dolt commit of its own:
  a row that is only SQL-committed would be swept into whatever commit comes next.

`START TRANSACTION` is used rather than `SET autocommit=0`: the session stays in autocommit
mode, so the end of a transaction needs no second message to go back to it. After
`dolt_commit` Dolt still counts the explicit transaction as open; a COMMIT closes it.
https://docs.dolthub.com/sql-reference/version-control/dolt-sql-procedures#dolt_commit
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, ClassVar

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import debug_transaction

from ... import access, context, signals
from ...conf import conf
from ...exceptions import CrossBranchWrite, DoltRouterError, SharedTableWrite
from ...shared import shared_tables
from .journal import Journal
from .restoring import is_clean, reset_to_head
from .statements import Kind, Statement

if TYPE_CHECKING:
    from ..engine import Engine
    from .pool import Session


# Procedures that change whatever branch their arguments name. The verbs in `versioning` know
# which one that is, and ask about it; of a raw call it can't be told.
_REACHES_OTHERS = {"dolt_branch", "dolt_push", "dolt_backup", "dolt_undrop"}


class DoltTransactions(BaseDatabaseWrapper):
    """The transaction half of the wrapper, the same for both engines.

    What they say differently is asked of `engine` (see `backends.engine`) and of
    `_send_begin`, `_send_commit` and `_send_rollback`.
    """

    engine: ClassVar[Engine]
    connection: Session | None
    ref: str
    base_name: str
    is_home: bool
    is_branch: bool

    def init_transactions(self) -> None:
        """Set the state of a wrapper that has no transaction."""
        self.journal = Journal()
        self.server_transaction = False  # has START TRANSACTION been sent?
        self.deferring = False  # inside a migration: commits come at its end
        self.plain = False  # version control verbs: sent as they are
        self.inherited: context.CommitDetails | None = None
        self.last_commit_hash: str | None = None
        self.snapshot_is_old = False  # were shared tables written since the transaction began?
        self.to_tell: dict[str, Any] | None = None  # of a commit that isn't finished yet
        self.settings_before_unit: dict[str, Any] | None = None
        # Is the working set to be reset to the head if this transaction fails? None: it has
        # changed no schema.
        self.resettable: bool | None = None
        # Who was let write in this transaction: an actor, its user, and whether gates were asked.
        self.allowed_to: tuple[Any, Any, bool] | None = None

    def connect(self) -> None:
        self.server_transaction = False
        self.allowed_to = None
        self.journal.clear()
        super().connect()

    # -- before and after each statement ---------------------------------------------

    @property
    def begins_with_read(self) -> bool:
        """Whether even a read must begin the transaction now: in one's own `atomic`."""
        return not (self.autocommit or self.server_transaction) and not self.is_in_units_only

    @property
    def is_in_units_only(self) -> bool:
        """Whether all that is open are units of work (a request, an `AutoDoltCommit` in it)."""
        blocks = self.atomic_blocks  # none after set_autocommit(False)
        return bool(blocks) and all(getattr(block, "is_unit_of_work", False) for block in blocks)

    def before_statement(self, statement: Statement) -> bool:
        """Check that the statement may run here, and begin the transaction it needs.

        Returns:
            True when it is a single write in autocommit mode, which the caller must end
            with `finish_one_shot` or `abandon`.

        Raises:
            BranchProtected, SharedTableWrite, CrossBranchWrite, ReadOnlyRevision: it may not.
        """
        kind = statement.kind
        if self.plain or not self.base_name:
            return False
        if self.snapshot_is_old:
            self._renew_snapshot()
        if kind is Kind.READ:
            if self.begins_with_read:
                self._begin()
            return False
        if kind is Kind.MOVE:
            raise CrossBranchWrite(f"{statement.verb.upper()}", self.ref)
        if kind is Kind.SESSION:
            return False
        if kind in (Kind.LOCK, Kind.TRANSACTION):
            if not self.autocommit and not self.server_transaction:
                self._begin()
            if statement.verb == "savepoint":
                self._aim_savepoints()
            return False
        self._check_write(statement)
        commits_itself = kind is Kind.SCHEMA and not self.features.can_rollback_ddl
        if commits_itself and not self.autocommit and not self.deferring:
            if self.resettable is None:
                self.resettable = bool(conf.AUTO_COMMIT) and is_clean(self)  # type: ignore[arg-type]
        if self.server_transaction or (self.deferring and self.autocommit):
            return False
        self._begin()
        return self.autocommit

    def _check_write(self, statement: Statement) -> None:
        foreign = statement.foreign
        if foreign and foreign != f"{self.base_name}/{self.ref}".lower():
            if not (self.is_home and foreign == self.base_name.lower()):
                raise CrossBranchWrite(f'A write to "{foreign}"', self.ref)
        tables = statement.tables
        if not self.is_home and tables and statement.verb not in ("create", "alter", "drop"):
            shared = shared_tables().intersection(tables)
            if shared:
                raise SharedTableWrite(shared, self.ref, f"{self.root_alias}/{conf.DEFAULT_BRANCH}")
        if access.is_anything_asked() and not self.deferring and self._touches_versioned(tables):
            self._ask_gates(statement)

    def _ask_gates(self, statement: Statement) -> None:
        """Ask whether whoever acts may write here, at the first write of a transaction."""
        if statement.verb in _REACHES_OTHERS:
            access.require("force", self.ref, self.root_alias, raw=statement.verb)
        actor = access.current_actor()
        asked = (actor, None if actor is None else actor.user, access.are_gates_asked())
        if not self.server_transaction or self.allowed_to != asked:
            access.require("write", self.ref, self.root_alias)
            self.allowed_to = asked

    root_alias: str

    def belongs_home(self, statement: Statement) -> bool:
        """Whether it writes rows of shared tables, and of no others, from another branch."""
        tables = statement.tables
        return (
            statement.kind is Kind.WRITE
            and not self.is_home
            and bool(tables)
            and shared_tables().issuperset(tables or ())
        )

    def _renew_snapshot(self) -> None:
        """Let a transaction that has written nothing see what was written to shared tables."""
        if not self.server_transaction:
            self.snapshot_is_old = False
        elif not self.journal.versioned and not any(self.savepoint_ids):
            self._send("COMMIT")
            self.server_transaction = self.snapshot_is_old = False

    def _touches_versioned(self, tables: tuple[str, ...] | None) -> bool:
        return not tables or not shared_tables().issuperset(tables)

    def after_statement(self, statement: Statement, rows: int) -> None:
        """Note what a statement did that was sent."""
        kind = statement.kind
        if statement.traces and self.connection is not None:
            traces = self.connection.traces
            traces.update(statement.traces)
            if self.fk_checks_restored(statement):
                traces.discard("foreign_key_checks")
        if kind in (Kind.WRITE, Kind.SCHEMA):
            versioned = self._touches_versioned(statement.tables)
            self.journal.statement(statement.verb, statement.tables, rows, versioned)

    @staticmethod
    def fk_checks_restored(statement: Statement) -> bool:
        """Whether only foreign key checks were set: Django's own block puts them back."""
        return statement.traces == ("foreign_key_checks",)

    # -- begin, commit, roll back -------------------------------------------------------

    def _begin(self) -> None:
        # Django logs a BEGIN itself, when it asks for the transaction.
        self._send_begin()
        self.server_transaction = True
        self.journal.clear()

    def _send_begin(self) -> None:
        self._send(self.engine.begin)

    def _before_dolt_commit(self) -> None:
        """Called when nothing refuses the commit any more."""

    def _send_commit(self) -> None:
        with debug_transaction(self, "COMMIT"):
            self._send("COMMIT")

    def _send_rollback(self) -> None:
        with debug_transaction(self, "ROLLBACK"), self.wrap_database_errors:
            self._send("ROLLBACK")

    def translate_error(self, error: Exception) -> DoltRouterError | None:
        """The package's exception for a driver error; None when Django's own fits."""
        raise NotImplementedError

    def _send(self, sql: str, args: tuple[Any, ...] | None = None) -> Any:
        """Send a statement of this module's own; the first row of its answer, or None."""
        assert self.connection is not None
        cursor = self.connection.cursor()
        try:
            cursor.execute(sql, args)
            return cursor.fetchone()
        except self.Database.Error as error:
            self.errors_occurred = True
            if translated := self.translate_error(error):
                raise translated from error
            raise
        finally:
            cursor.close()

    def finish_one_shot(self) -> None:
        """Commit the single write that was sent in autocommit mode."""
        self._commit()

    def abandon(self) -> None:
        """Roll back quietly: an error is on its way already."""
        try:
            self._rollback()
        except Exception:
            self.close()

    def _commit(self) -> None:
        if self.connection is None or not self.server_transaction:
            self.journal.clear()
            return
        try:
            with self.wrap_database_errors:
                if self.journal.versioned and self._commits_to_dolt and not self.deferring:
                    self.dolt_commit()
                self._send_commit()
        except BaseException:
            self.abandon()
            raise
        self.server_transaction = False
        self.journal.clear()
        self.inherited = self.resettable = None
        self._tell_commit()

    def _tell_commit(self) -> None:
        about, self.to_tell = self.to_tell, None
        if about is not None:
            signals.tell(signals.committed, **about)

    @property
    def _commits_to_dolt(self) -> bool:
        unit = context.unit.get()
        return bool(conf.AUTO_COMMIT) or (unit is not None and unit.explicit)

    def dolt_commit(self, details: context.CommitDetails | None = None) -> str | None:
        """Make the Dolt commit of what this transaction wrote.

        Returns:
            The commit's hash; None when nothing had changed.
        """
        changes = self.journal.changes()
        details = details or self.inherited or context.describe(changes)
        about = {
            "using": self.root_alias,
            "branch": self.ref,
            "changes": changes,
            "message": details.message,
            "author": details.author,
        }
        signals.ask(signals.pre_commit, **about)
        self._before_dolt_commit()
        sql = self.engine.call("dolt_commit", "'-A', '--skip-empty', '-m', %s, '--author', %s")
        with debug_transaction(self, sql.partition("(")[0]):
            row = self._send(sql, tuple(details))
        commit_hash = row[0] if row and row[0] else None
        self.last_commit_hash = commit_hash
        self.to_tell = {**about, "commit_hash": commit_hash} if commit_hash else None
        unit = context.unit.get()
        if commit_hash and unit is not None:
            unit.committed(str(self.alias), commit_hash)
        return commit_hash

    def _rollback(self) -> None:
        self.journal.clear()
        self.inherited = self.to_tell = None
        if self.connection is None or not self.server_transaction:
            return
        self.server_transaction = False
        resettable, self.resettable = self.resettable, None
        self._send_rollback()
        if resettable:
            reset_to_head(self)  # type: ignore[arg-type]

    def _set_autocommit(self, autocommit: bool) -> None:
        # Nothing to send: see the module's text. MySQL commits what is open when autocommit
        # is switched on, and so it is here.
        if autocommit and self.server_transaction:
            self._commit()

    # -- savepoints ---------------------------------------------------------------------

    def _aim_savepoints(self) -> None:
        """Make the server keep savepoints for this branch.

        Dolt saves and restores the head that a session has checked out, whatever branch its
        current database names: on `db/branch` ROLLBACK TO SAVEPOINT would silently keep the
        rows. Setting the head's variable checks the branch out without ending the transaction.
        """
        session, database = self.connection, f"{self.base_name}/{self.ref}"
        if session is None or session.savepoints_of == database or not self.is_branch:
            return
        variable = self.ops.quote_name(f"{self.base_name}_head_ref")  # type: ignore[attr-defined]
        self._send(f"SET SESSION {variable} = %s", (f"refs/heads/{self.ref}",))
        session.select_db(database)  # the variable moved it to `db`
        session.savepoints_of = database

    def _savepoint(self, sid: str) -> None:
        super()._savepoint(sid)
        self.journal.mark(sid)

    def _savepoint_rollback(self, sid: str) -> None:
        super()._savepoint_rollback(sid)
        self.journal.rewind(sid)

    def _savepoint_commit(self, sid: str) -> None:
        super()._savepoint_commit(sid)
        self.journal.release(sid)

    # -- scopes -------------------------------------------------------------------------

    @contextmanager
    def plain_sql(self) -> Iterator[None]:
        """Statements are sent as they are: no checks, no transaction, no Dolt commit."""
        before, self.plain = self.plain, True
        try:
            yield
        finally:
            self.plain = before

    @contextmanager
    def one_dolt_commit(self, text: str | Callable[[], str]) -> Iterator[None]:
        """Schema changes and writes inside are one Dolt commit with the message `text`.

        For migrations, where each statement commits its SQL transaction by itself. Blocks
        nest: the outermost one commits. After an exception nothing is left, unless there was
        something uncommitted before.
        """
        if self.deferring:
            yield
            return
        self.ensure_connection()
        resettable = bool(conf.AUTO_COMMIT) and is_clean(self)  # type: ignore[arg-type]
        self.deferring = True
        try:
            yield
        except BaseException:
            self.deferring = False
            if resettable:
                reset_to_head(self)  # type: ignore[arg-type]
            raise
        finally:
            self.deferring = False
        if conf.AUTO_COMMIT:
            self.commit_working_set(text if isinstance(text, str) else text())

    def commit_working_set(self, text: str) -> str | None:
        """Dolt-commit all that is in the working set; the hash, or None when nothing is."""
        details = context.describe([])._replace(message=text)
        self.ensure_connection()
        commit_hash = self.dolt_commit(details)
        self._tell_commit()
        return commit_hash
