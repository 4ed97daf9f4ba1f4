"""What a SQL statement does, told from its text: `dolt.statements` for SQLite's words.

The reading errs to one side: what is not known to only read counts as a write.
https://www.sqlite.org/lang.html
"""

from __future__ import annotations

import re
from functools import lru_cache

from ..dolt.statements import Kind, Statement

_COMMENT = r"/\*.*?(?:\*/|\Z)|--[^\n]*"
_TOKEN = re.compile(
    rf"(?P<literal>'(?:[^']|'')*')|(?P<name>\"(?:[^\"]|\"\")*\"|`(?:[^`]|``)*`|\[[^\]]*\])"
    rf"|(?P<comment>{_COMMENT})",
    re.S,
)
_NAME = r"(?:\"(?:[^\"]|\"\")+\"|`(?:[^`]|``)+`|\[[^\]]+\]|[^\W\d][\w$]*)"
_TABLE = rf"(?:(?P<db>{_NAME})\s*\.\s*)?(?P<table>{_NAME})"
_OR = r"(?:\s+or\s+\w+)?"
_TARGET = {
    "insert": re.compile(rf"insert{_OR}\s+into\s+{_TABLE}", re.I),
    "replace": re.compile(rf"replace\s+into\s+{_TABLE}", re.I),
    "update": re.compile(rf"update{_OR}\s+{_TABLE}", re.I),
    "delete": re.compile(rf"delete\s+from\s+{_TABLE}", re.I),
    "create": re.compile(
        r"create\s+(?:unique\s+)?(?:(?:virtual\s+)?table|view|index\b.*?\bon|trigger\b.*?\bon)"
        rf"(?:\s+if\s+not\s+exists)?\s+{_TABLE}",
        re.I | re.S,
    ),
    "alter": re.compile(rf"alter\s+table\s+{_TABLE}", re.I),
    "drop": re.compile(rf"drop\s+(?:table|view)(?:\s+if\s+exists)?\s+{_TABLE}", re.I),
}
_FIRST_WORD = re.compile(r"[\s(]*([a-zA-Z]+)")
# Functions that change something. Whatever else begins with dolt_ reads.
_PROCEDURE = re.compile(
    r"\b(dolt_(?:add|branch|checkout|cherry_pick|clean|clone|commit|config|conflicts_resolve|"
    r"connect_branch|creds(?:_new)?|default_branch|fetch|gc|merge|pull|push|rebase|remote|reset|"
    r"revert|tag|verify_constraints))[\"`\]]?\s*\(",
    re.I,
)
_MOVES = ("dolt_checkout", "dolt_connect_branch")
_IDENTIFIER = re.compile(rf"{_NAME}")
# Pragmas that set something for as long as the connection lives. Foreign keys are Django's own
# business: its schema editor switches them off and on again.
_PRAGMA = re.compile(r"pragma\s+(?:\w+\s*\.\s*)?(\w+)\s*(?P<sets>=)?", re.I)

READ = Statement(Kind.READ, "select")


def classify(sql: str) -> Statement:
    """What `sql` does: one statement, as SQLite takes only one at a time."""
    if sql.startswith("SELECT ") and "dolt_" not in sql.lower():
        return READ  # the common case, without a copy of the text
    return _classify(sql) if len(sql) > 2000 else _classify_cached(sql)


def in_sqlite(sql: str) -> str:
    """The statement in the engine's words: `CALL dolt_x(...)`, as a server has it, by SELECT.

    So a site's own calls of procedures run on both engines.
    """
    word = sql[:5].upper()
    if word == "CALL ":
        return _CALL.sub(r"SELECT \1", sql, count=1)
    return "BEGIN IMMEDIATE" if word == "START" and _START.match(sql) else sql


_CALL = re.compile(r"\Acall\s+`?(dolt_\w+)`?(?=\s*\()", re.I)
_START = re.compile(r"\Astart\s+transaction\s*;?\s*\Z", re.I)


def identifiers(sql: str) -> frozenset[str]:
    """Every name and word in the text of a statement, in lower case, without quotes."""
    return _identifiers(sql) if len(sql) > 2000 else _identifiers_cached(sql)


def _identifiers(sql: str) -> frozenset[str]:
    return frozenset(unquoted(match[0]) for match in _IDENTIFIER.finditer(_bare(sql)))


_identifiers_cached = lru_cache(maxsize=1024)(_identifiers)


def _bare(sql: str) -> str:
    """The statement without comments, and with empty literals."""
    return _TOKEN.sub(_blank, sql).strip().rstrip(";")


def _blank(match: re.Match[str]) -> str:
    if match["literal"] is not None:
        return "''"
    return match["name"] if match["name"] is not None else " "


def _classify(sql: str) -> Statement:
    bare = _bare(sql)
    first = _FIRST_WORD.match(bare)
    verb = first[1].lower() if first else "select"
    if verb == "explain":
        return READ  # of anything: SQLite only tells the plan
    whole = bare  # a procedure may stand in a common table expression
    if verb == "with":
        verb, bare = _after_with(bare)
    if procedure := _PROCEDURE.search(whole):
        name = procedure[1].lower()
        return Statement(Kind.MOVE if name in _MOVES else Kind.WRITE, name, None)
    if verb in ("select", "values"):
        return READ
    if verb in ("savepoint", "release") or (verb == "rollback" and _rolls_back_to(bare)):
        return Statement(Kind.TRANSACTION, verb)
    if verb in ("begin", "commit", "end", "rollback"):
        return Statement(Kind.SESSION, verb)
    if verb == "pragma":
        return _pragma(bare)
    if verb in ("attach", "detach"):
        return Statement(Kind.SESSION, verb, traces=("attached database",))
    if verb == "create" and re.match(r"create\s+temp", bare, re.I):
        return Statement(Kind.SESSION, verb, traces=("temporary table",))
    kind = Kind.SCHEMA if verb in ("create", "alter", "drop") else Kind.WRITE
    target = _TARGET[verb].match(bare) if verb in _TARGET else None
    if target is None:
        return Statement(kind, verb, None)
    return Statement(kind, verb, (unquoted(target["table"]),), unquoted(target["db"] or ""))


_classify_cached = lru_cache(maxsize=1024)(_classify)


def _rolls_back_to(bare: str) -> bool:
    return re.search(r"\bto\b", bare, re.I) is not None


def _pragma(bare: str) -> Statement:
    match = _PRAGMA.match(bare)
    name = match[1].lower() if match else ""
    if name in ("foreign_keys", "foreign_key_check", "defer_foreign_keys"):
        return Statement(Kind.LOCK, name)
    if match is None or match["sets"]:
        return Statement(Kind.SESSION, "pragma", traces=(name,))
    return Statement(Kind.READ, "pragma")


def _after_with(bare: str) -> tuple[str, str]:
    """The verb behind the common table expressions, and the statement from there on."""
    depth = 0
    for token in re.finditer(r"[()]|\b(select|values|update|delete|insert|replace)\b", bare, re.I):
        if token[0] == "(":
            depth += 1
        elif token[0] == ")":
            depth -= 1
        elif depth == 0:
            return token[0].lower(), bare[token.start() :]
    return "with", bare


def unquoted(name: str) -> str:
    """An identifier without its quotes, in lower case."""
    if name[:1] in ('"', "`"):
        quote = name[0]
        name = name[1:-1].replace(quote * 2, quote)
    elif name[:1] == "[":
        name = name[1:-1]
    return name.lower()
