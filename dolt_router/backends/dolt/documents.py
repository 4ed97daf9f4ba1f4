"""JSON documents: paths into them, and text put into new ones."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import Any

from django.db import NotSupportedError
from django.db.models.expressions import Col
from django.db.models.fields.json import HasKeyLookup, KeyTransform
from django.db.models.functions import JSONArray, JSONObject

from .moments import kind_of
from .retyped import Retyped
from .rewriting import rewrites

_KEY = re.compile(r'"(?:[^"\\]|\\.)*"')


@rewrites(KeyTransform, HasKeyLookup)
def _key(compiler: Any, node: Any) -> tuple[str, Any]:
    """`$."\\u00e9"` finds nothing: letters beyond ASCII must stand there themselves."""
    sql, params = compiler.plain(node)
    return sql, tuple(
        _KEY.sub(_bare, param)
        if isinstance(param, str) and param.startswith(("$.", "$["))
        else param
        for param in params
    )


def _bare(match: re.Match[str]) -> str:
    if match[0] == '""':
        raise NotSupportedError(
            "Dolt knows no path to the empty key of a JSON document. Fetch the document, and look "
            "into it in Python."
        )
    return f'"{_stored(json.loads(match[0]))}"'


_LONG = re.compile(r"\d{16}")
_ESCAPED = re.compile(r"\\(?:[bfnrt]|u00[01]|u202[89])")  # in what json.dumps makes


def _stored(key: str) -> str:
    """A key as Dolt keeps it: escaped are control characters, quotes, backslashes, U+2028/9."""
    text = json.dumps(key, ensure_ascii=False)[1:-1]
    return text.replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def refuse_unkept(text: str) -> None:
    """Refuse a JSON document that Dolt would not keep as it is: docs/dolt-notes.md.

    It keeps the keys of an object in the order of their letters, and looks for them in the order
    of their escaped form. Where the two differ it misses keys that are there, without an error.
    And it keeps whole numbers as floats.

    Args:
        text: the document, made by `json.dumps`.

    Raises:
        NotSupportedError: it is such a document.
    """
    if _ESCAPED.search(text):  # few have any, and most of those in their values
        json.loads(text, object_pairs_hook=_in_order)
    if _LONG.search(text):
        json.loads(text, parse_int=_as_float)


def _as_float(digits: str) -> None:
    kept = Decimal(repr(float(digits)))  # as Dolt writes it: the fewest digits, and zeros
    if kept != int(digits):
        raise NotSupportedError(
            f"Dolt keeps the numbers of a JSON document as floats: {digits} would become {kept:f}. "
            "Write it as text, or into a column of its own."
        )


def _in_order(pairs: list[tuple[str, Any]]) -> None:
    keys = sorted({key for key, _ in pairs})  # by code points, as by the bytes of UTF-8
    sought = [_stored(key).replace('\\"', '"') for key in keys]
    if sought == sorted(sought):
        return
    which = next(key for key, form in zip(keys, sought, strict=True) if _ESCAPED.search(form))
    raise NotSupportedError(
        f"Dolt would not find all keys of this JSON document again, since {which!r} sorts "
        "otherwise with its control characters escaped. Take them out of the key, or keep the "
        "document as text."
    )


@rewrites(JSONObject, JSONArray)
def _document(compiler: Any, node: Any) -> tuple[str, Any]:
    """JSON_ARRAY and JSON_OBJECT know no TEXT; CONCAT makes another kind of text of it."""
    changed = node.copy()
    changed.set_source_expressions(
        [
            Retyped(source, "CONCAT({}, '')") if _may_be_text(source) else source
            for source in node.get_source_expressions()
        ]
    )
    return compiler.plain(changed)  # type: ignore[no-any-return]


def _may_be_text(expression: Any) -> bool:
    kind = kind_of(expression)
    if kind is None:  # of a CharField and a TextField, perhaps
        return any(_may_be_text(part) for part in expression.get_source_expressions() if part)
    return kind == "TextField" or (kind == "CharField" and not isinstance(expression, Col))
