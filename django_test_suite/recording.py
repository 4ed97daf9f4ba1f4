"""A test runner that writes down what became of each test."""

from __future__ import annotations

import json
import os
import unittest
from typing import Any

from django.test.runner import DebugSQLTextTestResult, DiscoverRunner, PDBDebugResult

LONGEST = 600  # characters kept of a failure


class RecordingResult(unittest.TextTestResult):
    """Keeps `{test id: [outcome, reason]}` beside what it prints."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.recorded: dict[str, list[str]] = {}

    def _record(self, test: Any, outcome: str, reason: str = "") -> None:
        before = self.recorded.get(test.id())
        if before is None or before[0] == "passed":  # a failing subtest is the test's outcome
            self.recorded[test.id()] = [outcome, reason]

    def addSuccess(self, test: Any) -> None:
        super().addSuccess(test)
        self._record(test, "passed")

    def addFailure(self, test: Any, err: Any) -> None:
        super().addFailure(test, err)
        self._record(test, "failed", _last_line(err))

    def addError(self, test: Any, err: Any) -> None:
        super().addError(test, err)
        self._record(test, "failed", _last_line(err))

    def addSubTest(self, test: Any, subtest: Any, err: Any) -> None:
        super().addSubTest(test, subtest, err)
        if err is not None:
            self._record(test, "failed", _last_line(err))

    def addSkip(self, test: Any, reason: str) -> None:
        super().addSkip(test, reason)
        self._record(test, "skipped", reason)

    def addExpectedFailure(self, test: Any, err: Any) -> None:
        super().addExpectedFailure(test, err)
        self._record(test, "expected", _last_line(err))

    def addUnexpectedSuccess(self, test: Any) -> None:
        super().addUnexpectedSuccess(test)
        self._record(test, "surprise", "was expected to fail, and passes")


def _last_line(err: Any) -> str:
    return f"{err[0].__name__}: {err[1]}"[:LONGEST]


class RecordingRunner(DiscoverRunner):
    """Django's runner; the outcomes go to the file that SUITE_RESULTS names."""

    def get_resultclass(self) -> Any:
        special = super().get_resultclass()
        if special in (DebugSQLTextTestResult, PDBDebugResult):
            return special
        return RecordingResult

    def suite_result(self, suite: Any, result: Any, **kwargs: Any) -> int:
        if isinstance(result, RecordingResult):
            with open(os.environ["SUITE_RESULTS"], "w", encoding="utf-8") as file:
                json.dump(result.recorded, file)
        return int(super().suite_result(suite, result, **kwargs))
