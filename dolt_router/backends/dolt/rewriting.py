"""Which nodes of a query are written otherwise than Django's MySQL backend would.

`rewrites(Class)` marks a function that compiles the nodes of a class, and of classes derived
from it. It is found by one look into a dict, since every node of every query comes by.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

# Takes the compiler and the node; returns SQL and parameters.
Rewrite = Callable[[Any, Any], tuple[str, Any]]

_of_class: dict[type, Rewrite] = {}
found: dict[type, Rewrite | None] = {}  # also for derived classes, once they were met


def rewrites(*classes: type) -> Callable[[Rewrite], Rewrite]:
    """Mark the function that compiles nodes of `classes`."""

    def mark(function: Rewrite) -> Rewrite:
        _of_class.update(dict.fromkeys(classes, function))
        return function

    return mark


def rewrite_of(kind: type) -> Rewrite | None:
    """The function for nodes of the class `kind`; None when Django's way is right."""
    try:
        return found[kind]
    except KeyError:
        known = next((_of_class[c] for c in kind.__mro__ if c in _of_class), None)
        found[kind] = known
        return known
