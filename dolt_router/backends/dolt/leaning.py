"""Which foreign keys lean on an index, and how to take them off and put them back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from .introspection import DatabaseIntrospection


class ForeignKey(NamedTuple):
    """A foreign key of `table`, enough to make it again."""

    table: str
    name: str
    columns: list[str]
    other_table: str
    other_columns: list[str]
    on_delete: str | None

    def drop_sql(self) -> str:
        """The statement that drops it."""
        return f"ALTER TABLE {_quote(self.table)} DROP FOREIGN KEY {_quote(self.name)}"

    def add_sql(self) -> str:
        """The statement that makes it as it was."""
        rule = f" ON DELETE {self.on_delete}" if self.on_delete else ""
        return (
            f"ALTER TABLE {_quote(self.table)} ADD CONSTRAINT {_quote(self.name)} "
            f"FOREIGN KEY ({_listed(self.columns)}) "
            f"REFERENCES {_quote(self.other_table)} ({_listed(self.other_columns)}){rule}"
        )


def leaning_keys(
    introspection: DatabaseIntrospection, cursor: Any, table: str, index: str
) -> list[ForeignKey]:
    """The foreign keys that may lean on `index` of `table`, from either side.

    That is: keys of the table whose columns the index starts with, and keys of any table
    to such columns of this one. Which of several indexes a key leans on is not shown, so a
    key that has another one to lean on is listed as well.
    """
    entry = introspection.get_constraints(cursor, table).get(index)
    if entry is None or not entry["index"]:
        return []
    found = []
    for key in _every_key(introspection, cursor):
        ours = key.table.lower() == table.lower() and _leads(entry["columns"], key.columns)
        theirs = key.other_table.lower() == table.lower() and _leads(
            entry["columns"], key.other_columns
        )
        if ours or theirs:
            found.append(key)
    return found


def keys_to(introspection: DatabaseIntrospection, cursor: Any, table: str) -> list[ForeignKey]:
    """The foreign keys of other tables that refer to `table`."""
    return [
        key
        for key in _every_key(introspection, cursor)
        if key.other_table.lower() == table.lower() != key.table.lower()
    ]


def _every_key(introspection: DatabaseIntrospection, cursor: Any) -> Iterator[ForeignKey]:
    for info in introspection.get_table_list(cursor):
        if info.type == "t":
            for name, columns, other, others, rule in introspection.foreign_keys(cursor, info.name):
                yield ForeignKey(info.name, name, columns, other, others, rule)


def _leads(index_columns: list[str], key_columns: list[str]) -> bool:
    return index_columns[: len(key_columns)] == key_columns


def _quote(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"


def _listed(names: list[str]) -> str:
    return ", ".join(_quote(name) for name in names)
