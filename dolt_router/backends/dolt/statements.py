"""What a SQL statement does, told from its text.

The backend decides by it whether a transaction must begin, whether the request wrote
anything, and whether the statement may run on this branch at all. So the reading errs to
one side: what is not known to only read counts as a write.
"""

from __future__ import annotations

import re
from enum import Enum
from functools import lru_cache
from typing import NamedTuple


class Kind(Enum):
    """What the backend has to do about a statement."""

    READ = "reads only"
    LOCK = "reads, and wants a transaction"  # SELECT ... FOR UPDATE
    TRANSACTION = "controls the transaction"  # SAVEPOINT, RELEASE, ROLLBACK TO
    SESSION = "sets the session's state"
    WRITE = "writes rows"
    SCHEMA = "changes the schema, and commits the transaction as MySQL does"
    MOVE = "moves the connection to another branch"


class Statement(NamedTuple):
    """The result of `classify`.

    `tables` are the tables written, without quotes and in lower case; None when they are
    not known. `foreign` is a qualifier before one of them (`db` in `db.table`), or ''.
    `traces` name what the statement leaves behind in the session.
    """

    kind: Kind
    verb: str
    tables: tuple[str, ...] | None = ()
    foreign: str = ""
    traces: tuple[str, ...] = ()


LONGEST_KEPT = 4000  # characters of a statement whose kind is remembered
_READ = Statement(Kind.READ, "select")
_LOCKING = re.compile(r"\bfor\s+(update|share)\b|\block\s+in\s+share\s+mode\b", re.I)
_SELECT_TRACES = re.compile(
    r":=|\binto\s+(?:@|outfile|dumpfile)|\b(?:get|release)_lock\s*\(|\bset_var\b", re.I
)
_COMMENT = re.compile(r"/\*(?!!).*?\*/|--[ \t\r\n][^\n]*|#[^\n]*", re.S)
_LITERAL = re.compile(r"'(?:[^'\\]|\\.|'')*'|\"(?:[^\"\\]|\\.|\"\")*\"", re.S)
_LITERAL_OR_COMMENT = re.compile(
    rf"(?P<literal>{_LITERAL.pattern})|(?P<name>`(?:[^`]|``)*`)|(?P<comment>{_COMMENT.pattern})",
    re.S,
)
_NAME = r"(?:`(?:[^`]|``)+`|[\w$]+)"
_TABLE = rf"(?:(?P<db>{_NAME})\s*\.\s*)?(?P<table>{_NAME})"
_FIRST_WORD = re.compile(r"[\s(]*([a-zA-Z]+)")

_READERS = {"select", "show", "explain", "describe", "desc", "help", "values", "table"}
_TRANSACTION = {"savepoint", "release"}
_SCHEMA = {"create", "alter", "drop", "rename", "truncate"}
_WORDS = r"(?:\s+(?:low_priority|high_priority|delayed|quick|ignore))*"
_TARGET = {
    "insert": re.compile(rf"insert{_WORDS}(?:\s+into)?\s+{_TABLE}", re.I),
    "replace": re.compile(rf"replace{_WORDS}(?:\s+into)?\s+{_TABLE}", re.I),
    "truncate": re.compile(rf"truncate(?:\s+table)?\s+{_TABLE}", re.I),
    "load": re.compile(rf"load\s+data\b.*?\binto\s+table\s+{_TABLE}", re.I | re.S),
}
_DELETE = re.compile(rf"delete{_WORDS}\s+from\s+{_TABLE}", re.I)
_DELETE_MANY = re.compile(
    rf"delete{_WORDS}\s+(?:from\s+)?(?P<targets>.+?)\s+(?:from|using)\s", re.I | re.S
)
_UPDATE = re.compile(rf"update{_WORDS}\s+(?P<targets>.+?)\s+set\s", re.I | re.S)
_ONE_TABLE = re.compile(_TABLE)
_NO_ALIAS = r"(?!(?:inner|left|right|cross|natural|join|straight_join|on|using|where)\b)"
_ALIASED = re.compile(
    rf"(?:\bfrom\b|\busing\b|join\b|,)\s*{_TABLE}\s+(?:as\s+)?{_NO_ALIAS}(?P<as>{_NAME})", re.I
)
_RUN_ANYWAY = re.compile(r"/\*!\d*|\*/")  # MySQL runs what stands in such a comment
_SCHEMA_TARGET = re.compile(
    rf"(?:\btable\b|\bon\b|\bview\b)(?:\s+if\s+(?:not\s+)?exists)?\s+{_TABLE}", re.I
)
_DOLT_CALL = re.compile(r"call\s+`?(dolt_\w+)", re.I)


def classify(sql: str | bytes) -> Statement:
    """What `sql` does; several statements in one text count as the strongest of them."""
    return _classify(sql) if len(sql) > LONGEST_KEPT else _classify_cached(sql)


def _suspicious(sql: str) -> bool:
    lowered = sql.lower()
    return (
        "into" in lowered or "lock" in lowered or "share" in lowered or "for update" in lowered
    ) and (_LOCKING.search(sql) is not None or _SELECT_TRACES.search(sql) is not None)


