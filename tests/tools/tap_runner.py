"""Runs unittest cases and reports them as TAP."""

from __future__ import annotations

import sys
import unittest
from types import TracebackType
from typing import Union

Error = Union[
    "tuple[type[BaseException], BaseException, TracebackType]",
    "tuple[None, None, None]",
]


class TapResult(unittest.TestResult):
    """One TAP line for each test method."""

    _failed_in_part = 0  # number of the test method one of whose subtests has failed

    def _report(self, verdict: str, test: unittest.TestCase, text: str = "") -> None:
        print(f"{verdict} {self.testsRun} - {'.'.join(test.id().split('.')[-2:])}")
        if text:
            # `meson test` shows of a failed TAP test only what is on standard error.
            print(text, file=sys.stderr)

    def addSuccess(self, test: unittest.TestCase) -> None:
        super().addSuccess(test)
        self._report("ok", test)

    def addFailure(self, test: unittest.TestCase, err: Error) -> None:
        super().addFailure(test, err)
        self._report("not ok", test, self.failures[-1][1])

    def addError(self, test: unittest.TestCase, err: Error) -> None:
        super().addError(test, err)
        self._report("not ok", test, self.errors[-1][1])

    def addSkip(self, test: unittest.TestCase, reason: str) -> None:
        super().addSkip(test, reason)
        print(f"ok {self.testsRun} - {'.'.join(test.id().split('.')[-2:])} # SKIP {reason}")

    def addSubTest(self, test: unittest.TestCase, subtest: unittest.TestCase, err: Error | None) -> None:
        super().addSubTest(test, subtest, err)
        if err is None:
            return
        text = f"{subtest}\n{(self.failures + self.errors)[-1][1]}"
        if self._failed_in_part == self.testsRun:
            print(text, file=sys.stderr)
        else:
            self._report("not ok", test, text)
        self._failed_in_part = self.testsRun


def run_tests() -> None:
    """Run every test of the main program's module; exit status 1 if one failed."""
    suite = unittest.defaultTestLoader.loadTestsFromModule(sys.modules["__main__"])
    result = suite.run(TapResult())
    assert result is not None
    print(f"1..{result.testsRun}")
    sys.exit(0 if result.wasSuccessful() else 1)
