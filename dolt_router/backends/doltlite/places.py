"""The two files of the default branch's connection: which one a statement goes to.

Tables of SHARED_APPS live in a plain SQLite file beside the versioned one. Every branch has it
attached read-only, so reads, joins and look-ups by name just work. Only the default branch
writes it, and by a second connection: the engine refuses a transaction that writes two files.

So the default branch has two transactions at a time. What one of them has written and not yet
committed isn't seen by the other, and a read goes to the one whose rows it is about. One that is
about rows of both is sent to the versioned file, where it is lent the shared tables in question:
temporary tables, which hide the attached ones of the same name while it runs.
"""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

from ...exceptions import MixedTransaction
from ...shared import shared_tables
from ..dolt.statements import Kind, Statement
from .statements import identifiers

REMADE = "new__"  # what Django's schema editor puts before the name of a table that it remakes


class Place(Enum):
    """One of the two files."""

    VERSIONED = "the versioned file"
    SHARED = "the file of the shared tables"


class Half:
    """The transaction on one of the files."""

    def __init__(self) -> None:
        self.begun = False
        self.locked = False  # does it hold the file's write lock?
        self.written: set[str] = set()  # tables; "*": whichever
        self.clear()

    def clear(self) -> None:
        """It ended."""
        self.begun = self.locked = False
        self.written = set()

    def note(self, tables: tuple[str, ...] | None) -> None:
        """Note that `tables` were written; None: not known which."""
        self.written.update(("*",) if tables is None else tables)

    def rows_for(self, names: frozenset[str], tables: frozenset[str]) -> tuple[str, ...]:
        """Which of `tables` it wrote that a statement with these words may be about."""
        written = tables if "*" in self.written else self.written
        return tuple(sorted(written & names))


class Route(NamedTuple):
    """Where a statement goes, and the shared tables that are lent to it there.

    Lent is what the other transaction has written and not committed: see `lending`.
    """

    place: Place
    lent: tuple[str, ...] = ()


HERE = Route(Place.VERSIONED)


def route(
    statement: Statement, sql: str, halves: dict[Place, Half], in_shared_file: frozenset[str]
) -> Route:
    """Where the default branch's connection sends a statement.

    Args:
        in_shared_file: the names of the tables and indexes that are there.

    Raises:
        MixedTransaction: it writes a shared table by rows of versioned ones that aren't
            committed.
    """
    shared, versioned = halves[Place.SHARED], halves[Place.VERSIONED]
    if statement.kind in (Kind.WRITE, Kind.SCHEMA):
        if _target(statement, sql, in_shared_file) is Place.VERSIONED:
            return Route(Place.VERSIONED, shared.rows_for(identifiers(sql), in_shared_file))
        needed = identifiers(sql) - set(statement.tables or ())
        if statement.tables is not None and not needed.isdisjoint(versioned.written):
            raise MixedTransaction(sorted(needed & versioned.written))
        return Route(Place.SHARED)
    if not shared.written or statement.kind is not Kind.READ:
        return HERE
    names = identifiers(sql)
    lent = shared.rows_for(names, in_shared_file)
    if not lent:
        return HERE
    if "*" in versioned.written or not names.isdisjoint(versioned.written):
        return Route(Place.VERSIONED, lent)
    return Route(Place.SHARED)


def _target(statement: Statement, sql: str, in_shared_file: frozenset[str]) -> Place:
    if statement.foreign == "shared":
        return Place.SHARED
    names = statement.tables
    if names is None:  # DROP INDEX names no table
        if statement.kind is Kind.SCHEMA and not in_shared_file.isdisjoint(identifiers(sql)):
            return Place.SHARED
        return Place.VERSIONED
    for name in names:
        of = name.removeprefix(REMADE)
        if name in in_shared_file or of in in_shared_file:
            return Place.SHARED
        if statement.verb == "create" and of in shared_tables():
            return Place.SHARED
    return Place.VERSIONED
