"""Test results: the guest's lines turned into TAP.

A guest prints `ok - ID`, `not ok - ID: detail`, `skip - ID: why` and `# text`; numbers and the plan are added here,
because only the reader of several programs knows them.
"""

from __future__ import annotations

import os
import re
import sys
from typing import TextIO

# Set by tests in Meson, which shows of a failed TAP test only what is on standard error.
ECHO_VARIABLE = "GRAIN_ECHO_FAILURES"

RESULT = re.compile(r"(ok|not ok|skip)(?: \d+)? - (\S.*)")


def is_tap(line: str) -> bool:
    """Whether a console line is a result or a diagnostic."""
    return line.startswith("# ") or RESULT.fullmatch(line) is not None


class Tap:
    """A TAP stream under way."""

    def __init__(self, out: TextIO, echo: TextIO | None = None) -> None:
        self.out = out
        self.echo = echo  # gets failures and their details a second time
        self.suffix = ""  # to every id, when the same tests run again
        self.count = 0
        self.failures = 0

    @classmethod
    def on_stdout(cls) -> Tap:
        """Results on standard output; failures on standard error too, if the environment asks for it."""
        return cls(sys.stdout, sys.stderr if ECHO_VARIABLE in os.environ else None)

    def guest_line(self, line: str) -> None:
        """Pass on a console line if it is a result or a diagnostic."""
        if match := RESULT.fullmatch(line):
            verdict, text = match[1], match[2]
            name, _, detail = text.partition(": ")
            if verdict == "skip":
                self.skip(name, detail)
            else:
                self.result(verdict == "ok", name, [detail] if detail else [])
        elif line.startswith("# "):
            self.note(line[2:])

    def result(self, success: bool, name: str, details: list[str]) -> None:
        """One test's verdict and what belongs to it."""
        self.count += 1
        self.failures += not success
        self._print(f"{'ok' if success else 'not ok'} {self.count} - {escape(name)}{self.suffix}")
        for detail in details:
            self.note(detail)
        if self.echo and not success:
            print(printable(f"not ok - {name}{self.suffix}"), *map(printable, details), sep="\n", file=self.echo)

    def skip(self, name: str, why: str) -> None:
        """A test that could not run here."""
        self.count += 1
        self._print(f"ok {self.count} - {escape(name)}{self.suffix} # SKIP {why}")

    def note(self, text: str) -> None:
        """A diagnostic line."""
        self._print(f"# {text}")

    def finish(self) -> None:
        """The plan; nothing counts without it."""
        self._print(f"1..{self.count}")

    def _print(self, line: str) -> None:
        self.out.write(printable(line) + "\n")
        self.out.flush()


def escape(name: str) -> str:
    """A test id in which `#` starts no directive."""
    return name.replace("#", "\\#")


def printable(line: str) -> str:
    """A line without control characters, which firmware and crashed guests send."""
    return "".join(char if char.isprintable() else "?" for char in line)
