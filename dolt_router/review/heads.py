"""Where the branches of a pull request are."""

from __future__ import annotations

from typing import NamedTuple

from dolt_router import aliases
from dolt_router.models import Branch


class Heads(NamedTuple):
    """The hashes of two branches; None for one that doesn't exist."""

    source: str | None
    target: str | None


def heads_of(using: str, source: str, target: str) -> Heads:
    """Look both up by one query. Names are compared exactly, as Dolt's own look-up doesn't."""
    found = dict(
        Branch.objects.using(aliases.default_alias(using))
        .filter(name__in=[source, target])
        .values_list("name", "hash")
    )
    return Heads(found.get(source), found.get(target))
