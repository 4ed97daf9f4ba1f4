"""What the two engines say differently, behind one interface: `connection.engine`.

`dolt/engine.py` speaks to a Dolt server in MySQL's words, `doltlite/engine.py` to the embedded
engine in SQLite's. Nothing above the backends asks which of them it has: it asks the engine of
its connection for a statement, or for an answer, and checks a feature flag where an engine may
lack an ability.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any


class Engine(ABC):
    """The words of one engine. Stateless: one instance serves every connection."""

    name: str  # as users know it
    begin: str  # the statement that begins a transaction which is to write

    @abstractmethod
    def call(self, procedure: str, marks: str = "") -> str:
        """The statement that runs a procedure of Dolt's, for a cursor.

        Args:
            marks: the arguments as they stand in the SQL: literals, and `%s` for values.
        """

    def run(self, cursor: Any, procedure: str, *arguments: Any) -> tuple[Any, ...]:
        """Run a procedure of Dolt's; the first row of its answer, or ()."""
        marks = ", ".join(["%s"] * len(arguments))
        cursor.execute(self.call(procedure, marks), list(arguments))
        rows = cursor.fetchall()
        return tuple(rows[0]) if rows else ()
