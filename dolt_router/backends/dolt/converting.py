"""Changing the type of a column where Dolt's own conversion is wrong or missing.

`ALTER TABLE ... MODIFY` makes `2024-02-03 00:00:00` of a date, seconds since 1970 when it shall
become a number, the address of a binary value when it shall become JSON, and fails for a time
or a long text that shall become a number (docs/dolt-notes.md). In these cases the values are
kept as text beside the column while it is empty, and written back in the form that MySQL
would give them.
"""

from __future__ import annotations

from collections.abc import Iterator

BESIDE = "_dolt_router_before"  # the column that holds the text meanwhile

_NUMBERS = {"tinyint", "bool", "smallint", "int", "integer", "bigint", "double", "numeric"}
_DATE, _DATETIME, _TIME = "'%Y-%m-%d'", "'%Y-%m-%d %H:%i:%s.%f'", "'%H:%i:%s.%f'"
# Families of types between which MODIFY is wrong: by the old one, the new ones.
_WRONG: dict[str, set[str]] = {
    "date": {"number", "text", "blob", "json"},
    "datetime": {"number", "json"},
    "time": {"number", "text", "blob", "json"},
    "longtext": {"number", "time"},
    "blob": {"number", "time", "json"},
    "json": {"time", "decimal"},
}


def family(db_type: str) -> str:
    """Which of the kinds of `_WRONG` a column type such as `varchar(20)` is; '' for others."""
    name = db_type.lower().partition("(")[0].partition(" ")[0]
    if name in _NUMBERS:
        return "decimal" if name == "numeric" else "number"
    if name in ("varchar", "char"):
        return "text"
    if name in ("longblob", "blob"):
        return "blob"
    return name


def is_wrong(old_type: str, new_type: str) -> bool:
    """Whether MODIFY would spoil or refuse values of the one type that become the other."""
    old, new = family(old_type), family(new_type)
    wrong = _WRONG.get(old, set())
    if new == "longtext":
        return "text" in wrong
    return new in wrong or (new == "decimal" and "number" in wrong)


def statements(table: str, column: str, old_type: str, new_type: str) -> Iterator[str]:
    """SQL that leaves the column with the new type, nullable, and its values converted.

    `table` and `column` come quoted. The statements hold no parameters; their percent signs
    are single ones.
    """
    old, new = family(old_type), family(new_type)
    if new == "longtext":
        new = "text"
    beside = f"`{BESIDE}`"
    # Long text is kept outside of the row, and the value that refers to it can't be assigned
    # to a number: up to 255 characters are enough for one, and are kept within.
    kept = "longtext" if (old, new) == ("blob", "json") else "varchar(255)"
    yield f"ALTER TABLE {table} ADD COLUMN {beside} {kept} NULL"
    yield f"UPDATE {table} SET {beside} = {_as_text(column, old, new)}"
    yield f"ALTER TABLE {table} MODIFY {column} {old_type} NULL"
    yield f"UPDATE {table} SET {column} = NULL"
    yield f"ALTER TABLE {table} MODIFY {column} {new_type} NULL"
    yield f"UPDATE {table} SET {column} = {_back(beside, old, new)}"
    yield f"ALTER TABLE {table} DROP COLUMN {beside}"


def _as_text(column: str, old: str, new: str) -> str:
    forms = {"date": _DATE, "datetime": _DATETIME, "time": _TIME}
    if old not in forms:
        if old == "json":
            return f"LEFT(JSON_UNQUOTE({column}), 255)"
        return f"CAST({column} AS CHAR)" if new == "json" else f"CAST(LEFT({column}, 255) AS CHAR)"
    form = forms[old]
    if new in ("number", "decimal"):  # 2024-02-03 04:05:06 is 20240203040506
        form = "".join(sign for sign in form if sign not in "-: ")
    text = f"DATE_FORMAT({column}, {form})"
    return f"JSON_QUOTE({text})" if new == "json" else text


def _back(beside: str, old: str, new: str) -> str:
    if new in ("number", "decimal"):
        return f"CAST({beside} AS DECIMAL(65, 30))"
    return f"CAST({beside} AS CHAR)"
