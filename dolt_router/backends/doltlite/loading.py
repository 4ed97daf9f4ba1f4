"""doltlite as a private `sqlite3`: the process keeps the one it has.

doltlite has the C interface of SQLite. Its own loader puts it in SQLite's place for the whole
process, which only works before anything imports `sqlite3`, and which children of the process
(runserver's reloader, multiprocessing) silently don't get. So it is not used here. Instead:

1. the library is loaded by itself, its names visible to nobody;
2. Python's extension module `_sqlite3` is loaded a second time from a copy in memory, in which
   the name of the library that it needs, `libsqlite3.so.0`, is a path to doltlite;
3. `sqlite3.dbapi2`, and Django's modules that import `sqlite3`, are executed a second time with
   an `import` that hands them the copy.

No entry of `sys.modules` is touched and nothing is written to the disk. Whether it really is
doltlite is asked on every connection (`base`), so nothing ever runs on plain SQLite.
https://github.com/dolthub/doltlite
"""

from __future__ import annotations

import builtins
import ctypes
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib.machinery import ExtensionFileLoader
from importlib.util import find_spec, module_from_spec, spec_from_loader
from pathlib import Path
from types import ModuleType
from typing import Any

from django.core.exceptions import ImproperlyConfigured

INSTALL = "python -m pip install 'dolt-router[embedded]'"

_NEEDED = b"libsqlite3.so.0"
_PRIVATE = "dolt_router.backends.doltlite"


def library_path() -> str:
    """Where libdoltlite is: in the package `doltlite`, or where DOLTLITE_LIB says.

    Raises:
        ImproperlyConfigured: it is not installed, or there is none for this platform.
    """
    named = os.environ.get("DOLTLITE_LIB")
    if named:
        path = Path(named)
    else:
        if not sys.platform.startswith("linux"):
            raise ImproperlyConfigured(
                f"The embedded engine runs on Linux; this is {sys.platform}. Use a Dolt server "
                'there: "ENGINE": "dolt_router.backends.dolt".'
            )
        package = find_spec("doltlite")  # found, not imported: importing it is its own loader
        if package is None or package.origin is None:
            raise ImproperlyConfigured(
                "The embedded engine needs the package doltlite, which is not installed. "
                f"Install it with: {INSTALL}"
            )
        path = Path(package.origin).parent / "_lib" / "libdoltlite.so"
    if not path.is_file():
        raise ImproperlyConfigured(
            f"There is no libdoltlite at {path}. Install the package doltlite for this platform "
            f"(Linux with glibc, x86_64 or aarch64) with: {INSTALL}"
        )
    return str(path)


def load_driver() -> ModuleType:
    """A module like `sqlite3.dbapi2` over doltlite, new at each call.

    Raises:
        ImproperlyConfigured: doltlite can't be loaded into this Python, and why.
    """
    path = library_path()
    try:
        library = ctypes.CDLL(path)
    except OSError as error:
        raise ImproperlyConfigured(
            f"libdoltlite can't be loaded: {error}. The wheels of doltlite are for Linux with "
            f"glibc 2.17 or later, on x86_64 and aarch64. Reinstall it with: {INSTALL}"
        ) from error
    _refuse_other_sqlite(library)
    extension = _load_extension(path)
    driver = execute_privately("sqlite3.dbapi2", {"_sqlite3": extension})
    for name in _ERRORS:  # told as ours in tracebacks, and found there by pickle
        getattr(driver, name).__module__ = f"{_PRIVATE}.driver"
    return driver


_ERRORS = (
    "Warning",
    "Error",
    "InterfaceError",
    "DatabaseError",
    "DataError",
    "OperationalError",
    "IntegrityError",
    "InternalError",
    "ProgrammingError",
    "NotSupportedError",
)


def _refuse_other_sqlite(library: ctypes.CDLL) -> None:
    """Refuse a process whose global names have another SQLite: doltlite would call into it."""
    try:
        theirs = ctypes.CDLL(None).sqlite3_libversion
    except AttributeError:
        return
    address = [ctypes.cast(f, ctypes.c_void_p).value for f in (theirs, library.sqlite3_libversion)]
    if address[0] != address[1]:
        raise ImproperlyConfigured(
            "Another SQLite is part of this process for everyone in it: it is linked into the "
            "Python interpreter, or named in LD_PRELOAD. doltlite can't be loaded beside it. "
            + _OTHER_PYTHON
        )


_OTHER_PYTHON = (
    "Use a Python that loads SQLite as a library: the one of your distribution, pyenv or conda; "
    "not the ones that uv, mise and Rye download (python-build-standalone). Or use a Dolt "
    "server."
)


def _load_extension(library: str) -> ModuleType:
    found = find_spec("_sqlite3")
    if found is None:
        raise ImproperlyConfigured(
            f"This Python ({sys.executable}) was built without sqlite3. {_OTHER_PYTHON}"
        )
    origin = found.origin
    image = Path(origin).read_bytes() if origin and os.path.isfile(origin) else b""
    if image.count(b"\0" + _NEEDED + b"\0") != 1:
        raise ImproperlyConfigured(
            f"The SQLite of this Python ({sys.executable}) is linked into it and can't be "
            f"exchanged. {_OTHER_PYTHON}"
        )
    # A path has to fit in the place of the name. By its inode the loader sees that the file is
    # the library that is loaded already.
    with _opened(library) as descriptor:
        needed = f"/dev/fd/{descriptor}".encode()
        assert len(needed) <= len(_NEEDED), "too many open files for a name this short"
        image = image.replace(_NEEDED + b"\0", needed.ljust(len(_NEEDED), b"\0") + b"\0")
        return _load_image(image)


@contextmanager
def _opened(path: str) -> Iterator[int]:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _load_image(image: bytes) -> ModuleType:
    descriptor = os.memfd_create("_sqlite3")
    try:
        with os.fdopen(os.dup(descriptor), "wb") as file:
            file.write(image)
        loader = ExtensionFileLoader(f"{_PRIVATE}._sqlite3", f"/dev/fd/{descriptor}")
        spec = spec_from_loader(loader.name, loader)
        assert spec is not None
        extension = module_from_spec(spec)
        loader.exec_module(extension)
        return extension
    except ImportError as error:
        raise ImproperlyConfigured(
            f"A copy of this Python's _sqlite3 can't be loaded against doltlite: {error}"
        ) from error
    finally:
        os.close(descriptor)


def execute_privately(name: str, replacements: Mapping[str, Any]) -> ModuleType:
    """A second copy of the module `name`, in which some imports find something else.

    Args:
        replacements: what `import` gives in the copy, by the name that stands in its source:
            `"sqlite3"`, or `".base"` for a relative import.
    """
    found = find_spec(name)
    assert found is not None and found.loader is not None
    copy = ModuleType(f"{_PRIVATE}.private.{name.rpartition('.')[2]}")
    copy.__file__ = found.origin
    copy.__package__ = name.rpartition(".")[0]
    copy.__dict__["__builtins__"] = {
        **vars(builtins),
        "__import__": _importer(replacements),
    }
    code = found.loader.get_code(name)  # type: ignore[attr-defined]
    exec(code, copy.__dict__)
    return copy


def _importer(replacements: Mapping[str, Any]) -> Callable[..., Any]:
    def import_(
        name: str, globals: Any = None, locals: Any = None, fromlist: Any = (), level: int = 0
    ) -> Any:
        replaced = replacements.get("." * level + name)
        if replaced is not None:
            return replaced
        return builtins.__import__(name, globals, locals, fromlist, level)

    return import_