def _classify(sql: str | bytes) -> Statement:
    if isinstance(sql, bytes):
        sql = sql.decode("utf-8", "replace")
    # The common case first, without a copy of the text: a plain SELECT by the ORM.
    if sql.startswith("SELECT ") and ";" not in sql and "@" not in sql:
        if "FOR UPDATE" not in sql and not _suspicious(sql):
            return _READ
    bare = _RUN_ANYWAY.sub(" ", _LITERAL_OR_COMMENT.sub(_blank, sql)).strip()
    parts = [part.strip() for part in bare.split(";") if part.strip()]
    if not parts:
        return _READ
    if len(parts) == 1:
        return _classify_one(parts[0])
    each = [_classify_one(part) for part in parts]
    order = list(Kind)
    strongest = max(each, key=lambda statement: order.index(statement.kind))
    known = all(statement.tables is not None for statement in each)
    return Statement(
        strongest.kind,
        strongest.verb,
        tuple(table for s in each for table in s.tables or ()) if known else None,
        next((statement.foreign for statement in each if statement.foreign), ""),
        tuple(trace for statement in each for trace in statement.traces),
    )


_classify_cached = lru_cache(maxsize=1024)(_classify)


def _blank(match: re.Match[str]) -> str:
    if match["literal"] is not None:
        return "''"
    return match["name"] if match["name"] is not None else " "


def _classify_one(sql: str) -> Statement:
    first = _FIRST_WORD.match(sql)
    verb = first[1].lower() if first else ""
    if verb == "with":
        verb = _verb_after_with(sql)
        if verb in ("update", "delete", "insert", "replace"):
            start = re.search(rf"\b{verb}\b", sql, re.I)
            sql = sql[start.start() :] if start else sql
    if verb in _READERS:
        return _classify_read(sql, verb)
    if verb in _TRANSACTION or (verb == "rollback" and re.search(r"\bto\b", sql, re.I)):
        return Statement(Kind.TRANSACTION, verb)
    if verb in ("begin", "start", "commit", "rollback", "unlock"):
        return Statement(Kind.SESSION, verb)
    if verb == "set":
        return Statement(Kind.SESSION, verb, traces=_set_traces(sql))
    if verb == "use":
        return Statement(Kind.MOVE, verb)
    if verb == "call" and (procedure := _DOLT_CALL.match(sql.lstrip(" ("))):
        name = procedure[1].lower()
        return Statement(Kind.MOVE if name == "dolt_checkout" else Kind.WRITE, name, None)
    traces = ("lock tables",) if verb in ("lock", "prepare", "handler") else ()
    if verb == "create" and re.match(r"create\s+temporary\b", sql, re.I):
        return Statement(Kind.SESSION, verb, traces=("temporary table",))
    kind = Kind.SCHEMA if verb in _SCHEMA else Kind.WRITE
    tables, foreign = _targets(sql, verb)
    return Statement(kind, verb, tables, foreign, traces)


def _classify_read(sql: str, verb: str) -> Statement:
    traces = ("session variable",) if _SELECT_TRACES.search(sql) else ()
    if verb == "select" and _LOCKING.search(sql):
        return Statement(Kind.LOCK, verb, traces=traces)
    if verb == "explain" and re.search(
        r"\banalyze\b.*\b(update|delete|insert)\b", sql, re.I | re.S
    ):
        return Statement(Kind.WRITE, verb, None)
    return Statement(Kind.READ, verb, traces=traces)


def _verb_after_with(sql: str) -> str:
    """The verb of the statement behind the common table expressions."""
    depth = 0
    for token in re.finditer(r"[()]|\b(select|update|delete|insert|replace)\b", sql, re.I):
        if token[0] == "(":
            depth += 1
        elif token[0] == ")":
            depth -= 1
        elif depth == 0:
            return token[0].lower()
    return "with"


def _set_traces(sql: str) -> tuple[str, ...]:
    names = re.findall(r"(@?@?[\w.]+)\s*:?=", sql[3:])
    cleaned = (name.lower().replace("@@", "").removeprefix("session.") for name in names)
    return tuple(cleaned) or ("set",)


def _targets(sql: str, verb: str) -> tuple[tuple[str, ...] | None, str]:
    if verb in _TARGET and (match := _TARGET[verb].match(sql)):
        return _names([match])
    if verb == "delete":
        if match := _DELETE.match(sql):
            rest = sql[match.end() :].lstrip()
            if not rest or re.match(r"(where|order|limit|as|partition|force|use)\b", rest, re.I):
                return _names([match])
        if match := _DELETE_MANY.match(sql):
            sources = sql[match.end("targets") :]
            named = {_unquote(m["as"]): _unquote(m["table"]) for m in _ALIASED.finditer(sources)}
            tables, _ = _names(list(_ONE_TABLE.finditer(match["targets"])), aliases=True)
            return tuple(dict.fromkeys(named.get(table, table) for table in tables)), ""
    if verb == "update" and (match := _UPDATE.match(sql)):
        return _names(list(_ONE_TABLE.finditer(match["targets"])))
    if verb in _SCHEMA and (match := _SCHEMA_TARGET.search(sql)):
        return _names([match])
    return None, ""


def _names(matches: list[re.Match[str]], aliases: bool = False) -> tuple[tuple[str, ...], str]:
    tables = tuple(dict.fromkeys(_unquote(match["table"]) for match in matches))
    if aliases or len(matches) > 1:
        # `alias.*` and join conditions look like qualified names: not a sign of another db.
        every = [_unquote(match["db"]) for match in matches if match["db"]]
        return tuple(dict.fromkeys([*tables, *every])), ""
    return tables, _unquote(matches[0]["db"] or "") if matches else ""


def _unquote(name: str) -> str:
    if name.startswith("`"):
        name = name[1:-1].replace("``", "`")
    return name.lower()
