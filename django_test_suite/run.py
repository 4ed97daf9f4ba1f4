"""Run Django's test suite on a backend of this package, and compare with what is expected.

python -m django_test_suite.run                   all of it, on the default branch
python -m django_test_suite.run --fast            the subset that CI runs
python -m django_test_suite.run --branch feature/x aggregation queries
python -m django_test_suite.run --write           keep the figures in results/ and docs/
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import Queue

from dolt_router.testing import DoltServer

from . import report
from .sources import requirements, tests_folder

MODULES_AT_ONCE = 4
PATIENCE = 1200  # seconds for one part
ENGINES = {
    "server": "dolt_router.backends.dolt",
    "embedded": "dolt_router.backends.doltlite",
    "stock": "django.db.backends.mysql",
    "sqlite": "django.db.backends.sqlite3",
}
# The modules where a backend shows: SQL of every kind, and the schema. The rest of Django's
# tests (templates, forms, HTTP, ...) sees the database from afar.
FAST = """
aggregation aggregation_regress annotations backends basic bulk_create constraints
custom_columns custom_lookups datatypes dates datetimes db_functions db_typecasts defer delete
delete_regress distinct_on_fields empty expressions expressions_case expressions_window
extra_regress field_defaults filtered_relation foreign_object from_db_value generic_relations
get_or_create indexes inspectdb introspection known_related_objects lookup m2m_through
many_to_many many_to_one model_fields model_indexes multiple_database nested_foreign_keys
null_fk null_fk_ordering null_queries ordering or_lookups prefetch_related queries
queryset_pickle raw_query reserved_names schema select_for_update select_related
select_related_onetoone string_lookup timezones transactions transaction_hooks update
update_only_fields validation xor_lookups
""".split()


def main(argv: list[str] | None = None) -> int:
    """Run what the arguments say; 1 when a test failed that is not known to."""
    parser = argparse.ArgumentParser(
        prog="python -m django_test_suite.run", description=__doc__.partition("\n")[0]
    )
    parser.add_argument("labels", nargs="*", help="modules or tests; all when none is given")
    parser.add_argument("--engine", choices=ENGINES, default="server")
    parser.add_argument("--branch", default="", help="the branch on which the tests run")
    parser.add_argument("--fast", action="store_true", help="only the modules about databases")
    parser.add_argument("--parallel", type=int, default=os.cpu_count() or 1, metavar="N")
    parser.add_argument("--write", action="store_true", help="keep the figures of this run")
    parser.add_argument("--sql-log", metavar="FILE", help="append each refused statement to FILE")
    parser.add_argument("--install", action="store_true", help="pip install what the suite needs")
    options = parser.parse_args(argv)
    folder = tests_folder()
    if options.install:
        pip = [sys.executable, "-m", "pip", "install", "--quiet"]
        subprocess.run([*pip, *requirements(folder)], check=True)
    labels = options.labels or (FAST if options.fast else modules(folder))
    begun = time.monotonic()
    workers = 1 if "DOLT_HOST" in os.environ else options.parallel
    with (
        tempfile.TemporaryDirectory(prefix="django-suite-") as scratch,
        _servers(options.engine, workers) as addresses,
    ):
        environment = {
            **os.environ,
            "SUITE_ENGINE": ENGINES[options.engine],
            "SUITE_BRANCH": options.branch,
            "SUITE_FOLDER": scratch,
            "SUITE_SQL_LOG": os.path.abspath(options.sql_log) if options.sql_log else "",
            # runtests.py lies elsewhere, and imports the settings of this package by name.
            "PYTHONPATH": str(Path(__file__).resolve().parent.parent),
        }
        parts = [
            Part(number, labels[start : start + MODULES_AT_ONCE], Path(scratch))
            for number, start in enumerate(range(0, len(labels), MODULES_AT_ONCE))
        ]

        def run(part: Part) -> dict[str, list[str]]:
            address = addresses.get()
            try:
                return part.run(folder, {**environment, **address})
            finally:
                addresses.put(address)

        with ThreadPoolExecutor(workers) as pool:
            done = list(pool.map(run, parts))
        recorded = {test: outcome for results in done for test, outcome in results.items()}
    if os.geteuid() == 0:
        for test in _NOT_AS_ROOT & recorded.keys():
            recorded[test] = ["skipped", "root may write anywhere"]
    run = report.Run(options.engine, options.branch, recorded, seconds=time.monotonic() - begun)
    print(report.summary(run))
    if options.write:
        report.write(run, whole=not (options.labels or options.fast))
    return report.verdict(run)


def modules(folder: Path) -> list[str]:
    """Every module of Django's suite, as `runtests.py` finds them, but for GeoDjango's."""
    found = [path.parent.name for path in folder.glob("*/__init__.py")]
    return sorted(set(found) - _NO_TESTS)


# GeoDjango's want libraries; the others are there to be loaded by tests.
_NO_TESTS = {"gis_tests", "requirements", "templates", "import_error_package", "test_runner_apps"}
# They want to be refused a file, which root never is.
_NOT_AS_ROOT = {
    "admin_scripts.tests.StartApp.test_custom_app_directory_creation_error_handling",
    "file_uploads.tests.DirectoryCreationTests.test_readonly_root",
    "i18n.test_compilation.PoFileTests.test_no_write_access",
    "mail.test_backends.FileBackendPathLibTests.test_error_if_file_path_is_not_writable",
    "mail.test_backends.FileBackendTests.test_error_if_file_path_is_not_writable",
    "mail.tests.FileBackendPathLibTests.test_error_if_file_path_is_not_writable",
    "mail.tests.FileBackendTests.test_error_if_file_path_is_not_writable",
    "template_tests.test_loaders.FileSystemLoaderTests.test_permissions_error",
}


@dataclass
class Part:
    """Some modules that run in one process, on databases of their own.

    With the tables of all modules in one database each Dolt commit, and each flush, would
    look at more than a thousand tables.
    """

    number: int
    labels: list[str]
    scratch: Path

    def run(self, folder: Path, environment: dict[str, str]) -> dict[str, list[str]]:
        """Run them; `{test id: [outcome, reason]}`. Their output is shown when they break off."""
        results, log = (self.scratch / f"{self.number}.{end}" for end in ("json", "log"))
        mine = {"SUITE_RESULTS": str(results), "SUITE_DATABASE": f"django{self.number}"}
        command = [sys.executable, "runtests.py", "--noinput", "--parallel=1"]
        command += ["--settings=django_test_suite.settings", *self.labels]
        begun = time.monotonic()
        with log.open("w") as output:
            try:
                subprocess.run(
                    command,
                    cwd=folder,
                    env={**environment, **mine},
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    timeout=PATIENCE,
                )
            except subprocess.TimeoutExpired:
                output.write(f"\nstill running after {PATIENCE} s\n")
        recorded: dict[str, list[str]] = {}
        if results.exists():
            recorded = json.loads(results.read_text())
        else:
            print("".join(log.read_text().splitlines(keepends=True)[-40:]))
            for label in self.labels:
                recorded[f"{label}.run"] = ["failed", "the module did not come to its end"]
        seconds, failed = time.monotonic() - begun, 0
        for outcome, _ in recorded.values():
            failed += outcome in ("failed", "surprise")
        print(f"{' '.join(self.labels)}: {len(recorded)} tests, {failed} failed, {seconds:.0f} s")
        sys.stdout.flush()
        return recorded


@contextlib.contextmanager
def _servers(engine: str, number: int) -> Iterator[Queue[dict[str, str]]]:
    """Environments that name a server each.

    One for each process: in Dolt, SAVEPOINT fails in a transaction that began before another
    database was made on the same server (error 1105, "could not resolve initial root").
    """
    found: Queue[dict[str, str]] = Queue()
    with contextlib.ExitStack() as stack:
        for _ in range(number):
            address = {}
            if engine in ("server", "stock"):
                server = stack.enter_context(DoltServer())
                address = {"DOLT_HOST": server.host, "DOLT_PORT": str(server.port)}
            found.put(address)
        yield found


if __name__ == "__main__":
    sys.exit(main())
