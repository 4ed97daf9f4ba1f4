"""Introspection from SHOW statements.

Django's mysql backend asks information_schema. On a connection opened as `db/branch` Dolt
answers such queries wrongly: on the default branch some views call the schema `db` and
others `db/branch`, so joins lose the foreign keys; on other branches rows come twice or from
another branch; and asking for the storage engine makes a later ADD FOREIGN KEY fail. SHOW
CREATE TABLE, SHOW COLUMNS and SHOW INDEX are right on every branch.
https://docs.dolthub.com/sql-reference/sql-support/supported-statements
"""

from __future__ import annotations

import re
from typing import Any

from django.db.backends.mysql.introspection import DatabaseIntrospection as MySQLIntrospection
from django.db.backends.mysql.introspection import FieldInfo, TableInfo
from django.db.models import Index

from .functional import is_hidden

_TYPE = re.compile(r"^(?P<type>\w+)(?:\((?P<args>[^)]*)\))?(?P<rest>.*)$", re.S)
_COLUMNS = re.compile(r"`((?:[^`]|``)+)`")
_CONSTRAINT = re.compile(
    r"^\s*(?:CONSTRAINT `(?P<name>(?:[^`]|``)+)` )?(?P<kind>FOREIGN KEY|CHECK)\b"
)
_FOREIGN_KEY = re.compile(
    r"FOREIGN KEY \((?P<columns>[^)]*)\) REFERENCES `(?P<table>(?:[^`]|``)+)` "
    r"\((?P<others>[^)]*)\)"
    r"(?: ON DELETE (?P<on_delete>CASCADE|SET NULL|SET DEFAULT|RESTRICT|NO ACTION))?"
)
_COLLATE = re.compile(r"\bCOLLATE (\w+)")
_NUMERIC = {"tinyint": 3, "smallint": 5, "mediumint": 7, "int": 10, "bigint": 19}
_TEXT = {
    "char",
    "varchar",
    "tinytext",
    "text",
    "mediumtext",
    "longtext",
    "binary",
    "varbinary",
    "enum",
    "set",
}


def _names(listed: str) -> list[str]:
    return [name.replace("``", "`") for name in _COLUMNS.findall(listed)]


