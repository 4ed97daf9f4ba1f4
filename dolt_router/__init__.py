"""Version control under a Django application: every Dolt branch is a database alias.

What most people need is here: `use_branch`, `current_branch` and `branch_alias`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"
__all__ = ["branch_alias", "current_branch", "use_branch"]

if TYPE_CHECKING:
    from .aliases import branch_alias, current_branch
    from .context import use_branch


def __getattr__(name: str) -> Any:
    # Lazy, so that importing a part that needs no Django (DoltServer) doesn't load it.
    if name == "use_branch":
        from .context import use_branch

        return use_branch
    if name in ("branch_alias", "current_branch"):
        from . import aliases

        return getattr(aliases, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
