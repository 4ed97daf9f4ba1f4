"""Cache keys that keep branches apart.

    CACHES = {"default": {..., "KEY_FUNCTION": "dolt_router.contrib.cache.make_key"}}

https://docs.djangoproject.com/en/stable/topics/cache/#cache-key-transformation
"""

from __future__ import annotations

from typing import Any

from dolt_router import aliases, context


def make_key(key: Any, key_prefix: str, version: Any) -> str:
    """Django's key with the active branch in it, or what a tenant mapper's prefix says.

    Two branches never share an entry, so what was cached on a branch isn't shown on main.
    """
    scope = context.cache_prefix.get() or aliases.current_branch()
    return f"{key_prefix}:{scope}:{version}:{key}"
