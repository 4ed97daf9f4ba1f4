"""For tests, of this package and of sites that use it: a real server, and branches in it.

`DoltServer` needs no Django; `BranchTestCase` is loaded when it is asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .server import DoltServer

if TYPE_CHECKING:
    from .cases import BranchTestCase

__all__ = ["BranchTestCase", "DoltServer"]


def __getattr__(name: str) -> Any:
    if name == "BranchTestCase":
        from .cases import BranchTestCase

        return BranchTestCase
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
