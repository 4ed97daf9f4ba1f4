"""A smaller query that still shows a difference: parts of its text are left out by turns."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator

MAX_STEPS = 250  # tries


def shrink(code: str, still: Callable[[str], bool]) -> str:
    """The shortest text found for which `still` holds; `code` itself at worst."""
    steps = 0
    smaller = True
    while smaller:
        smaller = False
        for candidate in sorted(set(_reductions(code)), key=len):  # the boldest first
            if len(candidate) >= len(code):
                continue
            steps += 1
            if steps > MAX_STEPS:
                return code
            if still(candidate):
                code, smaller = candidate, True
                break
    return code


def _reductions(code: str) -> Iterator[str]:
    tree = ast.parse(code, mode="eval")
    nodes = list(ast.walk(tree))
    for node in nodes:
        yield from _without_parts(tree, node)
        for name, value in ast.iter_fields(node):
            if isinstance(value, ast.expr):
                for part in _parts(value):
                    setattr(node, name, part)
                    yield ast.unparse(tree)
                setattr(node, name, value)
            elif isinstance(value, list):
                for index, entry in enumerate(value):
                    if isinstance(entry, ast.expr):
                        for part in _parts(entry):
                            value[index] = part
                            yield ast.unparse(tree)
                        value[index] = entry


def _parts(node: ast.expr) -> Iterator[ast.expr]:
    """What may stand in the place of `node`: something inside it."""
    if isinstance(node, ast.Call):
        if ast.unparse(node.func).startswith("datetime."):
            return
        if isinstance(node.func, ast.Attribute):
            yield node.func.value  # a chain without its last call
        yield from (arg for arg in node.args if not isinstance(arg, ast.Constant))
        yield from (key.value for key in node.keywords if key.arg != "output_field")
    elif isinstance(node, ast.BinOp):
        yield from (node.left, node.right)
    elif isinstance(node, ast.UnaryOp):
        yield node.operand
    elif isinstance(node, ast.Subscript):
        yield node.value
    elif (
        isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and not node.value.isidentifier()
    ):
        yield from (
            ast.Constant(node.value[:i] + node.value[i + 1 :]) for i in range(len(node.value))
        )


_COLUMNS = ("values_list", "values", "order_by")  # without arguments they mean something else


def _without_parts(tree: ast.Expression, node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Call) and getattr(node.func, "attr", "") in _COLUMNS:
        return
    for field in ("args", "keywords", "elts"):
        entries = getattr(node, field, None)
        if not isinstance(entries, list):
            continue
        for index in range(len(entries)):
            if getattr(entries[index], "arg", "") == "output_field":
                continue  # of another type it would be another query
            entry = entries.pop(index)
            yield ast.unparse(tree)
            entries.insert(index, entry)
