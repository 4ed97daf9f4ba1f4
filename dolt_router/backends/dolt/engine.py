"""The words of a Dolt server.

https://docs.dolthub.com/sql-reference/version-control/dolt-sql-procedures
"""

from __future__ import annotations

from ..engine import Engine


class ServerEngine(Engine):
    """MySQL's words, and Dolt's procedures by CALL."""

    name = "the Dolt server"
    begin = "START TRANSACTION"

    def call(self, procedure: str, marks: str = "") -> str:
        return f"CALL {procedure}({marks})"
