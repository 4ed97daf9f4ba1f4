"""JSON documents: paths into them, and text put into new ones."""

from __future__ import annotations

import json
import re
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
    return json.dumps(json.loads(match[0]), ensure_ascii=False)


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
    return kind == "TextField" or (kind == "CharField" and not isinstance(expression, Col))