class DatabaseIntrospection(MySQLIntrospection):
    """Right on every branch; hides Dolt's system tables unless one is named."""

    def get_table_list(self, cursor: Any) -> list[TableInfo]:
        """Tables and views of this branch, without Dolt's system tables (`dolt_...`)."""
        cursor.execute("SHOW FULL TABLES")
        listed = cursor.fetchall()
        comments = {}
        cursor.execute("SHOW TABLE STATUS")
        for row in cursor.fetchall():
            comments[row[0]] = row[-1] or ""
        return [
            TableInfo(name, "v" if kind == "VIEW" else "t", comments.get(name, ""))
            for name, kind in listed
            if not name.startswith("dolt_")
        ]

    def get_table_description(self, cursor: Any, table_name: str) -> list[FieldInfo]:
        """One FieldInfo a column, in column order, as Django's mysql backend gives them."""
        quoted = self.connection.ops.quote_name(table_name)
        cursor.execute(f"SHOW FULL COLUMNS FROM {quoted}")
        columns = {row[0]: row[1:] for row in cursor.fetchall()}
        default_collation = self._table_collation(cursor, quoted)
        cursor.execute(f"SELECT * FROM {quoted} LIMIT 1")
        fields = []
        for line in cursor.description:
            if is_hidden(line[0]):
                continue
            type_, collation, null, _key, default, extra, _privileges, comment = columns[line[0]]
            match = _TYPE.match(type_)
            assert match is not None
            data_type, args = match["type"].lower(), match["args"] or ""
            length = int(args) if data_type in _TEXT and args.isdigit() else None
            precision, scale = self._precision(data_type, args)
            # A collation of the column's own stands in its type; the third column of SHOW
            # then names the table's.
            own = _COLLATE.search(match["rest"])
            collation = own[1] if own else collation
            fields.append(
                FieldInfo(
                    line[0],
                    line[1],
                    length or line[2],
                    length or line[3],
                    precision if precision is not None else line[4],
                    scale if scale is not None else line[5],
                    null == "YES",
                    self._default(default, extra or ""),
                    None if collation == default_collation else collation,
                    (extra or "").lower(),
                    1 if "unsigned" in match["rest"] else 0,
                    False,
                    comment or "",
                    *([data_type] if "data_type" in FieldInfo._fields else []),
                )
            )
        return fields

    @staticmethod
    def _precision(data_type: str, args: str) -> tuple[int | None, int | None]:
        if data_type in ("decimal", "numeric"):
            precision, _, scale = args.partition(",")
            return int(precision or 10), int(scale or 0)
        if data_type in _NUMERIC:
            return _NUMERIC[data_type], 0
        return None, None

    @staticmethod
    def _default(default: Any, extra: str) -> Any:
        if isinstance(default, bytes):
            default = default.decode()
        return default

    def _create_table(self, cursor: Any, quoted: str) -> str:
        cursor.execute(f"SHOW CREATE TABLE {quoted}")
        return str(cursor.fetchone()[1])

    def _table_collation(self, cursor: Any, quoted: str) -> str:
        last_line = self._create_table(cursor, quoted).rpartition("\n")[2]
        match = re.search(r"COLLATE[= ](\w+)", last_line)
        return match[1] if match else ""

    def get_relations(self, cursor: Any, table_name: str) -> dict[str, tuple[Any, ...]]:
        """Foreign keys of the table: `{column: (other column, other table[, on delete])}`."""
        found: dict[str, tuple[Any, ...]] = {}
        for _name, columns, table, others, on_delete in self.foreign_keys(cursor, table_name):
            for column, other in zip(columns, others, strict=True):
                # Django 6.1 added the database's ON DELETE rule as a third item.
                rule = getattr(self, "on_delete_types", None)
                found[column] = (
                    (other, table)
                    if rule is None
                    else (other, table, rule.get(on_delete or "NO ACTION"))
                )
        return found

    def foreign_keys(
        self, cursor: Any, table_name: str
    ) -> list[tuple[str, list[str], str, list[str], str | None]]:
        """Foreign keys as (name, columns, other table, its columns, ON DELETE rule or None)."""
        found = []
        quoted = self.connection.ops.quote_name(table_name)
        for line in self._create_table(cursor, quoted).split("\n"):
            head, match = _CONSTRAINT.match(line), _FOREIGN_KEY.search(line)
            if head and head["kind"] == "FOREIGN KEY" and match:
                name = (head["name"] or "").replace("``", "`")
                table = match["table"].replace("``", "`")
                columns, others = _names(match["columns"]), _names(match["others"])
                found.append((name, columns, table, others, match["on_delete"]))
        return found

    def get_storage_engine(self, cursor: Any, table_name: str) -> str:
        return str(self.connection.features._mysql_storage_engine)

    def get_constraints(self, cursor: Any, table_name: str) -> dict[str, dict[str, Any]]:
        """Keys, indexes, foreign keys and checks of the table, by name."""
        quoted = self.connection.ops.quote_name(table_name)
        constraints: dict[str, dict[str, Any]] = {}
        cursor.execute(f"SHOW INDEX FROM {quoted}")
        for row in cursor.fetchall():
            non_unique, name, column, order, kind = row[1], row[2], row[4], row[5], row[10]
            entry = constraints.setdefault(
                name,
                self._constraint(
                    unique=not int(non_unique), primary_key=name == "PRIMARY", index=True
                )
                | {"orders": [], "type": Index.suffix if kind == "BTREE" else kind.lower()},
            )
            entry["columns"].append(None if is_hidden(column) else column)  # as MySQL has it
            entry["orders"].append("DESC" if order == "D" else "ASC")
        for name, columns, table, others, _on_delete in self.foreign_keys(cursor, table_name):
            entry = constraints.setdefault(name, self._constraint() | {"orders": []})
            entry["foreign_key"] = (table, others[0])
            entry["columns"] = entry["columns"] or columns
        constraints.update(self._checks(cursor, quoted))
        return constraints

    def _checks(self, cursor: Any, quoted: str) -> dict[str, dict[str, Any]]:
        found: dict[str, dict[str, Any]] = {}
        text = self._create_table(cursor, quoted)
        cursor.execute(f"SHOW COLUMNS FROM {quoted}")
        columns = {row[0] for row in cursor.fetchall()}
        for line in text.split("\n"):
            head = _CONSTRAINT.match(line)
            if not head or head["kind"] != "CHECK":
                continue
            clause = line[line.index("CHECK") :]
            used = list(dict.fromkeys(c for c in _names(clause) if c in columns))
            name = (head["name"] or "").replace("``", "`")
            if not name or used == [name]:
                name = f"__unnamed_constraint_{len(found) + 1}__"
            found[name] = self._constraint(check=True) | {"columns": used}
        return found

    @staticmethod
    def _constraint(**flags: bool) -> dict[str, Any]:
        base = {"columns": [], "primary_key": False, "unique": False, "index": False}
        return base | {"check": False, "foreign_key": None} | flags
