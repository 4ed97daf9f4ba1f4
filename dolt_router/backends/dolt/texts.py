"""Functions of text, and the greatest of several values."""

from __future__ import annotations

from typing import Any

from django.db.models import Case, Subquery, Value
from django.db.models.functions import (
    MD5,
    SHA1,
    SHA224,
    SHA256,
    SHA384,
    SHA512,
    Chr,
    Greatest,
    Least,
    LPad,
    RPad,
    StrIndex,
)
from django.db.models.sql import Query

from .comparisons import BY_BYTES, TEXT, is_decimal
from .limits import is_null, results_of
from .moments import kind_of, of_one_kind
from .places import comparable
from .rewriting import rewrites
from .slices import listed
from .wide import are_mixed, is_large

# GREATEST of these fails, or is NULL for some texts, a float for decimals and
# big numbers, and a moment for days.
_COMPARED_BY_CASE = {
    *("CharField", "TextField", "SlugField", "TimeField", "DateField"),
    *("DecimalField", "BigIntegerField", "PositiveBigIntegerField", "DurationField"),
}


@rewrites(Case, Subquery, Query, MD5, SHA1, SHA224, SHA256, SHA384, SHA512)
def _compared(compiler: Any, node: Any) -> tuple[str, Any]:
    """A text that is no column's compares without regard to case."""
    sql, params = compiler.plain(node)
    if getattr(node, "is_list", False):
        return listed(node, sql), params
    if sql == "NULL":
        return sql, params
    if isinstance(node, Case):
        sql = of_one_kind(sql, node)
    elif compiler.in_having and node.get_external_cols():
        sql = f"ANY_VALUE({sql})"  # see `subqueries.taken_before_grouping`
    if kind_of(node) not in TEXT:
        return sql, params
    if isinstance(node, Case):
        results = results_of(node)
        if all(map(is_null, results)):
            return sql, params
        if not all(kind_of(result) in TEXT or is_null(result) for result in results):
            sql = f"CONCAT({sql}, '')"  # a number has no collation
    return f"({sql} {BY_BYTES})", params


@rewrites(Chr)
def _letter(compiler: Any, node: Chr) -> tuple[str, Any]:
    """CHAR(... USING utf16) fails beyond ASCII: a JSON text knows letters by their numbers."""
    (number,) = node.get_source_expressions()
    if isinstance(number, Value) and isinstance(number.value, int):
        return f"(%s {BY_BYTES})", (chr(number.value),)
    sql, params = compiler.compile(number)
    # Beyond the first plane two numbers make a letter, which Dolt refuses (1105): not a wrong one.
    unit = "'\\\\u', LPAD(HEX({}), 4, '0')"
    high = unit.format(f"55296 + (({sql}) - 65536) DIV 1024")
    low = unit.format(f"56320 + (({sql}) - 65536) MOD 1024")
    one = f"CONCAT('\"', {unit.format(sql)}, '\"')"
    two = f"CONCAT('\"', {high}, {low}, '\"')"
    text = f"JSON_UNQUOTE(CASE WHEN ({sql}) < 65536 THEN {one} ELSE {two} END)"
    return f"({text} {BY_BYTES})", (*params, *params, *params, *params)


@rewrites(StrIndex)
def _index(compiler: Any, node: StrIndex) -> tuple[str, Any]:
    """LOCATE heeds no case, whatever the column says; INSTR does, and looks for no TEXT."""
    (text, params), (part, more) = (compiler.compile(e) for e in node.get_source_expressions())
    return f"INSTR({text}, CONCAT({part}, ''))", (*params, *more)


@rewrites(LPad, RPad)
def _padded(compiler: Any, node: Any) -> tuple[str, Any]:
    """LPAD and RPAD count bytes, not letters."""
    text, length, fill = (compiler.compile(e) for e in node.get_source_expressions())
    missing = f"({length[0]}) - CHAR_LENGTH({text[0]})"
    filling = f"LEFT(REPEAT({fill[0]}, {length[0]}), {missing})"
    missing_params = (*length[1], *text[1])
    filling_params = (*fill[1], *length[1], *missing_params)
    if isinstance(node, RPad):  # which derives from LPad
        joined, joined_params = f"CONCAT({text[0]}, {filling})", (*text[1], *filling_params)
    else:
        joined, joined_params = f"CONCAT({filling}, {text[0]})", (*filling_params, *text[1])
    return (
        f"CASE WHEN CHAR_LENGTH({text[0]}) >= {length[0]} THEN LEFT({text[0]}, {length[0]}) "
        f"ELSE {joined} END",
        (*text[1], *length[1], *text[1], *length[1], *joined_params),
    )


@rewrites(Greatest, Least)
def _extreme(compiler: Any, node: Any) -> tuple[str, Any]:
    """GREATEST and LEAST as comparisons, for the kinds of values that they get wrong."""
    sources = node.get_source_expressions()
    if _COMPARED_BY_CASE.isdisjoint(map(kind_of, sources)) and not any(map(is_large, sources)):
        sql, params = compiler.plain(node)
        return of_one_kind(sql, node), params
    if any(map(is_null, sources)):
        return "NULL", ()
    sign = ">" if isinstance(node, Greatest) else "<"
    (best, params), *others = map(compiler.compile, sources)
    wide = any(map(is_decimal, sources)) or are_mixed(sources)
    form = comparable(*sources) if wide else "{}"
    are_texts = TEXT.issuperset(map(kind_of, sources))
    if are_texts:
        form = f"({{}} {BY_BYTES})"  # two constants would heed no case
    for sql, more in others:
        # Neither branch holds when one of them is NULL: nor does any, as in MySQL.
        compared = form.format(best)
        best, params = (
            f"CASE WHEN {compared} {sign} {sql} THEN {best} WHEN {best} IS NOT NULL THEN "
            f"CASE WHEN {sql} IS NOT NULL THEN {sql} END END",
            (*params, *more, *params, *params, *more, *more),
        )
    if are_texts:
        best = f"({best} {BY_BYTES})"
    return of_one_kind(best, node), params
