"""Where the branches of a pull request are."""

from __future__ import annotations

from typing import NamedTuple

from dolt_router.versioning.branches import head


class Heads(NamedTuple):
    """The hashes of two branches; None for one that doesn't exist."""

    source: str | None
    target: str | None


def heads_of(using: str, source: str, target: str) -> Heads:
    """Look both up. Names are compared exactly, as Dolt's own look-up doesn't."""
    return Heads(head(source, using), head(target, using))
