"""The table of docs/embedded.md: how a process starts, by the Python that it runs on.

    python -m tests.loading [--folder build/loading] [PYTHON ...]

For each interpreter (all of pyenv's and of the PATH, when none is named) a virtual environment is
made in the folder, what the tests need is installed into it, without a server's driver, and
`tests/backends/doltlite/test_loading.py` is run there. Printed is a cell for each row: ✓ when all
tests of it passed, ✗ when one failed, – when one wasn't run. `--here` runs the tests on the
interpreter that runs this, with what it has; `--show` only prints what was run before.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from xml.etree import ElementTree

ROOT = Path(__file__).resolve().parents[1]
TESTS = "tests/backends/doltlite/test_loading.py"
TOOLS = ["gunicorn", "pytest", "pytest-cov", "pytest-django", "pytest-xdist", "uvicorn"]

# What users do -> the tests that do it, as pytest names them.
ROWS = {
    "`python -c`, a script from standard input, `sqlite3` imported before or after": [
        "test_python_c",
        "test_script_from_standard_input",
        "test_sqlite3_imported_before",
        "test_loaded_before_sqlite3_is_imported",
    ],
    "`manage.py`": ["test_manage_py"],
    "`multiprocessing`: fork": ["test_multiprocessing[fork]"],
    "`multiprocessing`: spawn": ["test_multiprocessing[spawn]"],
    "`multiprocessing`: forkserver": ["test_multiprocessing[forkserver]"],
    "runserver, before and after it reloads": ["test_runserver_before_and_after_it_reloads"],
    "gunicorn, 2 workers": ["test_gunicorn_with_two_workers[plain]"],
    "gunicorn, 2 workers, `--preload`": ["test_gunicorn_with_two_workers[preload]"],
    "uvicorn": ["test_uvicorn"],
    "pytest": ["test_pytest[plain]"],
    "pytest `-n 2`": ["test_pytest[-n 2]"],
    "pytest `--cov`": ["test_pytest[--cov]"],
    "Django's test runner": ["test_djangos_test_runner[serial]"],
    "Django's test runner, `--parallel 2`": ["test_djangos_test_runner[parallel]"],
}


def interpreters() -> Iterator[str]:
    """One interpreter of each supported minor version: pyenv's, else the one on the PATH."""
    for minor in range(10, 15):
        found = sorted(Path.home().glob(f".pyenv/versions/3.{minor}.*/bin/python"))
        path = str(found[-1]) if found else shutil.which(f"python3.{minor}")
        if path and version_of(path):  # a shim of pyenv's may lead nowhere
            yield path


def version_of(python: str) -> str:
    """3.13.0, for example; '' of what doesn't run."""
    code = "import platform; print(platform.python_version())"
    return subprocess.run([python, "-c", code], capture_output=True, text=True).stdout.strip()


def environment(python: str, folder: Path) -> str:
    """A virtual environment's Python, with the package and the tools; made when it isn't there."""
    made = folder / version_of(python) / "bin" / "python"
    if not made.exists():
        subprocess.run([python, "-m", "venv", made.parents[1]], check=True)
    words = ["-m", "pip", "install", "--quiet", "-e", f"{ROOT}[embedded,review,testing]", *TOOLS]
    subprocess.run([made, *words], check=True)
    return str(made)


def run(python: str, folder: Path) -> None:
    """Run the tests on an interpreter; what came out is in the folder."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("DOLT_")}
    env |= {"PYTHONPATH": str(ROOT), "DOLT_ROUTER_TEST_ENGINE": "doltlite"}
    report = folder / f"{version_of(python)}.xml"
    report.unlink(missing_ok=True)
    words = ["-q", "-o", "dolt_server=false", "-p", "no:cacheprovider", f"--junitxml={report}"]
    subprocess.run([python, "-m", "pytest", *words, TESTS], cwd=ROOT, env=env, stdout=sys.stderr)


def results(report: Path) -> dict[str, str]:
    """Test -> ✓, ✗ or –, of one interpreter."""
    found = {}
    for case in ElementTree.parse(report).iter("testcase"):
        kinds = {child.tag for child in case}
        bad = kinds & {"failure", "error"}
        found[str(case.get("name"))] = "✗" if bad else "–" if "skipped" in kinds else "✓"
    return found


def cell(found: dict[str, str], tests: Iterable[str]) -> str:
    """One sign for several tests: the worst of theirs."""
    signs = {found.get(test, "–") for test in tests}
    return next(sign for sign in "✗–✓" if sign in signs)


def table(folder: Path) -> str:
    """The table of all interpreters that were run, in Markdown."""
    reports = sorted(
        folder.glob("3.*.xml"), key=lambda path: [int(n) for n in re.findall(r"\d+", path.stem)]
    )
    columns = [results(report) for report in reports]
    lines = [
        "| | " + " | ".join(report.stem for report in reports) + " |",
        "|---" * (len(reports) + 1) + "|",
    ]
    for row, tests in ROWS.items():
        lines.append(f"| {row} | " + " | ".join(cell(column, tests) for column in columns) + " |")
    return "\n".join(lines)


def main() -> int:
    """Run, print, and tell by the exit code whether every cell is ✓."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pythons", nargs="*", metavar="PYTHON")
    parser.add_argument("--folder", type=Path, default=ROOT / "build" / "loading")
    parser.add_argument("--here", action="store_true")
    parser.add_argument("--show", action="store_true")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    folder = options.folder.resolve()
    if options.here:
        run(sys.executable, folder)
    elif not options.show:
        for python in options.pythons or interpreters():
            run(environment(python, folder), folder)
    shown = table(folder)
    print(shown)
    return int("✗" in shown or "–" in shown)


if __name__ == "__main__":
    sys.exit(main())
