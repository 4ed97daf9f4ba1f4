"""The private driver, and Django's sqlite3 backend executed against it. Loaded once a process.

`Database` is the driver (PEP 249, as `sqlite3.dbapi2` is); `base`, `features` and `operations`
are copies of Django's modules of these names. Those that don't look at the driver are Django's
own.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from django.db.backends.sqlite3 import _functions, client, introspection

from .loading import execute_privately, load_driver

Database: Any = load_driver()

_SQLITE3 = SimpleNamespace(dbapi2=Database, **vars(Database))
_BASE = SimpleNamespace(Database=Database)
_DJANGO = "django.db.backends.sqlite3"


def _private(module: str, **replacements: Any) -> Any:
    given = {f".{name}": value for name, value in replacements.items()}
    return execute_privately(f"{_DJANGO}.{module}", {"sqlite3": _SQLITE3, **given})


features: Any = _private("features", base=_BASE)
operations: Any = _private("operations", base=_BASE)
schema: Any = _private("schema")
creation: Any = _private("creation")
base: Any = _private(
    "base",
    features=features,
    operations=operations,
    schema=schema,
    creation=creation,
    client=client,
    introspection=introspection,
    _functions=_functions,
)


def __getattr__(name: str) -> Any:
    # The driver's names are looked up here, too: pickle finds its exceptions by them.
    return getattr(Database, name)
